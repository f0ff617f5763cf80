"""What reading and writing costs: the calls on every engine, the capacity units where they are AWS's."""

from contextlib import suppress

import pytest

from forum.errors import NotFound
from forum.tables import base, posts, threads
from forum.tables.base import ScanRefused, counting
from forum.tables.bulk import get_many
from forum.tables.moderation import list_records
from forum.tables.posts import Post

from .acts import FORUM, all_posts, head_of, reply, start
from .faults import answering


def test_calls_are_counted_by_name_and_in_order(stored):
    with counting() as ledger:
        thread = start()
        reply(thread)
        all_posts(thread)
    assert ledger.calls == ["TransactWriteItems", "GetItem", "TransactWriteItems", "GetItem", "Query"]
    assert ledger.seconds > 0


def test_nothing_is_counted_outside(stored):
    with counting() as ledger:
        pass
    start()
    assert ledger.calls == []


def test_a_count_inside_a_count_is_its_own(stored):
    with counting() as outer:
        thread = start()
        with counting() as inner:
            head_of(thread)
    assert (outer.calls, inner.calls) == (["TransactWriteItems"], ["GetItem"])


def test_a_request_may_not_scan(stored):
    start()
    with counting(scans_allowed=False), pytest.raises(ScanRefused):
        list(Post.scan())
    with counting() as ledger:
        assert len(list(Post.scan())) == 1
    assert ledger.calls == ["Scan"]


def test_every_page_is_one_query(stored):
    thread = start()
    for _ in range(44):
        reply(thread)
    head = head_of(thread)
    for first in (1, 21, 41):
        with counting() as ledger:
            posts.list_of_thread(head, first, first + 19)
        assert ledger.calls == ["Query"]


NOTHING = {"Items": [], "Count": 0, "ScannedCount": 0}
READS = {
    "a forum's threads": ("Query", NOTHING, lambda: threads.list_by_activity(FORUM, 4, 20)),
    "a forum's posts": ("Query", NOTHING, lambda: posts.list_of_forum(FORUM, 4, 20)),
    "a post's records": ("Query", NOTHING, lambda: list_records("POST#x#1")),
    "a thread's head": ("GetItem", {}, lambda: threads.get_thread(FORUM, "01KAQ4ZT9N8YV3W2Q6JX5R7D00")),
    "posts by their keys": ("BatchGetItem", {"Responses": {}}, lambda: get_many(Post, [(FORUM, "x")])),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_what_can_be_read_consistently_is(stored, read):
    # The local engines are always consistent, so what is asked of them has to be looked at.
    operation, nothing, act = read
    asked = []
    with answering(operation, 200, lambda request: asked.append(request) or nothing), suppress(NotFound):
        act()
    for request in asked:
        parts = request.get("RequestItems", {"table": request}).values()
        assert all(part["ConsistentRead"] for part in parts)
    assert asked


def test_a_forum_is_one_query_for_each_shard(stored):
    for n in range(10):
        start(f"thread {n}", shards=4)
    with counting() as ledger:
        threads.list_by_activity(FORUM, 4, 20)
    assert ledger.calls == ["Query"] * 4


# -- Capacity units: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html


def test_a_head_costs_one_read_unit(dynoxide):
    thread = start("A title of usual length, as people write them")
    for _ in range(20):
        reply(thread)
    with counting() as ledger:
        head_of(thread)
    assert ledger.read_units == 1


def test_every_page_of_a_thread_costs_the_same(dynoxide):
    thread = start()
    for n in range(2, 101):
        reply(thread, f"{n:04} " + "word " * 100)
    head = head_of(thread)
    costs = []
    for first in (21, 41, 61, 81):
        with counting() as ledger:
            posts.list_of_thread(head, first, first + 19)
        costs.append(ledger.read_units)
    assert len(set(costs)) == 1
    # Twenty posts of some 700 bytes, eventually consistent: half a unit for each 4 KB.
    assert costs[0] <= 2


def test_a_reply_writes_the_post_its_two_indexes_the_head_and_the_members_numbers(dynoxide):
    thread = start()
    with counting() as ledger:
        reply(thread, "Short.")
    # Post, head and the member's numbers cost double in a transaction (6); an index entry is added to each of
    # the post's two indexes (2); the head's entry in the list by activity is removed and put elsewhere (2).
    assert ledger.write_units == 10
    parts = {part: used.write for part, used in ledger.used.items() if used.write}
    assert parts == {
        "ForumPosts": 2,
        "ForumPosts/ThreadPosts": 1,
        "ForumPosts/UserPosts": 1,
        "ForumThreads": 2,
        "ForumThreads/LastActivity": 2,
        "ForumMembers": 2,
    }


def test_what_is_read_in_an_index_is_the_indexs(dynoxide):
    thread = start()
    head = head_of(thread)
    with counting() as ledger:
        posts.list_of_thread(head, 1, 20)
        threads.list_by_activity(FORUM, 1, 20)
    assert {part: used.read for part, used in ledger.used.items()} == {
        "ForumPosts/ThreadPosts": 0.5,
        "ForumThreads/LastActivity": 1,
    }


@pytest.mark.parametrize(
    ("operation", "told", "used"),
    [
        ("Query", {"TableName": "T", "CapacityUnits": 1.5}, {"T": (1.5, 0)}),
        ("PutItem", {"TableName": "T", "CapacityUnits": 2}, {"T": (0, 2)}),
        (
            "PutItem",
            {"TableName": "T", "CapacityUnits": 3, "GlobalSecondaryIndexes": {"I": {"CapacityUnits": 2}}},
            {"T/I": (0, 2), "T": (0, 1)},
        ),
        (
            "Query",
            {
                "TableName": "T",
                "CapacityUnits": 3,
                "Table": {"CapacityUnits": 1},
                "LocalSecondaryIndexes": {"I": {"CapacityUnits": 2}},
            },
            {"T/I": (2, 0), "T": (1, 0)},
        ),
        (
            "TransactWriteItems",
            [
                {"TableName": "T", "CapacityUnits": 4, "Table": {"CapacityUnits": 4, "WriteCapacityUnits": 4}},
                {"TableName": "U", "CapacityUnits": 2, "Table": {"CapacityUnits": 2, "ReadCapacityUnits": 2}},
            ],
            {"T": (0, 4), "U": (2, 0)},
        ),
        ("GetItem", None, {}),
    ],
)
def test_whatever_an_engine_tells_is_understood(operation, told, used):
    ledger = base.Ledger()
    ledger.add(operation, {"ConsumedCapacity": told})
    assert {part: (each.read, each.write) for part, each in ledger.used.items()} == used


def test_what_nobody_counts_is_told_to_somebody(stored, monkeypatch):
    told = []
    monkeypatch.setattr(base, "elsewhere", told.append)
    thread = start()
    with counting():
        head_of(thread)
    assert [ledger.calls for ledger in told] == [["TransactWriteItems"]]


def test_a_ledger_can_be_filled_without_capacity(stored):
    ledger = base.Ledger()
    ledger.add("GetItem", {})
    assert (ledger.read_units, ledger.write_units) == (0, 0)
