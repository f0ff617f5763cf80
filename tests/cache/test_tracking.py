"""Scripts in one round trip, and values kept in the process until the server says that they changed."""

import math
import os
import time
from collections.abc import Iterator
from threading import Thread

import pytest
from redis.exceptions import RedisError

from forum import redis as stores
from forum.cache.tracking import Tracker
from tests.cache.following import elsewhere, keep, until

pytestmark = pytest.mark.usefixtures("redis_server")

SET = "return redis.call('SET', KEYS[1], ARGV[1])"
GET = "return redis.call('GET', KEYS[1])"


class TestScripts:
    def test_they_answer_in_their_order(self) -> None:
        assert stores.run([(SET, ["a"], ["1"]), (SET, ["b"], ["2"])]) == [b"OK", b"OK"]
        assert stores.run([(GET, ["b"], []), (GET, ["a"], [])]) == [b"2", b"1"]

    def test_a_server_that_forgot_them_is_told_again(self) -> None:
        stores.client().script_flush()
        assert stores.run([(SET, ["a"], ["1"]), (GET, ["a"], [])]) == [b"OK", b"1"]

    def test_an_error_of_one_is_raised(self) -> None:
        with pytest.raises(RedisError, match="Unknown (Redis )?command"):
            stores.run([(SET, ["a"], ["1"]), ("return redis.call('NO SUCH COMMAND')", ["a"], [])])


@pytest.fixture
def tracker() -> Iterator[Tracker[bytes]]:
    tracker: Tracker[bytes] = Tracker("default", "a:", "b:")
    assert tracker.revive()
    yield tracker
    tracker.disconnect()


class TestWhatIsKept:
    def test_it_is_there_while_nothing_changes(self, tracker: Tracker[bytes]) -> None:
        elsewhere("SET", "a:1", "one")
        assert tracker.alive()
        keep(tracker, "a:1")
        assert tracker.alive() and tracker.get("a:1") == b"one"

    @pytest.mark.parametrize("key", ["a:1", "b:1"])
    def test_it_is_gone_once_another_client_has_written(self, key: str, tracker: Tracker[bytes]) -> None:
        keep(tracker, key)
        elsewhere("SET", key, "two")
        assert tracker.alive() and tracker.get(key) is None

    def test_whatever_is_lost_or_replaced_is_noticed(self, tracker: Tracker[bytes]) -> None:
        def push() -> None:
            elsewhere("SET", "a:1", "two")
            assert tracker.alive()

        keep(tracker, "a:1")
        for lose in (push, lambda: keep(tracker, "a:1"), tracker.clear, tracker.disconnect):
            tracker.revive()
            keep(tracker, "a:1")
            losses = tracker.losses
            keep(tracker, "a:2")
            elsewhere("SET", "a:3", "not kept")
            assert tracker.alive() and tracker.get("a:1") is not None and tracker.losses == losses
            lose()
            assert tracker.losses > losses
            tracker.clear()

    def test_it_says_until_when_it_may_be_believed(self, tracker: Tracker[bytes]) -> None:
        assert tracker.lives_until("a:1") == 0.0
        keep(tracker, "a:1")
        assert tracker.lives_until("a:1") == math.inf
        expected = tracker.expect("a:2")
        tracker.keep(expected, b"two", 5.0)
        assert tracker.lives_until("a:2") == expected.since + 5.0

    def test_it_is_gone_once_this_process_has_written(self, tracker: Tracker[bytes]) -> None:
        keep(tracker, "a:1")
        stores.run([(SET, ["a:1"], ["two"])])
        stores.run([(GET, ["a:1"], [])])
        assert tracker.alive() and tracker.get("a:1") is None

    def test_what_is_written_elsewhere_leaves_it(self, tracker: Tracker[bytes]) -> None:
        keep(tracker, "a:1")
        elsewhere("SET", "a:2", "two")
        elsewhere("SET", "c:1", "two")
        assert tracker.alive() and tracker.get("a:1") == b"" and tracker.pushes == 1

    def test_many_keys_of_one_command_are_gone(self, tracker: Tracker[bytes]) -> None:
        keys = [f"a:{number}" for number in range(2000)]
        keep(tracker, *keys)
        elsewhere("MSET", *[word for key in keys for word in (key, "v" * 10)])
        assert tracker.alive() and not any(tracker.get(key) for key in keys) and len(tracker) == 0

    def test_a_key_that_is_no_text_does_no_harm(self, tracker: Tracker[bytes]) -> None:
        keep(tracker, "a:1")
        elsewhere("SET", b"a:\xff\x00", "two")
        assert tracker.alive() and tracker.get("a:1") == b""

    def test_it_is_gone_when_its_key_expires(self, tracker: Tracker[bytes]) -> None:
        elsewhere("SET", "a:1", "one", "PX", 50)
        assert tracker.alive()
        keep(tracker, "a:1")
        assert until(lambda: tracker.alive() and tracker.get("a:1") is None, 5) > 0.02

    def test_it_is_gone_when_its_key_is_evicted(self, tracker: Tracker[bytes]) -> None:
        redis = stores.client()
        elsewhere("SET", "a:1", "one")
        assert tracker.alive()
        keep(tracker, "a:1")
        redis.config_set("maxmemory-policy", "allkeys-random")
        redis.config_set("maxmemory", 1)
        try:
            until(lambda: tracker.alive() and tracker.get("a:1") is None, 5)
        finally:
            redis.config_set("maxmemory", 0)
            redis.config_set("maxmemory-policy", "noeviction")

    @pytest.mark.parametrize("command", ["FLUSHDB", "FLUSHALL"])
    def test_everything_is_gone_when_the_server_is_emptied(self, command: str, tracker: Tracker[bytes]) -> None:
        keep(tracker, "a:1", "b:1")
        elsewhere(command)
        assert tracker.alive() and len(tracker) == 0 and tracker.drops == 1

    def test_it_is_believed_no_longer_than_it_lives(self, tracker: Tracker[bytes]) -> None:
        keep(tracker, "a:1", seconds=0.3)
        assert tracker.get("a:1") == b""
        time.sleep(0.32)
        assert tracker.alive() and tracker.get("a:1") is None

    def test_the_oldest_goes_when_there_is_too_much(self) -> None:
        tracker: Tracker[bytes] = Tracker("default", "a:", limit=10)
        assert tracker.revive()
        keep(tracker, *[f"a:{number}" for number in range(100)])
        assert len(tracker) == 10 and tracker.get("a:99") == b"" and tracker.get("a:0") is None

    def test_callers_that_never_keep_what_they_expect_cost_little(self, tracker: Tracker[bytes]) -> None:
        for number in range(30_000):
            tracker.expect(f"a:{number}")
        assert len(tracker._expected) <= 10_000
        keep(tracker, "a:1")
        assert tracker.get("a:1") == b""

    def test_clearing_forgets_what_is_kept_and_expected(self, tracker: Tracker[bytes]) -> None:
        keep(tracker, "a:1")
        expected = tracker.expect("a:2")
        tracker.clear()
        tracker.keep(expected, b"two")
        assert tracker.alive() and len(tracker) == 0


class TestWhatIsExpected:
    def test_it_is_not_kept_when_it_changed_and_another_thread_took_that_in(self, tracker: Tracker[bytes]) -> None:
        expected = tracker.expect("a:1")
        elsewhere("SET", "a:1", "two")
        other = Thread(target=tracker.alive)
        other.start()
        other.join(5)
        tracker.keep(expected, b"one")
        assert tracker.alive() and tracker.get("a:1") is None

    def test_it_is_gone_when_it_changed_and_nobody_took_that_in(self, tracker: Tracker[bytes]) -> None:
        expected = tracker.expect("a:1")
        elsewhere("SET", "a:1", "two")
        tracker.keep(expected, b"one")
        assert tracker.alive() and tracker.get("a:1") is None

    def test_a_change_before_it_was_expected_is_no_obstacle(self, tracker: Tracker[bytes]) -> None:
        elsewhere("SET", "a:1", "two")
        assert tracker.alive()
        keep(tracker, "a:1")
        assert tracker.alive() and tracker.get("a:1") == b"two"

    def test_two_threads_may_expect_the_same(self, tracker: Tracker[bytes]) -> None:
        first, second = tracker.expect("a:1"), tracker.expect("a:1")
        tracker.keep(first, b"one")
        tracker.keep(second, b"one")
        assert tracker.get("a:1") == b"one"

    def test_the_slower_of_them_does_not_bring_back_what_changed(self, tracker: Tracker[bytes]) -> None:
        first, second = tracker.expect("a:1"), tracker.expect("a:1")
        tracker.keep(first, b"one")
        elsewhere("SET", "a:1", "two")
        assert tracker.alive()
        tracker.keep(second, b"one")
        assert tracker.get("a:1") is None

    def test_it_is_not_kept_across_a_new_connection(self, tracker: Tracker[bytes]) -> None:
        expected = tracker.expect("a:1")
        tracker.disconnect()
        assert tracker.revive()
        tracker.keep(expected, b"one")
        assert tracker.get("a:1") is None

    def test_nothing_is_kept_before_the_first_connection(self) -> None:
        tracker: Tracker[bytes] = Tracker("default", "a:")
        expected = tracker.expect("a:1")
        assert not tracker.alive() and tracker.revive()
        tracker.keep(expected, b"one")
        assert tracker.get("a:1") is None


class TestConnections:
    def test_everything_is_dropped_when_it_breaks(self, tracker: Tracker[bytes]) -> None:
        keep(tracker, "a:1")
        elsewhere("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        assert not tracker.alive() and len(tracker) == 0 and tracker.get("a:1") is None
        assert tracker.revive() and tracker.alive()
        keep(tracker, "a:1")
        assert tracker.get("a:1") == b""

    def test_many_threads_keep_no_stale_value(self, tracker: Tracker[bytes]) -> None:
        """Each reader notes the last write acknowledged before it asks."""
        written, stop, stale, hits = [0], [False], [0], [0]
        stores.client().set("a:1", 0)

        def read() -> None:
            while not stop[0]:
                floor = written[0]
                value = tracker.get("a:1") if tracker.revive() else None
                hits[0] += value is not None
                if value is None:
                    expected = tracker.expect("a:1")
                    value = stores.client().get("a:1")
                    assert value is not None
                    tracker.keep(expected, value)
                stale[0] += int(value) < floor

        readers = [Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        ends = time.monotonic() + 1
        while time.monotonic() < ends:
            elsewhere("SET", "a:1", written[0] + 1)
            written[0] += 1
            time.sleep(0.002)
        stop[0] = True
        for reader in readers:
            reader.join(5)
        assert stale[0] == 0 and hits[0] > 100 and written[0] > 10

    def test_a_forked_process_begins_anew(self, tracker: Tracker[bytes]) -> None:
        keep(tracker, "a:1")
        reads, writes = os.pipe()
        child = os.fork()
        if not child:
            said = [tracker.alive(), len(tracker), tracker.revive(), stores.client().ping()]
            os.write(writes, repr(said).encode())
            os._exit(0)
        os.waitpid(child, 0)
        assert os.read(reads, 100) == b"[False, 0, True, True]"
        os.close(reads)
        os.close(writes)
        elsewhere("SET", "b:1", "two")
        assert tracker.alive() and tracker.get("a:1") == b"" and tracker.pushes == 1
