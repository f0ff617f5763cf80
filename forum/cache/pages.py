"""Pages in Redis that no reader ever gets too old: generations, write intents, single flight.

Every tag has a *generation*, a random value. A page is stored with the generations of its tags that
were read before its data was, and is served only while all of them stand. A write changes the
generations of its tags before it is acknowledged, so every page rendered from older data, stored or
still being rendered, is dead at once, whatever their number. Generations are random and never
counted: a counter that is evicted would start again at a value that old pages carry.

A write first leaves an *intent* with a deadline at each of its tags. If the writer dies between the
database and the invalidation, the first read after the deadline changes the generation.

Only one reader fills a page at a time (a *lease*, as in "Scaling Memcache at Facebook", NSDI 2013);
the others wait for it shortly.

Keys; those of one tag, and the pages whose first tag it is, share a hash slot::

    g:{thread:01J…}              the generation
    w:{thread:01J…}              intents: sorted set, write id -> deadline in ms
    p:{thread:01J…}:<page>       generations, newline, body
    l:{thread:01J…}:<page>       the lease
"""

import hashlib
import logging
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from redis.exceptions import NoScriptError

from forum.errors import Busy, ForumError, Unavailable
from forum.redis import Down, answering, client

from .tags import SITE

log = logging.getLogger(__name__)

PAGE_SECONDS = 600
GENERATION_SECONDS = 86_400
INTENT_SECONDS = 6
LEASE_SECONDS = 3
WAIT_SECONDS = 0.3
WAIT_STEP_SECONDS = 0.02
LINE_SECONDS = 1.5
LINE_STEP_SECONDS = 0.004

_NOW = "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000)\n"

# The generation of a tag, made anew when it is missing or an intent's deadline has passed.
# With the keys of a page, also the page if it was stored under this generation; otherwise the
# lease to fill it, if it is free.
_LOAD = (
    _NOW
    + """
local generation = redis.call('GET', KEYS[1])
if not generation or redis.call('ZCOUNT', KEYS[2], '-inf', now) > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
  generation = ARGV[1]
  redis.call('SET', KEYS[1], generation, 'PX', ARGV[2])
end
if not KEYS[3] then return {generation} end
local page = redis.call('GET', KEYS[3])
if page and string.sub(page, 1, #generation) == generation then return {generation, page} end
local leased = redis.call('SET', KEYS[4], ARGV[3], 'NX', 'PX', ARGV[4])
return {generation, false, leased and 1 or 0}
"""
)

# Store a page unless its first tag has changed meanwhile, and give the lease back.
_STORE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3]) end
if redis.call('GET', KEYS[3]) == ARGV[4] then redis.call('DEL', KEYS[3]) end
return 1
"""

# Leave an intent; the answer is how many writers were there before. Deadlines are kept to the
# microsecond, since two writers in one millisecond would otherwise stand in line by chance.
_INTEND = (
    _NOW
    + """
local deadline = t[1] * 1000 + t[2] / 1000 + ARGV[2]
redis.call('ZADD', KEYS[1], deadline, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2] + 60000)
return redis.call('ZCOUNT', KEYS[1], now, deadline) - 1
"""
)

# How many writers left their intents before this one and have neither finished nor passed their deadline.
_AHEAD = (
    _NOW
    + """
local mine = redis.call('ZRANK', KEYS[1], ARGV[1])
return mine and mine - redis.call('ZCOUNT', KEYS[1], '-inf', now) or 0
"""
)

# After a write: a new generation. After a write that did not happen: the old one stands.
_FINISH = """
redis.call('ZREM', KEYS[2], ARGV[1])
if ARGV[2] ~= '' then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1
"""

_SHA = {
    script: hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
    for script in (_LOAD, _STORE, _INTEND, _AHEAD, _FINISH)
}

Call = tuple[str, list[str], list[Any]]


def _generation_key(tag: str) -> str:
    return f"g:{{{tag}}}"


def _intents_key(tag: str) -> str:
    return f"w:{{{tag}}}"


def _run(calls: Sequence[Call]) -> list[Any]:
    """Run scripts in one round trip; they are loaded when the server does not know them yet."""
    redis = client()
    for attempt in range(2):
        pipeline = redis.pipeline(transaction=False)
        for script, keys, arguments in calls:
            pipeline.evalsha(_SHA[script], len(keys), *keys, *arguments)
        try:
            return list(pipeline.execute())
        except NoScriptError:
            if attempt:
                raise
            for script in {call[0] for call in calls}:
                redis.script_load(script)
    raise AssertionError("unreachable")


# -- Reading --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """What one look into the cache said: the tags' generations (none when Redis is down), the body
    if it is there and current, and the lease's token if the caller is to fill the page."""

    generations: dict[str, str]
    body: bytes | None = None
    lease: str = ""

    @property
    def usable(self) -> bool:
        return bool(self.generations)


DOWN = Found({})


def look_up(page: str, tags: Sequence[str]) -> Found:
    """Look for a page in one round trip. The page is kept in its first tag's slot."""
    token = secrets.token_hex(8)
    new = [secrets.token_hex(8), GENERATION_SECONDS * 1000]
    first: Call = (
        _LOAD,
        [_generation_key(tags[0]), _intents_key(tags[0]), f"p:{{{tags[0]}}}:{page}", f"l:{{{tags[0]}}}:{page}"],
        [*new, token, LEASE_SECONDS * 1000],
    )
    others: list[Call] = [(_LOAD, [_generation_key(tag), _intents_key(tag)], new) for tag in tags[1:]]
    try:
        with answering():
            answers = _run([first, *others])
    except Down:
        return DOWN
    generations = {tag: answer[0].decode() for tag, answer in zip(tags, answers, strict=True)}
    stored = answers[0][1] if len(answers[0]) == 2 else None
    if stored:
        head, _, body = stored.partition(b"\n")
        if head.decode() == _header(generations):
            return Found(generations, body)
        return Found(generations, lease=token)
    return Found(generations, lease=token if answers[0][2] else "")


def _header(generations: dict[str, str]) -> str:
    return ",".join(generations.values())


def wait_for(page: str, tags: Sequence[str]) -> Found:
    """Look again until whoever fills the page is done, or its lease is ours, at most 0.3 s."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        time.sleep(WAIT_STEP_SECONDS)
        found = look_up(page, tags)
        if found.body is not None or found.lease or not found.usable or time.monotonic() > until:
            return found


def store(page: str, found: Found, body: bytes) -> None:
    """Keep a page under the generations found before its data was read."""
    tag = next(iter(found.generations))
    keys = [_generation_key(tag), f"p:{{{tag}}}:{page}", f"l:{{{tag}}}:{page}"]
    value = _header(found.generations).encode() + b"\n" + body
    try:
        with answering():
            _run([(_STORE, keys, [found.generations[tag], value, PAGE_SECONDS * 1000, found.lease])])
    except Down:
        log.warning("a page could not be stored: Redis is down")


def generation(tag: str) -> str:
    """The tag's generation, "" when Redis is down. One round trip."""
    new = [secrets.token_hex(8), GENERATION_SECONDS * 1000]
    try:
        with answering():
            return str(_run([(_LOAD, [_generation_key(tag), _intents_key(tag)], new)])[0][0].decode())
    except Down:
        return ""


# -- Writing --------------------------------------------------------------------------------------


def run_now(finish: Callable[[], None]) -> None:
    finish()


@contextmanager
def invalidating(
    *tags: str, in_line: bool = False, when: Callable[[Callable[[], None]], None] = run_now
) -> Iterator[None]:
    """Make the write inside invalidate every page that carries one of these tags.

    Two round trips. Unavailable, before anything is written, when Redis cannot take the intents:
    a write whose pages could not be invalidated is not begun. With `in_line` writers of the first tag
    go one after the other (see `_wait_in_line`). `when` is `transaction.on_commit` for writes to the
    relational database, whose data other readers see only after the commit.

    An error that says that nothing was written leaves the generations; any other may hide a write
    that arrived, and changes them.
    """
    write = secrets.token_hex(8)
    try:
        with answering():
            ahead = _run([(_INTEND, [_intents_key(tag)], [write, INTENT_SECONDS * 1000]) for tag in tags])
    except Down as down:
        raise Unavailable("Posting is not possible for a moment. Please try again shortly.") from down
    if in_line:
        _wait_in_line(tags[0], write, ahead[0])
    try:
        yield
    except ForumError as error:
        _finish(tags, write, changed=isinstance(error, Unavailable) and not isinstance(error, Busy))
        raise
    except BaseException:
        _finish(tags, write, changed=True)
        raise
    when(lambda: _finish(tags, write, changed=True))


def _wait_in_line(tag: str, write: str, ahead: int) -> None:
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
                ahead = _run([(_AHEAD, [_intents_key(tag)], [write])])[0]
    except Down:
        return


def _finish(tags: Sequence[str], write: str, changed: bool) -> None:
    """Take the intents back, after new generations where something changed. Tried three times; should
    Redis stay away, the intents' deadlines do it when it is back."""
    calls: list[Call] = [
        (
            _FINISH,
            [_generation_key(tag), _intents_key(tag)],
            [write, secrets.token_hex(8) if changed else "", GENERATION_SECONDS * 1000],
        )
        for tag in tags
    ]
    for _ in range(3):
        try:
            with answering(insist=True):
                _run(calls)
            return
        except Down:
            time.sleep(WAIT_STEP_SECONDS)
    log.error("Redis is down: pages of %s stay as they are until their intents' deadline", ", ".join(tags))


def invalidate_all() -> None:
    """Make every page stale: all carry the tag `site`. For a new release, and after loading data."""
    with invalidating(SITE):
        pass
