"""ForumMembers: a member's numbers, one item `STATS` under the member.

| what | calls |
|---|---|
| a member's numbers | one GetItem |
| count what happened | an update more in the transaction in which it happens |

`posts` are the member's posts that are neither hidden nor deleted, wherever they are; `threads` those they started
that are in the lists; `likes` what their posts have been given, `solved` the threads that a post of theirs answers.
Each is changed in the transaction that makes it so, and nowhere else; `actions.tallying` counts them anew.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from .base import Table, Told, Update, table_name
from .bulk import TRANSACTION, commit_parts, get_one

if TYPE_CHECKING:
    from .posts import Post
    from .threads import Thread

STATS = "STATS"
POSTS, THREADS, LIKES, SOLVED = NAMES = ("posts", "threads", "likes", "solved")


class Change(NamedTuple):
    """A number that changes by `more`: whose, which, and of what. `user_id` is "" where only the forum's and the
    thread's numbers change; `at` is when that was written which is counted, as a sort key."""

    user_id: str
    name: str
    more: int
    at: str
    forum: str
    thread_id: str
    number: int = 0


def of_post(post: "Post", name: str, more: int, forum: str = "") -> Change:
    """`forum` is where its thread counts it, which differs while the thread is on its way to another."""
    at = post.written_at or post.timestamp
    return Change(post.user_id, name, more, at, forum or post.forum, post.thread_id, int(post.number))


def of_thread(head: "Thread", more: int) -> Change:
    return Change(head.user_id, THREADS, more, head.created_at, head.forum, head.id, 1)


# Who wants to know of changes once they are stored: Redis' rankings do (`forum.pulse`). They must not raise.
listeners: list[Callable[[Sequence[Change]], None]] = []


def tell(changes: Sequence[Change]) -> None:
    for listener in listeners:
        listener(changes)


class Tally(Table):
    """Of ForumMembers, a member's numbers."""

    class Meta:
        table_name = table_name("ForumMembers")

    user_id = UnicodeAttribute(hash_key=True, attr_name="UserID")
    item = UnicodeAttribute(range_key=True, attr_name="Item", default=STATS)
    posts = NumberAttribute(attr_name="Posts", default=0)
    threads = NumberAttribute(attr_name="Threads", default=0)
    likes = NumberAttribute(attr_name="Likes", default=0)
    solved = NumberAttribute(attr_name="SolvedThreads", default=0)


def get_tally(user_id: str) -> Tally:
    """A member's numbers, consistent; all 0 where nothing has been counted. One GetItem."""
    return get_one(Tally, user_id, STATS) or Tally(user_id)


def counting(changes: Iterable[Change]) -> list[Update]:
    """The updates that count these changes: one for each member, which no transaction may name twice, and what
    tells the listeners. Nobody is counted for who left their posts without a name, and has an id below zero."""
    changes = [change for change in changes if change.more]
    if not changes:
        return []
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for change in changes:
        if is_member(change.user_id):
            sums[change.user_id][change.name] += change.more
    updates: list[Update] = [(Told(partial(tell, changes)), (), None)]
    for user_id, more_of in sums.items():
        actions = [getattr(Tally, name).add(more) for name, more in more_of.items() if more]
        if actions:
            updates.append((Tally(user_id), actions, None))
    return updates


def is_member(user_id: str) -> bool:
    return bool(user_id) and not user_id.startswith("-")


def put_tallies(tallies: Iterable[Tally]) -> None:
    """Store these, in place of what was counted. A transaction for each hundred."""
    commit_parts(puts=[(tally, None) for tally in tallies], most=TRANSACTION)
