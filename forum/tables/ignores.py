"""Whom a member ignores: items in their own partition of ForumMembers.

Shape::

    IGNORE#42    the member ignores member 42; At says since when

The same ids are a set in the inbox (`members`), which is read with the account: so pages know whom their reader
ignores without a call. Both are written in one transaction, and there are at most MOST_IGNORED.

| what | calls |
|---|---|
| whom a member ignores | one Query, consistent |
| ignore, or no longer | one transaction |
| whether somebody is ignored, when they do something | a key more in a BatchGetItem (`inbox`) |
"""

from datetime import UTC, datetime

from django.utils.translation import gettext as _
from pynamodb.expressions.condition import size

from forum.errors import Conflict

from .base import Lost, commit_between
from .keys import Nonce, post_timestamp
from .members import INBOX, MOST_IGNORED, Item

IGNORE = "IGNORE#"


def of_member(user_id: str) -> str:
    """The sort key of ignoring this member."""
    return f"{IGNORE}{user_id}"


def list_ignored(user_id: str) -> dict[str, str]:
    """The UserIDs of those whom a member ignores, and since when (shaped as a post's sort key), the last first."""
    found = Item.query(user_id, Item.item.startswith(IGNORE), consistent_read=True, limit=MOST_IGNORED)
    ignored = {item.item.removeprefix(IGNORE): item.at or "" for item in found}
    return dict(sorted(ignored.items(), key=lambda each: each[1], reverse=True))


def put_ignored(user_id: str, other: str) -> None:
    """Ignore a member; who is ignored already stays so. Conflict where they are too many."""
    at = post_timestamp(Nonce.new(), datetime.now(UTC))
    few = size(Item.ignored) < MOST_IGNORED  # type: ignore[no-untyped-call]
    room = Item.ignored.does_not_exist() | few | Item.ignored.contains(other)
    more = (Item(user_id, INBOX), [Item.ignored.add({other})], room)
    try:
        commit_between(puts=[(Item(user_id, of_member(other), at=at), None)], updates=[more])
    except Lost as lost:
        raise Conflict(
            _("You ignore %(most)s members already, and that is as many as can be.") % {"most": MOST_IGNORED}
        ) from lost


def remove_ignored(user_id: str, other: str) -> None:
    """Ignore a member no longer; who is not ignored stays so."""
    fewer = (Item(user_id, INBOX), [Item.ignored.delete({other})], None)
    commit_between(updates=[fewer], deletes=[(Item(user_id, of_member(other)), None)])
