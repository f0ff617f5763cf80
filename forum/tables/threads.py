"""ForumThreads: one small item per thread, its head. Lists threads by last activity.

Access patterns: a thread's head (GetItem, consistent), also without its forum's name (BatchGetItem,
consistent); a forum's threads by last activity (Query of the local secondary index LastActivity,
consistent, one per shard, merged); the threads that a member started (Query of the index UserThreads).

The index is local because only a local one can be read consistently, so the list built right after
a reply shows that reply. It is sparse: a thread that nobody may list has no LastPostTimestamp and
so is not in it, which spares every list a filter.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html
"""

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any, TypeVar

from django.utils.translation import gettext as _
from pynamodb.attributes import BooleanAttribute, ListAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection, LocalSecondaryIndex

from forum.errors import NotFound

from .base import Table, Update, table_name
from .batches import change_once
from .bulk import get_many, get_one
from .keys import Key, forum_of, partitions, thread_partition, time_of

# Before the sort key by which LastActivity lists a pinned thread: it sorts after every time, and so first in
# every list, at no cost.
PINNED = "p"
# How many posts back a head remembers sort keys: ten keep a head below 1 KB, one write unit.
RECENT = 10
# A thread whose last RECENT posts came within HOT moves up the list only so often, since to move costs a write unit
# more than to stay: the index's item is deleted and put anew. Readers see no difference. A list of 30 would lack a
# thread that has just been replied to only if 30 others moved within that time, which is three times what the
# partition of a forum's shard can take (1,000 write units a second, ten for each reply).
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html
HOT = timedelta(seconds=1)
MOVES_EVERY = timedelta(milliseconds=100)
# How often a thread may have moved on before its first address leads nowhere.
HOPS = 5

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
                "Tags",
                "Solved",
                "Views",
            ]
        )

    forum_name = UnicodeAttribute(hash_key=True, attr_name="ForumName")
    last_post_timestamp = UnicodeAttribute(range_key=True, attr_name="LastPostTimestamp")


class UserThreads(GlobalSecondaryIndex["Thread"]):  # type: ignore[no-untyped-call]
    """The threads that a member started, by their ids, which sort as they began. Keys alone, so that a reply, which
    changes the head, costs nothing here. It has the heads that threads left behind when they moved, too."""

    class Meta:
        index_name = "UserThreads"
        projection = KeysOnlyProjection()

    user_id = UnicodeAttribute(hash_key=True, attr_name="UserID")
    id = UnicodeAttribute(range_key=True, attr_name="ThreadID")


# What `hidden_by` says of what is deleted for good.
FOR_GOOD = "for good"


class ForumItem(Table):
    """What lies in a forum's partition: a head or a post.

    `status` is visible, hidden (by a moderator, who can show it again), deleted, or moved: its place is kept,
    and `moved_to` says where it is now. `hidden_by` is the job that hid it with others, which can be undone, or
    FOR_GOOD where it is deleted so.
    """

    class Meta:
        table_name = ""

    partition = UnicodeAttribute(hash_key=True, attr_name="ForumName")
    status = UnicodeAttribute(attr_name="Status", default="visible")
    hidden_by = UnicodeAttribute(attr_name="HiddenBy", null=True)

    @property
    def forum(self) -> str:
        return forum_of(self.partition)

    @property
    def deleted(self) -> bool:
        """Whether readers are not shown it here, for whatever reason."""
        return self.status != "visible"

    @property
    def purged(self) -> bool:
        """Whether it is deleted for good, so that nobody brings it back."""
        return self.status == "deleted" and self.hidden_by == FOR_GOOD

    @property
    def state(self) -> str:
        """Its status, but "purged" of what is deleted for good."""
        return "purged" if self.purged else self.status


class Thread(ForumItem):
    """A thread's head.

    `last_post_timestamp` is by what it is listed: PINNED stands before that of a pinned thread, that of a hot one
    may be of a post a moment before the last, and a thread in no list has none. `moved_to` is "<forum>/<thread id>".
    An archived thread takes no changes at all.
    `solved` is the number of the post that answers it, 0 where none is marked.

    `last_post_number` counts every post ever made (numbers have no gaps), `post_count` the first and those replies that
    can be read; `first_gone` is True where the first cannot, and else missing. `recent_posts` holds the sort keys of
    the last ten posts, oldest first: with them a form sent twice is recognised, and a post that the ThreadPosts index
    does not show yet can be read by its key.
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
    first_gone = BooleanAttribute(attr_name="FirstGone", null=True)
    recent_posts: ListAttribute[Any] = ListAttribute(attr_name="RecentPosts", of=UnicodeAttribute, default=list)
    pinned = BooleanAttribute(attr_name="Pinned", default=False)
    locked = BooleanAttribute(attr_name="Locked", default=False)
    archived = BooleanAttribute(attr_name="Archived", default=False)
    tags: ListAttribute[Any] = ListAttribute(attr_name="Tags", of=UnicodeAttribute, null=True)
    solved = NumberAttribute(attr_name="Solved", default=0)
    moved_to = UnicodeAttribute(attr_name="MovedTo", null=True)
    # How often its pages were read, and by how many, as far as Redis has told (`forum.pulse.views`), and the number of
    # the last batch that told of it.
    views = NumberAttribute(attr_name="Views", default=0)
    readers = NumberAttribute(attr_name="Readers", default=0)
    views_batch = NumberAttribute(attr_name="ViewsBatch", null=True)

    by_activity = LastActivity()
    by_user = UserThreads()

    @property
    def created(self) -> datetime:
        return time_of(self.created_at)

    @property
    def last_activity(self) -> datetime:
        return time_of((self.last_post_timestamp or self.created_at).removeprefix(PINNED))

    @property
    def newest_key(self) -> str:
        """The sort key of its last post; an item of the index LastActivity does not have the recent ones."""
        last: str = self.recent_posts[-1] if self.recent_posts else self.last_post_timestamp or self.created_at
        return last.removeprefix(PINNED)

    @property
    def replies(self) -> int:
        """How many of its replies can be read."""
        return max(int(self.post_count) - 1, 0)

    @property
    def readable(self) -> int:
        """How many of its posts can be read; an item of the index LastActivity takes the first for one of them."""
        return int(self.post_count) - bool(self.first_gone)

    @property
    def takes_replies(self) -> bool:
        return not (self.locked or self.archived or self.moved_to or self.deleted)

    def listed_at(self, timestamp: str, pinned: bool | None = None) -> str:
        """By what the thread is listed when its last post has this sort key."""
        return f"{PINNED if (self.pinned if pinned is None else pinned) else ''}{timestamp}"

    def stands_for(self, timestamp: str) -> bool:
        """Whether its place in the list is near enough to that of a last post with this sort key."""
        if self.last_post_timestamp is None or self.last_post_timestamp.startswith(PINNED) != self.pinned:
            return False
        return timedelta(0) <= time_of(timestamp) - self.last_activity < MOVES_EVERY

    def _is_hot(self, timestamp: str) -> bool:
        return len(self.recent_posts) == RECENT and time_of(timestamp) - time_of(self.recent_posts[0]) < HOT

    @property
    def key(self) -> Key:
        return self.partition, self.id

    @property
    def moved_key(self) -> Key:
        """Of the head where the thread is now, or was next; only of one that `moved_to` elsewhere."""
        forum, __, thread_id = (self.moved_to or "").partition("/")
        return thread_partition(forum, thread_id), thread_id

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
        archived = Thread.archived == bool(self.archived)
        same: Condition = (
            (Thread.last_post_number == int(self.last_post_number))
            & (Thread.locked == self.locked)
            & (Thread.status == self.status)
            & (Thread.pinned == self.pinned)
            # Heads stored before threads could be archived do not say that they are not.
            & (archived if self.archived else archived | Thread.archived.does_not_exist())
            & Thread.moved_to.does_not_exist()
        )
        return same

    def appending(self, timestamp: str, user_id: str) -> Update:
        """The update that counts one more post, with this sort key, if the head is still as it was read."""
        actions = [
            Thread.last_post_number.set(int(self.last_post_number) + 1),
            Thread.last_post_user_id.set(user_id),
            Thread.post_count.add(1),
            Thread.recent_posts.set([*self.recent_posts, timestamp][-RECENT:]),
        ]
        if not (self._is_hot(timestamp) and self.stands_for(timestamp)):
            actions.append(Thread.last_post_timestamp.set(self.listed_at(timestamp)))
        return self, actions, self.unchanged()


def recounting(head: Thread, changes: Mapping[int, int]) -> list[Action]:
    """What a head counts when posts can be read again (1), or no longer (-1), by their numbers; 0 changes nothing."""
    more, first = sum(changes.values()), changes.get(1, 0)
    actions: list[Action] = []
    # Heads of before they noted that the first post is gone count it like any other.
    if first < 0 or (first > 0 and head.first_gone):
        more -= first
        actions.append(Thread.first_gone.set(True) if first < 0 else Thread.first_gone.remove())
    return [*actions, Thread.post_count.add(more)] if more else actions


def new_head(forum: str, thread: str, user_id: str, title: str, timestamp: str, tags: Sequence[str] = ()) -> Thread:
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
        tags=list(tags) or None,
    )


def get_thread(forum: str, thread_id: str) -> Thread:
    """The head, consistent; NotFound where there is none. One GetItem.

    A deleted thread is returned as such: what its page says is for the views to decide.
    """
    head = get_one(Thread, thread_partition(forum, thread_id), thread_id)
    if head is None:
        raise NotFound(_("There is no such thread. It may have been removed."))
    return head


def follow(head: Thread) -> Thread:
    """Where a thread is now, consistent: one GetItem for each move since; NotFound where it is gone."""
    for __ in range(HOPS):
        if not head.moved_to:
            return head
        partition, thread_id = head.moved_key
        head = get_thread(forum_of(partition), thread_id)
    raise NotFound(_("There is no such thread. It may have been removed."))


def find_thread(thread_id: str, forums: Iterable[str]) -> Thread:
    """The head, consistent, of a thread in one of these forums; NotFound where none of them has it.

    The id names the shard, so there is one key to try in each forum: one BatchGetItem per hundred forums.
    """
    for head in get_many(Thread, [(thread_partition(forum, thread_id), thread_id) for forum in forums]):
        return head
    raise NotFound(_("There is no such thread. It may have been removed."))


def get_heads(keys: Iterable[Key]) -> dict[Key, Thread]:
    """The heads of these threads that can be read, by the keys they have, or had before they were moved.
    One BatchGetItem, and another where one was moved a moment ago."""
    heads = {head.key: head for head in get_many(Thread, keys)}
    moved = {key: head.moved_key for key, head in heads.items() if head.moved_to}
    there = {head.key: head for head in get_many(Thread, moved.values())}
    heads |= {key: there[new] for key, new in moved.items() if new in there}
    return {key: head for key, head in heads.items() if not head.deleted}


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


def list_some(forum: str, shards: int, limit: int) -> list[Thread]:
    """At most `limit` heads of a forum, be they hidden, deleted or moved away. One Query of each shard, consistent."""
    found = (Thread.query(key, consistent_read=True, limit=limit) for key in partitions(forum, shards))
    return list(islice(chain.from_iterable(found), limit))


def list_of_user(user_id: str, limit: int, before: str = "") -> list[Key]:
    """The keys of at most `limit` heads of threads that a member started, the last one first, with ids below
    `before`. One Query of UserThreads, which follows the table after a moment."""
    condition = Thread.id < before if before else None
    found = Thread.by_user.query(user_id, condition, scan_index_forward=False, limit=limit)
    return [head.key for head in found]


def change_views(key: Key, views: int, readers: int, batch: int) -> None:
    """Add to how often a thread was read, once for each batch. A thread that moved is followed; one that is gone is
    passed over. One UpdateItem."""
    actions: list[Action] = [Thread.views.add(views), Thread.readers.add(readers)]
    for __ in range(HOPS):
        here = Thread.id.exists() & Thread.moved_to.does_not_exist()
        if change_once(Thread(*key), Thread.views_batch, batch, actions, here):
            return
        head = get_one(Thread, *key)
        if head is None or not head.moved_to:
            return
        key = head.moved_key


def merge_newest(lists: Iterable[Iterable[T]], key: Callable[[T], str], limit: int) -> list[T]:
    """The newest `limit` of several lists that are each newest first."""
    return list(islice(heapq.merge(*lists, key=key, reverse=True), limit))
