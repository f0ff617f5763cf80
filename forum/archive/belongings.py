"""What belongs to one forum beside its threads and posts, for an export of it: all that a Query or a key leads to.

| what | how it is found |
|---|---|
| what was done with a thread, a post, the forum; texts before edits; reports with their case | Query of each subject |
| what was done here with what is elsewhere now, and with members | Query of ForumLog, then by key |
| texts that wait for approval, or were refused | Query of OpenReports and ForumLog, then of each subject |
| on which day a text that was deleted for good, or refused, is to go | Query of each such day |
| what of a report or a waiting text is its writer's | by key |
| likes | Query of ByItem for each post that is liked, then by key |
| votes, which are in no index | by key: of all who are in the file, then of all members, until no poll counts more |

Whoever records belong to was read before them, and so nothing leads to what was not there yet.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import TypeVar

from forum.journal import Journal
from forum.models import User
from forum.tables import cases, ending, parallel, raw, reactions, votes
from forum.tables.members import Item
from forum.tables.moderation import CASE, Record, forum_subject, post_subject, thread_subject
from forum.tables.parallel import Found, Pace, Start
from forum.tables.posts import address_of

SCHEMA = """
CREATE TABLE IF NOT EXISTS mine (
    thread TEXT, number INTEGER, address TEXT, author TEXT, likes INTEGER, voters INTEGER, PRIMARY KEY (thread, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS subjects (subject TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS logged (subject TEXT, time TEXT, PRIMARY KEY (subject, time)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS days (day TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS own (user TEXT, item TEXT, PRIMARY KEY (user, item)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS people (id TEXT PRIMARY KEY) WITHOUT ROWID;
"""
# A thread that was merged into another of this forum is still here, but not what went elsewhere.
_HEADS = """
SELECT id FROM heads WHERE json_extract(item, '$.MovedTo.S') IS NULL OR json_extract(item, '$.MovedTo.S') GLOB ?
"""
LEFT_OUT = (
    "Not in it is what no Query finds by forum: members' bookmarks, watches, drafts, notes, read marks and settings, "
    "likes that were taken back, and texts that waited and were approved of or withdrawn lately."
)
READERS = 16
# Values that are asked for before it is noted how far that is; keys of one BatchGetItem.
AT_ONCE = 400
KEYS = 100
MOVED = "moved"

# Some items, and the read units that they took.
Paid = tuple[list[raw.Raw], float]
T = TypeVar("T")


@dataclass(slots=True)
class Belongings:
    """Of one export: what it has noted of its forum, and how what is found gets into the file. Stages say how many
    items they have read."""

    forum: str
    journal: Journal
    pace: Pace
    write: Callable[[str, raw.Raw], None]
    rest: Callable[[], None]

    @property
    def lost_votes(self) -> int:
        """Votes that polls count and nobody has: those of closed accounts, or taken back while all was read."""
        return int(self.journal.get("lost votes", "0"))

    def note(self, post: raw.Raw) -> None:
        """A post that is in the file. One that went elsewhere took along all but its writer."""
        thread, number = post["ThreadID"]["S"], int(post["PostNumber"]["N"])
        here = post.get("Status", {}).get("S") != MOVED
        address = post.get("Origin", {}).get("S") or f"{thread}/{number}"
        counts = [int(post.get(name, {}).get("N", "0")) for name in ("LikeCount", "PollVoters")] if here else [0, 0]
        values = [thread, number, address if here else "", post["UserID"]["S"], *counts]
        self.journal.do("INSERT OR REPLACE INTO mine VALUES (?, ?, ?, ?, ?, ?)", values)

    def people(self) -> Iterator[str]:
        """The ids of all who wrote, reported, moderated, liked or voted, once the stages are done."""
        return (str(row[0]) for row in self.journal.rows("SELECT id FROM people ORDER BY id"))

    def stages(self) -> list[tuple[str, Callable[[], Iterator[int]]]]:
        """In this order, when threads and posts are read, and each only once."""
        return [
            ("subjects", self._subjects),
            ("records", self._records),
            ("log", self._log),
            ("endings", self._endings),
            ("own", self._own),
            ("likes", self._likes),
            ("votes", self._votes),
        ]

    # -- What was done, reported, and waits -------------------------------------------------------

    def _subjects(self) -> Iterator[int]:
        """Note whose records are to be asked for."""
        self.journal.do("INSERT OR IGNORE INTO people SELECT author FROM mine")
        self._ask_for([forum_subject(self.forum)])
        heads = self.journal.rows(_HEADS, [f"{self.forum}/*"])
        self._ask_for(thread_subject(row[0]) for row in heads)
        posts = self.journal.rows("SELECT address FROM mine WHERE address != ''")
        self._ask_for(post_subject(*address_of(row[0])) for row in posts)
        for index in (Record.open_reports, Record.by_forum):
            for found, units in _parts(partial(raw.list_index, raw.MODERATION, index, self.forum)):
                self.pace.spent(units)
                keys = [raw.key_of(raw.MODERATION, item) for item in found]
                self._ask_for(subject for subject, _ in keys if subject.startswith(cases.PENDING))
                logged = keys if index is Record.by_forum else []
                self.journal.do_many("INSERT OR IGNORE INTO logged VALUES (?, ?)", logged)
                yield len(found)

    def _ask_for(self, subjects: Iterable[str]) -> None:
        self.journal.do_many("INSERT OR IGNORE INTO subjects VALUES (?)", ([subject] for subject in subjects))

    def _records(self) -> Iterator[int]:
        statement = "SELECT subject FROM subjects WHERE subject > ? ORDER BY subject LIMIT ?"
        return self._each("records", statement, _records_of, self._take_record)

    def _log(self) -> Iterator[int]:
        """What stands in the forum's log and belongs to nothing that is in the forum."""
        statement = "SELECT subject, time FROM logged WHERE subject NOT IN (SELECT subject FROM subjects)"
        return self._by_key(raw.MODERATION, statement, self._take_record)

    def _take_record(self, item: raw.Raw) -> None:
        self.write(raw.MODERATION, item)
        subject, time = raw.key_of(raw.MODERATION, item)
        named = [item[name]["S"] for name in ("UserID", "MemberID", "ClaimedBy") if name in item]
        self._meet([*named, *item.get("Reporters", {}).get("SS", [])])
        if "ExpiresAt" in item:
            day = datetime.fromtimestamp(int(item["ExpiresAt"]["N"]), UTC)
            self.journal.do("INSERT OR IGNORE INTO days VALUES (?)", [ending.partition_of(day)])
        if time == CASE and subject.startswith(cases.PENDING):
            self._note_own(item, subject)
        elif time != CASE and item["Kind"]["S"] == cases.REPORTED:
            self._note_own(item, f"{cases.MINE}{time}")

    def _note_own(self, record: raw.Raw, key: str) -> None:
        self.journal.do("INSERT OR IGNORE INTO own VALUES (?, ?)", [record["UserID"]["S"], key])

    def _meet(self, people: Iterable[str]) -> None:
        self.journal.do_many("INSERT OR IGNORE INTO people VALUES (?)", ([each] for each in people))

    def _endings(self) -> Iterator[int]:
        """Without their notes a local engine would keep for ever what is to go."""
        for (day,) in list(self.journal.rows("SELECT day FROM days ORDER BY day")):
            for found, units in _parts(partial(raw.list_partition, raw.MODERATION, day)):
                self.pace.spent(units)
                for item in found:
                    subject = ending.subject_in(item["EventTime"]["S"])
                    if self.journal.one("SELECT 1 FROM subjects WHERE subject = ?", [subject]):
                        self.write(raw.MODERATION, item)
                yield len(found)

    # -- What members have of it ------------------------------------------------------------------

    def _own(self) -> Iterator[int]:
        return self._by_key(raw.MEMBERS, "SELECT user, item FROM own ORDER BY user, item", self._take_own)

    def _likes(self) -> Iterator[int]:
        statement = "SELECT address FROM mine WHERE likes > 0 AND address > ? ORDER BY address LIMIT ?"
        return self._each("likes", statement, _likes_of, self._take_own)

    def _take_own(self, item: raw.Raw) -> None:
        self.write(raw.MEMBERS, item)
        self._meet([item["UserID"]["S"]])

    def _votes(self) -> Iterator[int]:
        """Nobody can be asked who has voted, only each member how they have: those first who are known to have been
        here, and no more of them than are needed."""
        counted = self.journal.rows("SELECT address, voters FROM mine WHERE voters > 0")
        polls: dict[str, int] = {address: int(voters) for address, voters in counted}
        with parallel.workers(1, threads=READERS) as workers:
            for members in _batches(self._voters(), KEYS):
                found = workers.map(partial(_votes_in, members), polls)
                for address, (items, units) in zip(list(polls), found, strict=True):
                    self.pace.spent(units)
                    for item in items:
                        self._take_own(item)
                    polls[address] -= len(items)
                    yield len(items)
                polls = {address: missing for address, missing in polls.items() if missing > 0}
                if not polls:
                    break
        self.journal.set("lost votes", sum(polls.values()))

    def _voters(self) -> Iterator[str]:
        known = "SELECT 1 FROM people WHERE id = ?"
        yield from filter(str.isdecimal, self.people())
        for (pk,) in User.objects.order_by("pk").values_list("pk").iterator():
            if not self.journal.one(known, [str(pk)]):
                yield str(pk)

    # -- How it is asked --------------------------------------------------------------------------

    def _each(
        self, name: str, statement: str, task: Callable[[str], Paid], take: Callable[[raw.Raw], None]
    ) -> Iterator[int]:
        """Do a task for each value that the statement finds, many at once, from the last that was noted as done."""
        after = f"after {name}"
        with parallel.workers(1, threads=READERS) as workers:
            while some := [row[0] for row in self.journal.rows(statement, [self.journal.get(after), AT_ONCE])]:
                for found, units in workers.map(task, some):
                    self.pace.spent(units)
                    for item in found:
                        take(item)
                    yield len(found)
                self.journal.set(after, some[-1])
                self.rest()

    def _by_key(self, table: str, statement: str, take: Callable[[raw.Raw], None]) -> Iterator[int]:
        for keys in _batches(iter(list(self.journal.rows(statement))), KEYS):
            found, units = _items(table, [(first, second) for first, second in keys])
            self.pace.spent(units)
            for item in found:
                take(item)
            yield len(found)


def _records_of(subject: str) -> Paid:
    return _whole(partial(raw.list_partition, raw.MODERATION, subject))


def _likes_of(address: str) -> Paid:
    """Who closed their account meanwhile has taken their like along."""
    entries, units = _whole(partial(raw.list_index, raw.MEMBERS, Item.by_item, reactions.listed(address)))
    found, more = _items(raw.MEMBERS, [raw.key_of(raw.MEMBERS, entry) for entry in entries])
    return found, units + more


def _votes_in(members: list[str], address: str) -> Paid:
    return _items(raw.MEMBERS, [(member, votes.key_of(address)) for member in members])


def _items(table: str, keys: list[tuple[str, str]]) -> Paid:
    """By their keys; each is small, and costs a read unit also where it is not there."""
    return raw.get_items(table, keys), float(len(keys))


def _parts(page: Callable[[Start | None], Found]) -> Iterator[Paid]:
    """All pages that follow one another."""
    found, start, units = page(None)
    yield found, units
    while start is not None:
        found, start, units = page(start)
        yield found, units


def _whole(page: Callable[[Start | None], Found]) -> Paid:
    parts = list(_parts(page))
    return [item for found, _ in parts for item in found], sum(units for _, units in parts)


def _batches(values: Iterator[T], size: int) -> Iterator[list[T]]:
    return iter(lambda: list(islice(values, size)), [])
