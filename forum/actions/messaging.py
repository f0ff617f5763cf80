"""Conversations: beginning one, writing in it, letting others take part, leaving.

Who takes part can read what has been written since they do; nobody else can read anything, moderators and
administrators no more than others, but for a message that is reported to them (`message_reports`). What a suspended
member has written is not shown as long as they are suspended.

Whatever happens in a conversation renews its tag: no page carries it, but open ones ask by it whether they are still
so.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from forum import jobs, reads, reasons
from forum.cache import limits, tags
from forum.cache.intents import Write, invalidating
from forum.cache.limits import Limit
from forum.errors import Conflict, NotAllowed, NotFound, Refused, SignInNeeded
from forum.jobs import Progress
from forum.models import Job, User
from forum.permissions import MESSAGE_RULES, MESSAGES, Reader, refuse_silenced
from forum.tables import ignores, messages, talks, watches
from forum.tables.bulk import get_many
from forum.tables.inbox import Event
from forum.tables.keys import Nonce
from forum.tables.members import Item
from forum.tables.talks import HIDDEN, JOINED, LEFT, MOST_PEOPLE, WRITTEN, Message, Talk
from forum.told import MESSAGE

from . import notes, pace, picturing, screening

DAY = 24 * 60 * 60
MESSAGES_PER_PAGE = 20


def url(talk: Talk, number: int = 0) -> str:
    """Of a conversation, or of one of its messages as long as it is among them."""
    page = f"?page={page_of(number)}#message-{number}" if number else ""
    return f"/messages/{talk.id}/{page}"


def page_of(number: int) -> int:
    return (number - 1) // MESSAGES_PER_PAGE + 1


# -- Reading --------------------------------------------------------------------------------------


def get_talk(reader: Reader, id: str) -> Talk:
    """A conversation that the reader takes part in; NotFound for all others, whoever they are. One GetItem."""
    require_member(reader)
    talk = talks.get_talk(id)
    if reader.id not in talk.people:
        raise NotFound(_("There is no such conversation."))
    return talk


def get_message(reader: Reader, talk: Talk, number: int) -> Message:
    """One of the messages that the reader may read; NotFound. One Query."""
    if number < talk.people[reader.id]:
        raise NotFound(_("There is no such message."))
    return messages.get_message(talk, number)


def list_messages(reader: Reader, talk: Talk, page: int) -> list[Message]:
    """A page of what the reader may read: from when they take part. One Query."""
    first = (page - 1) * MESSAGES_PER_PAGE + 1
    return talks.list_messages(talk, max(first, talk.people[reader.id]), first + MESSAGES_PER_PAGE - 1)


def require_member(reader: Reader) -> None:
    if not reader.signed_in:
        raise SignInNeeded(_("Please sign in to read and write messages. Your text will be waiting for you."))


# -- Writing --------------------------------------------------------------------------------------


def start(reader: Reader, names: Sequence[str], title: str, body: str, nonce: Nonce) -> Talk:
    """Begin a conversation with the members of these names. The same nonce again returns the same one.

    Refused where somebody cannot be written to, or the text holds what it may not; Throttled where the reader has
    begun too many. One SQL query and one BatchGetItem, then one transaction, and what the notes take.
    """
    require_starting(reader)
    people = _addressed(reader, names)
    _screen(reader, title, body)
    if reader.trust == 0 and not reader.moderates_all:
        most = settings.NEW_MEMBER_CONVERSATIONS_PER_DAY
        words = ngettext(
            "New members can begin %(most)s conversation a day.",
            "New members can begin %(most)s conversations a day.",
            most,
        )
        limits.take(Limit("talks", most, DAY, words % {"most": most}).of(reader.id, nonce.text))
    pace.take("messages", reader, nonce.text)
    picturing.claim(body)
    talk = talks.put_talk(reader.id, [str(user.pk) for user in people], title, body, nonce)
    picturing.use(reader, body, MESSAGES, talk.id, 1)
    _tell(reader, talk, talk.people, 1, "began")
    return talk


def reply(reader: Reader, talk: Talk, body: str, nonce: Nonce) -> Talk:
    """Write in a conversation. The same nonce again writes nothing. Refused, Throttled."""
    require_writing(reader)
    _screen(reader, "", body)
    picturing.claim(body)
    with _changing(reader, talk, nonce):
        newer = talks.put_message(talk, reader.id, body, nonce)
        picturing.use(reader, body, MESSAGES, talk.id, newer.last)
    _tell(reader, newer, newer.people, newer.last, "wrote")
    return newer


def add(reader: Reader, talk: Talk, names: Sequence[str], nonce: Nonce) -> Talk:
    """Let others take part: they read what is written from now on, with the message that says so. Refused."""
    require_writing(reader)
    people = [user for user in _addressed(reader, names) if str(user.pk) not in talk.people]
    if not people:
        raise Refused(_("They take part already."))
    if len(talk.people) + len(people) > MOST_PEOPLE:
        raise Refused(_("A conversation has at most %(most)s members.") % {"most": MOST_PEOPLE})
    joined = {str(user.pk): talk.last + 1 for user in people}
    said = ", ".join(user.username for user in people)
    with _changing(reader, talk, nonce):
        newer = talks.change_people(talk, reader.id, JOINED, {**talk.people, **joined}, nonce, said)
    _tell(reader, newer, joined, newer.last, "added")
    return newer


def leave(user_id: str, talk: Talk, nonce: Nonce, known_as: str = "") -> None:
    """Take part no longer. What was written stays for the others, who are told in it (of a closed account by a
    pseudonym); when the last one leaves, everything goes."""
    people = {each: first for each, first in talk.people.items() if each != user_id}
    if people:
        with invalidating(tags.talk(talk.id)):
            talks.change_people(talk, known_as or user_id, LEFT, people, nonce)
        return
    talks.remove_listing(talk, user_id)
    title = gettext_noop("A conversation that all have left")
    jobs.start("forget talk", title, {"talk": talk.id}, about={}, member_id="", seconds=1)


@jobs.kind("forget talk")
def _forget_step(job: Job) -> Progress:
    more = talks.remove_some(job.state["talk"])
    if not more:
        picturing.release_all(job.state["talk"])
    return Progress(dict(job.state), done=job.done + 1, finished=not more)


def mute(reader: Reader, talk: Talk, on: bool) -> None:
    """Be told nothing of a conversation any more, or again."""
    require_member(reader)
    pace.take("watches", reader, f"{talk.id} {on}")
    with invalidating(tags.account(reader.id)):
        watches.put_watch(reader.id, talk.id, MESSAGES, watches.MUTED if on else watches.NORMAL)


# -- One's own messages ---------------------------------------------------------------------------


def edit(reader: Reader, talk: Talk, message: Message, seen_revision: int, body: str) -> None:
    """Change the text of one's own message; who takes part can see the texts before. Conflict where it is no longer at
    the revision that the editor started from; Refused for what a text may not hold; Throttled."""
    require_change(reader, message)
    if message.revision != seen_revision:
        raise Conflict(_("This message has changed since you opened it."))
    if body == message.body:
        return
    screening.screen_edit(reader, MESSAGE_RULES, ("", message.body), ("", body))
    picturing.claim(body)
    limits = pace.buckets("edits", reader, f"{talk.id} {message.number} {seen_revision}")
    with invalidating(tags.talk(talk.id), limits=limits):
        messages.change_text(talk, message, body)
        picturing.use(reader, body, MESSAGES, talk.id, message.number)


def delete(reader: Reader, talk: Talk, message: Message) -> None:
    """Delete one's own message, with the texts that it had before: nobody can bring it back. Its number stays."""
    require_change(reader, message)
    limits = pace.buckets("edits", reader, f"{talk.id} {message.number} delete")
    with invalidating(tags.talk(talk.id), limits=limits):
        messages.remove_text(talk, message)
    picturing.release(f"{talk.id}/{message.number}")


def require_change(reader: Reader, message: Message) -> None:
    """Raise what keeps the reader from editing or deleting this message."""
    require_writing(reader)
    if message.user_id != reader.id or message.kind in (JOINED, LEFT):
        raise NotAllowed(_("You may change only your own messages."))
    if message.kind == HIDDEN:
        raise Conflict(_("This message has been hidden by a moderator."))
    if message.kind != WRITTEN:
        raise Conflict(_("This message has been deleted."))


# -- Who may --------------------------------------------------------------------------------------


def require_writing(reader: Reader) -> None:
    require_member(reader)
    refuse_silenced(reader)


def require_starting(reader: Reader) -> None:
    """Raise what keeps the reader from beginning any conversation."""
    require_writing(reader)
    if reader.trust == 0 and not reader.moderates_all and settings.NEW_MEMBER_CONVERSATIONS_PER_DAY <= 0:
        raise NotAllowed(_("New members cannot begin conversations yet. Take part in the forums first."))


def _addressed(reader: Reader, names: Sequence[str]) -> list[User]:
    """The members of these names; Refused where there is no such member, or one cannot be written to. Whether
    somebody takes no messages at all or only none of this reader's is not told apart."""
    wanted = {name.lower(): name for name in names if name.lower() != reader.name.lower()}
    if len(wanted) >= MOST_PEOPLE:
        raise Refused(_("A conversation has at most %(most)s members.") % {"most": MOST_PEOPLE})
    found = User.objects.of_names(wanted)
    if missing := wanted.keys() - found.keys():
        raise Refused(_("There is no member called “%(name)s”.") % {"name": wanted[min(missing)][:50]})
    # Two names can be of one member, who had one of them once; and one can be the reader's own, as it was.
    people = [user for user in {user.pk: user for user in found.values()}.values() if str(user.pk) != reader.id]
    if not people:
        raise Refused(_("Please say to whom: the names of members, separated by commas."))
    if not reader.moderates_members:
        _refuse_unwanted(reader, people)
    return people


def _refuse_unwanted(reader: Reader, people: Sequence[User]) -> None:
    keys = [(str(user.pk), item) for user in people for item in (watches.SETTINGS, ignores.of_member(reader.id))]
    known = {(item.user_id, item.item): item for item in get_many(Item, keys)}
    for user in people:
        takes = watches.settings_of(known.get((str(user.pk), watches.SETTINGS))).takes_messages
        closed = takes == watches.NOBODY or (takes == watches.ABOVE_NEW and reader.trust == 0)
        if closed or (str(user.pk), ignores.of_member(reader.id)) in known or user.suspended:
            raise Refused(_("%(name)s takes no messages from you at present.") % {"name": user.username})


def _screen(reader: Reader, title: str, body: str) -> None:
    """Refused where the text holds what no post may hold; nobody can look through it first."""
    if reason := screening.screen(reader, MESSAGE_RULES, title, body):
        raise Refused(_("This cannot be sent in a message. %(reason)s") % {"reason": reasons.shown(reason)})


def _changing(reader: Reader, talk: Talk, nonce: Nonce) -> AbstractContextManager[Write]:
    """Around what is added to a conversation; Throttled, before it is, where the reader writes too often."""
    return invalidating(tags.talk(talk.id), limits=pace.buckets("messages", reader, nonce.text))


def _tell(reader: Reader, talk: Talk, people: Iterable[str], number: int, act: str) -> None:
    """Tell the others what somebody did (an `act` of `forum.told`), and note that the writer has
    read it. Never fails: the message is stored."""
    reads.wrote(reader.id, reader.joined, talk.id, number, noted=bool(reader.notes))
    others = [each for each in people if each != reader.id]
    facts = {"title": talk.title, "act": act}
    at = (url(talk, number), reader.id, talk.id, MESSAGES, number)
    notes.tell_all([Event(each, MESSAGE, "", *at, facts) for each in others])


# -- Closing an account ---------------------------------------------------------------------------


def withdraw(user_id: str, pseudonym: str | None, erase: bool) -> bool:
    """Let a member whose account is closed leave one of their conversations: their messages stay, or get a
    pseudonym, or are erased; whether there may be more. Doing it again goes on from there."""
    found = talks.list_talks(user_id, 1)
    for listed in found:
        try:
            talk = talks.get_talk(listed.id)
        except NotFound:
            # All have left it at this moment, and it is being deleted.
            talks.remove_listing(listed, user_id)
            continue
        if pseudonym or erase:
            with invalidating(tags.talk(talk.id)):
                for message in talks.list_messages(talk, 1, talk.last):
                    if message.user_id == user_id:
                        messages.change_author(talk, message, None if erase else pseudonym)
        if user_id not in talk.people:
            raise Conflict(_("This conversation is changing at this moment."))
        leave(user_id, talk, Nonce.new(), pseudonym or "")
    return bool(found)
