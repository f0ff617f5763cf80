"""Who pays for DynamoDB's calls: whatever a page, a job or a command asks for is counted by its name.

Pages are named as their routes are ("thread"), forms sent to them are acts ("act: reply"), jobs are by their kind
("job: nuke"), and what is asked outside of all that is the command's ("command: work"), each call for itself.
"""

import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .cache import units
from .tables import base
from .tables.base import Ledger

COMMAND = sys.argv[1] if Path(sys.argv[0]).name == "manage.py" and len(sys.argv) > 1 else ""
FLUSH_SECONDS = 5.0

_due = 0.0


@contextmanager
def charged(page: str, patience: float = math.inf) -> Iterator[Ledger]:
    """Count what is called inside, also where it fails, as this page's. As `base.counting` else, without scans."""
    with base.counting(scans_allowed=False, patience=patience) as ledger:
        try:
            yield ledger
        finally:
            charge(page, ledger)


def charge(page: str, ledger: Ledger) -> None:
    """Add what something has cost to the figures of this page."""
    used = {part: (each.read, each.write) for part, each in ledger.used.items()}
    units.count(page, len(ledger.calls), used, ledger.seconds)


def charge_command(ledger: Ledger) -> None:
    """Add a call that nobody counts to the figures of the command that runs. A command may run for hours, and no
    request's end sends what it has counted."""
    global _due
    charge(f"command: {COMMAND or 'other'}", ledger)
    if COMMAND and time.monotonic() >= _due:
        _due = time.monotonic() + FLUSH_SECONDS
        units.flush()


def finish_command() -> None:
    """Send what a command has counted, when it ends."""
    if COMMAND:
        units.flush()
