"""ForumThreads: one small item per thread, its head. Lists threads by last activity.

Access patterns: a thread's head (GetItem, consistent), also without its forum's name (BatchGetItem,
consistent); a forum's threads by last activity (Query of the local secondary index LastActivity,
consistent, one per shard, merged).

The index is local because only a local one can be read consistently, so the list built right after
a reply shows that reply. It is sparse: a thread that nobody may list has no LastPostTimestamp and
so is not in it, which spares every list a filter.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html
"""

import heapq
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from pynamodb.attributes import BooleanAttribute, ListAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import IncludeProjection, LocalSecondaryIndex

from forum.errors import NotFound

from .base import Lost, Table, Update, commit_between, table_name
from .bulk import Key, get_many
from .keys import forum_of, partitions, thread_partition, time_of

# How many posts back a head remembers sort keys: ten keep a head below 1 KB, one write unit.
RECENT = 10

T = TypeVar("T")


class LastActivity(LocalSecondaryIndex["Thread"]):  # type: ignore[no-untyped-call]
    """A forum's threads by their last post. Projects what a list shows."""

    class Meta:
        index_name = "LastActivity"
        projection = IncludeProjection(
            [
                "Title",
                "UserID",
                "CreatedAt",
                "LastPostNumber",
                "LastPostUserID",
                "PostCount",
                "Pinned",
                "Locked",
                "Status",
            ]
        )

    forum_name = UnicodeAttribute(hash_key=True, attr_name="ForumName")
    last_post_timestamp = UnicodeAttribute(range_key=True, attr_name="LastPostTimestamp")


class ForumItem(Table):
    """What lies in a forum's partition: a head or a post. `status` is visible or deleted."""

    class Meta:
        table_name = ""

    partition = UnicodeAttribute(hash_key=True, attr_name="ForumName")
    status = UnicodeAttribute(attr_name="Status", default="visible")

    @property
    def forum(self) -> str:
        return forum_of(self.partition)

    @property
    def deleted(self) -> bool:
        return self.status != "visible"


class Thread(ForumItem):
    """A thread's head.

    `last_post_number` counts every post ever made (numbers have no gaps), `post_count` those that
    can be read. `recent_posts` holds the sort keys of the last ten posts, oldest first: with them a
    form sent twice is recognised, and a post that the ThreadPosts index does not show yet can be
    read by its key.
    """

    class Meta:
        table_name = table_name("ForumThreads")

    id = UnicodeAttribute(range_key=True, attr_name="ThreadID")
    title = UnicodeAttribute(attr_name="Title")
    user_id = UnicodeAttribute(attr_name="UserID")
    created_at = UnicodeAttribute(attr_name="CreatedAt")
    last_post_number = NumberAttribute(attr_name="LastPostNumber")
    last_post_timestamp = UnicodeAttribute(attr_name="LastPostTimestamp", null=True)
    last_post_user_id = UnicodeAttribute(attr_name="LastPostUserID")
    post_count = NumberAttribute(attr_name="PostCount")
    recent_posts: ListAttribute[Any] = ListAttribute(attr_name="RecentPosts", of=UnicodeAttribute, default=list)
    pinned = BooleanAttribute(attr_name="Pinned", default=False)
    locked = BooleanAttribute(attr_name="Locked", default=False)
    moved_to = UnicodeAttribute(attr_name="MovedTo", null=True)

    by_activity = LastActivity()

    @property
    def created(self) -> datetime:
        return time_of(self.created_at)

    @property
    def last_activity(self) -> datetime:
        return time_of(self.last_post_timestamp or self.created_at)

    @property
    def first_key(self) -> Key:
        """The key of the post that the thread began with."""
        return self.partition, self.created_at

    @property
    def recent_keys(self) -> dict[int, Key]:
        """The keys of the last posts by number, rising."""
        first = int(self.last_post_number) - len(self.recent_posts) + 1
        return {number: (self.partition, timestamp) for number, timestamp in enumerate(self.recent_posts, first)}

    def unchanged(self) -> Condition:
        """It is stored as it was read: the same last post, as open or locked as then, and not deleted or moved."""
        same: Condition = (
            (Thread.last_post_number == int(self.last_post_number))
            & (Thread.locked == self.locked)
            & (Thread.status == self.status)
            & Thread.moved_to.does_not_exist()
        )
        return same

    def appending(self, timestamp: str, user_id: str) -> Update:
        """The update that counts one more post, with this sort key, if the head is still as it was read."""
        actions = [
            Thread.last_post_number.set(int(self.last_post_number) + 1),
            Thread.last_post_timestamp.set(timestamp),
            Thread.last_post_user_id.set(user_id),
            Thread.post_count.add(1),
            Thread.recent_posts.set([*self.recent_posts, timestamp][-RECENT:]),
        ]
        return self, actions, self.unchanged()


def new_head(forum: str, thread: str, user_id: str, title: str, timestamp: str) -> Thread:
    """The head of a thread with one post, which is not stored yet."""
    return Thread(
        thread_partition(forum, thread),
        thread,
        title=title,
        user_id=user_id,
        created_at=timestamp,
        last_post_number=1,
        last_post_timestamp=timestamp,
        last_post_user_id=user_id,
        post_count=1,
        recent_posts=[timestamp],
    )


def get_thread(forum: str, thread_id: str) -> Thread:
    """The head, consistent; NotFound where there is none. One GetItem.

    A deleted thread is returned as such: what its page says is for the views to decide.
    """
    try:
        return Thread.get(thread_partition(forum, thread_id), thread_id, consistent_read=True)
    except DoesNotExist:
        raise NotFound("There is no such thread. It may have been removed.") from None


def find_thread(thread_id: str, forums: Iterable[str]) -> Thread:
    """The head, consistent, of a thread in one of these forums; NotFound where none of them has it.

    The id names the shard, so there is one key to try in each forum: one BatchGetItem per hundred forums.
    """
    for head in get_many(Thread, [(thread_partition(forum, thread_id), thread_id) for forum in forums]):
        return head
    raise NotFound("There is no such thread. It may have been removed.")


def list_by_activity(forum: str, shards: int, limit: int, before: str = "") -> list[Thread]:
    """At most `limit` heads by last activity, newest first, older than the sort key `before`.

    Sort keys are unique, so "older than" is an exact cursor on every shard and there is no engine's
    opaque token to check. One Query per shard.
    """
    condition = Thread.last_post_timestamp < before if before else None
    shard_lists = [
        Thread.by_activity.query(
            key, range_key_condition=condition, scan_index_forward=False, consistent_read=True, limit=limit
        )
        for key in partitions(forum, shards)
    ]
    return merge_newest(shard_lists, lambda thread: thread.last_post_timestamp or "", limit)


def merge_newest(lists: Iterable[Iterable[T]], key: Callable[[T], str], limit: int) -> list[T]:
    """The newest `limit` of several lists that are each newest first."""
    return list(islice(heapq.merge(*lists, key=key, reverse=True), limit))


def change_thread(thread: Thread, **changes: object) -> None:
    """Set attributes of a head, by their Python names; NotFound where it is gone meanwhile."""
    actions = [getattr(Thread, name).set(value) for name, value in changes.items()]
    try:
        commit_between(updates=[(thread, actions, Thread.id.exists())])
    except Lost:
        raise NotFound("There is no such thread any more.") from None
