"""All tables read once, in parallel segments, into a journal on the disk: of each item what the checks compare.

Members' numbers and forums' totals come first, by BatchGetItem, then heads, posts, members' items and cases. So whoever
counts was read before what is counted: if it is the same at the end, nothing was added meanwhile, and the comparison
holds.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any

from forum.actions import flushing, holding
from forum.journal import Journal
from forum.models import Forum, Job, User
from forum.redis import Down
from forum.tables import bookmarks, cases, ignores, parallel, raw, reactions, talks, tallies, totals, votes
from forum.tables.members import INBOX, NOTE
from forum.tables.moderation import CASE
from forum.tables.parallel import Pace

from .findings import digest, number, text

SCHEMA = """
CREATE TABLE heads (id, partition, status, last, count, solved, user, moved_to, item, digest,
    PRIMARY KEY (id, partition)) WITHOUT ROWID;
CREATE TABLE posts (id, partition, number, timestamp, user, status, likes, address, moved_to, votes, voters, digest,
    PRIMARY KEY (id, partition, number, timestamp)) WITHOUT ROWID;
CREATE TABLE likes (address, user, PRIMARY KEY (address, user)) WITHOUT ROWID;
CREATE TABLE votes (thread, user, choices, PRIMARY KEY (thread, user)) WITHOUT ROWID;
CREATE TABLE stats (user PRIMARY KEY, posts, threads, likes, solved, digest) WITHOUT ROWID;
CREATE TABLE totals (forum PRIMARY KEY, posts, threads, batch) WITHOUT ROWID;
CREATE TABLE marked (user, address, at, PRIMARY KEY (user, address)) WITHOUT ROWID;
CREATE TABLE listed (user, at, address, PRIMARY KEY (user, at)) WITHOUT ROWID;
CREATE TABLE inboxes (user PRIMARY KEY, unread, read_to, ignored) WITHOUT ROWID;
CREATE TABLE notes (user, timestamp, read, PRIMARY KEY (user, timestamp)) WITHOUT ROWID;
CREATE TABLE ignores (user, other, PRIMARY KEY (user, other)) WITHOUT ROWID;
CREATE TABLE talks (id PRIMARY KEY, number, at, members, digest) WITHOUT ROWID;
CREATE TABLE said (id, number, PRIMARY KEY (id, number)) WITHOUT ROWID;
CREATE TABLE copies (id, user, at, PRIMARY KEY (id, user, at)) WITHOUT ROWID;
CREATE TABLE waiting (nonce PRIMARY KEY, user, kind) WITHOUT ROWID;
CREATE TABLE cases (subject PRIMARY KEY, kind, open_in, opened_at, reports, post_key, user, title, digest)
    WITHOUT ROWID;
CREATE TABLE reports (subject, time, PRIMARY KEY (subject, time)) WITHOUT ROWID;
CREATE TABLE held (id PRIMARY KEY) WITHOUT ROWID;
"""
_AFTER = "CREATE INDEX by_address ON posts (address); CREATE INDEX by_user ON posts (user)"
AT_ONCE = 1000


def read(journal: Journal, segments: int, units: float) -> Iterator[int]:
    """Read everything; says now and then how many items were read."""
    done, pace = 0, Pace(units)
    for thread in _held():
        journal.do("INSERT OR IGNORE INTO held VALUES (?)", [thread])
    _read_stats(journal)
    _read_totals(journal)
    for table, note in ((raw.THREADS, _head), (raw.POSTS, _post), (raw.MEMBERS, _of_member), (raw.MODERATION, _record)):
        with parallel.workers(1, threads=min(segments, 16)) as workers:
            for _, found, _ in parallel.pages(workers, partial(raw.list_page, table), segments, pace):
                for item in found:
                    note(journal, item)
                done += len(found)
                yield done
    for statement in _AFTER.split("; "):
        journal.do(statement)


def _held() -> Iterator[str]:
    """Threads that a job has half moved: they fit together when it is done."""
    for job in Job.objects.exclude(status=Job.Status.DONE).filter(kind__in=holding.KINDS):
        if not job.state.get("given_up"):
            yield from (str(job.state[name]) for name in ("thread", "into") if job.state.get(name))


def _read_stats(journal: Journal) -> None:
    members = (str(pk) for pk in User.objects.filter(is_active=True).values_list("pk", flat=True).iterator())
    while some := list(islice(members, AT_ONCE)):
        found = {item["UserID"]["S"]: item for item in raw.get_items(raw.MEMBERS, [(m, tallies.STATS) for m in some])}
        for member in some:
            item = found.get(member, {})
            values = [number(item, name) for name in ("Posts", "Threads", "Likes", "SolvedThreads")]
            known = digest(raw.MEMBERS, item) if item else ""
            journal.do("INSERT INTO stats VALUES (?, ?, ?, ?, ?, ?)", [member, *values, known])


def _read_totals(journal: Journal) -> None:
    """What is there of forums, with what Redis has counted so far; nothing where that cannot be known."""
    with suppress(Down):
        flushing.save()
        for forum, item in totals.get_totals(Forum.objects.values_list("name", flat=True)).items():
            journal.do("INSERT INTO totals VALUES (?, ?, ?, ?)", [forum, *item.numbers.values(), item.batch])


# -- One item each --------------------------------------------------------------------------------


def _put(journal: Journal, table: str, *values: Any) -> None:
    journal.do(f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * len(values))})", values)


def _head(journal: Journal, item: raw.Raw) -> None:
    _put(
        journal,
        "heads",
        text(item, "ThreadID"),
        text(item, "ForumName"),
        text(item, "Status") or "visible",
        number(item, "LastPostNumber"),
        number(item, "PostCount"),
        number(item, "Solved") or 0,
        text(item, "UserID"),
        text(item, "MovedTo"),
        raw.canonical(item),
        digest(raw.THREADS, item),
    )


def _post(journal: Journal, item: raw.Raw) -> None:
    thread, count = text(item, "ThreadID"), number(item, "PostNumber")
    counts = item.get("PollVotes", {}).get("L")
    _put(
        journal,
        "posts",
        thread,
        text(item, "ForumName"),
        count,
        text(item, "PostTimestamp"),
        text(item, "UserID"),
        text(item, "Status") or "visible",
        number(item, "LikeCount") or 0,
        text(item, "Origin") or f"{thread}/{count}",
        text(item, "MovedTo"),
        json.dumps([int(each["N"]) for each in counts]) if counts is not None else None,
        number(item, "PollVoters"),
        digest(raw.POSTS, item),
    )


def _of_member(journal: Journal, item: raw.Raw) -> None:
    user, key = str(text(item, "UserID")), str(text(item, "Item"))
    if key.startswith(reactions.POST) and key.endswith(f"#{reactions.LIKE}"):
        if "Listed" in item:
            _put(journal, "likes", reactions.address_in(key), user)
    elif key.startswith(reactions.POST):
        _put(journal, "marked", user, reactions.address_in(key), text(item, "At"))
    elif key.startswith(bookmarks.LISTED):
        _put(journal, "listed", user, key.removeprefix(bookmarks.LISTED), str(text(item, "Place")).split("|")[-1])
    elif key.startswith(votes.VOTE):
        _put(journal, "votes", key.removeprefix(votes.VOTE), user, text(item, "Choices") or "")
    elif key == INBOX:
        ignored = sorted(item.get("Ignored", {}).get("SS", []))
        _put(journal, "inboxes", user, number(item, "Unread") or 0, text(item, "ReadTo") or "", json.dumps(ignored))
    elif key.startswith(NOTE):
        _put(journal, "notes", user, key.removeprefix(NOTE), "ReadAt" in item)
    elif key.startswith(ignores.IGNORE):
        _put(journal, "ignores", user, key.removeprefix(ignores.IGNORE))
    elif key.startswith(cases.PENDING):
        _put(journal, "waiting", key.removeprefix(cases.PENDING), user, text(item, "Kind"))
    else:
        _of_talk(journal, user, key, item)


def _of_talk(journal: Journal, user: str, key: str, item: raw.Raw) -> None:
    id = user.removeprefix(talks.TALK)
    if key.startswith(talks.LISTED):
        _put(journal, "copies", text(item, "ThreadID"), user, key.removeprefix(talks.LISTED))
    elif user.startswith(talks.TALK) and key == talks.HEAD:
        known = digest(raw.MEMBERS, item)
        _put(journal, "talks", id, number(item, "Number"), text(item, "At"), text(item, "Members") or "{}", known)
    elif user.startswith(talks.TALK) and key.startswith(talks.SAID):
        _put(journal, "said", id, int(key.removeprefix(talks.SAID)))


def _record(journal: Journal, item: raw.Raw) -> None:
    subject, key = text(item, "Subject"), text(item, "EventTime")
    if key != CASE:
        if text(item, "Kind") == "report":
            _put(journal, "reports", subject, key)
        return
    reports = json.dumps(sorted(item.get("Reports", {}).get("SS", [])))
    names = ("Kind", "OpenIn", "OpenedAt")
    told = [text(item, name) for name in ("PostKey", "UserID", "Title")]
    _put(journal, "cases", subject, *(text(item, n) for n in names), reports, *told, digest(raw.MODERATION, item))
