"""Threads that went elsewhere, as a whole or in part, while an export read them: read once more, each as it is now."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from forum.errors import NotFound, Unavailable
from forum.journal import Journal
from forum.tables import moving, posts, raw, threads
from forum.tables.keys import forum_of
from forum.tables.threads import Thread

from . import lines

POSTS_AT_ONCE = 100

WriteItem = Callable[[str, raw.Raw], None]

# Heads whose posts were not all found where they are; posts in a place where their thread was not yet; threads that
# have taken posts in which their heads did not count yet.
_UNSETTLED = """
SELECT id FROM heads WHERE moved_to IS NULL AND seen != last
UNION SELECT id FROM heads WHERE moved_to IS NOT NULL AND seen NOT IN (0, last)
UNION SELECT strays.id FROM strays JOIN heads USING (id)
      WHERE NOT EXISTS (SELECT 1 FROM heads h WHERE h.id = strays.id AND h.partition = strays.partition)
UNION SELECT leads.id FROM leads
      WHERE NOT EXISTS (SELECT 1 FROM heads h WHERE h.id = leads.id AND (h.last >= leads.number OR h.moved_to NOT NULL))
ORDER BY id
"""


def unsettled(journal: Journal) -> Iterator[str]:
    """The ids of the threads to be read again."""
    for (thread,) in list(journal.rows(_UNSETTLED)):
        yield str(thread)


def read_again(
    thread: str, forums: Sequence[str], journal: Journal, write_item: WriteItem, write: Callable[[str], None]
) -> bool:
    """Void what was written of a thread, and write it as it is now; its head replaces the one in the journal. False
    where it has gaps: then what was written stands."""
    known = [str(row[0]) for row in journal.rows("SELECT partition FROM heads WHERE id = ?", [thread])]
    try:
        head = _head(thread, known, forums)
        found = list(_posts_of(head))
    except (NotFound, Unavailable):
        return False
    write(lines.as_text({"void": thread}))
    journal.do("DELETE FROM heads WHERE id = ?", [thread])
    journal.do("DELETE FROM mine WHERE thread = ?", [thread])
    if forum_of(head.partition) not in forums:
        return True
    for item in found:
        # A thread on its way has posts that are to follow it: in the file they have.
        write_item(raw.POSTS, item | {"ForumName": {"S": head.partition}})
    for item in raw.get_items(raw.THREADS, [(place, thread) for place in {*known, head.partition}]):
        journal.do(
            "INSERT INTO heads (id, partition, last, item) VALUES (?, ?, 0, ?)",
            [thread, item["ForumName"]["S"], raw.canonical(_as_read(item, head))],
        )
    return True


def _as_read(item: raw.Raw, head: Thread) -> raw.Raw:
    """The head as it counted the posts that were read after it, should more have come since."""
    return item if item["ForumName"]["S"] != head.partition else head.serialize()


def _head(thread: str, known: Sequence[str], forums: Sequence[str]) -> Thread:
    for place in known:
        with suppress(NotFound):
            head = threads.follow(threads.get_thread(forum_of(place), thread))
            if head.id == thread:
                return head
            # It went into another thread as a whole, and leads there: its own posts are where they were.
            return threads.get_thread(forum_of(place), thread)
    head = posts.find_head(thread, 1, forums)
    if head.id != thread:
        raise NotFound("It went into another thread already.")
    return head


def _posts_of(head: Thread) -> Iterator[raw.Raw]:
    for first in range(1, int(head.last_post_number) + 1, POSTS_AT_ONCE):
        last = min(first + POSTS_AT_ONCE - 1, int(head.last_post_number))
        yield from raw.get_items(raw.POSTS, [post.key for post in moving.get_posts(head, first, last)])
