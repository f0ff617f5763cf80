"""Numbers, days and lists as the reader's language writes them.

The formats of dates are messages like any other (context "date format"), in the letters of Django's filter `date`.
https://docs.djangoproject.com/en/5.2/ref/templates/builtins/#date
"""

import re
from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.utils import formats, timezone
from django.utils.dateformat import DateFormat
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _


def number(value: int) -> str:
    """With its thousands apart: 49,999."""
    plain = f"{value:,}"
    return plain if len(plain) < 4 else plain.replace(",", str(formats.get_format("THOUSAND_SEPARATOR")) or ",")


def up_to(most: int, value: int) -> str:
    """As a badge has room for: 7, and with `most` 100 "99+" for a hundred and more."""
    return str(value) if value < most else f"{most - 1}+"


def day(when: date) -> str:
    """A day, or that of a moment where the reader is (UTC in what all share): "13 Nov 2026"."""
    return _day(timezone.localdate(when) if isinstance(when, datetime) else when, get_language())


@lru_cache(maxsize=2048)
def _day(value: date, language: str | None) -> str:
    """A page of posts has dozens of days, and few of them differ."""
    return DateFormat(datetime(value.year, value.month, value.day)).format(pgettext("date format", "j M Y"))


def minute(moment: datetime) -> str:
    """The moment where the reader is (UTC in what all share): "13 November 2026, 17:05 UTC"."""
    written = pgettext("date format", "j F Y, H:i \\U\\T\\C")
    return str(DateFormat(timezone.localtime(moment)).format(written.replace("\\U\\T\\C", "T")))


def span(seconds: int) -> str:
    """A time to wait, rounded up: "40 seconds", "6 minutes"."""
    if seconds < 91:
        return ngettext("%(number)s second", "%(number)s seconds", seconds) % {"number": seconds}
    if seconds < 91 * 60:
        minutes = -(-seconds // 60)
        return ngettext("%(number)s minute", "%(number)s minutes", minutes) % {"number": minutes}
    hours = -(-seconds // 3600)
    return ngettext("%(number)s hour", "%(number)s hours", hours) % {"number": hours}


def retold(text: str, sayings: Iterable[tuple[re.Pattern[str], Any]]) -> str:
    """A sentence that is stored in English, in the reader's language: one of these patterns, with the words for it
    that have places for its groups, or a message as it stands."""
    for pattern, words in sayings:
        if found := pattern.fullmatch(text):
            return str(words % found.groupdict())
    return _(text) if text else ""


def quoted(texts: Iterable[str]) -> str:
    """Texts side by side: “one”, “two”."""
    return listed(_("“%(text)s”") % {"text": text} for text in texts)


def listed(texts: Iterable[str]) -> str:
    """Texts side by side: one, two."""
    return pgettext("between two of a list", ", ").join(texts)
