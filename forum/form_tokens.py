"""One-time form tokens: a nonce, signed for the member whose form carries it.

The post that a form makes is named by the form's nonce (see `tables.keys.Nonce`), so sending the
form twice makes one post; the signature keeps members from choosing names themselves.
"""

from datetime import UTC, datetime, timedelta

from django.core.signing import BadSignature, Signer

from .errors import StaleForm
from .tables.keys import Nonce

MAX_AGE = timedelta(days=7)


def _signer(user_id: str) -> Signer:
    return Signer(salt=f"forum.form_tokens:{user_id}")


def issue(user_id: str) -> str:
    return _signer(user_id).sign(Nonce.new().text)


def redeem(token: str, user_id: str) -> Nonce:
    """The token's nonce; StaleForm when it is missing, forged, another member's or over a week old."""
    try:
        nonce = Nonce(_signer(user_id).unsign(token))
    except (BadSignature, ValueError):
        raise StaleForm("This form can no longer be sent. Here is your text: please send it again.") from None
    if not timedelta(minutes=-5) < datetime.now(UTC) - nonce.issued < MAX_AGE:
        raise StaleForm("This form is more than a week old. Here is your text: please send it again.")
    return nonce
