"""Bookmarks: two items in ForumMembers for each, under the member::

    POST#01J…#000000003#BOOKMARK                    on a thread's page it says that the post is bookmarked
    BOOKMARK#2026-11-23T08:44:12.123456Z#k3j9x2ab   in the list, by when it was made, with the member's own note

Both are written in one transaction, so that the page and the list agree, and the list is read consistently,
which an index of one item could not be. `at` of the first is the sort key of the second.

| what | calls |
|---|---|
| bookmark a post | one transaction: Put both |
| take it back, change the note | GetItem, one transaction |
| my bookmarks | one Query, consistent |
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from forum.errors import Busy, NotFound

from .base import Lost, commit_between
from .bulk import get_one
from .keys import Key, Nonce, post_timestamp, time_of
from .members import Item
from .posts import Post
from .reactions import BOOKMARK, key_of

LISTED = "BOOKMARK#"
ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A bookmark in its member's list. `address` names the post for ever; `head_key` and `timestamp` say where it
    was when it was bookmarked, `number` which number it had there."""

    at: str
    address: str
    head_key: Key
    timestamp: str
    number: int
    note: str

    @property
    def created(self) -> datetime:
        return time_of(self.at)


def as_bookmark(item: Item) -> Bookmark:
    partition, thread_id, number, timestamp, address = (item.place or "").split("|")
    at = item.item.removeprefix(LISTED)
    return Bookmark(at, address, (partition, thread_id), timestamp, int(number), item.text or "")


# -- Reads ----------------------------------------------------------------------------------------


def list_bookmarks(user_id: str, limit: int, before: str = "") -> list[Bookmark]:
    """At most `limit` bookmarks of a member, newest first, older than the sort key `before`. One Query, consistent."""
    newest = f"{LISTED}{before}" if before else f"{LISTED}~"
    found = Item.query(
        user_id, Item.item.between(LISTED, newest), scan_index_forward=False, consistent_read=True, limit=limit + 1
    )
    return [as_bookmark(item) for item in found if item.item != newest][:limit]


def get_bookmark(user_id: str, address: str) -> Bookmark:
    """The member's bookmark of the post that was written at this address; NotFound. Two GetItem, consistent."""
    at = _at(user_id, address)
    item = get_one(Item, user_id, f"{LISTED}{at}") if at else None
    if item is None:
        raise NotFound(_("You have no such bookmark."))
    return as_bookmark(item)


def _at(user_id: str, address: str) -> str:
    """When the member bookmarked this post, "" where they have not."""
    here = get_one(Item, user_id, key_of(address, BOOKMARK))
    return (here and here.at) or ""


# -- Writes ---------------------------------------------------------------------------------------


def put_bookmark(user_id: str, post: Post) -> None:
    """Bookmark a post; one that is bookmarked already stays as it is."""
    at = post_timestamp(Nonce.new(), datetime.now(UTC))
    place = [post.partition, post.thread_id, str(int(post.number)), post.timestamp, post.first_address]
    here = Item(user_id, key_of(post.first_address, BOOKMARK), at=at)
    listed = Item(user_id, f"{LISTED}{at}", place="|".join(place))
    try:
        commit_between(puts=[(here, Item.item.does_not_exist()), (listed, None)])
    except Lost:
        return


def remove_bookmark(user_id: str, address: str) -> None:
    """Take a bookmark back, with its note; one that is not there is gone already."""
    for __ in range(ATTEMPTS):
        at = _at(user_id, address)
        if not at:
            return
        here = Item(user_id, key_of(address, BOOKMARK))
        try:
            return commit_between(deletes=[(here, Item.at == at), (Item(user_id, f"{LISTED}{at}"), None)])
        except Lost:
            continue
    raise Busy(_("This bookmark is changing very fast. Please try again."))


def change_note(user_id: str, bookmark: Bookmark, note: str) -> None:
    """Replace the member's note at a bookmark; NotFound where it was taken back meanwhile."""
    item = Item(user_id, f"{LISTED}{bookmark.at}")
    changed = Item.text.set(note) if note else Item.text.remove()
    try:
        commit_between(updates=[(item, [changed], Item.item.exists())])
    except Lost as lost:
        raise NotFound(_("You have taken this bookmark back.")) from lost
