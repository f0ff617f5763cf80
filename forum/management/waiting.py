"""What commands on tables share: an act each, how long they wait for DynamoDB, and how they show that they do."""

import sys
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
