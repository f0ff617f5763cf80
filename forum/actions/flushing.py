"""Adding what Redis has counted to the items that keep it: how often threads are read to their heads, what forums have
become to their totals. A batch at a time (`forum.pulse.batches`), by any server, worker or `flush_counts`.

What no cached page shows is worth a new generation of it, so pages show the numbers of when they were made.
"""

import time
from collections.abc import Mapping
from contextlib import suppress

from forum.errors import Unavailable
from forum.pulse import batches
from forum.pulse import totals as known
from forum.redis import Down
from forum.tables import threads, totals
from forum.tables.keys import thread_partition
from forum.tables.totals import Totals

SECONDS = 60.0
# So many are taken out of the batch at once.
AT_ONCE = 25

_due = 0.0


def save_if_due() -> None:
    """`save`, unless this process did so less than a minute ago. Never raises."""
    global _due
    if time.monotonic() >= _due:
        _due = time.monotonic() + SECONDS
        with suppress(Down, Unavailable):
            save()


def save() -> int:
    """Add what has come together; of how many threads and forums that was. One UpdateItem for each. Down without Redis,
    Unavailable without DynamoDB: what was not added then waits."""
    # Perhaps a batch that somebody did not end, and what has come together since.
    return sum(_save_batch() for __ in range(2))


def _save_batch() -> int:
    number, changes = batches.take()
    names = list(changes)
    for start in range(0, len(names), AT_ONCE):
        some = {name: changes[name] for name in names[start : start + AT_ONCE]}
        stored: dict[str, int] = {}
        for name, more in some.items():
            stored |= _add(name, more, number)
        batches.done(number, some, stored)
    return len(changes)


def _add(name: str, more: Mapping[str, int], number: int) -> dict[str, int]:
    """Add to a thread or a forum what a batch has of it; of a forum its totals then, as Redis has them."""
    forum, of_thread, thread_id = name.partition("/")
    if of_thread:
        key = thread_partition(forum, thread_id), thread_id
        threads.change_views(key, more.get("views", 0), more.get("readers", 0), number)
        return {}
    stored = totals.change_totals(forum, more, number)
    return {known.field(forum, what): count for what, count in stored.numbers.items()}


def correct(forum: str, right: Mapping[str, int], seen: Totals | None = None) -> None:
    """Put a forum's totals right, as they were counted; if `seen` is given, Lost where a batch has been added since it
    was read. Down where Redis cannot be told, and has them wrong until the forum's next batch."""
    totals.put_totals(forum, right, seen)
    known.drop(forum)
