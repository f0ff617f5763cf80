"""How far a command is, for whoever waits for it."""

import time
from datetime import timedelta

from django.core.management.base import BaseCommand

BAR_WIDTH = 30
BAR_SECONDS = 0.2
LINE_SECONDS = 10.0


class Progress:
    """A bar with the rate and the time left on a terminal, a line now and then elsewhere, nothing when it is over at
    once. `total` of `what` is a guess where it is DynamoDB's own count, which is hours old."""

    def __init__(self, command: BaseCommand, total: int, what: str = "posts") -> None:
        self.out = command.stderr
        self.live = bool(self.out.isatty())
        self.total, self.what = total, what
        self.started = self.shown = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def at(self, done: float) -> None:
        """Show that so many are done, unless something was shown a moment ago."""
        now = time.monotonic()
        if now - self.shown < (BAR_SECONDS if self.live else LINE_SECONDS):
            return
        self.shown = now
        total = max(self.total, done)
        rate = done / self.seconds
        left = timedelta(seconds=round((total - done) / rate)) if rate else "?"
        figures = f"{done:,.0f} of {total:,.0f} {self.what}, {rate:,.0f} a second, {left} left"
        if self.live:
            bar = "█" * round(BAR_WIDTH * done / max(total, 1))
            self.out.write(f"\r\033[K{bar:░<{BAR_WIDTH}} {figures}", ending="")
            self.out.flush()
        else:
            self.out.write(figures)

    def end(self) -> None:
        if self.live:
            self.out.write("\r\033[K", ending="")
            self.out.flush()
