"""How many posts and threads each forum has: what DynamoDB has, as of the last batch, and what has changed since.

    pulse:{pulse}:totals     hash: aws|posts, aws|threads -> as DynamoDB has them (`tables.totals`)

Whoever adds a batch there says what the totals are then (`batches.done`), so this follows whatever happens. Where it
has been lost, or a forum is new, whoever reads it next puts it back: once for each forum, not at every page. What had
come together and was not added yet is lost with Redis: a minute, until `manage.py rebuild pulse` counts anew.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from forum.redis import Call
from forum.tables import totals as stored
from forum.tables.totals import NAMES

from . import store
from .batches import BATCH, UNSAVED

# KEYS: totals, the batch, what is unsaved. ARGV: fields. -> of each its number as of now, "" where it is not known
_READ = """
local found = {}
for place, field in ipairs(ARGV) do
  local number = redis.call('HGET', KEYS[1], field)
  if number then
    number = number + (redis.call('HGET', KEYS[2], field) or 0) + (redis.call('HGET', KEYS[3], field) or 0)
  end
  found[place] = number or ''
end
return found
"""

# KEYS: totals, the batch. ARGV: fields, their numbers in DynamoDB, and the batch last added there, in turn. What was
# added there and is not out of the batch yet would count twice.
_RESTORE = """
for place = 1, #ARGV, 3 do
  local field, number, batch = unpack(ARGV, place, place + 2)
  if redis.call('HGET', KEYS[2], '') == batch then number = number - (redis.call('HGET', KEYS[2], field) or 0) end
  redis.call('HSETNX', KEYS[1], field, number)
end
return 1
"""


def call(forums: Sequence[str]) -> Call:
    """The script that reads the totals of these forums; `taken` reads its answer."""
    fields = [field(forum, name) for forum in forums for name in NAMES]
    return _READ, [store.TOTALS, BATCH, UNSAVED], fields


def taken(answer: Any, forums: Sequence[str]) -> dict[str, tuple[int, int]]:
    """(posts, threads) by forum. Where Redis does not know one, a BatchGetItem and two round trips; Down, Unavailable.

    Those that it has lost once more are left out.
    """
    if lost := [forum for forum, *numbers in _by_forum(answer, forums) if b"" in numbers]:
        store.ask(_restoring(lost))
        (answer,) = store.ask(call(forums))
    return {forum: (int(p), int(t)) for forum, p, t in _by_forum(answer, forums) if b"" not in (p, t)}


def _by_forum(answer: Any, forums: Sequence[str]) -> Iterator[tuple[str, Any, Any]]:
    return zip(forums, answer[::2], answer[1::2], strict=True)


def _restoring(forums: Iterable[str]) -> Call:
    arguments = [
        word
        for forum, item in stored.get_totals(forums).items()
        for name, number in item.numbers.items()
        for word in (field(forum, name), number, int(item.batch or 0))
    ]
    return _RESTORE, [store.TOTALS, BATCH], arguments


def field(forum: str, name: str) -> str:
    return f"{forum}|{name}"


# KEYS: totals. ARGV: fields.
_DROP = "return redis.call('HDEL', KEYS[1], unpack(ARGV))"


def drop(forum: str) -> None:
    """Have the forum's totals read from DynamoDB again, where somebody has put them right. Down without Redis."""
    store.ask((_DROP, [store.TOTALS], [field(forum, name) for name in NAMES]))
