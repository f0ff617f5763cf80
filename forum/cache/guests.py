"""How many are here who are not signed in: those who were given a page in the last five minutes.

Nothing tells two of them apart but their address and their browser. A process notes both in its memory for the
seconds until it tells Redis with the figures that it sends anyway (`presence`), and tells only a digest, keyed with
a salt that Redis makes anew each day and forgets the next: nobody can find out who was here, and the digests of one
day say nothing about another's. Programs that say what they are do not count.

A HyperLogLog for each minute, so that a million guests take no more room than some::

    guests:{members}:29414412        the digests of a minute since 1970; right within a percent
    guests:{members}:salt:20426      the salt of a day since 1970
"""

import re
import secrets
import time
from collections.abc import Sequence
from hashlib import blake2b

from forum.redis import Call

# Of this minute and so many before it.
MINUTES = 5
# So many guests are noted until the next telling; more at one process in five seconds are not counted.
MOST = 20_000
KEEP_SECONDS = (MINUTES + 2) * 60
SALT_SECONDS = 2 * 86_400
DAY_MINUTES = 24 * 60

_PROGRAM = re.compile(r"bot|crawl|spider|slurp|curl|wget|python|http-?client|java/|go-http|monitor|preview|feed", re.I)

# KEYS: the day's salt, this minute, the minutes before it. ARGV: a salt, for how long to keep salts and minutes in s,
# how many of the keys are of this day, digests…. -> the salt of the day, how many
_NOTE = """
redis.call('SET', KEYS[1], ARGV[1], 'NX', 'EX', ARGV[2])
if #ARGV > 4 then
  for first = 5, #ARGV, 1000 do
    redis.call('PFADD', KEYS[2], unpack(ARGV, first, math.min(first + 999, #ARGV)))
  end
  redis.call('EXPIRE', KEYS[2], ARGV[3])
end
local today = 1 + tonumber(ARGV[4])
local count = redis.call('PFCOUNT', unpack(KEYS, 2, today))
if today < #KEYS then
  count = math.max(count, redis.call('PFCOUNT', unpack(KEYS, today + 1, #KEYS)))
end
return {redis.call('GET', KEYS[1]), count}
"""

_seen: set[str] = set()
# Of which day it is, and what it is; "" while it is not known.
_salt: tuple[int, str] = 0, ""
# How many are here, of all processes.
count = 0


def is_program(user_agent: str) -> bool:
    """Whether it is no browser that asks, by its own word."""
    return not user_agent or _PROGRAM.search(user_agent) is not None


def note(who: str) -> None:
    """Somebody who is not signed in was given a page; `who` tells them from others, "" is nobody to be counted."""
    if who and len(_seen) < MOST:
        _seen.add(who)


def digest(who: str) -> str:
    """What stands for a guest in Redis, on this day alone; "" while its salt is not known."""
    day, salt = _salt
    if day != int(time.time() // 86_400):
        return ""
    return blake2b(who.encode(), key=salt.encode(), digest_size=8).hexdigest()


def call() -> Call:
    """The script that tells whom this process has seen; `take` its answer. Whoever was seen before the salt of the
    day is known is told the next time."""
    global _seen
    minute = int(time.time() // 60)
    day = minute // DAY_MINUTES
    told: list[str] = []
    if _salt[0] == day:
        seen, _seen = _seen, set()
        # A thread that had just taken up the set may still add to it.
        told = [digest(each) for each in tuple(seen)]
    minutes = [f"guests:{{members}}:{each}" for each in range(minute, minute - MINUTES - 1, -1)]
    # At midnight the same guests have other digests: those of both days are counted apart, and the more are right.
    today = min(minute % DAY_MINUTES + 1, len(minutes))
    keys = [f"guests:{{members}}:salt:{day}", *minutes]
    return _NOTE, keys, [secrets.token_hex(16), SALT_SECONDS, KEEP_SECONDS, today, *told]


def take(answer: Sequence[bytes | str | int]) -> None:
    global _salt, count
    salt = answer[0].decode() if isinstance(answer[0], bytes) else str(answer[0])
    _salt, count = (int(time.time() // 86_400), salt), int(answer[1])


def forget() -> None:
    """Know of nobody (tests)."""
    global _seen, _salt, count
    _seen, _salt, count = set(), (0, ""), 0
