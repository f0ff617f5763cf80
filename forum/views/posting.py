"""The forms: start a thread, reply, edit, delete; and the preview.

Whatever goes wrong, the text comes back: an invalid form is shown again (422), a conflict shows both
texts (409), and for all other errors `middleware.ErrorPages` offers the text to be sent again.
"""

import time
from functools import partial
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from forum import form_tokens, kept, links, markup, readers
from forum.actions import moderating, pace, posting
from forum.errors import Conflict, ForumError, Refused, Waits
from forum.forms import BODY_MOST, ReplyForm
from forum.permissions import ForumRules, Reader
from forum.tables import posts, threads
from forum.tables.polls import Poll
from forum.tables.posts import Post
from forum.tables.threads import Thread

from . import quoting, restoring, writing
from .images import with_images
from .places import place, post_at
from .poll_forms import ChangeForm, StartForm, initial
from .reasons import why_field
from .rows import Authors, forum_row, post_row, thread_rows
from .tagged import suggested

INVALID = 422


def form_page(request: HttpRequest, template: str, form: Form, status: int = 200, **context: object) -> HttpResponse:
    """A form with its preview, if that was asked for; the text is rendered only when it is valid."""
    body = form.cleaned_data.get("body", "") if form.is_bound and form.is_valid() else ""
    preview = _previewed(request.META[readers.META], body) if body and "preview" in request.POST else ""
    context |= {"form": form, "preview": preview, "writer": request.META[readers.META].id}
    return render(request, template, context, status=status)


def _previewed(reader: Reader, body: str) -> str:
    """How a text would look; Throttled where that was asked too often, since it takes a while."""
    pace.take_if_counted("previews", reader, str(time.time_ns()))
    return markup.render(body)


def refused(request: HttpRequest, template: str, form: Form, error: ForumError, **context: object) -> HttpResponse:
    """The form as it was sent, with why it was not taken and how long to wait, if that is why."""
    form.add_error(None, error.message)
    return with_wait(render(request, template, {**context, "form": form}, status=error.status), error)


def with_wait(response: HttpResponse, error: ForumError) -> HttpResponse:
    """The answer, with how long to wait where the error says so."""
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    return response


def wants_to_send(request: HttpRequest, form: Form) -> bool:
    """Whether the form is right and was sent to be stored, not to be previewed."""
    return form.is_valid() and "preview" not in request.POST


def shown_again(request: HttpRequest, form: Form) -> int:
    return 200 if "preview" in request.POST and form.is_valid() else INVALID


@require_http_methods(["GET", "HEAD", "POST"])
def new_thread(request: HttpRequest, name: str) -> HttpResponse:
    reader, forum = place(request, name)
    posting.require_posting(reader, forum)
    if request.method != "POST":
        fields = {**_begun(request, reader), "token": form_tokens.issue(reader.id, forum.shards)}
        return _new_thread_page(request, forum, StartForm(initial=fields))
    form = with_images(request, reader, StartForm)
    if not wants_to_send(request, form):
        return _new_thread_page(request, forum, form, shown_again(request, form))
    sent = form.cleaned_data
    nonce = form_tokens.redeem(sent["token"], reader.id, sent["title"], sent["body"])
    try:
        thread = posting.start_thread(reader, forum, sent["title"], sent["body"], nonce, sent["tags"], form.poll)
    except Refused as refused:
        form.add_error(None, refused.message)
        return _new_thread_page(request, forum, form, refused.status)
    except Waits as waits:
        return _told_to_wait(request, reader, waits)
    return _arrived(request, reader, links.thread(thread))


def _begun(request: HttpRequest, reader: Reader) -> dict[str, Any]:
    """The text that this form begins with: what was kept while its writer signed in, or else the draft."""
    return kept.fields(request, reader.id) or writing.begun(reader, request.path)


def _arrived(request: HttpRequest, reader: Reader, url: str) -> HttpResponse:
    """The text of this form is stored, so nothing else needs to hold it; go on to `url`."""
    return writing.arrived(request, reader, HttpResponseRedirect(url))


def _new_thread_page(request: HttpRequest, forum: ForumRules, form: Form, status: int = 200) -> HttpResponse:
    known = suggested(readers.fresh(request).directory, forum.name)
    return form_page(request, "forum/new_thread.html", form, status, forum=forum_row(forum), known_tags=known)


def _told_to_wait(request: HttpRequest, reader: Reader, waits: Waits) -> HttpResponse:
    messages.success(request, waits.message)
    return _arrived(request, reader, reverse("pending"))


@require_http_methods(["GET", "HEAD", "POST"])
def reply(request: HttpRequest, name: str, thread_id: str) -> HttpResponse:
    reader, forum = place(request, name)
    posting.require_posting(reader, forum)
    if request.method != "POST":
        return _reply_page(request, reader, forum, threads.get_thread(name, thread_id))
    form = with_images(request, reader, ReplyForm)
    if "quote" in request.POST or "quote_page" in request.POST:
        return _quoting_page(request, reader, forum, threads.get_thread(name, thread_id))
    if not wants_to_send(request, form):
        thread = threads.get_thread(name, thread_id)
        return _reply_form(request, reader, forum, thread, form, shown_again(request, form))
    sent = form.cleaned_data
    nonce = form_tokens.redeem(sent["token"], reader.id, sent["body"])
    try:
        thread, number = posting.reply(reader, forum, thread_id, sent["body"], nonce)
    except Refused as refused:
        form.add_error(None, refused.message)
        return _reply_form(request, reader, forum, threads.get_thread(name, thread_id), form, refused.status)
    except Waits as waits:
        return _told_to_wait(request, reader, waits)
    return _arrived(request, reader, links.place(thread, number))


def _reply_page(request: HttpRequest, reader: Reader, forum: ForumRules, thread: Thread) -> HttpResponse:
    """The reply form on a page of its own, after the posts that `?quote=12,15` names; their quotation alone, as
    text, where a script asks so."""
    posting.require_open(reader, forum, thread)
    numbers = quoting.numbers(request.GET.get("quote", ""))
    quotes = quoting.quotations(thread, numbers)
    if request.GET.get("as") == "text":
        return HttpResponse(quotes, content_type="text/plain; charset=utf-8")
    fields = _begun(request, reader)
    fields |= {"body": _joined(fields.get("body", ""), quotes), "token": form_tokens.issue(reader.id)}
    page = links.page_of(numbers[-1]) if numbers else 0
    return _reply_form(request, reader, forum, thread, ReplyForm(initial=fields), page=page)


def _quoting_page(request: HttpRequest, reader: Reader, forum: ForumRules, thread: Thread) -> HttpResponse:
    """The form with the text as it was sent, and after it the posts that were ticked; or with another page of posts
    to choose from."""
    posting.require_open(reader, forum, thread)
    sent = request.POST
    chosen = quoting.numbers(",".join(sent.getlist("also"))) if "quote" in sent else []
    fields = {name: sent.get(name, "") for name in ("token", "draft")}
    fields["body"] = _joined(sent.get("body", ""), quoting.quotations(thread, chosen))
    page = quoting.page_asked(sent.get("quote_page") or sent.get("chosen_of", ""))
    return _reply_form(request, reader, forum, thread, ReplyForm(initial=fields), page=page)


def _joined(text: str, more: str) -> str:
    return "\n\n".join(part for part in (text.rstrip(), more) if part)


def _reply_form(
    request: HttpRequest,
    reader: Reader,
    forum: ForumRules,
    thread: Thread,
    form: Form,
    status: int = 200,
    page: int = 0,
) -> HttpResponse:
    context = {**_where(forum, thread), "choice": quoting.choice(reader, thread, page)}
    return form_page(request, "forum/reply.html", form, status, **context)


def _where(forum: ForumRules, thread: Thread) -> dict[str, Any]:
    row = forum_row(forum)
    return {"forum": row, "thread": thread_rows([(thread, row)])[0]}


@require_http_methods(["GET", "HEAD", "POST"])
def edit_post(request: HttpRequest, name: str, thread_id: str, number: int) -> HttpResponse:
    reader, forum = place(request, name)
    thread, post = post_at(forum, thread_id, number)
    posting.require_change(reader, forum, thread, post)
    if request.method != "POST":
        form = _edit_form(reader, post, initial={**_stored(thread, post), **restoring.fields(request, post)})
        kept.begin(request, reader.id, form)
        return _edit_page(request, forum, thread, form, number)
    # Who opened the form before the first vote is told that the poll could not be changed.
    fixed = bool(post.poll_voters) and "poll_question" not in request.POST
    form = with_images(request, reader, partial(_edit_form, reader, post, fixed=fixed))
    if not wants_to_send(request, form):
        return _edit_page(request, forum, thread, form, number, shown_again(request, form))
    sent = form.cleaned_data
    try:
        # Who sends no such field, which the form of the page has, takes no tags off.
        names = sent.get("tags") if "tags" in request.POST else None
        why, poll = sent.get("reason", ""), _poll_of(form, request)
        posting.edit(reader, forum, thread, post, sent["revision"], sent["body"], sent.get("title"), names, why, poll)
    except Refused as refused:
        if posts.get_post_of(thread, number).poll_voters:
            form = _edit_form(reader, post, request.POST, fixed=True)
        form.add_error(None, refused.message)
        return _edit_page(request, forum, thread, form, number, refused.status)
    except Conflict:
        head = threads.get_thread(name, thread_id)
        moderating.refuse_moved(head, number=number)
        now = posts.get_post_of(head, number)
        if now.deleted:
            raise
        # The editor's text, in a form that would now replace the other's, which is shown beside it.
        form = _edit_form(reader, now, {**sent, "revision": now.text_revision})
        return _edit_page(request, forum, thread, form, number, Conflict.status, theirs=now.body)
    return _arrived(request, reader, links.place(threads.get_thread(name, thread_id), number))


def _edit_form(reader: Reader, post: Post, sent: Any = None, **options: Any) -> ChangeForm:
    """The form that edits a post, as it is to be shown first or with what was `sent`. Who edits what somebody else
    wrote says why."""
    options = {"initial": initial(post.poll), "fixed": bool(post.poll_voters), **options}
    form = ChangeForm(sent, first=post.number == 1, **options)
    if reader.id != post.user_id:
        form.fields["reason"] = why_field()
    return form


def _edit_page(
    request: HttpRequest,
    forum: ForumRules,
    thread: Thread,
    form: Form,
    number: int,
    status: int = 200,
    theirs: str = "",
) -> HttpResponse:
    where = _where(forum, thread)
    return form_page(request, "forum/edit.html", form, status, post=number, theirs=theirs, **where)


def _stored(thread: Thread, post: Post) -> dict[str, Any]:
    fields = {"title": thread.title, "tags": list(thread.tags or []), "body": post.body}
    return {**fields, **initial(post.poll), "revision": post.text_revision}


def _poll_of(form: ChangeForm, request: HttpRequest) -> Poll | bool:
    """What is to become of the poll; nothing where no such field was sent, which the form of the page has."""
    if "poll_question" not in form.fields or "poll_question" not in request.POST:
        return True
    return form.poll or False


@require_http_methods(["GET", "HEAD", "POST"])
def delete_post(request: HttpRequest, name: str, thread_id: str, number: int) -> HttpResponse:
    reader, forum = place(request, name)
    thread, post = post_at(forum, thread_id, number)
    posting.require_change(reader, forum, thread, post)
    if request.method != "POST":
        row = post_row(post, Authors([post.user_id]))
        return render(request, "forum/delete.html", {**_where(forum, thread), "post": row})
    posting.delete(reader, forum, thread, post)
    if number == 1:
        messages.success(request, _("The thread is deleted."))
        return HttpResponseRedirect(links.forum(name))
    return HttpResponseRedirect(links.place(thread, number))


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """The text as it would look, for the script of the editor; the same as the Preview button's."""
    return HttpResponse(_previewed(readers.fresh(request).reader, request.POST.get("body", "")[:BODY_MOST]))
