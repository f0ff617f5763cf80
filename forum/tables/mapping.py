"""Threads in the order of their ids, which is that of their beginning: for sitemaps.

Access pattern: a stretch of a forum's threads by id (Query of ForumThreads itself, one partition), a thousand
heads at a time. Ids hardly change their order, so the id where a stretch begins is a cursor that lasts.
"""

from .keys import partition
from .threads import Thread

WANTED = ["ForumName", "ThreadID", "Title", "CreatedAt", "LastPostTimestamp", "Status", "MovedTo", "Tags"]


def list_by_id(forum: str, shard: int, first: str, before: str, limit: int) -> list[Thread]:
    """At most `limit` heads of a partition from the id `first` on ("": from the beginning), up to, and not with,
    the id `before` ("": to the end), as far as a list needs them; what readers may not see is among them. One
    Query, some 90 read units for a thousand."""
    condition = Thread.id.between(first or "0", before) if before else Thread.id >= (first or "0")
    found = Thread.query(partition(forum, shard), condition, limit=limit + 1, attributes_to_get=WANTED)
    return [head for head in found if head.id != before][:limit]


def id_after(forum: str, shard: int, first: str, count: int) -> str:
    """The id of the thread that comes `count` after the one with the id `first`, "" where there are not so many.
    One Query."""
    found = list(
        Thread.query(
            partition(forum, shard), Thread.id >= (first or "0"), limit=count + 1, attributes_to_get=["ThreadID"]
        )
    )
    return found[count].id if len(found) > count else ""
