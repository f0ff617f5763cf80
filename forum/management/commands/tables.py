"""`manage.py tables`: create, inspect and delete the DynamoDB tables."""

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.template.defaultfilters import filesizeformat

from forum.management.waiting import WaitingCommand, unit_arguments, wait_argument
from forum.tables import billing, provision, schema
from forum.tables.provision import Status
from forum.tables.schema import Shape

UNPROTECT = "`manage.py tables unprotect` takes the protection off"


class Command(WaitingCommand):
    help = "Create, inspect and delete the forum's DynamoDB tables."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True, metavar="create|status|unprotect|delete")
        create = acts.add_parser("create", help="make the tables and indexes that are missing")
        create.add_argument("--billing", choices=["on-demand", "provisioned"], help="of new tables (default on-demand)")
        unit_arguments(create)
        create.add_argument("--no-protection", action="store_true", help="leave deletion protection as it is")
        acts.add_parser("status", help="show the tables, and in what they differ from the code (then exit 1)")
        unprotect = acts.add_parser("unprotect", help="allow tables to be deleted")
        delete = acts.add_parser("delete", help="delete tables and all that is in them")
        delete.add_argument("--yes", action="store_true", help="do not ask for the tables' names")
        for act in (unprotect, delete):
            act.add_argument("names", nargs="*", metavar="TABLE", help="only these tables (default: all)")
        for act in (create, unprotect, delete):
            wait_argument(act)

    # -- create -----------------------------------------------------------------------------------

    def _create(self, **options: Any) -> None:
        shapes = provision.declared()
        paid = _billing(shapes, **options)
        patience = self.patience(options["wait"])
        for shape in shapes:
            before = provision.status(shape.name)
            self._say_kept_billing(before, options["billing"])
            provision.create(
                shape, paid, protect=not options["no_protection"], say=self.stdout.write, patience=patience
            )
            self.stdout.write(f"{shape.name} is ready.")

    def _say_kept_billing(self, before: Status | None, asked: str | None) -> None:
        if before and asked and asked != (has := _mode(before)):
            self.stdout.write(f"{before.shape.name} keeps its {has} billing: `create` changes nothing that is there.")

    # -- status -----------------------------------------------------------------------------------

    def _status(self, **options: Any) -> None:
        differing = 0
        for shape in provision.declared():
            found = provision.status(shape.name)
            for line in _table_lines(found) if found else ():
                self.stdout.write(line)
            for difference in schema.differences(shape, found.shape if found else None):
                differing += 1
                self.stdout.write(self.style.ERROR(f"  differs: {difference.sentence}"))
        if differing:
            self.stdout.write("`manage.py tables create` makes what is missing.")
            sys.exit(1)

    # -- unprotect and delete ---------------------------------------------------------------------

    def _unprotect(self, **options: Any) -> None:
        patience = self.patience(options["wait"])
        for found in provision.existing(options["names"]):
            provision.unprotect(found.shape.name, patience)
            self.stdout.write(f"{found.shape.name} can now be deleted.")

    def _delete(self, **options: Any) -> None:
        patience = self.patience(options["wait"])
        tables = provision.existing(options["names"])
        protected = [table.shape.name for table in tables if table.protected]
        if protected:
            raise CommandError(f"{_listed(protected)} protected from deletion, nothing was deleted: {UNPROTECT}.")
        if not options["yes"] and not all(self._confirmed(table) for table in tables):
            raise CommandError("That is not its name: nothing was deleted.")
        for table in tables:
            provision.delete(table.shape.name, patience)
            self.stdout.write(f"{table.shape.name} is deleted.")
        if not tables:
            self.stdout.write("There are no tables to delete.")

    def _confirmed(self, table: Status) -> bool:
        name, items = table.shape.name, table.table.get("ItemCount", 0)
        self.stdout.write(f"This deletes {name} with its {items:,} items for ever. Type its name: ", ending="")
        self.stdout.flush()
        return sys.stdin.readline().strip() == name


def _billing(shapes: list[Shape], **options: Any) -> billing.Billing:
    indexes = {name: index.local for shape in shapes for name, index in shape.indexes.items()}
    return billing.parse(
        options["billing"] or "on-demand",
        options["read"],
        options["write"],
        options["index"],
        known=[name for name, local in indexes.items() if not local],
        local=[name for name, local in indexes.items() if local],
    )


def _listed(names: list[str]) -> str:
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'}"


def _mode(table: Status) -> str:
    return "provisioned" if table.units else "on-demand"


def _table_lines(found: Status) -> list[str]:
    """A table for people, one line for itself and one for each of its parts."""
    table, shape = found.table, found.shape
    lines = [
        f"{shape.name}: {_size(table)}, {table['TableStatus']}, {_mode(found)}{_reserved(table)}",
        f"  keys: {schema.show_keys(shape.keys)}",
    ]
    for index in [*(table.get("GlobalSecondaryIndexes") or ()), *(table.get("LocalSecondaryIndexes") or ())]:
        name = index["IndexName"]
        state = index.get("IndexStatus", table["TableStatus"])
        lines.append(f"  index {name}: {_size(index)}, {state}, {shape.indexes[name]}{_reserved(index)}")
    expiry = "unknown here" if shape.expiry is None else f"by {shape.expiry}" if shape.expiry else "off"
    recovery = "unknown here" if found.recovery is None else "on" if found.recovery else "off"
    protection = "on" if found.protected else "off"
    lines.append(f"  expiry: {expiry}; point-in-time recovery: {recovery}; deletion protection: {protection}")
    return lines


def _size(described: provision.Answer) -> str:
    """Items and bytes, which DynamoDB counts anew every six hours or so."""
    size = str(filesizeformat(described.get("TableSizeBytes", described.get("IndexSizeBytes", 0)))).replace("\xa0", " ")
    return f"{described.get('ItemCount', 0):,} items, {size}"


def _reserved(described: provision.Answer) -> str:
    units = provision.units_of(described)
    return f", {units}" if units else ""
