"""The write side: intents before a write, new generations after it. See docs/page-cache.md.

A write leaves an *intent* with a deadline at each of its tags, writes to the database, and gives the
tags new generations before it is acknowledged. If the writer dies in between, the first look after
the deadline changes the generation. Intents are also the line in which repliers to a thread wait.
"""

import logging
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from forum.errors import Busy, ForumError, Unavailable
from forum.redis import Call, Down, answering, run

from . import changed as changes
from . import limits as limiting
from . import scripts, stats
from .limits import Bucket
from .tags import SITE, read_through_an_index

log = logging.getLogger(__name__)

LINE_SECONDS = 1.5
LINE_STEP_SECONDS = 0.004
RETRY_SECONDS = 0.02


@dataclass
class Write:
    """A write under way. `wrote`: base keys (ForumName, PostTimestamp) of posts, and their revisions after it."""

    tags: Sequence[str]
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    wrote: dict[scripts.PostKey, int] = field(default_factory=dict)
    deadline: float = 0.0


def run_now(finish: Callable[[], None]) -> None:
    finish()


@contextmanager
def invalidating(
    *tags: str,
    in_line: bool = False,
    limits: Sequence[Bucket] = (),
    when: Callable[[Callable[[], None]], None] = run_now,
) -> Iterator[Write]:
    """Make the write inside invalidate every page that carries one of these tags.

    Three round trips. Unavailable, before anything is written, when Redis cannot take the intents:
    a write whose pages could not be invalidated is not begun. With `in_line` writers of the first tag
    go one after the other (see `_wait_in_line`). `when` is `transaction.on_commit` for writes to the
    relational database, whose data other readers see only after the commit. Posts that the write adds
    to `wrote` are read by key for a while, over what the indexes say. The `limits` are asked along with the
    first round trip; Throttled, before anything is written, where one of the buckets is empty.

    An error that says that nothing was written leaves the generations; any other may hide a write
    that has arrived or still will, and so changes them and leaves the intent to its deadline.
    """
    write = Write(tags)
    ahead, waits = _intend(write, limits)
    try:
        limiting.check(limits, waits)
        if in_line:
            _wait_in_line(write, ahead)
        yield write
    except ForumError as error:
        unsure = isinstance(error, Unavailable) and not isinstance(error, Busy)
        _finish(write, changed=unsure, sure=not unsure)
        raise
    except BaseException:
        _finish(write, changed=True, sure=False)
        raise
    when(lambda: _finish(write))


def _intend(write: Write, limits: Sequence[Bucket]) -> tuple[int, list[int]]:
    """Leave the intents, and ask the limits; how many writers of the first tag were there before, and what
    the limits answered."""
    calls: list[Call] = [(scripts.INTEND, [state_key(tag)], [write.id]) for tag in write.tags]
    calls += limiting.calls_of(limits)
    try:
        with answering():
            answers = run(calls)
    except Down as down:
        raise Unavailable(_("Posting is not possible for a moment. Please try again shortly.")) from down
    write.deadline = time.monotonic() + scripts.INTENT_SECONDS
    return int(answers[0]), answers[len(write.tags) :]


def _wait_in_line(write: Write, ahead: int) -> None:
    """Wait until the writers that came before, in any process of any server, are done; at most 1.5 s.

    The intents are a line already, in the order of their deadlines, and one that a dead writer left
    counts only until its own. Nothing rests on this but speed: who loses a race for a thread's head has
    paid for a transaction that wrote nothing, and may lose the next one, too.
    """
    until = time.monotonic() + LINE_SECONDS
    try:
        while ahead > 0 and time.monotonic() < until:
            time.sleep(min(ahead, 10) * LINE_STEP_SECONDS)
            with answering():
                ahead = run([(scripts.AHEAD, [state_key(write.tags[0])], [write.id])])[0]
    except Down:
        return


def _finish(write: Write, changed: bool = True, sure: bool = True) -> None:
    """Give the tags new generations, where something changed, and take the intents back.

    Tried three times. Should Redis stay away, the writer waits until its intents' deadline before it
    acknowledges: from then on no reader can believe an old generation, wherever Redis has gone.
    """
    if changed:
        stats.count("invalidation")
    calls = [_finish_call(write, tag, changed, sure) for tag in write.tags]
    if changed:
        calls += changes.note(changes.notes_of(write.tags, write.wrote), sure)
    for __ in range(3):
        try:
            with answering(insist=True):
                run(calls)
                if changed:
                    run([(scripts.BARRIER, [state_key(tag)], []) for tag in write.tags])
            return
        except Down:
            time.sleep(RETRY_SECONDS)
    log.error("Redis is down: pages of %s are renewed at their intents' deadline", ", ".join(write.tags))
    if changed:
        time.sleep(max(0.0, write.deadline - time.monotonic()))


def _finish_call(write: Write, tag: str, changed: bool, sure: bool) -> Call:
    wrote = write.wrote if read_through_an_index(tag) else {}
    posts = [f"{partition}|{key}|{revision}" for (partition, key), revision in wrote.items()]
    return (
        scripts.FINISH,
        [state_key(tag)],
        [write.id, secrets.token_hex(8) if changed else "", "1" if sure else "0", *posts],
    )


def state_key(tag: str) -> str:
    return f"g:{{{tag}}}"


def invalidate_all() -> None:
    """Make every page stale: all carry the tag `site`. For a new release, and after loading data."""
    with invalidating(SITE):
        pass
