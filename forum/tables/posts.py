"""ForumPosts: all posts. Reads by forum, by thread and by member; writes in transactions.

Access patterns: posts of a forum by time (Query of the table itself, one per shard, merged); posts
of a thread by number (Query of ThreadPosts); posts of a member by time (Query of UserPosts).

Because a thread's numbers have no gaps, a page of it is a range of numbers: page 2,500 costs what
page 1 costs. The price is that replies to one thread are made one after the other: each transaction
moves the head from n to n+1 and puts post n+1, or does neither.

Both indexes follow the table after a moment. Where a page must not, its reader says which posts were
`written` in the last seconds, and `overlay` which of them to read from the table itself.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from uuid import NAMESPACE_URL, uuid5

from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from forum.errors import Busy, Conflict, NotFound, Unavailable

from . import overlay
from .base import Lost, Update, commit, commit_between, pause, table_name
from .bulk import Key, get_many
from .keys import Nonce, forum_of, partitions, post_timestamp, suffix_of, thread_id, time_of
from .moderation import Record, new_record, post_subject
from .overlay import NOTHING, Written
from .threads import RECENT, ForumItem, Thread, find_thread, get_thread, merge_newest, new_head

# How long a reply or a change may wait for others at the same thread, before its writer is told.
REPLY_SECONDS = 3.0
# A new thread can only collide with itself, sent twice.
THREAD_ATTEMPTS = 5
# How often an index is asked for a post that must be there: over half a second.
INDEX_ATTEMPTS = 5


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


class Post(ForumItem):
    """A post. `body` is Markdown; `revision` grows with every change."""

    class Meta:
        table_name = table_name("ForumPosts")

    timestamp = UnicodeAttribute(range_key=True, attr_name="PostTimestamp")
    user_id = UnicodeAttribute(attr_name="UserID")
    thread_id = UnicodeAttribute(attr_name="ThreadID")
    number = NumberAttribute(attr_name="PostNumber")
    body = UnicodeAttribute(attr_name="Body")
    revision = NumberAttribute(attr_name="Revision", default=1)
    edited_at = UnicodeAttribute(attr_name="EditedAt", null=True)
    like_count = NumberAttribute(attr_name="LikeCount", default=0)
    expires_at = TTLAttribute(attr_name="ExpiresAt", null=True)

    by_user = UserPosts()
    by_thread = ThreadPosts()

    @property
    def key(self) -> Key:
        """What `written` names it by."""
        return self.partition, self.timestamp

    @property
    def created(self) -> datetime:
        return time_of(self.timestamp)

    @property
    def edited(self) -> datetime | None:
        return time_of(self.edited_at) if self.edited_at else None


# -- Reads ----------------------------------------------------------------------------------------


def list_of_thread(thread: Thread, first: int, last: int, written: Written = NOTHING) -> list[Post]:
    """Posts `first` to `last` of a thread by number, as far as they exist. One Query, and one
    BatchGetItem where the index may be behind the table: see `overlay.keys_of_page`."""
    last = min(last, int(thread.last_post_number))
    if last < first:
        return []
    found = Post.by_thread.query(thread.id, Post.number.between(first, last), limit=last - first + 1)
    posts = {int(post.number): post for post in found}
    # What is read by key now, consistently, is never older than what the index said before.
    for post in get_many(Post, overlay.keys_of_page(range(first, last + 1), posts, thread.recent_keys, written)):
        if post.thread_id == thread.id and first <= post.number <= last:
            posts[int(post.number)] = post
    return [posts[number] for number in sorted(posts)]


def get_post(thread_id: str, number: int) -> Post:
    """One post by its address alone; NotFound where the index shows none. One Query of ThreadPosts,
    then one consistent GetItem, since the index may still show the text before the last edit."""
    for found in Post.by_thread.query(thread_id, Post.number == number, limit=1):
        return _get(found.key)
    raise NotFound("There is no such post.")


def _get(key: Key) -> Post:
    try:
        return Post.get(*key, consistent_read=True)
    except DoesNotExist:
        raise NotFound("There is no such post.") from None


def get_post_of(head: Thread, number: int) -> Post:
    """One post of a thread, consistent; NotFound where the head counts none of that number.

    One GetItem for the posts whose keys the head remembers, so that a reply can be edited at once;
    else as `get_post`. A post that the head counts exists: should the index not show it, because so
    many came within moments, it is asked again, for half a second, then Unavailable.
    """
    if not 1 <= number <= head.last_post_number:
        raise NotFound("There is no such post.")
    if number in head.recent_keys:
        return _get(head.recent_keys[number])
    for attempt in range(INDEX_ATTEMPTS):
        with suppress(NotFound):
            return get_post(head.id, number)
        pause(attempt + 3)
    raise Unavailable("This post is being stored just now. Please try again in a moment.")


def find_head(thread_id: str, number: int, forums: Iterable[str]) -> Thread:
    """The head, consistent, of the thread of a post that is named by its address alone; NotFound.

    Any post of the thread tells the forum: one Query of ThreadPosts, one GetItem. Of a thread that
    began a moment ago the index may know none; then each of `forums`, which are all that there are,
    is asked for the head: one BatchGetItem instead of the GetItem.
    """
    first = Post.by_thread.query(thread_id, limit=1, attributes_to_get=["ForumName"])
    forum = next((forum_of(post.partition) for post in first), "")
    head = get_thread(forum, thread_id) if forum else find_thread(thread_id, forums)
    if not 1 <= number <= head.last_post_number:
        raise NotFound("There is no such post.")
    return head


def list_of_forum(forum: str, shards: int, limit: int, before: str = "") -> list[Post]:
    """At most `limit` posts of a forum, newest first, older than the sort key `before`. One Query per
    shard, of the table itself and consistent: it shows what was written last, with nothing laid over it."""
    condition = Post.timestamp < before if before else None
    shard_lists = [
        Post.query(key, condition, scan_index_forward=False, consistent_read=True, limit=limit)
        for key in partitions(forum, shards)
    ]
    return merge_newest(shard_lists, lambda post: post.timestamp, limit)


def list_of_user(user_id: str, limit: int, before: str = "", written: Written = NOTHING) -> list[Post]:
    """At most `limit` posts of a member, newest first, older than the sort key `before`. One Query, and
    one BatchGetItem where posts `written` lately can be among them: see `overlay.keys_of_list`."""
    condition = Post.timestamp < before if before else None
    found = list(Post.by_user.query(user_id, condition, scan_index_forward=False, limit=limit))
    posts = {post.key: post for post in found}
    for post in get_many(Post, overlay.keys_of_list(found, limit, before, written)):
        if post.user_id == user_id:
            posts[post.key] = post
    return sorted(posts.values(), key=lambda post: post.timestamp, reverse=True)[:limit]


# -- Writes ---------------------------------------------------------------------------------------


class Reply(tuple[Thread, int]):
    """A reply that is stored: the head it was added to and its number, as a pair. `key` is the post's."""

    key: Key

    @classmethod
    def at(cls, head: Thread, number: int, key: Key) -> "Reply":
        reply = cls((head, number))
        reply.key = key
        return reply


def put_thread(forum: str, shards: int, user_id: str, title: str, body: str, nonce: Nonce) -> Thread:
    """Start a thread: its head and its first post in one transaction. Returns the head, whose
    `first_key` is the post's.

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
) -> Reply:
    """Add a post to a thread; returns the head it was added to and the post's number (and its key).

    `check` is called with the consistent head before each attempt and raises where a reply is not
    allowed; what it saw is then a condition of the transaction. When others reply first the attempt
    is repeated on the new head. The same nonce never makes a second post. Busy after some seconds.
    """
    late = time.monotonic() + REPLY_SECONDS
    before: Thread | None = None
    for attempt in count():
        head = get_thread(forum, thread_id)
        if stored := _already_stored(head, user_id, nonce, before):
            return stored
        check(head)
        try:
            return _append(head, user_id, body, nonce)
        except Lost:
            if time.monotonic() > late:
                break
            # Pauses do not grow for long: whoever waited longest should not get the worst chance.
            pause(min(attempt, 2))
            before = head
    raise Busy("Many people are replying at this moment. Please send your reply again.")


def _already_stored(head: Thread, user_id: str, nonce: Nonce, before: Thread | None = None) -> Reply | None:
    """This nonce's post where it is already there, None where it is not.

    The head knows its last ten posts. Only when more came since the form was made, or since the
    head `before`, in which it was looked for in vain, can an earlier sending be older than that:
    then the member's own posts since then are asked. Asking in every attempt would take so long
    that others always get there first.
    """
    for number, key in head.recent_keys.items():
        if suffix_of(key[1]) == nonce.suffix:
            return Reply.at(head, number, key)
    if len(head.recent_posts) < RECENT or time_of(head.recent_posts[0]) < nonce.issued:
        return None
    since = post_timestamp(nonce, nonce.issued)
    if before is not None:
        if int(head.last_post_number) - int(before.last_post_number) <= RECENT:
            return None
        since = before.last_post_timestamp or since
    for post in Post.by_user.query(user_id, Post.timestamp >= since, scan_index_forward=False, limit=100):
        if post.thread_id == head.id and suffix_of(post.timestamp) == nonce.suffix:
            return Reply.at(head, int(post.number), post.key)
    return None


def _append(head: Thread, user_id: str, body: str, nonce: Nonce) -> Reply:
    """Post n+1 and the head that counts it, in one transaction; Lost when the head has moved on."""
    number = int(head.last_post_number) + 1
    timestamp = post_timestamp(nonce, datetime.now(UTC), after=head.last_post_timestamp or "")
    post = Post(head.partition, timestamp, user_id=user_id, thread_id=head.id, number=number, body=body)
    commit(
        puts=[(post, Post.timestamp.does_not_exist())],
        updates=[head.appending(timestamp, user_id)],
        token=str(uuid5(NAMESPACE_URL, f"{head.id}/{number}/{timestamp}")),
    )
    return Reply.at(head, number, post.key)


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
        unchanged = seen.unchanged() if seen else Thread.id.exists()
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
