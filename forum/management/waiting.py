"""What commands on tables share: an act each, how long they wait for DynamoDB and how they show it, and options."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from forum.tables.provision import Patience, ProvisionError


class WaitingCommand(BaseCommand):
    """`act` names the method that does it: `_on_demand` for "on-demand"."""

    def handle(self, **options: Any) -> None:
        act = getattr(self, f"_{options['act'].replace('-', '_')}")
        try:
            act(**options)
        except (ProvisionError, ValueError) as error:
            raise CommandError(str(error)) from error

    def patience(self, seconds: int) -> Patience:
        """ValueError where nobody can wait so long."""
        if seconds < 1:
            raise ValueError("--wait takes a number of seconds, at least 1.")
        return Patience(seconds, self._step)

    def _step(self, what: str, waited: float) -> None:
        """Progress on one line that is written over; only people at a terminal want it."""
        if sys.stderr.isatty() and waited >= 1:
            self.stderr.write(f"\r\033[K{what}, {waited:.0f} s", ending="\r")


def wait_argument(parser: ArgumentParser) -> None:
    parser.add_argument("--wait", type=int, default=600, metavar="SECONDS", help="how long to wait (default 600)")


def unit_arguments(parser: ArgumentParser) -> None:
    """What `billing.parse` reads."""
    parser.add_argument("--read", type=int, metavar="UNITS", help="read capacity of each table and global index")
    parser.add_argument("--write", type=int, metavar="UNITS", help="write capacity of each table and global index")
    parser.add_argument(
        "--index",
        action="append",
        default=[],
        metavar="NAME=READ,WRITE",
        help="capacity of a global index (default: as its table's); may be given for each",
    )
