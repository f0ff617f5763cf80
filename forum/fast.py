"""The fast path: a cached page, answered from this process's memory, without Django.

`forum_site.worker` and the WSGI front of `forum_site.wsgi` ask `find` before everything else. It only ever
repeats: an *answer* that the ordinary path has given to a visitor is kept with what it rests on (the
page's generations, the visitor's session and account), and given again while all of that stands, with
the same headers. Whatever is not known here, or not quite certain, goes the ordinary way.
"""

import math
import re
from functools import lru_cache
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.http import HttpRequest, parse_cookie

from forum import sessions
from forum.cache import local, stats
from forum.cache.body import Filled
from forum.cache.intents import state_key
from forum.cache.tags import account
from forum.exchange import Ask, Headers, Reply
from forum.readers import Basis
from forum.views.holes import THEMES, late_values

# What the ordinary path gives per answer, or the server does.
OWN_HEADERS = frozenset({"content-length", "content-encoding", "etag", "x-cache", "date", "server", "connection"})
# A visitor who gets one of these is not given the same answer again.
PERSONAL_HEADERS = frozenset({"server-timing"})
COOKIES_MOST = 4096


# -- Who is asking --------------------------------------------------------------------------------


class Visitor(NamedTuple):
    """What in a request's cookies and connection makes a difference to a page."""

    session: str
    theme: str
    secure: bool


Key = tuple[bytes, Visitor]


def visitor(cookies: dict[str, str], secure: bool) -> Visitor:
    theme = cookies.get("theme", "")
    return Visitor(cookies.get(settings.SESSION_COOKIE_NAME, ""), theme if theme in THEMES else "", secure)


def csrf_cookie(cookies: dict[str, str]) -> str:
    """What the tokens in a visitor's forms are made of; a page for the signed-out holds none that needs one."""
    return cookies.get(settings.CSRF_COOKIE_NAME, "") if cookies.get(settings.SESSION_COOKIE_NAME) else ""


@lru_cache(maxsize=4096)
def _visitor_of(header: bytes, secure: bool) -> tuple[Visitor, str] | None:
    cookies = parse_cookie(header.decode("latin-1"))
    return None if "messages" in cookies else (visitor(cookies, secure), csrf_cookie(cookies))


@lru_cache(maxsize=64)
def _secure(forwarded_proto: bytes | None, tls: bool) -> bool:
    """As HttpRequest.is_secure says."""
    if settings.SECURE_PROXY_SSL_HEADER and forwarded_proto is not None:
        return forwarded_proto.split(b",", 1)[0].strip() == b"https"
    return tls


@lru_cache(maxsize=64)
def _host_allowed(host: bytes) -> bool:
    """As Django checks it; hosts that are refused are remembered, too, but only so many."""
    request = HttpRequest()
    request.META["HTTP_HOST"] = host.decode("latin-1")
    try:
        request.get_host()
    except DisallowedHost:
        return False
    return True


_GZIP = re.compile(rb"(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[^,]*)?(?=,|$)", re.IGNORECASE)


@lru_cache(maxsize=256)
def accepts_gzip(accept_encoding: bytes) -> bool:
    return _GZIP.search(accept_encoding) is not None


# -- What is kept ---------------------------------------------------------------------------------


class Answer:
    """A page as one visitor gets it (or all who are signed out), and what that rests on besides the page."""

    __slots__ = (
        "_account",
        "_account_key",
        "_head",
        "_ready",
        "_session",
        "_session_key",
        "csrf",
        "filled",
        "reader_id",
    )

    def __init__(self, filled: Filled, basis: Basis, csrf: str, session_key: str, session: bytes) -> None:
        """`csrf` is the cookie that the page's tokens are made of, `session` the session's JSON; "" for none."""
        self.filled = filled
        self.reader_id = basis.reader.id
        self.csrf = csrf
        self._session_key = sessions.redis_key(session_key) if session_key else ""
        self._session = session
        self._account_key = state_key(account(basis.user_id))
        self._account = basis.account.generations[1] if basis.account else ""
        self._head = b""
        self._ready: Reply | None = None

    @property
    def size(self) -> int:
        return self.filled.size + len(self._session)

    @property
    def complete(self) -> bool:
        """Whether its headers are known, too."""
        return bool(self._head)

    def stands(self, asked: float = math.inf) -> bool:
        """Whether the visitor is still who they were; the caller has asked `local.states.alive(asked)`."""
        if not self._session_key:
            return True
        if not sessions.known.alive(asked) or sessions.known.get(self._session_key) != self._session:
            return False
        state = local.states.get(self._account_key)
        return state is not None and state.generation == self._account

    def remember(self, headers: Headers) -> None:
        """The headers that the ordinary path has sent, without those that are of that one answer."""
        if any(name.lower() in PERSONAL_HEADERS for name, _ in headers):
            return
        common = [(name, value) for name, value in headers if name.lower() not in OWN_HEADERS]
        common.append(("X-Cache", "hit"))
        if self.filled.etag:
            common.append(("ETag", self.filled.etag))
        self._head = _lines(common)

    def reply(self, gzip: bool, if_none_match: bytes) -> Reply:
        if if_none_match and if_none_match.decode("latin-1") == self.filled.etag:
            return Reply(304, _without_content_type(self._head), b"")
        if gzip and self._ready is not None:
            return self._ready
        late = late_values(self.reader_id, self.filled.late)
        body = self.filled.gzipped(late) if gzip else self.filled.plain(late)
        encoding = b"Content-Encoding: gzip\r\n" if gzip else b""
        reply = Reply(200, b"%b%bContent-Length: %d\r\n" % (self._head, encoding, len(body)), body)
        if gzip and not self._session_key:
            # The compressed page is kept anyway where all who are signed out share it.
            self._ready = reply
        return reply


def _without_content_type(head: bytes) -> bytes:
    return re.sub(rb"(?i)content-type:[^\r]*\r\n", b"", head)


@receiver(setting_changed)
def _forget_settings(**_: object) -> None:
    for remembering in (_visitor_of, _secure, _host_allowed):
        remembering.cache_clear()


def _lines(headers: Headers) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode("latin-1")


def keep_up() -> None:
    """Take in what the servers push also while nobody asks, lest it pile up in their memory. Never waits."""
    local.states.alive()
    sessions.known.alive()


# -- The question ---------------------------------------------------------------------------------


def find(ask: Ask, asked: float = math.inf) -> Reply | None:
    """The answer to `ask` from this process's memory, without ever waiting; None: the ordinary way.

    `asked` is a moment (time.monotonic) at which the request had arrived, so that many which arrived
    together need only one look at what has been pushed (`cache.tracking`); by default, none is known.
    """
    if len(ask.cookie) > COOKIES_MOST or b"," in ask.if_none_match or b"*" in ask.if_none_match:
        return None
    who = _visitor_of(ask.cookie, _secure(ask.forwarded_proto, ask.tls))
    found = local.pages.answer((ask.target, who[0])) if who else None
    if who is None or found is None:
        return None
    kept, answer = found
    if answer.csrf != who[1] or not answer.complete:
        return None
    if not (local.states.alive(asked) and kept.stands() and answer.stands(asked)):
        return None
    if not _host_allowed(ask.host):
        return None
    stats.count("fast")
    reply: Reply = answer.reply(accepts_gzip(ask.accept_encoding), ask.if_none_match)
    return reply
