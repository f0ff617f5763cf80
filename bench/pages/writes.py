"""What an invalidation adds to a reply, with one page kept under the thread's tag and with 100,000.

The replies are made by the action that the form calls, with everything it invalidates. Before each, all
pages are made current again, as if every one of them had just been read. Where one page is kept under
the tag, the others are kept under a tag that nobody writes to, so that Redis is equally full and busy.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from unittest.mock import patch

from .contents import POSTS_PER_PAGE, path_of, store_thread

SIZES = (1, 100_000)
REPLIES = 40
# All a page's value needs to be current is its beginning, which names the generations.
VALUE_BYTES = 200
# Written in the server, since so many commands would take minutes; in slices, since others wait meanwhile.
COPIES = """
local value = redis.call('GETRANGE', KEYS[1], 0, ARGV[1] - 1)
for number = ARGV[2], ARGV[3] do redis.call('SET', KEYS[2] .. ':' .. number, value, 'PX', 600000) end
"""
SLICE = 5000


@dataclass
class Cost:
    """Of each reply: milliseconds in all, those of the invalidation, and its round trips to Redis."""

    reply: list[float] = field(default_factory=list)
    invalidation: list[float] = field(default_factory=list)
    trips: list[int] = field(default_factory=list)


def show() -> None:
    """Print the medians. The two threads take turns, so that whatever disturbs the one disturbs the other."""
    from forum.models import Forum, User

    # A server that only caches keeps no log; the embedded one does, for the sessions.
    patient().config_set("appendonly", "no")
    Forum.objects.create(name="writes", title="Writes")
    author = User.objects.create(username="writer")
    threads = [store_thread("writes", f"Thread {size}", POSTS_PER_PAGE, [str(author.pk)] * 20) for size in SIZES]
    keys = [key_of(thread) for thread in threads]
    copies = ["p:{elsewhere}:page", keys[1]]
    costs = [Cost() for _ in SIZES]
    for number in range(-2, REPLIES):
        for thread, key, copy, cost in zip(threads, keys, copies, costs, strict=True):
            make_current(thread, key, copy)
            reply(author, thread, f"Reply {number}", cost if number >= 0 else Cost())
    print(f"what invalidating adds to a reply, median of {REPLIES}")
    print("  pages under its tag    round trips    added ms    reply ms")
    for size, cost in zip(SIZES, costs, strict=True):
        cells = f"{statistics.median(cost.trips):>15.0f}{statistics.median(cost.invalidation):>12.2f}"
        print(f"  {size:<19,}{cells}{statistics.median(cost.reply):>12.2f}")


@cache
def patient() -> Any:
    """A client of the pages' Redis that waits longer than the forum does."""
    from django.conf import settings
    from redis import Redis

    return Redis.from_url(settings.CACHES["default"]["LOCATION"], socket_timeout=30)


def key_of(thread: Any) -> str:
    """The key of the thread's page, the only one that is kept under its tag so far."""
    from bench.site import get
    from forum.cache import tags

    get(path_of(thread))
    (key,) = patient().keys(f"p:{{{tags.thread(thread.id)}}}:*")
    return str(key.decode())


def make_current(thread: Any, key: str, copy: str) -> None:
    """Read the thread's page, so that it is kept, and keep it under 99,999 names more that begin with `copy`."""
    from bench.site import get

    get(path_of(thread))
    redis = patient()
    for first in range(2, SIZES[1] + 1, SLICE):
        redis.eval(COPIES, 2, key, copy, VALUE_BYTES, first, min(first + SLICE - 1, SIZES[1]))


def reply(author: Any, thread: Any, body: str, cost: Cost) -> None:
    """Reply as the form does, and add what it took to `cost`."""
    from forum.actions import posting
    from forum.permissions import ForumRules, Reader
    from forum.tables.keys import Nonce

    member = Reader(str(author.pk), author.username)
    forum = ForumRules("writes", "Writes", "", "public", "members", frozenset(), frozenset(), False, 1)
    with counting_trips(cost), timing_invalidation(cost):
        started = time.perf_counter()
        posting.reply(member, forum, thread.id, body, Nonce.new())
        cost.reply.append((time.perf_counter() - started) * 1000)


@contextmanager
def counting_trips(cost: Cost) -> Iterator[None]:
    """Count what is sent to Redis; a pipeline is one, however long."""
    from redis.connection import AbstractConnection

    send: Any = AbstractConnection.send_packed_command
    sent = 0

    def counting(connection: Any, *arguments: Any, **options: Any) -> None:
        nonlocal sent
        sent += 1
        send(connection, *arguments, **options)

    with patch.object(AbstractConnection, "send_packed_command", counting):
        yield
    cost.trips.append(sent)


@contextmanager
def timing_invalidation(cost: Cost) -> Iterator[None]:
    """Time what `invalidating` does before and after the write inside it."""
    from forum.actions import posting

    invalidating: Any = vars(posting)["invalidating"]

    @contextmanager
    def timed(*tags: str, **options: Any) -> Iterator[Any]:
        started = time.perf_counter()
        with invalidating(*tags, **options) as given:
            begun = time.perf_counter()
            yield given
            written = time.perf_counter()
        cost.invalidation.append((begun - started + time.perf_counter() - written) * 1000)

    with patch.object(posting, "invalidating", timed):
        yield
