"""The two Redis servers, and what happens when one is down: nobody waits for it twice.

`default` holds what may be lost (pages, counters), `sessions` what must not be evicted. A server
that failed is left alone for a second, so a request pays for a dead Redis once, at most 0.3 s.
"""

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

from django_redis import get_redis_connection
from django_redis.exceptions import ConnectionInterrupted
from redis import Redis
from redis.exceptions import NoScriptError, ReadOnlyError, RedisError

LEAVE_ALONE_SECONDS = 1.0

_down_until: dict[str, float] = {}

Call = tuple[str, list[str], list[Any]]
"""A script's text, its keys, its arguments."""

# Answers that say nothing of the call itself: the server does not know the script yet, or is no longer the primary.
ASK_AGAIN = (NoScriptError, ReadOnlyError)


class Down(Exception):
    """Redis did not answer, or refused."""


def client(alias: str = "default") -> Redis:
    """The redis-py client of one of settings.CACHES; its connections are shared by the process."""
    return cast(Redis, get_redis_connection(alias))


@contextmanager
def answering(alias: str = "default", insist: bool = False) -> Iterator[None]:
    """Run commands; Down when the server fails, and at once when it failed less than a second ago
    (unless the caller must `insist`, since what it has to say cannot be left unsaid)."""
    if not insist and left_alone(alias):
        raise Down(alias)
    try:
        yield
    except (RedisError, ConnectionInterrupted) as error:
        _down_until[alias] = time.monotonic() + LEAVE_ALONE_SECONDS
        raise Down(alias) from error


def left_alone(alias: str) -> bool:
    """Whether the server failed less than a second ago."""
    return time.monotonic() < _down_until.get(alias, 0.0)


def forget_failures() -> None:
    """Ask again at once (tests, and commands that have just started a server)."""
    _down_until.clear()


# -- Scripts --------------------------------------------------------------------------------------


def run(calls: Sequence[Call], alias: str = "default") -> list[Any]:
    """Run scripts in one round trip and return their answers in order; RedisError when one failed.

    A call may be run twice (the answer was lost, the server had just changed), so scripts must bear that.
    """
    redis = client(alias)
    answers = [
        _again(redis, call) if isinstance(answer, ASK_AGAIN) else answer
        for call, answer in zip(calls, _pipelined(redis, calls), strict=True)
    ]
    for answer in answers:
        if isinstance(answer, RedisError):
            raise answer
    return answers


def _pipelined(redis: Redis, calls: Sequence[Call]) -> list[Any]:
    """Each call's answer, or the error the server gave instead."""
    pipeline = redis.pipeline(transaction=False)
    for script, keys, arguments in calls:
        pipeline.evalsha(_digest(script), len(keys), *keys, *arguments)
    return list(pipeline.execute(raise_on_error=False))


def _again(redis: Redis, call: Call) -> Any:
    """Send the script's text, which the server then also keeps, by redis-py's own ways to find the primary."""
    script, keys, arguments = call
    return redis.eval(script, len(keys), *keys, *arguments)


@cache
def _digest(script: str) -> str:
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
