"""Many items at once: what DynamoDB leaves undone is done again, a bounded number of times."""

import pytest

from forum.errors import Unavailable
from forum.forms import BODY_MOST
from forum.tables import base, bulk, posts
from forum.tables.bulk import PART
from forum.tables.posts import Post
from forum.tables.threads import Thread

from .acts import FORUM, all_posts, reply, start
from .faults import answering, changing_answers, error


def made(count):
    return [
        Post(FORUM, f"2026-01-01T00:00:00.{n:06}Z#aaaaaaaa", user_id="1", thread_id="T", number=n, body=f"post {n}")
        for n in range(count)
    ]


@pytest.fixture
def patient(monkeypatch) -> list[int]:
    """Pauses that take no time; the list holds them."""
    paused: list[int] = []
    monkeypatch.setattr(bulk, "pause", paused.append)
    return paused


def test_items_are_stored_in_batches_and_counted(stored):
    assert list(bulk.put_many(made(60))) == [25, 50, 60]
    assert len(posts.list_of_forum(FORUM, 1, 100)) == 60


def test_items_of_several_tables_go_together(stored):
    thread = Thread(FORUM, "T", title="T", user_id="1", created_at="x", last_post_number=1, post_count=1)
    thread.last_post_user_id = "1"
    assert list(bulk.put_many([thread, *made(3)])) == [4]
    assert Thread.get(FORUM, "T").title == "T"


def test_items_are_asked_for_only_as_they_are_stored(stored):
    taken = []
    items = (taken.append(post.number) or post for post in made(100))
    next(stored_so_far := bulk.put_many(items))
    assert len(taken) == 25
    stored_so_far.close()


def test_whole_batches_are_one_transaction_each(stored):
    with base.counting() as ledger:
        assert list(bulk.put_many(made(150), whole=True)) == [100, 150]
    assert ledger.calls == ["TransactWriteItems"] * 2
    assert len(posts.list_of_forum(FORUM, 1, 200)) == 150


def test_a_batch_that_is_throttled_as_a_whole_is_sent_again(stored, patient):
    with answering("BatchWriteItem", 400, error("ProvisionedThroughputExceededException"), times=5):
        assert list(bulk.put_many(made(3))) == [3]
    assert len(posts.list_of_forum(FORUM, 1, 10)) == 3


def test_what_is_left_unwritten_is_sent_again(stored, patient):
    with answering("BatchWriteItem", 200, none_of, times=2):
        assert list(bulk.put_many(made(25))) == [25]
    assert len(patient) == 2
    assert len(posts.list_of_forum(FORUM, 1, 100)) == 25


def test_writing_what_is_never_taken_ends(stored, patient):
    with answering("BatchWriteItem", 200, none_of) as asked, pytest.raises(Unavailable):
        list(bulk.put_many(made(3)))
    assert len(asked) == len(patient) == bulk.WRITE_ATTEMPTS


def test_items_are_read_by_their_keys_and_missing_ones_left_out(stored):
    list(bulk.put_many(made(30)))
    keys = [(post.partition, post.timestamp) for post in made(40)]
    found = bulk.get_many(Post, keys)
    assert sorted(post.body for post in found) == sorted(post.body for post in made(30))
    assert bulk.get_many(Post, []) == []


def test_what_is_left_unread_is_asked_again(stored, patient):
    list(bulk.put_many(made(4)))
    keys = [(post.partition, post.timestamp) for post in made(4)]
    halves = iter([2, 1])

    def leave(parsed):
        count = next(halves, 0)
        left = [parsed["Responses"]["ForumPosts"].pop() for _ in range(count)]
        if left:
            names = ("ForumName", "PostTimestamp")
            unread = {"Keys": [{name: item[name] for name in names} for item in left], "ConsistentRead": True}
            parsed["UnprocessedKeys"] = {"ForumPosts": unread}

    with changing_answers("BatchGetItem", leave):
        assert sorted(int(post.number) for post in bulk.get_many(Post, keys)) == [0, 1, 2, 3]
    assert len(patient) == 2


def test_reading_what_is_never_given_ends(stored, patient):
    with answering("BatchGetItem", 200, none_of) as asked, pytest.raises(Unavailable):
        bulk.get_many(Post, [(FORUM, "x")])
    assert len(asked) == bulk.ATTEMPTS


def test_a_hundred_keys_are_one_call_and_none_are_none(stored):
    list(bulk.put_many(made(130)))
    keys = [(post.partition, post.timestamp) for post in made(130)]
    for count, calls in ((0, 0), (1, 1), (100, 1), (101, 2), (130, 2)):
        with base.counting() as ledger:
            assert len(bulk.get_many(Post, keys[:count])) == count
        assert ledger.calls == ["BatchGetItem"] * calls


def test_a_key_that_is_named_twice_is_read_once(stored):
    list(bulk.put_many(made(2)))
    keys = [(post.partition, post.timestamp) for post in made(2)]
    assert len(bulk.get_many(Post, [*keys, *keys])) == 2


def none_of(request):
    """An answer that leaves all that was asked for undone."""
    left = request["RequestItems"]
    return {"UnprocessedItems": left, "UnprocessedKeys": left, "Responses": {}}


def test_a_page_of_an_index_that_lags_costs_one_more_call(stored):
    thread = start()
    reply(thread)

    def nothing(parsed):
        parsed["Items"][:], parsed["Count"] = [], 0
        parsed.pop("LastEvaluatedKey", None)

    with changing_answers("Query", nothing), base.counting() as ledger:
        assert len(all_posts(thread)) == 2
    assert ledger.calls == ["GetItem", "Query", "BatchGetItem"]


def test_the_largest_texts_fit_into_a_part():
    """With what else is in its transaction: the post, its last text, and what has none. No local engine minds."""
    assert (PART + 3) * BODY_MOST * len("\N{PARTY POPPER}".encode()) < 4_000_000
