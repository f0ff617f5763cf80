"""What tests of kept values say in one line."""

import re
import time
from collections.abc import Callable
from contextlib import suppress

from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import caches
from redis.exceptions import RedisError

from forum import redis as stores
from forum import sessions
from forum.cache import stats
from forum.cache.intents import invalidating
from forum.cache.pages import look_up, store
from forum.cache.tags import SITE
from forum.cache.tracking import Tracker
from tests.processes import ROOT


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


def seconds(do: Callable[[], object], times: int = 1) -> float:
    """How long that took, if it failed, too: the quickest of so many times, since a busy machine makes all wait."""
    spent = []
    for _ in range(times):
        started = time.monotonic()
        with suppress(RedisError):
            do()
        spent.append(time.monotonic() - started)
    return min(spent)


def rights_in_the_manual() -> list[str]:
    """What docs/operating.md says that a user of the servers needs."""
    found = re.search(r"^ACL SETUSER \S+ on \S+ ~\* (.*)$", (ROOT / "docs" / "operating.md").read_text(), re.MULTILINE)
    assert found
    return found[1].split()


def use_the_cache() -> None:
    """All that the forum does with its servers: pages, writes, sessions, counts, limits on attempts."""
    tags = ["thread:1", "home", SITE]
    store(look_up("page", tags), b"body")
    with invalidating("thread:1", "home"):
        pass
    assert look_up("page", tags).body is None
    session: SessionBase = sessions.SessionStore()
    session["who"] = "ada"
    session.save()
    assert sessions.SessionStore(session.session_key)["who"] == "ada"
    session.flush()
    stats.flush()
    assert stats.workers() is not None and stats.last_minutes(1) is not None
    cache = caches["default"]
    assert cache.add("limit", 1, 60) and cache.incr("limit") == 2 and cache.get_many(["limit"]) == {"limit": 2}
    cache.set_many({"limit": 3, "other": 4}, 60)
    cache.delete_many(["limit", "other"])
