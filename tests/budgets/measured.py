"""Measuring what something costs, and the table of it: as JSON for `manage.py cost`, as Markdown for people."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from forum.tables import members
from forum.tables.base import Ledger
from tests.processes import ROOT

COSTS = ROOT / "forum" / "costs.json"
DOCUMENT = ROOT / "docs" / "access-patterns.md"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"

Rows = dict[str, "Measured"]


@dataclass(frozen=True)
class Measured:
    """Calls by name, and units [read, write] by table and index."""

    calls: Mapping[str, int]
    units: Mapping[str, list[float]]

    @property
    def read(self) -> float:
        return sum(read for read, _ in self.units.values())

    @property
    def write(self) -> float:
        return sum(write for _, write in self.units.values())

    def exceeds(self, promised: "Measured | None") -> bool:
        """Whether this is more, in calls or in units of any table or index, than was promised."""
        if promised is None:
            return True
        more_units = any(
            now > before
            for part, units in self.units.items()
            for now, before in zip(units, promised.units.get(part, [0.0, 0.0]), strict=True)
        )
        return sum(self.calls.values()) > sum(promised.calls.values()) or more_units


def measure(act: Callable[[], Any]) -> Measured:
    """What the act costs, but for the account: whether it has to be read again depends on what Redis told this
    process when, so it is a row of its own."""
    get_inbox, add, leaving_out = members.get_inbox, Ledger.add, [False]

    def uncounted(user_id: str) -> members.Inbox:
        leaving_out[0] = True
        try:
            return get_inbox(user_id)
        finally:
            leaving_out[0] = False

    def adding(self: Ledger, operation: str, answer: Mapping[str, Any]) -> None:
        if not leaving_out[0]:
            total.calls.append(operation)
            add(total, operation, answer)

    total = Ledger()
    with patch.object(members, "get_inbox", uncounted), patch.object(Ledger, "add", adding):
        act()
    return of_ledger(total)


def of_ledger(ledger: Ledger) -> Measured:
    units = {part: [used.read, used.write] for part, used in sorted(ledger.used.items())}
    return Measured(dict(sorted(Counter(ledger.calls).items())), units)


# -- What is written ------------------------------------------------------------------------------


def written() -> Rows:
    found = json.loads(COSTS.read_text()) if COSTS.exists() else {}
    return {name: Measured(row["calls"], row["units"]) for name, row in found.items()}


def write(rows: Rows) -> None:
    told = {name: {"calls": row.calls, "units": row.units} for name, row in rows.items()}
    COSTS.write_text(json.dumps(told, indent=1) + "\n")
    before, _, rest = DOCUMENT.read_text().partition(BEGIN)
    DOCUMENT.write_text(f"{before}{BEGIN}{markdown(rows)}{END}{rest.partition(END)[2]}")


def in_document() -> str:
    return DOCUMENT.read_text().partition(BEGIN)[2].partition(END)[0]


def markdown(rows: Rows) -> str:
    lines = ["| Page or act | Calls | Read units | Write units | of which |", "|---|---|---|---|---|"]
    for name, row in rows.items():
        calls = ", ".join(f"{n} {call}" if n > 1 else call for call, n in row.calls.items()) or "none"
        parts = ", ".join(f"{part} {_pair(*units)}" for part, units in row.units.items())
        lines.append(f"| {name} | {calls} | {row.read:g} | {row.write:g} | {parts} |")
    return "\n".join(lines) + "\n"


def _pair(read: float, write: float) -> str:
    return " + ".join([f"{read:g} r"] * bool(read) + [f"{write:g} w"] * bool(write))
