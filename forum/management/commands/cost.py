"""`manage.py cost`: what the forum costs in a month, by what was counted or by a load that is described."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from forum import pricing
from forum.cache import units
from forum.pricing import Load, Prices
from forum.redis import Down
from forum.tables import provision
from forum.tables.provision import ProvisionError

# What is looked at for how much, and for the busiest time.
SPANS = {
    "hour": ((60, units.MINUTE), (60, units.MINUTE)),
    "day": ((24, units.HOUR), (24, units.HOUR)),
    "month": ((30, units.DAY), (48, units.HOUR)),
}
GB = 1024**3


class Command(BaseCommand):
    help = "What DynamoDB and Redis cost in a month, on demand and reserved, by page and act."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--last", choices=SPANS, default="day", help="a month of what was counted in (default day)")
        parser.add_argument("--load", type=Path, metavar="FILE", help="a month of days as this TOML file describes")
        parser.add_argument(
            "--day", action="append", default=[], metavar="NAME=NUMBER", help="a page or act, so often a day; for each"
        )
        parser.add_argument(
            "--cached", type=float, metavar="PART", help="of the kept pages so many cost nothing: 0 to 1"
        )
        parser.add_argument("--peak", type=float, metavar="TIMES", help="the busiest hour over the average")
        parser.add_argument("--region", default=settings.AWS_REGION, help="whose prices (default AWS_REGION)")
        parser.add_argument("--prices", type=Path, default=pricing.PRICES, metavar="FILE", help="other prices")
        parser.add_argument(
            "--utilisation", type=int, default=70, metavar="PERCENT", help="of reserved units (default 70)"
        )
        parser.add_argument(
            "--storage", type=float, metavar="GB", help="data and indexes (default: what the tables say)"
        )
        parser.add_argument(
            "--redis", action="append", default=[], metavar="TYPE=NODES", help="Redis nodes; for each type"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._bill(**options)
        except ValueError as error:
            raise CommandError(str(error)) from error
        except Down as error:
            raise CommandError("Redis does not answer, and it holds what was counted.") from error

    def _bill(self, **options: Any) -> None:
        told = pricing.prices(options["region"], options["prices"])
        if not 1 <= options["utilisation"] <= 100:
            raise ValueError(f"--utilisation is a percentage from 1 to 100, not {options['utilisation']}.")
        load = _load(**options)
        nodes = [(kind, n, _node(kind, told)) for kind, n in map(_number, options["redis"])]
        stored = self._stored(options["storage"])
        self.stdout.write(
            f"{told.region}, prices as of {told.checked} ({told.source}), a month of {pricing.HOURS} hours"
        )
        parts = self._reserved(load, told, options["utilisation"] / 100)
        self._pages(load, told)
        self._total(load, told, parts, stored, nodes)

    # -- What it says -----------------------------------------------------------------------------

    def _pages(self, load: Load, told: Prices) -> None:
        self._line("Page or act", "requests", "read units", "write units", "on demand")
        for page, parts in sorted(load.units.items(), key=lambda each: -pricing.on_demand(each[1], told)):
            read, write = (sum(pair[way] for pair in parts.values()) for way in (0, 1))
            figures = (f"{load.requests[page]:,.0f}", f"{read:,.0f}", f"{write:,.0f}")
            self._line(page, *figures, _dollars(pricing.on_demand(parts, told)))
        self.stdout.write("")

    def _reserved(self, load: Load, told: Prices, utilisation: float) -> list[pricing.Reserved]:
        parts = pricing.reserved(load, told, utilisation, _local_indexes())
        self.stdout.write("")
        self._line("Table or index", "busiest r/s, w/s", "reserved r, w", "used r, w", "reserved")
        for one in parts:
            peak = f"{one.busiest[0]:,.1f}, {one.busiest[1]:,.1f}"
            used = f"{one.used[0]:.0%}, {one.used[1]:.0%}"
            self._line(one.part, peak, f"{one.units[0]:,}, {one.units[1]:,}", used, _dollars(one.dollars))
        self.stdout.write("")
        return parts

    def _total(
        self,
        load: Load,
        told: Prices,
        parts: list[pricing.Reserved],
        stored: float,
        nodes: list[tuple[str, float, float]],
    ) -> None:
        storage, recovery = stored * told.storage_month, stored * told.recovery_month
        redis = sum(n * price * pricing.HOURS for _, n, price in nodes)
        self.stdout.write(
            f"Storage of {stored:,.2f} GB: {_dollars(storage)}; recovery to a point in time: {_dollars(recovery)}"
        )
        for kind, n, price in nodes:
            self.stdout.write(f"{n:g} × {kind}: {_dollars(n * price * pricing.HOURS)}")
        rest = storage + recovery + redis
        ways = {
            "on demand": pricing.on_demand(load.parts(), told),
            "reserved": sum(one.dollars for one in parts),
            "scaled, at best": sum(one.scaled for one in parts),
        }
        for way, dollars in ways.items():
            self.stdout.write(f"In all, {way}: {_dollars(dollars + rest)} a month, {_dollars(dollars)} of it for units")

    def _line(self, name: str, *figures: str) -> None:
        self.stdout.write(f"{name:<36}" + "".join(f"{figure:>18}" for figure in figures))

    def _stored(self, given: float | None) -> float:
        if given is not None:
            if given < 0:
                raise ValueError("--storage is a number of GB, not less than 0.")
            return given
        try:
            tables = [found.table for found in provision.existing([])]
        except ProvisionError as error:
            self.stderr.write(f"{error} So storage counts as nothing.")
            return 0.0
        indexes = [index for table in tables for index in table.get("GlobalSecondaryIndexes") or ()]
        stored = sum(int(table.get("TableSizeBytes", 0)) for table in tables)
        return (stored + sum(int(index.get("IndexSizeBytes", 0)) for index in indexes)) / GB


def _load(**options: Any) -> Load:
    day, cached, peak = pricing.described_in(options["load"]) if options["load"] else ({}, 0.0, 1.0)
    day |= dict(map(_number, options["day"]))
    if day or options["load"]:
        cached = cached if options["cached"] is None else options["cached"]
        return pricing.described(day, cached, peak if options["peak"] is None else options["peak"])
    if options["cached"] is not None or options["peak"] is not None:
        raise ValueError("--cached and --peak are of a load that is described, with --load or --day.")
    (n, period), (peaks, of_peaks) = SPANS[options["last"]]
    return pricing.counted(units.last(n, period), units.last(peaks, of_peaks), of_peaks)


def _number(text: str) -> tuple[str, float]:
    """NAME=NUMBER, where a name may have a = in it."""
    name, _, number = text.rpartition("=")
    try:
        found = float(number.replace("_", ""))
    except ValueError:
        found = -1.0
    if not name or not 0 <= found <= pricing.MOST:
        raise ValueError(f"“{text}” is not NAME=NUMBER, such as thread=100000.")
    return name, found


def _node(kind: str, told: Prices) -> float:
    if kind not in told.nodes:
        raise ValueError(f"There is no price of {kind}; there are those of {', '.join(told.nodes) or 'nothing'}.")
    return told.nodes[kind]


def _local_indexes() -> dict[str, str]:
    """Each local index, with the table whose capacity it uses, by the names of this deployment and as measured."""
    prefix = settings.DYNAMODB_TABLE_PREFIX
    named = [
        (f"{shape.name}/{index}", shape.name)
        for shape in provision.declared()
        for index, about in shape.indexes.items()
        if about.local
    ]
    return dict(named) | {part.removeprefix(prefix): table.removeprefix(prefix) for part, table in named}


def _dollars(amount: float) -> str:
    return f"${amount:,.2f}"
