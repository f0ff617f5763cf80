"""Values of Redis that this process keeps, and forgets when the server says that they changed.

One connection per server brings the news (`pushes`). It is read in the thread that wants to know, before
each decision that rests on what is kept: a thread that reads it in the background is always a little late,
and that little is a stale page. What a server pushed is not waited for; whoever writes waits for its
server to have pushed (`scripts.BARRIER`) before saying that it is done.

    if tracker.revive() and (value := tracker.get(key)) is not None:
        return value
    expected = tracker.expect(key)
    value = <ask the server>
    tracker.keep(expected, value)
"""

import logging
import math
import os
import select
import time
from collections.abc import Callable
from itertools import islice
from threading import Lock
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from django.core.signals import setting_changed
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from forum.redis import Down, answering, came_from, left_alone, primaries

from . import pushes, stats
from .pushes import Line, Lost

log = logging.getLogger(__name__)

REVIVE_SECONDS = 0.1
MOST_EXPECTED = 10_000

V = TypeVar("V")


class Expected:
    """A value about to be asked for. `since` is when, so that it is never believed for longer than it lives."""

    __slots__ = ("key", "since")

    def __init__(self, key: str) -> None:
        self.key = key
        self.since = time.monotonic()


class Tracker(Generic[V]):
    """Values that this process keeps of one Redis server, dropped when the server says that their keys changed.

    For any number of threads. It connects when it is first asked to `revive`, anew in a forked process.
    """

    def __init__(self, alias: str, *prefixes: str, limit: int = 100_000) -> None:
        """`limit` is how many values are kept at most; the oldest go first."""
        self.alias = alias
        self.limit = limit
        self.pushes = 0
        self.drops = 0
        # How many values that were kept are kept no longer: as long as it stays, so does all that was kept.
        self.losses = 0
        self._prefixes = prefixes
        self._kept: dict[str, tuple[V, float | None]] = {}
        self._expected: dict[str, Expected] = {}
        self._lines: dict[str, Line] = {}
        self._refusal = ""
        self._unlocked()
        _trackers.add(self)

    def _unlocked(self) -> None:
        """Locks that nobody holds, and no connection."""
        self._lock = Lock()
        self._reviving = Lock()
        # Whether something has come, within so many milliseconds; None while there is no connection.
        self._arrived: Callable[[float], list[Any]] | None = None
        # Until when a look at that is enough, and when it was last looked at.
        self._calm_until = 0.0
        self._looked = 0.0

    def __len__(self) -> int:
        return len(self._kept)

    # -- May what is kept be believed? ------------------------------------------------------------

    def alive(self, asked: float = math.inf) -> bool:
        """Take in what was pushed, and say whether what is kept may be believed now. Never waits, never
        connects. 1-2 us; less when that was done since `asked`, the moment (time.monotonic) at which
        what is to be answered had been asked: what was pushed later is not for that answer."""
        if asked <= self._looked and asked < self._calm_until:
            return True
        with self._lock:
            if self._arrived is None:
                return False
            try:
                looked = time.monotonic()
                if self._arrived(0):
                    self._take_in()
                self._looked = looked
                return looked < self._calm_until or self._beat(looked)
            except Lost as error:
                self._disconnect(error)
                return False

    def _take_in(self) -> None:
        for line in self._lines.values():
            for keys in line.read():
                if keys is None:  # FLUSHDB, FLUSHALL
                    self._forget()
                    continue
                self.pushes += len(keys)
                for key in keys:
                    if self._kept.pop(key, None):
                        self.losses += 1
                    self._expected.pop(key, None)
        self._calm_until = min(line.calm_until for line in self._lines.values())

    def _beat(self, now: float) -> bool:
        for line in self._lines.values():
            line.beat(now)
        self._calm_until = min(line.calm_until for line in self._lines.values())
        return now < min(line.believed_until for line in self._lines.values())

    def _forget(self) -> None:
        self.drops += 1
        if self._kept:
            stats.count("drop")
        self._kept.clear()
        self.losses += 1
        self._expected.clear()

    def _disconnect(self, reason: object) -> None:
        if self._arrived is None:
            return
        log.info("what is kept of %s is dropped: %s", self.alias, reason)
        self._forget()
        self._arrived = None
        self._looked = 0.0
        for line in self._lines.values():
            line.close()
        self._lines = {}

    def revive(self) -> bool:
        """As `alive`, but ask the server, or connect anew, if that is what it takes. Waits 0.1 s at most for
        a server that is silent, and then leaves it alone for a second."""
        if self.alive():
            return True
        pushes_of = f"pushes of {self.alias}"
        if left_alone(self.alias) or left_alone(pushes_of):
            return False
        until = time.monotonic() + REVIVE_SECONDS
        if not self._reviving.acquire(timeout=REVIVE_SECONDS):
            return False
        try:
            with answering(pushes_of):
                return self.alive() or self._hear(until) or self._connect()
        except Down as down:
            self._report(down.__cause__)
            return False
        finally:
            self._reviving.release()

    def _report(self, error: object) -> None:
        """Log that the server is up but refuses, once: it is asked again every second."""
        if isinstance(error, ResponseError) and str(error) != self._refusal:
            log.warning("%s does not tell what changes, so nothing of it is kept here: %s", self.alias, error)
            self._refusal = str(error)

    def _hear(self, until: float) -> bool:
        """Wait for the answers to the beats that `alive` has just sent. False when we must connect anew."""
        while True:
            with self._lock:
                arrived, now = self._arrived, time.monotonic()
                if arrived is None or any(line.overdue(now) for line in self._lines.values()):
                    return False
                descriptors = [line.descriptor for line in self._lines.values()]
            if now >= until:
                raise RedisTimeoutError("the server did not answer in time")
            _poll(descriptors)((until - now) * 1000)
            if self.alive():
                return True

    def _connect(self) -> bool:
        with self._lock:
            self._disconnect("connecting anew")
        lines = self._open()
        with self._lock:
            self._lines = lines
            self._arrived = _poll([line.descriptor for line in lines.values()])
            self._calm_until = min(line.calm_until for line in lines.values())
        return True

    def _open(self) -> dict[str, Line]:
        """A connection to each server that takes writes, by its name; RedisError unless all of them agree
        on who has what."""
        lines: dict[str, Line] = {}
        try:
            for name, pool in primaries(self.alias).items():
                question = pushes.WHO_IN_CLUSTER if name else pushes.WHO
                lines[name] = pushes.opened(pool, self._prefixes, question, REVIVE_SECONDS)
            if not pushes.complete(list(lines.values())):
                raise Lost("the cluster's servers do not agree who has which slots")
        except BaseException:
            for line in lines.values():
                line.close()
            raise
        return lines

    # -- What is kept -----------------------------------------------------------------------------

    def get(self, key: str) -> V | None:
        """The value kept, to be asked for only after `alive` or `revive` said yes."""
        found = self._kept.get(key)
        if found is None:
            return None
        value, until = found
        return value if until is None or time.monotonic() < until else None

    def lives_until(self, key: str) -> float:
        """The moment (time.monotonic) from which a value that is kept may no longer be believed, `losses` or not."""
        _, until = self._kept.get(key, (None, 0.0))
        return math.inf if until is None else until

    def expect(self, key: str) -> Expected:
        """Say that the server is about to be asked for this key's value."""
        with self._lock:
            if self._arrived is None:
                return Expected(key)
            if len(self._expected) >= MOST_EXPECTED:  # Callers that failed before they could keep.
                self._expected.clear()
            return self._expected.setdefault(key, Expected(key))

    def keep(self, expected: Expected, value: V, seconds: float | None = None) -> None:
        """Keep what the server answered, for at most `seconds`, unless the key has changed since it was
        expected, perhaps after the server answered, or the connection broke."""
        until = None if seconds is None else expected.since + seconds
        with self._lock:
            if self._expected.get(expected.key) is not expected:
                return
            del self._expected[expected.key]
            if not came_from(self.alias, self._lines, expected.key, expected.since):
                return  # A cluster's slots are moving. The next beats tell whereto.
            if len(self._kept) >= self.limit:
                for key in list(islice(self._kept, max(1, self.limit // 10))):
                    del self._kept[key]
                self.losses += 1
            if expected.key in self._kept:
                self.losses += 1
            self._kept[expected.key] = value, until

    def clear(self) -> None:
        """Forget all values."""
        with self._lock:
            self._forget()

    def disconnect(self) -> None:
        """Forget all values, and connect anew when next revived."""
        with self._lock:
            self._disconnect("asked to")

    def _forked(self) -> None:
        """Begin anew: the connection is the parent's, and its threads, which may have held a lock, are gone."""
        self._unlocked()
        self._kept, self._expected, self._lines = {}, {}, {}
        self.losses += 1


def _poll(descriptors: list[int]) -> Callable[[float], list[Any]]:
    """What waits so many milliseconds for news. Asking in vain is cheaper by half than a vain `recv`."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return poll.poll


_trackers: WeakSet[Tracker[Any]] = WeakSet()


def _forked() -> None:
    for tracker in _trackers:
        tracker._forked()


def _settings_changed(*, setting: str, **_: object) -> None:
    """A test has put other servers in the place of those that are followed."""
    if setting == "CACHES":
        for tracker in _trackers:
            tracker.disconnect()


os.register_at_fork(after_in_child=_forked)
setting_changed.connect(_settings_changed)
