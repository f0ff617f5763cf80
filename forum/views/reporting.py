"""Reporting a post, and the page of one's own texts that wait for approval."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forum import kept, links, markup, readers
from forum.actions import reporting, waiting
from forum.errors import NotFound, SignInNeeded, Throttled
from forum.forms import ReportForm
from forum.permissions import ForumRules
from forum.tables import cases, posts, threads
from forum.tables.keys import Nonce
from forum.tables.posts import Post
from forum.tables.threads import Thread

from .places import place, removed
from .posting import INVALID, refused
from .rows import Authors, forum_row, post_row, thread_rows


@require_http_methods(["GET", "HEAD", "POST"])
def report_post(request: HttpRequest, name: str, thread_id: str, number: int) -> HttpResponse:
    """The form with the post quoted. GetItem of the head and of the post, and what reporting takes."""
    reader, forum = place(request, name)
    if not reader.signed_in:
        raise SignInNeeded(_("Please sign in to report a post."))
    head = threads.get_thread(name, thread_id)
    if head.deleted:
        raise removed(name)
    post = posts.get_post_of(head, number)
    reporting.require_reporting(reader, forum, head, post)
    if request.method != "POST":
        return _report_page(request, forum, head, post, ReportForm(initial=kept.fields(request, reader.id)))
    form = ReportForm(request.POST)
    if not form.is_valid():
        return _report_page(request, forum, head, post, form, INVALID)
    try:
        reporting.report(reader, forum, head, post, form.reason)
    except Throttled as throttled:
        return refused(request, "forum/report.html", form, throttled, **_context(forum, head, post))
    messages.success(request, _("Thank you for your report. A moderator will look at the post, and you will be told."))
    # With enough reports the thread may be hidden now.
    now = threads.get_thread(name, thread_id)
    return HttpResponseRedirect(links.forum(name) if now.deleted else links.place(now, number))


def _report_page(
    request: HttpRequest, forum: ForumRules, head: Thread, post: Post, form: ReportForm, status: int = 200
) -> HttpResponse:
    return render(request, "forum/report.html", {"form": form, **_context(forum, head, post)}, status=status)


def _context(forum: ForumRules, head: Thread, post: Post) -> dict[str, Any]:
    row = forum_row(forum)
    return {
        "forum": row,
        "thread": thread_rows([(head, row)])[0],
        "post": post_row(post, Authors([post.user_id])),
        "back": links.place(head, int(post.number)),
    }


# -- Texts that wait for approval -----------------------------------------------------------------


@require_safe
def pending(request: HttpRequest) -> HttpResponse:
    """What one sent and moderators look at first, with what became of it. One Query, one BatchGetItem."""
    basis = readers.fresh(request)
    if not basis.reader.signed_in:
        raise SignInNeeded(_("Please sign in to see your posts that wait for approval."))
    rows = []
    for item, case in cases.list_pending(basis.reader.id):
        nonce = Nonce(item.item.removeprefix(cases.PENDING))
        waits = case is not None and bool(case.open_in)
        rows.append(
            {
                "title": case.title if case else "",
                "html": markup.render(case.body or "") if case else "",
                "sent": nonce.issued,
                "waits": waits,
                "state": item.kind,
                "text": item.text if not waits else "",
                "url": item.url,
                "withdraw_url": reverse("withdraw", args=[nonce.text]) if waits else "",
            }
        )
    return render(request, "forum/pending.html", {"texts": rows})


@require_POST
def withdraw(request: HttpRequest, nonce: str) -> HttpResponse:
    """Take a text back that nobody has decided on; it can be read for a month all the same."""
    reader = readers.fresh(request).reader
    if not reader.signed_in:
        raise SignInNeeded(_("Please sign in first."))
    case = cases.get_pending(Nonce(nonce))
    if case.user_id != reader.id:
        raise NotFound(_("Nothing of yours waits here."))
    waiting.withdraw(reader, case)
    messages.success(request, _("You have taken your post back."))
    return HttpResponseRedirect(reverse("pending"))
