"""Charts of the administration: bars of what was used over time, as shapes that a template draws.

A chart is 600 by 120 and is scaled to the width that there is; its words stand beside it as text, so that they keep
their size. Colours are the style sheet's, and each bar says its numbers when it is pointed at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from forum.cache.units import Slice

WIDTH, HEIGHT = 600, 120


@dataclass(frozen=True, slots=True)
class Bar:
    """A time's units, writes on top of reads. `says` is for whoever points at it."""

    x: float
    width: float
    read_y: float
    read_height: float
    write_y: float
    write_height: float
    says: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`most` is the units of the highest bar, 0 where there is none; `labels` are the first and the last time."""

    title: str
    bars: Sequence[Bar]
    most: float
    labels: tuple[str, str]

    @property
    def box(self) -> str:
        return f"0 0 {WIDTH} {HEIGHT}"


def of_units(title: str, slices: Sequence[Slice]) -> Chart:
    """The units of each slice, the oldest at the left."""
    units = [each.units for each in slices]
    most = max((read + write for read, write in units), default=0.0)
    step, scale = WIDTH / max(len(slices), 1), HEIGHT / most if most else 0.0
    bars = [
        _bar(number * step, step * 0.8, read, write, scale, _clock(each))
        for number, (each, (read, write)) in enumerate(zip(slices, units, strict=True))
        if read or write
    ]
    return Chart(title, bars, most, (_clock(slices[0]), _clock(slices[-1])) if slices else ("", ""))


def _bar(x: float, width: float, read: float, write: float, scale: float, clock: str) -> Bar:
    says = _("%(time)s: %(read)s read units, %(write)s write units") % {
        "time": clock,
        "read": f"{read:g}",
        "write": f"{write:g}",
    }
    low, high = round(read * scale, 2), round(write * scale, 2)
    return Bar(round(x, 2), round(width, 2), HEIGHT - low, low, HEIGHT - low - high, high, says)


def _clock(each: Slice) -> str:
    return timezone.localtime(datetime.fromtimestamp(each.start, UTC)).strftime("%H:%M")
