"""Unread marks: what goes into the holes of pages, where they lead, and marking all as read.

A page asks for the marks of all its threads at once, before its holes are filled: in one round trip, or from this
process's memory. A page of a thread moves the reader's mark to its last post as it does so; its
holes show how things stood before.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from forum import links, readers, reads, wording
from forum.actions import remembering
from forum.errors import SignInNeeded, Unavailable
from forum.holes import Hole
from forum.permissions import Reader
from forum.reads import NEWS, Marks
from forum.tables import posts, threads, watches
from forum.tables.threads import Thread

from .places import removed

if TYPE_CHECKING:
    from .holes import Reading

# Where in a request's META the marks wait for the holes.
META = "forum.seen"
# The holes that show something of a thread in a list; each begins with the thread's forum and id.
LISTED = ("unread", "unread_dot")
_LINE = '<p class="unread-line"><span>{}</span></p>'
_DOT = '<span class="unread-dot" title="{}"><span class="visually-hidden">{}</span></span> '
_BADGE = '<a class="unread-badge" href="/f/{}/{}/unread/">{}</a>'


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page is filled with: the reader's marks, None where they are not known, or nobody is to be shown any.

    `silent` are the threads of a list that show no badge, since they or their forums are muted.
    Of a thread, `first` is the number of the first post that was not read, 0 where there is none or nobody knows;
    `behind` says that the mark has not been where the page ends. `rests` says that the page shows marks: it may be
    given to the same reader again while it `lasts`. `told` is all that the page says of them.
    """

    marks: Marks | None = None
    rests: bool = False
    first: int = 0
    behind: bool = False
    told: tuple[int, ...] = ()
    silent: frozenset[str] = frozenset()

    def lasts(self) -> bool:
        """Whether the page stays right until this process is told of other marks, and no visit remains to be noted."""
        return not self.behind and self.marks is not None and reads.known.alive() and self.marks.stands()


NOTHING = Seen()


def prepare(request: HttpRequest, reader: Reader, page: Sequence[Hole]) -> Seen:
    """The marks that the holes of a page need: asked for once, before they are filled."""
    known: tuple[Sequence[Hole], Seen] | None = request.META.get(META)
    if known is None or known[0] is not page:
        known = request.META[META] = page, _asked(request, reader, page)
    return known[1]


def seen(request: HttpRequest) -> Seen:
    """What has been prepared."""
    found: Seen = request.META[META][1]
    return found


def _asked(request: HttpRequest, reader: Reader, page: Sequence[Hole]) -> Seen:
    """The marks for the holes of a page, in at most one round trip. A page of a thread moves the mark of whoever
    reads it, which costs another where there was something new."""
    visit = next((arguments for name, arguments in page if name == "first_unread"), None)
    listed = [arguments for name, arguments in page if name in LISTED]
    if not reader.signed_in or not (visit or listed):
        return NOTHING
    if visit is None:
        marks = reads.look(reader.id, reader.joined, [(forum, thread_id) for forum, thread_id, *_ in listed])
        told = tuple(_unread(marks, *arguments) for arguments in listed)
        return Seen(marks, rests=True, told=told, silent=_silent(reader, listed))
    forum, thread_id, __, last = visit[:4]
    written = _written(page, last) if last != visit[4] else 0
    if not looks(request):
        marks = reads.look(reader.id, reader.joined, [(forum, thread_id)])
    else:
        marks = reads.visit(
            reader.id, reader.joined, forum, thread_id, int(last), written=written, noted=bool(reader.notes)
        )
    behind = marks is not None and not marks.covers(forum, thread_id, int(last), written)
    first = _first(marks, visit, page) if marks else 0
    return Seen(marks, True, first, behind, told=(first,))


def _written(page: Sequence[Hole], number: str) -> int:
    """When the post with this number on the page was written (us), 0 where it is not there."""
    shown = (arguments[1] for name, arguments in page if name == "unread_line" and arguments[0] == number)
    return next((reads.moment(datetime.fromisoformat(each)) for each in shown), 0)


def _silent(reader: Reader, listed: Sequence[Sequence[str]]) -> frozenset[str]:
    """The threads of a list that are muted, or in a muted forum and not watched. One BatchGetItem for who has muted a
    forum and looks at its threads."""
    silent = {thread_id for __, thread_id, *___ in listed if thread_id in reader.muted}
    in_muted = {thread_id for forum, thread_id, *__ in listed if forum in reader.muted}
    if in_muted:
        with suppress(Unavailable):
            in_muted -= watches.watched_among(reader.id, in_muted)
    return frozenset(silent | in_muted)


def looks(request: HttpRequest) -> bool:
    """Whether somebody looks at the page: a browser may fetch it only in case its user goes there, and an open page
    (`live.js`) for the posts that have changed."""
    if request.headers.get("X-Requested-With") == "renewal":
        return False
    return request.method == "GET" and "prefetch" not in request.headers.get("Sec-Purpose", "")


def _unread(marks: Marks | None, forum: str, thread_id: str, last: str, last_activity: str) -> int:
    return marks.unread(forum, thread_id, int(last), datetime.fromisoformat(last_activity)) if marks else 0


def _first(marks: Marks, visit: Sequence[str], page: Sequence[Hole]) -> int:
    """The first unread post of a thread that was opened before; else the first on this page that is newer than
    what counts as read, if it comes after one that is not."""
    forum, thread_id, __, __, last, last_activity = visit
    unread = _unread(marks, forum, thread_id, last, last_activity)
    if unread != NEWS:
        return int(last) - unread + 1 if unread else 0
    shown = [(int(arguments[0]), arguments[1]) for name, arguments in page if name == "unread_line"]
    since = marks.watermark(forum)
    news = (
        number for (_, before), (number, at) in pairwise(shown) if _before(before, since) and not _before(at, since)
    )
    return next(news, 0)


def _before(written: str, moment: int) -> bool:
    return reads.moment(datetime.fromisoformat(written)) <= moment


# -- Holes ----------------------------------------------------------------------------------------


def unread(reading: "Reading", forum: str, thread_id: str, last: str, last_activity: str) -> str:
    """How much is new in a thread of a list, as a link to the first of it; nothing of what is muted."""
    if thread_id in seen(reading.request).silent:
        return ""
    number = _unread(seen(reading.request).marks, forum, thread_id, last, last_activity)
    if not number:
        return ""
    return _BADGE.format(forum, thread_id, _new_posts(number))


def _new_posts(number: int) -> str:
    """How many posts are new, as HTML: the noun is for those who hear it."""
    if number == NEWS:
        return _('New<span class="visually-hidden"> posts</span>')
    said = ngettext(
        '%(number)s new<span class="visually-hidden"> post</span>',
        '%(number)s new<span class="visually-hidden"> posts</span>',
        number,
    )
    return said % {"number": wording.number(number)}


def unread_dot(reading: "Reading", forum: str, thread_id: str, last: str, last_activity: str) -> str:
    """The same where there is room for a dot alone."""
    if thread_id in seen(reading.request).silent:
        return ""
    if not _unread(seen(reading.request).marks, forum, thread_id, last, last_activity):
        return ""
    return _DOT.format(escape(_("Unread")), escape(_("Unread:")))


def first_unread(
    reading: "Reading", forum: str, thread_id: str, first: str, last_shown: str, last: str, last_activity: str
) -> str:
    """The link to the first unread post, in the bar of its thread's pages."""
    number = seen(reading.request).first
    if not number:
        return ""
    here = int(first) <= number <= int(last_shown)
    page = "" if here else links.numbered(reading.request.path, links.page_of(number))
    return reading.show("first_unread", url=f"{page}#post-{number}")


def unread_line(reading: "Reading", number: str, written: str) -> str:
    if int(number) != seen(reading.request).first:
        return ""
    return _LINE.format(escape(_("New since your last visit")))


def mark_read(reading: "Reading", forum: str = "") -> str:
    """The button by which all counts as read, in one forum or in all."""
    if not reading.reader.signed_in:
        return ""
    return reading.show("mark_read", action=f"/f/{forum}/read/" if forum else "/read/")


FILLERS = (unread, unread_dot, first_unread, unread_line, mark_read)


# -- Where they lead ------------------------------------------------------------------------------


@require_safe
def go_to_unread(request: HttpRequest, name: str, thread_id: str) -> HttpResponse:
    """Lead to the first post of a thread that the reader has not read, or to the last. One GetItem and one round
    trip; of a thread that was not opened before, some Queries."""
    basis = readers.fresh(request)
    basis.directory.get(name, basis.reader)
    head = threads.get_thread(name, thread_id)
    if head.moved_to:
        return HttpResponseRedirect(links.post(thread_id, 1))
    if head.deleted:
        raise removed(name)
    reader = basis.reader
    marks = reads.look(reader.id, reader.joined, [(name, thread_id)]) if reader.signed_in else None
    number = _first_unread(head, marks) if marks else 1
    return HttpResponseRedirect(links.place(head, number) if number > 1 else links.thread(head))


def _first_unread(head: Thread, marks: Marks) -> int:
    last = int(head.last_post_number)
    unread = marks.unread(head.forum, head.id, last, head.last_activity)
    if unread != NEWS:
        return min(last - unread + 1, last)
    since = marks.watermark(head.forum)
    return 1 if reads.moment(head.created) > since else _first_after(head, since)


def _first_after(head: Thread, moment: int) -> int:
    """The first post that was written after a moment, or the last. As many Queries as it takes to halve the pages
    until one is left; news are most often on the last page, so that comes first."""
    low, high = 1, links.page_of(int(head.last_post_number))
    middle = high
    while low < high:
        first = (middle - 1) * links.POSTS_PER_PAGE + 1
        if any(True for __ in _until(head, first, first, moment)):
            low = middle
        else:
            high = middle - 1
        middle = (low + high + 1) // 2
    first = (low - 1) * links.POSTS_PER_PAGE + 1
    known = list(_until(head, first, first + links.POSTS_PER_PAGE - 1, moment))
    return min(max(known, default=first - 1) + 1, int(head.last_post_number))


def _until(head: Thread, first: int, last: int, moment: int) -> Iterator[int]:
    """The numbers of those posts that were written until a moment. One Query."""
    found = posts.list_of_thread(head, first, last)
    return (int(post.number) for post in found if reads.moment(post.created) <= moment)


# -- Marking all as read --------------------------------------------------------------------------


@require_POST
def mark_all_read(request: HttpRequest) -> HttpResponse:
    basis = readers.fresh(request)
    _require_member(basis.reader)
    remembering.mark_all(basis.reader, basis.directory.readable(basis.reader))
    return HttpResponseRedirect("/")


@require_POST
def mark_forum_read(request: HttpRequest, name: str) -> HttpResponse:
    basis = readers.fresh(request)
    rules = basis.directory.get(name, basis.reader)
    _require_member(basis.reader)
    remembering.mark_all(basis.reader, [rules], name)
    return HttpResponseRedirect(links.forum(name))


def _require_member(reader: Reader) -> None:
    if not reader.signed_in:
        raise SignInNeeded(_("Please sign in: what you have read is remembered for members."))
