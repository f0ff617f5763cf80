"""What the fast path is asked, and what it answers: between servers and `forum.fast`.

Apart from it, because a server knows these two before Django is set up.
"""

from functools import lru_cache
from typing import NamedTuple

Headers = list[tuple[str, str]]


class Ask(NamedTuple):
    """One complete, well-formed GET without a body, as the server's parser gave it.

    `target` is the request target as sent, e.g. b"/f/aws/01J.../slug/?page=2"; absent headers are b"" (or None
    where that is told apart); `tls` is whether the server takes the request for HTTPS (`wsgi.url_scheme`), by the
    connection itself or by what a proxy that it trusts says. Nothing of the answer depends on the last three, which
    tell guests apart who are counted; `peer` is the connection's address, "" where it has none.
    """

    target: bytes
    host: bytes
    cookie: bytes
    accept_encoding: bytes
    accept_language: bytes
    if_none_match: bytes
    forwarded_proto: bytes | None
    tls: bool
    peer: str = ""
    forwarded_for: bytes = b""
    user_agent: bytes = b""


class Reply(NamedTuple):
    """A complete answer: 200, or 304 without a body.

    `head` is all headers but Date, Server and Connection as "Name: value\\r\\n" lines (Content-Length included, but
    on a 304 none). `shared` says whether the same object is given to many.
    """

    status: int
    head: bytes
    body: bytes
    shared: bool = False

    @property
    def headers(self) -> Headers:
        return list(_headers(self.head))


@lru_cache(maxsize=256)
def _headers(head: bytes) -> tuple[tuple[str, str], ...]:
    lines = head.decode("latin-1").split("\r\n")[:-1]
    return tuple((name, value) for name, _, value in (line.partition(": ") for line in lines))
