"""How tables are paid for: per request, or by capacity units reserved for each table and index.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/capacity-mode.html
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

_INDEX_UNITS = re.compile(r"([A-Za-z0-9_.-]+)=(\d+),(\d+)", re.ASCII)
# What AWS grants a table unless asked for more: beyond it, it is a slip of the keyboard.
MOST_UNITS = 40_000


@dataclass(frozen=True, slots=True)
class Units:
    """Reads and writes a second, in capacity units."""

    read: int
    write: int

    def __str__(self) -> str:
        return f"{self.read:,} read and {self.write:,} write units"


@dataclass(frozen=True, slots=True)
class Billing:
    """On demand when `table` is None; global indexes that are not named get what the table gets."""

    table: Units | None = None
    indexes: Mapping[str, Units] = field(default_factory=dict)

    @property
    def mode(self) -> Literal["PAY_PER_REQUEST", "PROVISIONED"]:
        return "PROVISIONED" if self.table else "PAY_PER_REQUEST"

    def of_index(self, name: str) -> Units | None:
        return self.indexes.get(name, self.table)


ON_DEMAND = Billing()


def parse(
    mode: str,
    read: int | None,
    write: int | None,
    index_units: Sequence[str],
    known: Collection[str],
    local: Collection[str] = (),
) -> Billing:
    """The billing that command line options mean; ValueError says why they mean none.

    `index_units` are texts `NAME=READ,WRITE`; `known` the names of the global indexes, `local`
    those of the local ones, which use their table's units.
    """
    if mode == "on-demand":
        if read is not None or write is not None or index_units:
            raise ValueError(
                "On-demand billing reserves no capacity: leave out --read, --write and --index, "
                "or say --billing provisioned."
            )
        return ON_DEMAND
    if read is None or write is None:
        raise ValueError("Provisioned billing needs --read and --write: the capacity units each table gets.")
    table = Units(_bounded("--read", read), _bounded("--write", write))
    indexes: dict[str, Units] = {}
    for text in index_units:
        name, units = _index_units(text, known, local)
        if name in indexes:
            raise ValueError(f"--index names {name} twice.")
        indexes[name] = units
    return Billing(table, indexes)


def _index_units(text: str, known: Collection[str], local: Collection[str]) -> tuple[str, Units]:
    match = _INDEX_UNITS.fullmatch(text)
    if not match:
        raise ValueError(f"--index takes NAME=READ,WRITE such as ThreadPosts=20,5, not “{text}”.")
    name, read, write = match.groups()
    if name in local:
        raise ValueError(f"{name} is a local index: it uses its table's units and has none of its own.")
    if name not in known:
        raise ValueError(f"There is no global index {name}; there are {' and '.join(sorted(known))}.")
    what = f"--index {name}"
    return name, Units(_bounded(what, int(read)), _bounded(what, int(write)))


def _bounded(what: str, units: int) -> int:
    if not 1 <= units <= MOST_UNITS:
        raise ValueError(f"{what}: capacity is a number from 1 to {MOST_UNITS:,} units, not {units:,}.")
    return units
