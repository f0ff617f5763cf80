"""ForumMembers: everything that belongs to one member, one partition for each.

Partition key `UserID`, sort key `Item`::

    NOTE#2026-11-23T08:44:12.123456Z#k3j9x2ab   something the member is told; expires
    NOTES                                        the inbox: how many notes are unread, and up to which they are read;
                                                 and whom the member ignores and which threads are muted, since it is
                                                 read with the account
    POST#01J…#000000003#LIKE, …#BOOKMARK         what the member did with a post: see `reactions`, `bookmarks`
    BOOKMARK#2026-11-23T08:44:12.123456Z#k3j9x2ab   a bookmark in the member's list, with a note of their own

What gathers notes, watches, settings, whom a member ignores, mails that wait, votes and conversations are in `inbox`,
`watches`, `ignores`, `mails`, `votes` and `talks`.

| what | calls |
|---|---|
| what is read with the account | one GetItem |
| the newest notes, with the inbox | one Query |
| all notes are read | GetItem, Query, one transaction |
| one note is read | BatchGetItem, one transaction |
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from forum.errors import Busy

from .base import Lost, Table, Update, commit_between, pause, table_name
from .bulk import get_many, get_one
from .keys import Nonce, post_timestamp, time_of

NOTE = "NOTE#"
# Sorts right after every note, so that the Query of the newest notes brings it along.
INBOX = "NOTES"
# Before the kind and the thread of notes that gather; see `inbox`.
GROUP = "GROUP#"

# A note is forgotten after so long, read or not; and it is a sentence or two, no text without end.
NOTE_LIFE = timedelta(days=90)
MOST_CHARACTERS = 1000
# How often an inbox that others write to at this moment is tried.
ATTEMPTS = 8
# Unread notes are counted exactly up to here; what is shown beyond is "99+" anyway.
MOST_COUNTED = 100
# Each note rewrites the inbox, so what is kept there must be small: 6 KB at the most.
MOST_IGNORED = MOST_MUTED = 200


class ByItem(GlobalSecondaryIndex["Item"]):  # type: ignore[no-untyped-call]
    """Whose items are of the same thing: who likes a post. Sparse: it has only items that are `Listed`, so that
    notes, of which there are many and which nobody looks up so, cost nothing here."""

    class Meta:
        index_name = "ByItem"
        projection = KeysOnlyProjection()

    listed = UnicodeAttribute(hash_key=True, attr_name="Listed")
    user_id = UnicodeAttribute(range_key=True, attr_name="UserID")


class Item(Table):
    """One item. Of a note: `kind` is what happened, `text` says it with `facts` in its places
    (`forum.told`), `url` leads there, `by` is who did it
    (a UserID, "" for nobody in particular), `read_at` when it was read by itself; `people` are all who did it,
    the last one first, where it gathers what happened in a `thread` of a `forum`. Of the inbox: how many notes
    are `unread`, and the sort key that they are `read_to`; every change of a note raises its `revision`.
    `listed` is by what ByItem finds it, `at` when it was made, shaped as a post's sort key,
    `place` where a bookmarked post was then."""

    class Meta:
        table_name = table_name("ForumMembers")

    user_id = UnicodeAttribute(hash_key=True, attr_name="UserID")
    item = UnicodeAttribute(range_key=True, attr_name="Item")
    kind = UnicodeAttribute(attr_name="Kind", null=True)
    text = UnicodeAttribute(attr_name="Text", null=True)
    facts: JSONAttribute = JSONAttribute(attr_name="Facts", null=True)
    url = UnicodeAttribute(attr_name="URL", null=True)
    by = UnicodeAttribute(attr_name="By", null=True)
    unread = NumberAttribute(attr_name="Unread", null=True)
    read_to = UnicodeAttribute(attr_name="ReadTo", null=True)
    read_at = UnicodeAttribute(attr_name="ReadAt", null=True)
    revision = NumberAttribute(attr_name="Revision", null=True)
    thread = UnicodeAttribute(attr_name="ThreadID", null=True)
    forum = UnicodeAttribute(attr_name="ForumName", null=True)
    people: ListAttribute[Any] = ListAttribute(attr_name="People", of=UnicodeAttribute, null=True)
    # Of the inbox: UserIDs, and thread ids and names of forums, at most MOST_IGNORED and MOST_MUTED.
    ignored = UnicodeSetAttribute(attr_name="Ignored", null=True)
    muted = UnicodeSetAttribute(attr_name="Muted", null=True)
    # Of what gathers: the note that does so now, and the numbers of the posts that it has told of.
    note = UnicodeAttribute(attr_name="Note", null=True)
    told: ListAttribute[Any] = ListAttribute(attr_name="Told", of=NumberAttribute, null=True)
    # Of a watch; of a member's settings; of a mail that waits.
    level = UnicodeAttribute(attr_name="Level", null=True)
    mail = UnicodeAttribute(attr_name="Mail", null=True)
    mail_kinds: ListAttribute[Any] = ListAttribute(attr_name="MailKinds", of=UnicodeAttribute, null=True)
    takes_messages = UnicodeAttribute(attr_name="TakesMessages", null=True)
    watches_own = BooleanAttribute(attr_name="WatchesOwn", null=True)
    bounced = UnicodeAttribute(attr_name="Bounced", null=True)
    tries = NumberAttribute(attr_name="Tries", null=True)
    listed = UnicodeAttribute(attr_name="Listed", null=True)
    at = UnicodeAttribute(attr_name="At", null=True)
    place = UnicodeAttribute(attr_name="Place", null=True)
    # Of a vote: the numbers of the options.
    choices = UnicodeAttribute(attr_name="Choices", null=True)
    expires_at = TTLAttribute(attr_name="ExpiresAt", null=True)

    by_item = ByItem()

    @property
    def timestamp(self) -> str:
        """Of a note: when it was written, shaped as a post's sort key, and so what a cursor is made of."""
        return self.item.removeprefix(NOTE)

    @property
    def created(self) -> datetime:
        """Of a note."""
        return time_of(self.timestamp)

    @property
    def expired(self) -> bool:
        """Whether it is gone, although DynamoDB has not deleted it yet, which takes up to days."""
        return self.expires_at is not None and self.expires_at.timestamp() <= time.time()


@dataclass(frozen=True, slots=True)
class Inbox:
    """What is read with a member's account: how many notes are unread, the ids of the members that they ignore and
    of the threads that they have muted, beside the names of forums, as far as they fit."""

    unread: int = 0
    ignored: frozenset[str] = frozenset()
    muted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Notes:
    """Some of a member's notes, newest first; `more` says that there are older ones, `unread` how many of all
    are. `inbox` is as it was read with them."""

    notes: list[Item]
    more: bool
    unread: int
    read_to: str
    inbox: Item

    def is_unread(self, note: Item) -> bool:
        return note.timestamp > self.read_to and not note.read_at


# -- Reads ----------------------------------------------------------------------------------------


def get_inbox(user_id: str) -> Inbox:
    """One GetItem, consistent: it is asked once, right after it was changed."""
    item = _inbox(user_id)
    return Inbox(int(item.unread or 0), frozenset(item.ignored or ()), frozenset(item.muted or ()))


def list_notes(user_id: str, limit: int, before: str = "") -> Notes:
    """At most `limit` notes, newest first, older than the timestamp `before`. One Query, consistent; for
    older notes a GetItem of the inbox, too. Expired notes are not shown."""
    found = _notes_from(user_id, f"{NOTE}{before}" if before else INBOX, limit + 2)
    inbox = next((item for item in found if item.item == INBOX), None)
    if inbox is None:
        inbox = _inbox(user_id) if before else Item(user_id, INBOX)
    # All notes live equally long, so the expired ones are the oldest.
    notes = [item for item in found if item.item != INBOX and item.timestamp != before and not item.expired]
    return Notes(notes[:limit], len(notes) > limit, int(inbox.unread or 0), inbox.read_to or "", inbox)


def get_note(user_id: str, timestamp: str) -> Item | None:
    """One note; None where it is gone. A GetItem, consistent."""
    note = get_one(Item, user_id, NOTE + timestamp)
    return note if note is not None and not note.expired else None


def list_items(user_id: str, limit: int | None = None) -> Iterator[Item]:
    """Everything that belongs to a member, in the order of the sort keys, also what has expired; or the first `limit`
    of it. One Query for each part of 1 MB, consistent."""
    yield from Item.query(user_id, consistent_read=True, limit=limit)


def _notes_from(user_id: str, newest: str, limit: int) -> list[Item]:
    """Items from the sort key `newest` backwards to the oldest note."""
    within = Item.item.between(NOTE, newest)
    return list(Item.query(user_id, within, scan_index_forward=False, consistent_read=True, limit=limit))


def _inbox(user_id: str) -> Item:
    return get_one(Item, user_id, INBOX) or Item(user_id, INBOX)


# -- Writes ---------------------------------------------------------------------------------------


def change_read_to(user_id: str, timestamp: str) -> None:
    """Take all notes up to this one as read; those that came since stay unread, and are counted anew.

    Busy where so many come at this moment that none of some attempts gets through.
    """
    for attempt in range(ATTEMPTS):
        inbox = _inbox(user_id)
        if timestamp <= (inbox.read_to or ""):
            return
        found = _notes_from(user_id, INBOX, MOST_COUNTED + 1)
        newer = (item for item in found if item.item != INBOX and item.timestamp > timestamp)
        unread = sum(1 for item in newer if not item.expired and not item.read_at)
        changes = [Item.unread.set(unread), Item.read_to.set(timestamp), Item.revision.add(1)]
        try:
            return commit_between(updates=[(Item(user_id, INBOX), changes, unchanged(inbox))])
        except Lost:
            pause(attempt)
    raise Busy(_("Notes are coming in at this moment. Please try again."))


def change_read(user_id: str, timestamp: str) -> Item | None:
    """Take one note as read; the note, or None where it is gone. Nothing gathers in it any more.

    Busy as of `change_read_to`."""
    for attempt in range(ATTEMPTS):
        found = {item.item: item for item in get_many(Item, [(user_id, NOTE + timestamp), (user_id, INBOX)])}
        note, inbox = found.get(NOTE + timestamp), found.get(INBOX) or Item(user_id, INBOX)
        if note is None or note.expired:
            return None
        if note.read_at or timestamp <= (inbox.read_to or ""):
            return note
        less = [Item.unread.set(max(int(inbox.unread or 0) - 1, 0)), Item.revision.add(1)]
        read = [Item.read_at.set(post_timestamp(Nonce.new(), datetime.now(UTC)))]
        updates: list[Update] = [(note, read, Item.item.exists()), (Item(user_id, INBOX), less, unchanged(inbox))]
        try:
            commit_between(updates=updates, deletes=[(Item(user_id, group_of(note)), None)] if note.thread else [])
        except Lost:
            pause(attempt)
        else:
            return note
    raise Busy(_("Notes are coming in at this moment. Please try again."))


def group_of(note: Item) -> str:
    """The sort key of what says which note gathers what such a note tells of."""
    return f"{GROUP}{note.kind}#{note.thread}"


def unchanged(inbox: Item) -> Condition:
    """No note has come, gone or been read since the inbox was read."""
    revision = Item.revision == inbox.revision if inbox.revision is not None else Item.revision.does_not_exist()
    same: Condition = revision & (
        Item.unread == inbox.unread if inbox.unread is not None else Item.unread.does_not_exist()
    )
    return same
