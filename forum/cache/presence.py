"""Who is here now: the members who were given a page in the last five minutes and do not hide it.

Processes note whom they answer (`visits`) and tell Redis with the figures that they send anyway, every five seconds
while somebody reads; the same round trip brings back who is here. So no page asks for it, on the fast path neither:
what a page shows rests on a *stamp*, which changes with who is here, and each half minute.

Of those who are not signed in only the number is known (`guests`), which comes with the same round trip. It never
stands still, so what pages show of it changes with the half minute alone.

One key::

    online:{members}    sorted set: member -> when last seen, in s since 1970 by the server's clock
"""

import time
from collections.abc import Sequence
from typing import Any

from forum.redis import Call, Down, answering, client, run

from . import guests

SECONDS = 5 * 60
# So many are named at the most.
MOST = 60
# What a process has not been told for so long it does not say.
BELIEVED_SECONDS = 60.0
LOOK_SECONDS = 5.0
# Names are looked up anew after so long.
SLOT_SECONDS = 30.0

Stamp = tuple[int, int]
_KEY = "online:{members}"

# KEYS: the set. ARGV: for how long somebody is here in s, how many are named, who was seen. -> how many, who
_NOTE = """
local now = tonumber(redis.call('TIME')[1])
for place = 3, #ARGV do redis.call('ZADD', KEYS[1], now, ARGV[place]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[1])
if #ARGV > 2 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return {redis.call('ZCARD', KEYS[1]), redis.call('ZREVRANGE', KEYS[1], 0, ARGV[2] - 1)}
"""

_seen: set[str] = set()
_here: frozenset[str] = frozenset()
_count = 0
_version = 0
_guests = 0
_guests_slot = 0
_told = float("-inf")


def note(member_id: str) -> None:
    """A member was given a page."""
    _seen.add(member_id)


def calls() -> list[Call]:
    """The scripts that tell whom this process has seen; `take` their answers."""
    global _seen
    seen, _seen = _seen, set()
    return [(_NOTE, [_KEY], [SECONDS, MOST, *sorted(seen)]), guests.call()]


def take(answers: Sequence[Any]) -> None:
    """What the scripts of `calls` have answered."""
    global _here, _count, _version, _told
    (count, named), said = answers
    here = frozenset(map(_text, named))
    guests.take(said)
    if _guests_differ() or (int(count), here) != (_count, _here):
        _count, _here, _version = int(count), here, _version + 1
    _told = time.monotonic()


def _guests_differ() -> bool:
    """Whether pages are to show another number of guests, which is remembered then."""
    global _guests, _guests_slot
    slot = _slot()
    if slot == _guests_slot and _guests:
        return False
    before, _guests, _guests_slot = _guests, guests.count, slot
    return _guests != before


def _slot() -> int:
    return int(time.monotonic() // SLOT_SECONDS)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def look_if_due() -> None:
    """Tell and ask, unless that was done in the last five seconds. One round trip. Never raises."""
    if time.monotonic() - _told < LOOK_SECONDS:
        return
    try:
        with answering():
            take(run(calls()))
    except Down:
        pass


def hide(member_id: str) -> None:
    """The member is not shown any more, from the next look of each process on. Down without Redis."""
    _seen.discard(member_id)
    with answering():
        client().zrem(_KEY, member_id)


def here() -> tuple[int, frozenset[str]]:
    """How many members are here, and who those are, or MOST of them; nobody where it is not known. No I/O."""
    if time.monotonic() - _told > BELIEVED_SECONDS:
        return 0, frozenset()
    return _count, _here


def guests_here() -> int:
    """How many are here who are not signed in; 0 where it is not known. No I/O."""
    return _guests if time.monotonic() - _told <= BELIEVED_SECONDS else 0


def stamp() -> Stamp:
    """What is the same as long as a page may go on showing who is here. No I/O."""
    if time.monotonic() - _told > BELIEVED_SECONDS or not (_here or _guests):
        return 0, 0
    return _version, _slot()


def forget() -> None:
    """Know of nobody (tests)."""
    global _seen, _here, _count, _told, _guests
    _seen, _here, _count, _told, _guests = set(), frozenset(), 0, float("-inf"), 0
    guests.forget()
