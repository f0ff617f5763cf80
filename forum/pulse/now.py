"""All that the home page says of what is going on, in one round trip."""

from dataclasses import dataclass
from datetime import UTC, datetime

from forum.redis import Call, Down
from forum.tables.tallies import LIKES, POSTS, THREADS

from . import boards, recent, store, trending
from .boards import Standing
from .recent import Happening
from .trending import Place

BOARD = 5
# More than are shown, since a reader may not read all forums, and since some are gone.
TRENDING = 40
RECENT = 60

# KEYS: what was written today; totals. -> posts of today; the totals' fields and values in turn
_NUMBERS = """
return {redis.call('HGET', KEYS[1], 'posts') or 0, redis.call('HGETALL', KEYS[2])}
"""


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


def get_now() -> Now:
    """What is going on; NOTHING without Redis. One round trip."""
    calls: list[Call] = [
        (_NUMBERS, [store.today_key(datetime.now(UTC)), store.TOTALS], []),
        boards.call(POSTS, "week", 0, BOARD),
        boards.call(LIKES, "week", 0, BOARD),
        trending.call(TRENDING),
        recent.call(RECENT),
    ]
    try:
        numbers, writers, liked, hot, happened = store.ask(*calls)
    except Down:
        return NOTHING
    today, totals = numbers
    return Now(
        posts_today=int(today),
        totals=_totals(totals),
        writers=boards.taken(writers).standings,
        liked=boards.taken(liked).standings,
        trending=trending.taken(hot),
        recent=recent.taken(happened),
    )


def _totals(flat: list[bytes]) -> dict[str, tuple[int, int]]:
    numbers = {field.decode(): int(value) for field, value in zip(flat[::2], flat[1::2], strict=True)}
    forums = {field.partition("|")[0] for field in numbers}
    return {name: (numbers.get(f"{name}|{POSTS}", 0), numbers.get(f"{name}|{THREADS}", 0)) for name in forums}
