"""The text of an editor that begins with quotations, `…/reply/?quote=12,15`, and the choice of more of them there.

On a page of its own the form lists the posts of one page of the thread with boxes to tick. What is ticked is quoted
at the end of the text as it is sent then, so that nothing that is written already gets lost on the way.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from forum import links, markup
from forum.errors import NotFound
from forum.models import User
from forum.permissions import Reader
from forum.tables import posts
from forum.tables.posts import Post
from forum.tables.threads import Thread

from .rows import Author, Authors, Row

MOST = 10
EXCERPT = 160
MOST_CHARACTERS = 3_000
_NUMBERS = re.compile("[1-9][0-9]{0,8}(?:,[1-9][0-9]{0,8})*", re.ASCII)


def numbers(text: str) -> list[int]:
    """The posts that an address asks to quote, each once, MOST at most; none where it says nothing sensible."""
    if len(text) > MOST * 20 or not _NUMBERS.fullmatch(text):
        return []
    return list(dict.fromkeys(map(int, text.split(","))))[:MOST]


def quotations(thread: Thread, wanted: list[int]) -> str:
    """The Markdown that quotes these posts of a thread, as far as they can be read. A Query and a GetItem for
    each, or less; one SQL query for the names."""
    found: list[Post] = []
    for number in wanted:
        with suppress(NotFound):
            found.append(posts.get_post_of(thread, number))
    visible = [post for post in found if not post.deleted]
    if not visible:
        return ""
    authors = User.objects.filter(pk__in={post.user_id for post in visible}, is_active=True)
    names = {str(pk): name for pk, name in authors.values_list("pk", "username")}
    return "\n".join(_quotation(thread, post, names.get(post.user_id, "")) for post in visible)


def _quotation(thread: Thread, post: Post, name: str) -> str:
    """What the post itself quotes is left out, lest quotations grow from answer to answer."""
    own = "\n".join(line for line in post.body.split("\n") if not line.startswith(">")).strip() or post.body
    if len(own) > MOST_CHARACTERS:
        own = own[:MOST_CHARACTERS].rstrip() + " …"
    return markup.quotation(name, thread.id, int(post.number), own)


# -- Choosing more --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Quotable(Row):
    number: int
    author: Author
    excerpt: str


@dataclass(frozen=True, slots=True)
class Choice(Row):
    """The posts of one page of a thread that can be quoted; `older` and `newer` are the pages beside it, 0 for none."""

    posts: Sequence[Quotable]
    page: int
    older: int
    newer: int


def choice(reader: Reader, thread: Thread, page: int = 0) -> Choice:
    """What can be quoted of a page of the thread, of its last one where it has no such page; nothing of whom the
    reader ignores. One Query and one SQL query."""
    last = links.page_of(int(thread.last_post_number))
    page = page if 1 <= page <= last else last
    first = (page - 1) * links.POSTS_PER_PAGE + 1
    found = posts.list_of_thread(thread, first, first + links.POSTS_PER_PAGE - 1)
    shown = [post for post in found if not post.deleted and post.user_id not in reader.ignored]
    authors = Authors(post.user_id for post in shown)
    rows = [Quotable(int(post.number), authors[post.user_id], markup.plain(post.body, EXCERPT)) for post in shown]
    return Choice(rows, page, page - 1, page + 1 if page < last else 0)


def page_asked(text: str) -> int:
    """The page of a thread that a form asks for, 0 for none that makes sense."""
    return int(text) if re.fullmatch("[1-9][0-9]{0,6}", text, re.ASCII) else 0
