"""A file of a forum's data brought in: first every line is checked and nothing written, then items that are not there
are put, then rows, all of them in one transaction.

What is there already stays as it is, so a file can be brought in twice, or into tables that lost a part of it. How far
it is stands beside the file, and whoever goes on begins there: lines that were written and not noted are found to be
there.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from forum.cache.intents import invalidate_all
from forum.journal import Journal
from forum.tables import ending, raw
from forum.tables.keys import FORUM_NAME, thread_partition

from . import lines, relational
from .lines import Line, Refused

SCHEMA = """
CREATE TABLE heads (id TEXT, partition TEXT, last INTEGER, moved INTEGER, line INTEGER);
CREATE TABLE posts (id TEXT, partition TEXT, number INTEGER, line INTEGER);
CREATE TABLE voids (id TEXT PRIMARY KEY, line INTEGER);
CREATE TABLE members (id TEXT PRIMARY KEY, name TEXT UNIQUE COLLATE NOCASE, line INTEGER);
"""
CHUNK = 800
WRITERS = 8
NO_FILE = "is no file of a forum's data, or not of this release's kind"


@dataclass(slots=True)
class State:
    """How far an import is: the lines that are done, and what came of them."""

    path: Path
    file: list[int]
    lines: int = 0
    total: int = 0
    same: int = 0
    differing: list[str] = field(default_factory=list)
    differ: int = 0

    @classmethod
    def of(cls, file: Path) -> "State":
        """As it was noted, for the file as it is now; else from the beginning. Refused where there is no such file."""
        try:
            found = file.stat()
        except OSError as error:
            raise Refused(f"{file} cannot be read: {error.strerror}.") from error
        fresh = cls(file.with_name(f"{file.name}.import"), [found.st_size, found.st_mtime_ns])
        try:
            noted = json.loads(fresh.path.read_text())
        except (OSError, ValueError):
            return fresh
        return cls(fresh.path, **noted) if noted.get("file") == fresh.file else fresh

    def note(self) -> None:
        values = {name: getattr(self, name) for name in ("file", "lines", "total", "same", "differing", "differ")}
        draft = self.path.with_name(f"{self.path.name}.new")
        draft.write_text(json.dumps(values))
        os.replace(draft, self.path)


# -- Checking -------------------------------------------------------------------------------------


def check(file: Path, whole: bool = True) -> Iterator[int]:
    """Look at every line, and at how they fit together; says now and then how many were looked at. Refused where a
    line cannot be right, with its number. Without `whole` threads may have gaps."""
    journal, counts, header, end = Journal("", SCHEMA), Counter[str](), False, None
    try:
        for number, line in lines.read(file):
            if end is not None:
                raise Refused(f"Line {number} comes after the end.")
            if number == 1:
                header = _check_header(file, line)
            elif "end" in line:
                end = line["end"]
            elif "void" in line:
                journal.do("INSERT OR REPLACE INTO voids VALUES (?, ?)", [str(line["void"]), number])
            else:
                counts[_check(number, line, journal)] += 1
            if number % 1000 == 0:
                yield number
        if not header:
            raise Refused(f"{file} {NO_FILE}.")
        if end is None:
            raise Refused(f"{file} is not whole: its last line is missing. It has {sum(counts.values()) + 1:,} lines.")
        if end != dict(counts):
            raise Refused(f"{file} is not whole: it says that it has {_told(end)}, and has {_told(counts)}.")
        if whole:
            _check_threads(journal)
    finally:
        journal.close()


def _told(counts: Any) -> str:
    return ", ".join(f"{counts[kind]} {kind}" for kind in sorted(counts)) if isinstance(counts, dict) else repr(counts)


def _check_header(file: Path, line: Line) -> bool:
    if line.get("forumposts") != lines.VERSION:
        raise Refused(f"{file} {NO_FILE}.")
    return True


def _check(number: int, line: Line, journal: Journal) -> str:
    """What the line holds, for counting."""
    if "kind" in line:
        if reason := relational.complaint(str(line["kind"]), line.get("fields")):
            raise Refused(f"Line {number}: {reason}.")
        if line["kind"] == "user":
            _check_member(number, line["fields"], journal)
        return str(line["kind"])
    table, item = str(line.get("table")), line.get("item") or {}
    if table not in raw.TABLES:
        raise Refused(f"Line {number}: {table!r} is no table of a forum's.")
    if reason := raw.complaint(table, item) or _misplaced(table, item):
        raise Refused(f"Line {number}: {reason}.")
    if table == raw.THREADS:
        values = [item["ThreadID"]["S"], item["ForumName"]["S"], int(item["LastPostNumber"]["N"])]
        journal.do("INSERT INTO heads VALUES (?, ?, ?, ?, ?)", [*values, "MovedTo" in item, number])
    if table == raw.POSTS:
        values = [item["ThreadID"]["S"], item["ForumName"]["S"], int(item["PostNumber"]["N"])]
        journal.do("INSERT INTO posts VALUES (?, ?, ?, ?)", [*values, number])
    return str(table)


def _misplaced(table: str, item: raw.Raw) -> str:
    """A thread's items must be where its id says that they are."""
    if table not in (raw.THREADS, raw.POSTS):
        return ""
    place, thread = item["ForumName"]["S"], item["ThreadID"]["S"]
    forum = place.partition("#")[0]
    try:
        if not _is_forum(forum) or thread_partition(forum, thread) != place:
            return f"thread {thread} cannot be in {place}"
        numbers = [item[name]["N"] for name in ("PostNumber", "LastPostNumber") if name in item]
        if any(int(each) < 1 for each in numbers):
            return "a number is below 1"
    except (KeyError, ValueError):
        return f"{thread} is no thread's id, or a number is none"
    return ""


def _is_forum(name: str) -> bool:
    return re.fullmatch(FORUM_NAME, name) is not None


def _check_member(number: int, fields: relational.Fields, journal: Journal) -> None:
    values = [str(fields["id"]), str(fields.get("username")), number]
    if not journal.do("INSERT OR IGNORE INTO members VALUES (?, ?, ?)", values):
        found = journal.one("SELECT line FROM members WHERE id = ? OR name = ?", values[:2])
        raise Refused(f"Line {number}: this member, or this name, is in line {found[0] if found else '?'} already.")


def _check_threads(journal: Journal) -> None:
    """Every head has the posts that it counts, and no others."""
    journal.do("DELETE FROM posts WHERE EXISTS (SELECT 1 FROM voids v WHERE v.id = posts.id AND v.line > posts.line)")
    journal.do("DELETE FROM heads WHERE EXISTS (SELECT 1 FROM voids v WHERE v.id = heads.id AND v.line > heads.line)")
    journal.do("CREATE INDEX by_thread ON posts (id, partition, number)")
    journal.do("CREATE INDEX by_head ON heads (id, partition)")
    found = journal.rows(
        "SELECT h.id, h.last, h.moved, h.line, COUNT(p.number), COUNT(DISTINCT p.number), MAX(p.number) "
        "FROM heads h LEFT JOIN posts p USING (id, partition) GROUP BY h.id, h.partition ORDER BY h.line"
    )
    for thread, last, moved, number, count, different, greatest in found:
        if (count, different, greatest) != (last, last, last) and not (moved and count == 0):
            raise Refused(f"Line {number}: thread {thread} counts {last} posts, and the file has {different} of them.")
    orphan = journal.one(
        "SELECT p.id, p.line FROM posts p WHERE NOT EXISTS "
        "(SELECT 1 FROM heads h WHERE h.id = p.id AND h.partition = p.partition) ORDER BY p.line LIMIT 1"
    )
    if orphan:
        raise Refused(f"Line {orphan[1]}: the head of thread {orphan[0]} is not in the file.")


# -- Writing --------------------------------------------------------------------------------------


def bring_in(file: Path, state: State) -> Iterator[int]:
    """Write what was checked, from where it was stopped; says now and then how many lines are done.

    Unavailable where a store fails: start it again. Refused where a row cannot be stored, and then none is.
    """
    voids, ends = _looked_through(file)
    # Only a local engine has an address of its own; AWS would charge transactions double.
    put = partial(raw.put_new, whole=bool(settings.DYNAMODB_ENDPOINT_URL))
    found = lines.read(file, state.lines)
    with ThreadPoolExecutor(WRITERS) as writers:
        while chunk := list(islice(found, CHUNK)):
            items = [(line["table"], line["item"]) for number, line in chunk if _holds(number, line, voids)]
            batches = [items[start : start + raw.AT_ONCE] for start in range(0, len(items), raw.AT_ONCE)]
            for same, differing in writers.map(put, batches):
                state.same += same
                state.differ += len(differing)
                told = (" ".join([table, *raw.key_of(table, item)]) for table, item in differing)
                state.differing = [*state.differing, *told][:10]
            state.lines = chunk[-1][0]
            state.note()
            yield state.lines
    if ends:
        ending.look_again_from(ends)
    _put_rows(file)
    invalidate_all()
    state.path.unlink(missing_ok=True)


def _looked_through(file: Path) -> tuple[dict[str, int], str]:
    """The lines that void a thread, by its id, and the first day on which something of the file ends; "" for none."""
    voids: dict[str, int] = {}
    days: set[str] = set()
    for number, line in lines.read(file):
        if "void" in line:
            voids[line["void"]] = number
        elif line.get("table") == raw.MODERATION and (day := ending.day_of(line["item"]["Subject"]["S"])):
            days.add(day)
    return voids, min(days, default="")


def _holds(number: int, line: Line, voids: dict[str, int]) -> bool:
    """Whether it is an item that no later line voids. How far the workers of the site that it is from have looked for
    what ends is nothing to this one's."""
    item = line.get("item")
    if item is None or (line["table"] == raw.MODERATION and item["Subject"]["S"] == ending.MARKS):
        return False
    thread = item.get("ThreadID", {}).get("S") if line["table"] in (raw.THREADS, raw.POSTS) else None
    return thread is None or voids.get(thread, 0) < number


def _put_rows(file: Path) -> None:
    found = ((number, line["kind"], line["fields"]) for number, line in lines.read(file) if "kind" in line)
    try:
        relational.put_rows(found)
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from error
    except IntegrityError as error:
        raise Refused(f"The database refuses a row, so none is stored: {str(error).strip()}.") from error
