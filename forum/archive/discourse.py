"""Discourse's backup (a plain dump of its PostgreSQL) as a file of ours.

Taken over: members with their confirmed addresses and level of trust, categories, topics, posts. A category that not
everybody may read is private. Not taken over: passwords, rights, private messages, whispers, notes of what moderators
did, what was deleted, likes, tags, uploads.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from . import dumps
from .dumps import Row
from .lines import Refused
from .staging import Staged

NEEDED = {
    "users": ("id", "username", "created_at"),
    "categories": ("id", "name", "read_restricted"),
    "topics": ("id", "title", "created_at", "category_id", "archetype", "deleted_at"),
    "posts": ("id", "user_id", "topic_id", "post_number", "raw", "created_at", "deleted_at", "post_type"),
}
# Of posts: those that members wrote, and moderators as such.
WRITTEN = ("1", "2")
_QUOTE = re.compile(r'\[quote(?:="([^",\]]*)[^\]]*")?\]\s*(.*?)\s*\[/quote\]', re.DOTALL | re.IGNORECASE)


def read(file: Iterable[bytes], staged: Staged) -> Iterator[int]:
    """Put what is in a dump in order; says now and then how many rows were read."""
    seen, emails = set[str](), dict[int, str]()
    take = {"users": _user, "categories": _category, "topics": _topic, "posts": _post}
    for count, (table, row, number) in enumerate(dumps.postgres(file, [*NEEDED, "user_emails"]), 1):
        seen.add(table)
        with dumps.row_of(table, number):
            if table == "user_emails":
                if row["primary"] == "t":
                    emails[int(row["user_id"] or "")] = row["email"] or ""
            else:
                take[table](staged, row)
        yield count
    if lacking := sorted(NEEDED.keys() - seen):
        raise Refused(f"This is no dump of Discourse's: it has no rows of {', '.join(lacking)}.")
    for id, email in emails.items():
        staged.journal.do("UPDATE members SET email = ? WHERE id = ?", [email, id])


def _user(staged: Staged, row: Row) -> None:
    id = int(row["id"] or "")
    if id < 1:
        # Its own voices, such as "system".
        return
    active = row.get("active", "t") == "t"
    values = (row["username"], row.get("email"), active, _at(row["created_at"]), int(row.get("trust_level") or 0))
    staged.put("members", id, *values)


def _category(staged: Staged, row: Row) -> None:
    private = row["read_restricted"] != "f"
    place = int(row.get("position") or 0)
    staged.put("forums", int(row["id"] or ""), row["name"], row.get("description") or "", place, private)


def _topic(staged: Staged, row: Row) -> None:
    if row["archetype"] != "regular":
        staged.told["private messages are left out"] += 1
        return
    if row["deleted_at"] is not None:
        staged.told["deleted topics are left out"] += 1
        return
    flags = (row.get("pinned_at") is not None, row.get("closed") == "t", row.get("archived") == "t")
    forum = int(row["category_id"] or 0)
    hidden = row.get("visible", "t") == "f"
    staged.put("topics", int(row["id"] or ""), forum, row["title"], _at(row["created_at"]), *flags, hidden)


def _post(staged: Staged, row: Row) -> None:
    if row["deleted_at"] is not None or row["post_type"] not in WRITTEN:
        staged.told["posts that were deleted, or were not for all, are left out"] += 1
        return
    edited = _at(row["last_version_at"]) if int(row.get("version") or 1) > 1 and row.get("last_version_at") else None
    place = (int(row["topic_id"] or ""), int(row["post_number"] or ""), int(row["id"] or ""))
    written = (int(row["user_id"] or 0), _at(row["created_at"]), edited, row.get("hidden") == "t")
    staged.put("posts", *place, *written, to_markdown(row["raw"] or ""))


def _at(text: str | None) -> float:
    return datetime.fromisoformat(text or "").replace(tzinfo=UTC).timestamp()


def to_markdown(text: str) -> str:
    """Discourse's text is Markdown but for its quotations."""
    return _QUOTE.sub(_quoted, text)


def _quoted(match: re.Match[str]) -> str:
    quoted = f"{match[1]}:\n{match[2]}" if match[1] else match[2]
    return "\n".join(f"> {line}".rstrip() for line in quoted.split("\n")) + "\n\n"
