"""Feeding the index after every write, whatever it was: what was noted is read, and what is stored then is indexed.

Who writes does this after the answer has been sent, so nobody waits for it; what fails stays noted (`cache.changed`),
and whoever comes next mends it: a process that writes something, or `manage.py work` within a second or two.

Access patterns: one BatchGetItem of posts and one of heads, both consistent, for up to a hundred posts. Of a thread
whose head alone has changed the index knows the forum; where it has moved from there, a GetItem more.
"""

import logging
import time
from collections.abc import Iterable, Sequence

from forum.cache import changed
from forum.cache.changed import Notes
from forum.charging import charged
from forum.errors import NotFound, Unavailable
from forum.tables.bulk import get_many
from forum.tables.keys import forum_of, thread_partition
from forum.tables.posts import Post
from forum.tables.threads import Thread, follow

from .backend import index
from .documents import now, post_doc, thread_doc

log = logging.getLogger(__name__)

AT_ONCE = 100
# How often a process that writes looks for what others could not index.
MEND_SECONDS = 30.0
# What is fed after an answer may wait so long for DynamoDB.
PATIENCE_SECONDS = 5.0

_next_mend = 0.0


def after_answer(**_: object) -> None:
    """Index what this thread has just written, and now and then what is left of others. Never raises."""
    global _next_mend
    notes = changed.take()
    if not notes:
        return
    _try(notes)
    if time.monotonic() >= _next_mend:
        _next_mend = time.monotonic() + MEND_SECONDS
        mend()


def mend(most: int = 10) -> int:
    """Index what waits, up to so many batches; how much that was. Never raises."""
    changed.take()
    done = 0
    for _ in range(most):
        notes = changed.waiting(AT_ONCE)
        if not notes or not _try(notes):
            break
        done += len(notes)
    return done


def _try(notes: Notes) -> bool:
    """Index these and take the notes back; False where that failed, which is logged, and they stay."""
    try:
        with charged("search index", patience=PATIENCE_SECONDS):
            names = list(notes)
            for start in range(0, len(names), AT_ONCE):
                feed(names[start : start + AT_ONCE])
    except Exception as error:
        # Search shows an older state until this is mended. That is no reason to fail what has been written.
        log.warning("The search index waits for %s changes: %s", len(notes), error, exc_info=_unexpected(error))
        return False
    changed.settle(notes)
    return True


def _unexpected(error: Exception) -> bool:
    return not isinstance(error, Unavailable)


def feed(notes: Sequence[str]) -> None:
    """Index these posts and threads as they are stored now. At most AT_ONCE."""
    seen = now()
    posts, threads = _read(notes)
    heads = [thread_doc(head, seen) for head in _heads(posts, threads)]
    index().store(heads, [post_doc(post, seen) for post in posts])


def store(posts: Iterable[Post], heads: Iterable[Thread]) -> None:
    """Index these, which whoever loads data has just stored."""
    seen = now()
    index().store([thread_doc(head, seen) for head in heads], [post_doc(post, seen) for post in posts])


def _read(notes: Sequence[str]) -> tuple[list[Post], list[str]]:
    """The posts of these notes that there are, and the ids of threads."""
    keys = [(partition, timestamp) for kind, partition, timestamp in (_parts(note) for note in notes) if kind == "p"]
    threads = [note.removeprefix("t|") for note in notes if note.startswith("t|")]
    return get_many(Post, keys), threads


def _parts(note: str) -> tuple[str, str, str]:
    kind, _, rest = note.partition("|")
    partition, _, timestamp = rest.partition("|")
    return kind, partition, timestamp


def _heads(posts: Sequence[Post], threads: Sequence[str]) -> list[Thread]:
    """The heads of these posts and threads, each where its thread is now."""
    keys = {
        post.thread_id: (thread_partition(forum_of(post.partition), post.thread_id), post.thread_id) for post in posts
    }
    unknown = [id_ for id_ in threads if id_ not in keys]
    forums = index().forums_of(unknown) if unknown else {}
    keys |= {id_: (thread_partition(forum, id_), id_) for id_, forum in forums.items()}
    return [_in_place(head) for head in get_many(Thread, keys.values())]


def _in_place(head: Thread) -> Thread:
    """Where the thread is now; as it was where it became a part of another, of which nothing can be read here."""
    if not head.moved_to:
        return head
    try:
        moved = follow(head)
    except NotFound:
        return head
    return moved if moved.id == head.id else head
