"""How often threads are read, and by how many: counted in Redis, and written behind to DynamoDB in batches.

Every process counts in its memory and sends it with its figures, every five seconds (`cache.stats`); `actions.viewing`
adds what has come together to the threads' heads. A page view costs no write of its own, in DynamoDB or in Redis.
Readers are told apart by a HyperLogLog for each thread, which is right within a percent and takes 12 KB at the most.

    pulse:{pulse}:views            hash: aws/01J…|views, aws/01J…|readers -> how many more
    pulse:{pulse}:batch            the same, being added to the heads, and the batch's number under ""
    pulse:{pulse}:readers:01J…     HyperLogLog of who has read a thread, forgotten 90 days after the last of them
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from forum.cache import guests
from forum.redis import Call, Down

from . import store

READERS_SECONDS = 90 * 86_400
# So many threads' counts wait while Redis is away, and so many are sent in one round trip.
MOST_WAITING = 5_000
BATCH = 200
# So many readers of a thread are told apart between two flushes; Lua can hand on only some thousands at once.
READERS_MOST = 1_000

_VIEWS = "pulse:{pulse}:views"
_BATCH = "pulse:{pulse}:batch"
_LAST = "pulse:{pulse}:batch:last"

# KEYS: where it is remembered that this was sent, views, and of each thread its readers.
# ARGV: how long readers are kept in s; for each thread its name, how many views, how many readers follow, these.
_ADD = """
if not redis.call('SET', KEYS[1], 1, 'NX', 'EX', 120) then return 0 end
local place = 2
for thread = 3, #KEYS do
  local name, views, count = ARGV[place], ARGV[place + 1], tonumber(ARGV[place + 2])
  redis.call('HINCRBY', KEYS[2], name .. '|views', views)
  if count > 0 then
    local before = redis.call('PFCOUNT', KEYS[thread])
    redis.call('PFADD', KEYS[thread], unpack(ARGV, place + 3, place + 2 + count))
    redis.call('EXPIRE', KEYS[thread], ARGV[1])
    local more = redis.call('PFCOUNT', KEYS[thread]) - before
    if more > 0 then redis.call('HINCRBY', KEYS[2], name .. '|readers', more) end
  end
  place = place + 3 + count
end
return 1
"""

# KEYS: views, the batch, the last batch's number. -> the batch, begun now or left by somebody who did not end it.
# Numbers rise, so that who is late with one batch cannot add it once more after the next (`tables.threads`).
_TAKE = """
if redis.call('EXISTS', KEYS[2]) == 0 then
  if redis.call('EXISTS', KEYS[1]) == 0 then return {} end
  local time = redis.call('TIME')
  local number = math.max(time[1] * 1000 + math.floor(time[2] / 1000), 1 + (redis.call('GET', KEYS[3]) or 0))
  redis.call('SET', KEYS[3], string.format('%.0f', number))
  redis.call('RENAME', KEYS[1], KEYS[2])
  redis.call('HSET', KEYS[2], '', string.format('%.0f', number))
end
return redis.call('HGETALL', KEYS[2])
"""

# KEYS: the batch. ARGV: its number, fields…. Takes out what has been added; the batch ends with the last.
_DONE = """
if redis.call('HGET', KEYS[1], '') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], unpack(ARGV, 2))
if redis.call('HLEN', KEYS[1]) == 1 then redis.call('DEL', KEYS[1]) end
return 1
"""


@dataclass(frozen=True, slots=True)
class Viewed:
    """A thread that was read ("aws/01J…"): so many views more, and so many readers."""

    name: str
    views: int
    readers: int


_views: dict[str, int] = {}
_readers: dict[str, set[str]] = {}


def count(thread: str, who: str) -> None:
    """Somebody was given a page of a thread ("aws/01J…"): a member, by their id, or a guest (`cache.guests`)."""
    if thread in _views or len(_views) < MOST_WAITING:
        _views[thread] = _views.get(thread, 0) + 1
        readers = _readers.setdefault(thread, set())
        if len(readers) < READERS_MOST:
            readers.add(who)


def flush() -> None:
    """Send what was counted; while Redis is down it waits for the next time. Never raises.

    Should a thread count at this very moment, one view may go unnoticed.
    """
    global _views, _readers
    if not _views:
        return
    (views, _views), (readers, _readers) = (_views, {}), (_readers, {})
    names = list(views)
    try:
        while names:
            store.ask(_adding([(name, views[name], sorted(readers.get(name, ()))) for name in names[:BATCH]]))
            del names[:BATCH]
    except Down:
        for name in names:
            _views[name] = _views.get(name, 0) + views[name]
            _readers.setdefault(name, set()).update(readers.get(name, ()))


def _adding(counted: list[tuple[str, int, list[str]]]) -> Call:
    keys = [f"pulse:{{pulse}}:told:{secrets.token_hex(8)}", _VIEWS]
    arguments: list[Any] = [READERS_SECONDS]
    for name, views, who in counted:
        keys.append(f"pulse:{{pulse}}:readers:{name.partition('/')[2]}")
        some = [each for each in map(_known_as, who[:READERS_MOST]) if each]
        arguments += [name, views, len(some), *some]
    return _ADD, keys, arguments


def _known_as(who: str) -> str:
    return who if who.isdigit() else guests.digest(who)


def take() -> tuple[int, list[Viewed]]:
    """The batch that is to be added to the heads, and its number; (0, []) if nothing was read. Down without Redis."""
    (flat,) = store.ask((_TAKE, [_VIEWS, _BATCH, _LAST], []))
    fields = {field.decode(): int(value) for field, value in _pairs(flat)}
    number = fields.pop("", 0)
    return number, [
        Viewed(name, fields.get(f"{name}|views", 0), fields.get(f"{name}|readers", 0))
        for name in sorted({field.partition("|")[0] for field in fields})
    ]


def done(number: int, viewed: list[Viewed]) -> None:
    """These of the batch have been added. Down without Redis: then they are tried again, and not added again."""
    fields = [field for each in viewed for field in (f"{each.name}|views", f"{each.name}|readers")]
    store.ask((_DONE, [_BATCH], [number, *fields]))


def _pairs(flat: Any) -> Iterator[tuple[bytes, bytes]]:
    return zip(flat[::2], flat[1::2], strict=True)


def forget() -> None:
    """What was counted and not sent (tests)."""
    _views.clear()
    _readers.clear()
