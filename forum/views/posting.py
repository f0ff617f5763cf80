"""The forms: start a thread, reply, edit, delete, lock; and the preview.

Whatever goes wrong, the text comes back: an invalid form is shown again (422), a conflict shows both
texts (409), and for all other errors `middleware.ErrorPages` offers the text to be sent again.
"""

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from forum import form_tokens, links, markup, readers
from forum.actions import moderating, posting
from forum.errors import Conflict, NotFound
from forum.forms import EditForm, NewThreadForm, ReplyForm
from forum.permissions import ForumRules, Reader
from forum.tables import posts, threads
from forum.tables.posts import Post
from forum.tables.threads import Thread

from . import kept
from .rows import Authors, forum_row, post_row, thread_rows

INVALID = 422


def place(request: HttpRequest, name: str) -> tuple[Reader, ForumRules]:
    """Who asks, and the forum's rules as they are now. At most one Redis round trip."""
    basis = readers.fresh(request)
    return basis.reader, basis.directory.get(name, basis.reader)


def form_page(request: HttpRequest, template: str, form: Form, status: int = 200, **context: object) -> HttpResponse:
    """A form with its preview, if that was asked for; the text is rendered only when it is valid."""
    body = form.cleaned_data.get("body", "") if form.is_bound and form.is_valid() else ""
    preview = markup.render(body) if body and "preview" in request.POST else ""
    return render(request, template, {"form": form, "preview": preview, **context}, status=status)


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
        fields = {**kept.fields(request, request.path), "token": form_tokens.issue(reader.id)}
        return form_page(request, "forum/new_thread.html", NewThreadForm(initial=fields), forum=forum_row(forum))
    form = NewThreadForm(request.POST)
    if not wants_to_send(request, form):
        status = shown_again(request, form)
        return form_page(request, "forum/new_thread.html", form, status, forum=forum_row(forum))
    sent = form.cleaned_data
    nonce = form_tokens.redeem(sent["token"], reader.id)
    thread = posting.start_thread(reader, forum, sent["title"], sent["body"], nonce)
    kept.forget(request, request.path)
    return HttpResponseRedirect(links.thread(thread))


@require_POST
def reply(request: HttpRequest, name: str, thread_id: str) -> HttpResponse:
    reader, forum = place(request, name)
    posting.require_posting(reader, forum)
    form = ReplyForm(request.POST)
    if not wants_to_send(request, form):
        thread = threads.get_thread(name, thread_id)
        return form_page(request, "forum/reply.html", form, shown_again(request, form), **_where(forum, thread))
    sent = form.cleaned_data
    nonce = form_tokens.redeem(sent["token"], reader.id)
    thread, number = posting.reply(reader, forum, thread_id, sent["body"], nonce)
    kept.forget(request, request.path)
    return HttpResponseRedirect(links.place(thread, number))


def _where(forum: ForumRules, thread: Thread) -> dict[str, Any]:
    row = forum_row(forum)
    return {"forum": row, "thread": thread_rows([(thread, row)])[0]}


def _post_of(forum: ForumRules, thread_id: str, number: int) -> tuple[Thread, Post]:
    """A post and its thread, which must be in this forum: the URL says so, and rights depend on it."""
    thread = threads.get_thread(forum.name, thread_id)
    if thread.deleted:
        raise NotFound("This thread has been removed.", [("Back to the forum", links.forum(forum.name))])
    return thread, posts.get_post_of(thread, number)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_post(request: HttpRequest, name: str, thread_id: str, number: int) -> HttpResponse:
    reader, forum = place(request, name)
    thread, post = _post_of(forum, thread_id, number)
    posting.require_change(reader, forum, post)
    if request.method != "POST":
        fields = {**_stored(thread, post), **kept.fields(request, request.path)}
        return _edit_page(request, forum, thread, EditForm(initial=fields, first=number == 1), number)
    form = EditForm(request.POST, first=number == 1)
    if not wants_to_send(request, form):
        return _edit_page(request, forum, thread, form, number, shown_again(request, form))
    sent = form.cleaned_data
    try:
        posting.edit(reader, forum, thread, post, sent["revision"], sent["body"], sent.get("title"))
    except Conflict:
        now = posts.get_post_of(threads.get_thread(name, thread_id), number)
        if now.deleted:
            raise
        # The editor's text, in a form that would now replace the other's, which is shown beside it.
        form = EditForm({**sent, "revision": int(now.revision)}, first=number == 1)
        return _edit_page(request, forum, thread, form, number, Conflict.status, theirs=now.body)
    kept.forget(request, request.path)
    return HttpResponseRedirect(links.place(threads.get_thread(name, thread_id), number))


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
    return {"title": thread.title, "body": post.body, "revision": int(post.revision)}


@require_http_methods(["GET", "HEAD", "POST"])
def delete_post(request: HttpRequest, name: str, thread_id: str, number: int) -> HttpResponse:
    reader, forum = place(request, name)
    thread, post = _post_of(forum, thread_id, number)
    posting.require_change(reader, forum, post)
    if request.method != "POST":
        row = post_row(post, Authors([post.user_id]))
        return render(request, "forum/delete.html", {**_where(forum, thread), "post": row})
    posting.delete(reader, forum, thread, post)
    if number == 1:
        messages.success(request, "The thread is deleted.")
        return HttpResponseRedirect(links.forum(name))
    return HttpResponseRedirect(links.place(thread, number))


@require_POST
def lock_thread(request: HttpRequest, name: str, thread_id: str) -> HttpResponse:
    reader, forum = place(request, name)
    thread = threads.get_thread(name, thread_id)
    moderating.set_locked(reader, forum, thread, request.POST.get("locked") == "1")
    return HttpResponseRedirect(links.thread(thread))


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """The text as it would look, for the script of the editor; the same as the Preview button's."""
    return HttpResponse(markup.render(request.POST.get("body", "")[:40_000]))
