"""The fast path: a cached page, answered from this process's memory, without Django.

`forum_site.worker` and the WSGI front of `forum_site.wsgi` ask `find` before everything else. It only ever
repeats: an *answer* that the ordinary path has given to a visitor is kept with what it rests on (the
page's generations, the visitor's session and account, the marks of what they have read), and given again
while all of that stands, with the same headers. Whatever is not known here, or not quite certain, goes
the ordinary way.
"""

import math
import re
import time
from functools import lru_cache
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.http import HttpRequest, parse_cookie

from forum import languages, reads, sessions
from forum.actions.pace import network
from forum.cache import guests, local, presence, stats, visits
from forum.cache.body import Filled
from forum.cache.intents import state_key
from forum.cache.presence import Stamp
from forum.exchange import Ask, Headers, Reply
from forum.pulse import views
from forum.readers import Basis, address_of
from forum.views.holes import THEMES
from forum.views.unread import NOTHING, Seen

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
    language: str
    secure: bool


Key = tuple[bytes, Visitor]


def visitor(cookies: dict[str, str], accept_language: str, secure: bool) -> Visitor:
    theme, language = cookies.get("theme", ""), languages.of(cookies.get(languages.COOKIE, ""), accept_language)
    return Visitor(cookies.get(settings.SESSION_COOKIE_NAME, ""), theme if theme in THEMES else "", language, secure)


def csrf_cookie(cookies: dict[str, str]) -> str:
    """What the tokens in a visitor's forms are made of; a page for the signed-out holds none that needs one."""
    return cookies.get(settings.CSRF_COOKIE_NAME, "") if cookies.get(settings.SESSION_COOKIE_NAME) else ""


@lru_cache(maxsize=4096)
def _visitor_of(
    cookie: bytes, accept_language: bytes, forwarded_proto: bytes | None, tls: bool
) -> tuple[Visitor, str] | None:
    """Who these headers are of, and the cookie that the tokens in their forms are made of; None: not for us to say."""
    cookies = parse_cookie(cookie.decode("latin-1"))
    if cookies.get("messages"):
        return None
    language = accept_language.decode("latin-1")
    return visitor(cookies, language, _secure(forwarded_proto, tls)), csrf_cookie(cookies)


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


@lru_cache(maxsize=4096)
def guest(peer: str, forwarded_for: bytes, user_agent: bytes) -> str:
    """What tells somebody who is not signed in from others: their address and their browser; "" for a program."""
    agent = user_agent.decode("latin-1")[:300]
    if guests.is_program(agent):
        return ""
    request = HttpRequest()
    request.META |= {"REMOTE_ADDR": peer}
    if forwarded_for:
        request.META["HTTP_X_FORWARDED_FOR"] = forwarded_for.decode("latin-1")
    return f"{network(address_of(request))} {agent}"


def was_read(reader_id: str, hidden: bool, thread: str, whence: tuple[str, bytes, bytes]) -> None:
    """Count a page that somebody was given: a member who may be `hidden`, or a guest, told apart by `whence`
    they come; and the thread that they read with it, "" for none. Programs are not counted."""
    if reader_id:
        visits.count(reader_id, hidden)
        who = reader_id
    else:
        who = guest(*whence)
        guests.note(who)
    if thread and who:
        views.count(thread, who)


_GZIP = re.compile(rb"(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[^,]*)?(?=,|$)", re.IGNORECASE)


@lru_cache(maxsize=256)
def accepts_gzip(accept_encoding: bytes) -> bool:
    return _GZIP.search(accept_encoding) is not None


# -- What is kept ---------------------------------------------------------------------------------


class Answer:
    """A page as one visitor gets it (or all who are signed out), and what that rests on besides the page."""

    __slots__ = (
        "_account",
        "_head",
        "_marks",
        "_presence",
        "_ready",
        "_session",
        "_session_key",
        "_stood",
        "_told",
        "_until",
        "counts",
        "csrf",
        "filled",
        "hidden",
        "reader_id",
        "thread",
    )

    def __init__(
        self,
        filled: Filled,
        basis: Basis,
        csrf: str,
        session_key: str,
        session: bytes,
        seen: Seen = NOTHING,
        counts: bool = True,
        present: Stamp | None = None,
        until: float = math.inf,
        thread: str = "",
    ) -> None:
        """`csrf` is the cookie that the page's tokens are made of, `session` the session's JSON; "" for none.
        `seen` are the marks that the page shows; `counts` says whether its reader has read something with it;
        `present` is what it rests on that says who is here, None where it does not say so. `until` is when it ends
        by the clock alone, in seconds since 1970; `thread` is what whoever gets it has read."""
        self.filled = filled
        self.thread = thread
        self.counts = counts
        self._until = until
        self._marks = seen.marks
        self._told = seen.told
        self.reader_id = basis.reader.id
        self.hidden = basis.reader.hides_online
        self._presence = present
        self.csrf = csrf
        self._session_key = sessions.redis_key(session_key) if session_key else ""
        self._session = session
        # What is known of a member, and of a moderator how many cases wait: the page itself rests on `site`.
        generations = basis.account.generations[1:] if basis.account else [""] * len(basis.tags[1:])
        self._account = dict(zip(map(state_key, basis.tags[1:]), generations, strict=True))
        self._head = b""
        self._ready: Reply | None = None
        # When it was last looked at and stood: the losses of what is tracked then, and how long that may be believed.
        self._stood = (-1, 0.0)

    @property
    def size(self) -> int:
        return self.filled.size + len(self._session)

    @property
    def complete(self) -> bool:
        """Whether its headers are known, too."""
        return bool(self._head)

    def stands(self, asked: float = math.inf) -> bool:
        """Whether the visitor is still who they were, and no clock has ended it; the caller has asked
        `local.states.alive(asked)`."""
        if time.time() >= self._until:
            return False
        if not self._session_key:
            return True
        if not sessions.known.alive(asked) or sessions.known.get(self._session_key) != self._session:
            return False
        return bool(self._account) and local.stand(self._account)

    def marks_stand(self, asked: float = math.inf) -> bool:
        """Whether what the visitor has read is what it was, and who is here are those whom the page shows."""
        return self.tells_who_is_here() and self._marks_stand(asked)

    def tells_who_is_here(self) -> bool:
        return self._presence is None or self._presence == presence.stamp()

    def _marks_stand(self, asked: float) -> bool:
        return self._marks is None or (reads.known.alive(asked) and self._marks.stands())

    def tells(self, seen: Seen) -> bool:
        """Whether it shows the same as it would with these marks. If so, it rests on these from now on: most often
        what has been read since is on other pages."""
        if seen.told != self._told or not self.tells_who_is_here() or not seen.lasts():
            return False
        self._marks = seen.marks
        return True

    def stands_with(self, kept: local.Kept, asked: float) -> bool:
        """Whether it stands, and the page it was made of does. What was seen to stand does so until something that
        is kept here is lost, or is too old: so most readers are answered without a look at every generation."""
        if not local.states.alive(asked) or (self._session_key and not sessions.known.alive(asked)):
            return False
        # Both only grow. They are read before the rest, so that what is lost meanwhile is noticed the next time.
        losses = local.states.losses + sessions.known.losses
        if time.time() >= self._until:
            return False
        seen, until = self._stood
        # Some member's marks are lost all the time, so these alone are looked at each time.
        if losses == seen and asked < until and self.marks_stand(asked):
            return True
        if not (kept.stands() and self.stands(asked) and self.marks_stand(asked)):
            return False
        self._stood = losses, min(kept.lives_until(), self._lives_until())
        return True

    def _lives_until(self) -> float:
        if not self._session_key:
            return math.inf
        session = sessions.known.lives_until(self._session_key)
        return min(session, *map(local.states.lives_until, self._account))

    def remember(self, headers: Headers) -> None:
        """The headers that the ordinary path has sent, without those that are of that one answer."""
        if any(name.lower() in PERSONAL_HEADERS for name, _ in headers):
            return
        common = [(name, value) for name, value in headers if name.lower() not in OWN_HEADERS]
        common += [("X-Cache", "hit"), ("ETag", self.filled.etag)]
        self._head = _lines(common)

    def reply(self, gzip: bool, if_none_match: bytes) -> Reply:
        if if_none_match and if_none_match.decode("latin-1") == self.filled.etag:
            return Reply(304, _without_content_type(self._head), b"")
        if gzip and self._ready is not None:
            return self._ready
        body = self.filled.gzipped() if gzip else self.filled.plain()
        encoding = b"Content-Encoding: gzip\r\n" if gzip else b""
        # The compressed page is kept anyway where all who are signed out share it.
        shared = gzip and not self._session_key
        reply = Reply(200, b"%b%bContent-Length: %d\r\n" % (self._head, encoding, len(body)), body, shared)
        if shared:
            self._ready = reply
        return reply


def _without_content_type(head: bytes) -> bytes:
    return re.sub(rb"(?i)content-type:[^\r]*\r\n", b"", head)


@receiver(setting_changed)
def _forget_settings(**_: object) -> None:
    for remembering in (_visitor_of, _host_allowed, _question, guest):
        remembering.cache_clear()


def _lines(headers: Headers) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode("latin-1")


def keep_up() -> None:
    """Take in what the servers push also while nobody asks, lest it pile up in their memory. Never waits."""
    local.states.alive()
    sessions.known.alive()
    reads.known.alive()


# -- The question ---------------------------------------------------------------------------------


def find(ask: Ask, asked: float = math.inf) -> Reply | None:
    """The answer to `ask` from this process's memory, without ever waiting; None: the ordinary way.

    `asked` is a moment (time.monotonic) at which the request had arrived, so that many which arrived
    together need only one look at what has been pushed (`cache.tracking`); by default, none is known.
    """
    question = _question(ask[:8])
    found = local.pages.answer(question[0]) if question else None
    if question is None or found is None:
        return None
    kept, answer = found
    if answer.csrf != question[1] or not answer.complete or not answer.stands_with(kept, asked):
        return None
    stats.count("fast")
    if answer.counts:
        was_read(answer.reader_id, answer.hidden, answer.thread, ask[8:])
    reply: Reply = answer.reply(question[2], ask[5])
    return reply


@lru_cache(maxsize=4096)
def _question(ask: tuple[Any, ...]) -> tuple[Key, str, bool] | None:
    """What is looked for, the cookie that the tokens in it must be made of, and whether it may be compressed; None
    if this is not for us to answer. It depends on the settings and on what was asked alone, whoever it was."""
    target, host, cookie, accept_encoding, accept_language, if_none_match, forwarded_proto, tls = ask
    if len(cookie) + len(accept_language) > COOKIES_MOST or (
        if_none_match and (b"," in if_none_match or b"*" in if_none_match)
    ):
        return None
    who = _visitor_of(cookie, accept_language, forwarded_proto, tls)
    if who is None or not _host_allowed(host):
        return None
    return (target, who[0]), who[1], accepts_gzip(accept_encoding)
