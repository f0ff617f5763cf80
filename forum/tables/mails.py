"""Mails that wait to be sent, in partitions of ForumMembers that are no member's.

Partition key `UserID`: MAIL#0 to MAIL#3; sort key `Item`, by when they are due::

    2026-11-23T08:49:12.123456Z#7#k3j9x2ab   about the note of member 7 whose sort key ends so
    2026-11-24T07:00:00.000000Z#7#daily      the member's summary of the day
    2026-11-24T07:07:00.000000Z#7#watched    when to look what is new in what the member watches

A mail is put with the note that it is about, in the same transaction. Whoever sends it deletes it first, on the
condition that it is there: of two senders one has it, and a sender that dies sends nothing rather than twice. What
comes again and again is put for the next time in the transaction that deletes it, so the chain does not break.

| what | calls |
|---|---|
| mails that are due | one Query for each of the four partitions |
| take one | one transaction: Delete (and Put of the next) |
"""

from datetime import UTC, datetime, timedelta

from .base import Lost, Put, commit_between
from .keys import Nonce, post_timestamp, suffix_of, time_of
from .members import Item

PARTITIONS = 4
PARTITION = "MAIL#"
# Whoever reads a note within this time gets no mail about it.
DELAY = timedelta(minutes=5)
# What could not be sent for so long is not sent any more.
LIFE = timedelta(days=2)
# The hour (UTC) at which the summary of a day goes out.
DAILY_HOUR = 7
SUMMARY, WATCHED = "daily", "watched"


def of_note(note: Item) -> Put:
    """The mail about a note, to be put with it."""
    now = datetime.now(UTC)
    due = post_timestamp(Nonce.new(), now + DELAY)[:27]
    return _waiting(note.user_id, due, suffix_of(note.timestamp), now), None


def put_next(user_id: str, subject: str, now: datetime) -> None:
    """Have the member's next summary sent (SUMMARY), or what they watch looked at (WATCHED): there is one a day, or an
    hour, however often this is called."""
    commit_between(puts=[_next(user_id, subject, now)])


def _next(user_id: str, subject: str, now: datetime) -> Put:
    if subject == SUMMARY:
        due, every = now.replace(hour=DAILY_HOUR, minute=0, second=0, microsecond=0), timedelta(days=1)
    else:
        # Not all at once: each member has a minute of their own.
        due, every = now.replace(minute=int(user_id) % 60, second=0, microsecond=0), timedelta(hours=1)
    if due <= now:
        due += every
    text = post_timestamp(Nonce.new(), due)[:27]
    return _waiting(user_id, text, subject, due), None


def put_again(mail: Item, after: timedelta) -> None:
    """Have a mail that was taken, and could not be sent, tried again."""
    now = datetime.now(UTC)
    due = post_timestamp(Nonce.new(), now + after)[:27]
    again = _waiting(member_of(mail), due, subject_of(mail), now, int(mail.tries or 0) + 1)
    commit_between(puts=[(again, None)])


def _waiting(user_id: str, due: str, subject: str, now: datetime, tries: int = 0) -> Item:
    partition = f"{PARTITION}{int(user_id) % PARTITIONS}"
    return Item(partition, f"{due}#{user_id}#{subject}", tries=tries or None, expires_at=now + LIFE)


def list_due(partition: int, now: datetime, limit: int) -> list[Item]:
    """The mails of a partition that are due, those that have waited longest first; also those that have expired,
    which a local engine never deletes, and DynamoDB late: whoever meets them takes them away."""
    until = Item.item < post_timestamp(Nonce.new(), now)[:27]
    return list(Item.query(f"{PARTITION}{partition}", until, consistent_read=True, limit=limit))


def remove(mail: Item, following: datetime | None = None) -> bool:
    """Take a mail, to send it; False where somebody else has taken it. With `following` the next of what comes again
    and again is put for after that moment, in the same transaction."""
    puts = [_next(member_of(mail), subject_of(mail), following)] if following else []
    try:
        commit_between(puts=puts, deletes=[(mail, Item.item.exists())])
    except Lost:
        return False
    return True


def member_of(mail: Item) -> str:
    return mail.item.split("#")[1]


def subject_of(mail: Item) -> str:
    """What it is about: the end of a note's sort key, SUMMARY or WATCHED."""
    return mail.item.split("#")[2]


def due_of(mail: Item) -> datetime:
    return time_of(mail.item)
