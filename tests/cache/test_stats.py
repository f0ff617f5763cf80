"""The counters of the page cache, on a real server."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from unittest.mock import patch

import pytest
from redis.connection import AbstractConnection
from redis.exceptions import ConnectionError as Refused

from forum import redis as stores
from forum.cache import stats
from forum.cache.counts import Counts
from forum.cache.stats import count, flush, flush_if_due, gauge, last_minutes, workers
from forum.redis import Down
from tests.helpers import cost
from tests.processes import run_python, said

pytestmark = pytest.mark.usefixtures("redis_server")


@pytest.fixture(autouse=True)
def nothing_counted(redis_server: None) -> Iterator[None]:
    """A process that has counted nothing yet."""
    with (
        patch.object(stats, "_counts", Counts(*stats.EVENTS)),
        patch.object(stats, "_gauges", {}),
        patch.object(stats, "_due", 0.0),
    ):
        yield


@contextmanager
def no_server() -> Iterator[None]:
    """Every command fails as it does on a refused connection."""
    with patch.object(AbstractConnection, "send_packed_command", side_effect=Refused("refused")):
        yield
    stores.forget_failures()


def counted(minutes: int = 1) -> dict[str, int]:
    """What is not zero."""
    return {event: n for event, n in last_minutes(minutes).counts.items() if n}


def test_what_is_counted_is_read_back_after_a_flush() -> None:
    count("hit")
    count("fast", 3)
    assert counted() == {}
    flush()
    assert counted() == {"fast": 3, "hit": 1}


def test_a_count_is_sent_once() -> None:
    count("miss")
    flush()
    count("miss", 4)
    flush()
    flush()
    assert counted() == {"miss": 5}


def test_processes_are_summed() -> None:
    count("hit", 2)
    flush()
    with patch.object(stats, "_counts", Counts(*stats.EVENTS)):
        count("hit", 7)
        count("drop", 7)
        flush()
    assert counted()["hit"] == 9 and counted()["drop"] == 7


def test_an_event_that_nobody_knows_is_a_bug() -> None:
    with pytest.raises(KeyError):
        count("hits")


def test_threads_count_together_while_another_flushes() -> None:
    def work() -> None:
        for _ in range(20_000):
            count("local")

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        flush()
    flush()
    assert counted() == {"local": 80_000}


def test_counting_costs_well_under_a_microsecond() -> None:
    """In a process of its own, and the best of several: this is no test of how busy the machine is."""
    count_many = "timeit.repeat(lambda: count('fast'), number=10_000)"
    done = run_python("-c", f"import timeit; from forum.cache.stats import count; print(min({count_many}))")
    assert float(done.stdout) / 10_000 < 1e-6, said(done)


class TestMinutes:
    def test_older_ones_are_left_out(self) -> None:
        now = time.time()
        for minutes_ago, n in ((90, 1), (30, 10), (5, 100), (0, 1000)):
            with patch("time.time", return_value=now - minutes_ago * 60):
                count("hit", n)
                flush()
        with patch("time.time", return_value=now):
            assert [counted(minutes)["hit"] for minutes in (1, 10, 60)] == [1000, 1100, 1110]

    def test_rates_are_over_the_time_that_was_counted(self) -> None:
        count("invalidation", 30)
        flush()
        # A minute and a half: the whole minute before, and half of the one that runs.
        start = time.time() // 60 * 60
        with patch("time.time", return_value=start + 30):
            found = last_minutes(1)
        assert found.seconds == 90 and found.per_minute("invalidation") == 20

    def test_the_hit_rate_is_of_pages_that_are_kept(self) -> None:
        assert last_minutes(1).hit_rate is None
        for event, n in {"fast": 50, "local": 20, "hit": 15, "wait": 5, "miss": 10, "bypass": 900}.items():
            count(event, n)
        flush()
        found = last_minutes(1)
        assert found.hit_rate == 0.9 and found.from_cache == 90 and found.asked == 1000

    def test_the_counts_expire(self) -> None:
        count("hit")
        gauge("pages", 1)
        flush()
        redis = stores.client()
        left = {key.decode(): redis.ttl(key) for key in redis.keys("stats:*")}
        assert 0 < left.pop("stats:{cache}:total") <= stats.TOTAL_SECONDS
        assert len(left) == 3 and all(0 < seconds <= stats.COUNTS_SECONDS for seconds in left.values())

    def test_all_keys_share_a_slot(self) -> None:
        count("hit")
        gauge("pages", 1)
        flush()
        assert all(key.startswith(b"stats:{cache}:") for key in stores.client().keys("*"))


class TestWorkers:
    def test_what_a_worker_says_of_itself_is_shown(self) -> None:
        gauge("bytes", 4096)
        gauge("pages", 1)
        gauge("pages", 2)
        flush()
        [(name, gauges)] = workers().items()
        assert gauges == {"bytes": 4096, "pages": 2} and ":" in name

    def test_each_has_a_line_of_its_own(self) -> None:
        gauge("pages", 1)
        for pid in (7, 8):
            with patch("os.getpid", return_value=pid):
                flush()
        assert [name.rpartition(":")[2] for name in workers()] == ["7", "8"]

    def test_one_that_is_not_heard_of_for_a_minute_is_forgotten(self) -> None:
        gauge("pages", 1)
        with patch("time.time", return_value=time.time() - 61):
            flush()
        assert workers() == {}

    def test_there_may_be_none(self) -> None:
        assert workers() == {}


class TestWhatAFlushCosts:
    def test_one_round_trip(self) -> None:
        for event in stats.EVENTS:
            count(event)
        gauge("pages", 1)
        with cost() as spent:
            flush()
        assert spent.redis == 1

    def test_nothing_while_there_is_nothing_to_say(self) -> None:
        with cost() as spent:
            flush()
        assert spent.redis == 0

    def test_nothing_while_it_is_not_due(self) -> None:
        count("hit")
        flush_if_due()
        count("hit")
        with cost() as spent:
            flush_if_due()
        assert spent.redis == 0 and counted() == {"hit": 1}

    def test_after_five_seconds_it_is_due_again(self) -> None:
        flush_if_due()
        count("hit")
        with patch("time.monotonic", return_value=time.monotonic() + stats.FLUSH_SECONDS):
            flush_if_due()
        assert counted() == {"hit": 1}


class TestWithoutRedis:
    def test_reading_says_so(self) -> None:
        with no_server(), pytest.raises(Down):
            last_minutes(1)
        with no_server(), pytest.raises(Down):
            workers()

    def test_flushing_keeps_the_counts(self) -> None:
        count("hit", 5)
        with no_server():
            flush()
        count("hit")
        flush()
        assert counted() == {"hit": 6}
