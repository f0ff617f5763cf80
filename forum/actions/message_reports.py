"""Reports of private messages, and what moderators make of them.

Who reports a message lets the moderators of all forums read that one message, as it is then, as long as the case is
open: the report carries its text, so nobody has to look into the conversation, and deciding takes the text away. A
moderator who agrees hides the message in the transaction that closes the case. All else is as with posts (`reporting`),
but nothing is hidden by the number of reports: the few who can read a message can ignore its author.
"""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from forum.cache import queues, tags
from forum.cache.intents import invalidating
from forum.errors import BadRequest, Conflict, NotAllowed, NotFound
from forum.permissions import MESSAGE_RULES, MESSAGES, Reader
from forum.tables import cases, messages, moderation, talks
from forum.tables.moderation import MESSAGE, Record
from forum.tables.talks import JOINED, LEFT, WRITTEN, Message, Talk

from . import messaging, moderating, notes, pace, reporting
from .closing import AGREE, DISAGREE, IGNORE

_TOLD: Mapping[str, str] = {
    AGREE: gettext_noop("Thank you for your report: a moderator agreed, and the message is hidden."),
    DISAGREE: gettext_noop("A moderator has looked at the message that you reported, and lets it stand."),
    IGNORE: gettext_noop("A moderator has looked at the message that you reported, and closed the report."),
}


def is_of_message(case: Record) -> bool:
    return case.subject.startswith(MESSAGE)


def permalink(talk_id: str, number: int) -> str:
    """Of a message, for those who take part."""
    return f"/messages/{talk_id}/{number}/"


def require_reporting(reader: Reader, message: Message) -> None:
    """Raise what keeps the reader, who may read this message, from reporting it."""
    messaging.require_writing(reader)
    if message.user_id == reader.id:
        raise NotAllowed(_("This is your own message: you can edit or delete it instead."))
    if message.kind in (JOINED, LEFT):
        raise NotAllowed(_("Nobody has written this, so there is nothing to report."))
    if message.kind != WRITTEN:
        raise Conflict(_("This message cannot be read any more, so there is nothing to report."))


def report(reader: Reader, talk: Talk, message: Message, reason: str) -> None:
    """Report a message that the reader may read; Conflict where this member's report of it is open already, or where
    it changes at this moment. Two Redis round trips, one transaction."""
    require_reporting(reader, message)
    reason = moderating.required(reason)
    subject = moderation.message_subject(talk.id, message.number)
    pace.take("reports", reader, subject)
    record = moderation.new_act(
        subject, "report", reader.id, reason, forum=MESSAGES, member_id=message.user_id, body=message.body
    )
    cases.put_message_report(record, talk, message, MESSAGES, permalink(talk.id, message.number))
    queues.changed(opened=[(MESSAGES, subject)])


def resolve(reader: Reader, case: Record, outcome: str, reason: str = "") -> bool:
    """Close the case of a message: "agree" hides it, for a reason, "disagree" and "ignore" leave it; whether it was
    hidden. Conflict where the case is not as it was read. GetItem, Query, and one transaction."""
    reporting.require_case(reader, MESSAGE_RULES, case)
    if outcome not in reporting.OUTCOMES:
        raise BadRequest(_("A case can be closed by agreeing, disagreeing or ignoring."))
    reason = moderating.required(reason) if outcome == AGREE else reason.strip()
    talk_id, number = cases.address(case)
    found = _find(talk_id, number)
    author = found[1].user_id if found else ""
    closed = reporting.act(reader, MESSAGE_RULES, case, outcome, reason, author)
    puts, updates = cases.closing_of_message(case, reader.id, closed)
    hides = found is not None and outcome == AGREE and found[1].kind == WRITTEN
    if found and hides:
        puts.append((reporting.act(reader, MESSAGE_RULES, case, "hide", reason, author), None))
        updates.append(messages.hiding(*found, reason))
    with invalidating(tags.talk(talk_id)):
        reporting.refuse_changed(reader, case)
        try:
            cases.commit_case(puts, updates)
        except Conflict as conflict:
            raise reporting.too_late(reader, case.subject) from conflict
    queues.changed(closed=[(MESSAGES, case.subject)])
    if hides and not author.startswith("-"):
        # Who left messages without a name has an id below zero.
        told = gettext_noop("A message of yours was hidden by a moderator. The reason: %(reason)s")
        notes.tell(author, "hide", told, permalink(talk_id, number), by=reader.id, facts={"reason": reason})
    for reporter in sorted(case.reporters or ()):
        notes.tell(reporter, outcome, _TOLD[outcome], permalink(talk_id, number), by=reader.id, facts={})
    return hides


def _find(talk_id: str, number: int) -> tuple[Talk, Message] | None:
    """The message, to hide it; None where it is gone with its conversation."""
    try:
        talk = talks.get_talk(talk_id)
        return talk, messages.get_message(talk, number)
    except NotFound:
        return None
