"""The page cache by itself, on a real server."""

import time
from collections.abc import Iterator
from threading import Thread
from unittest.mock import patch

import pytest

from forum import redis as stores
from forum.cache import pages
from forum.cache.pages import invalidate_all, invalidating, look_up, store
from forum.cache.tags import SITE
from forum.errors import Conflict, Unavailable

pytestmark = pytest.mark.usefixtures("redis_server")

TAGS = ["thread:1", SITE]


def fill(body: bytes = b"body", name: str = "page", tags: list[str] = TAGS) -> None:
    found = look_up(name, tags)
    assert found.lease, "the page is already there, or being filled"
    store(name, found, body)


def test_a_stored_page_is_found() -> None:
    fill(b"hello")
    assert look_up("page", TAGS).body == b"hello"


def test_pages_with_one_tag_and_other_names_are_other_pages() -> None:
    fill(b"hello")
    assert look_up("other", TAGS).body is None


@pytest.mark.parametrize("tag", TAGS)
def test_a_write_to_any_tag_makes_the_page_stale(tag: str) -> None:
    fill()
    with invalidating(tag):
        pass
    assert look_up("page", TAGS).body is None


def test_a_write_to_another_tag_leaves_the_page() -> None:
    fill()
    with invalidating("thread:2", "home"):
        pass
    assert look_up("page", TAGS).body == b"body"


def test_a_page_rendered_from_data_older_than_a_write_is_never_served() -> None:
    found = look_up("page", TAGS)
    with invalidating("thread:1"):
        pass
    store("page", found, b"old")
    assert look_up("page", TAGS).body is None


def test_nor_when_the_write_was_to_its_second_tag() -> None:
    found = look_up("page", TAGS)
    invalidate_all()
    store("page", found, b"old")
    assert look_up("page", TAGS).body is None


def test_a_page_filled_while_a_write_is_under_way_dies_with_it() -> None:
    with invalidating("thread:1"):
        fill(b"perhaps old")
    assert look_up("page", TAGS).body is None


def test_a_refused_write_leaves_the_pages() -> None:
    fill()
    with pytest.raises(Conflict), invalidating("thread:1"):
        raise Conflict("locked")
    assert look_up("page", TAGS).body == b"body"


@pytest.mark.parametrize("error", [Unavailable("timed out"), ZeroDivisionError("a bug"), KeyboardInterrupt()])
def test_a_write_that_may_have_arrived_makes_them_stale(error: BaseException) -> None:
    fill()
    with pytest.raises(type(error)), invalidating("thread:1"):
        raise error
    assert look_up("page", TAGS).body is None


def test_a_writer_that_dies_leaves_pages_stale_only_until_its_deadline() -> None:
    with patch.object(pages, "INTENT_SECONDS", 0.05), patch.object(pages, "_finish"), invalidating("thread:1"):
        fill(b"from before the write")
    assert look_up("page", TAGS).body is not None
    time.sleep(0.06)
    assert look_up("page", TAGS).body is None


def test_one_reader_fills_a_page_and_the_others_wait_for_it() -> None:
    first, second = look_up("page", TAGS), look_up("page", TAGS)
    assert first.lease and not second.lease
    store("page", first, b"filled")
    assert pages.wait_for("page", TAGS).body == b"filled"


def test_waiting_for_a_filler_that_died_ends() -> None:
    look_up("page", TAGS)
    with patch.object(pages, "WAIT_SECONDS", 0.05):
        started = time.monotonic()
        found = pages.wait_for("page", TAGS)
    assert found.body is None and found.usable and time.monotonic() - started < 0.5


class TestTheLine:
    """Writers of one tag that want to go one after the other."""

    def test_who_comes_first_is_served_first(self) -> None:
        served: list[int] = []

        def write(number: int) -> None:
            with invalidating("thread:1", in_line=True):
                served.append(number)

        writers = [Thread(target=write, args=(number,)) for number in range(5)]
        with invalidating("thread:1", in_line=True):
            for number, writer in enumerate(writers):
                writer.start()
                while stores.client().zcard("w:{thread:1}") < number + 2:
                    time.sleep(0.001)
                time.sleep(0.002)
            assert served == []
        for writer in writers:
            writer.join(5)
        assert served == [0, 1, 2, 3, 4]

    def test_writers_of_other_tags_do_not_wait(self) -> None:
        with (
            patch.object(pages, "LINE_SECONDS", 60),
            invalidating("thread:1", "home", in_line=True),
            invalidating("thread:2", "home", in_line=True),
        ):
            pass

    def test_a_writer_that_died_is_waited_for_until_its_deadline(self) -> None:
        with patch.object(pages, "INTENT_SECONDS", 0.1), patch.object(pages, "_finish"), invalidating("thread:1"):
            pass
        started = time.monotonic()
        with invalidating("thread:1", in_line=True):
            assert time.monotonic() - started < 1

    def test_nobody_waits_for_ever(self) -> None:
        with patch.object(pages, "LINE_SECONDS", 0.05), invalidating("thread:1"):
            started = time.monotonic()
            with invalidating("thread:1", in_line=True):
                assert 0.04 < time.monotonic() - started < 1


def test_an_evicted_generation_never_comes_back() -> None:
    fill()
    stores.client().delete("g:{thread:1}")
    assert look_up("page", TAGS).body is None


def test_scripts_are_loaded_again_after_the_server_forgot_them() -> None:
    fill()
    stores.client().script_flush()
    assert look_up("page", TAGS).body == b"body"


def test_every_key_expires() -> None:
    fill()
    with invalidating("thread:1", "home"):
        redis = stores.client()
        keys = redis.keys("*")
        assert len(keys) >= 5
        assert all(redis.pttl(key) > 0 for key in keys)


def test_all_keys_of_a_script_share_a_slot() -> None:
    """Seen by a real cluster's rule: what stands in braces decides."""
    fill()
    with invalidating("thread:1"):
        names = {key.decode().split("{")[1].split("}")[0] for key in stores.client().keys("*:{thread:1}*")}
    assert names == {"thread:1"}


class TestWithoutRedis:
    """`server_gone` has every command fail as it does on a refused connection."""

    @pytest.fixture(autouse=True)
    def server_gone(self, redis_server: None) -> Iterator[None]:
        from redis.connection import AbstractConnection
        from redis.exceptions import ConnectionError as Refused

        with patch.object(AbstractConnection, "send_packed_command", side_effect=Refused("refused")):
            yield

    def test_a_look_finds_nothing_and_says_that_the_cache_is_unusable(self) -> None:
        found = look_up("page", TAGS)
        assert not found.usable and found.body is None
        assert pages.generation(SITE) == ""

    def test_a_write_is_refused_before_it_begins(self) -> None:
        with pytest.raises(Unavailable), invalidating("thread:1"):
            pytest.fail("the write was begun")
