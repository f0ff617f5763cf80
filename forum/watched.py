"""What is new in what a member watches: worked out when somebody looks, for a page or a mail.

The threads they watch, the heads of these, those of the forums they watch, and the marks of what they have read.
Nothing is written for it when somebody posts, so ten thousand watchers cost a writer what none do. All of it is
bounded: MOST_THREADS watched threads, those begun last, and in some forums the threads that were last active.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forum import links, reads, wording
from forum.directory import Directory
from forum.permissions import ForumRules, Reader
from forum.reads import NEWS, Marks
from forum.tables import threads, watches
from forum.tables.bulk import get_many
from forum.tables.keys import thread_partition
from forum.tables.members import Item
from forum.tables.threads import Thread
from forum.tables.watches import MUTED, NORMAL, WATCHING

PER_PAGE = 100
PER_FORUM = 20
MOST_THREADS = 500


@dataclass(frozen=True, slots=True)
class Watched:
    """A thread that somebody watches; `unread` is how many posts are new to them, NEWS where nobody knows how many."""

    head: Thread
    unread: int
    muted: bool = False

    @property
    def words(self) -> str:
        """How many posts are new, "" for none."""
        if self.unread == NEWS:
            return _("New posts")
        if not self.unread:
            return ""
        shown = {"number": wording.number(self.unread)}
        return ngettext("%(number)s new post", "%(number)s new posts", self.unread) % shown

    @property
    def url(self) -> str:
        """Of the first post that is new; without any, of the thread."""
        return f"/f/{self.head.forum}/{self.head.id}/unread/" if self.unread else links.thread(self.head)


def page(directory: Directory, reader: Reader, before: str = "") -> tuple[list[Watched], dict[str, str], str]:
    """A page of what the reader watches or has muted, with news first; how they watch forums (only on the first page);
    and what the next page goes on from. Two Queries and a BatchGetItem, a Query for each watched forum and shard, one
    Redis round trip."""
    found, last = watches.list_threads(reader.id, PER_PAGE, before)
    muted = {watches.thread_of(item) for item in found if item.level == MUTED}
    heads = _heads(item for item in found if item.level != NORMAL)
    forums = {} if before else watches.list_forums(reader.id)
    heads |= {head.id: head for head in _of_forums(directory, reader, forums) if head.id not in heads}
    rows = _unread(directory, reader, heads.values(), muted)
    rows.sort(key=lambda row: (bool(row.unread), not row.muted, row.head.last_activity), reverse=True)
    return rows, forums, last


def count(directory: Directory, reader: Reader) -> int:
    """In how many threads of the first page there is something new; costs as much as that page."""
    return sum(bool(each.unread) for each in page(directory, reader)[0])


def news(directory: Directory, reader: Reader, since: datetime) -> list[Watched]:
    """What has come since then and is not read, last active first: in MOST_THREADS watched threads and in watched
    forums, but not in threads that are muted. Two calls for each hundred watched threads, and as `page`."""
    items = list(_items(reader.id))
    said = {watches.thread_of(item) for item in items}
    heads = _heads(item for item in items if item.level == WATCHING)
    of_forums = _of_forums(directory, reader, watches.list_forums(reader.id))
    heads |= {head.id: head for head in of_forums if head.id not in said}
    late = [head for head in heads.values() if head.last_activity > since]
    rows = [row for row in _unread(directory, reader, late, set()) if row.unread]
    return sorted(rows, key=lambda row: row.head.last_activity, reverse=True)


def forums_of(directory: Directory, reader: Reader, levels: dict[str, str]) -> list[ForumRules]:
    """The forums that the reader watches or has muted, and may read."""
    return [rules for rules in directory.readable(reader) if levels.get(rules.name, NORMAL) != NORMAL]


def _items(user_id: str) -> Iterator[Item]:
    before = ""
    for __ in range(MOST_THREADS // PER_PAGE):
        found, before = watches.list_threads(user_id, PER_PAGE, before)
        yield from found
        if not before:
            return


def _heads(items: Iterable[Item]) -> dict[str, Thread]:
    """The heads of these threads by id, where they are now; those that became part of others are left out."""
    wanted = {thread: item.forum or "" for item in items if (thread := watches.thread_of(item))}
    found = get_many(Thread, [(thread_partition(forum, thread), thread) for thread, forum in wanted.items()])
    moved = [head.moved_key for head in found if head.moved_to and head.moved_key[1] == head.id]
    return {head.id: head for head in [*found, *get_many(Thread, moved)] if not head.moved_to}


def _of_forums(directory: Directory, reader: Reader, levels: dict[str, str]) -> list[Thread]:
    """The threads of watched forums that were last active, but for those that ignored members began."""
    watched = [rules for rules in forums_of(directory, reader, levels) if levels[rules.name] == WATCHING]
    some = watched[: watches.MOST_FORUMS]
    found = [head for rules in some for head in threads.list_by_activity(rules.name, rules.shards, PER_FORUM)]
    return [head for head in found if head.user_id not in reader.ignored]


def _unread(directory: Directory, reader: Reader, heads: Iterable[Thread], muted: set[str]) -> list[Watched]:
    """Those that the reader may read, with what is new in them; all is as read while nobody can say."""
    names = {rules.name for rules in directory.readable(reader)}
    readable = [head for head in heads if head.forum in names and not head.deleted]
    wanted = [(head.forum, head.id) for head in readable]
    marks = reads.look(reader.id, reader.joined, wanted) if readable else None
    return [_watched(head, marks, head.id in muted) for head in readable]


def _watched(head: Thread, marks: Marks | None, muted: bool) -> Watched:
    last = int(head.last_post_number)
    unread = marks.unread(head.forum, head.id, last, head.last_activity) if marks and not muted else 0
    return Watched(head, unread, muted)
