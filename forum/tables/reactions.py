"""Likes, and what a member did with the posts of a page. Items in ForumMembers, under the member::

    POST#01J…#000000003#LIKE       the member likes the post, or did: `listed` is set while they do
    POST#01J…#000000003#BOOKMARK   the member has bookmarked it: see `bookmarks`

A post is named by its `first_address`, so its likes go with it wherever it is moved. Numbers are padded, so
that they sort, and one Query brings all that a member did with the posts of a page.

| what | calls |
|---|---|
| like a post, take it back | one transaction: Put or Update of the item, Update of the post |
| what I did with the posts of a page | one Query, consistent; one BatchGetItem more for posts that were moved there |
| who likes a post | one Query of ByItem |

A like that is taken back stays for a while as an item that is not listed: who gives it again is then known not
to do so for the first time, and its author is not told twice.
"""

import enum
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from django.utils.translation import gettext as _
from pynamodb.expressions.update import Action

from forum.errors import Conflict

from .base import Lost, Put, Update, commit_between
from .bulk import get_many, get_one
from .keys import Nonce, post_timestamp
from .members import NOTE_LIFE, Item
from .posts import Post
from .tallies import LIKES, counting, of_post

POST = "POST#"
LIKE, BOOKMARK = "LIKE", "BOOKMARK"
VISIBLE = "visible"
# What one transaction cannot see coming: somebody takes a like back while another window gives it again.
ATTEMPTS = 3

# The puts and the updates of one transaction.
Writes = tuple[list[Put], list[Update]]


class Outcome(enum.Enum):
    """What came of a like, or of taking one back."""

    FIRST = "the member likes it, for the first time"
    DONE = "it is as wished now"
    ALREADY = "it was so before, and nothing was written"


def key_of(address: str, kind: str) -> str:
    """The sort key of what a member did with a post that was written at "<thread id>/<number>"."""
    thread_id, __, number = address.partition("/")
    return f"{POST}{thread_id}#{int(number):09}#{kind}"


def address_in(key: str) -> str:
    """The first address of the post in such a key."""
    __, thread_id, number, __ = key.split("#")
    return f"{thread_id}/{int(number)}"


def listed(address: str) -> str:
    """By what ByItem finds the likes of a post that was written at this address."""
    return f"{LIKE}#{address}"


# -- Reads ----------------------------------------------------------------------------------------


def list_mine(user_id: str, thread_id: str, addresses: Iterable[str]) -> set[tuple[str, str]]:
    """What a member did with posts of a page, which were written at these addresses: (address, LIKE or BOOKMARK).

    One Query for those that were written in this thread, one BatchGetItem for those that were moved into it.
    """
    wanted = set(addresses)
    numbers = sorted(int(each.partition("/")[2]) for each in wanted if each.partition("/")[0] == thread_id)
    found: list[Item] = []
    if numbers:
        first, last = (key_of(f"{thread_id}/{number}", kind) for number, kind in ((numbers[0], ""), (numbers[-1], "~")))
        found += Item.query(user_id, Item.item.between(first, last), consistent_read=True)
    moved = [each for each in wanted if each.partition("/")[0] != thread_id]
    found += get_many(Item, [(user_id, key_of(each, kind)) for each in moved for kind in (LIKE, BOOKMARK)])
    return {(address_in(item.item), item.item.rpartition("#")[2]) for item in found if _counts(item)}


def _counts(item: Item) -> bool:
    """Whether it still is: a like may have been taken back."""
    return item.listed is not None or item.item.endswith(f"#{BOOKMARK}")


def list_likers(address: str, limit: int, after: str = "") -> list[str]:
    """At most `limit` UserIDs of members who like a post, in their order, after one of them. One Query of
    ByItem, which follows the table after a moment."""
    condition = Item.user_id > after if after else None
    found = Item.by_item.query(listed(address), condition, limit=limit)
    return [item.user_id for item in found]


# -- Writes ---------------------------------------------------------------------------------------


def change_like(post: Post, user_id: str, on: bool) -> Outcome:
    """Like a post, or no longer; the post counts it in the same transaction, and so exactly.

    Conflict where the post is not as it was read: then its readers could not be told which revision it reached.
    """
    for __ in range(ATTEMPTS):
        for outcome, writes in _ways(post, user_id, on):
            try:
                commit_between(*writes)
                return outcome
            except Lost as lost:
                if lost.why[0] != "ConditionalCheckFailed":
                    raise Conflict(_("Somebody changed this post at the same moment.")) from lost
        if _is_on(post, user_id) == on:
            return Outcome.ALREADY
    raise Conflict(_("Somebody changed this at the same moment."))


def _ways(post: Post, user_id: str, on: bool) -> Iterator[tuple[Outcome, Writes]]:
    """The transactions to try, one after the other: the first condition of each is that of the item."""
    address = post.first_address
    item = Item(user_id, key_of(address, LIKE))
    if not on:
        ending: list[Action] = [Item.listed.remove(), Item.expires_at.set(datetime.now(UTC) + NOTE_LIFE)]
        yield Outcome.DONE, ([], [(item, ending, Item.listed.exists()), *_counted(post, -1)])
        return
    now = post_timestamp(Nonce.new(), datetime.now(UTC))
    first = Item(user_id, item.item, listed=listed(address), at=now)
    yield Outcome.FIRST, ([(first, Item.item.does_not_exist())], _counted(post, 1))
    again: list[Action] = [Item.listed.set(listed(address)), Item.at.set(now), Item.expires_at.remove()]
    taken_back = Item.item.exists() & Item.listed.does_not_exist()
    yield Outcome.DONE, ([], [(item, again, taken_back), *_counted(post, 1)])


def _counted(post: Post, more: int) -> list[Update]:
    as_read = (Post.revision == int(post.revision)) & (Post.status == VISIBLE)
    actions: list[Action] = [Post.like_count.add(more), Post.reactions.add(1), Post.revision.add(1)]
    return [(post, actions, as_read), *counting([of_post(post, LIKES, more)])]


def _is_on(post: Post, user_id: str) -> bool:
    item = get_one(Item, user_id, key_of(post.first_address, LIKE))
    return item is not None and item.listed is not None
