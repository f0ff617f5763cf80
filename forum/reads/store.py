"""Read marks in Redis, and how they come back from ForumMembers when Redis has lost them."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from django.utils.translation import gettext as _

from forum.cache.scripts import BARRIER
from forum.errors import Unavailable
from forum.redis import Call, Down, answering, client, left_alone, run
from forum.tables import marks as saved_marks

from . import scripts

ALL = "*"
PREFIX = "marks:"
UNSAVED = "unsaved:marks"
NOTED = "unsaved:notes"

LIFE_SECONDS = 30 * 24 * 60 * 60
# Who comes for the first time finds as new what came since, but not more than this.
FIRST_SECONDS = 14 * 24 * 60 * 60
SAVE_SECONDS = 120
LEASE_SECONDS = 60
# Marks that were lost are not asked for again at once where DynamoDB could not give them.
PAUSE_SECONDS = 5.0

Scores = Mapping[str, float]

_pause_until = 0.0


@contextmanager
def answered() -> Iterator[None]:
    """Down at once where the cache server has just failed. A server that only refuses marks, since it takes no
    writes at this moment, is not left alone by those who read pages."""
    if left_alone("default"):
        raise Down("default")
    with answering("read marks"):
        yield


def key_of(user_id: str) -> str:
    return f"{PREFIX}{{{user_id}}}"


def of_forum(name: str) -> str:
    """What a forum's watermark is called."""
    return f"f:{name}"


def ask(*calls: Call) -> Any:
    """Run scripts in one round trip; the answer to the first. Down."""
    with answered():
        return run(calls)[0]


def note(user_id: str) -> Call:
    return scripts.NOTE, [UNSAVED], [user_id, SAVE_SECONDS * 1000]


def notes_of(user_id: str, noted: bool) -> list[Call]:
    """What has to be noted where what was read may have been told of in a member's unread notes."""
    return [(scripts.NOTE, [NOTED], [user_id, 0])] if noted else []


def settle(user_id: str, noted: bool = False) -> None:
    """Come back only when every process has been sent word; note that the marks have to be saved, and with `noted`
    that the member's unread notes are to be looked at."""
    ask((BARRIER, [key_of(user_id)], []), note(user_id), *notes_of(user_id, noted))


def scores_of(user_id: str, joined: float, names: Sequence[str]) -> Scores:
    """The scores of these names, 0 where there is none; of a set that was lost once it is restored. One round
    trip; Down, Unavailable."""
    for __ in range(2):
        with answered():
            scores = client().zmscore(key_of(user_id), [ALL, *names])
        if scores[0] is not None:
            return {name: score or 0 for name, score in zip(names, scores[1:], strict=True)}
        restore(user_id, joined)
    raise Down("the marks do not stay")


def move(
    user_id: str, joined: float, thread_id: str, number: int, names: Sequence[str], written: int = 0
) -> tuple[bool, Scores]:
    """Move a mark, never backwards: whether it moved, and the scores of these names as they were before; `written` is
    when a post in the middle of its thread was (us), else 0. One round trip; Down, Unavailable."""
    for __ in range(2):
        answer = ask((scripts.MOVE, [key_of(user_id)], [thread_id, number, LIFE_SECONDS, written, *names]))
        if answer:
            moved, scores = answer
            return bool(moved), {name: float(score or 0) for name, score in zip(names, scores, strict=True)}
        restore(user_id, joined)
    raise Down("the marks do not stay")


def raise_watermark(user_id: str, joined: float, name: str, moment: int, last: Mapping[str, int]) -> None:
    """Raise it to a moment, at which the `last` posts of some threads had these numbers. One round trip, and one more
    where the set was lost; Down, Unavailable."""
    known = [each for pair in last.items() for each in pair]
    call = scripts.MARK_ALL, [key_of(user_id)], [name, moment, LIFE_SECONDS, *known]
    if not ask(call):
        restore(user_id, joined)
        ask(call)


def wrote(user_id: str, joined: float, thread_id: str, number: int, noted: bool) -> None:
    """Move a mark without asking anything. One round trip; more where the set was lost. Down, Unavailable."""
    call = scripts.MOVE, [key_of(user_id)], [thread_id, number, LIFE_SECONDS, 0]
    if not ask(call, note(user_id), *notes_of(user_id, noted)):
        restore(user_id, joined)
        ask(call)


# -- Saving and restoring -------------------------------------------------------------------------


def restore(user_id: str, joined: float) -> None:
    """Put into Redis what was saved, or of whoever has nothing saved the first watermark. One GetItem and one
    round trip; Down, Unavailable."""
    global _pause_until
    if time.monotonic() < _pause_until:
        raise Unavailable(_("The marks cannot be read for a moment."))
    try:
        scores: dict[str, float] = {**saved_marks.get_marks(user_id)}
    except Unavailable:
        _pause_until = time.monotonic() + PAUSE_SECONDS
        raise
    scores.setdefault(ALL, max(joined, time.time() - FIRST_SECONDS) * 1_000_000 // 1)
    with answered():
        pipeline = client().pipeline(transaction=False)
        pipeline.zadd(key_of(user_id), scores, gt=True)
        pipeline.expire(key_of(user_id), LIFE_SECONDS)
        pipeline.execute()


def claim(most: int, key: str = UNSAVED) -> list[str]:
    """Some members whose marks have to be saved now (or of NOTED, whose notes are to be looked at), by the caller
    alone. One round trip; Down."""
    return [each.decode() for each in ask((scripts.CLAIM, [key], [most, LEASE_SECONDS * 1000]))]


def everything(user_id: str) -> dict[str, int]:
    """All of a member's scores, {} where Redis has lost them. One round trip; Down."""
    with answered():
        pairs = cast(list[tuple[bytes, float]], client().zrange(key_of(user_id), 0, -1, withscores=True))
    found = {name.decode(): int(score) for name, score in pairs}
    return found if ALL in found else {}


def saved(user_ids: Iterable[str], key: str = UNSAVED) -> None:
    """The marks of these members, which the caller claimed, are safe. One round trip; Down."""
    if done := [f"!{each}" for each in user_ids]:
        with answered():
            client().zrem(key, *done)


def forget() -> None:
    """Ask again at once (tests)."""
    global _pause_until
    _pause_until = 0.0
