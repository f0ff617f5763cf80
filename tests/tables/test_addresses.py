"""One post by its address, right after it was written: what is acknowledged can be edited and linked to."""

import pytest

from forum.errors import NotFound, Unavailable
from forum.tables import posts, threads
from forum.tables.base import counting
from forum.tables.keys import Nonce
from forum.tables.threads import RECENT

from .acts import FORUM, all_posts, edit, head_of, post_of, put_reply, reply, seconds_ago, start
from .faults import lagging_indexes

FORUMS = ["django", FORUM, "redis"]


@pytest.fixture
def thread(stored):
    """A thread with two posts more than its head remembers."""
    thread = start()
    for number in range(2, RECENT + 3):
        reply(thread, f"reply {number}")
    return thread


def calls_of(act):
    with counting() as ledger:
        act()
    return ledger.calls


# -- Within a thread ------------------------------------------------------------------------------


def test_a_reply_can_be_edited_before_the_index_shows_it(thread):
    with lagging_indexes():
        number = reply(thread, "Just now.")
        with pytest.raises(NotFound):
            posts.get_post(thread.id, number)
        head = head_of(thread)
        assert calls_of(lambda: posts.get_post_of(head, number)) == ["GetItem"]
        edit(thread, number, "Better.")
        post = posts.get_post_of(head, number)
        assert (post.number, post.body, post.revision) == (number, "Better.", 2)


def test_an_earlier_post_is_found_through_the_index_and_read_as_it_is_now(thread):
    head = head_of(thread)
    with lagging_indexes():
        edit(thread, 2, "Edited.")
        assert calls_of(lambda: posts.get_post_of(head, 2)) == ["Query", "GetItem"]
        assert posts.get_post_of(head, 2).body == "Edited."


@pytest.mark.parametrize("number", [-1, 0, RECENT + 3, 999_999_999])
def test_a_number_that_the_head_does_not_count_is_not_found_without_a_call(thread, number):
    head = head_of(thread)
    with counting() as ledger, pytest.raises(NotFound):
        posts.get_post_of(head, number)
    assert ledger.calls == []


def test_each_number_of_a_thread_gives_its_post(thread):
    head = head_of(thread)
    found = [posts.get_post_of(head, number) for number in range(1, RECENT + 3)]
    assert [post.key for post in found] == [post.key for post in all_posts(thread)]


def test_a_post_that_must_exist_is_waited_for(thread, monkeypatch):
    with lagging_indexes() as catch_up:
        number = reply(thread, "Overtaken.")
        for _ in range(RECENT):
            reply(thread)
        waited = []
        monkeypatch.setattr(posts, "pause", lambda attempt: waited.append(attempt) or catch_up())
        assert post_of(thread, number).body == "Overtaken."
    assert len(waited) == 1


def test_a_post_that_must_exist_is_not_waited_for_endlessly(thread, monkeypatch):
    waited = []
    monkeypatch.setattr(posts, "pause", waited.append)
    with lagging_indexes():
        number = reply(thread, "Overtaken.")
        for _ in range(RECENT):
            reply(thread)
        with pytest.raises(Unavailable):
            post_of(thread, number)
    assert len(waited) == posts.INDEX_ATTEMPTS


# -- By thread and number alone -------------------------------------------------------------------


def test_a_permalink_finds_its_thread_through_any_other_post(thread):
    with lagging_indexes():
        number = reply(thread)
        assert calls_of(lambda: posts.find_head(thread.id, number, FORUMS)) == ["Query", "GetItem"]
        head = posts.find_head(thread.id, number, FORUMS)
    assert (head.id, head.forum, head.last_post_number) == (thread.id, FORUM, number)


@pytest.mark.parametrize("shards", [1, 4])
def test_a_permalink_into_a_thread_that_began_just_now_asks_every_forum_for_it(stored, shards):
    with lagging_indexes():
        thread = start(shards=shards)
        assert calls_of(lambda: posts.find_head(thread.id, 1, FORUMS)) == ["Query", "BatchGetItem"]
        assert posts.find_head(thread.id, 1, FORUMS).partition == thread.partition
        with pytest.raises(NotFound):
            posts.find_head(thread.id, 1, ["django"])


def test_a_permalink_to_a_number_that_the_thread_has_not_reached_is_not_found(thread):
    for number in (0, RECENT + 3):
        with pytest.raises(NotFound):
            posts.find_head(thread.id, number, FORUMS)


def test_a_permalink_into_a_thread_that_never_was_is_not_found(stored):
    with pytest.raises(NotFound):
        posts.find_head("01KAQ4ZT9N8YV3W2Q6JX5R7D00", 1, FORUMS)
    with pytest.raises(NotFound):
        threads.find_thread("01KAQ4ZT9N8YV3W2Q6JX5R7D00", [])


# -- What was written -----------------------------------------------------------------------------


def test_a_new_thread_tells_the_key_of_its_first_post(stored):
    nonce = Nonce.new()
    first = start(shards=4, nonce=nonce)
    again = start(shards=4, nonce=nonce)
    assert first.first_key == again.first_key == all_posts(first)[0].key
    reply(first)
    assert head_of(first).first_key == first.first_key


def test_a_reply_tells_its_head_its_number_and_its_key(thread):
    written = put_reply(thread)
    head, number = written
    assert (head.id, number) == (thread.id, RECENT + 3)
    assert written.key == post_of(thread, number).key


def test_a_reply_that_is_sent_again_tells_the_key_of_the_first_sending(stored):
    thread, nonce = start(), Nonce.new(seconds_ago(60))
    first = put_reply(thread, "Once.", nonce=nonce)
    again = put_reply(thread, "Once.", nonce=nonce)
    for _ in range(RECENT + 1):
        reply(thread, user="3")
    much_later = put_reply(thread, "Once.", nonce=nonce)
    assert first.key == again.key == much_later.key == post_of(thread, 2).key
    assert first[1] == again[1] == much_later[1] == 2
