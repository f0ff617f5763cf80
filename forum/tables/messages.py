"""One message of a conversation (`talks`), and what becomes of it after it was written.

Beside the messages, in the conversation's partition::

    M#000000017           Revision and EditedAt, once it was edited; Text: why a moderator hid it; Reported
    OLD#000000017#000002  its text as of revision 2: Body; At: when another took its place

A report of a message is a record in ForumModeration, as that of a post is, under `MESSAGE#<conversation>#<number>`: it
carries the text that was reported for as long as its case is open (`cases`), which is all that moderators can read.

| what | calls |
|---|---|
| one message | one Query, consistent |
| its earlier texts, newest first | one Query, consistent |
| edit | one transaction: Update if it is of the revision that was read, Put of the text before |
| delete, or erase | one Query of the earlier texts, one transaction; more where there are very many |
| hide | goes into the transaction that closes its case |
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.translation import gettext as _
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from forum.errors import Conflict, NotFound

from .base import Delete, Lost, Update, commit_between
from .bulk import PART, commit_parts
from .keys import Nonce, post_timestamp, time_of
from .moderation import CASE, Record, message_subject
from .talks import DELETED, ERASED, HIDDEN, WRITTEN, Message, Talk, TalkItem, list_messages, said

OLD = "OLD#"


@dataclass(frozen=True, slots=True)
class OldText:
    """A text that a message had until then."""

    body: str
    until: datetime


# -- Reads ----------------------------------------------------------------------------------------


def get_message(talk: Talk, number: int) -> Message:
    """One message; NotFound. Whether the reader may read it is for the caller to ask."""
    for message in list_messages(talk, number, number):
        return message
    raise NotFound(_("There is no such message."))


def list_texts(talk: Talk, message: Message, limit: int) -> list[OldText]:
    """At most `limit` of the texts that a message had before, the last one first."""
    found = TalkItem.query(
        talk.partition,
        TalkItem.item.startswith(_old(message)),
        scan_index_forward=False,
        consistent_read=True,
        limit=limit,
    )
    return [OldText(item.body or "", time_of(item.at or "")) for item in found]


def _old(message: Message) -> str:
    return f"{OLD}{message.number:09}#"


# -- Writes ---------------------------------------------------------------------------------------


def change_text(talk: Talk, message: Message, body: str) -> None:
    """Replace a message's text, and keep the one before. Conflict where it is not as it was read."""
    now = _now()
    old = TalkItem(talk.partition, f"{_old(message)}{message.revision:06}", body=message.body, at=now)
    actions = [TalkItem.body.set(body), TalkItem.edited_at.set(now), _next(message)]
    try:
        commit_between(puts=[(old, None)], updates=[(_item(talk, message), actions, _as_read(message))])
    except Lost as lost:
        raise Conflict(_("This message has changed since you opened it.")) from lost


def remove_text(talk: Talk, message: Message) -> None:
    """Delete a message, with all texts that it had; its number stays. Conflict where it is not as it was read."""
    actions: list[Action] = [TalkItem.kind.set(DELETED), TalkItem.body.remove(), _next(message)]
    old = list(_old_texts(talk, message))
    try:
        commit_between(updates=[(_item(talk, message), actions, _as_read(message))], deletes=old[:PART])
    except Lost as lost:
        raise Conflict(_("This message has changed since you opened it.")) from lost
    commit_parts(deletes=old[PART:])


def hiding(talk: Talk, message: Message, reason: str) -> Update:
    """What hides a message that can be read, for the transaction that closes its case. It keeps its text, which
    nobody is shown."""
    actions: list[Action] = [TalkItem.kind.set(HIDDEN), TalkItem.text.set(reason), _next(message)]
    return _item(talk, message), actions, TalkItem.kind == WRITTEN


def reporting(talk: Talk, message: Message) -> Update:
    """What notes at a message that it is reported, for the transaction of the report: it holds if the message is as
    its reporter read it."""
    return _item(talk, message), [TalkItem.reported.set(1)], _as_read(message)


def change_author(talk: Talk, message: Message, user_id: str | None) -> None:
    """Put a pseudonym in place of a message's author, also at its reports; with None erase it, with all its texts,
    from them too."""
    gone: list[Action] = [TalkItem.kind.set(ERASED), TalkItem.body.remove(), TalkItem.text.remove()]
    actions: list[Action] = [TalkItem.by.set(user_id)] if user_id else gone
    there = TalkItem.item.exists()
    old = [] if user_id else list(_old_texts(talk, message))
    commit_parts(deletes=old)
    reports = list(_reports(talk, message, user_id)) if message.reported else []
    commit_parts(updates=reports[PART:])
    commit_between(updates=[(_item(talk, message), [*actions, _next(message)], there), *reports[:PART]])


def _reports(talk: Talk, message: Message, user_id: str | None) -> Iterator[Update]:
    """What takes the author's name, or the text, from the records of a message."""
    subject = message_subject(talk.id, message.number)
    for record in Record.query(subject, Record.event_time < CASE, consistent_read=True):
        if user_id is None and record.body is not None:
            yield record, [Record.body.remove()], Record.subject.exists()
        elif user_id is not None and record.member_id == message.user_id:
            yield record, [Record.member_id.set(user_id)], Record.subject.exists()


def _old_texts(talk: Talk, message: Message) -> Iterator[Delete]:
    for item in TalkItem.query(talk.partition, TalkItem.item.startswith(_old(message)), consistent_read=True):
        yield item, None


def _item(talk: Talk, message: Message) -> TalkItem:
    return TalkItem(talk.partition, said(message.number))


def _next(message: Message) -> Action:
    action: Action = TalkItem.revision.set(message.revision + 1)
    return action


def _as_read(message: Message) -> Condition:
    same = TalkItem.revision == message.revision
    # What was never changed does not say so.
    same = same | TalkItem.revision.does_not_exist() if message.revision == 1 else same
    as_read: Condition = (TalkItem.kind == WRITTEN) & (TalkItem.by == message.user_id) & same
    return as_read


def _now() -> str:
    return post_timestamp(Nonce.new(), datetime.now(UTC))
