"""What a member has been told, newest first, and taking it as read. One Query, and one SQL query for names; the number
of watched threads with news costs what these do (`forum.watched`)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forum import readers, told, watched
from forum.actions import notes
from forum.actions.notes import GATHERED
from forum.errors import BadRequest, Unavailable
from forum.permissions import MESSAGES, Reader
from forum.readers import Basis
from forum.tables import members
from forum.tables.inbox import MOST_PEOPLE
from forum.tables.keys import cursor, read_cursor
from forum.tables.members import Item, Notes
from forum.told import LIKE, MENTION, MESSAGE, QUOTE, REPLY, SOLVED

from .rows import Author, Authors, Row

PER_PAGE = 30
# With a filter so many notes are looked through for a page, by as many at once.
LOOKS, LOOK = 4, 90
# What is drawn beside a note, by its kind.
ICONS = {
    "warn": "warning",
    "silence": "lock",
    "unsilence": "check",
    "unsuspend": "check",
    "trust": "people",
    SOLVED: "check",
    QUOTE: "quote",
    MENTION: "at",
    LIKE: "heart",
    MESSAGE: "mail",
    REPLY: "reply",
}
UNREADABLE = gettext_noop("did something in a forum that you can no longer read")
UNREADABLE_ACT = gettext_noop("Something happened to a post of yours, in a forum that you can no longer read.")

Picks = Callable[[Notes, Item], bool]
# The filters: name in the address, words, which notes they show.
FILTERS: dict[str, tuple[str, Picks]] = {
    "": (gettext_noop("All"), lambda found, note: True),
    "unread": (gettext_noop("Unread"), lambda found, note: found.is_unread(note)),
    "replies": (gettext_noop("Replies"), lambda found, note: note.kind == REPLY),
    "quotes": (gettext_noop("Quotes"), lambda found, note: note.kind == QUOTE),
    "messages": (gettext_noop("Messages"), lambda found, note: note.kind == MESSAGE),
    "mentions": (gettext_noop("Mentions"), lambda found, note: note.kind == MENTION),
    "likes": (gettext_noop("Likes"), lambda found, note: note.kind in (LIKE, SOLVED)),
    "moderation": (gettext_noop("Moderation"), lambda found, note: note.kind not in GATHERED),
}


@dataclass(frozen=True, slots=True)
class NoteRow(Row):
    """A note; `author` is None where nobody in particular did it, `others` says who else did, `url` is "" where it
    leads nowhere, `read_url` where it is taken as read by itself."""

    text: str
    url: str
    read_url: str
    icon: str
    author: Author | None
    others: str
    created: datetime
    unread: bool


@require_safe
@login_required
def notifications(request: HttpRequest) -> HttpResponse:
    before, show = request.GET.get("before", ""), request.GET.get("show", "")
    if show not in FILTERS:
        raise BadRequest(
            _("There is no such list of notifications."), [(_("All notifications"), reverse("notifications"))]
        )
    # Read anew where it has changed, for the number at the member's name.
    basis = readers.fresh(request)
    found, oldest = list_shown(basis.reader.id, show, read_cursor(before) if before else "")
    newest_url = f"{request.path}?show={show}" if show else request.path
    context = {
        "notes": _rows(found, basis),
        "filters": filters(show),
        "show": show,
        # All that this page has shown is read; what comes meanwhile is not.
        "newest": cursor(found.notes[0].timestamp) if found.notes and not before and not show else "",
        "unread": found.unread,
        "older_url": f"{newest_url}{'&' if show else '?'}before={cursor(oldest)}" if oldest else "",
        "newest_url": newest_url if before else "",
        "watched_news": watched.count(basis.directory, basis.reader),
    }
    return render(request, "forum/notifications.html", context)


def filters(show: str | None = None) -> list[tuple[str, str, bool]]:
    """The lists of notes: address, words, whether it is the one shown."""
    url = reverse("notifications")
    return [(f"{url}?show={name}" if name else url, _(words), name == show) for name, (words, __) in FILTERS.items()]


def list_shown(user_id: str, show: str, before: str) -> tuple[Notes, str]:
    """A page of the notes that a filter shows, and what it goes on from, "" at the end. One Query without a filter,
    and at most LOOKS with one: a page may hold few notes, or none, although there are older ones."""
    if not show:
        found = members.list_notes(user_id, PER_PAGE, before)
        return found, found.notes[-1].timestamp if found.more else ""
    picks, picked = FILTERS[show][1], []
    for __ in range(LOOKS):
        found = members.list_notes(user_id, LOOK, before)
        for note in found.notes:
            before = note.timestamp
            if picks(found, note):
                picked.append(note)
            if len(picked) == PER_PAGE:
                break
        if len(picked) == PER_PAGE or not found.more:
            break
    more = bool(found.notes) and (found.more or before != found.notes[-1].timestamp)
    return replace(found, notes=picked, more=more), before if more else ""


@require_POST
@login_required
def mark_read(request: HttpRequest) -> HttpResponse:
    """Take all notes as read up to the one that the page showed as the newest."""
    notes.mark_read(readers.fresh(request).reader, read_cursor(request.POST.get("newest", "")))
    return redirect(reverse("notifications"))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def open_note(request: HttpRequest, note: str) -> HttpResponse:
    """Take a note as read and lead to what it tells of, also where it cannot be taken as read just now; a form leads
    back to the list instead. Where other things have been added to the note since, it stands on top of the list."""
    reader, timestamp = readers.fresh(request).reader, read_cursor(note)
    if request.method == "HEAD" or "prefetch" in request.headers.get("Sec-Purpose", ""):
        # Nobody has seen it: a browser fetches it only in case its user goes there.
        return redirect(reverse("notifications"))
    try:
        found = notes.open_note(reader, timestamp)
    except Unavailable:
        if request.method == "POST":
            raise
        found = members.get_note(reader.id, timestamp)
    if request.method == "POST" or found is None or not found.url:
        return redirect(reverse("notifications"))
    return redirect(found.url)


def _rows(found: Notes, basis: Basis) -> list[NoteRow]:
    """The notes with the names of those who did what they tell of, but for what only ignored members did."""
    shown = heard(found, basis.reader)
    names = {people[0] for __, people in shown if people}
    authors = Authors(names) if names else None
    # Of a conversation only those are told who take part in it.
    readable = {MESSAGES, *(rules.name for rules in basis.directory.readable(basis.reader))}
    return [
        _row(note, people, found.is_unread(note), authors, not note.forum or note.forum in readable)
        for note, people in shown
    ]


def heard(found: Notes, reader: Reader) -> list[tuple[Item, list[str]]]:
    """The notes with the ids of those who did what they tell of, but for members whom the reader ignores, and what
    only these did."""
    done = [
        (note, [each for each in note.people or [note.by] if each and each not in reader.ignored])
        for note in found.notes
    ]
    return [(note, people) for note, people in done if people or not note.by]


def _row(note: Item, people: list[str], unread: bool, authors: Authors | None, readable: bool) -> NoteRow:
    own = reverse("open_note", args=[cursor(note.timestamp)])
    url = (own if unread else note.url) if note.url and readable else ""
    return NoteRow(
        text=told.sentence(note, len(people)) if readable else _(UNREADABLE if note.by else UNREADABLE_ACT),
        url=url or "",
        read_url=own if unread else "",
        icon=ICONS.get(note.kind or "", "bell"),
        author=authors[people[0]] if authors and people else None,
        others=_others(len(people)),
        created=note.created,
        unread=unread,
    )


def _others(people: int) -> str:
    """Who else: "and 3 others"."""
    if people < 2:
        return ""
    shown = {"number": f"{people - 1}{'+' if people == MOST_PEOPLE else ''}"}
    return ngettext("and %(number)s other", "and %(number)s others", people - 1) % shown
