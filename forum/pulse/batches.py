"""What Redis has counted and DynamoDB does not know yet: it comes together here, and is taken in batches with a number.

Whoever takes a batch adds it to the items, each of which takes a number once (`tables.batches`), and says what is done.
A batch that somebody did not end is gone on with by whoever comes next, by two at once if they will.

    pulse:{pulse}:unsaved        hash: aws/01J…|views, aws/01J…|readers, aws|posts, aws|threads -> how many more
    pulse:{pulse}:batch          the same, being added, and the batch's number under ""
    pulse:{pulse}:batch:last     the last batch's number
"""

from collections import defaultdict
from collections.abc import Mapping
from itertools import chain

from . import store

UNSAVED = "pulse:{pulse}:unsaved"
BATCH = "pulse:{pulse}:batch"
_LAST = "pulse:{pulse}:batch:last"

Changes = Mapping[str, Mapping[str, int]]
"""How many more of what, by the name of a thread ("aws/01J…") or a forum ("aws")."""

# KEYS: what is unsaved, the batch, the last batch's number. -> the batch, begun now or left by somebody.
# Numbers rise, so that who is late with one batch cannot add it once more after the next; also those of a server that
# has lost the last one, since they are times.
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

# KEYS: the batch; forums' totals. ARGV: its number; how many fields follow, these; totals' fields and numbers in turn.
# Takes out what has been added, whose totals are now in DynamoDB as told; the batch ends with the last.
_DONE = """
if redis.call('HGET', KEYS[1], '') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], unpack(ARGV, 3, 2 + ARGV[2]))
if redis.call('HLEN', KEYS[1]) == 1 then redis.call('DEL', KEYS[1]) end
if #ARGV > 2 + ARGV[2] then redis.call('HSET', KEYS[2], unpack(ARGV, 3 + ARGV[2])) end
return 1
"""


def take() -> tuple[int, Changes]:
    """The batch that is to be added, and its number; (0, {}) if nothing was counted. Down without Redis."""
    (flat,) = store.ask((_TAKE, [UNSAVED, BATCH, _LAST], []))
    fields = {field.decode(): int(value) for field, value in zip(flat[::2], flat[1::2], strict=True)}
    number = fields.pop("", 0)
    changes: dict[str, dict[str, int]] = defaultdict(dict)
    for field, more in sorted(fields.items()):
        name, _, what = field.partition("|")
        changes[name][what] = more
    return number, changes


def done(number: int, some: Changes, totals: Mapping[str, int]) -> None:
    """These of the batch have been added, and the totals of the forums among them, by their fields ("aws|posts"), are
    so many now. Down without Redis: then they are tried again, and not added again."""
    fields = [f"{name}|{what}" for name, more in some.items() for what in more]
    arguments = [number, len(fields), *fields, *chain.from_iterable(totals.items())]
    store.ask((_DONE, [BATCH, store.TOTALS], arguments))
