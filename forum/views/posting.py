"""The forms: start a thread, reply, edit, delete, lock; and the preview.

Whatever goes wrong, the text comes back: an invalid form is shown again (422), a conflict shows both
texts (409), and for all other errors `middleware.ErrorPages` offers the text to be sent again.
"""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from .. import directory as directories
from .. import form_tokens, links, markup
from ..actions import moderating, posting
from ..errors import Conflict, NotFound
from ..forms import EditForm, NewThreadForm, ReplyForm
from ..permissions import ForumRules, Reader
from ..tables import posts, threads
from ..tables.posts import Post
from ..tables.threads import Thread
from . import kept
from .rows import Authors, forum_row, post_row, thread_rows

INVALID = 422


def place(request: HttpRequest, name: str) -> tuple[Reader, ForumRules]:
    """Who asks, and the forum's rules as they are now. One Redis round trip."""
    directory = directories.fresh()
    reader = directories.reader_of(request, directory)
    return reader, directory.get(name, reader)


def form_page(
    request: HttpRequest, template: str, form: Form, status: int = 200, **context: object
) -> HttpResponse:
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
        return form_page(
            request, "forum/reply.html", form, shown_again(request, form), **_where(forum, thread)
        )
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
    return thread, posts.get_post(thread_id, number)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_post(request: HttpRequest, name: str, thread_id: str, number: int) -> HttpResponse:
    reader, forum = place(request, name)
    thread, post = _post_of(forum, thread_id, number)
    posting.require_change(reader, forum, post)
    context = {**_where(forum, thread), "post": number}
    if request.method != "POST":
        fields = {**_stored(thread, post), **kept.fields(request, request.path)}
        return form_page(request, "forum/edit.html", EditForm(initial=fields, first=number == 1), **context)
    form = EditForm(request.POST, first=number == 1)
    if not wants_to_send(request, form):
        return form_page(request, "forum/edit.html", form, shown_again(request, form), **context)
    sent = form.cleaned_data
    try:
        posting.edit(reader, forum, thread, post, sent["revision"], sent["body"], sent.get("title"))
    except Conflict:
        return _both_texts(request, thread, posts.get_post(thread_id, number), sent, context)
    kept.forget(request, request.path)
    return HttpResponseRedirect(links.place(threads.get_thread(name, thread_id), number))


def _stored(thread: Thread, post: Post) -> dict[str, Any]:
    return {"title": thread.title, "body": post.body, "revision": int(post.revision)}


def _both_texts(
    request: HttpRequest, thread: Thread, now: Post, sent: Mapping[str, Any], context: Mapping[str, Any]
) -> HttpResponse:
    """The editor's text in a form that would now replace the other's, which is shown beside it."""
    if now.deleted:
        raise Conflict("This post was deleted while you were editing it.")
    fields = {**sent, "revision": int(now.revision)}
    form = EditForm(fields, first=now.number == 1)
    return form_page(request, "forum/edit.html", form, Conflict.status, theirs=now.body, **context)


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
    return HttpResponse(markup.render(request.POST.get("body", "")[: 40_000]))
