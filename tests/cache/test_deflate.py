"""Gzip streams put together from parts, and their checksums."""

import gzip
import time
import zlib
from random import Random

import pytest

from forum.cache import deflate
from forum.cache.deflate import moved, movers, part, stored, stream

LENGTHS = [0, 1, 2, 99, 100, 101, 4095, 4096, 4097, 32_768, 65_535, 65_536, 131_070, 131_071, 200_000]


def text(length: int, rng: Random) -> bytes:
    """Half of it compresses well, the other half not at all."""
    return (b"all work and no play " * (length // 40 + 1))[: length // 2] + rng.randbytes(length - length // 2)


@pytest.mark.parametrize("length", LENGTHS)
def test_a_part_of_any_length_is_its_text(length: int) -> None:
    said = text(length, Random(length))
    made = part(said)
    assert (made.crc, made.length) == (zlib.crc32(said), length)
    assert zlib.decompress(made.data + deflate.LAST_BLOCK, -zlib.MAX_WBITS) == said


@pytest.mark.parametrize("length", LENGTHS)
def test_stored_blocks_of_any_length_are_their_text(length: int) -> None:
    said = text(length, Random(length))
    assert zlib.decompress(stored(said) + deflate.LAST_BLOCK, -zlib.MAX_WBITS) == said
    assert len(stored(said)) == length + 5 * -(-length // 65_535)


def test_a_part_is_never_longer_than_its_text_in_stored_blocks() -> None:
    for length in LENGTHS:
        noise = Random(length).randbytes(length)
        assert len(part(noise).data) <= len(stored(noise))


def test_parts_can_follow_one_another_in_any_order() -> None:
    rng = Random(1)
    texts = [text(rng.choice(LENGTHS), rng) for _ in range(12)]
    for _ in range(30):
        rng.shuffle(texts)
        whole = b"".join(stream([part(each) for each in texts]))
        assert gzip.decompress(whole) == b"".join(texts)


def test_no_parts_are_an_empty_stream() -> None:
    assert gzip.decompress(b"".join(stream([]))) == b""


def test_a_checksum_is_moved_on_by_any_length() -> None:
    rng = Random(2)
    for length in [*LENGTHS, *(rng.randrange(3_000_000) for _ in range(20))]:
        before, after = rng.randbytes(10), bytes(length)
        assert moved(zlib.crc32(before), movers(length)) ^ zlib.crc32(after) == zlib.crc32(before + after)


def test_to_be_moved_on_twice_is_to_be_moved_on_by_both_lengths_together() -> None:
    rng = Random(3)
    for _ in range(100):
        crc, one, other = rng.getrandbits(32), rng.getrandbits(31), rng.getrandbits(31)
        assert moved(moved(crc, movers(one)), movers(other)) == moved(crc, movers(one + other))


def test_the_tables_are_made_in_no_time() -> None:
    started = time.process_time()
    deflate._powers.__wrapped__()
    assert time.process_time() - started < 0.05
