"""The pages that move a thread, split posts off, merge a thread into another, and show how far that is."""

import re
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods

from forum import jobs, kept, links, markup, readers
from forum.actions import holding, moderating, moving
from forum.errors import BadRequest, Conflict, NotAllowed, NotFound
from forum.forms import page_number
from forum.models import Job
from forum.permissions import ForumRules, can_moderate, moderates
from forum.readers import Basis
from forum.tables import posts, threads
from forum.tables.posts import Post
from forum.tables.threads import Thread

from .acts import base
from .moving_forms import Address, MergeForm, MoveForm, NumbersForm, SplitForm, typed
from .posting import INVALID
from .rows import Authors, forum_row, thread_rows

# So much of a post tells it from others.
EXCERPT = 160
DONE = {
    holding.MOVE: gettext_noop("The thread has moved."),
    holding.SPLIT: gettext_noop("The posts have moved."),
    holding.MERGE: gettext_noop("The threads are one now."),
}


def _opened(request: HttpRequest, name: str, thread_id: str) -> tuple[Basis, ForumRules, Thread]:
    """Who asks, the forum, and the thread's head, which is there and may be moderated. One GetItem."""
    basis = readers.fresh(request)
    forum = basis.directory.get(name, basis.reader)
    moderating.require_moderator(basis.reader, forum)
    head = threads.get_thread(name, thread_id)
    moderating.refuse_moved(head)
    return basis, forum, head


def _other(basis: Basis, address: Address) -> tuple[ForumRules, Thread]:
    """The thread where a post is now, with its forum; Conflict where there is none that the reader may see."""
    try:
        head, __ = posts.find_place(*address, basis.directory.forums)
        return basis.directory.get(head.forum, basis.reader), head
    except NotFound:
        raise Conflict(_("There is no thread at this address.")) from None


def _page(
    request: HttpRequest, template: str, forum: ForumRules, head: Thread, form: Any, status: int = 200, **context: Any
) -> HttpResponse:
    row = forum_row(forum)
    context |= {"forum": row, "thread": thread_rows([(head, row)])[0], "form": form}
    return render(request, f"forum/moving/{template}.html", context, status=status)


def _refused(form: Any, error: Conflict | BadRequest) -> int:
    """Put the error on top of the form that comes back, with the ways out of it; its status."""
    ways = format_html_join("", ' <a href="{}">{}</a>', ((url, label) for label, url in error.links))
    form.add_error(None, format_html("{}{}", error.message, ways))
    return INVALID if isinstance(error, BadRequest) else error.status


def _under_way(request: HttpRequest, job: Job) -> HttpResponse:
    return _arrived(request, job) or HttpResponseRedirect(reverse("job_progress", args=[job.pk]))


def _arrived(request: HttpRequest, job: Job) -> HttpResponse | None:
    """To where the posts are, if all are there."""
    place = moving.leads_to(job)
    if job.status != Job.Status.DONE or place is None or job.state.get("given_up"):
        return None
    messages.success(request, _(DONE[job.kind]))
    return HttpResponseRedirect(links.post(*place))


# -- Move and merge -------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def move_thread(request: HttpRequest, name: str, thread_id: str) -> HttpResponse:
    basis, forum, head = _opened(request, name, thread_id)
    forums = {each.name: each for each in basis.directory.forums.values() if can_moderate(basis.reader, each)}
    choices = [(each.name, each.title) for each in forums.values() if each.name != name]
    initial = kept.fields(request, basis.reader.id)
    form = MoveForm(request.POST if request.method == "POST" else None, forums=choices, initial=initial)
    status = 200 if request.method != "POST" else INVALID
    if form.is_valid():
        sent = form.cleaned_data
        try:
            return _under_way(
                request, moving.move_thread(basis.reader, forum, forums[sent["forum"]], head, sent["reason"])
            )
        except (Conflict, BadRequest) as error:
            status = _refused(form, error)
    return _page(request, "move", forum, head, form, status, choices=choices)


@require_http_methods(["GET", "HEAD", "POST"])
def merge_thread(request: HttpRequest, name: str, thread_id: str) -> HttpResponse:
    basis, forum, head = _opened(request, name, thread_id)
    initial = kept.fields(request, basis.reader.id)
    form = MergeForm(request.POST if request.method == "POST" else None, initial=initial)
    status = 200 if request.method != "POST" else INVALID
    if form.is_valid():
        sent = form.cleaned_data
        try:
            job = moving.merge(basis.reader, forum, head, *_other(basis, sent["into"]), sent["reason"])
            return _under_way(request, job)
        except (Conflict, BadRequest) as error:
            status = _refused(form, error)
    return _page(request, "merge", forum, head, form, status)


# -- Split ----------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def split_thread(request: HttpRequest, name: str, thread_id: str) -> HttpResponse:
    """Choose posts on as many pages as it takes: the buttons that turn the page send along what is chosen."""
    basis, forum, head = _opened(request, name, thread_id)
    if request.method != "POST":
        return _split_begun(request, forum, head, kept.fields(request, basis.reader.id))
    page = page_number(request.POST.get("shown"))
    form = SplitForm(request.POST)
    if not form.is_valid():
        return _split_page(request, forum, head, form, sorted(_ticked(request)), page, INVALID)
    chosen = form.chosen(_ticked(request), set(_numbers_on(page)))
    # In the form that comes back, the field holds all that is chosen.
    form = SplitForm({**request.POST.dict(), "numbers": typed(chosen), "was": typed(chosen)})
    form.is_valid()
    if "page" in request.POST:
        return _split_page(request, forum, head, form, chosen, page_number(request.POST["page"]))
    sent = form.cleaned_data
    try:
        into = _other(basis, sent["into"]) if sent["into"] else None
        title, reason = sent["title"] or None, sent["reason"]
        return _under_way(
            request, moving.split(basis.reader, forum, head, chosen, title=title, into=into, reason=reason)
        )
    except (Conflict, BadRequest) as error:
        return _split_page(request, forum, head, form, chosen, page, _refused(form, error))


def _split_begun(request: HttpRequest, forum: ForumRules, head: Thread, again: dict[str, str]) -> HttpResponse:
    """The form as it is opened, `?numbers=2,4-6` for what is chosen already: then on the page of the first of them.
    `again` is what was kept of it while the moderator signed in."""
    known = f"{again.get('numbers', '')}, {again.get('post', '')}"
    form = NumbersForm({"numbers": known} if again else request.GET)
    if not form.is_valid():
        raise BadRequest(
            _("This link does not say which posts it is about."), [(_("To the thread"), links.thread(head))]
        )
    chosen = form.cleaned_data["numbers"]
    page = (
        page_number(request.GET.get("page")) if "page" in request.GET or not chosen else links.page_of(chosen[0] or 1)
    )
    held = typed(chosen)
    return _split_page(request, forum, head, SplitForm(initial={**again, "numbers": held, "was": held}), chosen, page)


def _numbers_on(page: int) -> range:
    return range((page - 1) * links.POSTS_PER_PAGE + 1, page * links.POSTS_PER_PAGE + 1)


def _ticked(request: HttpRequest) -> set[int]:
    return {int(text) for text in request.POST.getlist("post")[:100] if re.fullmatch("[1-9][0-9]{0,8}", text)}


def _split_page(
    request: HttpRequest,
    forum: ForumRules,
    head: Thread,
    form: SplitForm,
    chosen: list[int],
    page: int,
    status: int = 200,
) -> HttpResponse:
    """The form with a page of the thread's posts. One Query."""
    last = links.page_of(int(head.last_post_number))
    page = min(page, last)
    numbers = _numbers_on(page)
    found = posts.list_of_thread(head, numbers[0], numbers[-1])
    authors = Authors(post.user_id for post in found)
    rows = [_choice(post, authors, int(post.number) in chosen) for post in found]
    pages = {"page": page, "last_page": last, "previous": page - 1, "next": page + 1 if page < last else 0}
    return _page(request, "split", forum, head, form, status, posts=rows, chosen=len(chosen), **pages)


def _choice(post: Post, authors: Authors, ticked: bool) -> dict[str, Any]:
    """A box to tick for a post that can be split off, or why it cannot."""
    number = int(post.number)
    gone = {"deleted": _("deleted"), "moved": _("moved already")}.get(post.status, "")
    return {
        "number": number,
        "author": authors[post.user_id],
        "created": post.created,
        "excerpt": "" if gone else markup.plain(post.body, EXCERPT),
        "fixed": _("begins the thread") if number == 1 else gone,
        "hidden": post.status == "hidden",
        "ticked": ticked,
    }


# -- How far it is --------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def job_progress(request: HttpRequest, number: int) -> HttpResponse:
    """A job, for whoever started it and for moderators of one of its forums who may read the other, too; it leads on
    when it is done. Moderators can resume one that has come to a halt, or give it up (POST, `act`)."""
    basis = readers.fresh(request)
    job = Job.objects.filter(pk=number).first()
    if job is None or not _may_see(basis, job):
        raise NotFound(_("There is no such page."))
    if request.method == "POST":
        return _decide(request, basis, job)
    if arrived := _arrived(request, job):
        return arrived
    place = moving.leads_to(job)
    may_decide = job.kind in holding.KINDS and _moderates_any(basis, job)
    context = {
        "job": job,
        "title": jobs.title_of(job),
        "message": jobs.said(job),
        "place": links.post(*place) if place else "",
        "percent": job.done * 100 // job.total if job.total else 0,
        "refreshes": job.status in (Job.Status.WAITING, Job.Status.RUNNING),
        "halted": job.status in jobs.HALTED,
        "holds": job.status in jobs.HALTED and holding.holds(job),
        "may_decide": may_decide,
        "closed": _left_closed(job) if may_decide else None,
    }
    return render(request, "forum/moving/progress.html", context)


def _left_closed(job: Job) -> dict[str, Any] | None:
    """What a merge that came to a halt has closed, and where it is opened again."""
    head = holding.left_closed(job)
    if head is None:
        return None
    return {"hidden": head.status == "hidden", "locked": head.locked, "base": base(head.forum, head.id)}


def _decide(request: HttpRequest, basis: Basis, job: Job) -> HttpResponse:
    """Resume a job or give it up, and show what has become of it."""
    act = request.POST.get("act", "")
    if act not in ("resume", "give_up") or job.kind not in holding.KINDS:
        raise BadRequest(_("A job can be resumed or given up."), [(_("Back to the job"), links.job(job.pk))])
    if not _moderates_any(basis, job):
        raise NotAllowed(_("Only moderators of its forums may do that."))
    if job.status not in jobs.HALTED or (act == "give_up" and not holding.give_up(job)):
        messages.warning(request, _("Nothing was changed: this job is at work, or has just ended."))
    elif act == "resume":
        jobs.resume(job.pk)
    return HttpResponseRedirect(links.job(job.pk))


def _may_see(basis: Basis, job: Job) -> bool:
    """Its title names both threads, so nobody sees it who may not read both, not even who started it."""
    reader = basis.reader
    if job.kind not in holding.KINDS or not moving.may_read(reader, basis.directory.forums, job):
        return False
    return reader.signed_in and (job.user_id == reader.id or _moderates_any(basis, job))


def _moderates_any(basis: Basis, job: Job) -> bool:
    """Whether the reader moderates one of the forums that a job is about."""
    about = [basis.directory.forums.get(str(job.state.get(each, ""))) for each in ("source", "target")]
    return any(forum is not None and moderates(basis.reader, forum) for forum in about)
