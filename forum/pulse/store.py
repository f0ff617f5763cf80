"""Where everything is, and which days, weeks and months are counted."""

import secrets
from datetime import UTC, datetime
from typing import Any

from forum.redis import Call, answering, run
from forum.tables.tallies import LIKES, POSTS, SOLVED

ALIAS = "sessions"
MEASURES = (POSTS, LIKES, SOLVED)
PERIODS = ("day", "week", "month", "ever")
# Boards of a period stay this long after their last change, in s; that of all time for ever.
LIFE_SECONDS = {"day": 2 * 86_400, "week": 9 * 86_400, "month": 33 * 86_400, "ever": 0}

TODAY_SECONDS = 3 * 86_400

SINCE = "pulse:{pulse}:since"
TOTALS = "pulse:{pulse}:totals"
POINTS = "pulse:{pulse}:points"
TRENDING = "pulse:{pulse}:trending"
RECENT = "pulse:{pulse}:recent"


def told_key() -> str:
    """Where it is remembered that a script has run, should it be sent twice."""
    return f"pulse:{{pulse}}:told:{secrets.token_hex(8)}"


def today_key(moment: datetime) -> str:
    return f"pulse:{{pulse}}:today:{moment:%Y-%m-%d}"


def board_key(measure: str, period: str, moment: datetime) -> str:
    """The leaderboard of the period in which a moment lies."""
    return f"pulse:{{pulse}}:{measure}:{name_of(period, moment)}"


def name_of(period: str, moment: datetime) -> str:
    """2026-11-26, 2026-W48, 2026-11 or "ever". A week is ISO 8601's: it begins on Monday."""
    if period == "week":
        year, week, _ = moment.isocalendar()
        return f"{year}-W{week:02}"
    return {"day": f"{moment:%Y-%m-%d}", "month": f"{moment:%Y-%m}", "ever": "ever"}[period]


def current(at: str, now: datetime) -> list[str]:
    """The periods of `now` in which something was written, by its sort key or its time."""
    written = datetime.fromisoformat(at[:10]).replace(tzinfo=UTC)
    return [period for period in PERIODS if name_of(period, written) == name_of(period, now)]


def ask(*calls: Call) -> list[Any]:
    """Run scripts in one round trip. Down without Redis."""
    with answering(ALIAS):
        return run(calls, ALIAS)
