"""What comes to an end by itself, and is removed on its day also where the database removes nothing by itself.

DynamoDB deletes items some days after their `ExpiresAt`; local engines never do. What must really go (texts that are
deleted for good, and those that were refused or withdrawn) is therefore noted when its end is set, in a small
partition of ForumModeration for each day:

    Subject      ENDING#2026-12-25
    EventTime    2026-12-25T08:44:12.123456Z#POST#<thread>#<number>   when, and whose records then end
    UserID       the writer of a text that waited, whose item of that name in ForumMembers ends, too

A worker reads the notes that are due, removes the records that have ended, and then the note. Each step can be taken
again and by two workers at once. From which day on there may be notes is kept at ENDING / SINCE.

What else expires is a member's: notes, what gathers them, drafts. Of these no ends are noted, which would double the
writes of each note; a worker goes through the members instead, a few at a time, and notes where it is at
ENDING / MEMBERS.

| what | calls |
|---|---|
| note an end | one Put in the transaction that sets it |
| what is due | one GetItem, one Query for each day since all was last removed, which is one or two |
| remove the records of a subject | one Query, two transactions: Deletes |
| remove what of a member has ended | three Queries, and one transaction if there is any |
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from .base import Delete, Lost, Put, commit_between
from .bulk import commit_parts, get_one
from .drafts import DRAFT
from .members import GROUP, NOTE, NOTE_LIFE, Item
from .moderation import Record

PARTITION, MARKS = "ENDING#", "ENDING"
SINCE, MEMBERS = (MARKS, "SINCE"), (MARKS, "MEMBERS")
# On a database that has never been looked through; nothing ends sooner than a month after it was noted.
FIRST_LOOK = timedelta(days=100)
# Where nobody looks, the database's own way of ending things removes the notes after so long.
NOTES_LIVE = timedelta(days=7)
# A transaction takes 100 items.
AT_ONCE = 90
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


def of_subject(subject: str, expires: datetime, user_id: str = "") -> Put:
    """The note that records of a subject end then, to be put with what ends them."""
    key = f"{expires.astimezone(UTC).strftime(_TIME)}#{subject}"
    return Record(partition_of(expires), key, kind="ending", user_id=user_id, expires_at=expires + NOTES_LIVE), None


def list_due(now: datetime, limit: int) -> list[Record]:
    """At most `limit` of the notes that are due, those that have been due longest first."""
    return list(islice(_due(now, limit), limit))


def _due(now: datetime, limit: int) -> Iterator[Record]:
    day = _since(now)
    while day.date() <= now.date():
        due = Record.event_time < now.strftime(_TIME)
        yield from Record.query(partition_of(day), due, consistent_read=True, limit=limit)
        day += timedelta(days=1)


def _since(now: datetime) -> datetime:
    mark = get_one(Record, *SINCE)
    return datetime.fromisoformat(str(mark.title)) if mark else now - FIRST_LOOK


def partition_of(day: datetime) -> str:
    """Where the notes are of what ends on a day of UTC."""
    return f"{PARTITION}{day.astimezone(UTC):%Y-%m-%d}"


def day_of(partition: str) -> str:
    """The day whose notes are in this partition; "" of any other."""
    with suppress(ValueError):
        return str(date.fromisoformat(partition.removeprefix(PARTITION)))
    return ""


def subject_in(key: str) -> str:
    """Whose records end, as the sort key of a note says."""
    return key.partition("#")[2]


def remove_ended(note: Record, now: datetime) -> None:
    """Remove the records of a note's subject that have ended, and the note when none of them is left."""
    subject = subject_in(note.event_time)
    found = Record.query(subject, consistent_read=True)
    ended: list[Delete] = [(record, None) for record in found if record.expires_at and record.expires_at <= now]
    if note.user_id:
        ended.append((Item(note.user_id, subject), None))
    commit_parts(deletes=ended)
    commit_between(deletes=[(note, None)])


def change_since(now: datetime) -> None:
    """Note that nothing is left of the days before this one. Nobody notes an end that has passed."""
    if _since(now).date() != now.date():
        _mark_since(f"{now.astimezone(UTC):%Y-%m-%d}")


def look_again_from(day: str) -> None:
    """Have the days from this one on looked through (again): notes of them have come from elsewhere."""
    if day < f"{_since(datetime.now(UTC)):%Y-%m-%d}":
        _mark_since(day)


def _mark_since(day: str) -> None:
    mark = Record(*SINCE, kind="since", user_id="", title=f"{day}T00:00:00+00:00")
    commit_between(puts=[(mark, None)])


# -- What is members' -----------------------------------------------------------------------------


def get_last_member() -> int:
    """The number of the member whose items were last looked through, 0 before the first. One GetItem."""
    mark = get_one(Record, *MEMBERS)
    return int(mark.title or 0) if mark else 0


def change_last_member(number: int) -> None:
    commit_between(puts=[(Record(*MEMBERS, kind="since", user_id="", title=str(number)), None)])


def remove_items(user_id: str, now: datetime) -> int:
    """Remove a member's notes and drafts that have ended, some at a time; how many items that were."""
    first = f"{NOTE}{(now - NOTE_LIFE).astimezone(UTC).strftime(_TIME)}"
    ranges = (Item.item.between(NOTE, first), Item.item.startswith(GROUP), Item.item.startswith(DRAFT))
    found = (item for keys in ranges for item in Item.query(user_id, keys, consistent_read=True))
    ended = list(islice((item for item in found if item.expires_at and item.expires_at <= now), AT_ONCE))
    if not ended:
        return 0
    # What has been written anew since it was read stays, with all that goes in one with it until the next time.
    with suppress(Lost):
        commit_between(deletes=[(item, Item.expires_at <= now) for item in ended])
    return len(ended)
