"""Which threads there are, how long each is and when: decided one after the other, in flat memory."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from .forums import ROTA
from .handwritten import WrittenThread, written_threads
from .talk import LONGEST_QUESTION
from .times import DAY, duration, recent

YEAR = 365 * DAY
# Hand-written threads are the newest; the others end this long before now, so that those stay on top.
LEAD = 2.5 * DAY


@dataclass(frozen=True, slots=True)
class Plan:
    """A thread to be made. `written` is None for a generated one; `turn` counts its kind within the forum."""

    number: int
    forum: str
    size: int
    first: float = 0.0
    last: float = 0.0
    is_open: bool = False
    turn: int = 0
    written: WrittenThread | None = None


def plans(threads: int, posts: int, seed: int, now: float) -> Iterator[Plan]:
    """Exactly so many threads with exactly so many posts in all: the hand-written first, then newest first."""
    hand = written_threads()[: max(0, threads - 1)]
    left = posts
    for number, written in enumerate(hand):
        size = _written_size(written, hand[number + 1 :], left - (threads - number - 1), threads)
        yield Plan(number, written.forum, size, written=written)
        left -= size
    yield from _generated(len(hand), threads, left, seed, now)


def _written_size(written: WrittenThread, later: tuple[WrittenThread, ...], most: int, threads: int) -> int:
    """The thread as it is, cut if the posts do not reach, grown by a share of those to spare."""
    spare = most - len(written.posts) - sum(len(thread.posts) - 1 for thread in later)
    grown = max(0, min(written.grows, spare // 8)) if threads > len(later) + 1 else 0
    return min(len(written.posts) + grown, most)


def _generated(begin: int, threads: int, posts: int, seed: int, now: float) -> Iterator[Plan]:
    rng = Random(f"plan {seed}")
    turns: Counter[tuple[str, bool]] = Counter()
    count = threads - begin
    left = posts
    for place in range(count):
        size = _size(count - place, left, rng)
        left -= size
        forum = ROTA[place % len(ROTA)]
        is_open = size > LONGEST_QUESTION or (size > 6 and rng.random() < 0.08)
        last = recent((place + rng.random()) / count, now - YEAR + 10 * DAY, now - LEAD)
        first, last = _span(size, is_open, last, now, rng)
        yield Plan(begin + place, forum, size, first, last, is_open, turns[forum, is_open])
        turns[forum, is_open] += 1


def _size(threads_left: int, posts_left: int, rng: Random) -> int:
    """The next thread's size: one post, and of what is to spare a share that is small mostly and large sometimes.

    The mean follows what is left, so the totals come out exact however the dice fall; the final thread takes the rest.
    """
    spare = posts_left - threads_left
    if threads_left == 1:
        return 1 + spare
    mean = spare / threads_left
    share = int(mean * rng.lognormvariate(-0.5, 1.0) + rng.random())
    return 1 + min(share, spare // 2, max(45, spare // 50, int(5 * mean)))


def _span(size: int, is_open: bool, last: float, now: float, rng: Random) -> tuple[float, float]:
    """When a thread begins and ends; one too long to fit before its end is given a later end."""
    earliest = now - YEAR + DAY
    pace = 5 if is_open else 1
    long = duration(size * pace, now - LEAD - earliest, rng)
    last = max(last, earliest + long)
    return last - long, last
