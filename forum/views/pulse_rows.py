"""What the home page and the leaderboard show of what is alive (`forum.pulse`), for those who may read it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from forum import links
from forum.pulse.boards import Standing
from forum.pulse.now import Now
from forum.pulse.recent import Happening
from forum.tables.keys import Key, thread_partition
from forum.tables.threads import Thread, get_heads

from .rows import Author, Authors, ForumRow, Row

TRENDING_SHOWN = 6
RECENT_SHOWN = 8
# Heads that are asked for, of which some may be gone.
ASKED = 20


@dataclass(frozen=True, slots=True)
class Place(Row):
    """A member's place on a leaderboard."""

    rank: int
    score: int
    author: Author
    author_id: str


@dataclass(frozen=True, slots=True)
class Hot(Row):
    """A thread that many write and like."""

    title: str
    url: str
    forum: ForumRow
    author_id: str
    replies: int


@dataclass(frozen=True, slots=True)
class Event(Row):
    """`kind` is threads, posts or solved: what a member did in a thread."""

    kind: str
    author: Author
    author_id: str
    title: str
    url: str
    at: datetime


def places(standings: Iterable[Standing], authors: Authors) -> list[Place]:
    """Those whose accounts are open."""
    rows = [Place(each.rank, each.score, authors[each.member_id], each.member_id) for each in standings]
    return [row for row in rows if not row.author.gone]


def box(now: Now, forums: Mapping[str, ForumRow], known: Iterable[Thread]) -> dict[str, object]:
    """What the home page says of what is going on in these forums. One SQL query, and a BatchGetItem where a thread
    is not among those whose heads are `known`."""
    hot = [place for place in now.trending if place.forum in forums][:ASKED]
    happened = [each for each in now.recent if each.forum in forums][:ASKED]
    named = {*((each.forum, each.thread_id) for each in hot), *((each.forum, each.thread_id) for each in happened)}
    heads = {head.id: head for head in known}
    missing = {(thread_partition(forum, thread_id), thread_id) for forum, thread_id in named if thread_id not in heads}
    heads |= {head.id: head for head in _readable(missing, forums)}
    standings = [*now.writers, *now.liked]
    authors = Authors([*(each.member_id for each in standings), *(each.user_id for each in happened)])
    return {
        "posts_today": now.posts_today,
        "writers": places(now.writers, authors),
        "liked": places(now.liked, authors),
        "trending": [_hot(heads[each.thread_id], forums) for each in hot if each.thread_id in heads][:TRENDING_SHOWN],
        "recent": list(_events(happened, heads, authors))[:RECENT_SHOWN],
    }


def _readable(keys: set[Key], forums: Mapping[str, ForumRow]) -> Iterable[Thread]:
    return (head for head in get_heads(keys).values() if head.forum in forums) if keys else ()


def _hot(head: Thread, forums: Mapping[str, ForumRow]) -> Hot:
    return Hot(head.title, links.thread(head), forums[head.forum], head.user_id, head.replies)


def _events(happened: Iterable[Happening], heads: Mapping[str, Thread], authors: Authors) -> Iterable[Event]:
    for each in happened:
        head, author = heads.get(each.thread_id), authors[each.user_id]
        if head is not None and not author.gone:
            yield Event(each.kind, author, each.user_id, head.title, links.post(head.id, each.number), each.at)
