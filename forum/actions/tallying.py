"""Counting anew from all heads and posts: members' numbers in DynamoDB (`stats`), and the rankings in Redis with the
totals of forums in both (`pulse`).

For what was written before it was counted, after a table was restored, and after Redis was lost. The only way to have
these otherwise is `tables.tallies`, with every act.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from forum.cache.intents import invalidate_all
from forum.models import Forum, User
from forum.pulse.rebuilding import Pulse
from forum.tables import reading_all, tallies, totals
from forum.tables.base import Table
from forum.tables.parallel import Start
from forum.tables.posts import Post
from forum.tables.reading_all import Page
from forum.tables.tallies import Change, Tally

from . import flushing

VISIBLE, MOVED = "visible", "moved"

T = TypeVar("T", bound=Table)


class Counter(Protocol):
    def add(self, changes: Iterable[Change]) -> None:
        """Count what is there, as if it were written now."""

    def store(self, members: set[str]) -> Iterator[int]:
        """Put the counts of these members in the place of what is stored; says now and then how much is there."""


class Stats:
    """Members' numbers, `counts` by member and name."""

    def __init__(self) -> None:
        self.counts: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(tallies.NAMES, 0))

    def add(self, changes: Iterable[Change]) -> None:
        for change in changes:
            self.counts[change.user_id][change.name] += change.more

    def store(self, members: set[str]) -> Iterator[int]:
        tallies.put_tallies(
            Tally(
                user_id,
                posts=self.counts[user_id][tallies.POSTS],
                threads=self.counts[user_id][tallies.THREADS],
                likes=self.counts[user_id][tallies.LIKES],
                solved=self.counts[user_id][tallies.SOLVED],
            )
            for user_id in members
        )
        yield len(members)


class ForumTotals:
    """How many posts and threads each forum has, `counts` by forum and name."""

    def __init__(self) -> None:
        self.counts: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(totals.NAMES, 0))

    def add(self, changes: Iterable[Change]) -> None:
        for change in changes:
            if change.name in totals.NAMES:
                self.counts[change.forum][change.name] += change.more

    def store(self, members: set[str]) -> Iterator[int]:
        # What has come together is of posts that were counted.
        flushing.save()
        for forum in {*self.counts, *Forum.objects.values_list("name", flat=True)}:
            flushing.correct(forum, self.counts[forum])
            yield 1


COUNTERS: dict[str, tuple[Callable[[], Counter], ...]] = {"stats": (Stats,), "pulse": (Pulse, ForumTotals)}


def rebuild(*whats: str) -> Iterator[int]:
    """Count these of COUNTERS, and say now and then how many heads and posts were looked at. What is written meanwhile
    may be missing or double: whoever wants exact numbers does it while nobody writes. Two scans. Down without Redis
    where it is to hold them."""
    counters = [counter() for what in whats for counter in COUNTERS[what]]
    seen = 0
    for seen, changes in everything():
        for counter in counters:
            counter.add(changes)
        yield seen
    members = {str(pk) for pk in User.objects.filter(is_active=True).values_list("pk", flat=True)}
    for counter in counters:
        for _ in counter.store(members):
            yield seen
    invalidate_all()


def everything() -> Iterator[tuple[int, list[Change]]]:
    """All that counts, page by page, with how many items were looked at so far."""
    answers: set[tuple[str, int]] = set()
    seen = 0
    for heads in _all_pages(reading_all.list_threads):
        answers |= {(head.id, int(head.solved)) for head in heads.items if head.solved and head.status != MOVED}
        seen += len(heads.items)
        yield seen, [tallies.of_thread(head, 1) for head in heads.items if head.status == VISIBLE]
    for page in _all_pages(reading_all.list_posts):
        seen += len(page.items)
        yield seen, [change for post in page.items if post.status != MOVED for change in _of_post(post, answers)]


def _of_post(post: Post, answers: set[tuple[str, int]]) -> Iterator[Change]:
    yield tallies.of_post(post, tallies.POSTS, int(post.status == VISIBLE))
    yield tallies.of_post(post, tallies.LIKES, int(post.like_count))
    yield tallies.of_post(post, tallies.SOLVED, int((post.thread_id, int(post.number)) in answers))


def _all_pages(read: Callable[[int, int, Start | None], Page[T]]) -> Iterator[Page[T]]:
    start: Start | None = None
    while True:
        page = read(0, 1, start)
        yield page
        start = page.next
        if start is None:
            return
