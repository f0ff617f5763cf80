"""What members are told: a note in their own list, and a number at their name on every page at once.

Of a new post its thread's author is told, whoever is quoted and whoever is mentioned: each at most once, of what
concerns them most, and nobody of what they did themselves. What happens in one thread is gathered in one note
while it is not read (`tables.inbox`), and who has muted a thread or its forum hears nothing of it. Who watches a
thread is told nothing here: what is new for them is worked out when they look (`views.watching`).

Every note that names a thread carries its forum: it is told to nobody who may not read that, and shown to nobody
who no longer may. So `tell` is for what names none, and `tell_of` for what happens in one.
"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import DatabaseError
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from forum import links, markup
from forum.cache import tags
from forum.cache.intents import invalidating
from forum.errors import ForumError, NotFound, SignInNeeded
from forum.models import FormerName, User
from forum.permissions import ForumRules, Reader, can_read
from forum.tables import inbox, members, posts, watches
from forum.tables.base import Lost
from forum.tables.inbox import Event, Known
from forum.tables.keys import THREAD_ID
from forum.tables.members import Item
from forum.tables.threads import Thread
from forum.told import LIKE, MENTION, MESSAGE, QUOTE, REPLY, SOLVED, Facts

log = logging.getLogger(__name__)

# What is gathered by thread, and what concerns a member most, first.
GATHERED = (MENTION, QUOTE, REPLY, LIKE, SOLVED, MESSAGE)

# What tells of a post that is new, and so has been seen by whoever has read the thread so far.
OF_POSTS = (MENTION, QUOTE, REPLY, MESSAGE)

_PERMALINK = re.compile(rf"/p/({THREAD_ID})/([1-9][0-9]{{0,8}})/")


def tell(user_id: str, kind: str, text: str, url: str = "", by: str = "", facts: Facts | None = None) -> None:
    """Tell a member something that names no thread: `kind` names what happened, `text` says it in a sentence or two of
    the translations with these `facts` (`forum.told`), `url` leads there, `by` is the UserID of who did it. Nobody ("")
    is told nothing, nor anybody of what they did.

    Never fails: what it tells of is done, and must not look as if it were not. A note that could not be stored is
    in the log.
    """
    if not user_id or user_id == by:
        return
    with _logging(user_id, kind), invalidating(tags.account(user_id)):
        inbox.put_note(user_id, kind, text, url, by, facts=facts)


def tell_of(
    head: Thread,
    forum: ForumRules,
    user_id: str,
    kind: str,
    text: str,
    url: str,
    by: str = "",
    facts: Facts | None = None,
) -> None:
    """As `tell`, of something in this thread of this forum, which `facts` may name: of nothing there is told who may
    not read it, or is gone. One SQL query more.

    One of GATHERED needs no `text`, is gathered with others in the thread, and not told to who has muted the thread
    or its forum.
    What moderators did to a member's own post is told in spite of that, since it is a decision about them.
    """
    if not user_id or user_id == by or user_id.startswith("-"):
        # Those who left their posts without a name have ids below zero.
        return
    with _logging(user_id, kind):
        if not _present(forum, Q(pk=user_id)):
            return
        if kind in GATHERED:
            event = Event(user_id, kind, text, url, by, head.id, forum.name, facts=facts)
            return _put([event], inbox.list_known([event]))
        with invalidating(tags.account(user_id)):
            inbox.put_note(user_id, kind, text, url, by, place=(head.id, forum.name), facts=facts)


def tell_all(events: Sequence[Event]) -> None:
    """Tell several members of one message in a conversation; of each is asked whether they have muted it, or ignore
    its author. One BatchGetItem, one transaction. Never fails."""
    if events:
        with _logging(", ".join(event.user_id for event in events), events[0].kind):
            _put(events, inbox.list_known(events))


@contextmanager
def _logging(user_id: str, kind: str) -> Iterator[None]:
    """What goes wrong with a note is in the log, and nowhere else."""
    try:
        yield
    except (DatabaseError, ForumError, Lost) as error:
        log.warning("Member %s could not be told of a %s: %s", user_id, kind, error)


def place_of(note: Item) -> tuple[str, int] | None:
    """The thread and the number of the post that a note leads to; None where it leads to none."""
    place = _PERMALINK.fullmatch(note.url or "")
    return (place[1], int(place[2])) if place else None


def mark_read(reader: Reader, timestamp: str) -> None:
    """Take the reader's notes up to this one as read."""
    if not reader.signed_in:
        raise SignInNeeded(_("Please sign in to see your notifications."))
    with invalidating(tags.account(reader.id)):
        members.change_read_to(reader.id, timestamp)


def open_note(reader: Reader, timestamp: str) -> Item | None:
    """Take one note as read; the note, None where it is gone, or other things have been added to it since."""
    with invalidating(tags.account(reader.id)):
        return members.change_read(reader.id, timestamp)


def read_posts(user_id: str, numbers: Mapping[str, int]) -> None:
    """Take the notes as read that tell of posts which the member has read, by thread up to these numbers. Of the
    newest ones; a Query and a BatchGetItem, and where there are any the same again and a transaction."""
    if inbox.list_of_posts(user_id, OF_POSTS, numbers):
        with invalidating(tags.account(user_id)):
            inbox.change_read_of_posts(user_id, OF_POSTS, numbers)


# -- A new post -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Post:
    """A post that was stored a moment ago."""

    author: Reader
    forum: ForumRules
    head: Thread
    number: int
    body: str


def posted(author: Reader, forum: ForumRules, head: Thread, number: int, body: str) -> None:
    """Tell whom a new post concerns, and let its author watch the thread. To be called after the post.

    Whatever the number of those who watch the thread: one BatchGetItem, one SQL query where anybody is
    concerned, one transaction where anything is new, and for each quote a BatchGetItem or Query at most. Never
    fails: the post is stored, and its writer must not be told otherwise.
    """
    try:
        _tell_of(_Post(author, forum, head, number, body))
    except (ForumError, Lost) as error:
        log.warning("Nobody could be told of post %s of %s: %s", number, head.id, error)
    except Exception:
        log.exception("Nobody could be told of post %s of %s.", number, head.id)


def _tell_of(post: _Post) -> None:
    events = _events(post)
    own = [(post.author.id, watches.of_thread(post.head.id)), (post.author.id, watches.SETTINGS)]
    known = inbox.list_known(events, own)
    settings = watches.settings_of(known.get(own[1]))
    watched = own[0] in known or not settings.watches_own
    watch = None if watched else watches.thread_watch(post.author.id, post.head.id, post.forum.name, watches.WATCHING)
    _put(events, known, watch)


def _put(events: Sequence[Event], known: Known, watch: Item | None = None) -> None:
    """Store what is not muted. The accounts whose pages change are renewed: those with another number of unread
    notes, and who begins to watch."""
    heard = [event for event in events if not inbox.is_muted(event, known)]
    changed = [event.user_id for event in heard if inbox.changes_number(event, known)]
    changed += [watch.user_id] if watch is not None else []
    if not changed:
        return inbox.put_events(heard, known)
    with invalidating(*(tags.account(user_id) for user_id in changed)):
        inbox.put_events(heard, known, watch)


def _events(post: _Post) -> list[Event]:
    """One for each member whom the post concerns and who may read it. One SQL query, if there are any, and another
    where it mentions what nobody is called."""
    names = {name.lower() for name in markup.mentions(post.body)}
    kinds = {post.head.user_id: REPLY} if post.number > 1 else {}
    kinds |= dict.fromkeys(_quoted(post), QUOTE)
    kinds.pop(post.author.id, None)
    if not names and not kinds:
        return []
    url = links.post(post.head.id, post.number)
    events = []
    for user, kind in _readers(post, names, kinds):
        where = (post.head.id, post.forum.name, post.number)
        facts = {"title": post.head.title}
        events.append(Event(str(user.pk), kind, "", url, post.author.id, *where, facts=facts))
    return events


def _quoted(post: _Post) -> Iterator[str]:
    """Whose posts are quoted. One read for each."""
    for thread_id, number in markup.quoted(post.body):
        try:
            here = thread_id == post.head.id
            yield (posts.get_post_of(post.head, number) if here else posts.get_post(thread_id, number)).user_id
        except NotFound:
            continue


def _readers(post: _Post, names: set[str], kinds: dict[str, str]) -> list[tuple[User, str]]:
    """Of the members whom a post mentions by these names, and of those whom it concerns otherwise (how, by id), those
    who may read the forum, with how it concerns them; but not the post's author, nor anybody who is suspended."""
    found = _present(post.forum, Q(lower__in=names) | Q(pk__in=kinds))
    mentioned = {user.pk for user in found if user.username.lower() in names}
    if missing := names - {user.username.lower() for user in found}:
        # What nobody is called may be a name that somebody had, and that leads to them.
        had = set(FormerName.objects.filter(name__in=missing).values_list("user_id", flat=True))
        found += _present(post.forum, Q(pk__in=had - {user.pk for user in found})) if had else []
        mentioned |= had
    told = [user for user in found if str(user.pk) != post.author.id and not user.suspended]
    return [(user, MENTION if user.pk in mentioned else kinds[str(user.pk)]) for user in told]


def _present(forum: ForumRules, wanted: Q) -> list[User]:
    """Of the members that are wanted (by `pk`, or their name in small letters, `lower`) those who may read the forum,
    and whose account is not closed. One SQL query, and in a private forum some more for each."""
    named = User.objects.annotate(lower=Lower("username"))
    found = list(named.filter(wanted, is_active=True).order_by("pk"))
    return found if forum.public else [user for user in found if can_read(_reader(user), forum)]


def _reader(user: User) -> Reader:
    """As far as it matters for what the member may read."""
    everywhere = user.is_staff and user.has_perm("forum.moderate_forum")
    return Reader(str(user.pk), user.username, user.is_staff, user.group_ids, moderates_all=everywhere)
