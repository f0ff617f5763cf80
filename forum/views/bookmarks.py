"""One's own bookmarks, newest first, each with a note that nobody else sees.

Titles and texts are read when the page is, and only of what the reader may still read. The list is one Query;
BatchGetItem of the threads (once more where one has moved) and of the posts, one SQL query for names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forum import kept, links, markup, readers
from forum.actions import reacting
from forum.directory import Directory
from forum.errors import SignInNeeded, Throttled
from forum.forms import NoteForm
from forum.permissions import Reader, can_read
from forum.readers import Basis
from forum.tables import bookmarks
from forum.tables.bookmarks import Bookmark
from forum.tables.bulk import get_many
from forum.tables.keys import Key, cursor, read_cursor
from forum.tables.posts import Post
from forum.tables.threads import Thread

from .posting import INVALID, refused
from .rows import Author, Authors, ForumRow, Row, forum_row

PER_PAGE = 20
EXCERPT = 200


@dataclass(frozen=True, slots=True)
class BookmarkRow(Row):
    """A bookmark; without `title` and `excerpt` where its thread or post has been removed, which `gone` says."""

    number: int
    url: str
    note: str
    created: datetime
    edit_url: str
    remove_url: str
    title: str = ""
    forum: ForumRow | None = None
    author: Author | None = None
    excerpt: str = ""
    gone: str = ""


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    basis = _basis(request)
    before = request.GET.get("before", "")
    found = bookmarks.list_bookmarks(basis.reader.id, PER_PAGE + 1, read_cursor(before) if before else "")
    shown = found[:PER_PAGE]
    rows = _rows(shown, basis.directory, basis.reader)
    context = {
        "bookmarks": rows,
        "unreadable": len(shown) - len(rows),
        "older_url": f"{request.path}?before={cursor(shown[-1].at)}" if len(found) > len(shown) else "",
        "newest_url": request.path if before else "",
    }
    return render(request, "forum/bookmarks.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def note(request: HttpRequest, thread_id: str, number: int) -> HttpResponse:
    """The form to write a note at a bookmark; it is named by the address that its post was written at."""
    basis = _basis(request)
    bookmark = bookmarks.get_bookmark(basis.reader.id, f"{thread_id}/{number}")
    form = (
        NoteForm(request.POST)
        if request.method == "POST"
        else NoteForm(initial={"note": bookmark.note, **kept.fields(request, basis.reader.id)})
    )
    if request.method == "POST" and form.is_valid():
        try:
            reacting.write_note(basis.reader, bookmark, form.cleaned_data["note"])
        except Throttled as throttled:
            return refused(request, "forum/bookmark_note.html", form, throttled, **_noted(basis, bookmark))
        messages.success(request, _("Your note is kept."))
        return HttpResponseRedirect(reverse("bookmarks"))
    context = {"form": form, **_noted(basis, bookmark)}
    return render(request, "forum/bookmark_note.html", context, status=INVALID if form.is_bound else 200)


def _noted(basis: Basis, bookmark: Bookmark) -> dict[str, BookmarkRow | None]:
    rows = _rows([bookmark], basis.directory, basis.reader)
    return {"bookmark": rows[0] if rows else None}


@require_POST
def remove(request: HttpRequest, thread_id: str, number: int) -> HttpResponse:
    reacting.remove_bookmark(_basis(request).reader, f"{thread_id}/{number}")
    messages.success(request, _("The bookmark is gone."))
    return HttpResponseRedirect(reverse("bookmarks"))


def _basis(request: HttpRequest) -> Basis:
    basis = readers.fresh(request)
    if not basis.reader.signed_in:
        raise SignInNeeded(_("Please sign in to see your bookmarks."))
    return basis


# -- Rows -----------------------------------------------------------------------------------------


def _rows(found: Sequence[Bookmark], directory: Directory, reader: Reader) -> list[BookmarkRow]:
    """Rows of these bookmarks, without those whose threads the reader may not read any more."""
    heads = _heads(found)
    stored = {post.key: post for post in get_many(Post, [_post_key(each, heads) for each in found])}
    authors = Authors(post.user_id for post in stored.values())
    rows = []
    for each in found:
        head = heads.get(each.head_key)
        rules = directory.forums.get(head.forum) if head else None
        if head is None:
            rows.append(_row(each, gone=_("This thread has been removed.")))
        elif rules is not None and can_read(reader, rules):
            rows.append(_readable(each, head, forum_row(rules), stored.get(_post_key(each, heads)), authors))
    return rows


def _heads(found: Sequence[Bookmark]) -> dict[Key, Thread]:
    """The heads of the bookmarked threads where they are now, by the keys that they had then."""
    heads = {head.key: head for head in get_many(Thread, [each.head_key for each in found])}
    moved = {key: head.moved_key for key, head in heads.items() if head.moved_to}
    there = {head.key: head for head in get_many(Thread, moved.values())}
    return heads | {key: there[new] for key, new in moved.items() if new in there}


def _post_key(bookmark: Bookmark, heads: dict[Key, Thread]) -> Key:
    """Where the post is, unless it went into another thread: it goes to another forum with its sort key."""
    head = heads.get(bookmark.head_key)
    partition = head.partition if head and head.id == bookmark.head_key[1] else bookmark.head_key[0]
    return partition, bookmark.timestamp


def _readable(bookmark: Bookmark, head: Thread, forum: ForumRow, post: Post | None, authors: Authors) -> BookmarkRow:
    if head.deleted:
        return _row(bookmark, forum=forum, gone=_("This thread has been removed."))
    if post is None or post.moved_to:
        return _row(
            bookmark, forum=forum, title=head.title, gone="" if post is None else _("It is in another thread now.")
        )
    if post.deleted:
        return _row(bookmark, forum=forum, title=head.title, gone=_("This post has been removed."))
    return _row(
        bookmark, forum=forum, title=head.title, author=authors[post.user_id], excerpt=markup.plain(post.body, EXCERPT)
    )


def _row(
    bookmark: Bookmark,
    title: str = "",
    forum: ForumRow | None = None,
    author: Author | None = None,
    excerpt: str = "",
    gone: str = "",
) -> BookmarkRow:
    thread_id, __, number = bookmark.address.partition("/")
    own = f"/bookmarks/{thread_id}/{number}/"
    return BookmarkRow(
        number=bookmark.number,
        url=links.post(thread_id, int(number)),
        note=bookmark.note,
        created=bookmark.created,
        edit_url=own,
        remove_url=f"{own}remove/",
        title=title,
        forum=forum,
        author=author,
        excerpt=excerpt,
        gone=gone,
    )
