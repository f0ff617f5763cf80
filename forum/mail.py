"""Mails to members about their notes: sent by `manage.py work`, some minutes after, at most once each.

A mail waits in `tables.mails` from the moment of its note. When it is due everything is asked as it is then: whether
the note is still unread, whether the member still may read the thread, wants such mails, and has a confirmed address
that takes them. Whoever wants one mail a day has it turned into that. Headers let mail programs put the mails of a
thread together (RFC 5322), and stop them with one click (RFC 8058).

A mail is taken before it is sent, so it can be lost, and never comes twice: when the sender dies between the two, when
the server may have taken it and does not say so, when DynamoDB cannot take back what the server did not want, and by
a fault of ours in making it, which is in the log. The note that it is about stays in the member's list.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException
from typing import Any
from urllib.parse import urlsplit

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import DatabaseError
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forum import directory as directories
from forum import languages, links, logbook, markup, told, unsubscribing, watched, zones
from forum.actions import remembering, watching
from forum.actions.notes import GATHERED, place_of
from forum.directory import Directory
from forum.errors import ForumError, NotFound
from forum.models import User
from forum.permissions import Reader, can_read
from forum.readers import with_inbox
from forum.tables import mails, members, posts, watches
from forum.tables.base import Lost
from forum.tables.members import Item, Notes
from forum.tables.posts import Post
from forum.tables.watches import Settings
from forum.told import LIKE, MESSAGE, SOLVED

log = logging.getLogger(__name__)

# So many of a partition are sent in one go, and so many of a member's notes are looked through.
MOST_AT_ONCE = 50
# So many times in a row nothing but expired mails is met, and taken away: some days of a forum with many members.
MOST_LOOKS = 40
MOST_NOTES = 100
# How much of a post a mail shows, and how many things that of a day.
EXCERPT = 1000
MOST_LINES = 30
# A server that takes no mails is tried again after so long, and so often.
PAUSE = timedelta(minutes=10)
MOST_TRIES = 12
# A note of the last minutes before a summary comes into the next one, so that looks back a little further.
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LOOKS_BACK = DAY + 2 * mails.DELAY


@dataclass(frozen=True, slots=True)
class Line:
    """Something that happened: in words, the address that leads there, and the text of the post ("" for none)."""

    words: str
    url: str
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """Whom a mail is for, as they are now, and what they may read."""

    user: User
    reader: Reader
    settings: Settings
    directory: Directory


class ServerAway(Exception):
    """The mail server cannot be reached: no use in connecting for each mail."""


def never() -> bool:
    return False


# -- Sending --------------------------------------------------------------------------------------


def deliver(now: datetime | None = None, stopping: Callable[[], bool] = never) -> bool:
    """Send what is due; False where the mail server could not be reached, and so nothing more was tried.

    One Query for each partition, then some reads for each mail. One mail's fault is in the log, and no other mail's.
    """
    moment = now or datetime.now(UTC)
    # Whoever has read a post by now is sent no mail of it.
    remembering.read_notes()
    connection = get_connection()
    try:
        for mail in _due(moment):
            if stopping():
                break
            # Taken before it is sent: a sender that dies sends nothing rather than twice.
            if watching.take_mail(mail, moment) and not mail.expired:
                _deliver(mail, moment, connection)
    except ServerAway as away:
        log.warning("The mail server cannot be reached: %s", away)
        return False
    finally:
        connection.close()
    return True


def _due(now: datetime) -> Iterator[Item]:
    """What is due in all partitions: of each some mails that can still be sent, and all that have expired before."""
    for partition in range(mails.PARTITIONS):
        for __ in range(MOST_LOOKS):
            found = mails.list_due(partition, now, MOST_AT_ONCE)
            yield from found
            if len(found) < MOST_AT_ONCE or not all(mail.expired for mail in found):
                break


def _deliver(mail: Item, now: datetime, connection: Any) -> None:
    """Make a mail that was taken, and send it. ServerAway."""
    try:
        member = _member(mails.member_of(mail))
        message = _made(member, mail, now) if member is not None else None
        if member is not None and message is not None:
            message.connection = connection
            _send(message, connection, mail, member)
    except ServerAway:
        raise
    except (DatabaseError, ForumError) as error:
        # Nothing has been sent, so it may be tried again.
        _again(mail, error)
    except Exception:
        log.exception("A mail to member %s could not be made, and is not tried again.", mails.member_of(mail))


def _made(member: Member, mail: Item, now: datetime) -> EmailMultiAlternatives | None:
    """The mail in the member's language; None where it is not wanted any more."""
    about = {mails.SUMMARY: _summary, mails.WATCHED: _watched}.get(mails.subject_of(mail), _note)
    with translation.override(languages.of(member.user.language, "")), zones.shown_in(member.user.time_zone):
        return about(member, mail, now)


def _send(message: EmailMultiAlternatives, connection: Any, mail: Item, member: Member) -> None:
    """Hand a mail to the server. What it certainly has not taken is tried again; what it may have is not."""
    try:
        connection.open()
    except (OSError, SMTPException) as error:
        _again(mail, error)
        raise ServerAway(str(error)) from error
    try:
        message.send()
    except SMTPRecipientsRefused as error:
        if all(500 <= code < 600 for code, __ in error.recipients.values()):
            watching.note_bounced(str(member.user.pk), member.user.email)
        else:
            _again(mail, error)
    except SMTPResponseException as error:
        if 400 <= error.smtp_code < 500:
            _again(mail, error)
        log.warning("A mail to member %s was refused: %s", member.user.pk, error)
    except (OSError, SMTPException) as error:
        log.warning("A mail to member %s may not have arrived, and is not sent again: %s", member.user.pk, error)


def _again(mail: Item, error: Exception) -> None:
    """Have a mail tried again later; it is lost where it was tried too often, or DynamoDB does not take it back."""
    log.warning("A mail is tried again later: %s", error)
    if int(mail.tries or 0) >= MOST_TRIES:
        return
    try:
        watching.mail_again(mail, PAUSE)
    except (ForumError, Lost) as away:
        log.error("A mail to member %s is lost, since it could not be put back: %s", mails.member_of(mail), away)


def _member(user_id: str) -> Member | None:
    """Whom mails may go to: with an account that is open, and a confirmed address that takes mails."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None or user.suspended or not user.email:
        return None
    if not EmailAddress.objects.filter(user=user, email__iexact=user.email, verified=True).exists():
        return None
    chosen = watches.get_settings(user_id)
    if chosen.mail == watches.NEVER or chosen.bounced == user.email:
        return None
    directory = directories.now()
    return Member(user, with_inbox(user), chosen, directory)


# -- What they say --------------------------------------------------------------------------------


def kind_of(note: Item) -> str:
    """To which of the kinds that a member can choose a note belongs."""
    return note.kind if note.kind in GATHERED else "moderation"


def _note(member: Member, mail: Item, now: datetime) -> EmailMultiAlternatives | None:
    """About one note; None where it is read or unwanted, or goes into the mail of the day."""
    found = members.list_notes(str(member.user.pk), MOST_NOTES)
    note = next((each for each in found.notes if each.timestamp.endswith(f"#{mails.subject_of(mail)}")), None)
    if note is None or not found.is_unread(note) or kind_of(note) not in member.settings.mail_kinds:
        return None
    if member.settings.mail == watches.DAILY:
        watching.ask_for_summary(str(member.user.pk), now)
        return None
    line = _line(member, note, logbook.names_of([note.by or ""]))
    if line is None:
        return None
    headers = {"Message-ID": f"<note-{mails.subject_of(mail)}-{member.user.pk}@{_host()}>"}
    if note.thread:
        headers |= dict.fromkeys(("In-Reply-To", "References"), f"<thread-{note.thread}@{_host()}>")
    return _message(member, line.words, [line], kind_of(note), headers)


def _summary(member: Member, mail: Item, now: datetime) -> EmailMultiAlternatives | None:
    """What a member has not read of the last day, and what is new in what they watch; None for nothing."""
    if member.settings.mail != watches.DAILY:
        return None
    since = mails.due_of(mail) - LOOKS_BACK
    lines = _unread(member, members.list_notes(member.reader.id, MOST_NOTES), since)
    if "watched" in member.settings.mail_kinds:
        lines += _news(member, since)
    if not lines:
        return None
    headers = {"Message-ID": f"<daily-{mail.item[:10]}-{member.reader.id}@{_host()}>"}
    return _message(member, _("What you have not read"), lines[:MOST_LINES], "all", headers)


def _watched(member: Member, mail: Item, now: datetime) -> EmailMultiAlternatives | None:
    """What has come in the last hour in what a member watches, and is not read; None for nothing."""
    if member.settings.mail != watches.EACH or "watched" not in member.settings.mail_kinds:
        return None
    lines = _news(member, mails.due_of(mail) - HOUR)
    if not lines:
        return None
    several = ngettext(
        "New posts in %(count)s thread that you watch", "New posts in %(count)s threads that you watch", len(lines)
    )
    subject = lines[0].words if len(lines) == 1 else several % {"count": len(lines)}
    headers = {"Message-ID": f"<watched-{mail.item[:27].replace(':', '')}-{member.reader.id}@{_host()}>"}
    return _message(member, subject, lines[:MOST_LINES], "watched", headers)


def _news(member: Member, since: datetime) -> list[Line]:
    found = watched.news(member.directory, member.reader, since)
    words = _("%(news)s in “%(title)s”")
    return [Line(words % {"news": each.words, "title": each.head.title}, each.url) for each in found]


def _unread(member: Member, found: Notes, since: datetime) -> list[Line]:
    wanted = [
        note
        for note in found.notes
        if found.is_unread(note) and note.created > since and kind_of(note) in member.settings.mail_kinds
    ][:MOST_LINES]
    names = logbook.names_of(note.by or "" for note in wanted)
    return [line for note in wanted if (line := _line(member, note, names)) is not None]


def _line(member: Member, note: Item, names: dict[str, str]) -> Line | None:
    """A note in words, with the post that it leads to; None where the member may not read that, or it is gone. What
    moderators did is told without the post, which may well be gone by it. None also of what somebody did whom the
    member ignores by now."""
    if note.by in member.reader.ignored:
        return None
    if note.kind == MESSAGE:
        # A mail says who has written and where; what is only to be read there is not sent through mail servers.
        return Line(_told(names[note.by or ""], 1, told.sentence(note)), note.url or reverse("messages"))
    rules = member.directory.forums.get(note.forum or "")
    if note.forum and (rules is None or not can_read(member.reader, rules)):
        return None
    place = place_of(note)
    if place is None or note.kind not in GATHERED:
        return Line(told.sentence(note), note.url or reverse("notifications"))
    post = _post(member, *place)
    if post is None:
        return None
    people = len(note.people or [])
    excerpt = "" if note.kind in (LIKE, SOLVED) else markup.plain(post.body, EXCERPT)
    return Line(_told(names[note.by or ""], people, told.sentence(note, people)), note.url or "", excerpt)


def _told(name: str, people: int, did: str) -> str:
    """Who did what, and how many others did."""
    if people < 2:
        return _("%(name)s %(did)s") % {"name": name, "did": did}
    words = ngettext("%(name)s and %(count)d other %(did)s", "%(name)s and %(count)d others %(did)s", people - 1)
    return words % {"name": name, "count": people - 1, "did": did}


def _post(member: Member, thread_id: str, number: int) -> Post | None:
    """The post at this address, wherever it is now; None where the member may not read it, or it is gone."""
    try:
        head, now = posts.find_place(thread_id, number, member.directory.forums)
        post = posts.get_post_of(head, now)
    except NotFound:
        return None
    rules = member.directory.forums.get(head.forum)
    if rules is None or not can_read(member.reader, rules) or head.deleted or post.deleted:
        return None
    return post


def _message(
    member: Member, subject: str, lines: Sequence[Line], kind: str, headers: dict[str, str]
) -> EmailMultiAlternatives:
    stop = links.absolute(reverse("unsubscribe", args=[unsubscribing.token(str(member.user.pk), kind)]))
    context = {
        "name": member.user.username,
        "lines": [(line.words, links.absolute(line.url), line.excerpt) for line in lines],
        "site": settings.SITE_NAME,
        "stop": stop,
        "settings_url": links.absolute(reverse("notification_settings")),
    }
    headers |= {
        "List-Id": f"<notifications.{_host()}>",
        "List-Unsubscribe": f"<{stop}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
    }
    subject = " ".join(f"[{settings.SITE_NAME}] {subject}".split())[:200]
    text = render_to_string("mail/notes.txt", context)
    message = EmailMultiAlternatives(subject, text, None, [member.user.email], headers=headers)
    message.attach_alternative(render_to_string("mail/notes.html", context), "text/html")
    return message


def _host() -> str:
    return urlsplit(settings.SITE_URL).hostname or "localhost"
