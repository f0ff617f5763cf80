"""How often threads are read, and by how many: counted in Redis, and written behind to DynamoDB in batches.

Every process counts in its memory and sends it with its figures, every five seconds (`cache.stats`); what has come
together (`batches`) is added to the threads' heads. A page view costs no write of its own, in DynamoDB or in Redis.
Readers are told apart by a HyperLogLog for each thread, which is right within a percent and takes 12 KB at the most.

    pulse:{pulse}:readers:01J…     HyperLogLog of who has read a thread, forgotten 90 days after the last of them
"""

from typing import Any

from forum.cache import guests
from forum.redis import Call, Down

from . import batches, store

READERS_SECONDS = 90 * 86_400
# So many threads' counts wait while Redis is away, and so many are sent in one round trip.
MOST_WAITING = 5_000
BATCH = 200
# So many readers of a thread are told apart between two flushes; Lua can hand on only some thousands at once.
READERS_MOST = 1_000

# KEYS: where it is remembered that this was sent, what is unsaved, and of each thread its readers.
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
    keys = [store.told_key(), batches.UNSAVED]
    arguments: list[Any] = [READERS_SECONDS]
    for name, views, who in counted:
        keys.append(f"pulse:{{pulse}}:readers:{name.partition('/')[2]}")
        some = [each for each in map(_known_as, who[:READERS_MOST]) if each]
        arguments += [name, views, len(some), *some]
    return _ADD, keys, arguments


def _known_as(who: str) -> str:
    return who if who.isdigit() else guests.digest(who)


def forget() -> None:
    """What was counted and not sent (tests)."""
    _views.clear()
    _readers.clear()
