"""What a page says, read off its HTML: which threads and posts it shows, in which version."""

import re
from collections.abc import Iterator
from typing import NamedTuple

HOME, FORUM, LATEST, MEMBER, THREAD = "home", "forum", "latest", "member", "thread"
LISTS = (HOME, FORUM)
FEEDS = (LATEST, MEMBER)

DELETED = "deleted"
HOME_THREADS = 15

_COUNT = re.compile(r"count-(\d+)")
_HEAD = re.compile(r'<header class="thread-head">.*?</header>', re.DOTALL)
_REPLIES = re.compile(r'([\d,]+)(?:</span> <span class="unit">| )repl(?:y|ies)\b')
_NEWEST = re.compile(r'thread-bar-newest" href="[^"#]*#post-(\d+)"')
_POST = re.compile(r'<article class="post( is-deleted)?" id="post-(\d+)"(.*?)</article>', re.DOTALL)
_LISTED = re.compile(r'<li class="thread-row.*?</li>', re.DOTALL)
_LISTED_TITLE = re.compile(r'<h3.*?<a href="(/f/[^/]+/([^/]+)/[^/]+/)"[^>]*>([^<]*)</a>', re.DOTALL)
_LISTED_LAST = re.compile(r'<a href="[^"?#]*(?:\?page=(\d+))?#post-(\d+)"><time')
_FED = re.compile(r'<article class="feed-post.*?</article>', re.DOTALL)
_FED_TITLE = re.compile(r'<h3 class="feed-title"><a href="/p/([^/]+)/(\d+)/"[^>]*>([^<]*)</a>')


class Row(NamedTuple):
    """What a page says of one post or thread; None where it does not say.

    `number` is the post's, or that of the thread's last post; `title` and `text` are the counters in
    them (or DELETED); `deleted` is how many of the thread's posts do not count as replies any more.
    """

    thread: str
    number: int
    title: str | None = None
    text: str | None = None
    locked: bool | None = None
    deleted: int | None = None


class Seen(NamedTuple):
    """One page as somebody saw it. `subject` is the thread's id or the member's name; with `complete`
    what the page does not show is not on an older page either."""

    kind: str
    subject: str
    page: int
    found: bool
    complete: bool
    rows: tuple[Row, ...]


def see(kind: str, subject: str, page: int, html: str | None) -> Seen:
    """Read a page; None stands for an answer that there is no such page."""
    if html is None:
        return Seen(kind, subject, page, False, False, ())
    if kind == THREAD:
        return Seen(kind, subject, page, True, False, (*_thread_head(subject, html), *_posts(subject, html)))
    rows = tuple(_fed(html) if kind in FEEDS else _listed(html))
    complete = len(rows) < HOME_THREADS if kind == HOME else 'rel="next"' not in html
    return Seen(kind, subject, page, True, complete, rows)


def _thread_head(thread: str, html: str) -> Iterator[Row]:
    """The title, the lock, and, where there are replies, the last post's number and how many are gone."""
    head = _HEAD.search(html)
    if head is None:
        raise ValueError("this is no page of a thread")
    newest = _NEWEST.search(html)
    number = int(newest[1]) if newest else 0
    deleted = number - 1 - _replies(head[0]) if newest else None
    yield Row(thread, number, _count(head[0]), locked="</svg> Locked" in head[0], deleted=deleted)


def _posts(thread: str, html: str) -> Iterator[Row]:
    for gone, number, rest in _POST.findall(html):
        yield Row(thread, int(number), text=DELETED if gone else _count(rest))


def _listed(html: str) -> Iterator[Row]:
    """The threads of the home page's "Latest activity", or of a forum."""
    for row in _LISTED.findall(html):
        title, last = _LISTED_TITLE.search(row), _LISTED_LAST.search(row)
        if title is None or last is None:
            raise ValueError("a thread in the list has no title or no last post")
        number = int(last[2])
        locked = 'title="Locked"' in row
        yield Row(title[2], number, _count(title[3]), locked=locked, deleted=number - 1 - _replies(row))


def _fed(html: str) -> Iterator[Row]:
    """The posts of many threads: newest posts, or a member's."""
    for post in _FED.findall(html):
        title = _FED_TITLE.search(post)
        if title is None:
            raise ValueError("a post in the list has no title")
        yield Row(title[1], int(title[2]), _count(title[3]), text=_count(post[title.end() :]))


def _count(text: str) -> str:
    found = _COUNT.search(text)
    return found[1] if found else ""


def _replies(text: str) -> int:
    found = _REPLIES.search(text)
    if found is None:
        raise ValueError("the number of replies is not shown")
    return int(found[1].replace(",", ""))


def listed_threads(html: str) -> dict[str, tuple[str, int]]:
    """Of each thread in a list: its address and how many pages it has."""
    found = {}
    for row in _LISTED.findall(html):
        title, last = _LISTED_TITLE.search(row), _LISTED_LAST.search(row)
        if title and last:
            found[title[2]] = (title[1], int(last[1] or 1))
    return found
