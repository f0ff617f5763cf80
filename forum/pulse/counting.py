"""Taking in what has just been stored: one round trip for each transaction that changes numbers.

What is told while Redis is away waits in the process for the next transaction. A process that dies in between, or a
Redis that is lost, leaves ranks that are a little too low until `manage.py rebuild pulse`.
"""

import json
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from forum.redis import Down
from forum.tables.tallies import LIKES, POSTS, SOLVED, THREADS, Change, is_member

from . import batches, store, totals, trending

# So many changes wait while Redis is away.
MOST_WAITING = 1000
RECENT_MOST = 200
# What was written longer ago, as by whoever loads an older forum, did not just happen.
RECENT_SECONDS = 60.0

# One of these operations: what to do, which key, and with what.
Operation = list[Any]

# KEYS: where it is remembered that this was counted; then those that the operations name by their number.
# ARGV: operations as JSON; now, in s. A script that is sent twice counts once.
COUNT = """
if not redis.call('SET', KEYS[1], 1, 'NX', 'EX', 120) then return 0 end
for _, operation in ipairs(cjson.decode(ARGV[1])) do
  local act, key, what, more, life = unpack(operation)
  key = KEYS[key]
  if act == 'rank' then
    if tonumber(redis.call('ZINCRBY', key, more, what)) <= 0 then redis.call('ZREM', key, what) end
    if life > 0 then redis.call('EXPIRE', key, life) end
  elseif act == 'total' then
    redis.call('HINCRBY', key, what, more)
    if life > 0 then redis.call('EXPIRE', key, life) end
  elseif act == 'drop' then
    redis.call('ZREM', key, what)
  elseif act == 'happened' then
    redis.call('LPUSH', key, what)
    redis.call('LTRIM', key, 0, more - 1)
  elseif act == 'trend' then
    local points = redis.call('HINCRBY', KEYS[operation[6]], operation[7], more)
    if points <= 0 then redis.call('HDEL', KEYS[operation[6]], operation[7]) end
    local score = operation[8] + math.log10(math.max(points, 1))
    if more >= 0 then redis.call('ZADD', key, score, what) else redis.call('ZADD', key, 'XX', score, what) end
    redis.call('ZREMRANGEBYRANK', key, 0, -life - 1)
  end
end
redis.call('SET', KEYS[2], ARGV[2], 'NX')
return 1
"""

_waiting: deque[Change] = deque(maxlen=MOST_WAITING)


def note(changes: Sequence[Change]) -> None:
    """Count these changes, which have just been stored. One round trip. Never raises."""
    _waiting.extend(changes)
    taken = [_waiting.popleft() for _ in range(len(_waiting))]
    try:
        _send(taken)
    except Down:
        _waiting.extendleft(reversed(taken))


def _send(changes: Sequence[Change]) -> None:
    now = datetime.now(UTC)
    keys = _Keys(store.told_key(), store.SINCE)
    operations = [operation for change in changes for operation in _operations(change, keys, now)]
    store.ask((COUNT, keys.names, [json.dumps(operations), int(now.timestamp())]))


class _Keys:
    """The keys of a script, each once, and their numbers."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)

    def __getitem__(self, name: str) -> int:
        if name not in self.names:
            self.names.append(name)
        return self.names.index(name) + 1


def _operations(change: Change, keys: _Keys, now: datetime) -> Iterator[Operation]:
    yield from _ranks(change, keys, now)
    if change.name in (POSTS, THREADS):
        yield ["total", keys[batches.UNSAVED], totals.field(change.forum, change.name), change.more, 0]
    if change.name == POSTS and change.user_id and change.at[:10] == f"{now:%Y-%m-%d}":
        yield ["total", keys[store.today_key(now)], POSTS, change.more, store.TODAY_SECONDS]
    yield from _trend(change, keys)
    if _just_happened(change, now):
        yield ["happened", keys[store.RECENT], entry(change), RECENT_MOST, 0]


def _ranks(change: Change, keys: _Keys, now: datetime) -> Iterator[Operation]:
    if change.name not in store.MEASURES or not is_member(change.user_id):
        return
    for period in store.current(change.at, now):
        key = keys[store.board_key(change.name, period, now)]
        yield ["rank", key, change.user_id, change.more, store.LIFE_SECONDS[period]]


def _trend(change: Change, keys: _Keys) -> Iterator[Operation]:
    key, place = keys[store.TRENDING], f"{change.forum}/{change.thread_id}"
    if change.name == THREADS and change.more < 0:
        yield ["drop", key, place, 0, 0]
    elif change.name in (POSTS, LIKES, THREADS):
        began, points = trending.age(change.thread_id, change.at), keys[store.POINTS]
        more = 0 if change.name == THREADS else change.more
        yield ["trend", key, place, more, trending.MOST, points, change.thread_id, began]


def _just_happened(change: Change, now: datetime) -> bool:
    if change.more < 1 or not is_member(change.user_id) or not change.number:
        return False
    if change.name == POSTS and change.number == 1:
        # It is told as a thread.
        return False
    since = (now - datetime.fromisoformat(change.at[:26]).replace(tzinfo=UTC)).total_seconds()
    return change.name == SOLVED or (change.name in (POSTS, THREADS) and since < RECENT_SECONDS)


def entry(change: Change) -> str:
    """One line of what just happened, as `recent.Happening` reads it."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return "|".join([change.name, change.forum, change.thread_id, str(change.number), change.user_id, at])


def forget() -> None:
    """What waits (tests)."""
    _waiting.clear()
