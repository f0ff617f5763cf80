"""Putting right what does not fit together. Each is one transaction that holds only if what it changes is still as it
was read: Lost, else. Only `forum.integrity` uses these; every other write leaves things right by itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from .base import commit_between
from .bookmarks import LISTED
from .members import INBOX, Item, unchanged
from .moderation import CASE, Record
from .posts import Post
from .reactions import BOOKMARK, key_of
from .talks import TalkItem
from .tallies import NAMES, Tally
from .threads import Thread


def change_head(head: Thread, right: Mapping[str, Any]) -> None:
    """Set what a head says of its posts, by Python names; None removes."""
    actions: list[Action] = []
    for name, value in right.items():
        attribute = getattr(Thread, name)
        actions.append(attribute.remove() if value is None else attribute.set(value))
    commit_between(updates=[(head, actions, head.unchanged() & (Thread.post_count == int(head.post_count)))])


def put_head(head: Thread) -> None:
    commit_between(puts=[(head, Thread.id.does_not_exist())])


def remove_head(head: Thread) -> None:
    commit_between(deletes=[(head, head.unchanged())])


def change_post(post: Post, right: Mapping[str, Any]) -> None:
    """Set what a post counts. As a like it is no change of the text."""
    actions = [getattr(Post, name).set(value) for name, value in right.items()]
    actions += [Post.reactions.add(1), Post.revision.add(1)]
    commit_between(updates=[(post, actions, (Post.revision == int(post.revision)) & (Post.status == post.status))])


def change_tally(user_id: str, seen: Mapping[str, int | None], right: Mapping[str, int]) -> None:
    """Set a member's numbers; `seen` are those that are stored, None for one that is not."""
    same = None
    for name in NAMES:
        attribute = getattr(Tally, name)
        one = attribute.does_not_exist() if seen[name] is None else attribute == seen[name]
        same = one if same is None else same & one
    commit_between(updates=[(Tally(user_id), [getattr(Tally, name).set(right[name]) for name in NAMES], same)])


def change_unread(inbox: Item, unread: int) -> None:
    commit_between(updates=[(inbox, [Item.unread.set(unread), Item.revision.add(1)], unchanged(inbox))])


def change_ignored(user_id: str, seen: Sequence[str], right: Sequence[str]) -> None:
    """Set whom the inbox says that a member ignores."""
    same: Condition = Item.ignored == set(seen) if seen else Item.ignored.does_not_exist()
    action = Item.ignored.set(set(right)) if right else Item.ignored.remove()
    commit_between(updates=[(Item(user_id, INBOX), [action], same)])


def remove_item(item: Item) -> None:
    """Remove what is of nothing any more."""
    same = Item.item.exists() & (Item.at == item.at if item.at else Item.at.does_not_exist())
    commit_between(deletes=[(item, same)])


def put_bookmark(user_id: str, address: str, at: str, place: str) -> None:
    """Store the half of a bookmark that is missing: that in the list if its `place` is given, else that at the post."""
    item = Item(user_id, f"{LISTED}{at}", place=place) if place else Item(user_id, key_of(address, BOOKMARK), at=at)
    commit_between(puts=[(item, Item.item.does_not_exist())])


def put_waiting(item: Item) -> None:
    """Store a member's own item of a text that waits for approval."""
    commit_between(puts=[(item, Item.item.does_not_exist())])


def put_listing(user_id: str, key: str, head: TalkItem, talk: str) -> None:
    """Store a member's copy of the head of a conversation."""
    values = {name: getattr(head, name) for name in ("title", "members", "number", "at", "by")}
    copy = TalkItem(user_id, key, thread=talk, **values)
    still = (TalkItem, (head.user_id, head.item), TalkItem.number == head.number)
    commit_between(puts=[(copy, Item.item.does_not_exist())], checks=[still])


def change_case(case: Record, right: Mapping[str, Any]) -> None:
    """Set, or remove with None, what a case says."""
    actions: list[Action] = []
    for name, value in right.items():
        attribute = getattr(Record, name)
        actions.append(attribute.remove() if value is None else attribute.set(value))
    same = Record.subject.exists()
    for name in ("open_in", "opened_at", "reports"):
        attribute, value = getattr(Record, name), getattr(case, name)
        same &= attribute == value if value else attribute.does_not_exist()
    commit_between(updates=[(Record(case.subject, CASE), actions, same)])
