"""What templates show: plain values with all URLs and names worked out, one row per line of a list."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString

from forum import links, markup
from forum.models import User
from forum.permissions import ForumRules
from forum.tables.posts import Post
from forum.tables.threads import Thread

HUES = 12


class Row:
    """A template asks `row["name"]` before it asks `row.name`; an answer there spares an exception for
    every value on the page, a seventh of a thread page's template time."""

    __slots__ = ()

    def __getitem__(self, name: str) -> object:
        return getattr(self, name)


@dataclass(frozen=True, slots=True)
class Author(Row):
    """A member's name as it stands beside their posts; `hue` numbers the avatar's colour."""

    name: str
    url: str
    initial: str
    hue: int
    gone: bool = False


FORMER = Author("former member", "", "–", 0, gone=True)


@dataclass(frozen=True, slots=True)
class ForumRow(Row):
    name: str
    title: str
    description: str
    url: str
    archived: bool
    private: bool


@dataclass(frozen=True, slots=True)
class ThreadRow(Row):
    id: str
    title: str
    url: str
    last_url: str
    forum: ForumRow
    author: Author
    last_author: Author
    created: datetime
    last_activity: datetime
    replies: int
    pages: int
    locked: bool
    pinned: bool


@dataclass(frozen=True, slots=True)
class PostRow(Row):
    number: int
    author: Author
    author_id: str
    created: datetime
    edited: datetime | None
    html: SafeString
    deleted: bool
    anchor: str
    permalink: str
    thread_id: str
    thread_title: str = ""
    thread_url: str = ""
    forum: ForumRow | None = None


@dataclass(frozen=True, slots=True)
class Pager(Row):
    """Page numbers to show: `links` are (number, url), or None for a gap."""

    current: int
    count: int
    links: list[tuple[int, str] | None]
    previous_url: str
    next_url: str


class Authors:
    """The names of these members. One SQL query however many there are."""

    def __init__(self, user_ids: Iterable[str]) -> None:
        members = User.objects.filter(pk__in=set(user_ids), is_active=True).values_list("pk", "username")
        self._names = {str(pk): author(str(pk), username) for pk, username in members}

    def __getitem__(self, user_id: str) -> Author:
        return self._names.get(user_id, FORMER)


def author(user_id: str, username: str) -> Author:
    return Author(username, links.member(username), username[:1].upper(), hue(user_id))


def hue(user_id: str) -> int:
    return int(user_id) * 5 % HUES


def forum_row(rules: ForumRules) -> ForumRow:
    return ForumRow(
        rules.name, rules.title, rules.description, links.forum(rules.name), rules.archived, not rules.public
    )


def thread_row(thread: Thread, forum: ForumRow, authors: Authors) -> ThreadRow:
    last = int(thread.last_post_number)
    return ThreadRow(
        id=thread.id,
        title=thread.title,
        url=links.thread(thread),
        last_url=links.place(thread, last),
        forum=forum,
        author=authors[thread.user_id],
        last_author=authors[thread.last_post_user_id],
        created=thread.created,
        last_activity=thread.last_activity,
        replies=max(int(thread.post_count) - 1, 0),
        pages=links.page_of(last),
        locked=bool(thread.locked),
        pinned=bool(thread.pinned),
    )


def thread_rows(threads: list[tuple[Thread, ForumRow]]) -> list[ThreadRow]:
    """Rows of threads of any forums. One SQL query."""
    authors = Authors(user for thread, _ in threads for user in (thread.user_id, thread.last_post_user_id))
    return [thread_row(thread, forum, authors) for thread, forum in threads]


def post_row(post: Post, authors: Authors, thread: Thread | None = None, forum: ForumRow | None = None) -> PostRow:
    """One post; with its thread and forum where the page shows posts of many threads."""
    number = int(post.number)
    return PostRow(
        number=number,
        author=authors[post.user_id],
        author_id=post.user_id,
        created=post.created,
        edited=post.edited,
        html=markup.render("" if post.deleted else post.body),
        deleted=post.deleted,
        anchor=f"post-{number}",
        permalink=links.post(post.thread_id, number),
        thread_id=post.thread_id,
        thread_title=thread.title if thread else "",
        thread_url=links.thread(thread) if thread else "",
        forum=forum,
    )


def pager(thread: Thread, current: int) -> Pager:
    """First, last and the neighbours of the current page; a gap of one page is shown as that page."""
    count = links.page_of(int(thread.last_post_number))
    wanted = sorted({1, count, *range(max(1, current - 2), min(count, current + 2) + 1)})
    shown: list[tuple[int, str] | None] = []
    last = 0
    for number in wanted:
        if number - last == 2:
            shown.append((last + 1, links.thread(thread, last + 1)))
        elif number - last > 2:
            shown.append(None)
        shown.append((number, links.thread(thread, number)))
        last = number
    return Pager(
        current,
        count,
        shown,
        previous_url=links.thread(thread, current - 1) if current > 1 else "",
        next_url=links.thread(thread, current + 1) if current < count else "",
    )
