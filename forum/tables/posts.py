"""ForumPosts: all posts. Reads by forum, by thread and by member; new posts, each in a transaction with the
head that counts it. `changes` has everything that changes a post afterwards.

Access patterns: posts of a forum by time (Query of the table itself, one per shard, merged); posts
of a thread by number (Query of ThreadPosts); posts of a member by time (Query of UserPosts).

Because a thread's numbers have no gaps, a page of it is a range of numbers: page 2,500 costs what
page 1 costs. The price is that replies to one thread are made one after the other: each transaction
moves the head from n to n+1 and puts post n+1, or does neither.

Both indexes follow the table after a moment. Where a page must not, its reader says which posts were
`written` in the last seconds, and `overlay` which of them to read from the table itself.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.utils.translation import gettext as _
from pynamodb.attributes import ListAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from forum.errors import Busy, NotFound, Unavailable

from . import dax, overlay, polls, tallies
from .base import Lost, commit, pause, table_name
from .bulk import get_many, get_one
from .keys import Key, Nonce, forum_of, partitions, post_timestamp, suffix_of, thread_id, time_of
from .moderation import post_subject
from .overlay import NOTHING, Written
from .polls import Poll
from .tallies import POSTS, counting
from .threads import HOPS, RECENT, ForumItem, Thread, find_thread, follow, get_thread, merge_newest, new_head

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
    """A post. `body` is Markdown; `revision` grows with every change, also with a like; of these changes
    `reactions` were likes, given or taken back.

    `written_at` is the sort key it was first stored under, where it has had to take another; `moved_to` is
    "<thread id>/<number>" of a post that was split off or merged away, and `origin`, of the post where it is now,
    the address that it was written at: by that its likes, bookmarks and records are kept. `status_reason` is what
    readers are told of why they are not shown it. `shown_at` is the sort key of the last act that let readers see it
    again, and `hidden_by` FORUM where the forum hid it of itself. For its poll see `polls`.
    """

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
    reactions = NumberAttribute(attr_name="Reactions", default=0)
    written_at = UnicodeAttribute(attr_name="WrittenAt", null=True)
    moved_to = UnicodeAttribute(attr_name="MovedTo", null=True)
    origin = UnicodeAttribute(attr_name="Origin", null=True)
    status_reason = UnicodeAttribute(attr_name="StatusReason", null=True)
    shown_at = UnicodeAttribute(attr_name="ShownAt", null=True)
    poll_text = UnicodeAttribute(attr_name="Poll", null=True)
    poll_votes: ListAttribute[Any] = ListAttribute(attr_name="PollVotes", of=NumberAttribute, null=True)
    poll_voters = NumberAttribute(attr_name="PollVoters", null=True)
    expires_at = TTLAttribute(attr_name="ExpiresAt", null=True)

    by_user = UserPosts()
    by_thread = ThreadPosts()

    @property
    def key(self) -> Key:
        """What `written` names it by."""
        return self.partition, self.timestamp

    @property
    def thread_key(self) -> Key:
        """Of its thread's head; while the thread is on its way to another forum, of the head it left behind."""
        return self.partition, self.thread_id

    @property
    def text_revision(self) -> int:
        """What an editor has seen is still so while this is the same: likes do not count."""
        return int(self.revision) - int(self.reactions)

    @property
    def first_address(self) -> str:
        """ "<thread id>/<number>" of where it was written; no other post ever has the same."""
        return self.origin or f"{self.thread_id}/{int(self.number)}"

    @property
    def poll(self) -> Poll | None:
        return polls.from_text(self.poll_text) if self.poll_text else None

    @property
    def subject(self) -> str:
        """Of its records and its case. It is that of its first address: they stay what they are however often the
        post moves, and whoever asks at an address that it left finds them, too."""
        return post_subject(*address_of(self.first_address))

    @property
    def created(self) -> datetime:
        return time_of(self.written_at or self.timestamp)

    @property
    def edited(self) -> datetime | None:
        return time_of(self.edited_at) if self.edited_at else None


# -- Reads ----------------------------------------------------------------------------------------


def list_of_thread(thread: Thread, first: int, last: int, written: Written = NOTHING) -> list[Post]:
    """Posts `first` to `last` of a thread by number, as far as they exist. One Query, and one
    BatchGetItem where the index may be behind the table: see `overlay.keys_of_page`."""
    numbers, here = range(first, min(last, int(thread.last_post_number)) + 1), thread.partition
    if not numbers:
        return []
    # While a thread is on its way to another forum, the index may show some of its posts in both. A page that is not
    # full is asked for as a full one, so that it is the same request after the next reply.
    with dax.asked(written):
        found = list(Post.by_thread.query(thread.id, Post.number.between(first, last), limit=2 * (last - first + 1)))
    posts = overlay.one_of_each((post for post in found if post.number in numbers), here)
    # What is read by key now, consistently, is never older than what the index said before.
    for post in get_many(Post, overlay.keys_of_page(numbers, posts, thread.recent_keys, written, here)):
        if post.thread_id == thread.id and post.number in numbers:
            posts[int(post.number)] = post
    return [posts[number] for number in sorted(posts)]


def get_post(thread_id: str, number: int) -> Post:
    """One post by its address alone; NotFound where the index shows none. One Query of ThreadPosts,
    then one consistent GetItem, since the index may still show the text before the last edit."""
    for found in Post.by_thread.query(thread_id, Post.number == number, limit=1):
        return _get(found.key)
    raise NotFound(_("There is no such post."))


def _get_there_or_here(head: Thread, number: int) -> Post:
    """As `get_post`; a post that the index shows in the forum it has just left is looked for where the head is."""
    for found in Post.by_thread.query(head.id, Post.number == number, limit=1):
        try:
            return _get(found.key)
        except NotFound:
            return _get((head.partition, found.timestamp))
    raise NotFound(_("There is no such post."))


def _get(key: Key) -> Post:
    post = get_one(Post, *key)
    if post is None:
        raise NotFound(_("There is no such post."))
    return post


def get_post_of(head: Thread, number: int) -> Post:
    """One post of a thread, consistent; NotFound where the head counts none of that number.

    One GetItem for the posts whose keys the head remembers, so that a reply can be edited at once;
    else as `get_post`. A post that the head counts exists: should the index not show it, because so
    many came within moments, it is asked again, for half a second, then Unavailable.
    """
    if not 1 <= number <= head.last_post_number:
        raise NotFound(_("There is no such post."))
    # The keys that a head remembers which the thread has left behind are those its posts had there.
    if number in head.recent_keys and not head.moved_to:
        return _get(head.recent_keys[number])
    for attempt in range(INDEX_ATTEMPTS):
        with suppress(NotFound):
            return _get_there_or_here(head, number)
        pause(attempt + 3)
    raise Unavailable(_("This post is being stored just now. Please try again in a moment."))


def find_head(thread_id: str, number: int, forums: Iterable[str]) -> Thread:
    """The head, consistent, of the thread where a post is now; see `find_place`."""
    return find_place(thread_id, number, forums)[0]


def find_place(thread_id: str, number: int, forums: Iterable[str]) -> tuple[Thread, int]:
    """Where a post is that is named by an address that it has, or had: the head of its thread now, consistent,
    and its number there; NotFound.

    The post tells the forum, or one before it in the thread: one Query of ThreadPosts, one GetItem. Of a
    thread that began a moment ago the index may know none; then each of `forums`, which are all that there
    are, is asked for the head: one BatchGetItem instead of the GetItem. Each move since costs the same again,
    or only the GetItem where the thread moved as a whole; at most HOPS are followed.
    """
    for __ in range(HOPS):
        found = _nearest(thread_id, number)
        if found is not None and found.number == number and found.moved_to:
            thread_id, number = address_of(found.moved_to)
            continue
        head = get_thread(forum_of(found.partition), thread_id) if found else find_thread(thread_id, forums)
        head = follow(head)
        if head.id != thread_id:
            # It went into another thread, and the index does not show yet where each of its posts is.
            thread_id, number = _moved_to(found, number) or (head.id, 1)
            continue
        if not 1 <= number <= head.last_post_number:
            break
        return head, number
    raise NotFound(_("There is no such post."))


def _nearest(thread_id: str, number: int) -> Post | None:
    """The post of this number as the index shows it, or the last one before it."""
    wanted = ["ForumName", "PostTimestamp", "PostNumber", "MovedTo"]
    found = Post.by_thread.query(
        thread_id, Post.number <= number, scan_index_forward=False, limit=1, attributes_to_get=wanted
    )
    return next(iter(found), None)


def _moved_to(found: Post | None, number: int) -> tuple[str, int] | None:
    """The address that a post has been given instead, asked of the post itself."""
    if found is None or found.number != number:
        return None
    with suppress(NotFound):
        moved_to = _get(found.key).moved_to
        return address_of(moved_to) if moved_to else None
    return None


def address_of(moved_to: str) -> tuple[str, int]:
    """The thread id and the number in a post's `moved_to` or `origin`."""
    thread_id, __, number = moved_to.partition("/")
    return thread_id, int(number)


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
    with dax.asked(written):
        found = list(Post.by_user.query(user_id, condition, scan_index_forward=False, limit=limit))
    # Of a post on its way to another forum there may be two copies for a moment; its sort key stays.
    posts = {post.timestamp: post for post in found}
    for post in get_many(Post, overlay.keys_of_list(found, limit, before, written)):
        if post.user_id == user_id:
            posts[post.timestamp] = post
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


def put_thread(
    forum: str,
    shards: int,
    user_id: str,
    title: str,
    body: str,
    nonce: Nonce,
    tags: Sequence[str] = (),
    poll: Poll | None = None,
) -> Thread:
    """Start a thread: its head and its first post, which carries the poll, in one transaction. Returns the head,
    whose `first_key` is the post's.

    The id comes from the nonce, so the same form sent twice finds the first sending's thread.
    """
    timestamp = post_timestamp(nonce, datetime.now(UTC))
    head = new_head(forum, thread_id(nonce, shards), user_id, title, timestamp, tags)
    written = {"user_id": user_id, "thread_id": head.id, "number": 1, "body": body, **polls.unvoted(poll)}
    post = Post(head.partition, head.last_post_timestamp, **written)
    for attempt in range(THREAD_ATTEMPTS):
        try:
            commit(
                puts=[(head, Thread.id.does_not_exist()), (post, Post.timestamp.does_not_exist())],
                updates=counting([tallies.of_post(post, POSTS, 1), tallies.of_thread(head, 1)]),
            )
            return head
        except Lost as lost:
            if lost.why[0] == "ConditionalCheckFailed":
                return get_thread(forum, head.id)
            # The other half of a double click is being stored at this moment.
            pause(attempt)
    raise Busy(_("The thread could not be stored just now. Please send it again."))


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
    raise Busy(_("Many people are replying at this moment. Please send your reply again."))


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
        since = before.newest_key
    for post in Post.by_user.query(user_id, Post.timestamp >= since, scan_index_forward=False, limit=100):
        if post.thread_id == head.id and suffix_of(post.timestamp) == nonce.suffix:
            return Reply.at(head, int(post.number), post.key)
    return None


def _append(head: Thread, user_id: str, body: str, nonce: Nonce) -> Reply:
    """Post n+1 and the head that counts it, in one transaction; Lost when the head has moved on."""
    number = int(head.last_post_number) + 1
    timestamp = post_timestamp(nonce, datetime.now(UTC), after=head.newest_key)
    post = Post(head.partition, timestamp, user_id=user_id, thread_id=head.id, number=number, body=body)
    commit(
        puts=[(post, Post.timestamp.does_not_exist())],
        updates=[head.appending(timestamp, user_id), *counting([tallies.of_post(post, POSTS, 1)])],
        token=str(uuid5(NAMESPACE_URL, f"{head.id}/{number}/{timestamp}")),
    )
    return Reply.at(head, number, post.key)
