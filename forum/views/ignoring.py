"""Ignoring a member: what goes into the holes of pages for it, the page where one does it, and the list with undo.

Every post and every row of a list that is kept for all readers has a hole for it. It is empty for nearly everybody,
and then costs a look into an empty set; what is ignored is folded away or hidden, and not sent another way.
"""

from html import escape
from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from forum import links, readers
from forum.actions import ignoring
from forum.errors import NotFound
from forum.models import User
from forum.tables import ignores
from forum.tables.keys import time_of

from .returning import on_this_site
from .rows import Authors

if TYPE_CHECKING:
    from .holes import Reading

_OPEN = '<details class="ignored-post"><summary>{}</summary>'
_LINK = '<a href="/members/{}/ignore/" rel="nofollow">{}</a>'


# -- Holes ----------------------------------------------------------------------------------------


def ignored_post(reading: "Reading", author_id: str) -> str:
    """Before a post in its thread: it is folded into one line that opens."""
    if author_id not in reading.reader.ignored:
        return ""
    return _OPEN.format(escape(_("Post by an ignored member")))


def ignored_end(reading: "Reading", author_id: str) -> str:
    """After it."""
    return "</details>" if author_id in reading.reader.ignored else ""


def ignored_row(reading: "Reading", author_id: str) -> str:
    """In the tag of a thread in a list, or a post among those of many threads: it is not shown."""
    return " hidden" if author_id in reading.reader.ignored else ""


def ignored_name(reading: "Reading", author_id: str) -> str:
    """In the class of what names a member beside something of somebody else's: the name is not shown."""
    return " names-ignored" if author_id in reading.reader.ignored else ""


def ignored_quote(reading: "Reading", name: str) -> str:
    """In the class of a quotation of a member's words: the style sheet says so in their place."""
    if name.lower() not in reading.reader.ignored_names:
        return ""
    # The class ends here, and the quotation mark after the hole ends the words.
    words = escape(_("Words of an ignored member"))
    return f' is-ignored" data-ignored="{words}'


FILLERS = (ignored_post, ignored_end, ignored_row, ignored_name, ignored_quote)


def link(reading: "Reading", author_id: str) -> str:
    """The way to ignoring the author of a post, for members; nobody can ignore a pseudonym."""
    if not reading.reader.signed_in or author_id == reading.reader.id or author_id.startswith("-"):
        return ""
    word = _("Ignored") if author_id in reading.reader.ignored else _("Ignore")
    return _LINK.format(author_id, escape(word))


# -- Doing it -------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def ignore(request: HttpRequest, pk: int) -> HttpResponse:
    """What ignoring a member means, with the button to do it, or to undo it. `next` is where to go back to."""
    basis = readers.fresh(request)
    user = User.objects.filter(pk=pk, is_active=True).first()
    if user is None:
        raise NotFound(_("There is no such member."))
    page, on = links.member(user.username), str(pk) in basis.reader.ignored
    forums = basis.directory.forums.values()
    if request.method != "POST":
        if not on:
            ignoring.require_ignoring(basis.reader, readers.reader_of(user), forums)
        context = {"member": user, "on": on, "back_url": _back(request, request.META.get("HTTP_REFERER", ""), page)}
        return render(request, "forum/ignore.html", context)
    if request.POST.get("on") == "0":
        ignoring.stop_ignoring(basis.reader, str(pk))
        messages.success(request, _("You see again what %(username)s writes.") % {"username": user.username})
    else:
        ignoring.ignore(basis.reader, readers.reader_of(user), forums)
        messages.success(
            request, _("You ignore %(username)s now. Your settings list whom you ignore.") % {"username": user.username}
        )
    return HttpResponseRedirect(_back(request, request.POST.get("next", ""), page))


def _back(request: HttpRequest, url: str, otherwise: str) -> str:
    """Where somebody came from, if it is a page of this site, and not this one."""
    back = on_this_site(request, url, otherwise)
    return otherwise if back.endswith(request.path) else back


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def ignored(request: HttpRequest) -> HttpResponse:
    """Whom the reader ignores, and undoing it, also of those who are gone. One Query, one SQL query."""
    reader = readers.fresh(request).reader
    if request.method == "POST":
        ignoring.stop_ignoring(reader, request.POST.get("member", "")[:20])
        messages.success(request, _("You see again what they write."))
        return HttpResponseRedirect(reverse("ignored"))
    found = ignores.list_ignored(reader.id)
    authors = Authors(found)
    rows = [(user_id, authors[user_id], time_of(at) if at else None) for user_id, at in found.items()]
    return render(request, "account/ignored.html", {"rows": rows})
