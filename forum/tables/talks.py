"""Conversations between some members. Each is a partition of its own in ForumMembers::

    TALK#0K3…   HEAD            Title; People: who takes part, and from which message on; Number: of the last message
                M#000000017     message 17: By, Body, At; or that somebody joined or left (Kind); see `messages`
                SENT#01J…       which message the form with this nonce made; expires

and in the partition of each member who takes part, so that one Query lists their conversations newest first::

    42          MESSAGE#2026-11-23T08:44:12.123456Z#k3j9x2ab   a copy of the head, under the time of the last message

Nothing of a conversation is in the tables of threads and posts, or in any index: whoever asks those (permalinks, lists,
feeds, search, members' pages, moderation) cannot meet it. It is read by its id alone, and only by who takes part: the
callers ask the head.

| what | calls |
|---|---|
| the head of a conversation | one GetItem, consistent |
| messages of a page | one Query, consistent: numbers have no gaps |
| a member's conversations, newest first | one Query, consistent |
| begin one, write, join, leave | one transaction: the head, the message, and for each who takes part the copy moves |
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from django.utils.translation import gettext as _
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from forum.errors import Busy, NotFound

from . import sweeps
from .base import Delete, Lost, Put, Update, commit, commit_between, pause
from .bulk import get_one
from .keys import Nonce, post_timestamp, time_of
from .members import Item

TALK, HEAD, SAID, SENT = "TALK#", "HEAD", "M#", "SENT#"
LISTED = "MESSAGE#"
WRITTEN, JOINED, LEFT = "written", "joined", "left"
# What became of a message that was written: its author left and took it along, or deleted it; a moderator hid it.
ERASED, DELETED, HIDDEN = "erased", "deleted", "hidden"

# Who takes part in one: each message moves the copies of all in one transaction, which takes 100 items.
MOST_PEOPLE = 20
# Longer than a form can be sent (`form_tokens.MAX_AGE`).
SENT_LIFE = timedelta(days=8)
WRITE_SECONDS = 3.0


class TalkItem(Item):
    """An item of a conversation, or a member's copy of its head. `members` is JSON of a dict. Of a message `revision`
    is that of its text, None for the first, `edited_at` when it got it, `reported` 1 once somebody reported it."""

    title = UnicodeAttribute(attr_name="Title", null=True)
    body = UnicodeAttribute(attr_name="Body", null=True)
    number = NumberAttribute(attr_name="Number", null=True)
    members = UnicodeAttribute(attr_name="Members", null=True)
    edited_at = UnicodeAttribute(attr_name="EditedAt", null=True)
    reported = NumberAttribute(attr_name="Reported", null=True)


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation: `people` are the UserIDs of who takes part and the number of the first message that each may
    read; `last` is the number of the last message, `at` its time as a sort key, `last_by` who wrote it."""

    id: str
    title: str
    people: Mapping[str, int]
    last: int
    at: str
    last_by: str

    @property
    def last_activity(self) -> datetime:
        return time_of(self.at)

    @property
    def partition(self) -> str:
        return f"{TALK}{self.id}"

    def attributes(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "members": json.dumps(dict(self.people)),
            "number": self.last,
            "at": self.at,
            "by": self.last_by,
        }


@dataclass(frozen=True, slots=True)
class Message:
    """`kind` is WRITTEN, JOINED or LEFT, or what became of one that was written: ERASED, DELETED, HIDDEN. `reason` is
    why a moderator hid it. Whatever changes a message raises its `revision`."""

    number: int
    user_id: str
    kind: str
    body: str
    created: datetime
    revision: int = 1
    edited: datetime | None = None
    reason: str = ""
    reported: bool = False


def talk_id(nonce: Nonce) -> str:
    """The id of the conversation that this nonce begins: shaped as a thread's, and never that of any thread."""
    return Nonce.of(f"talk/{nonce.text}").text


# -- Reads ----------------------------------------------------------------------------------------


def get_talk(id: str) -> Talk:
    """The head, consistent; NotFound. Whether the reader takes part in it is for the caller to ask."""
    head = get_one(TalkItem, f"{TALK}{id}", HEAD)
    if head is None:
        raise NotFound(_("There is no such conversation."))
    return _talk(id, head)


def list_messages(talk: Talk, first: int, last: int) -> list[Message]:
    """Messages `first` to `last` by number, as far as they exist. One Query."""
    within = TalkItem.item.between(said(first), said(last))
    return [_message(item) for item in TalkItem.query(talk.partition, within, consistent_read=True)]


def list_talks(user_id: str, limit: int, before: str = "") -> list[Talk]:
    """At most `limit` conversations of a member, the last active first, active before the sort key `before`."""
    within = TalkItem.item.between(LISTED, f"{LISTED}{before}" if before else f"{LISTED}~")
    found = TalkItem.query(user_id, within, scan_index_forward=False, consistent_read=True, limit=limit + 1)
    talks = [_talk(item.thread or "", item) for item in found]
    return [talk for talk in talks if talk.at != before][:limit]


def _talk(id: str, item: TalkItem) -> Talk:
    people = {user_id: int(number) for user_id, number in json.loads(item.members or "{}").items()}
    return Talk(id, item.title or "", people, int(item.number or 0), item.at or "", item.by or "")


def _message(item: TalkItem) -> Message:
    return Message(
        int(item.item.removeprefix(SAID)),
        item.by or "",
        item.kind or WRITTEN,
        item.body or "",
        time_of(item.at or ""),
        int(item.revision or 1),
        time_of(item.edited_at) if item.edited_at else None,
        item.text or "",
        bool(item.reported),
    )


def said(number: int) -> str:
    """The sort key of a message."""
    return f"{SAID}{number:09}"


# -- Writes ---------------------------------------------------------------------------------------


def put_talk(starter: str, people: Sequence[str], title: str, body: str, nonce: Nonce) -> Talk:
    """Begin a conversation of `starter` with `people`. The same nonce again finds the one that is there."""
    at = post_timestamp(nonce, datetime.now(UTC))
    talk = Talk(talk_id(nonce), title, dict.fromkeys([starter, *people], 1), 1, at, starter)
    head = TalkItem(talk.partition, HEAD, **talk.attributes())
    puts: list[Put] = [(head, Item.item.does_not_exist()), *_copies(talk), (_saying(talk, WRITTEN, body), None)]
    try:
        commit_between(puts)
    except Lost:
        return get_talk(talk.id)
    return talk


def put_message(talk: Talk, user_id: str, body: str, nonce: Nonce) -> Talk:
    """Add a message; the head with it. The same nonce never makes a second. NotFound where the member takes no part
    any more; Busy after some seconds."""
    sent = TalkItem(talk.partition, f"{SENT}{nonce.text}", expires_at=datetime.now(UTC) + SENT_LIFE)
    return _append(talk, user_id, WRITTEN, body, nonce, talk.people, sent)


def change_people(talk: Talk, by: str, kind: str, people: Mapping[str, int], nonce: Nonce, said: str = "") -> Talk:
    """Let others take part, or no longer, and say so in a message (`said` names who). It holds only if nobody has
    joined or left meanwhile: Busy."""
    return _append(talk, by, kind, said, nonce, people)


def _append(
    talk: Talk,
    user_id: str,
    kind: str,
    body: str,
    nonce: Nonce,
    people: Mapping[str, int],
    sent: TalkItem | None = None,
) -> Talk:
    late, before = time.monotonic() + WRITE_SECONDS, talk.people
    for attempt in count():
        if sent is not None:
            if user_id not in talk.people:
                raise NotFound(_("There is no such conversation."))
            # Who joins or leaves at this moment is no reason not to write.
            people = talk.people
        elif talk.people != before:
            break
        at = post_timestamp(nonce, datetime.now(UTC), after=talk.at)
        newer = Talk(talk.id, talk.title, people, talk.last + 1, at, user_id)
        try:
            commit(*_moving(talk, newer, _saying(newer, kind, body), sent))
            return newer
        except Lost:
            if sent is not None and get_one(TalkItem, sent.user_id, sent.item):
                return get_talk(talk.id)
            if time.monotonic() > late:
                break
            pause(min(attempt, 3))
            talk = get_talk(talk.id)
    raise Busy(_("Others are writing here at this moment. Please send it again."))


def _moving(
    talk: Talk, newer: Talk, message: TalkItem, sent: TalkItem | None
) -> tuple[list[Put], list[Update], None, list[Delete]]:
    """What `commit` takes to let `newer` follow `talk`: the head, the message, and the members' copies."""
    head = TalkItem(talk.partition, HEAD)
    actions = [getattr(TalkItem, name).set(value) for name, value in newer.attributes().items()]
    unchanged = (TalkItem.number == talk.last) & (TalkItem.at == talk.at)
    puts: list[Put] = [(message, Item.item.does_not_exist()), *_copies(newer)]
    if sent is not None:
        puts.append((sent, Item.item.does_not_exist()))
    gone: list[Delete] = [(TalkItem(user_id, f"{LISTED}{talk.at}"), None) for user_id in talk.people]
    return puts, [(head, actions, unchanged)], None, gone


def _saying(talk: Talk, kind: str, body: str) -> TalkItem:
    return TalkItem(talk.partition, said(talk.last), kind=kind, by=talk.last_by, body=body, at=talk.at)


def _copies(talk: Talk) -> list[Put]:
    key = f"{LISTED}{talk.at}"
    return [(TalkItem(user_id, key, thread=talk.id, **talk.attributes()), None) for user_id in talk.people]


def remove_listing(talk: Talk, user_id: str) -> None:
    """Take a conversation out of a member's list, when nobody else takes part in it any more."""
    commit_between(deletes=[(TalkItem(user_id, f"{LISTED}{talk.at}"), None)])


def remove_some(id: str) -> bool:
    """Delete some of a conversation that nobody takes part in; whether there may be more."""
    return sweeps.remove_items(f"{TALK}{id}")
