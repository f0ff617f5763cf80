"""Leaderboards: who wrote most, was liked most, and answered most, in a day, a week, a month, and ever.

Equal members share a rank. Pages and ranks come in one round trip, in logarithmic time, however many members there
are: https://valkey.io/topics/sorted-sets/
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from forum.redis import Call

from . import store

# KEYS: a board. ARGV: the first and the last place, counted from 0; a member, "" for nobody.
# -> members and their numbers in turn, how many there are, the member's number and rank (0 for none).
_TOP = """
local own, rank = 0, 0
if ARGV[3] ~= '' then
  own = redis.call('ZSCORE', KEYS[1], ARGV[3]) or 0
  if own ~= 0 then rank = 1 + redis.call('ZCOUNT', KEYS[1], '(' .. own, '+inf') end
end
local first = redis.call('ZREVRANGE', KEYS[1], ARGV[1], ARGV[2], 'WITHSCORES')
local before = 0
if #first > 0 then before = redis.call('ZCOUNT', KEYS[1], '(' .. first[2], '+inf') end
return {first, redis.call('ZCARD', KEYS[1]), tostring(own), rank, before}
"""


@dataclass(frozen=True, slots=True)
class Standing:
    member_id: str
    rank: int
    score: int


@dataclass(frozen=True, slots=True)
class Board:
    """Some places of a leaderboard, how many members are on it, and where the reader is; None for nowhere."""

    standings: list[Standing]
    count: int
    own: Standing | None = None


def call(measure: str, period: str, first: int, most: int, member_id: str = "") -> Call:
    """The script that reads the places from `first` on, counted from 0; `taken` reads its answer."""
    key = store.board_key(measure, period, datetime.now(UTC))
    return _TOP, [key], [first, first + most - 1, member_id]


def taken(answer: Any, first: int = 0, member_id: str = "") -> Board:
    flat, count, score, rank, before = answer
    own = Standing(member_id, int(rank), int(float(score))) if int(rank) else None
    return Board(list(_ranked(flat, first, int(before))), int(count), own)


def _ranked(flat: list[bytes], first: int, before: int) -> list[Standing]:
    standings: list[Standing] = []
    rank, last = before + 1, None
    for place, (member, score) in enumerate(zip(flat[::2], flat[1::2], strict=True), first + 1):
        number = int(float(score))
        if last is not None and number != last:
            rank = place
        last = number
        standings.append(Standing(member.decode(), rank, number))
    return standings


def get_board(measure: str, period: str, first: int = 0, most: int = 50, member_id: str = "") -> tuple[Board, str]:
    """Places of a board, with a member's own rank, and since when is counted ("" for ever). One round trip; Down
    without Redis."""
    answer, since = store.ask(call(measure, period, first, most, member_id), since_call())
    return taken(answer, first, member_id), since_of(since)


# KEYS: since.
_SINCE = "return redis.call('GET', KEYS[1]) or ''"


def since_call() -> Call:
    return _SINCE, [store.SINCE], []


def since_of(answer: Any) -> str:
    """When counting began, as a date, where it is not whole."""
    return datetime.fromtimestamp(int(answer), UTC).date().isoformat() if answer else ""
