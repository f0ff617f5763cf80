"""The line that gunicorn's access log has for a request, for those that its loop answers."""

import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from gunicorn.http import wsgi  # type: ignore[import-untyped]

from forum.exchange import Reply


class AccessLog:
    """Writes through gunicorn's own logger, from the same facts in the same shapes: any format may be set."""

    def __init__(self, cfg: Any, log: Any) -> None:
        self._cfg = cfg
        self._log = log

    def write(self, conn: Any, request: Any, tls: bool, status: str, reply: Reply, started: float) -> None:
        """Note that `reply` went to `conn`; `request` is the parsed one, `started` is by time.monotonic()."""
        asked = as_gunicorn_reads(request, tls)
        _, environ = wsgi.create(asked, conn.sock, conn.client, conn.server, self._cfg)
        environ["wsgi.multithread"] = True
        answered = SimpleNamespace(status=status, headers=reply.headers, sent=len(reply.body))
        self._log.access(answered, asked, environ, timedelta(seconds=time.monotonic() - started))


def as_gunicorn_reads(request: Any, tls: bool) -> Any:
    """The request as gunicorn's own reader would have made it, as far as an environ needs it."""
    uri = request.path.decode("ascii")
    parts = urlsplit(uri)
    return SimpleNamespace(
        method="GET",
        uri=uri,
        path=parts.path,
        query=parts.query,
        version=(1, 1),
        headers=[(name.decode("ascii").upper(), value.decode("latin-1")) for name, value in request.headers],
        scheme="https" if tls else "http",
        body=None,
        proxy_protocol_info=None,
        _expected_100_continue=False,
    )
