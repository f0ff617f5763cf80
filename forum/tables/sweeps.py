"""All posts of one member, batch by batch: to hide them, show them again, or part them from their author.

Access patterns: a batch is one Query of UserPosts and two BatchGetItem, of the posts and of their heads, both
consistent, so that nothing is decided by what the index says; then one TransactWriteItems for every
PER_TRANSACTION posts. It costs the same at the millionth post as at the first.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from django.utils.translation import gettext as _
from pynamodb.expressions.update import Action

from forum.errors import Conflict, NotFound, Unavailable

from . import posts, tallies
from .base import Lost, Update, commit_between, connection
from .bulk import PART, commit_parts, get_many
from .changes import HIDDEN, NOTHING_ELSE, VISIBLE, Also, becoming
from .keys import forum_of, thread_partition
from .members import Item
from .moderation import Record
from .overlay import NOTHING, Written
from .posts import Post
from .threads import HOPS, Thread, follow, recounting

BATCH = 100
# A transaction takes 100 items: for each post itself, its record, and perhaps its head and its case with a record.
PER_TRANSACTION = 19
# How many posts of a thread are looked at for one by somebody else.
LOOKED_THROUGH = 100
# BatchWriteItem takes no more.
OWN_ITEMS = 25


@dataclass(frozen=True, slots=True)
class Found:
    """A post and the head of its thread, as they are stored."""

    post: Post
    head: Thread


@dataclass(frozen=True, slots=True)
class Change:
    """A post that gets another status, with its thread where `whole`; `act` is the record, and its job the
    one that this is a part of."""

    found: Found
    status: str
    act: Record
    whole: bool = False


# -- Reads ----------------------------------------------------------------------------------------


def list_batch(
    user_id: str, before: str, written: Written = NOTHING, *, limit: int = 0, placeholders: bool = False
) -> tuple[list[Found], str]:
    """The next `limit` (BATCH) posts of a member, newest first, and the cursor to go on from: "" at the end.

    The placeholders of posts that are elsewhere now are left out unless they are asked for.
    """
    limit = limit or BATCH
    seen = posts.list_of_user(user_id, limit, before, written)
    found = list(read_again(seen, user_id, placeholders))
    return found, seen[-1].timestamp if len(seen) == limit else ""


def read_again(seen: Iterable[Post], user_id: str, placeholders: bool = False) -> Iterator[Found]:
    """These posts and their heads as they are now: those that are still there, and the member's."""
    wanted = {(post.thread_id, int(post.number)): post for post in seen}
    stored = {post.key: post for post in get_many(Post, [post.key for post in wanted.values()])}
    now = [stored.get(post.key) or _elsewhere(post) for post in wanted.values()]
    theirs = [post for post in now if post and post.user_id == user_id and (placeholders or not post.moved_to)]
    heads = _heads(theirs)
    for post in theirs:
        if post.thread_id in heads:
            yield Found(post, heads[post.thread_id])


def _elsewhere(post: Post) -> Post | None:
    """A post whose thread has gone to another forum since the index was asked; None where it is gone."""
    with suppress(NotFound):
        return posts.get_post(post.thread_id, int(post.number))
    return None


def _heads(found: Iterable[Post]) -> dict[str, Thread]:
    keys = dict.fromkeys((thread_partition(forum_of(post.partition), post.thread_id), post.thread_id) for post in found)
    return {head.id: _in_its_place(head) for head in get_many(Thread, keys)}


def _in_its_place(head: Thread) -> Thread:
    """The head where the thread is now. One that goes into another thread stays what it was."""
    moved = follow(head) if head.moved_to else head
    return moved if moved.id == head.id else head


def get_moved(post: Post, user_id: str) -> Found | None:
    """Where a member's post is whose placeholder this is, with the head; None where it is not theirs any more.
    Unavailable while the index does not show it there. One Query, GetItem and BatchGetItem for each time it moved."""
    for __ in range(HOPS):
        if not post.moved_to:
            break
        try:
            post = posts.get_post(*posts.address_of(post.moved_to))
        except NotFound:
            raise Unavailable(_("The index of posts is a little behind. This goes on in a moment.")) from None
    return next(read_again([post], user_id), None)


def others_replied(head: Thread, user_id: str) -> bool:
    """Whether readers would miss somebody else's reply in a thread of this member's. One Query at most; of a
    thread so long that not all of it is looked through, yes."""
    if head.last_post_number == 1:
        return False
    if head.last_post_number > LOOKED_THROUGH:
        return True
    replies = posts.list_of_thread(head, 2, LOOKED_THROUGH)
    return any(post.user_id != user_id and not post.deleted for post in replies)


# -- Writes ---------------------------------------------------------------------------------------


def change_statuses(batch: Sequence[Change], also: Also = NOTHING_ELSE) -> None:
    """Hide these posts, or show them again, with the counts of their threads: all of them, or Conflict where one
    is not as it was read, or somebody replied to a thread that would go along, or where something does not hold of
    what is to be written `also`, two items for each. At most PER_TRANSACTION."""
    updates = [*(_becoming(change) for change in batch), *_recounted(batch), *_tallied(batch), *also[1]]
    try:
        commit_between(puts=[*((change.act, None) for change in batch), *also[0]], updates=updates)
    except Lost as lost:
        raise Conflict(_("Somebody changed this since it was read.")) from lost


def _becoming(change: Change) -> Update:
    hidden_by = (change.act.job_id or "") if change.status == HIDDEN else ""
    return becoming(change.found.post, change.status, change.act, hidden_by=hidden_by)


def _recounted(batch: Sequence[Change]) -> Iterator[Update]:
    """One update for each head, which no transaction may name twice."""
    by_head: dict[str, list[Change]] = {}
    for change in batch:
        by_head.setdefault(change.found.head.id, []).append(change)
    for same in by_head.values():
        head = same[0].found.head
        if head.moved_to:
            # It goes into another thread, where whoever moves the posts counts them.
            continue
        actions = recounting(head, {int(each.found.post.number): _more(each) for each in same})
        condition = Thread.id.exists() & Thread.moved_to.does_not_exist()
        if any(head.solved == each.found.post.number and each.status != VISIBLE for each in same):
            actions.append(Thread.solved.set(0))
        for each in same:
            if each.whole:
                actions += _with_its_thread(head, each)
                condition = head.unchanged()
        if actions:
            yield head, actions, condition


def _more(change: Change) -> int:
    """1 where the post can be read again by this, -1 where it no longer can."""
    return (change.status == VISIBLE) - (change.found.post.status == VISIBLE)


def _tallied(batch: Sequence[Change]) -> list[Update]:
    """What that changes of members' numbers: as a rule of one, whose posts they all are."""
    changes: list[tallies.Change] = []
    for each in batch:
        post, head = each.found.post, each.found.head
        more = _more(each)
        changes.append(tallies.of_post(post, tallies.POSTS, more, head.forum))
        if head.solved == post.number and each.status != VISIBLE and not head.moved_to:
            changes.append(tallies.of_post(post, tallies.SOLVED, -1))
        if each.whole and not head.moved_to:
            changes.append(tallies.of_thread(head, more))
    return tallies.counting(changes)


def _with_its_thread(head: Thread, change: Change) -> list[Action]:
    if change.status == VISIBLE:
        listed = Thread.last_post_timestamp.set(head.listed_at(head.newest_key))
        return [Thread.status.set(VISIBLE), Thread.hidden_by.remove(), listed]
    hidden_by = Thread.hidden_by.set(change.act.job_id)
    return [Thread.status.set(HIDDEN), hidden_by, Thread.last_post_timestamp.remove()]


def change_author(found: Found, user_id: str, pseudonym: str) -> None:
    """Put a pseudonym in place of a member at a post, its head and its records; Conflict where it is not as read.

    One Query of the records, and one transaction; more only where a post has more records than one takes. A
    placeholder has none: they are the post's, and get the name that it has where it is.
    """
    post, head = found.post, found.head
    records = [] if post.moved_to else list(Record.query(post.subject, consistent_read=True))
    renamed = [update for record in records if (update := _renamed(record, user_id, pseudonym))[1]]
    commit_parts(updates=renamed[PART:])
    actions: list[Action] = [Post.user_id.set(pseudonym), Post.revision.add(1)]
    theirs = (Post.revision == int(post.revision)) & (Post.user_id == user_id)
    try:
        commit_between(updates=[(post, actions, theirs), *_head_renamed(found, user_id, pseudonym), *renamed[:PART]])
    except Lost as lost:
        raise Conflict(
            _("Post %(number)s of %(id)s was changed since it was read.") % {"number": post.number, "id": head.id}
        ) from lost


def _renamed(record: Record, user_id: str, pseudonym: str) -> Update:
    actions: list[Action] = []
    if record.user_id == user_id:
        actions.append(Record.user_id.set(pseudonym))
    if record.member_id == user_id:
        actions.append(Record.member_id.set(pseudonym))
    return record, actions, Record.subject.exists()


def _head_renamed(found: Found, user_id: str, pseudonym: str) -> Iterator[Update]:
    head, condition = found.head, Thread.id.exists()
    actions: list[Action] = [Thread.user_id.set(pseudonym)] if found.post.number == 1 else []
    if head.last_post_user_id == user_id:
        actions.append(Thread.last_post_user_id.set(pseudonym))
        condition &= Thread.last_post_user_id == user_id
    if actions:
        yield head, actions, condition


def remove_title(head: Thread) -> None:
    """Take the title from a thread that is deleted or merged away, which nobody is shown any more."""
    with suppress(Lost):
        commit_between(updates=[(head, [Thread.title.set("-")], Thread.status == head.status)])


def remove_items(user_id: str) -> bool:
    """Delete some of what is the member's own, such as notes; whether there may be more. One Query, one
    BatchWriteItem, of which DynamoDB may leave a part for the next time."""
    found = list(Item.query(user_id, limit=OWN_ITEMS, consistent_read=True))
    if found:
        keys = [{"UserID": {"S": item.user_id}, "Item": {"S": item.item}} for item in found]
        requests = [{"DeleteRequest": {"Key": key}} for key in keys]
        connection().dispatch("BatchWriteItem", {"RequestItems": {Item.Meta.table_name: requests}})
    return bool(found)
