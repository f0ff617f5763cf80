"""A cached page's body as it is kept in a process's memory, and as it is for one reader.

A reader's copy is made without rendering, and without compressing the page again. The text around
the holes is deflated once; each reader's values go in between. But deflate finds little to save in short
texts, and a page is cut into many: 20 posts have 20 holes for what one may do with them, empty for
nearly all readers. So values that are short are *woven in*, deflated with the text around them, once
for all readers who have the same short values (a *weave*): the page is cut only at the long ones.

Late values are not compressed with anything, so no form token can be guessed from an answer's length.
"""

import zlib
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from threading import Lock
from typing import TypeVar

from forum import holes

from . import deflate
from .deflate import Part, Run

SHORT = 256
WEAVES_MOST = 8

# What Python adds, about, to the bytes of a text, a hole's mark, a part; and of a body, a weave, a filled page.
TEXT_OVERHEAD = 40
HOLE_OVERHEAD = 200
PART_OVERHEAD = 160
OVERHEAD = 1000

# What is said of a hole: its value if it is short and has no late holes, otherwise nothing.
Short = bytes | None

T = TypeVar("T")

_keeping = Lock()


class Body:
    """A page for all its readers, cut at its holes. Safe for use by several threads."""

    __slots__ = ("_digest", "_weaves", "holes", "segments", "size")

    def __init__(self, stored: bytes) -> None:
        """`stored` is the page with the marks of `forum.holes`."""
        segments, marked = holes.split(stored)
        self.segments = tuple(segments)
        self.holes = tuple(marked)
        self.size = OVERHEAD + len(stored) + TEXT_OVERHEAD + (TEXT_OVERHEAD + HOLE_OVERHEAD) * len(marked)
        self._digest = blake2b(stored, digest_size=16).digest()
        self._weaves: dict[tuple[Short, ...], list[Part]] = {}

    def fill(self, values: Sequence[bytes], shared: bool = False) -> "Filled":
        """The page with a value in each hole, in their order; ValueError if there are more or fewer.

        Values may hold marks of late holes. A page that is `shared` by many readers, and has no late
        holes, is worth compressing as a whole.
        """
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
    """A page for one reader, or for many who see the same: complete but for its late holes.

    What is prepared for `gzipped` is prepared when that is first asked for; two threads may then do it
    at once, to the same end.
    """

    __slots__ = ("_body", "_long", "_own", "_runs", "_shared", "_short", "_texts", "_whole", "etag", "late", "size")

    def __init__(self, body: Body, values: Sequence[bytes], shared: bool) -> None:
        """Made by `Body.fill`."""
        cut = [holes.split_late(value) for value in values]
        self.late = tuple(name for _, names in cut for name in names)
        self.etag = "" if self.late else body.etag(values)
        self.size = self._own = OVERHEAD + sum(TEXT_OVERHEAD + len(value) for value in values if value)
        self._body = body
        self._shared = shared and not self.late
        runs = _between_late(body.segments, [pieces for pieces, _ in cut])
        self._texts = tuple(tuple(filter(None, texts)) for texts in runs)
        self._short = tuple(
            value if len(value) <= SHORT and not names else None for value, (_, names) in zip(values, cut, strict=True)
        )
        self._long = tuple(tuple(pieces) for (pieces, _), short in zip(cut, self._short, strict=True) if short is None)
        self._runs: tuple[Run, ...] = ()
        self._whole = b""

    def plain(self, late: Sequence[bytes] = ()) -> bytes:
        """The page with a value in each late hole, in their order; ValueError if there are more or fewer."""
        texts = list(self._texts[0])
        for value, following in zip(late, self._texts[1:], strict=True):
            texts.append(value)
            texts += following
        return b"".join(texts)

    def gzipped(self, late: Sequence[bytes] = ()) -> bytes:
        """The same as gzip."""
        if self._shared and not late:
            return self._whole or self._compressed()
        return deflate.stream(self._runs or self._spliced(), late)

    def _compressed(self) -> bytes:
        whole = zlib.compress(self.plain(), deflate.LEVEL, zlib.MAX_WBITS + 16)
        self.size = self._own + len(whole)
        self._whole = whole
        return whole

    def _spliced(self) -> tuple[Run, ...]:
        """The runs of parts between the late holes."""
        woven, size = self._body.woven(self._short)
        values = [[deflate.part(piece) for piece in pieces] for pieces in self._long]
        made = tuple(deflate.run(parts) for parts in _between_late(woven, values))
        self.size = self._own + size + sum(map(_size, values))
        self._runs = made
        return made


def _between_late(outer: Sequence[T], values: Sequence[Sequence[T]]) -> list[list[T]]:
    """What comes before, between and after the late holes, when each value, which is cut at its late
    holes, is put between two of the outer pieces."""
    runs = [[outer[0]]]
    for pieces, following in zip(values, outer[1:], strict=True):
        runs[-1].append(pieces[0])
        runs += [[piece] for piece in pieces[1:]]
        runs[-1].append(following)
    return runs


def _size(parts: Sequence[Part]) -> int:
    return sum(PART_OVERHEAD + len(part.data) for part in parts)
