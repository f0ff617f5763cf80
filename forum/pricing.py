"""What a load costs in a month: capacity units, counted or described, times AWS' prices (`forum/prices.toml`).

A load is what each page and act asks of each table and index in a month, and how much that is in the busiest hour. Paid
on demand it is so many units; reserved, it is for each table and global index what its busiest hour needs, divided by
the part that is to be used at most, all month long. A local index uses its table's capacity.
"""

import json
import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from .cache.units import Pair, Period, Slice, busiest, merged

HERE = Path(__file__).resolve().parent
PRICES = HERE / "prices.toml"
COSTS = HERE / "costs.json"
HOURS = 730  # AWS' month
SECONDS = HOURS * 60 * 60
DAYS = HOURS / 24
# Beyond this a number is a slip of the keyboard.
MOST = 1e15
INDEXED = "search index"
# What is kept for all readers costs only whoever finds nothing kept.
KEPT = {"home", "forum", "forum_latest", "thread", "thread, second page", "thread_live", "member", "tags"}
KEPT |= {"site_feed", "forum_feed", "thread_feed"}

Parts = Mapping[str, Pair]
"""Read and write units by table and index."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Of a region, in US dollars; see the file."""

    region: str
    checked: date
    source: str
    read_million: float
    write_million: float
    read_hour: float
    write_hour: float
    storage_month: float
    recovery_month: float
    nodes: Mapping[str, float] = field(default_factory=dict)


def prices(region: str, path: Path = PRICES) -> Prices:
    """ValueError where the file does not tell the region's."""
    told = _toml(path)
    regions: Any = told.get("regions", {})
    if region not in regions:
        raise ValueError(f"{path.name} has no prices of {region}; it has those of {', '.join(regions) or 'nowhere'}.")
    figures = dict(regions[region])
    figures = dict(regions.get(figures.get("same_as"), figures))
    try:
        return Prices(region, told["checked"], told["source"], **figures)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path.name} does not tell all prices of {region}: {str(error).strip('.')}.") from error


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not TOML: {str(error).rstrip('.')}.") from error


# -- Loads ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Load:
    """Of a month: how often each page is asked for and the units it takes in all, and each table's and index's
    units a second in the busiest hour."""

    requests: Mapping[str, float]
    units: Mapping[str, Parts]
    busiest: Parts

    def parts(self) -> dict[str, Pair]:
        return _added(self.units.values())


def _added(many: Iterable[Parts]) -> dict[str, Pair]:
    found: dict[str, Pair] = {}
    for parts in many:
        for part, (read, write) in parts.items():
            reads, writes = found.get(part, (0.0, 0.0))
            found[part] = (reads + read, writes + write)
    return found


def counted(slices: Sequence[Slice], peaks: Sequence[Slice], period: Period) -> Load:
    """A month like these slices, from the first in which something was counted; `peaks` of this period tell the
    busiest one. ValueError where nothing was counted."""
    first = next((number for number, each in enumerate(slices) if each.counts), None)
    if first is None:
        raise ValueError("Nothing was counted in that time. Describe a load with --load or --day instead.")
    whole = merged(slices[first:])
    factor = SECONDS / max(whole.seconds, 1.0)
    requests = {page.page: page.requests * factor for page in whole.pages()}
    units = {page.page: _times(page.parts or {}, factor) for page in whole.pages()}
    return Load(requests, units, busiest(peaks, period))


def described(day: Mapping[str, float], cached: float, peak: float) -> Load:
    """A month of days on which each page and act is asked for so often; `cached` is the part of the kept pages that
    the cache answers, `peak` the busiest hour over the average. ValueError for a name that was not measured."""
    costs = measured()
    if strangers := [name for name in day if name not in costs]:
        raise ValueError(f"Nobody knows what {strangers[0]} costs. Known are {', '.join(costs)}.")
    if not (0 <= cached <= 1 and 1 <= peak <= MOST and all(0 <= n <= MOST for n in day.values())):
        raise ValueError("`cached` is a part from 0 to 1, `peak` at least 1, and numbers of pages are not negative.")
    counts = dict(day)
    counts[INDEXED] = counts.get(INDEXED, 0.0) + sum(n for name, n in day.items() if _is_indexed(costs[name]))
    asked = {name: n * DAYS for name, n in counts.items() if n}
    units = {name: _times(costs[name], n * (1 - cached if name in KEPT else 1)) for name, n in asked.items()}
    return Load(asked, units, _times(_added(units.values()), peak / SECONDS))


def described_in(path: Path) -> tuple[dict[str, float], float, float]:
    """The arguments of `described` from a TOML file: `[day]` with numbers by name, `cached`, `peak`."""
    told = _toml(path)
    if strangers := set(told) - {"day", "cached", "peak"}:
        raise ValueError(f"{path.name}: {min(strangers)} means nothing here; there are [day], cached and peak.")
    day = told.get("day", {})
    figures = [*(day.values() if isinstance(day, dict) else [None]), told.get("cached", 0.0), told.get("peak", 1.0)]
    if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in figures):
        raise ValueError(f"{path.name}: all that stands in it has to be numbers.")
    return day, told.get("cached", 0.0), told.get("peak", 1.0)


def measured() -> dict[str, dict[str, Pair]]:
    """What each page and act costs, as `python -m tests.budgets --write` has measured it."""
    rows = json.loads(COSTS.read_text())
    return {name: {part: (read, write) for part, (read, write) in row["units"].items()} for name, row in rows.items()}


def _is_indexed(parts: Parts) -> bool:
    """Whether an act writes something that search knows."""
    return any(parts.get(table, (0.0, 0.0))[1] for table in ("ForumPosts", "ForumThreads"))


def _times(parts: Parts, factor: float) -> dict[str, Pair]:
    return {part: (read * factor, write * factor) for part, (read, write) in parts.items()}


# -- Bills ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reserved:
    """What a table or global index needs: units a second in the busiest hour, reserved, on average, and dollars."""

    part: str
    busiest: Pair
    units: tuple[int, int]
    used: Pair
    dollars: float
    scaled: float


def on_demand(parts: Parts, told: Prices) -> float:
    read, write = (sum(pair[way] for pair in parts.values()) for way in (0, 1))
    return (read * told.read_million + write * told.write_million) / 1_000_000


def reserved(load: Load, told: Prices, utilisation: float, local: Mapping[str, str]) -> list[Reserved]:
    """What each table and global index needs; `local` says which table's capacity a local index uses. `scaled` is
    what auto-scaling would cost, did it follow the load at once."""
    peaks = _added({local.get(part, part): pair} for part, pair in load.busiest.items())
    totals = _added({local.get(part, part): pair} for part, pair in load.parts().items())
    return [
        _reserved(part, peaks.get(part, (0.0, 0.0)), pair, told, utilisation) for part, pair in sorted(totals.items())
    ]


def _reserved(part: str, peak: Pair, month: Pair, told: Prices, utilisation: float) -> Reserved:
    average = (month[0] / SECONDS, month[1] / SECONDS)
    # The busiest hour may be older than what its counts are kept for.
    peak = (max(peak[0], average[0]), max(peak[1], average[1]))
    units = (_units(peak[0], utilisation), _units(peak[1], utilisation))
    scaled = (_units(average[0], utilisation), _units(average[1], utilisation))
    used = (average[0] / units[0], average[1] / units[1])
    return Reserved(part, peak, units, used, _hours(units, told), _hours(scaled, told))


def _units(a_second: float, utilisation: float) -> int:
    return max(1, math.ceil(round(a_second / utilisation, 6)))


def _hours(units: tuple[int, int], told: Prices) -> float:
    return (units[0] * told.read_hour + units[1] * told.write_hour) * HOURS
