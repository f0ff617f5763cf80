"""What tests of kept values say in one line."""

import time
from collections.abc import Callable
from contextlib import suppress

from redis.exceptions import RedisError

from forum import redis as stores
from forum.cache.tracking import Tracker


def keep(tracker: Tracker[bytes], *keys: str, seconds: float | None = None) -> None:
    """Keep the values that the server has for these keys."""
    for key in keys:
        expected = tracker.expect(key)
        tracker.keep(expected, stores.client(tracker.alias).get(key) or b"", seconds)


def elsewhere(*command: object) -> None:
    """What another client does. The second answer comes only after the server has pushed what the first changed."""
    stores.client().execute_command(*command)
    stores.client().ping()


def until(condition: Callable[[], bool], seconds: float) -> float:
    """After how many seconds the condition held."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, "in vain"
        time.sleep(0.01)
    return time.monotonic() - started


def seconds(do: Callable[[], object]) -> float:
    """How long that took, if it failed, too."""
    started = time.monotonic()
    with suppress(RedisError):
        do()
    return time.monotonic() - started
