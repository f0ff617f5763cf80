"""Keys: how forums become partitions, how threads and posts get their ids, what a cursor looks like.

Shapes::

    ForumName      aws            shard 0 of forum "aws"
                   aws#3          shard 3
    ThreadID       01KAQ4ZT9N8YV3W2Q6JX5R7D03   26 characters: 10 of time (ms), 14 random, 2 the shard
    PostTimestamp  2026-11-23T08:44:12.123456Z#k3j9x2ab   UTC, fixed width, unique by its suffix
    cursor         the same with ~ for #, which needs no quoting in a URL

The shard is readable from the thread's id, so a thread's URL is enough to compute its key.
Write sharding: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-sharding.html
"""

import os
import re
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from uuid import NAMESPACE_URL, uuid5

from django.utils.translation import gettext as _

from forum.errors import BadRequest

# An item of any table: its partition key and its sort key.
Key = tuple[str, str]

FORUM_NAME = "[a-z0-9][a-z0-9-]{0,48}[a-z0-9]"
THREAD_ID = "[0-7][0-9A-HJKMNP-TV-Z]{25}"
MAX_SHARDS = 32 * 32

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: sorts as its numbers do
# Makes a digit of each random byte, all equally likely.
_OF_BYTES = bytes(ord(_DIGITS[byte % 32]) for byte in range(256))
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_NONCE = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
CURSOR = r"p?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z~[0-9a-z]{8}"
_CURSOR = re.compile(CURSOR)
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


def _base32(number: int, width: int) -> str:
    digits = []
    for __ in range(width):
        number, digit = divmod(number, 32)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


def _number(text: str) -> int:
    number = 0
    for digit in text:
        number = number * 32 + _VALUES[digit]
    return number


# -- Partitions -----------------------------------------------------------------------------------


def partition(forum: str, shard: int) -> str:
    """The partition key of one shard of a forum."""
    return f"{forum}#{shard}" if shard else forum


def partitions(forum: str, shards: int) -> list[str]:
    """The partition keys of all shards of a forum."""
    return [partition(forum, shard) for shard in range(shards)]


def forum_of(partition_key: str) -> str:
    """The forum a partition key belongs to."""
    return partition_key.partition("#")[0]


# -- Nonces: what makes a write happen once -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Nonce:
    """One intended write: 10 characters of time and 14 random ones, and 2 for the shard of the thread that it starts.

    Everything a new thread or post is named by comes from the nonce of the form it was written
    in and its text, so that the same form sent twice names the same item twice. The shard is chosen when the form
    is given out, and not when it is sent: a forum may be spread wider between two sendings.
    """

    text: str

    def __post_init__(self) -> None:
        if not _NONCE.fullmatch(self.text):
            raise ValueError(f"not a nonce: {self.text!r}")

    @classmethod
    def new(cls, at: datetime | None = None, shards: int = 1) -> "Nonce":
        """Whatever starts a thread says how many `shards` its forum has."""
        milliseconds = int((at.timestamp() if at else time.time()) * 1000)
        random = os.urandom(14).translate(_OF_BYTES).decode()
        return cls(_base32(milliseconds, 10) + random + _base32(secrets.randbelow(shards), 2))

    @classmethod
    def of(cls, seed: str) -> "Nonce":
        """The nonce of a seed: always the same, and of no time."""
        return cls(f"0{_base32(uuid5(NAMESPACE_URL, seed).int % 32**25, 25)}")

    def about(self, *texts: str) -> "Nonce":
        """The nonce of these texts in this form: the same when they are sent again, another when they are others."""
        seed = "\0".join([self.text, *texts]).encode("utf-8", "replace")
        random = _base32(int.from_bytes(blake2b(seed, digest_size=10).digest()), 14)
        return Nonce(self.text[:10] + random + self.text[24:])

    @property
    def issued(self) -> datetime:
        return datetime.fromtimestamp(_number(self.text[:10]) / 1000, UTC)

    @property
    def suffix(self) -> str:
        """The 8 characters that make a post's sort key unique."""
        return self.text[16:24].lower()


def thread_id(nonce: Nonce, shards: int) -> str:
    """The id of the thread that this nonce starts. Its shard is the nonce's, which every forum has that was spread
    as wide when the nonce was made, or is wider now; in another forum it is one of that one's."""
    return nonce.text[:24] + _base32(_number(nonce.text[24:]) % shards, 2)


def thread_shard(thread: str) -> int:
    """The shard that a thread is on, in whatever forum."""
    return _number(thread[-2:])


def thread_partition(forum: str, thread: str) -> str:
    """The partition key of a thread: of its head and of all its posts."""
    return partition(forum, thread_shard(thread))


# -- Sort keys and cursors ------------------------------------------------------------------------


def post_timestamp(nonce: Nonce, now: datetime, after: str = "") -> str:
    """A unique sort key for `now`, later than the sort key `after`.

    Clocks of several servers disagree; what a thread's head says came last must stay last.
    """
    if after and now <= (last := time_of(after)):
        now = last + timedelta(microseconds=1)
    return f"{now.astimezone(UTC).strftime(_TIME)}#{nonce.suffix}"


def time_of(timestamp: str) -> datetime:
    """The time in a sort key."""
    return datetime.fromisoformat(timestamp[:27])


def suffix_of(timestamp: str) -> str:
    """The unique end of a sort key: which nonce wrote it."""
    return timestamp[28:]


def cursor(timestamp: str) -> str:
    """A sort key as it stands in a URL."""
    return timestamp.replace("#", "~")


def read_cursor(text: str) -> str:
    """The sort key in a URL's cursor; BadRequest where it cannot be one."""
    if not _CURSOR.fullmatch(text) or not text.isascii():
        raise BadRequest(_("The link to this part of the list is damaged."))
    try:
        time_of(text.removeprefix("p"))
    except ValueError:
        raise BadRequest(_("The link to this part of the list is damaged.")) from None
    return text.replace("~", "#")


def read_thread_cursor(text: str) -> str:
    """The id of a thread after which a list goes on, "" at its beginning; BadRequest where it cannot be one."""
    if text and not re.fullmatch(THREAD_ID, text):
        raise BadRequest(_("The link to this part of the list is damaged."))
    return text
