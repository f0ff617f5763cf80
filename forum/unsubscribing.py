"""The signed address in each mail that stops such mails, for whoever has the mail."""

from django.core import signing

_SALT = "forum.unsubscribe"


def token(user_id: str, kind: str) -> str:
    """`kind` is what the mail is about, or "all"."""
    return signing.Signer(salt=_SALT).sign(f"{user_id}.{kind}")


def read(token: str) -> tuple[str, str] | None:
    """The member and the kind; None where nobody has signed it."""
    try:
        user_id, _, kind = signing.Signer(salt=_SALT).unsign(token).partition(".")
    except signing.BadSignature:
        return None
    return user_id, kind
