"""What helps while somebody writes: drafts, and the names of members.

The reply form stands in a page that is kept, so a draft cannot be part of it: the script asks for it when
somebody goes to write, and pages of their own (a new thread, `…/reply/`) bring it along. Without the script no
draft is ever saved, but all are listed at /drafts/, with the way to their forms.
"""

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forum import markup, readers
from forum.actions import drafting, pace
from forum.directory import Directory
from forum.errors import NotFound, SignInNeeded, Unavailable
from forum.forms import refuse_nul
from forum.models import User
from forum.permissions import Reader
from forum.tables import drafts
from forum.tables.drafts import Draft

from .rows import Row

EXCERPT = 240
NAMES_MOST = 8
NAME_SECONDS = 60
# What the script puts into a form's field `draft`: that there is one, in the browser alone or here as well.
STORED = "stored"
ARRIVED = "posted"


@dataclass(frozen=True, slots=True)
class DraftRow(Row):
    """A draft in the list: `where` says what it is, `path` is its form, and also its name."""

    where: str
    title: str
    excerpt: str
    path: str
    saved: datetime


@require_http_methods(["GET", "HEAD", "POST"])
def drafts_page(request: HttpRequest) -> HttpResponse:
    """A member's drafts: all as a page, one (`?path=`) as JSON; and saving one (`path`, `heading`, `text`, and more of
    its form's fields by their own names)."""
    basis = readers.fresh(request)
    if not basis.reader.signed_in:
        raise SignInNeeded(_("Please sign in to keep drafts."))
    if request.method == "POST":
        sent = request.POST
        more = {name: sent[name] for name in drafts.MORE if sent.get(name)}
        drafting.save(basis.reader, sent.get("path", ""), sent.get("heading", ""), sent.get("text", ""), more)
        return HttpResponse(status=204)
    if path := request.GET.get("path", ""):
        found = drafts.get_draft(basis.reader.id, path)
        return JsonResponse({"draft": found and _as_json(found)})
    rows = [_row(draft, basis.directory, basis.reader) for draft in drafts.list_drafts(basis.reader.id)]
    return render(request, "forum/drafts.html", {"drafts": rows})


def _as_json(draft: Draft) -> dict[str, Any]:
    saved = int(draft.saved.timestamp() * 1000)
    return {"title": draft.title, "body": draft.body, "more": draft.more, "saved": saved}


def _row(draft: Draft, directory: Directory, reader: Reader) -> DraftRow:
    """No thread is asked for: the words of the draft tell more than its title would."""
    match = drafting.PATH.fullmatch(draft.path)
    forum, thread_id, number = match.groups() if match else ("", "", "")
    what, where = {"number": number}, ""
    with suppress(NotFound):
        where = directory.get(forum, reader).title
    if number:
        said = _("An edit of post #%(number)s in %(forum)s") if where else _("An edit of post #%(number)s")
    elif thread_id:
        said = _("A reply in %(forum)s") if where else _("A reply")
    elif drafting.MESSAGE_PATH.fullmatch(draft.path):
        said = _("A message")
    else:
        said = _("A new thread in %(forum)s") if where else _("A new thread")
    return DraftRow(
        said % (what | {"forum": where}), draft.title, markup.plain(draft.body, EXCERPT), draft.path, draft.saved
    )


@require_POST
def discard_draft(request: HttpRequest) -> HttpResponse:
    """Forget a draft: a button of the list, and of the form that it stands in."""
    drafting.discard(readers.fresh(request).reader, request.POST.get("path", ""))
    if request.headers.get("X-Requested-With"):
        return HttpResponse(status=204)
    messages.success(request, _("The draft is gone."))
    return HttpResponseRedirect(reverse("drafts"))


def begun(reader: Reader, path: str) -> dict[str, Any]:
    """The draft of this form as its initial fields; empty where there is none, or nobody can say. One GetItem."""
    with suppress(Unavailable):
        if found := drafts.get_draft(reader.id, path):
            return {**found.more, "title": found.title, "body": found.body, "draft": STORED}
    return {}


def arrived(request: HttpRequest, reader: Reader, response: HttpResponse) -> HttpResponse:
    """Forget the draft of what has been stored, if the form says that there was one, and tell the script so: in a
    cookie, since the page that comes next is the same for all."""
    draft = request.POST.get("draft")
    if draft == STORED:
        drafting.arrived(reader, request.path)
    if draft:
        response.set_cookie(
            ARRIVED, quote(request.path, safe=""), max_age=120, secure=request.is_secure(), samesite="Lax"
        )
    return response


@require_safe
def mention(request: HttpRequest) -> HttpResponse:
    """Names that begin with `q`, for who types an @, but of nobody they ignore: `{"names": […]}`. One SQL query, by the
    index that keeps names apart; browsers may keep the answer for a minute."""
    refuse_nul(request.GET)
    basis = readers.fresh(request)
    start = request.GET.get("q", "").lower()[:30]
    names: list[str] = []
    if basis.reader.signed_in and start and start.isascii():
        pace.take_if_counted("names", basis.reader, str(time.time_ns()))
        # Whatever the order of the database, names with one beginning stand together, from that beginning on.
        found = User.objects.annotate(small=Lower("username")).filter(small__gte=start, is_active=True)
        found = found.order_by("small").values_list("username", flat=True)[
            : NAMES_MOST + len(basis.reader.ignored_names)
        ]
        found = (name for name in found if name.lower() not in basis.reader.ignored_names)
        names = [name for name in found if name.lower().startswith(start)][:NAMES_MOST]
    answer = JsonResponse({"names": names})
    answer["Cache-Control"] = f"private, max-age={NAME_SECONDS}"
    return answer
