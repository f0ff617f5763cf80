"""A forum's data into a file, while posts go on being written. See `lines` for the file.

What that means for what is written meanwhile: every thread in the file is whole, a head and posts 1 to the last that
it counts. Heads are read first and posts after, consistently, so that all a head counts are found; what came after
is left out. A thread whose posts went elsewhere meanwhile is read once more, as it is then. What is derived of
others (counts of likes, members' numbers, forums' totals) is as it was at the moment it was read; `check-data --fix`
puts it right where the file is brought in.

How far it is stands in a journal beside the file, with the file's length then: whoever goes on cuts off what came
after. Memory holds a page for each segment.
"""

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from forum.journal import Journal
from forum.models import Forum
from forum.tables import parallel, raw
from forum.tables.keys import partition
from forum.tables.parallel import Pace, Start

from . import belongings, lines, relational, rereading
from .belongings import Belongings
from .lines import Refused, Writer

SCHEMA = """
CREATE TABLE IF NOT EXISTS segments (stage TEXT, segment INTEGER, start TEXT, PRIMARY KEY (stage, segment));
CREATE TABLE IF NOT EXISTS heads (
    id TEXT, partition TEXT, last INTEGER, moved_to TEXT, item TEXT, seen INTEGER DEFAULT 0, PRIMARY KEY (id, partition)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS strays (id TEXT, partition TEXT, PRIMARY KEY (id, partition)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS leads (id TEXT, number INTEGER, PRIMARY KEY (id, number)) WITHOUT ROWID;
"""
CUT_BYTES = 4_000_000
CUT_SECONDS = 2.0
MOVED = "moved"


@dataclass(slots=True)
class Plan:
    """What is wanted: all (`forum` ""), or one forum; how fast, and by how many readers at once."""

    target: Path
    forum: str = ""
    passwords: bool = False
    segments: int = 4
    units: float = float("inf")

    @property
    def header(self) -> str:
        return lines.as_text({"forumposts": lines.VERSION, "of": self.forum or "all", "passwords": self.passwords})


@dataclass(slots=True)
class Export:
    """One run of an export; `left_out` posts came after the heads were read, `broken` threads have gaps in the
    tables themselves."""

    plan: Plan
    pace: Pace
    journal: Journal
    writer: Writer
    done: int = 0
    cut_at: float = field(default_factory=time.monotonic)
    # Of an export of one forum.
    belongings: Belongings | None = None

    def __post_init__(self) -> None:
        if forum := self.plan.forum:
            self.belongings = Belongings(forum, self.journal, self.pace, self.write_item, self.rest)

    @property
    def left_out(self) -> int:
        return int(self.journal.get("left out", "0"))

    @property
    def broken(self) -> int:
        return int(self.journal.get("broken", "0"))

    # -- How far it is ----------------------------------------------------------------------------

    def write_item(self, table: str, item: raw.Raw) -> None:
        self.writer.write(lines.of_item(table, item), table)
        if self.belongings and table == raw.POSTS:
            self.belongings.note(item)

    def rest(self, always: bool = False) -> None:
        """Cut the file and note it, if that is due."""
        now = time.monotonic()
        if always or self.writer.pending > CUT_BYTES or now - self.cut_at > CUT_SECONDS:
            self.journal.set("offset", self.writer.cut())
            self.journal.set("done", self.done)
            for name, count in self.writer.counts.items():
                self.journal.set(f"count {name}", count)
            self.journal.commit()
            self.cut_at = now

    def stages(self) -> Iterator[int]:
        """Do what is not done yet; says now and then how many items were read."""
        whole: list[tuple[str, Callable[[], Iterator[int]]]] = [
            ("header", self._header),
            ("heads", partial(self._table, raw.THREADS, self._note_head)),
            ("posts", partial(self._table, raw.POSTS, self._take_post)),
            ("again", self._again),
            ("heads out", self._heads),
        ]
        if self.belongings:
            whole += [(name, partial(self._counted, stage)) for name, stage in self.belongings.stages()]
        else:
            whole += [(table, partial(self._table, table, self._take)) for table in (raw.MEMBERS, raw.MODERATION)]
        whole += [("rows", self._rows), ("end", self._end)]
        for name, stage in whole:
            if not self.journal.get(f"stage {name}"):
                yield from stage()
                self.journal.set(f"stage {name}", "done")
                self.rest(always=True)

    # -- Stages -----------------------------------------------------------------------------------

    def _header(self) -> Iterator[int]:
        self.writer.write(self.plan.header)
        yield self.done

    def _table(self, table: str, take: Callable[[str, raw.Raw], None]) -> Iterator[int]:
        """Read a table, or the forum's part of it, from where each segment is."""
        read, count = self._reader(table)
        noted = {int(s): start for s, start in self._starts(table)}
        todo: dict[int, Start | None] = {
            s: _start(noted.get(s)) for s in range(count) if s not in noted or noted[s] != "end"
        }
        with parallel.workers(1, threads=min(count, 16)) as workers:
            for segment, found, following in parallel.pages(workers, read, count, self.pace, todo):
                for item in found:
                    take(table, item)
                self.done += len(found)
                where = raw.canonical(following) if following else "end"
                self.journal.do("INSERT OR REPLACE INTO segments VALUES (?, ?, ?)", [table, segment, where])
                self.rest()
                yield self.done

    def _starts(self, table: str) -> list[tuple[Any, ...]]:
        return list(self.journal.rows("SELECT segment, start FROM segments WHERE stage = ?", [table]))

    def _reader(self, table: str) -> tuple[parallel.Task, int]:
        if not self.plan.forum:
            return partial(raw.list_page, table), self.plan.segments
        return partial(_shard, table, self.plan.forum), Forum.objects.get(name=self.plan.forum).shards

    def _note_head(self, table: str, item: raw.Raw) -> None:
        moved_to = item.get("MovedTo", {}).get("S")
        values = [item["ThreadID"]["S"], item["ForumName"]["S"], int(item["LastPostNumber"]["N"]), moved_to]
        self.journal.do(
            "INSERT OR REPLACE INTO heads (id, partition, last, moved_to, item) VALUES (?, ?, ?, ?, ?)",
            [*values, raw.canonical(item)],
        )

    def _take_post(self, table: str, item: raw.Raw) -> None:
        """A post goes into the file if the head that was read counts it."""
        place, thread = item["ForumName"]["S"], item["ThreadID"]["S"]
        counted = "UPDATE heads SET seen = seen + 1 WHERE id = ? AND partition = ? AND last >= ?"
        if not self.journal.do(counted, [thread, place, int(item["PostNumber"]["N"])]):
            self.journal.do("INSERT OR IGNORE INTO strays VALUES (?, ?)", [thread, place])
            self.journal.set("left out", self.left_out + 1)
            return
        self.write_item(table, item)
        if item.get("Status", {}).get("S") == MOVED and "MovedTo" in item:
            there, _, number = item["MovedTo"]["S"].partition("/")
            self.journal.do("INSERT OR IGNORE INTO leads VALUES (?, ?)", [there, int(number)])

    def _take(self, table: str, item: raw.Raw) -> None:
        self.write_item(table, item)

    def _counted(self, stage: Callable[[], Iterator[int]]) -> Iterator[int]:
        for count in stage():
            self.done += count
            yield self.done

    def _again(self) -> Iterator[int]:
        """Threads that were not in one place while all was read. Nothing of it is cut before all of it is there, so
        that it can be done again."""
        names = [self.plan.forum] if self.plan.forum else list(Forum.objects.values_list("name", flat=True))
        for thread in rereading.unsettled(self.journal):
            if not rereading.read_again(thread, names, self.journal, self.write_item, self.writer.write):
                self.journal.set("broken", self.broken + 1)
            yield self.done

    def _heads(self) -> Iterator[int]:
        for (item,) in self.journal.rows("SELECT item FROM heads WHERE item != '' ORDER BY id, partition"):
            self.writer.write(f'{{"table":"{raw.THREADS}","item":{item}}}', raw.THREADS)
        yield self.done

    def _rows(self) -> Iterator[int]:
        passwords = self.plan.passwords
        if self.belongings:
            found = relational.rows_of_forum(self.plan.forum, self.belongings.people(), passwords)
        else:
            found = relational.rows(passwords)
        for kind, fields in found:
            self.writer.write(lines.as_text({"kind": kind, "fields": fields}), kind)
        yield self.done

    def _end(self) -> Iterator[int]:
        self.writer.write(lines.as_text({"end": dict(sorted(self.writer.counts.items()))}))
        yield self.done


def _shard(table: str, forum: str, segment: int, segments: int, start: Start | None) -> parallel.Found:
    return raw.list_partition(table, partition(forum, segment), start)


def _start(text: str | None) -> Start | None:
    return json.loads(text) if text else None


def begin(plan: Plan) -> Export:
    """Begin an export, or go on with one that was stopped; Refused where the file is there already, or what was begun
    is another export."""
    part, state = unfinished(plan.target)
    if plan.target.exists():
        raise Refused(f"{plan.target} is there already: name another file, or remove it.")
    if not plan.target.parent.is_dir():
        raise Refused(f"{plan.target.parent} is no folder.")
    if plan.forum and not Forum.objects.filter(name=plan.forum).exists():
        raise Refused(f"There is no forum {plan.forum}.")
    if part.exists() != state.exists():
        for left in (part, state):
            left.unlink(missing_ok=True)
    state.touch(mode=0o600)
    try:
        journal = Journal(state, SCHEMA + belongings.SCHEMA)
    except sqlite3.OperationalError:
        raise Refused(f"Another export is being written to {plan.target} at this moment.") from None
    wanted = f"{plan.header} {plan.segments}"
    if journal.get("wanted", wanted) != wanted:
        journal.close()
        raise Refused(f"{part} was begun with other options: give the same, or remove it and {state}.")
    journal.set("wanted", wanted)
    export = Export(plan, Pace(plan.units), journal, Writer(part, int(journal.get("offset", "0"))))
    export.done = int(journal.get("done", "0"))
    for name, count in journal.rows("SELECT name, value FROM meta WHERE name LIKE 'count %'"):
        export.writer.counts[name.removeprefix("count ")] = int(count)
    return export


def finish(export: Export) -> None:
    """Give the file its name, which a part of it never has."""
    part, state = unfinished(export.plan.target)
    export.writer.close()
    export.journal.close()
    os.replace(part, export.plan.target)
    state.unlink()


def unfinished(target: Path) -> tuple[Path, Path]:
    """The file while it is written, and its journal."""
    return target.with_name(f"{target.name}.part"), target.with_name(f"{target.name}.state")
