"""Liking and bookmarking a post, marking it as the answer; who likes a post.

Each act is a small form that says how it is to be, on or off, so that sending it twice is sending it once. It
comes back to the post; a script that asks for JSON is told how things stand instead, and needs no page.
"""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from forum import links
from forum.actions import reacting
from forum.errors import BadRequest
from forum.permissions import ForumRules, Reader
from forum.tables import reactions
from forum.tables.posts import Post
from forum.tables.threads import Thread

from .places import place, post_at
from .rows import Authors, forum_row, post_row, thread_rows

LIKERS_PER_PAGE = 60
_USER_ID = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)

# Does it, and returns how many members like the post then, where that may have changed.
Act = Callable[[Reader, ForumRules, Thread, Post, bool], int]


def _like(reader: Reader, forum: ForumRules, head: Thread, post: Post, on: bool) -> int:
    return reacting.set_like(reader, forum, head, post, on)


def _bookmark(reader: Reader, forum: ForumRules, head: Thread, post: Post, on: bool) -> int:
    reacting.set_bookmark(reader, head, post, on)
    return int(post.like_count)


def _answer(reader: Reader, forum: ForumRules, head: Thread, post: Post, on: bool) -> int:
    reacting.set_answer(reader, forum, head, post, on)
    return int(post.like_count)


@require_http_methods(["GET", "HEAD", "POST"])
def like_post(request: HttpRequest, name: str, thread_id: str, number: int) -> HttpResponse:
    return _react(request, name, thread_id, number, _like)


@require_http_methods(["GET", "HEAD", "POST"])
def bookmark_post(request: HttpRequest, name: str, thread_id: str, number: int) -> HttpResponse:
    return _react(request, name, thread_id, number, _bookmark)


@require_http_methods(["GET", "HEAD", "POST"])
def mark_answer(request: HttpRequest, name: str, thread_id: str, number: int) -> HttpResponse:
    return _react(request, name, thread_id, number, _answer)


def _react(request: HttpRequest, name: str, thread_id: str, number: int, act: Act) -> HttpResponse:
    """GetItem of the head and of the post, and what the act takes."""
    if request.method != "POST":
        # Who had to sign in first comes back by GET, to look at the post once more.
        return HttpResponseRedirect(links.post(thread_id, number))
    reader, forum = place(request, name)
    on = request.POST.get("on")
    if on not in ("0", "1"):
        raise BadRequest(_("The form does not say whether to do it or to take it back."))
    head, post = post_at(forum, thread_id, number)
    likes = act(reader, forum, head, post, on == "1")
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"on": on == "1", "likes": likes})
    return HttpResponseRedirect(links.place(head, number))


@require_safe
def likers(request: HttpRequest, name: str, thread_id: str, number: int) -> HttpResponse:
    """Who likes a post, without whom the reader ignores. GetItem of the head and of the post, one Query of ByItem, two
    SQL queries."""
    after = request.GET.get("after", "")
    if after and not _USER_ID.fullmatch(after):
        raise BadRequest(_("The link to this part of the list is damaged."))
    reader, forum = place(request, name)
    head, post = post_at(forum, thread_id, number)
    reacting.refuse_gone(head, post)
    members = reactions.list_likers(post.first_address, LIKERS_PER_PAGE + 1, after)
    shown = members[:LIKERS_PER_PAGE]
    visible = [user_id for user_id in shown if user_id not in reader.ignored]
    authors, row = Authors([*shown, post.user_id]), forum_row(forum)
    context = {
        "forum": row,
        "thread": thread_rows([(head, row)])[0],
        "post": post_row(post, authors),
        "back": links.place(head, number),
        "members": [each for each in (authors[user_id] for user_id in visible) if not each.gone],
        "older_url": f"{request.path}?after={shown[-1]}" if len(members) > len(shown) else "",
        "newest_url": request.path if after else "",
    }
    return render(request, "forum/likers.html", context)
