"""Who asks, and whether they may come in: by a personal token, by the session of a browser, or as a stranger."""

import hashlib
import time
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from ninja.utils import check_csrf

from forum import readers
from forum.actions import pace, tokens
from forum.cache import once
from forum.directory import Directory
from forum.errors import BadRequest, NotAllowed, Refused, SignInNeeded
from forum.permissions import ANONYMOUS, ForumRules, Reader
from forum.programs import MODERATE, READ, WRITE
from forum.readers import GRANT, Grant
from forum.tables.keys import Nonce

SAFE = ("GET", "HEAD", "OPTIONS")
KEY_MOST = 200
LACKING = {
    READ: gettext_noop("This token may not read: make one that may."),
    WRITE: gettext_noop("This token may not write: make one that may."),
    MODERATE: gettext_noop("This token may not moderate: make one that may."),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever asks; without `scopes` it is a browser, whose user may do all that they may on the pages."""

    request: HttpRequest
    scopes: frozenset[str] | None = None

    @property
    def reader(self) -> Reader:
        """As of now, who must be signed in."""
        reader = readers.fresh(self.request).reader
        if not reader.signed_in:
            raise SignInNeeded(_("This is for members: come with a token."))
        return reader

    @property
    def at_door(self) -> Reader:
        """As of now, who may be a stranger."""
        return readers.fresh(self.request).reader

    @property
    def directory(self) -> Directory:
        return readers.fresh(self.request).directory

    def at(self, name: str) -> tuple[Reader, ForumRules]:
        """Who asks, who may be a stranger, and the rules of a forum that they may read."""
        basis = readers.fresh(self.request)
        return basis.reader, basis.directory.get(name, basis.reader)

    def acts_at(self, name: str, scope: str = WRITE) -> tuple[Reader, ForumRules]:
        """The same for whoever is going to do something: a member."""
        self.require(scope)
        reader, forum = self.at(name)
        if not reader.signed_in:
            raise SignInNeeded(_("Only members may do this: come with a token."))
        return reader, forum

    def require(self, scope: str) -> None:
        if self.scopes is not None and scope not in self.scopes:
            raise NotAllowed(_(LACKING[scope]), [(_("Your tokens"), "/settings/tokens/")])


def enter(request: HttpRequest) -> Caller:
    """Who comes, counted. A token costs one SQL query, and counting one Redis round trip."""
    caller = _by_token(request) if "Authorization" in request.headers else _by_session(request)
    caller.require(READ if request.method in SAFE else WRITE)
    pace.take_if_counted("api", readers.at_address(request, readers.kept(request).reader), str(time.time_ns()))
    return caller


def _by_token(request: HttpRequest) -> Caller:
    kind, __, text = request.headers["Authorization"].partition(" ")
    token = tokens.find(text.strip()) if kind.lower() == "bearer" else None
    if token is None:
        _count_stranger(request)
        raise SignInNeeded(_("This token does not work, or not any more."))
    scopes = frozenset(token.scopes.split())
    request.META[GRANT] = Grant(str(token.user_id), MODERATE in scopes)
    return Caller(request, scopes)


def _count_stranger(request: HttpRequest) -> None:
    """Who tries tokens is counted by address, like anybody who is not signed in."""
    pace.take_if_counted("api", readers.at_address(request, ANONYMOUS), str(time.time_ns()))


def _by_session(request: HttpRequest) -> Caller:
    """Another site can have a browser send a form here with its user's cookie, but not with our token in a header."""
    if request.method not in SAFE and check_csrf(request) is not None:
        if not readers.kept(request).reader.signed_in:
            raise SignInNeeded(_("Only members may do this: come with a token."))
        raise NotAllowed(
            _("This request lacks your session's token in the header X-CSRFToken, or comes from elsewhere.")
        )
    return Caller(request)


def nonce(caller: Caller, reader: Reader, shards: int = 1) -> Nonce:
    """What makes this request one write however often it is sent: of its Idempotency-Key, or new without one. What
    starts a thread says how many `shards` the forum has.

    Refused where the key came with another request before. One round trip; Unavailable while Redis is down.
    """
    request = caller.request
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return Nonce.new(shards=shards)
    if len(key) > KEY_MOST or not key.isascii() or not key.isprintable():
        raise BadRequest(
            _("An Idempotency-Key has at most %(most)s printable characters of ASCII.") % {"most": KEY_MOST}
        )
    named = hashlib.sha256(f"{reader.id} {key}".encode()).hexdigest()
    sent = hashlib.sha256(request.path.encode() + b" " + request.body).hexdigest()
    first, same = once.remember(named, Nonce.new(shards=shards).text, sent)
    if not same:
        raise Refused(_("This Idempotency-Key came with another request before. Please use each for one request."))
    return Nonce(first)
