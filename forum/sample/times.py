"""When things happen: more of them lately, more of them by day. All times are UTC epoch seconds."""

from collections.abc import Iterator
from itertools import accumulate
from random import Random

MINUTE = 60.0
HOUR = 3600.0
DAY = 86400.0

# How many of a thousand posts fall into each hour of the day: a lull before dawn, peaks after lunch and dinner.
_HOURS = (14, 9, 6, 5, 5, 8, 18, 34, 50, 58, 60, 57, 55, 62, 64, 60, 56, 53, 55, 66, 74, 66, 42, 23)
_SHARES = (*accumulate((n / sum(_HOURS) for n in _HOURS[:-1]), initial=0.0), 1.0)

# The hour in which each 1/256 of a day's posts begins: it saves searching the shares for every post.
_STEPS = 256
_HOUR_AT = tuple(max(h for h in range(24) if _SHARES[h] <= step / _STEPS) for step in range(_STEPS + 1))


def daytime(moment: float) -> float:
    """Move a moment within its day so that evenly spread moments crowd into the day; order is kept."""
    day, second = divmod(moment, DAY)
    share = second / DAY
    hour = _HOUR_AT[int(share * _STEPS)]
    while _SHARES[hour + 1] <= share:
        hour += 1
    within = (share - _SHARES[hour]) / (_SHARES[hour + 1] - _SHARES[hour])
    return day * DAY + (hour + within) * HOUR


def recent(share: float, first: float, last: float) -> float:
    """The moment between two at which `share` (0 is the latest) of all activity lies; it thickens towards the end."""
    return last - (last - first) * share * share


def duration(posts: int, available: float, rng: Random) -> float:
    """How long a thread of that many posts goes on: from minutes to weeks, longer for long threads."""
    usual = HOUR * 3 * float(posts**0.7) * rng.lognormvariate(0.0, 1.0)
    return min(max(usual, posts * 4 * MINUTE, 20 * MINUTE), available)


def moments(count: int, first: float, last: float, rng: Random) -> Iterator[float]:
    """That many strictly rising moments, the first exactly at `first`, all of them by day and before `last`.

    Short threads are quick at first and slow down, as talk does; long ones go on evenly.
    """
    bend = 1.0 + 1.0 / (1.0 + count / 30)
    random = rng.random
    yield daytime(first)
    for n in range(1, count):
        yield daytime(first + (last - first) * ((n + 0.8 * random()) / count) ** bend)


def evenly(count: int, first: float, last: float, rng: Random) -> Iterator[float]:
    """That many strictly rising moments after `first`, the final one exactly at `last`."""
    for n in range(1, count):
        yield first + (last - first) * (n - 0.8 * rng.random()) / count
    if count:
        yield last
