"""What the page cache does, counted by every process and summed in Redis for the page in the admin.

A page that is asked for counts as one of the first six events; the others are counted beside them:

| event | what happened |
|---|---|
| fast | answered from this process's memory, before Django |
| local | answered from this process's memory, in Django |
| hit | answered from Redis |
| wait | answered from Redis, after waiting for another reader who was filling it |
| miss | rendered, and kept |
| bypass | rendered, and not kept: Redis was down, or it is no page that is kept |
| invalidation | a tag was given a new generation |
| drop | what this process kept was dropped, because it could no longer be told of changes |

Keys; one hash slot holds them all, so that a flush is one round trip in a cluster, too::

    stats:{cache}:29414412               the counts of a minute since 1970: hash, event -> number
    stats:{cache}:total                  of all time, for counters that only rise: hash, event -> number
    stats:{cache}:workers                sorted set, worker -> when it was last heard of, in s
    stats:{cache}:worker:web-1:4242      what it said of itself: hash, name -> number
"""

import os
import socket
import time
from dataclasses import dataclass
from typing import Any

from forum.redis import answering, client

from .counts import Counts

ASKED = ("fast", "local", "hit", "wait", "miss", "bypass")
EVENTS = (*ASKED, "invalidation", "drop")
FROM_CACHE = ("fast", "local", "hit", "wait")

FLUSH_SECONDS = 5
COUNTS_SECONDS = 2 * 60 * 60
# For so long nobody has to be there for counters to go on where they were.
TOTAL_SECONDS = 40 * 24 * 60 * 60
WORKER_SECONDS = 60

_TOTAL = "stats:{cache}:total"
_WORKERS = "stats:{cache}:workers"

_counts = Counts(*EVENTS)
_gauges: dict[str, int] = {}
_due = 0.0


def count(event: str, n: int = 1) -> None:
    """Count one of EVENTS (any other is a KeyError); it is sent with the next flush."""
    _counts[event] += n


def gauge(name: str, value: int) -> None:
    """Say how much this process has of something now; it is shown until a minute after the last flush."""
    _gauges[name] = value


# -- Sending --------------------------------------------------------------------------------------


def flush_if_due() -> bool:
    """Flush, unless that was done less than 5 s ago. Never raises; else the cost of looking at a clock."""
    due = time.monotonic() >= _due
    if due:
        flush()
    return due


def flush() -> None:
    """Add what was counted since the last flush to this minute. One round trip; while Redis is down, or
    another thread is at it, none, and the counts stay for the next one. Never raises."""
    global _due
    _due = time.monotonic() + FLUSH_SECONDS
    _counts.flush(_send)


def _send(added: dict[str, int]) -> None:
    """Down when the server may not have taken it."""
    if not added and not _gauges:
        return
    now = time.time()
    with answering():
        pipeline = client().pipeline(transaction=False)
        if added:
            for key, seconds in ((_minute_key(int(now // 60)), COUNTS_SECONDS), (_TOTAL, TOTAL_SECONDS)):
                for event, n in added.items():
                    pipeline.hincrby(key, event, n)
                pipeline.expire(key, seconds)
        if _gauges:
            worker = f"{socket.gethostname()}:{os.getpid()}"
            for name, value in list(_gauges.items()):
                pipeline.hset(_worker_key(worker), name, value)
            pipeline.expire(_worker_key(worker), WORKER_SECONDS)
            pipeline.zadd(_WORKERS, {worker: now})
            pipeline.zremrangebyscore(_WORKERS, "-inf", now - WORKER_SECONDS)
            pipeline.expire(_WORKERS, WORKER_SECONDS)
        pipeline.execute()


def _minute_key(minute: int) -> str:
    return f"stats:{{cache}}:{minute}"


def _worker_key(worker: str) -> str:
    return f"stats:{{cache}}:worker:{worker}"


# -- Reading --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Counted:
    """What all processes counted in the last so many seconds."""

    counts: dict[str, int]
    seconds: float

    @property
    def from_cache(self) -> int:
        """How many pages the cache answered."""
        return sum(self.counts[event] for event in FROM_CACHE)

    @property
    def asked(self) -> int:
        """How many pages were asked for."""
        return sum(self.counts[event] for event in ASKED)

    @property
    def hit_rate(self) -> float | None:
        """The part of the pages that are kept which the cache answered, 0 to 1; None when none was asked for."""
        kept = self.from_cache + self.counts["miss"]
        return self.from_cache / kept if kept else None

    def per_minute(self, event: str) -> float:
        return self.counts[event] * 60 / self.seconds


def last_minutes(n: int) -> Counted:
    """The counts of the last `n` whole minutes and of the one that runs. One round trip; Down without Redis."""
    now = time.time()
    minute = int(now // 60)
    with answering():
        pipeline = client().pipeline(transaction=False)
        for each in range(minute - n, minute + 1):
            pipeline.hgetall(_minute_key(each))
        answers: list[dict[bytes, bytes]] = pipeline.execute()
    summed = {event: sum(int(found.get(event.encode(), 0)) for found in answers) for event in EVENTS}
    return Counted(summed, n * 60 + now % 60)


def total() -> dict[str, int]:
    """The counts of all time, since Redis knows. One round trip; Down without Redis."""
    with answering():
        found: Any = client().hgetall(_TOTAL)
    return {event: int(found.get(event.encode(), 0)) for event in EVENTS}


def workers() -> dict[str, dict[str, int]]:
    """The gauges of every process heard of in the last minute, by host:pid. Two round trips; Down without Redis."""
    with answering():
        redis: Any = client()
        names = sorted(name.decode() for name in redis.zrangebyscore(_WORKERS, time.time() - WORKER_SECONDS, "+inf"))
        pipeline = redis.pipeline(transaction=False)
        for name in names:
            pipeline.hgetall(_worker_key(name))
        said: list[dict[bytes, bytes]] = pipeline.execute() if names else []
    return {
        name: {gauge.decode(): int(value) for gauge, value in sorted(values.items())}
        for name, values in zip(names, said, strict=True)
        if values
    }
