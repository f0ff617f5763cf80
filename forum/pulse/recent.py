"""What just happened, in all forums: threads that were started, replies, answers; the newest first, so many of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from forum.redis import Call

from . import store

# KEYS: the list. ARGV: how many.
_NEWEST = "return redis.call('LRANGE', KEYS[1], 0, ARGV[1] - 1)"


@dataclass(frozen=True, slots=True)
class Happening:
    """`kind` is threads, posts or solved, as in `tables.tallies`."""

    kind: str
    forum: str
    thread_id: str
    number: int
    user_id: str
    at: datetime


def call(most: int) -> Call:
    """The script that reads the newest; `taken` reads its answer."""
    return _NEWEST, [store.RECENT], [most]


def taken(answer: Any) -> list[Happening]:
    return [_happening(*line.decode().split("|")) for line in answer]


def _happening(kind: str, forum: str, thread_id: str, number: str, user_id: str, at: str) -> Happening:
    return Happening(kind, forum, thread_id, int(number), user_id, datetime.fromisoformat(at))
