"""A connection on which a Redis server says which keys have changed; reading it never waits.

redis-py opens it, so that address, TLS, user and database are the settings' own. Then its socket is ours:
it is switched to broadcast tracking (RESP3 `CLIENT TRACKING ON BCAST`) and read by hiredis' parser.

A *beat* goes out every second on the same connection. Its answer comes after all that the server pushed
before, so it tells how long ago we were certainly up to date; and it says who the server is, so that one
that is no longer the primary, or a cluster that has moved its slots, is noticed.
"""

import select
import socket
import time
from collections.abc import Sequence
from ssl import SSLWantReadError, SSLWantWriteError
from typing import Any, cast

import hiredis
from redis.connection import ConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.maint_notifications import MaintNotificationsConfig

BEAT_SECONDS = 1.0
BELIEVED_SECONDS = 2.5
BUFFER_BYTES = 65_536

WHO = ("HELLO",)
WHO_IN_CLUSTER = ("CLUSTER", "SLOTS")

_MORE = object()
_NOTHING_YET = (BlockingIOError, SSLWantReadError, SSLWantWriteError)


class Lost(RedisConnectionError):
    """The connection broke, what came over it makes no sense, or the server is another one now."""


class Refused(Lost, ResponseError):
    """The server does not let this user, or anybody, follow its keys."""


class Line:
    """One connection to one server. Only `opened` waits; whoever calls the rest holds a lock."""

    def __init__(self, connection: Any, question: tuple[str, ...]) -> None:
        """On a connection of redis-py that is open."""
        self._connection = connection
        self._socket = cast(socket.socket, connection._get_socket())
        self._socket.setblocking(False)
        self._buffer = bytearray(BUFFER_BYTES)
        self._reader = hiredis.Reader(
            protocolError=Lost, replyError=Refused, encoding="utf-8", errors="surrogateescape", notEnoughData=_MORE
        )
        self._beat = hiredis.pack_command(question)  # type: ignore[arg-type]
        self.servers: list[tuple[Any, ...]] = []
        """Who takes writes, as this server says: names, and in a cluster their slots."""
        self.sent = 0.0
        self.answered = True
        self.believed_until = 0.0

    @property
    def descriptor(self) -> int:
        return self._socket.fileno()

    @property
    def calm_until(self) -> float:
        """Until when there is nothing to do but to look whether something was pushed."""
        return min(self.sent + BEAT_SECONDS, self.believed_until)

    def close(self) -> None:
        self._connection.disconnect()

    def send(self, command: bytes) -> None:
        """Lost when not all of it can be sent at once: the server has not read for long."""
        try:
            if self._socket.send(command) != len(command):
                raise Lost("the server does not read")
        except OSError as error:
            raise Lost("the server does not read") from error

    def beat(self, now: float) -> None:
        """Ask who the server is, unless the answer to that is still awaited or less than a second old."""
        if self.answered and now >= self.sent + BEAT_SECONDS:
            self.sent, self.answered = now, False
            self.send(self._beat)

    def overdue(self, now: float) -> bool:
        return not self.answered and now > self.sent + BELIEVED_SECONDS

    def read(self) -> list[list[str] | None]:
        """The keys of each push that has arrived, None standing for all keys; Lost."""
        pushed: list[list[str] | None] = []
        while True:
            try:
                size = self._socket.recv_into(self._buffer)
            except _NOTHING_YET:
                return pushed
            except OSError as error:
                raise Lost("the connection broke") from error
            if not size:
                raise Lost("the server closed the connection")
            self._reader.feed(self._buffer, 0, size)  # type: ignore[arg-type]
            try:
                while (message := self._reader.gets()) is not _MORE:
                    self._take(message, pushed)
            except (LookupError, TypeError, ValueError) as error:
                raise Lost("the server says what was not expected") from error

    def _take(self, message: Any, pushed: list[list[str] | None]) -> None:
        if isinstance(message, hiredis.PushNotification):
            if message[0] == "invalidate":
                pushed.append(message[1])
        elif isinstance(message, Refused):
            raise message
        elif message != "OK":  # What CLIENT TRACKING answers.
            self._check(message)
            self.answered = True
            self.believed_until = self.sent + BELIEVED_SECONDS

    def _check(self, answer: Any) -> None:
        """Lost when the server is not who it was at first, or is a replica, which may lag behind."""
        if isinstance(answer, dict):
            servers: list[tuple[Any, ...]] = [(answer["role"],)]
            if servers != [("master",)]:
                raise Lost(f"the server is a {answer['role']}")
        else:
            servers = sorted((primary[2], first, last) for first, last, primary, *_ in answer)
        if self.servers not in ([], servers):
            raise Lost("the cluster's slots have moved")
        self.servers = servers


def complete(lines: Sequence[Line]) -> bool:
    """Whether the servers agree on who has which slots, and whoever has some is among them."""
    servers = lines[0].servers if lines else []
    return len(lines) == len({name for name, *_ in servers}) and all(line.servers == servers for line in lines)


def opened(pool: ConnectionPool, prefixes: tuple[str, ...], question: tuple[str, ...], seconds: float) -> Line:
    """Connect as `pool` does, and follow what happens to keys with these prefixes (none of which may
    begin with another of them). RedisError when the server refuses, or is silent for so many seconds."""
    connection = _connection(pool, seconds)
    try:
        connection.connect()
        line = Line(connection, question)
        named = [word for prefix in prefixes for word in ("PREFIX", prefix)]
        line.send(hiredis.pack_command(("CLIENT", "TRACKING", "ON", "BCAST", *named)))  # type: ignore[arg-type]
        line.beat(time.monotonic())
        poll = select.poll()
        poll.register(line.descriptor, select.POLLIN)
        while not line.answered:
            left = line.sent + seconds - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise RedisTimeoutError("the server did not answer in time")
            line.read()
    except BaseException:
        connection.disconnect()
        raise
    return line


def _connection(pool: ConnectionPool, seconds: float) -> Any:
    """A connection that the pool does not know of, with its options, that gives up soon and at once."""
    options = pool.connection_kwargs | {
        "protocol": 3,
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
        "retry": None,
        "retry_on_error": [],
        "driver_info": None,
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    }
    return pool.connection_class(**options)
