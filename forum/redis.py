"""The two Redis servers, and what happens when one is down: nobody waits for it twice.

`default` holds what may be lost (pages, counters), `sessions` what must not be evicted. A server
that failed is left alone for a second, so a request pays for a dead Redis once, at most 0.25 s.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from django_redis import get_redis_connection
from django_redis.exceptions import ConnectionInterrupted
from redis import Redis
from redis.exceptions import RedisError

LEAVE_ALONE_SECONDS = 1.0

_down_until: dict[str, float] = {}


class Down(Exception):
    """Redis did not answer, or refused."""


def client(alias: str = "default") -> Redis:
    """The redis-py client of one of settings.CACHES; its connections are shared by the process."""
    return cast(Redis, get_redis_connection(alias))


@contextmanager
def answering(alias: str = "default", insist: bool = False) -> Iterator[None]:
    """Run commands; Down when the server fails, and at once when it failed less than a second ago
    (unless the caller must `insist`, since what it has to say cannot be left unsaid)."""
    if not insist and time.monotonic() < _down_until.get(alias, 0.0):
        raise Down(alias)
    try:
        yield
    except (RedisError, ConnectionInterrupted) as error:
        _down_until[alias] = time.monotonic() + LEAVE_ALONE_SECONDS
        raise Down(alias) from error


def forget_failures() -> None:
    """Ask again at once (tests, and commands that have just started a server)."""
    _down_until.clear()
