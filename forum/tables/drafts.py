"""Drafts: what a member has begun to write, by the address of the form, in ForumMembers.

    DRAFT#0a3   the text of one form, as JSON of its fields; expires

The sort key is one of SLOTS, told from the address, so a member has at most so many, whatever is sent;
two addresses that share one take each other's place, which happens to one draft in hundreds.

| what | calls |
|---|---|
| save a draft | one PutItem |
| the draft of a form | one GetItem |
| a member's drafts | one Query |
| discard a draft | one DeleteItem |
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pynamodb.exceptions import DeleteError

from .bulk import get_one
from .members import Item

DRAFT = "DRAFT#"
LIFE = timedelta(days=30)
SLOTS = 4096
MOST_LISTED = 50
# What stands in a form beside the title and the text.
MORE = ("to", "tags", "poll_question", "poll_options", "poll_several", "poll_closes", "poll_shows")


@dataclass(frozen=True, slots=True)
class Draft:
    """`path` is the address that its form posts to; `title` is "" where that has none; `more` are of MORE fields."""

    path: str
    title: str
    body: str
    saved: datetime
    more: dict[str, str] = field(default_factory=dict)


def get_draft(user_id: str, path: str) -> Draft | None:
    """The draft of one form. One GetItem, consistent: it may have been saved a moment ago on another device."""
    item = get_one(Item, user_id, _key(path))
    return as_draft(item) if item and item.url == path and not item.expired else None


def list_drafts(user_id: str) -> list[Draft]:
    """A member's drafts, the last saved first; MOST_LISTED at most. One Query."""
    found = Item.query(user_id, Item.item.startswith(DRAFT), consistent_read=True, limit=MOST_LISTED)
    return sorted((as_draft(item) for item in found if not item.expired), key=lambda each: each.saved, reverse=True)


def put_draft(user_id: str, path: str, title: str, body: str, more: Mapping[str, str] | None = None) -> None:
    """Save a draft in place of the one before it. One PutItem."""
    text = json.dumps({**(more or {}), "title": title, "body": body}, ensure_ascii=False)
    Item(user_id, _key(path), kind="draft", text=text, url=path, expires_at=datetime.now(UTC) + LIFE).save()


def remove_draft(user_id: str, path: str) -> None:
    """Forget a draft, if there is one of this form. One DeleteItem."""
    try:
        Item(user_id, _key(path)).delete(Item.url == path)
    except DeleteError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise


def _key(path: str) -> str:
    slot = int.from_bytes(hashlib.sha256(path.encode()).digest()[:4]) % SLOTS
    return f"{DRAFT}{slot:03x}"


def as_draft(item: Item) -> Draft:
    fields = json.loads(item.text or "{}")
    expires = item.expires_at or datetime.now(UTC)
    more = {name: fields[name] for name in MORE if name in fields}
    return Draft(item.url or "", fields.get("title", ""), fields.get("body", ""), expires - LIFE, more)
