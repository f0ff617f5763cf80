"""Posts and threads as the index keeps them, made of what is stored in DynamoDB."""

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from forum import markup
from forum.tables.keys import time_of
from forum.tables.posts import Post
from forum.tables.reading_all import PostText
from forum.tables.threads import Thread

from .query import spaced

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
# Of a longer post, which is a program's output more often than not, only the beginning can be found.
MOST_TEXT = 20_000
VISIBLE = "visible"

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class ThreadDoc:
    """A thread's head. `seen` is when it was read, in ms since 1970: of two that were read, the later counts."""

    id: str
    forum: str
    title: str
    visible: bool
    solved: bool = False
    tags: tuple[str, ...] = ()
    seen: int = 0


@dataclass(frozen=True, slots=True)
class PostDoc:
    """A post: its `text` as people read it, "" where it cannot be read. `at` is when it was written, in ms since 2000.
    Its forum, and at the first post the title, are its thread's."""

    thread: str
    number: int
    author: str
    at: int
    revision: int
    visible: bool
    text: str = ""
    seen: int = 0


def moment(when: datetime) -> int:
    """A time in ms since 2000, which is what posts are numbered by in the index."""
    return (when - EPOCH) // timedelta(milliseconds=1)


def when(at: int) -> datetime:
    """The time that a post's number says. Of two posts in one ms the second is one ms late."""
    return EPOCH + timedelta(milliseconds=at)


def now() -> int:
    """The time of reading, for `seen`."""
    return time.time_ns() // 1_000_000


def thread_doc(head: Thread, seen: int) -> ThreadDoc:
    """A thread that has moved away is not to be seen here any more; where it is now is another head's to say."""
    return ThreadDoc(
        head.id,
        head.forum,
        clean(head.title),
        visible=head.status == VISIBLE and not head.moved_to,
        solved=bool(getattr(head, "solved", None)),
        tags=tuple(sorted(getattr(head, "tags", None) or ())),
        seen=seen,
    )


def post_doc(post: Post | PostText, seen: int) -> PostDoc:
    written = post.written_at or post.timestamp
    visible = post.status == VISIBLE
    text = text_of(post.body) if visible else ""
    return PostDoc(
        post.thread_id,
        int(post.number),
        post.user_id,
        moment(time_of(written)),
        int(post.revision),
        visible,
        text,
        seen,
    )


def text_of(body: str) -> str:
    """What people read of a post, on one line."""
    return clean(markup.read(body[: MOST_TEXT * 2])[0])[:MOST_TEXT]


def clean(text: str) -> str:
    """Without control characters, among which are those that mark hits; characters of unspaced scripts apart."""
    return _SPACE.sub(" ", spaced(_CONTROL.sub(" ", text))).strip()


# -- Facets: words of no language, by which posts are found that are of somebody or somewhere -------

ANY = "anyx"


def forum_facet(name: str) -> str:
    """Letters and digits only, and no ending that a stemmer would take off."""
    return f"f{name.encode().hex()}x"


def author_facet(user_id: str) -> str:
    return f"a{user_id.replace('-', 'm')}x"


def thread_facet(thread_id: str) -> str:
    return f"t{thread_id.lower()}x"


def facets(post: PostDoc, forum: str) -> str:
    return " ".join((ANY, forum_facet(forum), author_facet(post.author), thread_facet(post.thread)))
