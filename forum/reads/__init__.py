"""What members have read: up to which post in each thread, in Redis, and kept in each process while it stands.

One sorted set for each member, on the cache server. It is evicted as a whole or not at all, and then read again
from ForumMembers, where it is saved some minutes after it changed (`actions.remembering`). On the session server,
which never evicts, the marks of many members would take the room of sessions. Its members, by score::

    marks:{42}    *              a moment in us: what was last active until then counts as read, wherever it is
                  f:aws          the same for one forum
                  01KAQ4ZT…      a thread: the minute and the number of the mark in one (`scripts.packed`), so that
                                 the marks that are trimmed are the oldest

A set without `*` is not complete, whatever else it holds: it is restored first. All scores only ever grow, so two
copies of a member's marks are merged by taking the greater score of each.

    unsaved:marks      members whose marks have to be saved, by when (ms); "!42" while somebody is at it
    unsaved:notes      members who have read something while they had unread notes, in the same way

Marks are of help and no promise: without Redis there are none, and nobody waits for them.
"""

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from forum.cache import local
from forum.cache.tracking import Expected, Tracker
from forum.errors import Unavailable
from forum.redis import Down
from forum.tables.threads import MOVES_EVERY

from . import store
from .scripts import FIRST_MINUTE, NUMBERS
from .store import ALL, key_of, of_forum

# What a process keeps: members, and of each so many scores.
MOST_KEPT = 2000
MOST_SCORES = 400
# So much later than its place in a list says a hot thread may have been active, in us.
LATER = MOVES_EVERY // timedelta(microseconds=1)

NEWS = -1
"""There are posts that the member has not read, in a thread that was not opened before: nobody knows how many."""


class Marks:
    """What a member has read, as far as it was asked for; scores by the names in the sorted set, 0 for none."""

    __slots__ = ("key", "scores")

    def __init__(self, key: str, scores: Mapping[str, float]) -> None:
        self.key = key
        self.scores = dict(scores)

    def number(self, thread_id: str) -> int:
        """Up to which post the thread was read, 0 for never."""
        return int(self.scores.get(thread_id, 0)) % NUMBERS

    def watermark(self, forum: str) -> int:
        """What was last active in the forum until this moment (us since 1970) counts as read."""
        return int(max(self.scores.get(ALL, 0), self.scores.get(of_forum(forum), 0)))

    def read_to(self, forum: str, thread_id: str) -> int:
        """As `number`; 0 also where everything was marked as read since: how many posts that was nobody knows."""
        minute, number = divmod(int(self.scores.get(thread_id, 0)), NUMBERS)
        return number if (minute + FIRST_MINUTE + 1) * 60_000_000 > self.watermark(forum) else 0

    def covers(self, forum: str, thread_id: str, number: int, written: int) -> bool:
        """Whether a visit up to this post, as of `visit`, would move no mark."""
        return self.number(thread_id) >= number or 0 < written <= self.watermark(forum)

    def unread(self, forum: str, thread_id: str, last_number: int, last_activity: datetime) -> int:
        """How many posts of a thread the member has not read, or NEWS; 0 for none."""
        before = self.watermark(forum) - moment(last_activity)
        # Where that is a matter of moments the mark knows better: it is made with the watermark.
        if before >= (LATER if self.number(thread_id) else 0) or self.number(thread_id) >= last_number:
            return 0
        known, since = self.read_to(forum, thread_id), last_number - self.number(thread_id)
        # A single post that has come since the mark was made is new, whatever was marked as read meanwhile.
        return since if known or since == 1 < last_number else NEWS

    def stands(self) -> bool:
        """Whether this is what the process keeps; the caller has asked `known.alive()`."""
        return known.get(self.key) is self


known: Tracker[Marks] = Tracker("default", store.PREFIX, limit=MOST_KEPT)


def moment(when: datetime) -> int:
    """In us since 1970."""
    return round(when.timestamp() * 1_000_000)


# -- Asking ---------------------------------------------------------------------------------------


def of(user_id: str, thread_ids: Iterable[str], joined: float = 0.0) -> dict[str, int]:
    """Up to which post the member has read each of these threads, 0 for never; {} while nobody can say."""
    wanted = list(thread_ids)
    marks = look(user_id, joined, [("", each) for each in wanted])
    return {each: marks.number(each) for each in wanted} if marks else {}


def look(user_id: str, joined: float, threads: Iterable[tuple[str, str]]) -> Marks | None:
    """A member's marks in these threads (forum, thread id), and the watermarks of their forums.

    From memory or in one round trip; with a GetItem and two more where Redis has lost them. None while nobody
    can say. `joined` is when the member did, in seconds since 1970, 0 where the caller does not know.
    """
    key, names = key_of(user_id), _names(threads)
    kept = _kept(key)
    wanted = [name for name in names if name not in kept.scores] if kept else names
    if kept and not wanted:
        return kept
    expected = known.expect(key) if kept is None else None
    try:
        found = Marks(key, store.scores_of(user_id, joined, wanted))
    except (Down, Unavailable):
        return None
    return _together(kept, found, expected)


def _names(threads: Iterable[tuple[str, str]]) -> list[str]:
    """What is to be asked for these threads."""
    pairs = list(threads)
    forums = [of_forum(forum) for forum, __ in pairs if forum]
    return list(dict.fromkeys([ALL, *forums, *(thread for __, thread in pairs)]))


def _kept(key: str) -> Marks | None:
    kept = known.get(key) if local.enabled() and known.revive() else None
    return kept if kept and len(kept.scores) < MOST_SCORES else None


def _together(kept: Marks | None, found: Marks, expected: Expected | None) -> Marks:
    """What was kept and what was found as one; where nothing was kept, what was found is from now on. Should they have
    changed between the two, the push that says so is here, and they are not kept; or it is on its way, and then they
    will not be."""
    if kept is None:
        if expected and local.enabled():
            known.keep(expected, found)
        return found
    if not known.alive() or not kept.stands():
        return Marks(kept.key, {**kept.scores, **found.scores})
    kept.scores.update(found.scores)
    return kept


# -- Reading --------------------------------------------------------------------------------------


def visit(
    user_id: str, joined: float, forum: str, thread_id: str, number: int, *, written: int = 0, noted: bool = False
) -> Marks | None:
    """The member reads a thread up to this post: the marks as they were before. None while nobody can say. Of a post
    in the middle of its thread `written` is when it was (us), else 0: one that counts as read anyway moves no mark.
    `noted` says that they have unread notes, of which some may tell of what they read now.

    Nothing is asked where the process knows that the mark is there; else one round trip, and when it moved one
    more, after which every process knows.
    """
    key, names = key_of(user_id), _names([(forum, thread_id)])
    kept = _kept(key)
    if kept and kept.scores.keys() >= set(names) and kept.covers(forum, thread_id, number, written):
        return kept
    expected = known.expect(key) if kept is None else None
    try:
        moved, scores = store.move(user_id, joined, thread_id, number, names, written)
        found = Marks(key, scores)
        if moved:
            store.settle(user_id, noted)
            return found
    except (Down, Unavailable):
        return None
    return _together(kept, found, expected)


def wrote(user_id: str, joined: float, thread_id: str, number: int, *, noted: bool = False) -> None:
    """The member has written this post, and so has read the thread up to it; `noted` as of `visit`. One round trip;
    never raises."""
    with suppress(Down, Unavailable):
        store.wrote(user_id, joined, thread_id, number, noted)


def now() -> int:
    """In us since 1970."""
    return time.time_ns() // 1000


def mark_all(user_id: str, joined: float, forum: str, until: int, last: Mapping[str, int]) -> None:
    """Everything until a moment (us) counts as read, in one forum or for "" in all; `last` are the numbers of the last
    posts of some threads at that moment. Two round trips; Unavailable."""
    try:
        store.raise_watermark(user_id, joined, of_forum(forum) if forum else ALL, until, last)
        store.settle(user_id)
    except Down as down:
        raise Unavailable(_("Nothing could be marked as read for a moment. Please try again shortly.")) from down


def forget() -> None:
    """What this process knows (tests)."""
    store.forget()
    known.clear()
