"""What pages cost: requests, DynamoDB's calls and units, by page and by table and index, summed in Redis.

Counted as `stats` does: in the process, and sent with its figures every few seconds, in one round trip. A page
is named as its route is (see `forum.charging`), so there are only so many; what goes round Django costs nothing and
is not counted.

    units:{cache}:29414412       the counts of a minute since 1970: hash, "<page>|<figure>" -> number, where the
                                 figure is requests, calls, ms, or "<table and index>|read" and "…|write"
    units:{cache}:hour:490240    the same of an hour
    units:{cache}:day:20426      of a day
    units:{cache}:total          of all time, for counters that only rise; gone when nothing was counted for long

Units come in halves, and are kept as twice their number.
"""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from forum.redis import answering, client

from .counts import Counts

_counts = Counts()

Pair = tuple[float, float]
"""Read and write units."""


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time that counts are summed by."""

    name: str
    seconds: int
    keep_seconds: int

    def key(self, number: int) -> str:
        return f"units:{{cache}}:{self.name}{number}"


MINUTE = Period("", 60, 2 * 60 * 60)
HOUR = Period("hour:", 60 * 60, 50 * 60 * 60)
DAY = Period("day:", 24 * 60 * 60, 40 * 24 * 60 * 60)
PERIODS = (MINUTE, HOUR, DAY)
TOTAL = "units:{cache}:total"


# -- Counting -------------------------------------------------------------------------------------


def count(page: str, calls: int, used: Mapping[str, Pair] | None = None, seconds: float = 0.0) -> None:
    """Count a request for this page, and what it cost: calls, units by table and index, seconds of waiting."""
    _add(f"{page}|requests", 1)
    if calls:
        _add(f"{page}|calls", calls)
        _add(f"{page}|ms", round(seconds * 1000))
    for part, (read, write) in (used or {}).items():
        _add(f"{page}|{part}|read", round(read * 2))
        _add(f"{page}|{part}|write", round(write * 2))


def _add(figure: str, n: int) -> None:
    if n:
        _counts[figure] = _counts.get(figure, 0) + n


def flush() -> None:
    """Add what was counted since the last flush to this minute, hour and day. One round trip, none where nothing
    was counted; while Redis is down, or another thread is at it, the counts stay for the next one. Never raises."""
    _counts.flush(_send)


def forget() -> None:
    """What was counted and not sent (tests)."""
    _counts.forget()


def _send(added: Mapping[str, int]) -> None:
    if not added:
        return
    now = time.time()
    kept = [(each.key(int(now // each.seconds)), each.keep_seconds) for each in PERIODS]
    with answering():
        pipeline = client().pipeline(transaction=False)
        for key, seconds in [*kept, (TOTAL, DAY.keep_seconds)]:
            for figure, n in added.items():
                pipeline.hincrby(key, figure, n)
            pipeline.expire(key, seconds)
        pipeline.execute()


# -- Reading --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spent:
    """What a page cost in some time, all requests together; its units also by table and index."""

    page: str
    requests: int = 0
    calls: int = 0
    seconds: float = 0.0
    parts: Mapping[str, Pair] | None = None

    @property
    def read(self) -> float:
        return sum(read for read, _ in (self.parts or {}).values())

    @property
    def write(self) -> float:
        return sum(write for _, write in (self.parts or {}).values())

    @property
    def each(self) -> float:
        """Units for one request."""
        return (self.read + self.write) / self.requests if self.requests else 0.0


@dataclass(frozen=True, slots=True)
class Slice:
    """What was counted from `start` (seconds since 1970) for so many seconds; less of the one that runs."""

    start: float
    seconds: float
    counts: Mapping[str, int]

    def pages(self) -> list[Spent]:
        """What each page cost, the dearest first."""
        spent = [_spent(page, figures) for page, figures in self._by_page().items()]
        return sorted(spent, key=lambda one: (-(one.read + one.write), -one.requests, one.page))

    def _by_page(self) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for figure, n in self.counts.items():
            page, _, rest = figure.partition("|")
            found.setdefault(page, {})[rest] = n
        return found

    def parts(self) -> dict[str, Pair]:
        """Units of each table and index, by name."""
        found: dict[str, Pair] = {}
        for page in self.pages():
            for part, (read, write) in (page.parts or {}).items():
                before = found.get(part, (0.0, 0.0))
                found[part] = (before[0] + read, before[1] + write)
        return dict(sorted(found.items()))

    @property
    def units(self) -> Pair:
        """Read and write units of all pages."""
        parts = self.parts().values()
        return sum(read for read, _ in parts), sum(write for _, write in parts)


def _spent(page: str, figures: Mapping[str, int]) -> Spent:
    parts: dict[str, Pair] = {}
    for figure, n in figures.items():
        part, _, way = figure.rpartition("|")
        if part:
            read, write = parts.get(part, (0.0, 0.0))
            parts[part] = (read + n / 2, write) if way == "read" else (read, write + n / 2)
    ms = figures.get("ms", 0)
    return Spent(page, figures.get("requests", 0), figures.get("calls", 0), ms / 1000, parts)


def merged(slices: Iterable[Slice]) -> Slice:
    """All of these as one."""
    counts: Counter[str] = Counter()
    start, seconds = 0.0, 0.0
    for each in slices:
        counts.update(each.counts)
        start, seconds = start or each.start, seconds + each.seconds
    return Slice(start, seconds, counts)


def busiest(slices: Sequence[Slice], period: Period) -> dict[str, Pair]:
    """Read and write units a second of each table and index, each in the busiest of these periods."""
    found: dict[str, Pair] = {}
    for each in slices:
        for part, (read, write) in each.parts().items():
            reads, writes = found.get(part, (0.0, 0.0))
            found[part] = (max(reads, read / period.seconds), max(writes, write / period.seconds))
    return found


def last(n: int, period: Period) -> list[Slice]:
    """The last `n` whole periods and the one that runs, the oldest first. One round trip; Down without Redis."""
    now = time.time()
    running = int(now // period.seconds)
    numbers = range(running - n, running + 1)
    with answering():
        pipeline = client().pipeline(transaction=False)
        for number in numbers:
            pipeline.hgetall(period.key(number))
        answers = pipeline.execute()
    lengths = [float(period.seconds)] * n + [now % period.seconds]
    return [
        Slice(float(number * period.seconds), length, _numbers(found))
        for number, length, found in zip(numbers, lengths, answers, strict=True)
    ]


def total() -> Slice:
    """Everything that was counted since Redis knows. One round trip; Down without Redis."""
    with answering():
        found: Mapping[bytes, bytes] = client().hgetall(TOTAL)  # type: ignore[assignment]
    return Slice(0.0, 0.0, _numbers(found))


def _numbers(found: Mapping[bytes, bytes]) -> dict[str, int]:
    return {figure.decode(): int(n) for figure, n in found.items()}
