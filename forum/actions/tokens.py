"""Personal tokens: how programs come as a member, with no more rights than the member gives them.

A token is 256 random bits, so a plain digest is enough to keep it by: nobody can try them all, and whoever reads
the database cannot use it. It ends when its owner revokes it, when its time is over, and while its owner may not
sign in; another password changes nothing about it, which the page of tokens says.
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from forum.accounts import refuse_suspended
from forum.cache import uses
from forum.errors import BadRequest, NotAllowed, NotFound
from forum.models import ApiToken, User
from forum.programs import SCOPES

from . import notes

# By what a program that leaks its token is found out, in its source or its logs.
PREFIX = "fpt_"
MOST = 20

_TOKEN = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")


def make(user: User, name: str, scopes: Sequence[str], days: int | None) -> tuple[ApiToken, str]:
    """A new token, and its text, which is nowhere afterwards. NotAllowed where the member has too many."""
    if not set(scopes) <= SCOPES.keys() or not scopes:
        raise BadRequest(_("A token may read, write or moderate."))
    if ApiToken.objects.filter(user=user).count() >= MOST:
        raise NotAllowed(_("You have %(most)s tokens. Please revoke one that you do not need.") % {"most": MOST})
    text = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user,
        name=name,
        digest=digest_of(text),
        scopes=" ".join(scope for scope in SCOPES if scope in scopes),
        expires=timezone.now() + timedelta(days=days) if days else None,
    )
    told = gettext_noop("A personal token was made for your account: “%(name)s”.")
    notes.tell(str(user.pk), "token", told, "/settings/tokens/", facts={"name": name})
    return token, text


def revoke(user: User, pk: int) -> str:
    """End one of the member's own tokens; what it was called. NotFound for any other."""
    token = ApiToken.objects.filter(user=user, pk=pk).first()
    if token is None:
        raise NotFound(_("You have no such token."))
    token.delete()
    return token.name


def find(text: str) -> ApiToken | None:
    """The token that somebody comes with, None where it is none (any more). Suspended while its owner is. One SQL
    query."""
    if not _TOKEN.fullmatch(text):
        return None
    token = ApiToken.objects.select_related("user").filter(digest=digest_of(text), user__is_active=True).first()
    if token is None or token.expired:
        return None
    refuse_suspended(token.user)
    uses.note(token.pk, token.last_used.timestamp() if token.last_used else 0.0)
    return token


def save_uses() -> None:
    """Store when tokens were used: an SQL statement for each. A worker does so."""
    for pk, at in uses.take().items():
        ApiToken.objects.filter(pk=pk).update(last_used=datetime.fromtimestamp(at, UTC))


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
