"""Another forum's members, forums, topics and posts, put in order on the disk, and written as lines of ours.

Dumps hold posts in any order, so what is read is kept in a journal first. Ids are made of the other forum's own, so
the same dump gives the same file. Numbers of posts have no gaps: what is left out leaves none.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from forum.accounts import USERNAME_LEAST, USERNAME_MOST
from forum.journal import Journal
from forum.tables import raw, threads
from forum.tables.keys import Nonce, post_timestamp, thread_id
from forum.tables.posts import Post
from forum.tables.threads import RECENT, Thread

from . import lines
from .lines import Refused, Writer

SCHEMA = """
CREATE TABLE members (id INTEGER PRIMARY KEY, name, email, confirmed, joined, trust);
CREATE TABLE forums (id INTEGER PRIMARY KEY, title, description, place, private);
CREATE TABLE topics (id INTEGER PRIMARY KEY, forum, title, created, pinned, locked, archived, hidden);
CREATE TABLE posts (topic, place, id, user, created, edited, hidden, body, PRIMARY KEY (topic, place, id))
    WITHOUT ROWID;
"""
TITLE_MOST, FORUM_TITLE_MOST, DESCRIPTION_MOST, FORUM_NAME_MOST = 200, 80, 300, 50
# As of somebody who has left: there is no such account.
NOBODY = "-1"


class Staged:
    """What was read of another forum; `source` is its kind. `told` counts what was not taken as it was, in words."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.journal = Journal("", SCHEMA)
        self.told: Counter[str] = Counter()

    def put(self, table: str, *values: Any) -> None:
        self.journal.do(f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * len(values))})", values)

    def write(self, writer: Writer) -> Iterator[int]:
        """All of it as lines; says now and then how many posts are written."""
        writer.write(lines.as_text({"forumposts": lines.VERSION, "of": self.source, "passwords": False}))
        names, done = self._forum_names(), 0
        topics = self.journal.rows("SELECT * FROM topics ORDER BY id")
        for topic, forum, title, created, *flags in topics:
            if forum not in names:
                self.told["topics in no forum are left out"] += 1
                continue
            for table, item in self._thread(topic, names[forum], title, created, flags):
                writer.write(lines.of_item(table, item), table)
                done += 1
            yield done
        for kind, fields in chain(self._forums(names), self._members()):
            writer.write(lines.as_text({"kind": kind, "fields": fields}), kind)
        writer.write(lines.as_text({"end": dict(sorted(writer.counts.items()))}))
        yield done

    # -- Threads ----------------------------------------------------------------------------------

    def _thread(
        self, topic: int, forum: str, title: str, created: float, flags: list[Any]
    ) -> Iterator[tuple[str, raw.Raw]]:
        """A topic's posts and then its head, as replies one after the other would have left it."""
        head: Thread | None = None
        key, recent = "", list[str]()
        rows = self.journal.rows(
            "SELECT p.*, m.id FROM posts p LEFT JOIN members m ON m.id = p.user WHERE topic = ? ORDER BY place, p.id",
            [topic],
        )
        for number, (_, _, id, _, written, edited, hidden, body, user) in enumerate(rows, 1):
            own = post_timestamp(self._nonce("post", id, written), _time(written))
            key = post_timestamp(self._nonce("post", id, written), _time(written), after=key)
            author = str(user) if user is not None else NOBODY
            if head is None:
                thread = thread_id(self._nonce("topic", topic, created), 1)
                head = threads.new_head(forum, thread, author, _short(title, TITLE_MOST) or "-", key)
            yield raw.POSTS, self._post(head, key, author, number, body, id, own, edited, bool(hidden))
            recent = [*recent, key][-RECENT:]
            head.last_post_number, head.last_post_user_id = number, author
            head.post_count = number if number == 1 else int(head.post_count) + 1
            if hidden and number == 1:
                head.first_gone = True
            elif hidden:
                head.post_count = int(head.post_count) - 1
        if head is None:
            self.told["topics without posts are left out"] += 1
            return
        pinned, head.locked, head.archived, hidden = map(bool, flags)
        head.pinned, head.recent_posts = pinned, recent
        head.status, head.last_post_timestamp = ("hidden", None) if hidden else ("visible", head.listed_at(key))
        yield raw.THREADS, head.serialize()

    def _post(
        self,
        head: Thread,
        key: str,
        author: str,
        number: int,
        body: str,
        id: int,
        own: str,
        edited: float | None,
        hidden: bool,
    ) -> raw.Raw:
        post = Post(head.partition, key, user_id=author, thread_id=head.id, number=number, body=body.strip() or "-")
        post.written_at = own if own[:27] != key[:27] else None
        post.status = "hidden" if hidden else "visible"
        post.edited_at = post_timestamp(self._nonce("edit", id, edited), _time(edited)) if edited else None
        item: raw.Raw = post.serialize()
        if reason := raw.complaint(raw.POSTS, item):
            raise Refused(f"Post {id} cannot be stored: {reason}.")
        return item

    def _nonce(self, kind: str, id: int, at: float) -> Nonce:
        """Always the same for the same thing."""
        return Nonce(f"{Nonce.new(_time(at)).text[:10]}{'0' * 16}").about(f"{self.source}/{kind}/{id}")

    # -- Rows -------------------------------------------------------------------------------------

    def _forum_names(self) -> dict[int, str]:
        names: dict[int, str] = {}
        for id, title in self.journal.rows("SELECT id, title FROM forums ORDER BY place, id"):
            name = _slug(title, FORUM_NAME_MOST - 6).lower().replace(".", "-").replace("_", "-").strip("-")
            name = name if len(name) > 1 else f"forum-{id}"
            names[id] = f"{name}-{id}" if name in names.values() else name
        return names

    def _forums(self, names: dict[int, str]) -> Iterator[tuple[str, dict[str, Any]]]:
        rows = self.journal.rows("SELECT id, title, description, private FROM forums ORDER BY place, id")
        for place, (id, title, description, private) in enumerate(rows, 1):
            yield (
                "forum",
                {
                    "name": names[id],
                    "title": _short(title, FORUM_TITLE_MOST) or names[id],
                    "description": _short(description, DESCRIPTION_MOST),
                    "order": place,
                    # Of nobody but administrators, until they choose its groups.
                    "read_access": "groups" if private else "public",
                },
            )

    def _members(self) -> Iterator[tuple[str, dict[str, Any]]]:
        taken, addresses = set[str](), set[str]()
        rows = self.journal.rows("SELECT id, name, email, confirmed, joined, trust FROM members ORDER BY id")
        for id, name, given, confirmed, joined, trust in rows:
            username = _username(name, id, taken)
            self.told["members have another name"] += username != name
            email = (given or "").strip().lower()
            if email and ("@" not in email or email in addresses):
                self.told["addresses that another member has, or that are none, are left out"] += 1
                email = ""
            fields = {"id": id, "username": username, "email": email, "trust": min(max(trust, 0), 3)}
            yield "user", fields | {"date_joined": _time(joined).isoformat()}
            if email:
                addresses.add(email)
                yield "address", {"user": id, "email": email, "verified": bool(confirmed), "primary": True}


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _short(text: str | None, most: int) -> str:
    """In one line, and no longer than there is room for."""
    line = " ".join((text or "").split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def _slug(text: str, most: int) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-._")[:most].strip("-._")


def _username(name: str, id: int, taken: set[str]) -> str:
    """The name as it may be here, which nobody has in any case."""
    fits = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) and USERNAME_LEAST <= len(name) <= USERNAME_MOST
    username = name if fits else _slug(name, USERNAME_MOST)
    if len(username) < USERNAME_LEAST or username.lower() in taken:
        username = f"{_slug(name, USERNAME_MOST - 12) or 'member'}-{id}"
    taken.add(username.lower())
    return username
