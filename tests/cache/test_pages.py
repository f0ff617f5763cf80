"""The page cache by itself, on a real server."""

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any
from unittest.mock import patch

import pytest

from forum import redis as stores
from forum.cache import intents, pages, scripts
from forum.cache.intents import invalidate_all, invalidating
from forum.cache.pages import Found
from forum.cache.tags import SITE
from forum.errors import Conflict, Unavailable
from forum.local import redis as servers

TAGS = ["thread:1", SITE]
# Long enough for a busy machine to do something before it is over.
SHORT_SECONDS = 0.3


@pytest.fixture(params=["in memory", "in Redis alone"], autouse=True)
def kept(request: pytest.FixtureRequest, redis_server: None, settings: Any) -> None:
    """Every rule holds whether a process keeps hot pages itself or asks Redis each time."""
    settings.LOCAL_PAGES_MB = 64 if request.param == "in memory" else 0


def look_up(name: str = "page", tags: list[str] = TAGS) -> Found:
    return pages.look_up(name, tags)


def page(name: str = "page", tags: list[str] = TAGS) -> bytes | None:
    """The page as the cache has it now."""
    body = pages.look_up(name, tags).body
    return None if body is None else body.fill([]).plain()


def fill(body: bytes = b"body", name: str = "page", tags: list[str] = TAGS) -> None:
    found = look_up(name, tags)
    assert found.lease, "the page is already there, or being filled"
    pages.store(found, body)


def refill(body: bytes) -> None:
    """As whoever has the lease of it does."""
    pages.store(look_up(), body)


def deadlines(seconds: float) -> str:
    """The scripts' constants with other deadlines for intents."""
    return scripts._CONSTANTS.replace(f"{scripts.INTENT_SECONDS * 1000:.0f}", f"{seconds * 1000:.0f}")


def deadline_passes() -> None:
    time.sleep(SHORT_SECONDS + 0.02)


@pytest.fixture
def short_deadlines() -> Iterator[None]:
    """Intents end after a moment, and so does what Redis may not know."""
    names = ("LOAD", "INTEND", "FINISH")
    short = {name: getattr(scripts, name).replace(scripts._CONSTANTS, deadlines(SHORT_SECONDS)) for name in names}
    with patch.multiple(scripts, INTENT_SECONDS=SHORT_SECONDS, **short):
        yield


def test_a_stored_page_is_found() -> None:
    fill(b"hello")
    assert page() == b"hello"


def test_pages_with_one_tag_and_other_names_are_other_pages() -> None:
    fill(b"hello")
    assert page("other") is None


@pytest.mark.parametrize("tag", TAGS)
def test_a_write_to_any_tag_makes_the_page_stale(tag: str) -> None:
    fill()
    with invalidating(tag):
        pass
    assert page() is None


def test_a_write_to_another_tag_leaves_the_page() -> None:
    fill()
    with invalidating("thread:2", "home"):
        pass
    assert page() == b"body"


def test_a_page_rendered_from_data_older_than_a_write_is_never_served() -> None:
    found = look_up()
    with invalidating("thread:1"):
        pass
    pages.store(found, b"old")
    assert page() is None


def test_nor_when_the_write_was_to_its_second_tag() -> None:
    found = look_up()
    invalidate_all()
    pages.store(found, b"old")
    assert page() is None


def test_a_page_filled_while_a_write_is_under_way_dies_with_it() -> None:
    with invalidating("thread:1"):
        fill(b"perhaps old")
    assert page() is None


def test_a_refused_write_leaves_the_pages() -> None:
    fill()
    with pytest.raises(Conflict), invalidating("thread:1"):
        raise Conflict("locked")
    assert page() == b"body"


@pytest.mark.parametrize("error", [Unavailable("timed out"), ZeroDivisionError("a bug"), KeyboardInterrupt()])
def test_a_write_that_may_have_arrived_makes_them_stale(error: BaseException) -> None:
    fill()
    with pytest.raises(type(error)), invalidating("thread:1"):
        raise error
    assert page() is None


def test_while_a_write_is_under_way_its_tag_says_so() -> None:
    def writing() -> list[bool]:
        return [pages.current(*TAGS).states[tag].writing for tag in TAGS]

    with invalidating(TAGS[0]) as write:
        write.wrote["aws", "2026-11-23T08:44:12.123456Z#k3j9x2ab"] = 1
        assert writing() == [True, False]
    assert writing() == [False, False]


class TestAWriterThatDies:
    """Between the database and the invalidation, or before either: nobody can tell."""

    @pytest.fixture(autouse=True)
    def killed(self, short_deadlines: None) -> None:
        with patch.object(intents, "_finish"), invalidating("thread:1"):
            fill(b"from before the write")

    def test_leaves_pages_stale_only_until_its_deadline(self) -> None:
        assert page() == b"from before the write"
        deadline_passes()
        assert page() is None

    def test_may_have_sent_a_write_that_arrives_later_so_the_page_is_renewed_again(self) -> None:
        deadline_passes()
        fill(b"from before the write, too")
        assert page() is not None
        deadline_passes()
        assert page() is None

    def test_is_given_up_in_the_end(self) -> None:
        with patch.object(scripts, "LOAD", scripts.LOAD.replace("now + ABANDONED", "now")):
            deadline_passes()
            assert page() is None
        deadline_passes()
        refill(b"new")
        deadline_passes()
        assert page() == b"new"


def test_a_write_whose_outcome_is_unknown_is_treated_like_one_whose_writer_died(short_deadlines: None) -> None:
    with pytest.raises(Unavailable), invalidating("thread:1"):
        raise Unavailable("timed out")
    fill(b"from before it arrived")
    deadline_passes()
    assert page() is None


def test_a_writer_that_cannot_reach_redis_again_waits_until_its_deadline(short_deadlines: None) -> None:
    fill()
    started = time.monotonic()
    with invalidating("thread:1"):
        refused = patch.object(intents, "run", side_effect=stores.RedisError("gone"))
        refused.start()
    refused.stop()
    stores.forget_failures()
    assert time.monotonic() - started > 0.9 * SHORT_SECONDS
    assert page() is None, "the writer says that it is done, so nobody may see the old page"


def test_posts_just_written_are_named_to_whoever_fills_a_page_that_an_index_feeds() -> None:
    with invalidating("thread:1", "user:ada", "home") as write:
        write.wrote["aws", "2026-11-24T00:00:00.000000Z#k3j9x2ab"] = 3
    for tag in ("thread:1", "user:ada"):
        assert pages.look_up("page", [tag, SITE]).written == write.wrote
    assert pages.look_up("page", ["home", SITE]).written == {}, "its lists are read consistently"


def test_only_the_newest_of_very_many_are_named() -> None:
    for number in range(scripts.MOST_WRITTEN + 20):
        with invalidating("thread:1") as write:
            write.wrote["aws", f"post {number:03}"] = 1
    named = sorted(key for _, key in look_up().written)
    assert named == [f"post {number:03}" for number in range(20, scripts.MOST_WRITTEN + 20)]


class TestWhetherAllThatWasWrittenIsNamed:
    """Only then may a page be made of what DAX has kept."""

    POST = ("aws", "2026-11-24T00:00:00.000000Z#k3j9x2ab")

    @pytest.fixture(autouse=True)
    def known(self) -> None:
        look_up()
        for tag in TAGS:
            stores.client().zrem(f"g:{{{tag}}}", "u")

    def write(self, *posts: tuple[str, str]) -> None:
        with invalidating("thread:1") as write:
            write.wrote.update(dict.fromkeys(posts, 1))

    def test_it_is_where_each_write_has_named_its_posts(self) -> None:
        self.write(self.POST)
        assert look_up().names_all

    def test_it_is_not_after_a_write_that_named_none(self) -> None:
        self.write()
        assert not look_up().names_all
        self.write(self.POST)
        assert not look_up().names_all, "one that names its own does not make up for the other"

    def test_nor_once_redis_has_lost_what_it_knew(self) -> None:
        self.write(self.POST)
        stores.client().delete("g:{thread:1}")
        assert not look_up().names_all
        stores.client().delete("g:{thread:1}")
        self.write(self.POST)
        assert not look_up().names_all

    def test_nor_after_the_deadline_of_a_writer_that_died(self, short_deadlines: None) -> None:
        with patch.object(intents, "_finish"):
            self.write(self.POST)
        deadline_passes()
        assert not look_up().names_all

    def test_it_is_again_after_some_seconds(self, short_deadlines: None) -> None:
        self.write()
        deadline_passes()
        assert look_up().names_all


class TestAPageThatAnIndexMayHaveShownOlder:
    """Nobody can name what was written just before Redis lost a tag's state, and an index may not show it yet."""

    def test_is_made_again_shortly_after(self, short_deadlines: None) -> None:
        fill(b"perhaps older")
        assert page() == b"perhaps older"
        deadline_passes()
        assert page() is None
        refill(b"certainly not")
        deadline_passes()
        assert page() == b"certainly not"

    def test_is_not_kept_at_all_where_it_took_long_to_make(self, short_deadlines: None) -> None:
        found = look_up()
        deadline_passes()
        pages.store(found, b"perhaps older")
        assert page() is None

    def test_is_none_that_is_read_consistently(self, short_deadlines: None) -> None:
        fill(b"the list", "page", ["home", SITE])
        deadline_passes()
        assert page("page", ["home", SITE]) == b"the list"


def test_one_reader_fills_a_page_and_the_others_wait_for_it() -> None:
    first, second = look_up(), look_up()
    assert first.lease and not second.lease
    pages.store(first, b"filled")
    waited = pages.wait_for(second)
    assert waited.body is not None and page() == b"filled"


def test_waiting_for_a_filler_that_died_ends() -> None:
    look_up()
    with patch.object(pages, "WAIT_SECONDS", 0.05):
        found = pages.wait_for(look_up())
    assert found.body is None and found.usable


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
                while stores.client().zcount("g:{thread:1}", 1, "+inf") < number + 2:
                    time.sleep(0.001)
                time.sleep(0.002)
            assert served == []
        for writer in writers:
            writer.join(5)
        assert served == [0, 1, 2, 3, 4]

    def test_writers_of_other_tags_do_not_wait(self) -> None:
        with (
            patch.object(intents, "LINE_SECONDS", 60),
            invalidating("thread:1", "home", in_line=True),
            invalidating("thread:2", "home", in_line=True),
        ):
            pass

    def test_a_writer_that_died_is_waited_for_until_its_deadline(self, short_deadlines: None) -> None:
        with patch.object(intents, "_finish"), invalidating("thread:1"):
            pass
        started = time.monotonic()
        with patch.object(intents, "LINE_SECONDS", 60), invalidating("thread:1", in_line=True):
            assert time.monotonic() - started < 30

    def test_nobody_waits_for_ever(self) -> None:
        with patch.object(intents, "LINE_SECONDS", 0.05), invalidating("thread:1"):
            started = time.monotonic()
            with invalidating("thread:1", in_line=True):
                assert 0.04 < time.monotonic() - started < scripts.INTENT_SECONDS


def test_an_evicted_generation_never_comes_back() -> None:
    fill()
    stores.client().delete("g:{thread:1}")
    assert page() is None


def test_a_generation_that_another_server_made_never_stands(tmp_path: Path, settings: Any) -> None:
    """A server that restarts, or takes over, may have lost the last writes: here it is set back to before one."""
    with servers.start(tmp_path) as server:
        settings.CACHES = {name: {**cache, "LOCATION": server.url} for name, cache in settings.CACHES.items()}
        fill(b"old")
        old = {key: stores.client().dump(key) for key in stores.client().keys("*")}
        with invalidating("thread:1"):
            pass
        stores.client().flushall()
        for key, value in old.items():
            stores.client().restore(key, 60_000, value)
        assert page() == b"old", "the same server would believe what it was set back to"
    with servers.start(tmp_path) as server:
        stores.forget_failures()
        assert stores.client().keys("p:*"), "the page has come back"
        assert page() is None


def test_scripts_are_loaded_again_after_the_server_forgot_them() -> None:
    fill()
    stores.client().script_flush()
    assert page() == b"body"


def test_every_key_expires() -> None:
    fill()
    with invalidating("thread:1", "home"):
        redis = stores.client()
        keys = redis.keys("*")
        assert len(keys) >= 4
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
        found = look_up()
        assert not found.usable and found.body is None
        assert pages.current(SITE).generation(SITE) == ""

    def test_a_write_is_refused_before_it_begins(self) -> None:
        with pytest.raises(Unavailable), invalidating("thread:1"):
            pytest.fail("the write was begun")
