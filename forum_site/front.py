"""The fast path before Django, under any WSGI server: what this process remembers is answered without it."""

import logging
import os
import re
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from forum.exchange import Ask, Reply

Find = Callable[[Ask, float], Reply | None]
Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

# A path and a query in printable ASCII. Absolute addresses, "//…" and fragments can be read in more than one way.
TARGET = re.compile(rb"/(?!/)[!\"$-~]*")

# What asks for something else than the page (a part, a condition, a body, another protocol) or says who asks.
SPECIAL = frozenset(
    [
        *["authorization", "content-length", "content-type", "expect", "http2-settings", "if-match"],
        *["if-modified-since", "if-range", "if-unmodified-since", "proxy-authorization", "range", "te", "trailer"],
        *["transfer-encoding", "upgrade"],
    ]
)
_SPECIAL_NAMES = [f"HTTP_{name.upper().replace('-', '_')}" for name in SPECIAL] + ["CONTENT_LENGTH", "CONTENT_TYPE"]

log = logging.getLogger("forum.fast")


def wanted() -> bool:
    """Whether FAST_PATH, from the environment, leaves pages to be answered before Django at all."""
    return _fast_path() not in ("off", "0", "false", "no")


def wanted_in_bytes() -> bool:
    """Whether also past WSGI, by a worker that reads and writes the bytes itself."""
    return wanted() and _fast_path() != "wsgi"


def _fast_path() -> str:
    return os.environ.get("FAST_PATH", "on").strip().lower()


def before(application: Application) -> Application:
    """`application`, asked only for what the fast path does not find; to be called once Django is set up."""
    from forum import fast

    def front(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        # The request has arrived, so one look at each server's pushes from now on is enough for it.
        body = remembered(fast.find, environ, start_response, time.monotonic())
        return application(environ, start_response) if body is None else body

    return front


def remembered(find: Find, environ: Environ, start_response: StartResponse, moment: float) -> list[bytes] | None:
    """The answer as a WSGI application gives it, to a request that had arrived by `moment`; None, with nothing
    started, if `find` has none."""
    ask = asked(environ)
    reply = found(find, ask, moment) if ask else None
    if reply is None:
        return None
    start_response(status_line(reply.status), reply.headers)
    return [reply.body]


def status_line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"


def found(find: Find, ask: Ask, moment: float) -> Reply | None:
    """What `find` answers to what had arrived by that moment; a fault in it is logged, and costs speed
    instead of an answer."""
    try:
        return find(ask, moment)
    except Exception:
        log.exception("The fast path failed at %r.", ask.target)
        return None


def asked(environ: Environ) -> Ask | None:
    """What a request asks for, if it is a plain GET whose target the server hands on as it was sent."""
    target = environ.get("RAW_URI", "").encode("latin-1")
    if environ["REQUEST_METHOD"] != "GET" or environ.get("SCRIPT_NAME") or not TARGET.fullmatch(target):
        return None
    if any(environ.get(name) for name in _SPECIAL_NAMES):
        return None
    cookie, proto = environ.get("HTTP_COOKIE", ""), environ.get("HTTP_X_FORWARDED_PROTO")
    # Several headers of one name reach us as one, and it is not for us to say how these two are to be read.
    if "," in cookie or "," in (proto or ""):
        return None
    return Ask(
        target=target,
        host=environ.get("HTTP_HOST", "").encode("latin-1"),
        cookie=cookie.encode("latin-1"),
        accept_encoding=environ.get("HTTP_ACCEPT_ENCODING", "").encode("latin-1"),
        accept_language=environ.get("HTTP_ACCEPT_LANGUAGE", "").encode("latin-1"),
        if_none_match=environ.get("HTTP_IF_NONE_MATCH", "").encode("latin-1"),
        forwarded_proto=None if proto is None else proto.encode("latin-1"),
        tls=environ["wsgi.url_scheme"] == "https",
        peer=environ.get("REMOTE_ADDR", ""),
        forwarded_for=environ.get("HTTP_X_FORWARDED_FOR", "").encode("latin-1"),
        user_agent=environ.get("HTTP_USER_AGENT", "").encode("latin-1"),
    )
