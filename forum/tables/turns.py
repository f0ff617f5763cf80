"""One after the other: writers of the same thing in this process wait in line instead of racing.

Whoever loses a race for a thread's head has paid for a transaction that wrote nothing. In line they
pay once, the first to come is the first to be served, and what is left to race are the processes.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from forum.errors import Busy

_lock = threading.Lock()
_lines: dict[str, deque[threading.Event]] = {}


@contextmanager
def turn(name: str, seconds: float) -> Iterator[None]:
    """Run the block when all that came before for this name are done; Busy when that takes too long."""
    mine = threading.Event()
    with _lock:
        line = _lines.setdefault(name, deque())
        line.append(mine)
        line[0].set()
    try:
        if not mine.wait(seconds):
            raise Busy("Many people are replying at this moment. Please send your reply again.")
        yield
    finally:
        with _lock:
            line.remove(mine)
            if line:
                line[0].set()
            else:
                del _lines[name]
