"""Everything that Redis is used for, on a cluster of three servers."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.core.cache import caches
from django.test import Client
from redis import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

from forum import redis as stores
from forum.cache import local
from forum.cache.intents import invalidate_all, invalidating
from forum.cache.pages import current, look_up, store
from forum.cache.tags import SITE
from forum.cache.tracking import Tracker
from forum.errors import Unavailable
from forum.local.process import Engine
from forum.models import Forum, User
from forum_site.settings import redis_alias
from tests.cache import cluster
from tests.cache.following import rights_in_the_manual, use_the_cache
from tests.helpers import page_url, signed_in, start_thread, token

SET = "return redis.call('SET', KEYS[1], ARGV[1])"
GET = "return redis.call('GET', KEYS[1])"
# A client waits 0.2 s; on a busy machine longer, but never as long as redis-py's own retries would take.
LONGEST = 2.0


@pytest.fixture(scope="module")
def servers() -> Iterator[list[Engine]]:
    with TemporaryDirectory(prefix="forum-") as home, cluster.running(Path(home)) as servers:
        yield servers


@pytest.fixture
def nodes(servers: list[Engine], settings) -> Iterator[list[Redis]]:  # type: ignore[no-untyped-def]
    """The cluster in the place of both servers, empty; a client of each of its nodes."""
    settings.CACHES = {alias: redis_alias(servers[0].url, cluster=True) for alias in ("default", "sessions")}
    nodes = [Redis.from_url(server.url) for server in servers]
    for node in nodes:
        node.flushall()
    stores.forget_failures()
    local.pages.clear()
    yield nodes
    stores.forget_failures()
    for node in nodes:
        node.close()


def one_key_per_node(prefix: str = "a:") -> list[str]:
    """Keys that live on the first, the second and the third node."""
    found: dict[int, str] = {}
    for number in range(1000):
        key = f"{prefix}{number}"
        found.setdefault(key_slot(key.encode()) * cluster.NODES // cluster.SLOTS, key)
    return [found[node] for node in range(cluster.NODES)]


@pytest.mark.usefixtures("nodes")
class TestScripts:
    def test_they_answer_in_their_order_from_whatever_node(self) -> None:
        keys = one_key_per_node()
        assert stores.run([(SET, [key], [key]) for key in keys]) == [b"OK"] * 3
        assert stores.run([(GET, [key], []) for key in reversed(keys)]) == [key.encode() for key in reversed(keys)]

    def test_each_node_is_asked_once(self, nodes: list[Redis]) -> None:
        keys = one_key_per_node() + one_key_per_node("b:")
        stores.run([(GET, [key], []) for key in keys])
        before = [int(node.info("stats")["total_reads_processed"]) for node in nodes]
        stores.run([(GET, [key], []) for key in keys])
        after = [int(node.info("stats")["total_reads_processed"]) for node in nodes]
        # One read for the call, one for the question; the cluster's bus is not counted.
        assert [new - old for new, old in zip(after, before, strict=True)] == [2, 2, 2]

    def test_nodes_that_forgot_them_are_told_again(self, nodes: list[Redis]) -> None:
        for node in nodes:
            node.script_flush()
        assert stores.run([(GET, [key], []) for key in one_key_per_node()]) == [None, None, None]


@pytest.mark.usefixtures("nodes")
class TestPages:
    TAGS = ["thread:1", "home", SITE]

    def fill(self, name: str = "page") -> None:
        found = look_up(name, self.TAGS)
        assert found.lease
        store(found, b"body")

    def is_there(self) -> bool:
        return look_up("page", self.TAGS).body is not None

    def test_its_tags_live_on_several_nodes(self) -> None:
        self.fill()
        assert len({stores.client().primary_of(f"g:{{{tag}}}").name for tag in self.TAGS}) > 1  # type: ignore[attr-defined]
        assert self.is_there()

    @pytest.mark.parametrize("tag", TAGS)
    def test_a_write_to_any_of_them_makes_it_stale(self, tag: str) -> None:
        self.fill()
        assert self.is_there()
        with invalidating(tag):
            pass
        assert not self.is_there()

    def test_a_write_to_several_tags_at_once(self) -> None:
        self.fill()
        with invalidating("home", "thread:1", "forum:aws"):
            self.fill("other")
        assert not self.is_there() and look_up("other", self.TAGS).body is None

    def test_a_write_to_another_tag_leaves_it(self) -> None:
        self.fill()
        with invalidating("thread:2"):
            pass
        assert self.is_there()

    def test_all_pages_can_be_dropped(self) -> None:
        self.fill()
        invalidate_all()
        assert not self.is_there()

    def test_it_is_answered_from_memory(self) -> None:
        self.fill()
        assert self.is_there()
        assert look_up("page", self.TAGS).source == "local"

    def test_the_states_of_tags(self) -> None:
        assert len({current(*self.TAGS).generation(tag) for tag in self.TAGS}) == 3


@pytest.mark.usefixtures("nodes")
class TestDjangosCache:
    """As Django and allauth (its limits) use it."""

    def test_one_value(self) -> None:
        cache = caches["default"]
        cache.set("limit", [1, 2], 60)
        assert cache.get("limit") == [1, 2] and cache.get("nothing") is None and "limit" in cache
        assert not cache.add("limit", 1) and cache.add("new", 1)
        cache.delete("limit")
        assert cache.get("limit") is None

    def test_a_counter(self) -> None:
        cache = caches["default"]
        cache.set("count", 1)
        assert cache.incr("count") == 2 and cache.decr("count", 2) == 0
        with pytest.raises(ValueError, match="count"):
            cache.incr("no count")

    def test_many_values_in_any_slots(self) -> None:
        cache = caches["default"]
        values = {f"key{number}": number for number in range(20)}
        cache.set_many(values)
        assert cache.get_many(values) == values
        cache.delete_many(values)
        assert cache.get_many(values) == {}
        assert cache.get_or_set("made", lambda: 7) == 7 and cache.touch("made", 60)


class TestTheForum:
    @pytest.fixture
    def site(self, db: None, nodes: list[Redis], redis_server: None, tables: None) -> None:
        """As elsewhere, on the cluster."""

    def test_signing_in_posting_and_signing_out(self, aws: Forum, ada: User) -> None:
        member, reader = signed_in(ada), Client()
        thread = start_thread(ada, aws)
        for _ in range(2):
            assert "/u/ada/" in member.get(page_url(thread)).content.decode()
            assert reader.get(page_url(thread)).status_code == 200
        assert reader.get(page_url(thread))["X-Cache"] in ("hit", "local")
        answer = member.post(f"/f/aws/{thread.id}/reply/", {"body": "On three servers.", "token": token(ada)})
        assert answer.status_code == 302
        assert "On three servers." in reader.get(page_url(thread)).content.decode()
        cookie = member.cookies["sessionid"].value
        member.post("/accounts/logout/")
        member.cookies["sessionid"] = cookie
        assert 'href="/u/ada/"' not in member.get("/").content.decode().partition("<main")[0]

    def test_signing_in_by_password(self, ada: User) -> None:
        answer = Client().post("/accounts/login/", {"login": "ada", "password": "correct horse"})
        assert answer.status_code == 302


class TestTracking:
    @pytest.fixture
    def tracker(self, nodes: list[Redis]) -> Iterator[Tracker[bytes]]:
        tracker: Tracker[bytes] = Tracker("default", "a:")
        assert tracker.revive()
        yield tracker
        tracker.disconnect()

    def keep(self, tracker: Tracker[bytes], *keys: str) -> None:
        for key in keys:
            expected = tracker.expect(key)
            tracker.keep(expected, stores.run([(GET, [key], [])])[0] or b"")

    def write(self, key: str) -> None:
        stores.run([(SET, [key], ["new"])])
        stores.run([(GET, [key], [])])

    @pytest.mark.parametrize("place", [0, 1, 2])
    def test_what_changes_on_any_node_is_gone(self, place: int, tracker: Tracker[bytes]) -> None:
        keys = one_key_per_node()
        self.keep(tracker, *keys)
        self.write(keys[place])
        assert tracker.alive()
        assert [key for key in keys if tracker.get(key) is None] == [keys[place]]

    def test_everything_is_gone_when_one_connection_breaks(self, tracker: Tracker[bytes], nodes: list[Redis]) -> None:
        self.keep(tracker, *one_key_per_node())
        nodes[1].execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        assert not tracker.alive() and len(tracker) == 0
        assert tracker.revive()

    def test_everything_is_gone_when_slots_have_moved(self, tracker: Tracker[bytes], nodes: list[Redis]) -> None:
        key = one_key_per_node()[0]
        self.keep(tracker, *one_key_per_node())
        with cluster.moved(key, nodes, nodes[0], nodes[1]):
            wait_until(lambda: not tracker.alive(), 4)
            assert len(tracker) == 0
            wait_until(tracker.revive, 5)
            self.keep(tracker, key)
            self.write(key)
            assert tracker.alive() and tracker.get(key) is None
        wait_until(tracker.revive, 5)

    def test_what_comes_from_a_slot_on_the_move_is_not_kept(self, tracker: Tracker[bytes], nodes: list[Redis]) -> None:
        key = one_key_per_node()[0]
        self.write(key)
        with cluster.moving(key, nodes[0], nodes[1]):
            wait_until(tracker.revive, 5)
            self.keep(tracker, key)
            assert stores.run([(GET, [key], [])]) == [b"new"] and tracker.get(key) is None


class TestUsers:
    def test_the_rights_in_the_manual_are_enough(self, nodes: list[Redis], servers: list[Engine], settings) -> None:  # type: ignore[no-untyped-def]
        for node in nodes:
            node.execute_command("ACL", "SETUSER", "forum", "on", ">secret", "~*", *rights_in_the_manual())
        url = servers[0].url.replace("redis://", "redis://forum:secret@")
        settings.CACHES = {alias: redis_alias(url, cluster=True) for alias in ("default", "sessions")}
        tracker: Tracker[bytes] = Tracker("default", "a:")
        assert tracker.revive()
        use_the_cache()
        tracker.disconnect()


class TestANodeThatIsGone:
    """Last of all: the cluster is not what it was."""

    def test_nobody_waits_long_for_it(self, nodes: list[Redis], servers: list[Engine]) -> None:
        keys = one_key_per_node()
        stores.run([(SET, [key], [key]) for key in keys])
        assert servers[1].pid
        os.kill(servers[1].pid, signal.SIGSTOP)
        try:
            spent = []
            for alias in ("default", "sessions"):
                started = time.monotonic()
                with pytest.raises(stores.Down), stores.answering(alias):
                    stores.run([(GET, [key], []) for key in keys], alias)
                spent.append(time.monotonic() - started)
            assert max(spent) < LONGEST
            assert stores.run([(GET, [keys[0]], []), (GET, [keys[2]], [])]) == [keys[0].encode(), keys[2].encode()]
            started = time.monotonic()
            with pytest.raises(RedisError):
                stores.client().get(keys[1])
            assert time.monotonic() - started < LONGEST
        finally:
            os.kill(servers[1].pid, signal.SIGCONT)
        stores.forget_failures()
        wait_until(lambda: stores.run([(GET, [key], []) for key in keys]) == [key.encode() for key in keys], 5)

    def test_without_any_of_them_the_cache_is_down(self, nodes: list[Redis], servers: list[Engine]) -> None:
        for server in servers:
            server.stop()
        started = time.monotonic()
        assert not look_up("page", ["thread:1", "home", SITE]).usable
        assert time.monotonic() - started < LONGEST
        with pytest.raises(Unavailable), invalidating("thread:1"):
            pytest.fail("the write was begun")


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "in vain"
        time.sleep(0.02)
