"""Form tokens: a nonce, signed for the member whose form carries it.

The post that a form makes is named by the form's nonce and the text (see `tables.keys.Nonce`). So a form that is
sent twice makes one post, however often its page was given to the member; and whoever goes back to it and writes
something else makes another post, where a token for one use would have lost it. The signature keeps members from
choosing names themselves.
"""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from .errors import StaleForm
from .tables.keys import Nonce

MAX_AGE = timedelta(days=7)
DIGITS = 40


def issue(user_id: str, shards: int = 1) -> str:
    """A token for a form; one that starts a thread says how many `shards` the forum has, and so decides on one."""
    nonce = Nonce.new(shards=shards).text
    return f"{nonce}:{_signature(nonce, user_id, settings.SECRET_KEY)}"


def redeem(token: str, user_id: str, *texts: str) -> Nonce:
    """The nonce of these texts, sent with this token; StaleForm when it is missing, forged, another member's or
    over a week old."""
    try:
        nonce = Nonce(token.partition(":")[0] if is_of(token, user_id) else "")
    except ValueError:
        raise StaleForm(_("This form can no longer be sent. Here is your text: please send it again.")) from None
    if not timedelta(minutes=-5) < datetime.now(UTC) - nonce.issued < MAX_AGE:
        raise StaleForm(_("This form is more than a week old. Here is your text: please send it again."))
    return nonce.about(*texts)


def is_of(token: str, user_id: str) -> bool:
    """Whether the form with this token was given to this member, however long ago."""
    text, __, signature = token.partition(":")
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(constant_time_compare(signature, _signature(text, user_id, str(secret))) for secret in secrets)


def _signature(text: str, user_id: str, secret: str) -> str:
    purpose = f"forum.form_tokens:{user_id}"
    return salted_hmac(purpose, text.encode("utf-8", "replace"), secret, algorithm="sha256").hexdigest()[:DIGITS]
