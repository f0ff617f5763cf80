"""What commands that read whole tables share: in how many parts at once, and how fast."""

import math
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--segments", type=int, default=4, help="how many parts are read at once (default 4)")
    parser.add_argument("--read-units", type=float, default=0, help="at most so many a second (default: any)")


def asked(options: dict[str, Any]) -> tuple[int, float]:
    """Segments, and read units a second; CommandError for what cannot be."""
    if not 1 <= options["segments"] <= 1000:
        raise CommandError("--segments takes a number from 1 to 1000.")
    if not 0 <= options["read_units"] < math.inf:
        raise CommandError("--read-units takes a number of units a second, above 0.")
    return options["segments"], options["read_units"] or math.inf
