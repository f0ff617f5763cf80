"""What waits for a moderator: a case is open in its queue with its reports, or closed without."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from forum.journal import Journal
from forum.tables import cases, raw, repairs
from forum.tables.base import Lost
from forum.tables.keys import forum_of
from forum.tables.members import Item
from forum.tables.moderation import CASE, MESSAGE, Record

from .findings import Finding, Seen

# What an open case has, and a closed one has not.
_CLOSED = dict.fromkeys(("open_in", "opened_at", "reporters", "reports", "trusted_reports", "claimed_by"))


def findings(journal: Journal) -> Iterator[Finding]:
    rows = journal.rows("SELECT subject, kind, open_in, opened_at, reports, user, title, digest FROM cases")
    for subject, kind, open_in, opened_at, reports, user, title, known in rows:
        seen = Seen(raw.MODERATION, (subject, CASE), known)
        found = _case(journal, subject, kind, open_in, opened_at, json.loads(reports))
        if found:
            sentence, right = found
            yield Finding(subject, sentence, seen.still, partial(_mend, seen, right) if right is not None else None)
        elif open_in and kind == cases.WAITING:
            yield from _waiting(journal, subject, user, title, seen)
    yield from _forgotten(journal)


def _case(
    journal: Journal, subject: str, kind: str, open_in: str | None, opened_at: str | None, reports: list[str]
) -> tuple[str, dict[str, Any] | None] | None:
    """What is wrong with a case, and what it should say (None where nobody can tell)."""
    if (open_in is None) != (opened_at is None):
        return "it is half open", _CLOSED
    if open_in is None:
        return ("it is closed and has open reports", _CLOSED) if reports else None
    if kind != cases.REPORTED:
        return None
    there = [
        time for time in reports if journal.one("SELECT 1 FROM reports WHERE subject = ? AND time = ?", [subject, time])
    ]
    if not there:
        return "it is open without a report", _CLOSED
    if there != reports:
        return f"{len(reports) - len(there)} of its reports are nowhere", {"reports": set(there)}
    return _queue(journal, subject, open_in)


def _queue(journal: Journal, subject: str, open_in: str) -> tuple[str, dict[str, Any] | None] | None:
    """It waits in the queue of the forum where the post is now. Private messages have a queue of their own."""
    if subject.startswith(MESSAGE):
        _, talk, number = subject.split("#")
        there = journal.one("SELECT 1 FROM said WHERE id = ? AND number = ?", [talk, int(number)])
        return None if there else ("its message is nowhere", None)
    address = "/".join(subject.split("#")[1:])
    row = journal.one("SELECT id, partition FROM posts WHERE address = ? AND status != 'moved'", [address])
    if row is None:
        return "its post is nowhere", None
    held = journal.one("SELECT 1 FROM held WHERE id = ?", [row[0]])
    forum = forum_of(str(row[1]))
    if forum == open_in or held:
        return None
    return f"it waits in {open_in}, and its post is in {forum}", {"open_in": forum}


def _waiting(journal: Journal, subject: str, user: str, title: str | None, seen: Seen) -> Iterator[Finding]:
    """Its writer sees it among their own."""
    nonce = subject.removeprefix(cases.PENDING)
    if journal.one("SELECT 1 FROM waiting WHERE nonce = ? AND user = ?", [nonce, user]) is None:
        mine = Item(user, subject, kind=cases.WAITING, text=title)
        yield Finding(subject, "its writer does not see it", seen.still, partial(repairs.put_waiting, mine))


def _forgotten(journal: Journal) -> Iterator[Finding]:
    """A member's text that waits, and that no moderator is shown."""
    rows = journal.rows(
        "SELECT nonce, user FROM waiting WHERE kind = ? AND NOT EXISTS "
        "(SELECT 1 FROM cases c WHERE c.subject = ? || nonce AND c.open_in IS NOT NULL)",
        [cases.WAITING, cases.PENDING],
    )
    for nonce, user in rows:
        still = partial(_is_forgotten, f"{cases.PENDING}{nonce}")
        yield Finding(f"{cases.PENDING}{nonce}", f"member {user} waits, and it is in no queue", still)


def _is_forgotten(subject: str) -> bool:
    return not any("OpenIn" in item for item in raw.get_items(raw.MODERATION, [(subject, CASE)]))


def _mend(seen: Seen, right: dict[str, Any]) -> None:
    item = seen.item()
    if item is None:
        raise Lost(["ConditionalCheckFailed"])
    repairs.change_case(Record.from_raw_data(item), right)
