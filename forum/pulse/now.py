"""All that the home page says of what is going on, in one round trip."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from forum.redis import Call, Down
from forum.tables.tallies import LIKES, POSTS

from . import boards, recent, store, totals, trending
from .boards import Standing
from .recent import Happening
from .trending import Place

BOARD = 5
# More than are shown, since a reader may not read all forums, and since some are gone.
TRENDING = 40
RECENT = 60

# KEYS: what was written today. -> how many posts that is
_TODAY = "return redis.call('HGET', KEYS[1], 'posts') or 0"


@dataclass(frozen=True, slots=True)
class Now:
    """`totals` are (posts, threads) by forum; the leaderboards are this week's."""

    posts_today: int
    totals: dict[str, tuple[int, int]]
    writers: list[Standing]
    liked: list[Standing]
    trending: list[Place]
    recent: list[Happening]


NOTHING = Now(0, {}, [], [], [], [])


def get_now(forums: Sequence[str]) -> Now:
    """What is going on, with the totals of these forums; NOTHING without Redis. One round trip; where Redis has lost
    some of the totals two more, and a BatchGetItem."""
    calls: list[Call] = [
        (_TODAY, [store.today_key(datetime.now(UTC))], []),
        totals.call(forums),
        boards.call(POSTS, "week", 0, BOARD),
        boards.call(LIKES, "week", 0, BOARD),
        trending.call(TRENDING),
        recent.call(RECENT),
    ]
    try:
        today, numbers, writers, liked, hot, happened = store.ask(*calls)
        counted = totals.taken(numbers, forums)
    except Down:
        return NOTHING
    return Now(
        posts_today=int(today),
        totals=counted,
        writers=boards.taken(writers).standings,
        liked=boards.taken(liked).standings,
        trending=trending.taken(hot),
        recent=recent.taken(happened),
    )
