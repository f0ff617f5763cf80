"""What was written and has not been looked at yet by whoever follows, such as the search index.

Every write notes the posts that it names in `wrote` and the threads that it has tags of, along with its new
generations and so without a round trip of its own. Followers look at what is stored then, read consistently, so
neither the order nor the number of notes matters; they take a note back only if no later write has renewed it.
A note that nobody could look at stays, for whoever comes next.

A post is noted as `p|<partition>|<sort key>`, a thread as `t|<id>`.
"""

import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from forum.redis import Call, Down, answering, client, run

KEY = "changed"
# Of a write whose end nobody knows: it may reach the database so much later.
UNSURE_SECONDS = 8.0
# More are noted only by what loads data, which has the index made again.
MOST = 200_000

# KEYS: notes. ARGV: ms since 1970, note….
NOTE = f"""
if redis.call('ZCARD', KEYS[1]) < {MOST} then
  for i = 2, #ARGV do redis.call('ZADD', KEYS[1], ARGV[1], ARGV[i]) end
end
return 1
"""
# KEYS: notes. ARGV: note, ms since 1970…. Takes back those that were noted no later than that.
SETTLE = """
for i = 1, #ARGV, 2 do
  local at = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if at and tonumber(at) <= tonumber(ARGV[i + 1]) then redis.call('ZREM', KEYS[1], ARGV[i]) end
end
return 1
"""

Notes = dict[str, int]
"""When each was noted, in ms since 1970."""


class _Mine(threading.local):
    def __init__(self) -> None:
        self.notes: Notes = {}


_mine = _Mine()


def now() -> int:
    return time.time_ns() // 1_000_000


def notes_of(tags: Iterable[str], posts: Iterable[tuple[str, str]]) -> list[str]:
    threads = [f"t|{tag.removeprefix('thread:')}" for tag in tags if tag.startswith("thread:")]
    return [*threads, *(f"p|{partition}|{timestamp}" for partition, timestamp in posts)]


def note(notes: Sequence[str], sure: bool) -> list[Call]:
    """Remember these, for this thread's `take`, and by the returned call for everybody."""
    if not notes:
        return []
    at = now() if sure else now() + int(UNSURE_SECONDS * 1000)
    if len(_mine.notes) < MOST:
        _mine.notes |= dict.fromkeys(notes, at)
    return [(NOTE, [KEY], [at, *notes])]


def take() -> Notes:
    """What this thread has noted since it was last asked."""
    taken, _mine.notes = _mine.notes, {}
    return taken


def waiting(limit: int) -> Notes:
    """The oldest that are due; none while Redis is down. One round trip."""
    try:
        with answering():
            found: Any = client().zrange(KEY, "-inf", now(), byscore=True, offset=0, num=limit, withscores=True)
    except Down:
        return {}
    return {name.decode(): int(score) for name, score in found}


def unsettled(thread_ids: Iterable[str]) -> set[str]:
    """Those of these threads in which something was written that has not been looked at. One round trip; none while
    Redis is down, when nothing is written either."""
    asked = list(dict.fromkeys(thread_ids))
    if not asked:
        return set()
    try:
        with answering():
            scores: list[float | None] = client().zmscore(KEY, [f"t|{each}" for each in asked])
    except Down:
        return set()
    return {each for each, score in zip(asked, scores, strict=True) if score is not None}


def settle(notes: Notes) -> None:
    """These have been looked at, as they were at the time of the note. One round trip; what Redis is not told is
    looked at once more."""
    if not notes:
        return
    with suppress(Down), answering():
        run([(SETTLE, [KEY], [word for pair in notes.items() for word in pair])])
