"""What a plain GET is: the only kind of request that is answered without gunicorn's ordinary way.

gunicorn's own C parser reads it, with gunicorn's limits; nothing here takes a request apart. Whatever
is not as plain as it could be is not refused but left to gunicorn.
"""

import importlib
from functools import lru_cache
from typing import Any

from gunicorn.http.message import _ip_in_allow_list  # type: ignore[import-untyped]

from forum.exchange import Ask
from forum_site.front import SPECIAL, TARGET

_PROTO = b"x-forwarded-proto"

# A browser sends the same bytes for the same page, and a page that waits for news sends them again and again; so
# what they ask for is remembered, of so many requests as long as this at most (8 MB).
KEPT_MOST = 4096
KEPT_BYTES = 2048

Plain = tuple[Ask, Any]


class Reader:
    """Reads asks under the settings of one gunicorn."""

    def __init__(self, cfg: Any) -> None:
        self._cfg = cfg
        self._parse = importlib.import_module("gunicorn_h1c").parse_request_fast
        # What is no longer than one line and one field may be keeps those limits whatever is in it. Where gunicorn
        # takes 0 for "no limit", its default is ours.
        self._bytes_most = min(cfg.limit_request_line or 4094, cfg.limit_request_field_size or 8190, 8190)
        self._fields_most = min(cfg.limit_request_fields or 100, 100)
        policy = {name.lower() for name in [*cfg.secure_scheme_headers, *cfg.forwarder_headers]}
        self._special = frozenset(name.encode() for name in SPECIAL | policy) - {_PROTO}
        self._https = cfg.secure_scheme_headers.get("X-FORWARDED-PROTO", "").encode()
        self._kept: dict[tuple[bytes, str], Plain] = {}

    def read(self, data: bytes, conn: Any) -> Plain | None:
        """What these bytes ask for, and the parsed request; None if they are not exactly one plain GET."""
        # Over a socket file a peer has no address.
        key = data, conn.client[0] if isinstance(conn.client, tuple) else ""
        plain = self._kept.get(key)
        if plain is None:
            plain = self._take_apart(*key, conn)
            if plain is not None:
                self._keep(key, plain)
        return plain

    def _keep(self, key: tuple[bytes, str], plain: Plain) -> None:
        if len(key[0]) > KEPT_BYTES:
            return
        if len(self._kept) >= KEPT_MOST:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = plain

    def _take_apart(self, data: bytes, peer: str, conn: Any) -> Plain | None:
        if len(data) > self._bytes_most or not data.endswith(b"\r\n\r\n"):
            return None
        try:
            request = self._parse(data)
        except Exception:
            # Its errors share no class. gunicorn meets the same one and knows the answer to it.
            return None
        headers = request.asgi_headers
        named = dict(headers)
        if len(named) != len(headers) or len(named) > self._fields_most or request.consumed != len(data):
            return None
        get = named.get
        connection = get(b"connection")
        if not self._special.isdisjoint(named) or (connection and connection.lower() != b"keep-alive"):
            return None
        target, host, proto = request.path, get(b"host"), get(_PROTO)
        line = _request_line(target)
        if host is None or line is None or not data.startswith(line):
            return None
        tls = proto is not None and proto == self._https and self._trusts(conn.client)
        cookie, encoding, language = get(b"cookie", b""), get(b"accept-encoding", b""), get(b"accept-language", b"")
        whence = peer, get(b"x-forwarded-for", b""), get(b"user-agent", b"")
        return Ask(target, host, cookie, encoding, language, get(b"if-none-match", b""), proto, tls, *whence), request

    def _trusts(self, client: Any) -> bool:
        """Whether gunicorn would take this peer's word that a request came by HTTPS; over a socket file it does."""
        if not isinstance(client, tuple):
            return True
        cfg = self._cfg
        return bool(_ip_in_allow_list(client[0], cfg.forwarded_allow_ips, cfg.forwarded_allow_networks()))


@lru_cache(maxsize=1024)
def _request_line(target: bytes) -> bytes | None:
    """The only way to ask for `target` (the parser lets more blanks pass); None if it is no plain address."""
    return b"GET %b HTTP/1.1\r\n" % target if TARGET.fullmatch(target) else None
