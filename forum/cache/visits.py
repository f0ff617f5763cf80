"""How much members read, in Redis: on how many days they came, and how many pages they were given.

Every answer to a signed-in member counts, those before Django too, so counting is one addition to a
dictionary. What a process has counted is sent with the figures of `stats`, every five seconds, one script for
each member who read anything. All of it may be lost: it only ever helps a member up (`forum.actions.trust`).

One key for each member, forgotten a year after the last visit::

    reads:{42}    hash: pages, days, and the last day that was counted (days since 1970, UTC)
"""

import time
from dataclasses import dataclass

from forum.redis import Call, Down, answering, client, run

from . import presence

KEEP_SECONDS = 365 * 24 * 60 * 60
# So many members' counts wait while Redis is away, and so many are sent in one round trip.
MOST_WAITING = 10_000
BATCH = 500

# KEYS: the member's. ARGV: today, pages, how long to keep it in s.
ADD = """
if redis.call('HGET', KEYS[1], 'day') ~= ARGV[1] then
  redis.call('HSET', KEYS[1], 'day', ARGV[1])
  redis.call('HINCRBY', KEYS[1], 'days', 1)
end
redis.call('HINCRBY', KEYS[1], 'pages', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 0
"""

_pages: dict[str, int] = {}


@dataclass(frozen=True, slots=True)
class Visits:
    days: int = 0
    pages: int = 0
    # The last day, in days since 1970 (UTC); 0 for never.
    last: int = 0


def count(reader_id: str, hidden: bool = False) -> None:
    """Count a page that a member was given; "" for the signed-out, who are not counted. Who is `hidden` shows
    nobody that they are here."""
    if reader_id:
        if not hidden:
            presence.note(reader_id)
        _pages[reader_id] = _pages.get(reader_id, 0) + 1


def flush() -> None:
    """Send what was counted since the last time; while Redis is down it waits for the next. Never raises.

    Should a thread count at this very moment, one page may go unnoticed.
    """
    global _pages
    if not _pages:
        return
    counted, _pages = _pages, {}
    today = int(time.time() // 86400)
    waiting = list(counted.items())
    try:
        while waiting:
            with answering():
                calls: list[Call] = [
                    (ADD, [_key(reader_id)], [today, pages, KEEP_SECONDS]) for reader_id, pages in waiting[:BATCH]
                ]
                presence.take(run([*calls, *presence.calls()])[-2:])
            del waiting[:BATCH]
    except Down:
        for reader_id, pages in waiting[: MOST_WAITING - len(_pages)]:
            _pages[reader_id] = _pages.get(reader_id, 0) + pages


def of_member(member_id: str) -> Visits:
    """What all processes have sent of a member. One round trip; Down without Redis."""
    with answering():
        days, pages, last = client().hmget(_key(member_id), "days", "pages", "day")
    return Visits(int(days or 0), int(pages or 0), int(last or 0))


def forget() -> None:
    """What was counted and not sent (tests)."""
    _pages.clear()


def _key(member_id: str) -> str:
    return f"reads:{{{member_id}}}"
