"""Who may do what: pure functions of a reader and of what is read; no I/O, so they run anywhere.

A page is cached once for all who may read it, so every rule that differs between readers is
asked per request, either before a cached page is handed out or while its holes are filled.
"""

from dataclasses import dataclass

from .tables.threads import Thread


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody at the door. `id` is the post's UserID form of a member, "" for the signed-out."""

    id: str = ""
    name: str = ""
    is_staff: bool = False
    group_ids: frozenset[int] = frozenset()

    @property
    def signed_in(self) -> bool:
        return bool(self.id)


ANONYMOUS = Reader()


@dataclass(frozen=True, slots=True)
class ForumRules:
    """A forum's definition as the pages need it: a value, safe to keep in a process's memory."""

    name: str
    title: str
    description: str
    read_access: str
    post_access: str
    read_groups: frozenset[int]
    post_groups: frozenset[int]
    archived: bool
    shards: int

    @property
    def public(self) -> bool:
        return self.read_access == "public"


def can_read(reader: Reader, forum: ForumRules) -> bool:
    if forum.public or reader.is_staff:
        return True
    if forum.read_access == "members":
        return reader.signed_in
    return bool(forum.read_groups & reader.group_ids)


def can_post(reader: Reader, forum: ForumRules) -> bool:
    """Whether the reader may start threads and reply in the forum (locked threads aside)."""
    if not reader.signed_in or forum.archived or not can_read(reader, forum):
        return False
    if reader.is_staff or forum.post_access == "members":
        return True
    return forum.post_access == "groups" and bool(forum.post_groups & reader.group_ids)


def can_reply(reader: Reader, forum: ForumRules, thread: Thread) -> bool:
    return can_post(reader, forum) and not thread.locked and not thread.moved_to


def can_change_post(reader: Reader, forum: ForumRules, author_id: str) -> bool:
    """Whether the reader may edit or delete the post: its author, or staff; never in an archive."""
    if not reader.signed_in or forum.archived:
        return False
    return reader.is_staff or reader.id == author_id


def can_moderate(reader: Reader, forum: ForumRules) -> bool:
    return reader.is_staff and not forum.archived
