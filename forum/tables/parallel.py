"""All of a table in parallel segments, at a pace, for commands: `reading_all` and `raw` read the pages.

Of each segment one page is asked for at a time, so memory holds a page for each, and where a segment is can be noted
with each page that has come.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

from . import base

Start = dict[str, Any]
# What a task answers: what it found, where its segment goes on (None at its end), and the read units it took.
Found = tuple[list[Any], Start | None, float]
Task = Callable[[int, int, Start | None], Found]


class Pace:
    """No more read units in a second than these, on average."""

    def __init__(self, units_per_second: float) -> None:
        self.units = 0.0
        self._per_second = units_per_second
        self._started = time.monotonic()

    def spent(self, units: float) -> None:
        self.units += units
        ahead = self.units / self._per_second - (time.monotonic() - self._started)
        if ahead > 0:
            time.sleep(ahead)


def pages(
    workers: Executor, task: Task, segments: int, pace: Pace, starts: Mapping[int, Start | None] | None = None
) -> Iterator[tuple[int, list[Any], Start | None]]:
    """All pages of all segments, as they come: the segment, what is in the page, and where the next one begins.

    `starts` says which segments there are still to read and from where; without it all are, from their beginnings.
    """
    todo: Mapping[int, Start | None] = dict.fromkeys(range(segments)) if starts is None else starts
    under_way: dict[Future[Found], int] = {
        workers.submit(task, each, segments, start): each for each, start in todo.items()
    }
    while under_way:
        done, _ = wait(under_way, return_when=FIRST_COMPLETED)
        for future in done:
            segment = under_way.pop(future)
            found, following, units = future.result()
            pace.spent(units)
            if following is not None:
                under_way[workers.submit(task, segment, segments, following)] = segment
            yield segment, found, following


@contextmanager
def workers(processes: int, threads: int = 1) -> Iterator[Executor]:
    """Those who read: processes of their own where unpacking what was read is most of the work, else threads. What
    they have begun is waited for when the command is stopped, what they have not begun is left."""
    made = _processes(processes) if processes > 1 else ThreadPoolExecutor(threads)
    try:
        yield made
    finally:
        made.shutdown(wait=True, cancel_futures=True)


def _processes(number: int) -> Executor:
    return ProcessPoolExecutor(number, get_context("spawn"), _begin)


def _begin() -> None:
    """A new process knows nothing yet."""
    import django

    django.setup()
    base.warm_up()
