"""Votes. One item in ForumMembers for each member who has voted in a poll::

    VOTE#01J…    `Choices` are the numbers of the options, "0,2"; `Place` is the post that the poll is on

It is named by the thread that the poll began with, and so goes with the post wherever that is moved. It is in no
index: nobody but the member can be asked how the member voted.

| what | calls |
|---|---|
| how a member voted | one GetItem, consistent |
| vote, vote otherwise, take a vote back | GetItem, one transaction: Put or Delete of the item, Update of the post |
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from django.utils.translation import gettext as _
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from forum.errors import Conflict

from .base import Lost, Update, commit_between
from .bulk import get_one
from .keys import Nonce, post_timestamp
from .members import Item
from .polls import recounted
from .posts import Post

VOTE = "VOTE#"
VISIBLE = "visible"
# Another window of the member's may vote at the same moment.
ATTEMPTS = 3
# What takes a poll off its post, with the counts. The members' own items stay theirs, and say nothing without it.
POLL_GONE: tuple[Action, ...] = (Post.poll_text.remove(), Post.poll_votes.remove(), Post.poll_voters.remove())


def key_of(address: str) -> str:
    """The sort key of a vote in the poll of a post that was written at "<thread id>/<number>"."""
    return f"{VOTE}{address.partition('/')[0]}"


def _numbers(choices: str | None) -> tuple[int, ...]:
    return tuple(int(each) for each in choices.split(",")) if choices else ()


# -- Reads ----------------------------------------------------------------------------------------


def get_vote(user_id: str, address: str) -> tuple[int, ...]:
    """The options that a member has chosen in the poll of the post with this first address; () for none."""
    item = get_one(Item, user_id, key_of(address))
    return chosen_in(item) if item else ()


def chosen_in(item: Item) -> tuple[int, ...]:
    """The options in a member's own item, whose `place` is the post that the poll is on."""
    return _numbers(item.choices)


# -- Writes ---------------------------------------------------------------------------------------


def change_vote(post: Post, user_id: str, chosen: Sequence[int]) -> bool:
    """Let a member have chosen these options and no others, () to take the vote back; whether anything changed.

    The post counts it in the same transaction, and so exactly. Conflict where the post is not as it was read: then
    its readers could not be told which revision it reached.
    """
    for __ in range(ATTEMPTS):
        had = get_vote(user_id, post.first_address)
        if set(had) == set(chosen):
            return False
        item, as_read, counted = _changes(post, user_id, had, sorted(chosen))
        try:
            if chosen:
                commit_between([(item, as_read)], [counted])
            else:
                commit_between(updates=[counted], deletes=[(item, as_read)])
            return True
        except Lost as lost:
            if lost.why[0] != "ConditionalCheckFailed":
                raise Conflict(_("Somebody changed this post at the same moment.")) from lost
    raise Conflict(_("You have voted elsewhere at the same moment."))


def _changes(post: Post, user_id: str, had: Sequence[int], chosen: Sequence[int]) -> tuple[Item, Condition, Update]:
    """The member's item, what it must still be, and what the post counts then."""
    written = ",".join(map(str, had))
    as_read = Item.choices == written if had else Item.item.does_not_exist()
    item = Item(
        user_id,
        key_of(post.first_address),
        choices=",".join(map(str, chosen)),
        place=post.first_address,
        at=post_timestamp(Nonce.new(), datetime.now(UTC)),
    )
    actions: list[Action] = [
        Post.poll_votes.set(recounted(post.poll_votes or (), had, chosen)),
        Post.poll_voters.add(bool(chosen) - bool(had)),
        # As a like it is no change of the text, so that nobody who edits it is told of a conflict.
        Post.reactions.add(1),
        Post.revision.add(1),
    ]
    return item, as_read, (post, actions, (Post.revision == int(post.revision)) & (Post.status == VISIBLE))
