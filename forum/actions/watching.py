"""Watching and muting threads and forums, and a member's settings about it. The buttons that show how something
is watched are on kept pages, so each change renews the member's account."""

from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

from forum.cache import tags
from forum.cache.intents import invalidating
from forum.errors import BadRequest, SignInNeeded
from forum.models import User
from forum.permissions import Reader
from forum.tables import inbox, mails, watches
from forum.tables.members import Item
from forum.tables.threads import Thread
from forum.tables.watches import Settings

from . import notes, pace


def watch_thread(reader: Reader, head: Thread, level: str) -> None:
    """`level` is one of `watches.LEVELS`; BadRequest for any other."""
    _require(reader, level)
    with invalidating(tags.account(reader.id), limits=pace.buckets("watches", reader, f"{head.id} {level}")):
        watches.put_watch(reader.id, head.id, head.forum, level)


def watch_forum(reader: Reader, name: str, level: str) -> None:
    """As of a thread. With a forum that is muted goes what it has told: its unread notes count as read, but for those
    of watched threads, and of what moderators decided."""
    _require(reader, level)
    with invalidating(tags.account(reader.id), limits=pace.buckets("watches", reader, f"{name} {level}")):
        watches.put_forum(reader.id, name, level)
        if level == watches.MUTED:
            inbox.change_read_of_forum(reader.id, name, notes.GATHERED)


def change_settings(user_id: str, settings: Settings) -> None:
    """Store the settings. Whoever chooses to be sent mails is tried again at an address that mails came back from."""
    watches.change_settings(user_id, settings)
    if (subject := recurring(settings)) is not None:
        mails.put_next(user_id, subject, datetime.now(UTC))


def recurring(settings: Settings) -> str | None:
    """What such a member is sent by the clock: the summary of the day, or within the hour what is new in what they
    watch; None for nothing."""
    watched = "watched" in settings.mail_kinds
    return {watches.DAILY: mails.SUMMARY, watches.EACH: mails.WATCHED if watched else None}.get(settings.mail)


def stop_mails(user_id: str, kind: str) -> None:
    """No more mails of this kind; of any kind where it is none of `watches.KINDS`. Nothing is stored of an account
    that is closed: what there was is erased."""
    if not User.objects.filter(pk=user_id, is_active=True).exists():
        return
    if kind in watches.KINDS:
        watches.remove_kind(user_id, kind)
    else:
        watches.change_mail(user_id, watches.NEVER)


def note_bounced(user_id: str, address: str) -> None:
    """Send no more mails to an address that does not take them."""
    if User.objects.filter(pk=user_id, is_active=True).exists():
        watches.change_bounced(user_id, address)


def ask_for_summary(user_id: str, now: datetime) -> None:
    """Have the member's next mail of the day sent; there is one a day."""
    mails.put_next(user_id, mails.SUMMARY, now)


def take_mail(mail: Item, now: datetime) -> bool:
    """Take a mail that is due, to send it; False where somebody else has.

    What comes again and again is put for the next time in the same transaction, whether it is sent this time or not:
    a member who is suspended today, or whose address is not confirmed, gets it again when they are not. It ends with
    the account, and when the member chooses otherwise.
    """
    user_id, subject = mails.member_of(mail), mails.subject_of(mail)
    if subject not in (mails.SUMMARY, mails.WATCHED):
        return mails.remove(mail)
    settings = watches.get_settings(user_id)
    goes_on = subject == recurring(settings) and (subject == mails.WATCHED or "watched" in settings.mail_kinds)
    if goes_on and User.objects.filter(pk=user_id, is_active=True).exists():
        return mails.remove(mail, following=max(now, mails.due_of(mail)))
    return mails.remove(mail)


def mail_again(mail: Item, after: timedelta) -> None:
    """Have a mail that was taken, and certainly not sent, tried again."""
    mails.put_again(mail, after)


def _require(reader: Reader, level: str) -> None:
    if not reader.signed_in:
        raise SignInNeeded(_("Please sign in to watch threads."))
    if level not in watches.LEVELS:
        raise BadRequest(_("A thread or forum can be watched, muted, or neither."))
