"""Numbers that each process counts and sends to Redis now and then, where those of all processes are summed."""

import threading
from collections.abc import Callable

from forum.redis import Down


class Counts(dict[str, int]):
    """By name, for any number of threads.

    Numbers only ever grow, and what was sent is remembered: so sending resets nothing that a thread may be adding to,
    and loses nothing where it fails.
    """

    def __init__(self, *names: str) -> None:
        super().__init__(dict.fromkeys(names, 0))
        self._sent: dict[str, int] = {}
        self._sending = threading.Lock()

    def flush(self, send: Callable[[dict[str, int]], None]) -> None:
        """Have `send` send what was added since the last time; not while another thread is at it. Where it raises Down
        all of it stays for the next time. Never raises."""
        if not self._sending.acquire(blocking=False):
            return
        try:
            now = dict(self)
            send({name: n - self._sent.get(name, 0) for name, n in now.items() if n > self._sent.get(name, 0)})
            self._sent = now
        except Down:
            pass
        finally:
            self._sending.release()

    def forget(self) -> None:
        """Know no number, as a process that has just started (tests)."""
        self.clear()
        self._sent = {}
