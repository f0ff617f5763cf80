"""The whole index made again from DynamoDB, in place, while posts go on being written and searched.

Everything is scanned in parallel segments and indexed as if it had just been noted: what is newer in the index
stays, so nothing that is written meanwhile is lost, and a rebuild that was stopped can simply be started again.
At the end what was nowhere seen is forgotten. Threads come first, since posts without theirs are not kept.

Reading and unpacking take most of the time, so processes of their own do it, a segment each; one writes.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from forum.tables import parallel, reading_all
from forum.tables.parallel import Pace, Start

from .backend import index
from .documents import PostDoc, ThreadDoc, now, post_doc, thread_doc

# A scan may show what was so long ago.
LAG_MS = 60_000
# So much text is stored in one transaction, or of short posts a part of it; for that long, less than a second, what
# somebody writes is not indexed.
AT_ONCE = 1_500_000
OF_EACH = 150


@dataclass(frozen=True, slots=True)
class Done:
    """So far."""

    threads: int = 0
    posts: int = 0
    read_units: float = 0.0


def rebuild(processes: int = 1, units_per_second: float = math.inf) -> Iterator[Done]:
    """Index everything; yields how much is done so far. With one process all is done in this one.

    Unavailable where a store fails: what is indexed stays, and the next rebuild does it again.
    """
    started = now()
    pace = Pace(units_per_second)
    # Whoever may not read much at once reads less than 1 MB, which is 128 units.
    most = 0 if units_per_second == math.inf else reading_all.PAGE
    threads = posts = 0
    with parallel.workers(processes) as workers:
        for _, heads, _ in parallel.pages(workers, partial(scan_threads, most=most), processes, pace):
            index().store(heads, [])
            threads += len(heads)
            yield Done(threads, posts, pace.units)
        pages = parallel.pages(workers, partial(scan_posts, most=most), processes, pace)
        for docs in _batches(found for _, found, _ in pages):
            index().store([], docs)
            posts += len(docs)
            yield Done(threads, posts, pace.units)
    index().remove_unseen(started - LAG_MS)
    index().optimize()


def scan_threads(
    segment: int, segments: int, start: Start | None, most: int = 0
) -> tuple[list[ThreadDoc], Start | None, float]:
    """A page of heads as documents. A head that a thread has left behind says nothing that another does not."""
    seen = now() - LAG_MS
    page = reading_all.list_threads(segment, segments, start, most)
    return [thread_doc(head, seen) for head in page.items if not head.moved_to], page.next, page.read_units


def scan_posts(
    segment: int, segments: int, start: Start | None, most: int = 0
) -> tuple[list[PostDoc], Start | None, float]:
    seen = now() - LAG_MS
    page = reading_all.list_texts(segment, segments, start, most)
    return [post_doc(post, seen) for post in page.items], page.next, page.read_units


def _batches(pages: Iterator[list[PostDoc]]) -> Iterator[list[PostDoc]]:
    """The same in fewer parts: each that is stored costs something to put together with the others."""
    batch: list[PostDoc] = []
    size = 0
    for docs in pages:
        batch += docs
        size += sum(OF_EACH + len(doc.text) for doc in docs)
        if size >= AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
