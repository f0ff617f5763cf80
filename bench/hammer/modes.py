"""The ways in which the hammer falls: what is started, what is broken meanwhile, and the verdict."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from . import faults, spreading
from .browser import Person
from .home import FORUM, MODERATOR, READERS, WRITERS
from .ledger import Ledger, Version
from .readers import PROCESSES, Harvest, Plan, Read, read
from .site import LENGTHS, Site, running, seed, sign_in
from .writers import ACTS, Scene, Tally, Writer

# What a killed writer left behind shows after this at the latest; and what measuring it may add.
BOUND_SECONDS = 3.0
SLACK_SECONDS = 0.5
EXAMPLES = 5
LACKING_SHOWN = 3

SLOW = {"FAST_PATH": "0"}
# Writes that name their posts: after others pages are made without DAX for a while.
NAMED = {"reply": 6, "edit": 8}

Fault = Callable[[Site, float], int]


@dataclass(frozen=True)
class Mode:
    """One way to run. `breaks` names what the fault counts, "" where nothing is broken; `writers` rest
    0 to 2 × `pause` seconds between two writes and do each of `acts` so often; what it proves takes `least` seconds.
    `afterwards` says what is wrong with the site once all have stopped."""

    name: str
    fault: Fault = faults.nothing
    breaks: str = ""
    application: str = "forum_site.wsgi"
    environment: Mapping[str, str] = field(default_factory=dict)
    servers: int = 1
    lag: float = 0.0
    dax: bool = False
    writers: int = 4
    pause: float = 0.06
    least: float = 1.0
    must_be_stale: bool = False
    acts: Mapping[str, int] = field(default_factory=lambda: ACTS)
    lengths: tuple[int, ...] = LENGTHS
    afterwards: Callable[[Site, Ledger], list[str]] | None = None


MODES = [
    Mode("plain"),
    Mode("readers", pause=0.5),
    Mode("wsgi", environment={"FAST_PATH": "wsgi"}),
    Mode("ordinary", environment=SLOW),
    Mode("lag", faults.lag, "old answers", lag=0.3),
    Mode(
        "killed-writers",
        application="bench.hammer.dying",
        environment={"HAMMER_DEATHS": "0.1"},
        writers=8,
        pause=0.1,
        breaks="killed",
        least=6.0,
    ),
    Mode(
        "dax",
        faults.accelerate,
        "kept answers",
        application="bench.hammer.dying",
        environment={"HAMMER_DEATHS": "0.02"},
        servers=2,
        lag=0.3,
        dax=True,
        writers=8,
        pause=0.1,
        least=6.0,
        # Few threads, so that the same is read again before it is too old.
        acts=NAMED,
        lengths=(19, 41, 24),
    ),
    Mode(
        "dax-failover",
        faults.fail_over,
        "failovers",
        servers=2,
        dax=True,
        writers=8,
        acts=NAMED,
        lengths=(19, 24),
    ),
    Mode("redis-killed", faults.kill_redis, "restarts"),
    Mode("redis-failover", faults.fail_over, "failovers"),
    Mode("redis-refusing", faults.refuse_writes, "refusals"),
    Mode("eviction", faults.evict, "evicted"),
    Mode("two-servers", servers=2),
    Mode(
        "spread",
        spreading.spread,
        "raises",
        servers=2,
        acts={"reply": 1, "start": 1},
        lengths=(*LENGTHS, *[1] * 50),
        least=6.0,
        afterwards=spreading.lacking,
    ),
    Mode("naive", application="bench.hammer.naive", environment=SLOW, pause=0.03, must_be_stale=True),
    Mode(
        "naive-lag",
        faults.lag,
        "old answers",
        application="bench.hammer.naive",
        environment=SLOW,
        lag=0.3,
        must_be_stale=True,
    ),
]


@dataclass
class Result:
    """What one run showed. `worst` is in milliseconds, over stale reads and, after killed writers, also
    over those that were within the bound; `failed` counts reads that were answered with an error, `errors` all answers
    that only a mistake of the site's explains."""

    mode: Mode
    seconds: float
    reads: int = 0
    hits: int = 0
    member_hits: int = 0
    failed: int = 0
    errors: int = 0
    writes: int = 0
    refused: int = 0
    killed: int = 0
    broken: int = 0
    stale: int = 0
    worst: float = 0.0
    examples: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)

    @property
    def complaints(self) -> list[str]:
        """Why this run is no proof; none when it is one."""
        found = [f"no {name.replace('_', ' ')}" for name in ("reads", "hits", "writes") if not getattr(self, name)]
        if self.mode.breaks and not self.broken:
            found.append(f"no {self.mode.breaks}")
        if self.errors:
            found.append(f"{self.errors} answers with status 500")
        if self.stale and not self.mode.must_be_stale:
            found.append(f"{self.stale} stale pages")
        if self.mode.must_be_stale and not self.stale:
            found.append("no stale page, where there must be some")
        return [*found, *self.found]

    def row(self) -> dict[str, Any]:
        """The figures, for a program to read."""
        figures = {name: value for name, value in vars(self).items() if isinstance(value, int | float)}
        return {"mode": self.mode.name, **figures, "complaints": self.complaints, "examples": self.examples}


def play(mode: Mode, seconds: float, home: Path, readers: Executor) -> Result:
    """One run from empty engines to the verdict. The readers' processes run already."""
    with running(home) as site:
        if mode.lag:
            site.start_lag(mode.lag)
        if mode.dax:
            site.start_dax()
        for _ in range(mode.servers):
            site.start_server(mode.application, mode.environment)
        scene = Scene(Ledger(), FORUM, [], BOUND_SECONDS + SLACK_SECONDS, 0.0, mode.pause, mode.acts)
        names = [*WRITERS[: mode.writers], MODERATOR]
        sessions = dict(zip([*names, *READERS], sign_in([*names, *READERS]), strict=True))
        writers = [
            Writer(name, Person(site.ports, sessions[name], Random(name)), scene, Random(name), name == MODERATOR)
            for name in names
        ]
        seed(scene, writers, mode.lengths)
        site.wait()
        scene.until = time.monotonic() + seconds
        known = ["", *(sessions[name] for name in (*READERS, MODERATOR))]
        plans = [Plan(site.ports, FORUM, names, known, scene.until, n) for n in range(PROCESSES)]
        return _run(mode, seconds, site, scene, writers, [readers.submit(read, plan) for plan in plans])


def _run(
    mode: Mode, seconds: float, site: Site, scene: Scene, writers: Sequence[Writer], reading: Sequence[Any]
) -> Result:
    """Write and break things while the others read; then compare."""
    with ThreadPoolExecutor(len(writers)) as pool:
        writing = [pool.submit(writer.run) for writer in writers]
        broken = mode.fault(site, scene.until)
        tallies: list[Tally] = [future.result(timeout=30) for future in writing]
    harvests: list[Harvest] = [future.result(timeout=60) for future in reading]
    result = Result(mode, seconds, broken=broken)
    for tally in tallies:
        result.writes += tally.writes
        result.refused += tally.refused
        result.killed += tally.killed
        harvests.append(Harvest(tally.reads))
    result.errors += sum(writer.person.errors for writer in writers)
    if mode.breaks == "killed":
        result.broken = result.killed
    judge(result, scene.ledger, harvests)
    if mode.afterwards:
        result.found = mode.afterwards(site, scene.ledger)
    return result


def judge(result: Result, ledger: Ledger, harvests: Sequence[Harvest]) -> None:
    """Hold every page that was read against what it had to show."""
    ledger.close()
    for harvest in harvests:
        result.failed += harvest.failed
        result.errors += harvest.errors
        for page in harvest.reads:
            result.reads += 1
            result.hits += page.hit
            result.member_hits += page.hit and bool(page.session)
            _judge_one(result, ledger, page)


def _judge_one(result: Result, ledger: Ledger, page: Read) -> None:
    lacking = ledger.lacking(page.seen, page.start, page.end)
    if not lacking:
        return
    result.worst = max(result.worst, milliseconds(page, lacking))
    due = [version for version in lacking if version.due <= page.start]
    if due:
        result.stale += 1
        if len(result.examples) < EXAMPLES:
            result.examples.append(_told(page, due))


def _told(page: Read, due: Sequence[Version]) -> str:
    """A stale page in one line."""
    seen = page.seen
    who = "a member" if page.session else "somebody not signed in"
    what = ", ".join(dict.fromkeys(version.value for version in due[:LACKING_SHOWN]))
    return (
        f"{' '.join(filter(None, (seen.kind, seen.subject)))}, page {seen.page}, for {who} "
        f"({page.status}, {'hit' if page.hit else 'no hit'}) lacked {what}; "
        f"the oldest of it was done {milliseconds(page, due):,.0f} ms before"
    )


def milliseconds(page: Read, lacking: Sequence[Version]) -> float:
    """How old the page was when it was asked for: for how long the first thing it lacks had been done."""
    return (page.start - min(version.done for version in lacking)) * 1000
