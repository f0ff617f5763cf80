"""What many write and like at this time: each thread has a score that is only ever added to.

The score is the logarithm of a thread's posts and their likes, plus the day it began: a thread that began a day later
is level with one that has ten times as much. So no job has to let old scores decay, as one would if ages were taken
away: https://moz.com/blog/reddit-stumbleupon-delicious-and-hacker-news-algorithms-exposed
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from forum.redis import Call
from forum.tables.keys import Nonce

from . import store

MOST = 1000
# So much later has to begin what is to be level with ten times as much.
TENFOLD_SECONDS = 86_400.0
_FIRST = datetime(2020, 1, 1, tzinfo=UTC)

# KEYS: the sorted set. ARGV: how many. -> "<forum>/<thread>", the first ahead
_HOTTEST = "return redis.call('ZREVRANGE', KEYS[1], 0, ARGV[1] - 1)"


@dataclass(frozen=True, slots=True)
class Place:
    forum: str
    thread_id: str


def age(thread_id: str, at: str) -> float:
    """What a thread's score has of when it began, as its id says; a thread made of others' posts has an id of no
    time, and counts from the post that was written `at`."""
    began = Nonce(thread_id).issued if thread_id[0] in "01" else _FIRST
    if not _FIRST < began < datetime.now(UTC) + timedelta(days=1):
        began = datetime.fromisoformat(at[:19]).replace(tzinfo=UTC)
    return began.timestamp() / TENFOLD_SECONDS


def call(most: int) -> Call:
    """The script that reads what is trending; `taken` reads its answer."""
    return _HOTTEST, [store.TRENDING], [most]


def taken(answer: Any) -> list[Place]:
    return [Place(*place.decode().split("/")) for place in answer]
