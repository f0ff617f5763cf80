"""Partitions, ids, sort keys and cursors: pure functions."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from forum.errors import BadRequest
from forum.tables.keys import (
    MAX_SHARDS,
    THREAD_ID,
    Nonce,
    cursor,
    forum_of,
    partition,
    partitions,
    post_timestamp,
    read_cursor,
    suffix_of,
    thread_id,
    thread_partition,
    time_of,
)

NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
NONCE = Nonce("01KAQ4ZT9N8YV3W2Q6JX5R7D03")


def test_shard_zero_is_the_forum_itself_and_the_others_carry_their_number():
    assert partitions("aws", 3) == ["aws", "aws#1", "aws#2"]
    assert partition("aws", 0) == "aws"


def test_the_forum_can_be_told_from_every_partition():
    assert {forum_of(key) for key in partitions("aws", 12)} == {"aws"}


def test_the_partition_can_be_told_from_the_threads_id():
    for shards in (1, 4, MAX_SHARDS):
        ids = [thread_id(Nonce.new(shards=shards), shards) for _ in range(200)]
        assert {thread_partition("aws", id) for id in ids} <= set(partitions("aws", shards))


def test_new_threads_spread_over_all_shards():
    spread = [thread_partition("aws", thread_id(Nonce.new(shards=4), 4)) for _ in range(4_000)]
    assert all(800 < spread.count(key) < 1_200 for key in partitions("aws", 4))


def test_a_threads_id_sorts_by_time_and_is_what_urls_expect():
    import re

    ids = [thread_id(Nonce.new(NOON + timedelta(milliseconds=n), 7), 7) for n in range(100)]
    assert ids == sorted(ids)
    assert all(re.fullmatch(THREAD_ID, id) for id in ids)


def test_the_same_nonce_names_the_same_thread_and_suffix():
    assert thread_id(NONCE, 4) == thread_id(Nonce(NONCE.text), 4)
    assert NONCE.suffix == "q6jx5r7d"


def test_a_form_that_was_given_out_before_a_forum_was_spread_names_the_same_thread_after_it():
    for shards in (1, 3, 8):
        nonce = Nonce.new(shards=shards).about("A title", "A text")
        assert len({thread_id(nonce, wider) for wider in range(shards, 100)}) == 1


def test_a_nonce_of_a_wider_forum_stays_within_a_narrow_one():
    ids = [thread_id(Nonce.new(shards=MAX_SHARDS), 2) for _ in range(200)]
    assert {thread_partition("aws", id) for id in ids} == {"aws", "aws#1"}


def test_a_nonce_knows_when_it_was_issued():
    assert abs(Nonce.new(NOON).issued - NOON) < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    "text", ["", "01KAQ4ZT9N", "81KAQ4ZT9N8YV3W2Q6JX5R7D03", "01KAQ4ZT9N8YV3W2Q6JX5R7D0U", "é" * 26]
)
def test_what_is_no_nonce_is_refused(text):
    with pytest.raises(ValueError, match="not a nonce"):
        Nonce(text)


def test_sort_keys_have_one_width_whatever_the_microseconds():
    whole = post_timestamp(NONCE, NOON.replace(microsecond=0))
    assert whole == f"2026-11-23T12:00:00.000000Z#{NONCE.suffix}"
    assert len(whole) == len(post_timestamp(NONCE, NOON))


def test_sort_keys_are_in_utc_whatever_the_time_zone():
    from zoneinfo import ZoneInfo

    assert post_timestamp(NONCE, NOON.astimezone(ZoneInfo("Asia/Kathmandu"))) == post_timestamp(NONCE, NOON)


def test_a_sort_key_is_later_than_the_one_before_even_when_the_clock_went_back():
    before = post_timestamp(NONCE, NOON)
    after = post_timestamp(Nonce.new(), NOON - timedelta(hours=1), after=before)
    assert after > before
    assert time_of(after) - time_of(before) == timedelta(microseconds=1)


def test_a_sort_key_can_be_taken_apart():
    key = post_timestamp(NONCE, NOON)
    assert time_of(key) == NOON
    assert suffix_of(key) == NONCE.suffix


def test_a_cursor_is_a_sort_key_that_needs_no_quoting():
    from urllib.parse import quote

    key = post_timestamp(NONCE, NOON)
    assert read_cursor(cursor(key)) == key
    assert quote(cursor(key), safe=":") == cursor(key)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-11-23T12:00:00.000000Z",
        "2026-11-23T12:00:00.000000Z#k3j9x2ab",
        "2026-11-23T12:00:00.000000Z~k3j9x2ab\n",
        "2026-13-45T12:00:00.000000Z~k3j9x2ab",
        "2026-02-30T12:00:00.000000Z~k3j9x2ab",
        "٢٠٢٦-11-23T12:00:00.000000Z~k3j9x2ab",
        "2026-11-23T12:00:00.000000Z~k3j9x2ab\x00",
        "x" * 100_000,
    ],
)
def test_a_damaged_cursor_is_a_bad_request(text):
    with pytest.raises(BadRequest):
        read_cursor(text)


def test_a_forked_process_makes_nonces_of_its_own():
    Nonce.new()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, Nonce.new().text.encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 100).decode()[10:] != Nonce.new().text[10:]
    os.close(reading)
    os.close(writing)
