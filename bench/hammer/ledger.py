"""What was written and acknowledged, and what a page that was read lacks of it.

Whatever can change is a *register*: a text, a title, a lock, a thread's being there. Its versions
stand in the order in which they were sent, since each register has one writer at a time. A read may
show the newest version acknowledged before it began, or any later one that was sent before it ended.
The ledger is filled during the run and asked when all is over.
"""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate, count, pairwise
from typing import NamedTuple

from .seen import DELETED, FEEDS, LISTS, MEMBER, Row, Seen

POSTS_PER_PAGE = 20
THERE, GONE = "there", "gone"
LOCKED, OPEN = "locked", "open"


@dataclass(slots=True, eq=False)
class Version:
    """One value that was written. Times are of the monotonic clock; `done` is when it was acknowledged
    or, where its writer died, known to be stored: then it need not show for `grace` seconds."""

    value: str
    sent: float
    done: float = math.inf
    grace: float = 0.0

    @property
    def due(self) -> float:
        return self.done + self.grace


@dataclass(slots=True)
class Register:
    """All values that one thing had or may have had."""

    versions: list[Version] = field(default_factory=list)

    def lacking(self, value: str, start: float, end: float) -> list[Version]:
        """The versions that were done before `start` and are newer than what was read; none when all is well."""
        shown = -1
        for index, version in enumerate(self.versions):
            if version.value == value and version.sent <= end:
                shown = index
        return [version for version in self.versions[shown + 1 :] if version.done <= start]


class Created(NamedTuple):
    """A post, where it is and the version it began with."""

    thread: str
    number: int
    author: str
    version: Version


def _higher(one: Created, other: Created) -> Created:
    return max(one, other, key=lambda post: post.number)


class Timeline:
    """Posts in the order in which they were done."""

    def __init__(self, posts: list[Created]) -> None:
        self.posts = sorted(posts, key=lambda post: post.version.done)
        self._times = [post.version.done for post in self.posts]
        self._highest = list(accumulate(self.posts, _higher))

    def newest_first(self, start: float, floor: float) -> Iterator[Created]:
        """What was done before `start`, back to `floor`."""
        for index in range(bisect_right(self._times, start) - 1, -1, -1):
            if self._times[index] < floor:
                return
            yield self.posts[index]

    def highest(self, start: float) -> Created | None:
        """Of what was done before `start`, the post with the highest number."""
        before = bisect_right(self._times, start)
        return self._highest[before - 1] if before else None


class Ledger:
    """Everything the writers did."""

    def __init__(self) -> None:
        self._counter = count(1)
        self.texts: dict[tuple[str, int], Register] = {}
        self.titles: dict[str, Register] = {}
        self.locks: dict[str, Register] = {}
        self.lives: dict[str, Register] = {}
        self.deletions: defaultdict[str, list[Version]] = defaultdict(list)
        self._created: dict[tuple[str, int], Created] = {}

    # -- While it runs ----------------------------------------------------------------------------

    def next_count(self) -> str:
        """A counter that no text and no title had before."""
        return f"{next(self._counter):06}"

    def add_post(self, thread: str, number: int, author: str, version: Version) -> None:
        self.texts[thread, number] = Register([version])
        self._created[thread, number] = Created(thread, number, author, version)

    def add_thread(self, thread: str, author: str, title: Version, text: Version) -> None:
        """A thread whose start is done, as the first version of all that can change in it."""
        self.titles[thread] = Register([title])
        self.lives[thread] = Register([Version(THERE, text.sent, text.done, text.grace)])
        self.locks[thread] = Register([Version(OPEN, text.sent, text.done, text.grace)])
        self.add_post(thread, 1, author, text)

    # -- When it is over --------------------------------------------------------------------------

    def close(self) -> None:
        """Put everything in order; nothing is added afterwards."""
        posts = list(self._created.values())
        by_thread, by_author = defaultdict(list), defaultdict(list)
        for post in posts:
            by_thread[post.thread].append(post)
            by_author[post.author].append(post)
        self._all = Timeline(posts)
        self._threads = {thread: Timeline(found) for thread, found in by_thread.items()}
        self._authors = {author: Timeline(found) for author, found in by_author.items()}

    def lacking(self, seen: Seen, start: float, end: float) -> list[Version]:
        """What this page should have shown and did not; none when it is as new as it must be."""
        if not seen.found:
            return self._life(seen.subject, GONE, start, end)
        missing = [version for row in seen.rows for version in self._of_row(row, start, end)]
        if seen.kind in LISTS:
            missing += self._of_list(seen, start, end)
            missing += self._out_of_order(seen, start)
        elif seen.kind in FEEDS:
            missing += self._of_feed(seen, start, end)
        else:
            missing += self._of_thread(seen, start)
        return missing

    def _life(self, thread: str, value: str, start: float, end: float) -> list[Version]:
        return self.lives[thread].lacking(value, start, end) if thread in self.lives else []

    def _of_row(self, row: Row, start: float, end: float) -> Iterator[Version]:
        """What is old in what the page does show. A thread whose start was never answered is not known."""
        if row.thread not in self.lives:
            return
        yield from self._life(row.thread, THERE, start, end)
        if row.title is not None:
            yield from self.titles[row.thread].lacking(row.title, start, end)
        if row.locked is not None:
            yield from self.locks[row.thread].lacking(LOCKED if row.locked else OPEN, start, end)
        if row.text is not None and (row.thread, row.number) in self.texts:
            yield from self.texts[row.thread, row.number].lacking(row.text, start, end)
        if row.deleted is not None:
            gone = sorted((v for v in self.deletions[row.thread] if v.done <= start), key=lambda version: version.done)
            yield from gone[row.deleted :]

    def _of_thread(self, seen: Seen, start: float) -> Iterator[Version]:
        """The posts that belong on this page of the thread and are not there, or are not counted in its head."""
        shown = {row.number for row in seen.rows if row.text is not None}
        first = (seen.page - 1) * POSTS_PER_PAGE + 1
        for number in range(first, first + POSTS_PER_PAGE):
            post = self._created.get((seen.subject, number))
            if number not in shown and post and post.version.done <= start:
                yield post.version
        for row in seen.rows:
            if row.deleted is not None:
                yield from self._newer(row, start)

    def _of_list(self, seen: Seen, start: float, end: float) -> Iterator[Version]:
        """The threads that are missing in a list, or stand there with an older last post."""
        shown = {row.thread: row for row in seen.rows}
        floor = self._floor(seen)
        for thread, timeline in self._threads.items():
            newest = timeline.highest(start)
            if newest is None:
                continue
            if thread in shown:
                yield from self._newer(shown[thread], start)
            elif newest.version.sent > floor and self._life(thread, GONE, start, end):
                yield newest.version

    def _newer(self, row: Row, start: float) -> Iterator[Version]:
        """The replies that are newer than what is said to be the thread's last."""
        timeline = self._threads.get(row.thread)
        newest = timeline.highest(start) if timeline else None
        if timeline and newest and newest.number > row.number:
            known = timeline.newest_first(start, -math.inf)
            yield from (post.version for post in known if post.number > row.number)

    def _of_feed(self, seen: Seen, start: float, end: float) -> Iterator[Version]:
        """The posts that are missing in a list of newest posts."""
        shown = {(row.thread, row.number) for row in seen.rows}
        floor = self._floor(seen)
        timeline = self._authors.get(seen.subject) if seen.kind == MEMBER else self._all
        for post in timeline.newest_first(start, floor) if timeline else ():
            place = (post.thread, post.number)
            if place in shown or post.version.sent <= floor:
                continue
            if self.texts[place].lacking(DELETED, start, end) and self._life(post.thread, GONE, start, end):
                yield post.version

    def _floor(self, seen: Seen) -> float:
        """Posts that were sent after this moment are newer than something on the page, and so belong on it."""
        if seen.complete:
            return -math.inf
        known = [self._created.get((row.thread, row.number)) for row in seen.rows]
        return min((post.version.done for post in known if post), default=math.inf)

    def _out_of_order(self, seen: Seen, start: float) -> Iterator[Version]:
        """The last posts for which a thread should stand above its neighbour."""
        known = [self._created.get((row.thread, row.number)) for row in seen.rows]
        for above, below in pairwise(post for post in known if post):
            if above.version.done < below.version.sent and below.version.done <= start:
                yield below.version
