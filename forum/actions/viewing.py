"""Adding what was read to the threads' heads: a batch at a time, by any server or `flush_counts`.

A batch that somebody did not end is gone on with by whoever comes next, two at once if they will: each head takes each
batch once. What no cached page shows is worth a new generation of it, so pages show the numbers of when they were made.
"""

import time
from contextlib import suppress

from forum.errors import Unavailable
from forum.pulse import views
from forum.redis import Down
from forum.tables import threads
from forum.tables.keys import thread_partition

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
    """Add what has come together; of how many threads that was. One UpdateItem for each. Down without Redis,
    Unavailable without DynamoDB: what was not added then waits."""
    number, viewed = views.take()
    for start in range(0, len(viewed), AT_ONCE):
        some = viewed[start : start + AT_ONCE]
        for each in some:
            forum, _, thread_id = each.name.partition("/")
            threads.change_views((thread_partition(forum, thread_id), thread_id), each.views, each.readers, number)
        views.done(number, some)
    return len(viewed)
