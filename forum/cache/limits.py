"""How often somebody may do something: token buckets in Redis, exact over all processes.

A bucket holds at most `most` tokens and gets them back evenly over `seconds`; each act takes one. Its key
is `limit:{<name>:<who>}`. One script takes a token or says how long to wait, in a round trip of its own
(`take`) or along with a write's intents (`intents.invalidating`), where it costs none. A process does not ask
again for a bucket that it knows to be empty: whoever sends too much costs no round trip either.

https://en.wikipedia.org/wiki/Token_bucket
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from forum import wording
from forum.errors import Throttled, Unavailable
from forum.redis import Call, Down, answering, run

MOST_KNOWN = 10_000

# KEYS: bucket. ARGV: how many tokens it holds, ms until one comes back, what the token is for.
# -> 0, or ms to wait. The last act sent again takes no second token.
TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local most, each = tonumber(ARGV[1]), tonumber(ARGV[2])
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at', 'last')
if kept[3] == ARGV[3] then return 0 end
local tokens = tonumber(kept[1] or most)
tokens = math.min(most, tokens + math.max(0, now - tonumber(kept[2] or now)) / each)
if tokens < 1 then return math.ceil((1 - tokens) * each) end
redis.call('HSET', KEYS[1], 'tokens', tokens - 1, 'at', now, 'last', ARGV[3])
redis.call('PEXPIRE', KEYS[1], most * each)
return 0
"""

# Until when (in monotonic seconds) a bucket is known to be empty.
_empty_until: dict[str, float] = {}


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` acts in `seconds`; `words` say so to whoever did more, "You can report 20 posts
    an hour.", in their language."""

    name: str
    most: int
    seconds: int
    words: str

    def of(self, who: str, what: str) -> "Bucket":
        """The bucket of somebody, who is about to do `what`: any text that names this one act."""
        return Bucket(self, f"limit:{{{self.name}:{who}}}", what)


@dataclass(frozen=True, slots=True)
class Bucket:
    limit: Limit
    key: str
    what: str

    @property
    def call(self) -> Call:
        """The script that takes a token; `check` its answer."""
        each = self.limit.seconds * 1000 // self.limit.most
        return TAKE, [self.key], [self.limit.most, each, self.what]

    def check(self, wait: int) -> None:
        """Throttled where the script answered that there is a time to wait, in ms."""
        if not wait:
            return
        if len(_empty_until) >= MOST_KNOWN:
            _empty_until.clear()
        _empty_until[self.key] = time.monotonic() + wait / 1000
        raise self._throttled(math.ceil(wait / 1000))

    def refuse_while_empty(self) -> None:
        """Throttled where this process knows that the bucket is still empty."""
        wait = math.ceil(_empty_until.get(self.key, 0.0) - time.monotonic())
        if wait > 0:
            raise self._throttled(wait)

    def _throttled(self, seconds: int) -> Throttled:
        error = Throttled(
            _("%(words)s Please wait %(span)s, then send it again.")
            % {"words": self.limit.words, "span": wording.span(seconds)}
        )
        error.retry_after = seconds
        return error


def take(*buckets: Bucket) -> None:
    """Take a token of each; Throttled where one is missing: those of the others are gone, too. One round trip, none
    without buckets; Unavailable while Redis is down."""
    if not buckets:
        return
    calls = calls_of(buckets)
    try:
        with answering():
            waits = run(calls)
    except Down as down:
        raise Unavailable(_("This is not possible for a moment. Please try again shortly.")) from down
    check(buckets, waits)


def calls_of(buckets: Sequence[Bucket]) -> list[Call]:
    """The scripts that take a token of each; Throttled where one is known to be empty, before any is asked."""
    for bucket in buckets:
        bucket.refuse_while_empty()
    return [bucket.call for bucket in buckets]


def check(buckets: Sequence[Bucket], waits: Sequence[int]) -> None:
    """Throttled where one of the scripts answered that there is a time to wait, in ms."""
    for bucket, wait in zip(buckets, waits, strict=True):
        bucket.check(int(wait))


def forget() -> None:
    """Ask again for every bucket (tests)."""
    _empty_until.clear()
