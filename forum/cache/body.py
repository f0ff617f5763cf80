"""A cached page's body as it is kept in a process's memory, and as it is for one reader.

A reader's copy is made without rendering, and without compressing the page again. The text around
the holes is deflated once; each reader's values go in between. But deflate finds little to save in short
texts, and a page is cut into many: 20 posts have 20 holes for what one may do with them, empty for
nearly all readers. So values that are short are *woven in*, deflated with the text around them, once
for all readers who have the same short values (a *weave*): the page is cut only at the long ones. What
a page has at each of its posts is long only if it is very long: twenty cuts would triple the page.

Long values are not compressed with anything, so no form token can be guessed from an answer's length.
"""

import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from threading import Lock

from forum import holes

from . import deflate
from .deflate import Part

SHORT = 256
SHORT_AT_EACH_POST = 4096
# A hole of a name that a page has more often stands at each of its posts, or rows.
FEW = 3
WEAVES_MOST = 8

# What Python adds, about, to the bytes of a text, a hole's mark, a part; and of a body, a weave, a filled page.
TEXT_OVERHEAD = 40
HOLE_OVERHEAD = 200
PART_OVERHEAD = 160
OVERHEAD = 1000

# What is said of a hole: its value if it is short, otherwise nothing.
Short = bytes | None

_keeping = Lock()


class Body:
    """A page for all its readers, cut at its holes. Safe for use by several threads."""

    __slots__ = ("_digest", "_weaves", "holes", "segments", "short", "size")

    def __init__(self, stored: bytes) -> None:
        """`stored` is the page with the marks of `forum.holes`."""
        segments, marked = holes.split(stored)
        self.segments = tuple(segments)
        self.holes = tuple(marked)
        self.size = OVERHEAD + len(stored) + TEXT_OVERHEAD + (TEXT_OVERHEAD + HOLE_OVERHEAD) * len(marked)
        often = Counter(name for name, _ in marked)
        # Up to how many bytes the value of each hole is short.
        self.short = tuple(SHORT if often[name] <= FEW else SHORT_AT_EACH_POST for name, _ in marked)
        self._digest = blake2b(stored, digest_size=16).digest()
        self._weaves: dict[tuple[Short, ...], list[Part]] = {}

    def fill(self, values: Sequence[bytes], shared: bool = False) -> "Filled":
        """The page with a value in each hole, in their order; ValueError if there are more or fewer. A page that
        is `shared` by many readers is worth compressing as a whole."""
        if len(values) != len(self.holes):
            raise ValueError(f"{len(self.holes)} holes cannot be filled with {len(values)} values")
        return Filled(self, values, shared)

    def etag(self, values: Sequence[bytes]) -> str:
        told_apart = b"".join([b"%d:%b" % (len(value), value) for value in values])
        return f'W/"{blake2b(self._digest + told_apart, digest_size=16).hexdigest()}"'

    def woven(self, values: tuple[Short, ...]) -> tuple[list[Part], int]:
        """The text between the holes that have no short value, deflated; and the bytes that this takes
        of the caller's memory, 0 when the body keeps it. It keeps the first few that are asked for."""
        if kept := self._weaves.get(values):
            return kept, 0
        parts = deflate.deflated(self._joined(values))
        size = OVERHEAD + _size(parts) + sum(TEXT_OVERHEAD + len(value) for value in values if value)
        with _keeping:
            if len(self._weaves) < WEAVES_MOST and values not in self._weaves:
                self._weaves[values] = parts
                self.size += size
                return parts, 0
        return parts, size

    def _joined(self, values: tuple[Short, ...]) -> Iterator[bytes]:
        texts = [self.segments[0]]
        for value, segment in zip(values, self.segments[1:], strict=True):
            if value is None:
                yield b"".join(texts)
                texts = [segment]
            else:
                texts += value, segment
        yield b"".join(texts)


class Filled:
    """A page for one reader, or for many who see the same.

    What `gzipped` needs is prepared when that is first asked for; two threads may then do it at once, to the same end.
    """

    __slots__ = ("_body", "_own", "_parts", "_shared", "_values", "_whole", "etag", "size")

    def __init__(self, body: Body, values: Sequence[bytes], shared: bool) -> None:
        """Made by `Body.fill`."""
        self.etag = body.etag(values)
        self.size = self._own = OVERHEAD + sum(TEXT_OVERHEAD + len(value) for value in values if value)
        self._body = body
        self._shared = shared
        self._values = tuple(values)
        self._parts: tuple[bytes, ...] = ()
        self._whole = b""

    def plain(self) -> bytes:
        texts = [self._body.segments[0]]
        for value, segment in zip(self._values, self._body.segments[1:], strict=True):
            texts += value, segment
        return b"".join(texts)

    def gzipped(self) -> bytes:
        """The same as gzip."""
        if self._shared:
            return self._whole or self._compressed()
        return b"".join(self._parts or self._spliced())

    def _compressed(self) -> bytes:
        whole = zlib.compress(self.plain(), deflate.LEVEL, zlib.MAX_WBITS + 16)
        self.size = self._own + len(whole)
        self._whole = whole
        return whole

    def _spliced(self) -> tuple[bytes, ...]:
        """What the body has deflated for all who have the same short values, and the long values between."""
        short = [
            value if len(value) <= most else None for value, most in zip(self._values, self._body.short, strict=True)
        ]
        woven, size = self._body.woven(tuple(short))
        long = [deflate.part(value) for value, woven_in in zip(self._values, short, strict=True) if woven_in is None]
        parts = [woven[0]]
        for between, following in zip(long, woven[1:], strict=True):
            parts += between, following
        self.size = self._own + size + _size(long)
        self._parts = deflate.stream(parts)
        return self._parts


def _size(parts: Sequence[Part]) -> int:
    return sum(PART_OVERHEAD + len(part.data) for part in parts)
