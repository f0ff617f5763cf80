"""How many connections each worker has, so that a new one goes to a worker that has few.

All workers wait on the same socket, and the kernel wakes whom it likes: mostly whoever ran last. A proxy that keeps its
connections open would then give nearly all requests to one process, however many there are. So a worker that is
ahead of another leaves a new connection to it for a moment, no longer: the other may be busy, or hang.

The numbers are in memory that the master makes before it forks; each worker writes its own.
"""

import mmap
import time

# So many workers at most have a place of their own; more share some, which costs fairness and nothing else.
PLACES = 64
# Being ahead by so many is no reason to wait.
SLACK = 1
LEFT_SECONDS = 0.001
PAUSE_SECONDS = 0.000_05

_NOBODY = 0


class Balance:
    """The numbers of all workers of one server. A place holds 0 for nobody, else connections + 1."""

    def __init__(self) -> None:
        self._places = memoryview(mmap.mmap(-1, 4 * PLACES)).cast("i")
        self._mine = 0
        self._own = 0
        self._left_since = 0.0

    def join(self, age: int) -> None:
        """Take the place of the worker that was started as the `age`th; called in it."""
        self._mine = age % PLACES
        self.have(0)

    def leave(self, age: int) -> None:
        """The worker has ended; called in the master, however it did."""
        self._places[age % PLACES] = _NOBODY

    def have(self, connections: int) -> None:
        """This worker has so many now."""
        self._own = connections
        self._places[self._mine] = connections + 1

    def leaves(self, now: float) -> bool:
        """Whether a connection that waits at this moment (time.monotonic()) is left to a worker that has fewer. Pauses
        a little then, so that the other comes to run; never for longer than LEFT_SECONDS one after the other."""
        least = min(filter(None, self._places)) - 1
        if self._own <= least + SLACK:
            self._left_since = 0.0
            return False
        if not self._left_since:
            self._left_since = now
        elif now - self._left_since > LEFT_SECONDS:
            self._left_since = 0.0
            return False
        time.sleep(PAUSE_SECONDS)
        return True


# Made in the master, which imports this before it forks.
balance = Balance()
