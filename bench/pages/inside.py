"""What a hit costs inside a worker: this process asks itself, without a socket."""

import statistics
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

from .answers import Wrong
from .contents import Contents

BATCHES = 20
BATCH_SECONDS = 0.05
KEPT_SECONDS = 2.0
HOST = "localhost"


def show(contents: Contents) -> None:
    """Print microseconds for an anonymous reader and a member: the fast path itself, the WSGI application
    with the fast path in front, and Django alone."""
    from django.core.handlers.wsgi import WSGIHandler

    from forum_site.wsgi import application

    django = WSGIHandler()
    print("\na hit inside a worker, µs               fast path        WSGI      Django")
    for name, cookie in (("anonymous", ""), ("signed in", contents.members[0].cookie)):
        ordinary = through(django, contents.page, cookie)
        fast = fast_path(contents.page, cookie, ordinary)
        ways = (fast, through(application, contents.page, cookie), ordinary)
        print(f"  {name:<35}" + "".join(f"{f'{microseconds(way):,.1f}' if way else 'never':>12}" for way in ways))


def microseconds(ask: Callable[[], object]) -> float:
    """The median over batches of what one call takes."""
    found = []
    for _ in range(BATCHES):
        calls, started = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - started) < BATCH_SECONDS:
            ask()
            calls += 1
        found.append(elapsed / calls * 1e6)
    return statistics.median(found)


def fast_path(path: str, cookie: str, ordinary: Callable[[], object]) -> Callable[[], object] | None:
    """A call of `forum.fast.find` that is answered; None when it never is, though the page was read before."""
    from forum.exchange import Ask
    from forum.fast import find

    ask = Ask(
        target=path.encode(),
        host=HOST.encode(),
        cookie=cookie.encode(),
        accept_encoding=b"gzip",
        accept_language=b"",
        if_none_match=b"",
        forwarded_proto=None,
        tls=False,
    )
    until = time.monotonic() + KEPT_SECONDS
    while (reply := find(ask)) is None:
        if time.monotonic() > until:
            return None
        ordinary()
    if reply.status != 200:
        raise Wrong(f"the fast path answered with status {reply.status}")
    return lambda: find(ask)


def through(application: Any, path: str, cookie: str) -> Callable[[], object]:
    """A call of a WSGI application, as gunicorn makes it."""
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": path, "RAW_URI": path, "QUERY_STRING": "", "SERVER_NAME": HOST,
        "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": HOST, "HTTP_ACCEPT_ENCODING": "gzip",
        "wsgi.url_scheme": "http", "REMOTE_ADDR": "127.0.0.1",
    }  # fmt: skip
    if cookie:
        environ["HTTP_COOKIE"] = cookie

    def ask() -> None:
        answer = application({**environ, "wsgi.input": BytesIO()}, check_status)
        b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()

    return ask


def check_status(status: str, headers: object, failure: object = None, /) -> Callable[[bytes], object]:
    """What WSGI calls start_response; nobody writes through what it returns."""
    if not status.startswith("200"):
        raise Wrong(f"the application answered {status}")
    return len
