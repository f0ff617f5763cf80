"""The site behind a cache of the usual kind: pages are kept when they are read and deleted on every write.

Served in place of forum_site.wsgi, to show that the hammer finds what is wrong with that. The cache is
kind to itself: it keeps only what readers without a session get, and each acknowledged write deletes
every page there is. All the same a page that was rendered before a write can be stored after it.
"""

import json
import os
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forum_site.settings")

from forum.redis import client  # noqa: E402
from forum_site.wsgi import application as site  # noqa: E402

PAGES = "naive:pages"
KEPT_SECONDS = 60

Start = Callable[..., Any]


def application(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    """Any request: from the cache, into the cache, or around it."""
    if environ["REQUEST_METHOD"] == "GET" and "sessionid" not in environ.get("HTTP_COOKIE", ""):
        return cached(environ, start_response)
    status, headers, body = ask(environ)
    if environ["REQUEST_METHOD"] == "POST" and status.startswith("302"):
        delete_all()
    start_response(status, headers)
    return [body]


def cached(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    path = f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}"
    key = f"naive:{environ.get('HTTP_ACCEPT_ENCODING', '')}:{path}"
    if kept := client().get(key):
        head, _, body = kept.partition(b"\n")
        start_response("200 OK", [*map(tuple, json.loads(head)), ("X-Cache", "hit")])
        return [body]
    environ.pop("HTTP_IF_NONE_MATCH", None)
    status, headers, body = ask(environ)
    headers = [(name, value) for name, value in headers if name not in ("X-Cache", "ETag")]
    if status.startswith("200"):
        client().sadd(PAGES, key)
        client().set(key, json.dumps(headers).encode() + b"\n" + body, ex=KEPT_SECONDS)
    start_response(status, [*headers, ("X-Cache", "miss")])
    return [body]


def delete_all() -> None:
    if keys := client().smembers(PAGES):
        client().delete(*keys)


def ask(environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
    """The site's own answer."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    answer = site(environ, lambda status, headers, *_: started.append((status, headers)))
    try:
        body = b"".join(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()
    return *started[0], body
