"""`manage.py capacity`: how the tables are paid for, and changing that."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandParser

from forum.cache import units
from forum.management.waiting import WaitingCommand, unit_arguments, wait_argument
from forum.redis import Down
from forum.tables import billing, capacity, provision, scaling
from forum.tables.billing import Billing, Units
from forum.tables.provision import ProvisionError, Status

Busiest = Mapping[str, units.Pair]


class Command(WaitingCommand):
    help = "Show and change how the tables are paid for: on demand, by reserved capacity, or scaled between two bounds."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True, metavar="show|on-demand|provisioned|auto")
        show = acts.add_parser("show", help="how each table and index is paid for, and how much of it is used")
        on_demand = acts.add_parser("on-demand", help="pay for each read and write")
        provisioned = acts.add_parser("provisioned", help="reserve so many units a second")
        auto = acts.add_parser("auto", help="have AWS raise and lower what is reserved")
        for act in (show, on_demand, provisioned, auto):
            act.add_argument("names", nargs="*", metavar="TABLE", help="only these tables (default: all)")
        for act in (on_demand, provisioned, auto):
            act.add_argument("--dry-run", action="store_true", help="only say what would be changed")
            wait_argument(act)
        unit_arguments(provisioned)
        auto.add_argument("--min", type=int, metavar="UNITS", help="the least units of each table and index")
        auto.add_argument("--max", type=int, metavar="UNITS", help="the most units of each table and index")
        auto.add_argument("--target", type=int, default=70, metavar="PERCENT", help="how much is in use (default 70)")
        auto.add_argument("--only", choices=["read", "write"], help="scale reads or writes alone (default both)")

    # -- show -------------------------------------------------------------------------------------

    def _show(self, **options: Any) -> None:
        busiest = self._busiest()
        for found in _tables(options["names"]):
            scaled = scaling.ranges(found)
            for line in _lines(found, scaled, busiest):
                self.stdout.write(line)

    def _busiest(self) -> Busiest:
        try:
            return units.busiest(units.last(60, units.MINUTE), units.MINUTE)
        except Down:
            self.stderr.write("Redis does not answer, so nothing is known of what is used.")
            return {}

    # -- on-demand and provisioned ----------------------------------------------------------------

    def _on_demand(self, **options: Any) -> None:
        self._change(_tables(options["names"]), billing.ON_DEMAND, **options)

    def _provisioned(self, **options: Any) -> None:
        tables = _tables(options["names"])
        indexes = {name: index.local for found in tables for name, index in found.shape.indexes.items()}
        wanted = billing.parse(
            "provisioned",
            options["read"],
            options["write"],
            options["index"],
            known=[name for name, local in indexes.items() if not local],
            local=[name for name, local in indexes.items() if local],
        )
        self._change(tables, wanted, **options)

    def _change(self, tables: list[Status], wanted: Billing, **options: Any) -> None:
        patience = self.patience(options["wait"])
        done: list[str] = []
        for found in tables:
            for line in capacity.changes_in_words(found, wanted):
                self.stdout.write(line)
            if options["dry_run"]:
                continue
            with _telling(done):
                for note in capacity.change_billing(found, wanted, patience):
                    self.stdout.write(note)
                # Only now: were the change refused, all would be as it was.
                for target in scaling.ranges(found):
                    scaling.remove_range(target)
                    self.stdout.write(f"{_part(target)}: {target.way.lower()}s are not scaled any more.")
            done.append(found.shape.name)
        self._end(options["dry_run"])

    def _end(self, dry_run: bool) -> None:
        self.stdout.write("Nothing was changed." if dry_run else "Done.")

    # -- auto -------------------------------------------------------------------------------------

    def _auto(self, **options: Any) -> None:
        wanted = scaling.parse(options["min"], options["max"], options["target"])
        tables = _tables(options["names"])
        if free := [found.shape.name for found in tables if found.units is None]:
            raise ValueError(
                f"{', '.join(free)}: paid on demand, where nothing is reserved that could be scaled. "
                "Reserve something first, with `manage.py capacity provisioned`."
            )
        ways = [options["only"].title()] if options["only"] else scaling.WAYS
        done: list[str] = []
        for target in (target for found in tables for target in scaling.targets(found) if target.way in ways):
            self.stdout.write(f"{_part(target)}: {target.way.lower()}s from {wanted}.")
            if not options["dry_run"]:
                with _telling(done):
                    scaling.put_range(target, wanted)
                done.append(f"{_part(target)} ({target.way.lower()}s)")
        self._end(options["dry_run"])


@contextmanager
def _telling(done: list[str]) -> Iterator[None]:
    """Adds to a refusal what was changed before it."""
    try:
        yield
    except ProvisionError as error:
        before = f" Changed before that: {', '.join(done)}." if done else ""
        raise ProvisionError(f"{error}{before}") from error


def _tables(names: list[str]) -> list[Status]:
    tables = provision.existing(names)
    if not tables:
        raise ValueError("There are no tables: `manage.py tables create` makes them.")
    return tables


def _part(target: scaling.Target) -> str:
    return f"{target.table}/{target.index}" if target.index else target.table


def _lines(found: Status, scaled: Mapping[scaling.Target, scaling.Range], busiest: Busiest) -> Iterator[str]:
    """A table for people: one line for itself and one for each index, and what DynamoDB counts of changes."""
    name = found.shape.name
    yield f"{name}: {_paid(found.units)}{_used(name, found.units, busiest)}"
    for index, reserved in capacity.index_units(found).items():
        yield f"  index {index}: {_paid(reserved)}{_used(f'{name}/{index}', reserved, busiest)}"
    for target, span in scaled.items():
        yield f"  scaled: {_part(target)}, {target.way.lower()}s from {span}"
    throughput = found.table.get("ProvisionedThroughput") or {}
    if lowered := int(throughput.get("NumberOfDecreasesToday", 0)):
        yield f"  lowered {lowered} time{'s' if lowered > 1 else ''} today"
    if since := (found.table.get("BillingModeSummary") or {}).get("LastUpdateToPayPerRequestDateTime"):
        yield f"  last switched to on demand: {since:%Y-%m-%d %H:%M %Z}"


def _paid(reserved: Units | None) -> str:
    return f"provisioned, {reserved}" if reserved else "on demand"


def _used(part: str, reserved: Units | None, busiest: Busiest) -> str:
    """What the busiest minute of the last hour used, a second."""
    if part not in busiest:
        return ""
    read, write = busiest[part]
    shares = f" ({read / reserved.read:.0%} and {write / reserved.write:.0%})" if reserved else ""
    return f"; busiest minute {read:.1f} read and {write:.1f} write units a second{shares}"
