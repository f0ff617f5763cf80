"""Everything that is in Redis alone counted anew, beside what is shown, and then put in its place at once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain, islice
from math import log10
from typing import Any

from forum.redis import answering, client
from forum.tables.tallies import POSTS, THREADS, Change, is_member

from . import store, trending

CHUNK = 1000
_NEW = "pulse:{pulse}:new:"


class Pulse:
    """All of it, being counted: a few hundred bytes for each member, and for each thread."""

    def __init__(self, now: datetime | None = None) -> None:
        self.now = now or datetime.now(UTC)
        self._boards: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._today: dict[str, int] = defaultdict(int)
        self._points: dict[str, int] = defaultdict(int)
        self._listed: dict[str, tuple[str, float]] = {}

    def add(self, changes: Iterable[Change]) -> None:
        """Count what is there, as if it were written now (`pulse.counting`)."""
        for change in changes:
            if not change.more:
                continue
            if change.name in store.MEASURES and is_member(change.user_id):
                for period in store.current(change.at, self.now):
                    self._boards[store.board_key(change.name, period, self.now)][change.user_id] += change.more
            if change.name == POSTS and change.at[:10] == f"{self.now:%Y-%m-%d}":
                self._today[POSTS] += change.more
            if change.name == THREADS:
                self._listed[change.thread_id] = change.forum, trending.age(change.thread_id, change.at)
            else:
                self._points[change.thread_id] += change.more if change.name != "solved" else 0

    def store(self, members: set[str]) -> Iterator[int]:
        """Put it in the place of what Redis has, of these members; says now and then how much is there. Down without
        Redis: then nothing has changed."""
        lives = {
            store.board_key(measure, period, self.now): store.LIFE_SECONDS[period]
            for measure in store.MEASURES
            for period in store.PERIODS
        }
        sets = {key: self._of(key, members) for key in lives} | {store.TRENDING: self._hottest()}
        today = store.today_key(self.now)
        hashes = {today: self._today, store.POINTS: self._points}
        with answering(store.ALIAS):
            yield from _stage(sets, hashes)
            _swap([*sets, *hashes], {**lives, today: store.TODAY_SECONDS})

    def _of(self, key: str, members: set[str]) -> dict[str, float]:
        return {member: n for member, n in self._boards.get(key, {}).items() if n > 0 and member in members}

    def _hottest(self) -> dict[str, float]:
        scores = {
            f"{forum}/{thread_id}": age + log10(max(self._points.get(thread_id, 1), 1))
            for thread_id, (forum, age) in self._listed.items()
        }
        return dict(sorted(scores.items(), key=lambda each: each[1])[-trending.MOST :])


def _stage(sets: Mapping[str, Mapping[str, float]], hashes: Mapping[str, Mapping[str, int]]) -> Iterator[int]:
    redis, done = client(store.ALIAS), 0
    for key in chain(sets, hashes):
        redis.delete(_NEW + key)
    for key, scores in sets.items():
        for some in _parts(scores):
            redis.zadd(_NEW + key, some)
            yield (done := done + len(some))
    for key, numbers in hashes.items():
        for part in _parts(numbers):
            redis.hset(_NEW + key, mapping=part)
            yield (done := done + len(part))


# KEYS: since; then each that is new and the one that it takes the place of, in turn. ARGV: for how long each is kept.
_SWAP = """
for place = 2, #KEYS, 2 do
  if redis.call('EXISTS', KEYS[place]) == 1 then
    redis.call('RENAME', KEYS[place], KEYS[place + 1])
    local life = tonumber(ARGV[place / 2])
    if life > 0 then redis.call('EXPIRE', KEYS[place + 1], life) end
  else
    redis.call('DEL', KEYS[place + 1])
  end
end
redis.call('SET', KEYS[1], '')
return 1
"""


def _swap(keys: list[str], lives: Mapping[str, int]) -> None:
    pairs = [name for key in keys for name in (_NEW + key, key)]
    store.ask((_SWAP, [store.SINCE, *pairs], [lives.get(key, 0) for key in keys]))


def _parts(numbers: Mapping[str, Any]) -> Iterator[dict[Any, Any]]:
    pairs = iter(numbers.items())
    while part := dict(islice(pairs, CHUNK)):
        yield part
