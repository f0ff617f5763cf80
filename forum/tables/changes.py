"""Everything that changes a stored post or a thread's head: one transaction of the change and its record.

A change is made on what its maker has read: the conditions of the transaction say that this is still so, and
Conflict that it is not, in which case nothing was written. The record is complete when it is stored: what the
caller gives is an act without its texts (`moderation.new_act`, or `new_record` of an author's own act).

Access patterns: one TransactWriteItems of a post, its head and a record; two Queries and more such
transactions only where a text is removed for good. The head is given and not told from the post's key:
while a thread is on its way to another forum, its posts still are in the old one.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from forum.errors import Conflict

from . import ending, threads
from .base import Lost, Put, Update, commit_between
from .bulk import PART, commit_parts
from .moderation import CASE, Record, new_record
from .polls import Poll, unvoted
from .posts import Post
from .tallies import POSTS, SOLVED, Change, counting, of_post, of_thread
from .threads import FOR_GOOD, Thread
from .votes import POLL_GONE

VISIBLE, HIDDEN, DELETED = "visible", "hidden", "deleted"
# What is deleted for good can still be looked up for so long.
GRACE = timedelta(days=30)
# What belongs to a change without being the post's, and is written with it or not at all.
Also = tuple[Sequence[Put], Sequence[Update]]
NOTHING_ELSE: Also = ((), ())
# In `hidden_by` of what no job and no moderator has hidden, but the forum by a rule of its own.
FORUM = "forum"


# -- Posts ----------------------------------------------------------------------------------------


def change_post(
    head: Thread,
    post: Post,
    seen_revision: int,
    act: Record,
    body: str,
    title: str | None = None,
    tags: Sequence[str] | None = None,
    poll: Poll | bool = True,
) -> None:
    """Replace a post's text (and its thread's title and tags, and its poll: True leaves it, False takes it away),
    keeping the old text in the record.

    Conflict where the post is no longer at the revision the editor saw, or is hidden or deleted.
    """
    act.revision, act.body = seen_revision, post.body
    actions: list[Action] = [Post.body.set(body), Post.edited_at.set(act.event_time), Post.revision.add(1)]
    if isinstance(poll, Poll):
        actions += [getattr(Post, name).set(value) for name, value in unvoted(poll).items()]
    elif not poll:
        actions += POLL_GONE
    updates: list[Update] = [(post, actions, _at(seen_revision, VISIBLE))]
    of_head: list[Action] = []
    if title is not None:
        act.title = head.title
        of_head.append(Thread.title.set(title))
    if tags is not None:
        of_head.append(Thread.tags.set(list(tags)))
    if of_head:
        updates.append((head, of_head, _in_place()))
    _commit(act, updates)


def change_status(
    head: Thread, post: Post, status: str, act: Record, body: str | None = None, also: Also = NOTHING_ELSE
) -> None:
    """Hide a post, show it again, delete it, or bring it back with the text `body`; its number and place stay.

    A hidden post keeps its text, a deleted one leaves it in the record. The first post takes its thread along,
    out of every list and back, where both had the same status before; other posts only change the count.
    Conflict where the post is not as it was read, or where somebody replied to a thread that would go along;
    and where something does not hold of what is to be written `also`.
    """
    act.revision = int(post.revision)
    if status == DELETED:
        act.body, body = post.body, "-"
    puts, updates = also
    whole = post.number == 1 and head.status == post.status
    updates = [
        becoming(post, status, act, body),
        *_recounted(head, post, status, whole),
        *_tallied(head, post, status, whole),
        *updates,
    ]
    _commit_all([(act, None), *puts], updates)


def remove_text(head: Thread, post: Post, act: Record, *, alone: bool = False, also: Also = NOTHING_ELSE) -> None:
    """Delete a post for good: no text of it is left but in records that end after 30 days. The first post takes
    its thread along, for good and whatever its status was, unless it is to go `alone`.

    The act itself stays, and names the acts whose records will be gone. Texts beyond the newest PART are
    dealt with first, in transactions of their own: whoever is stopped there does it again.
    """
    revision, expires = int(post.revision), datetime.now(UTC) + GRACE
    act.revision = revision
    kept = [record for record in _texts(post) if record.expires_at is None]
    act.before = json.dumps({"texts": "; ".join(f"{r.kind} by {r.user_id} on {r.event_time[:19]}" for r in kept[:20])})
    commit_parts(updates=[_ending(record, expires) for record in kept[PART:]])
    puts: list[Put] = [(act, None), ending.of_subject(act.subject, expires), *also[0]]
    if post.status != DELETED:
        last = new_record(act.subject, "delete", act.user_id, revision, post.body)
        last.expires_at = expires
        puts.append((last, None))
    whole = post.number == 1 and not alone
    updates = [becoming(post, DELETED, act, "-", FOR_GOOD), *_recounted(head, post, DELETED, whole, FOR_GOOD)]
    updates += [*_tallied(head, post, DELETED, whole), *also[1]]
    _commit_all(puts, [*updates, *(_ending(record, expires) for record in kept[:PART])])


def get_deleted_text(post: Post) -> str | None:
    """The text a deleted post had, None where it is deleted for good. One Query, consistent."""
    for record in _texts(post):
        if record.kind == "delete":
            return record.body if record.expires_at is None else None
    return None


def _texts(post: Post) -> Iterator[Record]:
    """The records of a post that hold a text, newest first."""
    for record in Record.query(post.subject, Record.event_time < CASE, scan_index_forward=False, consistent_read=True):
        if record.body is not None:
            yield record


def becoming(post: Post, status: str, act: Record, body: str | None = None, hidden_by: str = "") -> Update:
    """The update of a post that gets this status, and this text if there is one, if it is as it was read; readers are
    told the act's reason."""
    told = status != VISIBLE and act.reason
    if status == HIDDEN and not act.user_id:
        hidden_by = FORUM
    actions: list[Action] = [
        Post.status.set(status),
        Post.revision.add(1),
        Post.status_reason.set(act.reason) if told else Post.status_reason.remove(),
        Post.hidden_by.set(hidden_by) if hidden_by else Post.hidden_by.remove(),
        *(POLL_GONE if hidden_by == FOR_GOOD else ()),
    ]
    if status == VISIBLE:
        actions.append(Post.shown_at.set(act.event_time))
    if body is not None:
        actions.append(Post.body.set(body))
    return post, actions, _at(int(post.revision), post.status)


def _ending(record: Record, expires: datetime) -> Update:
    return record, [Record.expires_at.set(expires)], Record.subject.exists()


def _recounted(head: Thread, post: Post, status: str, whole: bool, hidden_by: str = "") -> list[Update]:
    """The update of a head one of whose posts gets this status, and with `whole` the thread; none where nothing of it
    changes."""
    more = (status == VISIBLE) - (post.status == VISIBLE)
    actions = threads.recounting(head, {int(post.number): more})
    condition = _in_place()
    if head.solved == post.number and status != VISIBLE:
        # What nobody can read answers nothing.
        actions.append(Thread.solved.set(0))
    if whole:
        by = Thread.hidden_by.set(hidden_by) if hidden_by else Thread.hidden_by.remove()
        actions += [Thread.status.set(status), by, *_listed(head, status)]
        condition = head.unchanged()
    return [(head, actions, condition)] if actions else []


def _tallied(head: Thread, post: Post, status: str, whole: bool) -> list[Update]:
    """What that changes of the numbers of who wrote the post, and of who started the thread."""
    more = (status == VISIBLE) - (post.status == VISIBLE)
    changes = [of_post(post, POSTS, more, head.forum)]
    if head.solved == post.number and status != VISIBLE:
        changes.append(of_post(post, SOLVED, -1))
    if whole:
        changes.append(of_thread(head, (status == VISIBLE) - (head.status == VISIBLE)))
    return counting(changes)


# -- Heads ----------------------------------------------------------------------------------------


def change_thread(head: Thread, act: Record, tallied: Sequence[Change] = (), **changes: Any) -> None:
    """Set attributes of a head, by their Python names, and with them its place in the forum's list.

    Conflict where one of them is no longer as it was read; where its place changes, also where somebody
    replied meanwhile. `tallied` are the numbers of members that this changes, but for that of their threads.
    """
    act.before = json.dumps({name: getattr(head, name) for name in changes})
    act.after = json.dumps(changes)
    actions = [getattr(Thread, name).set(value) for name, value in changes.items()]
    if changes.keys() & {"status", "pinned"}:
        condition = head.unchanged()
        actions += _listed(head, changes.get("status", head.status), changes.get("pinned", head.pinned))
        if "status" in changes:
            actions.append(Thread.hidden_by.remove())
    else:
        condition = _in_place()
        for name in changes:
            condition &= _same(head, name)
    listed = (changes.get("status", head.status) == VISIBLE) - (head.status == VISIBLE)
    _commit(act, [(head, actions, condition), *counting([*tallied, of_thread(head, listed)])])


def _listed(head: Thread, status: str, pinned: bool | None = None) -> list[Action]:
    """Where a thread of this status stands in its forum's list: nowhere, unless it is visible."""
    if status == VISIBLE:
        return [Thread.last_post_timestamp.set(head.listed_at(head.newest_key, pinned))]
    return [Thread.last_post_timestamp.remove()]


def _same(head: Thread, name: str) -> Condition:
    attribute, value = getattr(Thread, name), getattr(head, name)
    same: Condition = attribute == value
    # Heads stored before there was such a thing do not have it.
    return same if value else same | attribute.does_not_exist()


# -- Both -----------------------------------------------------------------------------------------


def _at(revision: int, status: str) -> Condition:
    same: Condition = (Post.revision == revision) & (Post.status == status)
    return same


def _in_place() -> Condition:
    there: Condition = Thread.id.exists() & Thread.moved_to.does_not_exist()
    return there


def _commit(act: Record, updates: list[Update]) -> None:
    _commit_all([(act, None)], updates)


def _commit_all(puts: list[Put], updates: list[Update]) -> None:
    """Conflict where something is not as its changer saw it."""
    try:
        commit_between(puts=puts, updates=updates)
    except Lost as lost:
        raise Conflict(_("Somebody changed this since you opened it.")) from lost
