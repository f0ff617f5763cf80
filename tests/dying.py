"""A process that dies at any one of its writes: before the write was made, or right after.

    for death in every_death():
        world = build()
        with death.strikes():
            act(world)
        if not death.struck:
            break
        finish(world)          # as another process would: `jobs_go_on()` does for jobs
        assert ...

A write is one call of DynamoDB's that writes, and one note of a job's about itself in the relational
database. Reading is no place to die at: what dies there has written as much as at the write before.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from forum import jobs
from forum.models import Job
from forum.tables.base import ForumConnection
from forum.tables.consumption import WRITES

MOST_WRITES = 200
# What writes to the relational database while a job runs: (module, function).
NOTES = [(jobs, "_lease"), (jobs, "_save"), (jobs, "_release")]


class Killed(BaseException):
    """The process is gone. No code of ours may catch it and go on."""


@dataclass
class Death:
    """Strikes at the write of this number, the first being 1; `struck` says whether it came to that."""

    number: int
    after: bool
    seen: int = 0
    struck: bool = False

    def __str__(self) -> str:
        return f"killed {'after' if self.after else 'before'} write {self.number}"

    @contextmanager
    def strikes(self, also: list[tuple[Any, str]] | None = None) -> Iterator[None]:
        """Within this, writes are counted; Killed ends it early, and is not passed on.

        `also` names further functions, each of which counts as one write.
        """
        with ExitStack() as patches:
            dispatch = ForumConnection.dispatch

            def dispatching(self: ForumConnection, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
                def call() -> dict[str, Any]:
                    return dispatch(self, operation, arguments)

                return death.at(call) if operation in WRITES else call()

            death = self
            patches.enter_context(patch.object(ForumConnection, "dispatch", dispatching))
            for owner, name in [*NOTES, *(also or [])]:
                patches.enter_context(patch.object(owner, name, self._dying(getattr(owner, name))))
            try:
                yield
            except Killed:
                assert self.struck

    def _dying(self, write: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *arguments, **options: self.at(lambda: write(*arguments, **options))

    def at(self, write: Callable[[], Any]) -> Any:
        """Make a write, unless it is the one to die before."""
        # What is dead writes no more, whatever its `finally` blocks try.
        if self.struck:
            raise Killed(str(self))
        self.seen += 1
        mine = self.seen == self.number
        if mine and not self.after:
            self.struck = True
            raise Killed(str(self))
        result = write()
        if mine:
            self.struck = True
            raise Killed(str(self))
        return result


def every_death() -> Iterator[Death]:
    """Before and after the first write, the second, …; the caller leaves when one has not struck."""
    for number in range(1, MOST_WRITES):
        yield Death(number, after=False)
        yield Death(number, after=True)
    raise AssertionError(f"it wrote {MOST_WRITES} times, and did not end")


def jobs_go_on(seconds: float = 20.0) -> None:
    """Let another runner do all that is left of all jobs, once the leases of the dead have ended."""
    until = time.monotonic() + seconds
    for _ in itertools.count():
        Job.objects.filter(status__in=[Job.Status.WAITING, Job.Status.RUNNING]).update(leased_until=None)
        if not jobs.work(seconds=1.0):
            return
        assert time.monotonic() < until, "the jobs do not come to an end"
