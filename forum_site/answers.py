"""How the loop of gunicorn's worker (`forum_site.loop`) answers what the fast path remembers: one of two ways.

From bytes to bytes, which costs microseconds and needs gunicorn's C parser; or as any WSGI server does, with
gunicorn's own request, environ and response around the front. Either gives the same bytes to the same request.
"""

import time
from datetime import timedelta
from typing import Any, Protocol

from gunicorn import SERVER, util  # type: ignore[import-untyped]
from gunicorn.http import wsgi  # type: ignore[import-untyped]
from gunicorn.http.parser import RequestParser  # type: ignore[import-untyped]

from forum.exchange import Reply
from forum_site import front
from forum_site.access import AccessLog
from forum_site.plain import Reader


class Answers(Protocol):
    """One of the two ways, under the settings of one gunicorn."""

    def __init__(self, cfg: Any, log: Any, find: front.Find) -> None: ...

    def answer(self, data: bytes, conn: Any, moment: float) -> bytes | None:
        """All that goes out to what has come in over `conn` by that moment (time.monotonic()); None if that is not
        exactly one request for something that `find` has. Never waits, and notes in the access log what it answers.
        """


# -- From bytes to bytes --------------------------------------------------------------------------


class Written(Answers):
    """Answers put together from their parts, with the lines that gunicorn would write above them."""

    def __init__(self, cfg: Any, log: Any, find: front.Find) -> None:
        self._find = find
        self._reader = Reader(cfg)
        self._opening = Opening()
        self._access = AccessLog(cfg, log) if log.access_log_enabled else None

    def answer(self, data: bytes, conn: Any, moment: float) -> bytes | None:
        plain = self._reader.read(data, conn)
        reply = front.found(self._find, plain[0], moment) if plain else None
        if plain is None or reply is None:
            return None
        if self._access:
            self._access.write(conn, plain[1], plain[0].tls, front.status_line(reply.status), reply, moment)
        self._opening.tick(moment)
        return self._opening.whole(reply)


class Opening:
    """The first lines of an answer, as gunicorn writes them; made anew every second, by whoever says `tick`."""

    def __init__(self) -> None:
        self._second = 0
        self._over = 0.0
        self._lines: dict[int, bytes] = {}
        self._wholes: dict[int, tuple[Reply, bytes]] = {}

    def tick(self, moment: float) -> None:
        """It is now `moment`, by time.monotonic()."""
        if moment >= self._over:
            second, part = divmod(time.time(), 1)
            self._second, self._over = int(second), moment + 1 - part
            self._lines, self._wholes = {}, {}

    def whole(self, reply: Reply) -> bytes:
        """All that goes out. A copy of some KB costs half a microsecond less than to measure four pieces and hand
        them to the system; the copy of a reply that many get in one second is made once."""
        found = self._wholes.get(id(reply))
        if found is not None:
            return found[1]
        answer = b"".join((self.lines(reply.status), reply.head, b"\r\n", reply.body))
        if reply.shared:
            # With the reply, whose number is nobody else's as long as it is here.
            self._wholes[id(reply)] = reply, answer
        return answer

    def lines(self, status: int) -> bytes:
        lines = self._lines.get(status)
        return self._make(status) if lines is None else lines

    def _make(self, status: int) -> bytes:
        date = util.http_date(self._second)
        text = f"HTTP/1.1 {front.status_line(status)}\r\nServer: {SERVER}\r\nDate: {date}\r\nConnection: keep-alive\r\n"
        return self._lines.setdefault(status, text.encode("ascii"))


# -- Through WSGI ---------------------------------------------------------------------------------


class Called(Answers):
    """Answers that gunicorn writes from what the front gives it, as it would in one of its threads."""

    def __init__(self, cfg: Any, log: Any, find: front.Find) -> None:
        self._find = find
        self._cfg = cfg
        self._log = log

    def answer(self, data: bytes, conn: Any, moment: float) -> bytes | None:
        # One request that has come in whole; most that are not are told from it without a look at what they say.
        if not data.startswith(b"GET ") or not data.endswith(b"\r\n\r\n"):
            return None
        try:
            return self._answer(data, conn, moment)
        except Exception:
            # Nothing has gone out. gunicorn meets the same fault in the same bytes, and knows the answer to it.
            return None

    def _answer(self, data: bytes, conn: Any, moment: float) -> bytes | None:
        parser, out = RequestParser(self._cfg, [data], conn.client), Out()
        request = next(parser)
        if request.should_close() or parser.unreader.take_buffered():
            return None
        response, environ = wsgi.create(request, out, conn.client, conn.server, self._cfg)
        body = front.remembered(self._find, environ, response.start_response, moment)
        if body is None:
            return None
        environ["wsgi.multithread"] = True
        for part in body:
            response.write(part)
        response.close()
        self._log.access(response, request, environ, timedelta(seconds=time.monotonic() - moment))
        return b"".join(out)


class Out(list[bytes]):
    """What gunicorn's response takes for its socket: a list of what it has sent."""

    sendall = list.append
    send = list.append
