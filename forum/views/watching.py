"""Watching: the buttons on threads and forums, and the page of what is new in what a member watches."""

from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forum import links, readers
from forum import watched as watched_threads
from forum.actions import watching
from forum.errors import Unavailable
from forum.readers import Basis
from forum.tables import threads, watches
from forum.tables.keys import read_thread_cursor
from forum.tables.watches import LEVELS, MUTED, NORMAL, WATCHING
from forum.watched import Watched

from .notifications import filters
from .places import removed
from .returning import came_from
from .rows import ForumRow, Row, forum_row

if TYPE_CHECKING:
    from .holes import Reading

MOST_LEVELS = 20_000
# What the button says, and of what it changes in a thread and in a forum.
LABELS = {
    WATCHING: gettext_noop("Watching"),
    NORMAL: gettext_noop("Not watching"),
    MUTED: gettext_noop("Muted"),
}
IN_THREAD = {
    WATCHING: gettext_noop("New posts are listed among your watched threads."),
    NORMAL: gettext_noop("You are told when somebody speaks to you."),
    MUTED: gettext_noop("You are told nothing of this thread."),
}
IN_FORUM = {
    WATCHING: gettext_noop("New posts in all its threads are listed among your watched threads."),
    NORMAL: gettext_noop("You are told when somebody speaks to you."),
    MUTED: gettext_noop("You are told nothing of this forum, but of threads you watch."),
}
SAID = {
    WATCHING: gettext_noop("You watch “%(title)s” now."),
    NORMAL: gettext_noop("You do not watch “%(title)s” any more. You are told when somebody speaks to you."),
    MUTED: gettext_noop("“%(title)s” is muted: you are told nothing of it."),
}

_FORUM_LINK = '<a class="thread-bar-link" href="/f/{}/watch/" rel="nofollow"><span>{}</span></a>'

# How members watch what they have looked at, as of a generation of their account and of the site.
_levels: dict[tuple[str, str, tuple[str, ...]], str] = {}


# -- Buttons --------------------------------------------------------------------------------------


def thread_watch(reading: "Reading", name: str, thread_id: str) -> str:
    if not reading.reader.signed_in:
        return ""
    level = _level(reading.basis, watches.of_thread(thread_id))
    shown = _button_words(level)
    ways = _ways(level, IN_THREAD)
    return reading.show("watch", action=f"/f/{name}/{thread_id}/watch/", shown=shown, level=level, ways=ways)


def forum_watch(reading: "Reading", name: str) -> str:
    """A link alone: a browser asks for the lists of threads again and again, and a page with a form is no page
    that it can be told to still have."""
    if not reading.reader.signed_in:
        return ""
    level = _level(reading.basis, watches.of_forum(name))
    return _FORUM_LINK.format(name, escape(_button_words(level)))


def _button_words(level: str) -> str:
    return pgettext("verb", "Watch") if level == NORMAL else _(LABELS[level])


def _ways(level: str, says: dict[str, str]) -> list[tuple[str, str, str, bool]]:
    return [(each, _(LABELS[each]), _(says[each]), each == level) for each in LEVELS]


def _level(basis: Basis, item: str) -> str:
    """How the reader watches it: one GetItem, and none while the process has it and the account stands."""
    account = basis.account
    key = (basis.user_id, item, account.generations[:2]) if account and "" not in account.generations[:2] else None
    if key is not None and key in _levels:
        return _levels[key]
    try:
        level = watches.get_level(basis.reader.id, item)
    except Unavailable:
        return NORMAL
    if key is not None:
        if len(_levels) >= MOST_LEVELS:
            _levels.clear()
        _levels[key] = level
    return level


@require_POST
def watch_thread(request: HttpRequest, name: str, thread_id: str) -> HttpResponse:
    basis = readers.fresh(request)
    basis.directory.get(name, basis.reader)
    head = threads.get_thread(name, thread_id)
    if head.moved_to:
        return HttpResponseRedirect(links.post(thread_id, 1))
    if head.deleted:
        raise removed(name)
    level = request.POST.get("level", "")
    watching.watch_thread(basis.reader, head, level)
    messages.success(request, _(SAID[level]) % {"title": head.title})
    return HttpResponseRedirect(came_from(request, links.thread(head)))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def watch_forum(request: HttpRequest, name: str) -> HttpResponse:
    """The ways to watch a forum, and choosing one."""
    basis = readers.fresh(request)
    forum = basis.directory.get(name, basis.reader)
    if request.method != "POST":
        ways = _ways(watches.get_level(basis.reader.id, watches.of_forum(name)), IN_FORUM)
        return render(request, "forum/watch_forum.html", {"forum": forum_row(forum), "ways": ways})
    level = request.POST.get("level", "")
    watching.watch_forum(basis.reader, name, level)
    messages.success(request, _(SAID[level]) % {"title": forum.title})
    return HttpResponseRedirect(links.forum(name))


# -- What is new ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WatchedRow(Row):
    """A watched thread; `news` is how many posts are new in words, "" for none, and `url` leads to the first."""

    title: str
    url: str
    forum: ForumRow
    last_activity: datetime
    news: str
    muted: bool


@require_safe
@login_required
def watched(request: HttpRequest) -> HttpResponse:
    """The threads that a member watches, those with new posts first."""
    before = read_thread_cursor(request.GET.get("before", ""))
    basis = readers.fresh(request)
    found, levels, last = watched_threads.page(basis.directory, basis.reader, before)
    known = watched_threads.forums_of(basis.directory, basis.reader, levels)
    context = {
        "rows": [_row(each, forum_row(basis.directory.forums[each.head.forum])) for each in found],
        "forums": [(forum_row(rules), levels[rules.name]) for rules in known],
        "older_url": f"{request.path}?before={last}" if last else "",
        "newest_url": request.path if before else "",
        "filters": filters(),
        "watched_news": 0 if before else sum(bool(each.unread) for each in found),
    }
    return render(request, "forum/watched.html", context)


def _row(each: Watched, forum: ForumRow) -> WatchedRow:
    return WatchedRow(each.head.title, each.url, forum, each.head.last_activity, each.words, each.muted)
