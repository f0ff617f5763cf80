"""What the pages of conversations show, as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from forum import markup, reasons
from forum.actions import messaging
from forum.models import User
from forum.permissions import Reader
from forum.reads import Marks
from forum.tables import talks
from forum.tables.members import MOST_COUNTED
from forum.tables.talks import DELETED, ERASED, HIDDEN, JOINED, LEFT, WRITTEN, Message, Talk

from .rows import Author, Row, author, former

# What stands in place of what is not shown.
GONE = {
    ERASED: gettext_lazy("This message was taken along by its author."),
    DELETED: gettext_lazy("This message was deleted by its author."),
    HIDDEN: gettext_lazy("This message was hidden by a moderator."),
}
SUSPENDED = gettext_lazy("This member is suspended, so the message is not shown.")


@dataclass(frozen=True, slots=True)
class TalkRow(Row):
    title: str
    url: str
    people: Sequence[Author]
    last_author: Author
    last_activity: datetime
    messages: int
    unread: int
    muted: bool


@dataclass(frozen=True, slots=True)
class MessageRow(Row):
    """`event` is what happened where nothing was written; `gone` is said in place of what is not shown, with the
    `reason` of a moderator who hid it; `folded` is that the reader ignores who wrote it, `first_new` that it is the
    first that the reader has not read, `mine` that they wrote it."""

    number: int
    author: Author
    created: datetime
    html: SafeString
    event: str
    gone: str
    folded: bool
    first_new: bool
    mine: bool
    revision: str
    edited: datetime | None
    reason: str


class People:
    """Names of members, and who of them is suspended. One SQL query."""

    def __init__(self, user_ids: set[str]) -> None:
        found = User.objects.filter(pk__in=user_ids, is_active=True)
        self._authors = {str(user.pk): author(str(user.pk), user.username, user.avatar) for user in found}
        self.suspended = {str(user.pk) for user in found if user.suspended}

    def __getitem__(self, user_id: str) -> Author:
        return self._authors.get(user_id) or former()


def talk_rows(found: Sequence[Talk], reader: Reader, marks: Marks | None) -> list[TalkRow]:
    """One Query for each conversation with something new in which one takes part whom the reader ignores."""
    people = People({user_id for talk in found for user_id in [*talk.people, talk.last_by]})
    return [
        TalkRow(
            title=talk.title,
            url=messaging.url(talk, min(_unread_from(talk, reader, marks), talk.last)),
            people=[people[user_id] for user_id in talk.people if user_id != reader.id],
            last_author=people[talk.last_by],
            last_activity=talk.last_activity,
            messages=talk.last - talk.people[reader.id] + 1,
            unread=_unread(talk, reader, _unread_from(talk, reader, marks)) if marks else 0,
            muted=talk.id in reader.muted,
        )
        for talk in found
    ]


def _unread_from(talk: Talk, reader: Reader, marks: Marks | None) -> int:
    """The number of the first message that the reader has not read; one more than there are where there is none."""
    return max(marks.number(talk.id) + 1, talk.people[reader.id]) if marks else talk.last


def _unread(talk: Talk, reader: Reader, first: int) -> int:
    """How many messages are new from this number on, but for those of members whom the reader ignores."""
    if first > talk.last or reader.ignored.isdisjoint([*talk.people, talk.last_by]):
        return talk.last - first + 1
    heard = {*talk.people} - reader.ignored - {reader.id}
    # Of very many the last ones are looked at.
    said = talks.list_messages(talk, max(first, talk.last - MOST_COUNTED + 1), talk.last) if heard else []
    return sum(each.user_id not in reader.ignored for each in said)


def message_rows(messages: Sequence[Message], people: People, reader: Reader, read_to: int) -> list[MessageRow]:
    first_new = next((each.number for each in messages if each.number > read_to), 0) if read_to else 0
    return [_message(each, people, reader, each.number == first_new) for each in messages]


def _message(message: Message, people: People, reader: Reader, first_new: bool) -> MessageRow:
    gone = GONE.get(message.kind) or (SUSPENDED if message.user_id in people.suspended else "")
    shown = message.body if message.kind == WRITTEN and not gone else ""
    said = {
        JOINED: _("lets %(names)s take part, from here on") % {"names": message.body},
        LEFT: _("has left the conversation"),
    }
    return MessageRow(
        number=message.number,
        author=people[message.user_id],
        created=message.created,
        html=markup.render(shown),
        event=said.get(message.kind, ""),
        gone=str(gone),
        folded=message.user_id in reader.ignored,
        first_new=first_new,
        mine=message.user_id == reader.id,
        revision=str(message.revision),
        edited=message.edited,
        reason=reasons.shown(message.reason),
    )


def people_digest(talk: Talk) -> str:
    """What a page says of a conversation beside its messages, in short: who takes part."""
    return blake2b(repr(sorted(talk.people)).encode(), digest_size=4).hexdigest()
