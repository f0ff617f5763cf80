"""What this process keeps in its own memory: the state of tags, and hot pages with answers made of them.

Nothing here is believed unless the tracking connection has just been read (`tracking`): a page is
served from memory only while every generation it was stored under is known to stand at this moment.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from django.conf import settings

from . import presence, stats, units, visits
from .body import Body
from .scripts import PostKey
from .tracking import Expected, Tracker

# What an entry weighs beyond its texts: the objects, and its places in two dictionaries.
OVERHEAD = 2000


@dataclass(frozen=True, slots=True)
class State:
    """A tag's generation; of posts that indexes may not show as they are, base keys and revisions; and whether a write
    is under way, so that some may see what it changes before the generation says so. The posts are all that was written
    only from the moment `names_all_from` on (time.monotonic)."""

    generation: str
    written: Mapping[PostKey, int] = field(default_factory=dict)
    writing: bool = False
    names_all_from: float = 0.0


states: Tracker[State] = Tracker("default", "g:")


def enabled() -> bool:
    return bool(settings.LOCAL_PAGES_MB)


def known(keys: Iterable[str]) -> dict[str, State] | None:
    """The states of tags by their keys in Redis, None unless all are known to stand. Never waits for long."""
    if not enabled() or not states.revive():
        return None
    found = {}
    for key in keys:
        state = states.get(key)
        if state is None:
            return None
        found[key] = state
    return found


def expect(keys: Iterable[str]) -> list[Expected]:
    """To be called before Redis is asked for these states, so that none that changes meanwhile is kept."""
    return [states.expect(key) for key in keys] if enabled() else []


def stand(generations: Mapping[str, str]) -> bool:
    """Whether these generations, by their keys in Redis, are known to be today's; the caller has asked
    `states.alive()`."""
    get = states.get
    for key, generation in generations.items():
        state = get(key)
        if state is None or state.generation != generation:
            return False
    return True


@dataclass(slots=True, eq=False)
class Kept:
    """A page in memory: the generations it was stored under, by their keys, its body, until when it lasts
    (time.monotonic), and by what the answers already made of it are found (see `forum.fast`)."""

    name: str
    generations: Mapping[str, str]
    body: Body
    until: float = math.inf
    answers: dict[Hashable, int] = field(default_factory=dict)
    answers_weight: int = 0
    weight: int = 0

    def stands(self) -> bool:
        """Whether no tag has changed; the caller has asked `states.alive()`."""
        return time.monotonic() < self.until and stand(self.generations)

    def lives_until(self) -> float:
        """Until when it stands if no tag changes."""
        return min([self.until, *map(states.lives_until, self.generations)])


class Shelf:
    """Hot pages, at most LOCAL_PAGES_MB of them; the least recently used goes first."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pages: OrderedDict[str, Kept] = OrderedDict()
        self._answers: dict[Hashable, tuple[Kept, Any]] = {}
        self.bytes = 0

    @property
    def count(self) -> int:
        return len(self._pages)

    def get(self, name: str, generations: Mapping[str, str]) -> Kept | None:
        """The page if it was stored under these generations."""
        with self._lock:
            kept = self._pages.get(name)
            if kept is None or kept.generations != generations or time.monotonic() >= kept.until:
                return None
            self._pages.move_to_end(name)
            return kept

    def put(self, name: str, generations: Mapping[str, str], body: Body, until: float = math.inf) -> None:
        if not enabled():
            return
        with self._lock:
            self._drop(name)
            kept = self._pages[name] = Kept(name, generations, body, until)
            self._weigh(kept)

    def answer(self, key: Hashable) -> tuple[Kept, Any] | None:
        """An answer made before, with the page that it was made of."""
        found = self._answers.get(key)
        if found is not None:
            try:
                self._pages.move_to_end(found[0].name)
            except KeyError:  # It has just been dropped by another thread.
                return None
        return found

    def add_answer(self, kept: Kept, key: Hashable, answer: Any) -> None:
        """Keep an answer as long as its page, in the place of another under this key. `answer.size` is what
        it weighs, once it has been sent: compressing it adds to it, and to the page."""
        with self._lock:
            if self._pages.get(kept.name) is kept:
                weight = OVERHEAD + answer.size
                kept.answers_weight += weight - kept.answers.get(key, 0)
                kept.answers[key] = weight
                self._answers[key] = kept, answer
                self._weigh(kept)

    def clear(self) -> None:
        with self._lock:
            self._pages.clear()
            self._answers.clear()
            self.bytes = 0

    def _weigh(self, kept: Kept) -> None:
        weight = OVERHEAD + kept.body.size + kept.answers_weight
        self.bytes += weight - kept.weight
        kept.weight = weight
        while self.bytes > settings.LOCAL_PAGES_MB * 1_000_000:
            self._drop(next(iter(self._pages)))

    def _drop(self, name: str) -> None:
        kept = self._pages.pop(name, None)
        if kept is not None:
            self.bytes -= kept.weight
            for key in kept.answers:
                self._answers.pop(key, None)


pages = Shelf()


# What other parts have to do now and then, which `report` does for them.
also: list[Callable[[], object]] = []


def report(**_: object) -> None:
    """Tell the operators now and then what this process keeps and does (see `stats`)."""
    stats.gauge("pages", pages.count)
    stats.gauge("bytes", pages.bytes)
    stats.gauge("tags", len(states))
    if stats.flush_if_due():
        visits.flush()
        presence.look_if_due()
        units.flush()
        for act in also:
            act()
