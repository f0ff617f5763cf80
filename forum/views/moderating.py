"""The pages of moderators: one small form for each act on a post or a thread, which asks for the reason.

Nothing is done before the moderator has seen what it is done to: where the text of a post changes while the
form is open, the form comes back with the new text and the reason that was given (409).
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from forum import kept, links, markup
from forum.actions import moderating
from forum.errors import Conflict
from forum.permissions import ForumRules, Reader, moderates
from forum.tables import posts, threads
from forum.tables.posts import Post
from forum.tables.threads import Thread

from . import posting
from .acts import (
    DELETE,
    DELETE_THREAD,
    HIDE,
    HIDE_THREAD,
    PURGE,
    SHOW,
    SHOW_THREAD,
    UNDELETE,
    UNDELETE_THREAD,
    Act,
    back_to,
    base,
    may_purge,
    tell,
)
from .places import place
from .posting import INVALID
from .reasons import ReasonForm, RenameForm
from .rows import Authors, forum_row, post_row, thread_rows

View = Callable[..., HttpResponse]


# -- Posts ----------------------------------------------------------------------------------------


def on_post(act: Act) -> View:
    """The page of an act on a post."""

    @require_http_methods(["GET", "HEAD", "POST"])
    def view(request: HttpRequest, name: str, thread_id: str, number: int) -> HttpResponse:
        reader, forum = place(request, name)
        moderating.require_moderator(reader, forum)
        head = threads.get_thread(name, thread_id)
        return answer_post(request, act, reader, forum, head, posts.get_post_of(head, number))

    return view


@require_http_methods(["GET", "HEAD", "POST"])
def delete_post(request: HttpRequest, name: str, thread_id: str, number: int) -> HttpResponse:
    """Authors delete their own posts as they like; what belongs to others is deleted for a reason."""
    reader, forum = place(request, name)
    if moderates(reader, forum):
        head = threads.get_thread(name, thread_id)
        post = posts.get_post_of(head, number)
        if post.user_id != reader.id or (number == 1 and head.last_post_number > 1):
            moderating.require_moderator(reader, forum)
            return answer_post(request, DELETE, reader, forum, head, post)
    return posting.delete_post(request, name, thread_id, number)


def answer_post(
    request: HttpRequest, act: Act, reader: Reader, forum: ForumRules, head: Thread, post: Post
) -> HttpResponse:
    """The form of an act on a post, or what comes of it."""
    if act is PURGE:
        moderating.require_purging(reader, forum, may_purge(request.user))
    text = moderating.text_after(act.kind, head, post)
    seen = post.edited_at or ""
    initial = {**kept.fields(request, reader.id), "edited": seen}
    form = ReasonForm(sent(request), required=act.needs_reason, initial=initial)
    changed = request.method == "POST" and request.POST.get("edited", seen) != seen
    if request.method != "POST" or changed or not form.is_valid():
        status = 200 if request.method != "POST" else Conflict.status if changed else INVALID
        if changed:
            form = ReasonForm({**request.POST.dict(), "edited": seen}, required=act.needs_reason)
        return _post_page(request, act, form, forum, head, post, text, changed=changed, status=status)
    _run_on_post(request, act, reader, forum, head, post, form.cleaned_data["reason"])
    return _after_post(request, act, forum, head, int(post.number))


def sent(request: HttpRequest) -> QueryDict | None:
    """What was sent, which can be nothing at all; None where the form is only asked for."""
    return request.POST if request.method == "POST" else None


def _run_on_post(
    request: HttpRequest, act: Act, reader: Reader, forum: ForumRules, head: Thread, post: Post, reason: str
) -> None:
    if act is PURGE:
        return moderating.purge_post(reader, forum, head, post, reason, may_purge=may_purge(request.user))
    run = {
        "hide": moderating.hide_post,
        "show": moderating.show_post,
        "delete": moderating.delete_post,
        "undelete": moderating.undelete_post,
    }
    run[act.kind](reader, forum, head, post, reason)


def _post_page(
    request: HttpRequest,
    act: Act,
    form: ReasonForm,
    forum: ForumRules,
    head: Thread,
    post: Post,
    text: str | None,
    **context: Any,
) -> HttpResponse:
    where = forum_row(forum)
    shown = {
        "act": act,
        "form": form,
        "forum": where,
        "thread": thread_rows([(head, where)])[0],
        "post": post_row(post, Authors([post.user_id])),
        "quote": markup.render(text if text is not None else post.body),
        "with_first": post.number == 1 and act.grave,
        "back_url": back_to(head, int(post.number)),
    }
    return render(request, "forum/moderate.html", shown | context, status=context["status"])


def _after_post(request: HttpRequest, act: Act, forum: ForumRules, head: Thread, number: int) -> HttpResponse:
    """Back to where the post is; where the thread went with its first post, to the forum, with the way back."""
    now = threads.get_thread(forum.name, head.id)
    if now.deleted:
        tell(request, act, f"{base(forum.name, head.id)}/{number}")
        return HttpResponseRedirect(links.forum(forum.name))
    tell(request, act, f"{base(forum.name, head.id)}/{number}", number)
    return HttpResponseRedirect(links.place(now, number))


# -- Threads --------------------------------------------------------------------------------------


def on_thread(act: Act) -> View:
    """The page of an act on a whole thread."""

    @require_http_methods(["GET", "HEAD", "POST"])
    def view(request: HttpRequest, name: str, thread_id: str) -> HttpResponse:
        reader, forum = place(request, name)
        moderating.require_moderator(reader, forum)
        head = threads.get_thread(name, thread_id)
        moderating.refuse_late(act.kind, head)
        form = ReasonForm(sent(request), required=act.needs_reason, initial=kept.fields(request, reader.id))
        if request.method != "POST" or not form.is_valid():
            status = INVALID if request.method == "POST" else 200
            return _thread_page(request, "forum/moderate.html", forum, head, act=act, form=form, status=status)
        run = {
            "hide": moderating.hide_thread,
            "show": moderating.show_thread,
            "delete": moderating.delete_thread,
            "undelete": moderating.undelete_thread,
        }
        run[act.kind](reader, forum, head, form.cleaned_data["reason"])
        tell(request, act, base(name, thread_id))
        return HttpResponseRedirect(links.forum(name) if act.grave else links.thread(head))

    return view


@require_http_methods(["GET", "HEAD", "POST"])
def rename_thread(request: HttpRequest, name: str, thread_id: str) -> HttpResponse:
    reader, forum = place(request, name)
    moderating.require_moderator(reader, forum)
    head = threads.get_thread(name, thread_id)
    moderating.refuse_moved(head)
    if request.method != "POST":
        form = RenameForm(initial={"title": head.title, **kept.fields(request, reader.id), "edited": head.title})
        return _thread_page(request, "forum/rename.html", forum, head, form=form)
    form = RenameForm(request.POST)
    changed = request.POST.get("edited", head.title) != head.title
    if changed:
        form = RenameForm({**request.POST.dict(), "edited": head.title})
    if changed or not form.is_valid():
        status = Conflict.status if changed else INVALID
        return _thread_page(request, "forum/rename.html", forum, head, form=form, changed=changed, status=status)
    if form.cleaned_data["title"] != head.title:
        moderating.rename(reader, forum, head, form.cleaned_data["title"], form.cleaned_data["reason"])
    return HttpResponseRedirect(back_to(threads.get_thread(name, thread_id)))


def _switch(field: str, change: Callable[[Reader, ForumRules, Thread, bool], None]) -> View:
    """A button that turns something of a thread on or off: the form says to what."""

    @require_POST
    def view(request: HttpRequest, name: str, thread_id: str) -> HttpResponse:
        reader, forum = place(request, name)
        moderating.require_moderator(reader, forum)
        head = threads.get_thread(name, thread_id)
        change(reader, forum, head, request.POST.get(field) == "1")
        return HttpResponseRedirect(back_to(head))

    return view


lock_thread = _switch("locked", moderating.set_locked)
pin_thread = _switch("pinned", moderating.set_pinned)
archive_thread = _switch("archived", moderating.set_archived)
hide_post, show_post, undelete_post, purge_post = map(on_post, (HIDE, SHOW, UNDELETE, PURGE))
hide_thread, show_thread, delete_thread, undelete_thread = map(
    on_thread, (HIDE_THREAD, SHOW_THREAD, DELETE_THREAD, UNDELETE_THREAD)
)


def _thread_page(
    request: HttpRequest, template: str, forum: ForumRules, head: Thread, status: int = 200, **context: Any
) -> HttpResponse:
    where = forum_row(forum)
    shown = {"forum": where, "thread": thread_rows([(head, where)])[0], "back_url": back_to(head), **context}
    return render(request, template, shown, status=status)
