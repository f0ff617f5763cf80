"""ForumPosts: all posts. Reads by forum, by thread and by member; writes in transactions.

Access patterns: posts of a forum by time (Query of the table itself, one per shard, merged); posts
of a thread by number (Query of ThreadPosts); posts of a member by time (Query of UserPosts).

Because a thread's numbers have no gaps, a page of it is a range of numbers: page 2,500 costs what
page 1 costs. The price is that replies to one thread are made one after the other: each transaction
moves the head from n to n+1 and puts post n+1, or does neither.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from uuid import NAMESPACE_URL, uuid5

from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from forum.errors import Busy, Conflict, NotFound

from .base import Lost, Table, Update, commit, commit_between, pause, table_name
from .bulk import get_many
from .keys import Nonce, forum_of, partitions, post_timestamp, suffix_of, thread_id, time_of
from .moderation import Record, new_record, post_subject
from .threads import RECENT, Thread, get_thread, merge_newest, new_head

# How long a reply or a change may wait for others at the same thread, before its writer is told.
REPLY_SECONDS = 3.0
# A new thread can only collide with itself, sent twice.
THREAD_ATTEMPTS = 5


class UserPosts(GlobalSecondaryIndex["Post"]):  # type: ignore[no-untyped-call]
    """All posts of a member by time."""

    class Meta:
        index_name = "UserPosts"
        projection = AllProjection()

    user_id = UnicodeAttribute(hash_key=True, attr_name="UserID")
    timestamp = UnicodeAttribute(range_key=True, attr_name="PostTimestamp")


class ThreadPosts(GlobalSecondaryIndex["Post"]):  # type: ignore[no-untyped-call]
    """All posts of a thread by number."""

    class Meta:
        index_name = "ThreadPosts"
        projection = AllProjection()

    thread_id = UnicodeAttribute(hash_key=True, attr_name="ThreadID")
    number = NumberAttribute(range_key=True, attr_name="PostNumber")


class Post(Table):
    """A post. `body` is Markdown; `status` visible or deleted; `revision` grows with every change."""

    class Meta:
        table_name = table_name("ForumPosts")

    partition = UnicodeAttribute(hash_key=True, attr_name="ForumName")
    timestamp = UnicodeAttribute(range_key=True, attr_name="PostTimestamp")
    user_id = UnicodeAttribute(attr_name="UserID")
    thread_id = UnicodeAttribute(attr_name="ThreadID")
    number = NumberAttribute(attr_name="PostNumber")
    body = UnicodeAttribute(attr_name="Body")
    status = UnicodeAttribute(attr_name="Status", default="visible")
    revision = NumberAttribute(attr_name="Revision", default=1)
    edited_at = UnicodeAttribute(attr_name="EditedAt", null=True)
    like_count = NumberAttribute(attr_name="LikeCount", default=0)
    expires_at = TTLAttribute(attr_name="ExpiresAt", null=True)

    by_user = UserPosts()
    by_thread = ThreadPosts()

    @property
    def forum(self) -> str:
        return forum_of(self.partition)

    @property
    def deleted(self) -> bool:
        return self.status != "visible"

    @property
    def created(self) -> datetime:
        return time_of(self.timestamp)

    @property
    def edited(self) -> datetime | None:
        return time_of(self.edited_at) if self.edited_at else None


# -- Reads ----------------------------------------------------------------------------------------


def list_of_thread(thread: Thread, first: int, last: int) -> list[Post]:
    """Posts `first` to `last` of a thread by number, as far as they exist. One Query.

    The index is eventually consistent, but since numbers have no gaps a missing post shows, and the
    head knows the keys of the last ten: those are read from the table itself (one BatchGetItem).
    """
    last = min(last, int(thread.last_post_number))
    if last < first:
        return []
    found = Post.by_thread.query(thread.id, Post.number.between(first, last), limit=last - first + 1)
    posts = {int(post.number): post for post in found}
    if len(posts) <= last - first:
        for post in get_many(Post, _missing_keys(thread, first, last, posts)):
            posts[int(post.number)] = post
    return [posts[number] for number in sorted(posts)]


def _missing_keys(thread: Thread, first: int, last: int, found: dict[int, Post]) -> list[tuple[str, str]]:
    oldest = int(thread.last_post_number) - len(thread.recent_posts) + 1
    return [
        (thread.partition, thread.recent_posts[number - oldest])
        for number in range(max(first, oldest), last + 1)
        if number not in found
    ]


def get_post(thread_id: str, number: int) -> Post:
    """One post by its address; NotFound where there is none. One Query of ThreadPosts, then one
    consistent GetItem, since the index may still show the text before the last edit."""
    for found in Post.by_thread.query(thread_id, Post.number == number, limit=1):
        with suppress(DoesNotExist):
            return Post.get(found.partition, found.timestamp, consistent_read=True)
    raise NotFound("There is no such post.")


def find_forum(thread_id: str, number: int) -> str:
    """The forum a post is in, found by its address alone; NotFound. One Query of ThreadPosts."""
    found = Post.by_thread.query(thread_id, Post.number == number, limit=1, attributes_to_get=["ForumName"])
    for post in found:
        return forum_of(post.partition)
    raise NotFound("There is no such post.")


def list_of_forum(forum: str, shards: int, limit: int, before: str = "") -> list[Post]:
    """At most `limit` posts of a forum, newest first, older than the sort key `before`. One Query per shard."""
    condition = Post.timestamp < before if before else None
    shard_lists = [
        Post.query(key, condition, scan_index_forward=False, consistent_read=True, limit=limit)
        for key in partitions(forum, shards)
    ]
    return merge_newest(shard_lists, lambda post: post.timestamp, limit)


def list_of_user(user_id: str, limit: int, before: str = "") -> list[Post]:
    """At most `limit` posts of a member, newest first, older than the sort key `before`. One Query."""
    condition = Post.timestamp < before if before else None
    return list(Post.by_user.query(user_id, condition, scan_index_forward=False, limit=limit))


# -- Writes ---------------------------------------------------------------------------------------


def put_thread(forum: str, shards: int, user_id: str, title: str, body: str, nonce: Nonce) -> Thread:
    """Start a thread: its head and its first post in one transaction. Returns the head.

    The id comes from the nonce, so the same form sent twice finds the first sending's thread.
    """
    head = new_head(forum, thread_id(nonce, shards), user_id, title, post_timestamp(nonce, datetime.now(UTC)))
    post = Post(head.partition, head.last_post_timestamp, user_id=user_id, thread_id=head.id, number=1, body=body)
    for attempt in range(THREAD_ATTEMPTS):
        try:
            commit(puts=[(head, Thread.id.does_not_exist()), (post, Post.timestamp.does_not_exist())])
            return head
        except Lost as lost:
            if lost.why[0] == "ConditionalCheckFailed":
                return get_thread(forum, head.id)
            # The other half of a double click is being stored at this moment.
            pause(attempt)
    raise Busy("The thread could not be stored just now. Please send it again.")


def put_reply(
    forum: str, thread_id: str, user_id: str, body: str, nonce: Nonce, check: Callable[[Thread], None]
) -> tuple[Thread, int]:
    """Add a post to a thread; returns the head it was added to and the post's number.

    `check` is called with the consistent head before each attempt and raises where a reply is not
    allowed; what it saw is then a condition of the transaction. When others reply first the attempt
    is repeated on the new head. The same nonce never makes a second post. Busy after some seconds.
    """
    late = time.monotonic() + REPLY_SECONDS
    before: Thread | None = None
    for attempt in count():
        head = get_thread(forum, thread_id)
        number = _already_stored(head, user_id, nonce, before)
        if number is not None:
            return head, number
        check(head)
        try:
            return head, _append(head, user_id, body, nonce)
        except Lost:
            if time.monotonic() > late:
                break
            # Pauses do not grow for long: whoever waited longest should not get the worst chance.
            pause(min(attempt, 2))
            before = head
    raise Busy("Many people are replying at this moment. Please send your reply again.")


def _already_stored(head: Thread, user_id: str, nonce: Nonce, before: Thread | None = None) -> int | None:
    """The number under which this nonce's post is already there, None where it is not.

    The head knows its last ten posts. Only when more came since the form was made, or since the
    head `before`, in which it was looked for in vain, can an earlier sending be older than that:
    then the member's own posts since then are asked. Asking in every attempt would take so long
    that others always get there first.
    """
    number = head.recent_number(nonce.suffix)
    if number is not None or len(head.recent_posts) < RECENT:
        return number
    if time_of(head.recent_posts[0]) < nonce.issued:
        return None
    since = post_timestamp(nonce, nonce.issued)
    if before is not None:
        if int(head.last_post_number) - int(before.last_post_number) <= RECENT:
            return None
        since = before.last_post_timestamp or since
    for post in Post.by_user.query(user_id, Post.timestamp >= since, scan_index_forward=False, limit=100):
        if post.thread_id == head.id and suffix_of(post.timestamp) == nonce.suffix:
            return int(post.number)
    return None


def _append(head: Thread, user_id: str, body: str, nonce: Nonce) -> int:
    """Post n+1 and the head that counts it, in one transaction; Lost when the head has moved on."""
    number = int(head.last_post_number) + 1
    timestamp = post_timestamp(nonce, datetime.now(UTC), after=head.last_post_timestamp or "")
    post = Post(head.partition, timestamp, user_id=user_id, thread_id=head.id, number=number, body=body)
    commit(
        puts=[(post, Post.timestamp.does_not_exist())],
        updates=[
            (
                head,
                [
                    Thread.last_post_number.set(number),
                    Thread.last_post_timestamp.set(timestamp),
                    Thread.last_post_user_id.set(user_id),
                    Thread.post_count.add(1),
                    Thread.recent_posts.set([*head.recent_posts, timestamp][-RECENT:]),
                ],
                _still(head),
            )
        ],
        token=str(uuid5(NAMESPACE_URL, f"{head.id}/{number}/{timestamp}")),
    )
    return number


def _still(head: Thread) -> Condition:
    """The head is as it was read: the same last post, as open or locked as then, and not deleted or moved."""
    same: Condition = (
        (Thread.last_post_number == int(head.last_post_number))
        & (Thread.locked == head.locked)
        & (Thread.status == head.status)
        & Thread.moved_to.does_not_exist()
    )
    return same


def change_post(post: Post, seen_revision: int, editor_id: str, body: str, title: str | None, old_title: str) -> None:
    """Replace a post's text (and its thread's title), keeping the old text as a record, in one transaction.

    Conflict where the post is no longer at the revision the editor saw, or is deleted.
    """
    record = new_record(post_subject(post.thread_id, int(post.number)), "edit", editor_id, seen_revision, post.body)
    updates: list[Update] = [
        (post, [Post.body.set(body), Post.edited_at.set(record.event_time), Post.revision.add(1)], _at(seen_revision))
    ]
    if title is not None:
        record.title = old_title
        updates.append((_head_of(post), [Thread.title.set(title)], Thread.id.exists()))
    _commit_change(record, updates)


def remove_post(post: Post, remover_id: str, seen: Thread | None = None) -> None:
    """Delete softly: the number and the place stay, the text is kept as a record only.

    The first post takes its thread with it, out of every list; other posts only leave the count.
    Conflict where the post changed or was deleted meanwhile, or where somebody has replied to a
    thread since its head was `seen`, which would take the reply along.
    """
    revision = int(post.revision)
    record = new_record(post_subject(post.thread_id, int(post.number)), "delete", remover_id, revision, post.body)
    gone = [Post.status.set("deleted"), Post.body.set("-"), Post.revision.add(1)]
    if post.number == 1:
        head = [Thread.status.set("deleted"), Thread.last_post_timestamp.remove(), Thread.post_count.add(-1)]
        unchanged = _still(seen) if seen else Thread.id.exists()
    else:
        head, unchanged = [Thread.post_count.add(-1)], Thread.id.exists()
    _commit_change(record, [(post, gone, _at(revision)), (_head_of(post), head, unchanged)])


def _at(revision: int) -> Condition:
    same: Condition = (Post.revision == revision) & (Post.status == "visible")
    return same


def _head_of(post: Post) -> Thread:
    return Thread(post.partition, post.thread_id)


def _commit_change(record: Record, updates: list[Update]) -> None:
    """Commit a change with its record; Conflict where the post is not as its changer saw it."""
    try:
        commit_between(puts=[(record, None)], updates=updates)
    except Lost as lost:
        raise Conflict("Somebody changed this post since you opened it.") from lost
