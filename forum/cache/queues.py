"""How many cases wait for the moderators of each forum, for the number at their menu.

`q:{queues}:<forum>` is a set: the subjects of the forum's open cases, and "", so that one without cases is told from
one that is missing. Whoever opens or closes a case says so here afterwards, in one round trip, and twice is as good as
once. A set that is missing is read from DynamoDB by whoever wants to know. It ends after twenty minutes whatever
happens, so that what a writer could not say, while Redis was down, is forgotten soon.

What a process keeps of the sets stands under the generation of the tag `queues`, in whose slot they are.
"""

import secrets
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress

from forum.redis import Call, Down, answering, run

from . import scripts
from .intents import state_key
from .tags import QUEUES

SECONDS = 1_200
# More of a forum are not counted; what is shown beyond 99 is "99+" anyway.
MOST = 200

Place = tuple[str, str]
"""A forum, and the subject of a case in its queue."""

# KEYS: set. ARGV: SADD or SREM, subject. A set that is missing stays so.
_CHANGE = "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call(ARGV[1], KEYS[1], ARGV[2]) end return 1"
# KEYS: set. -> how many cases, -1 where it is missing.
_COUNT = "return redis.call('SCARD', KEYS[1]) - 1"
# KEYS: set, state. ARGV: generation, ms to keep it, subjects…. Nothing where a case has come or gone meanwhile.
_FILL = """
if redis.call('ZSCORE', KEYS[2], ARGV[1]) then
  redis.call('DEL', KEYS[1])
  redis.call('SADD', KEYS[1], '')
  for i = 3, #ARGV do redis.call('SADD', KEYS[1], ARGV[i]) end
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1
"""


def changed(opened: Iterable[Place] = (), closed: Iterable[Place] = ()) -> None:
    """Say that cases have been opened and closed. One round trip; none while Redis is down, or where there are none."""
    calls: list[Call] = [(_CHANGE, [_key(forum)], ["SREM", subject]) for forum, subject in closed]
    calls += [(_CHANGE, [_key(forum)], ["SADD", subject]) for forum, subject in opened]
    if not calls:
        return
    renew: Call = (scripts.FINISH, [state_key(QUEUES)], ["", secrets.token_hex(8), "0"])
    with suppress(Down), answering():
        run([*calls, renew])


def count(forums: Collection[str], generation: str, read: Callable[[str], Collection[str]]) -> int:
    """How many cases wait in these forums. One round trip; for sets that are missing one more, after `read` has found
    the subjects of each. `generation` is that of the tag, read before. Down where Redis cannot say."""
    with answering():
        found: dict[str, int] = dict(zip(forums, run([(_COUNT, [_key(name)], []) for name in forums]), strict=True))
    missing = {name: read(name) for name, number in found.items() if number < 0}
    fill: list[Call] = [
        (_FILL, [_key(name), state_key(QUEUES)], [generation, SECONDS * 1000, *subjects])
        for name, subjects in missing.items()
    ]
    if fill:
        with answering():
            run(fill)
    return sum(len(missing[name]) if name in missing else number for name, number in found.items())


def _key(forum: str) -> str:
    return f"q:{{{QUEUES}}}:{forum}"
