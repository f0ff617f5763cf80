"""Posts on their way: with their thread to another forum, or by themselves into another thread.

A *moved* thread keeps its id and its posts their numbers; what changes is their partition. Its head goes
first, in one transaction with the posts whose keys it remembers: from then on the thread is in one place
alone, the new one, and the other posts follow in batches. A post that goes into *another thread* leaves its
item behind, without its text, to say where it is now, since numbers have no gaps.

Each batch is one transaction, so at every moment each post is readable in exactly one place, and a batch that
is sent again finds its posts gone and writes nothing.

Access patterns: Query of ThreadPosts by a range of numbers, BatchGetItem of these posts; TransactWriteItems.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from forum.errors import Conflict, Unavailable

from . import overlay, tallies
from .base import Lost, Put, commit_between, pause
from .bulk import get_many
from .keys import Key, Nonce, post_timestamp, thread_partition
from .moderation import Record, get_record
from .overlay import Written
from .posts import Post
from .tallies import counting
from .threads import RECENT, Thread, recounting
from .votes import POLL_GONE

# DynamoDB takes 100 items and 4 MB in a transaction; each post is written at its old place and at its new one.
BATCH = 25
BATCH_BYTES = 3_600_000
INDEX_ATTEMPTS = 5
MOVED = "moved"
VISIBLE = "visible"


# -- Reads ----------------------------------------------------------------------------------------


def get_posts(head: Thread, first: int, last: int) -> list[Post]:
    """Posts `first` to `last` of a thread by number, all of them, consistent, wherever each is at present.

    One Query, one BatchGetItem, and another for posts that left the place where the index showed them.
    Unavailable where the index does not show some of them yet.
    """
    numbers = range(first, last + 1)
    for attempt in range(INDEX_ATTEMPTS):
        found = list(Post.by_thread.query(head.id, Post.number.between(first, last), limit=2 * len(numbers)))
        keys = [post.key for post in found] + [key for n, key in head.recent_keys.items() if n in numbers]
        posts = overlay.one_of_each(get_many(Post, keys), head.partition)
        gone = {post.timestamp for post in found if int(post.number) not in posts}
        for post in get_many(Post, [(head.partition, timestamp) for timestamp in gone]):
            posts[int(post.number)] = post
        if all(number in posts for number in numbers):
            return [posts[number] for number in numbers]
        pause(attempt + 3)
    raise Unavailable(_("The index of posts is a little behind. This goes on in a moment."))


def check_index(thread_id: str, numbers: Sequence[int], right: Callable[[Post], bool]) -> None:
    """Unavailable until the index shows these posts of a thread as they are. One Query, a few times."""
    wanted = set(numbers)
    if not wanted:
        return
    for attempt in range(INDEX_ATTEMPTS):
        found = Post.by_thread.query(
            thread_id,
            Post.number.between(min(wanted), max(wanted)),
            attributes_to_get=["ForumName", "PostTimestamp", "PostNumber", "Status"],
        )
        shown = [post for post in found if int(post.number) in wanted]
        if {int(post.number) for post in shown} == wanted and all(map(right, shown)):
            return
        pause(attempt + 3)
    raise Unavailable(_("The index of posts is a little behind. This goes on in a moment."))


def fitting(posts: Sequence[Post]) -> list[Post]:
    """As many of these posts, from the first, as one transaction takes; at least one."""
    batch: list[Post] = []
    size = 0
    for post in posts[:BATCH]:
        size += 2 * (len(post.body.encode()) + 1_000)
        if batch and size > BATCH_BYTES:
            break
        batch.append(post)
    return batch


# -- A thread to another forum --------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """A transaction that is ready: what it writes, for the pages that show it, and how to make it."""

    wrote: Written
    make: Callable[[], None]


def moving_head(head: Thread, forum: str, act: Record) -> Change:
    """Take a thread to another forum: its head, with the posts that it remembers. One BatchGetItem to prepare it.

    It raises Conflict where anything of the head has changed meanwhile: what is put at the new place is a copy of it.
    """
    there = thread_partition(forum, head.id)
    recent = get_many(Post, head.recent_keys.values())
    copies = [_copy(post, partition=there) for post in recent]
    moved = Thread(**{**head.attribute_values, "partition": there})
    actions = [
        Thread.status.set(MOVED),
        Thread.moved_to.set(f"{forum}/{head.id}"),
        Thread.last_post_timestamp.remove(),
    ]

    def make() -> None:
        # A thread that comes back finds the head that it left behind here.
        free = Thread.id.does_not_exist() | (Thread.status == MOVED)
        _commit(
            puts=[(moved, free), (act, None), *_new(copies)],
            updates=[(head, actions, _still(head)), *counting(_changing_forums(head, moved))],
            deletes=[(post, _as_read(post)) for post in recent],
        )

    return Change({post.key: int(post.revision) for post in copies}, make)


def _changing_forums(head: Thread, moved: Thread) -> list[tallies.Change]:
    """What the two forums lose and gain by a thread that readers find in their lists; its members' numbers stay."""
    changes = [] if head.deleted else [(tallies.of_thread(head, -1)), (tallies.of_thread(moved, 1))]
    changes += [*_of_forum(head, -head.readable), *_of_forum(moved, moved.readable)]
    return [change._replace(user_id="") for change in changes]


def moving_posts(posts: Sequence[Post], there: str) -> Change:
    """Take posts to the partition where their thread is. Conflict where one has changed meanwhile."""
    copies = [_copy(post, partition=there) for post in posts]

    def make() -> None:
        _commit(puts=_new(copies), deletes=[(post, _as_read(post)) for post in posts])

    return Change({post.key: int(post.revision) for post in copies}, make)


# -- Posts into another thread --------------------------------------------------------------------


def appending(source: Thread, target: Thread, posts: Sequence[Post], seed: str, acts: Sequence[Record]) -> Change:
    """Take posts of one thread to the end of another, which `new_target` has made if it is not stored yet.

    `seed` tells this intent from all others: with it the same post always gets the same name. Conflict where
    one of the posts or the heads has changed meanwhile.
    """
    copies = _appended(target, posts, seed)
    readable = sum(post.status == VISIBLE for post in posts)
    left = [(post, _leaving(copy), _as_read(post)) for post, copy in zip(posts, copies, strict=True)]
    counts = recounting(source, {int(post.number): -(post.status == VISIBLE) for post in posts})
    if source.solved in {int(post.number) for post in posts}:
        counts.append(Thread.solved.set(0))
    # Whether the head is still in place is asked also where posts leave it that it did not count.
    counted = [
        (source, counts or [Thread.post_count.add(0)], _in_place(source)),
        *counting(_tallied(source, target, posts)),
    ]
    puts: list[Put] = [*_new(copies), *((act, None) for act in acts)]
    head = _lengthened(target, copies, readable)

    def make() -> None:
        if target.last_post_number:
            _commit(puts=puts, updates=[*left, *counted, (target, _counting(head, readable), target.unchanged())])
        else:
            _commit(puts=[(head, Thread.id.does_not_exist()), *puts], updates=[*left, *counted])

    wrote: dict[Key, int] = {}
    for post, copy in zip(posts, copies, strict=True):
        wrote[post.key] = wrote[copy.key] = int(copy.revision)
    return Change(wrote, make)


def _tallied(source: Thread, target: Thread, posts: Sequence[Post]) -> list[tallies.Change]:
    """A post that answered its thread answers nothing elsewhere; who wrote the first of a new thread has started it."""
    changes = [tallies.of_post(post, tallies.SOLVED, -1) for post in posts if post.number == source.solved]
    if not target.last_post_number:
        changes.append(
            tallies.Change(posts[0].user_id, tallies.THREADS, 1, posts[0].timestamp, target.forum, target.id)
        )
    for head, way in ((source, -1), (target, 1)):
        changes += _of_forum(head, way * sum(post.status == VISIBLE for post in posts), way * _likes(posts))
    return changes


def _of_forum(head: Thread, posts: int, likes: int = 0) -> list[tallies.Change]:
    """What a thread and its forum gain of what members wrote, whose own numbers stay."""
    counts = {tallies.POSTS: posts, tallies.LIKES: likes}
    return [tallies.Change("", name, more, head.created_at, head.forum, head.id) for name, more in counts.items()]


def _likes(posts: Sequence[Post]) -> int:
    return sum(int(post.like_count) for post in posts)


def new_target(partition: str, thread_id: str, title: str) -> Thread:
    """The head of a thread without posts, which is never stored so."""
    return Thread(partition, thread_id, title=title, last_post_number=0, post_count=0, created_at="")


def _appended(target: Thread, posts: Sequence[Post], seed: str) -> list[Post]:
    """The posts as they will be in the target: numbered on, with sort keys that rise with their numbers."""
    copies: list[Post] = []
    newest = target.newest_key
    for number, post in enumerate(posts, int(target.last_post_number) + 1):
        written = post.written_at or post.timestamp
        newest = post_timestamp(Nonce.of(f"{seed}/{post.thread_id}/{post.number}"), post.created, after=newest)
        changes = {
            "partition": target.partition,
            "timestamp": newest,
            "thread_id": target.id,
            "number": number,
            "revision": int(post.revision) + 1,
            "origin": post.first_address,
            # A sort key's first 27 characters are its time.
            "written_at": written if newest[:27] != written[:27] else None,
        }
        copies.append(_copy(post, **changes))
    return copies


def _lengthened(target: Thread, copies: Sequence[Post], readable: int) -> Thread:
    """The target's head when it counts these posts, too."""
    keys = [post.timestamp for post in copies]
    begins_gone = not target.last_post_number and copies[0].status != VISIBLE
    values = {
        **target.attribute_values,
        "created_at": target.created_at or keys[0],
        "user_id": target.user_id or copies[0].user_id,
        "last_post_number": int(copies[-1].number),
        "last_post_user_id": copies[-1].user_id,
        "last_post_timestamp": target.listed_at(keys[-1]),
        "post_count": int(target.post_count) + readable + begins_gone,
        "first_gone": begins_gone or target.first_gone,
        "recent_posts": [*target.recent_posts, *keys][-RECENT:],
    }
    return Thread(**values)


def _counting(head: Thread, readable: int) -> list[Action]:
    changed = ("last_post_number", "last_post_user_id", "last_post_timestamp", "recent_posts")
    # Whoever deletes one of its posts meanwhile changes the count alone.
    return [Thread.post_count.add(readable), *(getattr(Thread, name).set(getattr(head, name)) for name in changed)]


def _leaving(copy: Post) -> list[Action]:
    """What remains of a post at the place that it left."""
    return [
        Post.status.set(MOVED),
        Post.body.set("-"),
        Post.moved_to.set(f"{copy.thread_id}/{int(copy.number)}"),
        Post.status_reason.remove(),
        Post.hidden_by.remove(),
        *POLL_GONE,
        Post.revision.add(1),
    ]


def closing(head: Thread, act: Record, hidden: bool) -> Change:
    """Close a thread that is to become part of another; with `hidden` nobody but moderators sees it any more."""
    actions: list[Action] = [Thread.locked.set(True)]
    if hidden:
        actions += [Thread.status.set("hidden"), Thread.last_post_timestamp.remove()]
    gone = counting([tallies.of_thread(head, -1)]) if hidden and head.status == VISIBLE else []
    return Change({}, lambda: _commit(puts=[(act, None)], updates=[(head, actions, head.unchanged()), *gone]))


def leading_on(head: Thread, forum: str, thread_id: str) -> Change:
    """Make a thread whose posts all went elsewhere lead there. Conflict where it got another post meanwhile."""
    actions = [
        Thread.status.set(MOVED),
        Thread.moved_to.set(f"{forum}/{thread_id}"),
        Thread.last_post_timestamp.remove(),
    ]
    gone = counting([tallies.of_thread(head, -1)]) if head.status == VISIBLE else []
    return Change({}, lambda: _commit(updates=[(head, actions, head.unchanged()), *gone]))


def is_recorded(subject: str, event_time: str) -> bool:
    """Whether the act of this time is in the log of a subject. One GetItem, consistent."""
    return get_record(subject, event_time) is not None


# -- Transactions ---------------------------------------------------------------------------------


def _copy(post: Post, **changes: Any) -> Post:
    return Post(**{**post.attribute_values, **changes})


def _new(posts: Iterable[Post]) -> list[Put]:
    return [(post, Post.timestamp.does_not_exist()) for post in posts]


def _as_read(post: Post) -> Condition:
    same: Condition = (Post.revision == int(post.revision)) & (Post.status == post.status)
    return same


def _still(head: Thread) -> Condition:
    """All of a head is as it was read. What is false or 0 may not be stored at all."""
    same: Condition = Thread.id.exists()
    for name, attribute in Thread.get_attributes().items():
        value = getattr(head, name)
        if value is None:
            same &= attribute.does_not_exist()
        else:
            same &= (attribute == value) if value else (attribute == value) | attribute.does_not_exist()
    return same


def _in_place(head: Thread) -> Condition:
    same: Condition = (Thread.status == head.status) & Thread.moved_to.does_not_exist()
    return same


def _commit(**writes: Any) -> None:
    try:
        commit_between(**writes)
    except Lost as lost:
        raise Conflict(_("Somebody changed this thread at the same moment.")) from lost
