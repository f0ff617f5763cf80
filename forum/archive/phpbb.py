"""phpBB's database (mysqldump of its tables) as a file of ours. phpBB 3.0 and newer.

Taken over: members with their addresses, forums, topics, posts, whose BBCode becomes Markdown. Who may read a forum
stands in tables of phpBB's that are not read: all are private until somebody says otherwise. Not taken over:
passwords, rights, groups, private messages, polls, attachments, what was deleted or waits for approval.
"""

from collections.abc import Iterable, Iterator

from . import bbcode, dumps
from .dumps import Row
from .lines import Refused
from .staging import Staged

NEEDED = {
    "users": ("user_id", "username", "user_email", "user_regdate"),
    "forums": ("forum_id", "forum_name"),
    "topics": ("topic_id", "forum_id", "topic_title", "topic_time"),
    "posts": ("post_id", "topic_id", "poster_id", "post_time", "post_text"),
}
# Kinds of accounts: those who sign up wait as INACTIVE; what is IGNORED are guests and robots.
INACTIVE, IGNORED = "1", "2"
LOCKED, SHADOW, NORMAL, APPROVED = "1", "2", "0", "1"


def read(file: Iterable[bytes], staged: Staged, prefix: str = "phpbb_", public: bool = False) -> Iterator[int]:
    """Put what is in a dump in order; says now and then how many rows were read."""
    seen, names = set[str](), [f"{prefix}{table}" for table in NEEDED]
    for count, (name, row, number) in enumerate(dumps.mysql(file, names), 1):
        table = name.removeprefix(prefix)
        seen.add(table)
        with dumps.row_of(name, number):
            if table == "forums":
                _forum(staged, row, public)
            else:
                {"users": _user, "topics": _topic, "posts": _post}[table](staged, row)
        yield count
    if lacking := sorted(NEEDED.keys() - seen):
        told = ", ".join(f"{prefix}{table}" for table in lacking)
        raise Refused(f"This is no dump of phpBB's, or its tables have another prefix: it has no rows of {told}.")


def _user(staged: Staged, row: Row) -> None:
    kind = row.get("user_type", "0")
    if kind == IGNORED:
        return
    values = (bbcode.typed(row["username"] or ""), row["user_email"], kind != INACTIVE, int(row["user_regdate"] or ""))
    staged.put("members", int(row["user_id"] or ""), *values, 0)


def _forum(staged: Staged, row: Row, public: bool) -> None:
    title, description = (bbcode.typed(row.get(name) or "") for name in ("forum_name", "forum_desc"))
    place = int(row.get("left_id") or 0)
    if row.get("forum_type", "1") == "1":
        staged.put("forums", int(row["forum_id"] or ""), title, description, place, not public)


def _topic(staged: Staged, row: Row) -> None:
    status = row.get("topic_status", "0")
    if status == SHADOW:
        return
    if row.get("topic_visibility", row.get("topic_approved", APPROVED)) != APPROVED:
        staged.told["topics that were deleted, or waited for approval, are left out"] += 1
        return
    flags = (row.get("topic_type", NORMAL) != NORMAL, status == LOCKED, False, False)
    where = (int(row["topic_id"] or ""), int(row["forum_id"] or ""))
    staged.put("topics", *where, bbcode.typed(row["topic_title"] or ""), int(row["topic_time"] or ""), *flags)


def _post(staged: Staged, row: Row) -> None:
    if row.get("post_visibility", row.get("post_approved", APPROVED)) != APPROVED:
        staged.told["posts that were deleted, or waited for approval, are left out"] += 1
        return
    id, written = int(row["post_id"] or ""), int(row["post_time"] or "")
    body = bbcode.to_markdown(bbcode.typed(row["post_text"] or ""))
    edited = int(row.get("post_edit_time") or 0) or None
    staged.put(
        "posts", int(row["topic_id"] or ""), written, id, int(row["poster_id"] or ""), written, edited, False, body
    )
