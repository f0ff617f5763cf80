"""When tokens of programs were last used: noted in Redis by whoever lets one in, saved by a worker soon after."""

import time
from contextlib import suppress

from forum.redis import Down, answering, run

KEY = "tokens-used"
# How exactly it is known, and so how seldom it is noted.
EXACT_SECONDS = 3600
MOST_KNOWN = 10_000

# KEYS: uses. ARGV: token, seconds since 1970.
NOTE = "return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])"
# KEYS: uses. -> all of them, and forgets them.
TAKE = "local all = redis.call('HGETALL', KEYS[1]) redis.call('DEL', KEYS[1]) return all"

# When this process noted each, in seconds since 1970.
_noted: dict[int, float] = {}


def note(token: int, known: float) -> None:
    """A token is used, which was known to be at `known`, in seconds since 1970. One round trip at most every hour;
    never fails."""
    now = time.time()
    if now - max(known, _noted.get(token, 0.0)) < EXACT_SECONDS:
        return
    with suppress(Down), answering():
        run([(NOTE, [KEY], [token, int(now)])])
        if len(_noted) >= MOST_KNOWN:
            _noted.clear()
        _noted[token] = now


def take() -> dict[int, int]:
    """What was noted since it was last asked: when each token was used, in seconds since 1970. One round trip; {}
    while Redis is down."""
    with suppress(Down), answering():
        words = [int(word) for word in run([(TAKE, [KEY], [])])[0]]
        return dict(zip(words[::2], words[1::2], strict=True))
    return {}


def forget() -> None:
    """What this process noted (tests)."""
    _noted.clear()
