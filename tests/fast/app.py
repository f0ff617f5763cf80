"""A tiny site to try the web server with: what it remembers is under /kept/, and all else goes the ordinary way.

Every answer repeats what was asked, so that an answer to another request is seen, and says which way it came.
"""

import importlib
import os
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs

import django

from forum_site import front
from tests.fast.server import ETAG

django.setup()
# Only now: it may need what that has set up.
fast: Any = importlib.import_module("forum.fast")


def page(target: str, cookie: str, scheme: str) -> bytes:
    """`?size=` asks for so many bytes more."""
    size = int(parse_qs(target.partition("?")[2]).get("size", ["0"])[0])
    return f"{target} of {cookie or 'nobody'} by {scheme}\n".encode("latin-1") + b"." * size


def headers(way: str, length: int | None) -> list[tuple[str, str]]:
    shared = [("Content-Type", "text/plain"), ("X-Way", way), ("X-Process", str(os.getpid())), ("ETag", ETAG)]
    return shared if length is None else [*shared, ("Content-Length", str(length))]


def find(ask: Any, asked: float = 0.0) -> Any:
    if ask.target == b"/kept/fault":
        raise ValueError("This fault is made on purpose.")
    if not ask.target.startswith(b"/kept/"):
        return None
    unchanged = ask.if_none_match == ETAG.encode()
    scheme = "https" if ask.tls else "http"
    body = b"" if unchanged else page(ask.target.decode(), ask.cookie.decode("latin-1"), scheme)
    named = headers("fast", None if unchanged else len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in named).encode()
    return fast.Reply(304 if unchanged else 200, head, body)


def application(environ: front.Environ, start_response: front.StartResponse) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/slow":
        time.sleep(1.0)
    if environ.get("HTTP_IF_NONE_MATCH") == ETAG:
        start_response("304 Not Modified", headers("ordinary", None))
        return []
    body = page(environ["RAW_URI"], environ.get("HTTP_COOKIE", ""), environ["wsgi.url_scheme"])
    if environ["REQUEST_METHOD"] == "POST":
        body += b"got " + environ["wsgi.input"].read()
    start_response("200 OK", headers("ordinary", len(body)))
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


fast.find = find
fronted = front.before(application) if front.wanted() else application
