"""What DynamoDB says, read consistently and past every cache and lag: for writes whose answer was lost."""

import re

from forum.errors import NotFound
from forum.tables import posts, threads

from .seen import DELETED

NEWEST = 100

_COUNT = re.compile(r"count-(\d+)")


def place_of(forum: str, counter: str) -> tuple[str, int] | None:
    """The thread and number of the new post with this counter; None where it was not stored."""
    for post in posts.list_of_forum(forum, 1, NEWEST):
        if f"count-{counter}" in post.body:
            return post.thread_id, int(post.number)
    return None


def text_of(thread: str, number: int) -> str:
    """The counter in a post as it stands, or DELETED; "" where there is no such post."""
    try:
        post = posts.get_post(thread, number)
    except NotFound:
        return ""
    found = _COUNT.search(post.body)
    return DELETED if post.deleted else found[1] if found else ""


def is_locked(forum: str, thread: str) -> bool:
    return bool(threads.get_thread(forum, thread).locked)


def is_gone(forum: str, thread: str) -> bool:
    return threads.get_thread(forum, thread).deleted
