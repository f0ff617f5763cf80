"""The fast path: a cached page, answered from this process's memory, without Django.

`forum_site.worker` and the WSGI front of `forum_site.wsgi` ask `find` before everything else.
"""

from typing import NamedTuple


class Ask(NamedTuple):
    """One complete, well-formed GET without a body, as the server's parser gave it.

    `target` is the request target as sent, e.g. b"/f/aws/01J.../slug/?page=2"; absent headers are b"" (or None
    where that is told apart); `tls` is whether the server takes the request for HTTPS (`wsgi.url_scheme`), by the
    connection itself or by what a proxy that it trusts says; `address` is the client's, for the log.
    """

    target: bytes
    host: bytes
    cookie: bytes
    accept_encoding: bytes
    if_none_match: bytes
    forwarded_proto: bytes | None
    tls: bool
    address: str


class Reply(NamedTuple):
    """A complete answer: 200, or 304 without a body.

    `headers` holds all but Date, Server and Connection (Content-Length included, but on a 304 none);
    `head` is the same headers as "Name: value\\r\\n" lines.
    """

    status: int
    headers: list[tuple[str, str]]
    head: bytes
    body: bytes


def find(ask: Ask) -> Reply | None:
    """The answer to `ask` from this process's memory, without ever waiting; None: the ordinary way."""
    return None
