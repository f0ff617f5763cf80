"""The members of a sample community, and who of them speaks."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle, repeat
from pathlib import Path
from random import Random

from .forums import SIGN_INS
from .model import SampleUser
from .times import DAY, daytime

# Every `#` heading of `names.md` with the words below it.
_NAMES = {
    heading: words.split()
    for heading, words in re.findall(
        r"^# (\w+)\n([^#]+)", Path(__file__).with_name("names.md").read_text(encoding="utf-8"), re.MULTILINE
    )
}

# The hand-written threads are by these; they come right after the sign-ins.
CAST = _NAMES["Cast"]

# They joined in the last days and say hello in the hand-written threads.
NEWCOMERS = {"hazel_ok": 2.9, "slowboat": 2.4, "plumtree_jo": 5.2}


def _invented(rng: Random) -> str:
    """A made-up user name in one of the fashions people follow."""
    first, second = rng.choice(_NAMES["First"]), rng.choice(_NAMES["Second"])
    fashions = (
        f"{first}{second}",
        f"{first}_{second}",
        f"{first.title()}{second.title()}",
        f"{second}{rng.randrange(2, 100)}",
        f"{first}-{second}",
        f"{second.title()}{rng.randrange(10, 100)}",
        f"{first[0]}_{second}",
    )
    return rng.choice(fashions)


_GIVEN = (*(name for name, _, _ in SIGN_INS), *CAST, *_NAMES["Regulars"])
_PLACES = {name: place for place, name in enumerate(_GIVEN)}


def written_index(username: str) -> int:
    """Where the author of a hand-written post stands among the users; KeyError for a name that is not given."""
    return _PLACES[username]


def usernames(count: int, seed: int) -> Iterator[str]:
    """That many names, no two alike in lower case: sign-ins, cast, regulars, then invented ones."""
    given = _GIVEN[:count]
    yield from given
    rng = Random(f"names {seed}")
    taken = {name.casefold() for name in given}
    for number in range(len(given), count):
        name = _invented(rng)
        while name.casefold() in taken:
            name = f"{_invented(rng)}{rng.randrange(2, 2 * number)}"
        taken.add(name.casefold())
        yield name


def _joined(username: str, index: int, count: int, rng: Random) -> float:
    """How many days ago a member joined: the first ones before the sample's year, the others ever since."""
    if username in NEWCOMERS:
        return NEWCOMERS[username]
    old = len(SIGN_INS) + len(CAST)
    if index < len(SIGN_INS):
        return 1400.0 - index
    if index < old or rng.random() < 0.4:
        return 370.0 + 1000.0 * rng.random()
    return 4.0 + 360.0 * (1.0 - index / count) * rng.random()


def members(count: int, seed: int, now: float) -> list[SampleUser]:
    """The members by index; their addresses are in a domain that is reserved and gets no mail."""
    rng = Random(f"members {seed}")
    found = []
    for index, name in enumerate(usernames(count, seed)):
        joined = min(daytime(now - DAY * _joined(name, index, count, rng)), now - DAY)
        found.append(SampleUser(name, f"{name.lower()}@example.org", datetime.fromtimestamp(joined, UTC)))
    return found


class Crowd:
    """Picks speakers: only members who had joined by then, those who joined early more often."""

    def __init__(self, users: list[SampleUser]) -> None:
        self.users = users
        self.by_joined = sorted(range(len(users)), key=lambda index: users[index].joined)
        self.joined = [users[index].joined.timestamp() for index in self.by_joined]

    def present(self, moment: float) -> int:
        """How many had joined by then; at least one."""
        return max(1, bisect_right(self.joined, moment))

    def pick(self, present: int, rng: Random, than: int = -1) -> int:
        """One of that many earliest members, as an index into the users; not `than` unless there is nobody else."""
        place = int(present * rng.random() ** 1.6)
        if self.by_joined[place] == than:
            place = (place + 1) % present
        return self.by_joined[place]


class Cast:
    """Who takes part in one thread: the one who starts it and a few others, or anybody when it is long."""

    def __init__(self, crowd: Crowd, since: float, rng: Random, few: int = 0, newcomers: bool = False) -> None:
        """`since` is when the thread begins; `few` is how many others there are at most, 0 for anybody.

        With `newcomers`, each speaks once, those who joined last before the others, and the sign-ins not at all.
        """
        self.crowd, self.rng = crowd, rng
        self.present = crowd.present(since)
        self.starter = crowd.pick(self.present, rng)
        picks = (crowd.pick(self.present, rng, self.starter) for _ in range(few))
        self.others = list(dict.fromkeys(picks))
        self.queue = self._queue() if newcomers else None

    def _queue(self) -> Iterator[int]:
        """Members by when they joined, the latest first, again and again."""
        line = [index for index in self.crowd.by_joined[: self.present] if index >= len(SIGN_INS)]
        return cycle(reversed(line)) if line else repeat(self.starter)

    def other(self, than: int) -> int:
        """Somebody other than `than`, if there is anybody; in a thread of few, never the starter."""
        if self.queue:
            return next(self.queue)
        if not self.others:
            return self.crowd.pick(self.present, self.rng, than)
        place = int(self.rng.random() * len(self.others))
        if self.others[place] == than:
            place = (place + 1) % len(self.others)
        return self.others[place]

    def name(self, index: int) -> str:
        return self.crowd.users[index].username
