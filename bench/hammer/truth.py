"""What DynamoDB says, read consistently and past every cache and lag: for writes whose answer was lost, and for whole
lists."""

import re
from collections.abc import Iterator

from forum.errors import NotFound
from forum.models import Forum
from forum.tables import posts, raw, threads
from forum.tables.parallel import Start

from .seen import DELETED

NEWEST = 100

_COUNT = re.compile(r"count-(\d+)")


def place_of(forum: str, counter: str) -> tuple[str, int] | None:
    """The thread and number of the new post with this counter; None where it was not stored."""
    for post in posts.list_of_forum(forum, Forum.objects.get(name=forum).shards, NEWEST):
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


# -- Whole lists, past all that asks shards and merges their answers ------------------------------


def threads_in_order() -> dict[str, str]:
    """The ids of all threads that are in a list, by last activity, with their sort keys there."""
    heads = [item for item in _items(raw.THREADS) if "LastPostTimestamp" in item]
    return _newest_first({item["ThreadID"]["S"]: item["LastPostTimestamp"]["S"] for item in heads})


def posts_in_order() -> dict[str, str]:
    """All posts that can be read, in threads that can be, newest first: "<thread>-<number>" with their sort keys."""
    listed, found = threads_in_order(), {}
    for item in _items(raw.POSTS):
        if item.get("Status", {}).get("S", "visible") == "visible" and item["ThreadID"]["S"] in listed:
            found[f"{item['ThreadID']['S']}-{item['PostNumber']['N']}"] = item["PostTimestamp"]["S"]
    return _newest_first(found)


def _newest_first(keys: dict[str, str]) -> dict[str, str]:
    return dict(sorted(keys.items(), key=lambda pair: pair[1], reverse=True))


def counters() -> dict[tuple[str, int], str]:
    """The counter in each post, by thread and number."""
    texts = {(item["ThreadID"]["S"], int(item["PostNumber"]["N"])): item["Body"]["S"] for item in _items(raw.POSTS)}
    return {place: found[1] for place, text in texts.items() if (found := _COUNT.search(text))}


def _items(table: str) -> Iterator[raw.Raw]:
    start: Start | None = None
    while True:
        found, start, _ = raw.list_page(table, 0, 1, start)
        yield from found
        if start is None:
            return
