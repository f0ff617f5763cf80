"""Gzip streams put together from parts that were compressed apart.

Deflated data is a row of blocks, and blocks that refer to nothing before them may stand anywhere. A
*part* is a text as such a row, ending on a whole byte: deflated by itself and flushed in full, or as it
is, in *stored* blocks. Parts laid end to end between a header and an end are a gzip stream.

Its checksum needs no second look at the text. The CRC-32 of A + B is that of A *moved on* by the length
of B, xor that of B; moving on is linear, so moving on by any length is moving on by powers of two.
"""

import struct
import zlib
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

LEVEL = 6
HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
LAST_BLOCK = b"\x03\0"
STORED_MOST = 65_535
WORTH_DEFLATING = 100
REMEMBERED_MOST = 4096

_BLOCK = struct.Struct("<BHH").pack
_END = struct.Struct("<2sII").pack

# Moves a checksum on by one length: four look-ups, one for each of its bytes.
Mover = tuple[list[int], list[int], list[int], list[int]]


class Part(NamedTuple):
    """A text as it stands in a stream, its CRC-32 and its length in bytes."""

    data: bytes
    crc: int
    length: int


# -- Parts ----------------------------------------------------------------------------------------


def stored(text: bytes) -> bytes:
    """The text in stored blocks: none for no text, one for each 65,535 bytes."""
    length = len(text)
    if 0 < length <= STORED_MOST:
        return _BLOCK(0, length, length ^ 0xFFFF) + text
    pieces = (text[start : start + STORED_MOST] for start in range(0, length, STORED_MOST))
    return b"".join(map(stored, pieces))


def deflated(texts: Iterable[bytes]) -> list[Part]:
    """A part for each text. One compressor does them all, since to set one up costs more than a short text."""
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return [
        Part(
            compressor.compress(text) + compressor.flush(zlib.Z_FULL_FLUSH) if text else b"",
            zlib.crc32(text),
            len(text),
        )
        for text in texts
    ]


def part(text: bytes) -> Part:
    """The text as a part, stored or deflated, whichever is shorter. Texts of usual size are remembered:
    most readers' menus and forms are in many pages, or the same for many readers."""
    return _remembered(text) if len(text) <= REMEMBERED_MOST else _made(text)


def _made(text: bytes) -> Part:
    plain = Part(stored(text), zlib.crc32(text), len(text))
    if len(text) < WORTH_DEFLATING:
        return plain
    return min(plain, deflated([text])[0], key=lambda part: len(part.data))


_remembered = lru_cache(maxsize=512)(_made)


# -- Streams --------------------------------------------------------------------------------------


def stream(parts: Sequence[Part]) -> tuple[bytes, ...]:
    """The parts as gzip, once the pieces are joined: they stay apart, since many readers' streams share them."""
    crc = length = 0
    for part in parts:
        crc = moved(crc, movers(part.length)) ^ part.crc
        length += part.length
    end = _END(LAST_BLOCK, crc, length & 0xFFFFFFFF)
    return (HEADER, *(part.data for part in parts if part.data), end)


# -- Checksums ------------------------------------------------------------------------------------


def moved(crc: int, by: Iterable[Mover]) -> int:
    for first, second, third, fourth in by:
        crc = first[crc & 255] ^ second[crc >> 8 & 255] ^ third[crc >> 16 & 255] ^ fourth[crc >> 24]
    return crc


def movers(length: int) -> tuple[Mover, ...]:
    """What together moves a checksum on by so many bytes: one for each 1 in the length's binary digits."""
    powers = _powers()
    return tuple(powers[digit] for digit in range(length.bit_length()) if length >> digit & 1)


@cache
def _powers() -> list[Mover]:
    """Movers by 1, 2, 4 … 2^31 bytes, in 1.3 MB; made on first use, in some 10 ms."""
    # zlib moves a checksum on by a zero byte, then adds that byte's own checksum, which is taken off again.
    powers = [_mover([zlib.crc32(b"\0", 1 << bit) ^ zlib.crc32(b"\0") for bit in range(32)])]
    while len(powers) < 32:
        twice = (powers[-1], powers[-1])
        powers.append(_mover([moved(1 << bit, twice) for bit in range(32)]))
    return powers


def _mover(columns: Sequence[int]) -> Mover:
    """A mover from what it makes of each single bit."""
    return _sums(columns[:8]), _sums(columns[8:16]), _sums(columns[16:24]), _sums(columns[24:])


def _sums(columns: Sequence[int]) -> list[int]:
    """For each number in as many bits, the sum (xor) of the columns for its ones."""
    sums = [0]
    for column in columns:
        sums += [before ^ column for before in sums]
    return sums
