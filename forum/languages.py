"""In which language a visitor reads: the one they chose, or the first of their browser's that there is.

It is told from a cookie and a header alone, so that pages from memory (`forum.fast`) are in the same language as
those that Django answers. A page is kept once for each language (`views.caching`).
"""

from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    Words = _StrOrPromise
else:
    # Text that is there, or is made in the reader's language when it is shown.
    Words = str

COOKIE = "language"


@lru_cache(maxsize=1024)
def of(chosen: str, accepted: str) -> str:
    """The language's code by the cookie's value and the header Accept-Language; "" for either that is not sent."""
    if is_offered(chosen):
        return chosen
    # ValueError is about a header that is longer than any browser's.
    with suppress(ValueError):
        for code, _ in parse_accept_lang_header(accepted.lower()):
            if code == "*":
                break
            with suppress(LookupError):
                return get_supported_language_variant(code)
    return str(settings.LANGUAGE_CODE)


def is_offered(code: str) -> bool:
    return any(code == offered for offered, _ in settings.LANGUAGES)


@receiver(setting_changed)
def _forget(**_: object) -> None:
    of.cache_clear()
