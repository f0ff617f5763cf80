"""Lists for whoever looks back and forth through them: a page right below a sort key, or right above it.

Access patterns: posts of a forum by time (Query of ForumPosts, consistent), posts of a member by time (Query
of UserPosts), posts of a thread by number (Query of ThreadPosts), threads of a forum by last activity (Query of
LastActivity, consistent), the log of a month, a forum, a member (Query of Log, ForumLog, MemberLog). One Query
for each partition, which only a sharded forum has several of, whichever page it is and however long the list:
sort keys are exact cursors.
"""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from .bulk import get_many
from .keys import partitions
from .moderation import Record
from .overlay import Written
from .posts import Post
from .threads import Thread

T = TypeVar("T")
Query = Callable[..., Iterable[T]]


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a page begins in a list that is newest first: right below the sort key `before`, or so that it
    ends right above `after`; with neither it begins at the top."""

    before: str = ""
    after: str = ""


TOP = Cut()


def list_forum_posts(forum: str, shards: int, cut: Cut, limit: int) -> list[Post]:
    """Posts of a forum, newest first, whatever their status."""
    keys = partitions(forum, shards)
    return _page(Post.query, keys, Post.timestamp, lambda post: post.timestamp, cut, limit, consistent_read=True)


def list_member_posts(user_id: str, cut: Cut, limit: int) -> list[Post]:
    """Posts of a member in all forums, newest first, whatever their status; a moment behind."""
    return _page(Post.by_user.query, [user_id], Post.timestamp, lambda post: post.timestamp, cut, limit)


def list_thread_posts(thread_id: str, cut: Cut, limit: int) -> list[Post]:
    """Posts of a thread, the last first, cut at their numbers; a moment behind."""
    numbers = Cut(*(int(text) if text else "" for text in (cut.before, cut.after)))  # type: ignore[arg-type]
    return _page(Post.by_thread.query, [thread_id], Post.number, lambda post: f"{int(post.number):09}", numbers, limit)


def renewed(found: list[Post], written: Written) -> list[Post]:
    """The posts an index showed, read once more where it is behind what was `written`: one BatchGetItem or none."""
    stale = [post.key for post in found if post.revision < written.get(post.key, 0)]
    newer = {post.key: post for post in get_many(Post, stale)}
    return [newer.get(post.key, post) for post in found]


def list_forum_threads(forum: str, shards: int, cut: Cut, limit: int) -> list[Thread]:
    """Threads of a forum by last activity, newest first, pinned ones before all. Those that readers are not
    shown in any list are in none of ours."""

    def key(thread: Thread) -> str:
        return thread.last_post_timestamp or ""

    query, sort = Thread.by_activity.query, Thread.last_post_timestamp
    return _page(query, partitions(forum, shards), sort, key, cut, limit, consistent_read=True)


def list_month_log(month: str, cut: Cut, limit: int) -> list[Record]:
    """Acts of moderation of a month, "2026-11", newest first; a moment behind, as all of the log."""
    return _page(Record.by_month.query, [month], Record.event_time, _event_time, cut, limit)


def list_forum_log(forum: str, cut: Cut, limit: int) -> list[Record]:
    return _page(Record.by_forum.query, [forum], Record.event_time, _event_time, cut, limit)


def list_member_log(user_id: str, cut: Cut, limit: int) -> list[Record]:
    """Acts that concern a member or their posts."""
    return _page(Record.by_member.query, [user_id], Record.event_time, _event_time, cut, limit)


def _event_time(record: Record) -> str:
    return record.event_time


def _page(
    query: Query[T],
    keys: Sequence[str],
    sort: Any,
    key: Callable[[T], str],
    cut: Cut,
    limit: int,
    **options: Any,
) -> list[T]:
    """At most `limit` items of all partitions, newest first."""
    upwards = bool(cut.after)
    condition = sort > cut.after if upwards else sort < cut.before if cut.before else None
    lists = [query(one, condition, scan_index_forward=upwards, limit=limit, **options) for one in keys]
    found = list(islice(heapq.merge(*lists, key=key, reverse=not upwards), limit))
    return found[::-1] if upwards else found
