"""Starting threads, and listing them over one shard and over many."""

from datetime import timedelta

import pytest

from forum.errors import NotFound
from forum.tables import posts, threads
from forum.tables.base import counting
from forum.tables.keys import Nonce, time_of
from forum.tables.threads import RECENT, Thread

from .acts import FORUM, all_posts, bodies, change, head_of, reply, start
from .faults import answering, error, losing_answers

SHARDS = 4


def test_a_new_thread_has_a_head_and_its_first_post(stored):
    thread = start("Keys", user="7")
    head = head_of(thread)
    assert (head.title, head.user_id, head.last_post_user_id) == ("Keys", "7", "7")
    assert (head.last_post_number, head.post_count, head.status, head.locked) == (1, 1, "visible", False)
    [post] = all_posts(thread)
    assert (post.number, post.user_id, post.body, post.forum) == (1, "7", "The first post of Keys.", FORUM)
    assert post.timestamp == head.last_post_timestamp == head.created_at == head.recent_posts[0]


def test_a_thread_form_sent_twice_starts_one_thread(stored):
    nonce = Nonce.new()
    first, second = start("Once", nonce=nonce), start("Once", nonce=nonce)
    assert second.id == first.id
    assert len(threads.list_by_activity(FORUM, 1, 10)) == 1
    assert len(posts.list_of_forum(FORUM, 1, 10)) == 1


def test_a_thread_whose_answer_was_lost_is_found_again(stored):
    with losing_answers("TransactWriteItems", times=1) as lost:
        thread = start("Lost and found")
    assert len(lost) == 1
    assert bodies(all_posts(thread)) == ["The first post of Lost and found."]
    assert len(posts.list_of_forum(FORUM, 1, 10)) == 1


def test_a_new_thread_that_collides_with_its_other_half_is_tried_again(stored):
    conflict = error("TransactionCanceledException") | {
        "CancellationReasons": [{"Code": "TransactionConflict"}, {"Code": "None"}]
    }
    with answering("TransactWriteItems", 400, conflict, times=1) as asked:
        thread = start("Double click")
    assert len(asked) == 1
    assert head_of(thread).title == "Double click"


def test_a_thread_that_was_never_started_is_not_found(stored):
    with pytest.raises(NotFound):
        threads.get_thread(FORUM, "01KAQ4ZT9N8YV3W2Q6JX5R7D00")


def test_threads_are_listed_by_their_last_post(stored):
    first, second, third = start("first"), start("second"), start("third")
    reply(first)
    reply(second)
    assert titles(threads.list_by_activity(FORUM, 1, 10)) == ["second", "first", "third"]
    reply(third)
    assert titles(threads.list_by_activity(FORUM, 1, 10)) == ["third", "second", "first"]


def test_the_list_shows_a_reply_at_once_and_all_that_a_row_needs(stored):
    thread = start("Busy", user="1")
    reply(thread, user="2")
    [row] = threads.list_by_activity(FORUM, 1, 10)
    assert (row.id, row.title, row.user_id, row.last_post_user_id) == (thread.id, "Busy", "1", "2")
    assert (row.last_post_number, row.post_count) == (2, 2)
    assert row.last_activity > time_of(row.created_at)


def test_another_forums_threads_are_not_listed(stored):
    start("Here")
    posts.put_thread("django", 1, "1", "There", "Text.", Nonce.new())
    assert titles(threads.list_by_activity(FORUM, 1, 10)) == ["Here"]


def test_a_forum_over_four_shards_lists_as_over_one(stored):
    expected = [f"thread {n}" for n in range(23)]
    for title in expected:
        start(title, shards=SHARDS)
    used = {thread.partition for thread in threads.list_by_activity(FORUM, SHARDS, 50)}
    assert len(used) > 1, "the threads were meant to be spread"
    assert titles(threads.list_by_activity(FORUM, SHARDS, 50)) == expected[::-1]


def test_cursors_page_through_four_shards_as_through_one(stored):
    for n in range(23):
        start(f"thread {n}", shards=SHARDS)
    everything = titles(threads.list_by_activity(FORUM, SHARDS, 50))
    paged, before = [], ""
    while page := threads.list_by_activity(FORUM, SHARDS, 5, before):
        paged += titles(page)
        before = page[-1].last_post_timestamp
    assert paged == everything


def test_a_thread_stays_readable_when_the_forum_gets_more_shards(stored):
    early = start("early", shards=1)
    late = [start(f"late {n}", shards=SHARDS) for n in range(8)]
    reply(early, "still here")
    assert bodies(all_posts(early))[-1] == "still here"
    assert titles(threads.list_by_activity(FORUM, SHARDS, 50))[0] == "early"
    assert len(threads.list_by_activity(FORUM, SHARDS, 50)) == 1 + len(late)


def test_posts_of_a_forum_over_four_shards_are_newest_first_and_paged(stored):
    for n in range(12):
        reply(start(f"thread {n}", shards=SHARDS), f"reply {n}")
    everything = [post.timestamp for post in posts.list_of_forum(FORUM, SHARDS, 100)]
    assert everything == sorted(everything, reverse=True)
    assert len(everything) == 24
    paged, before = [], ""
    while page := posts.list_of_forum(FORUM, SHARDS, 7, before):
        paged += [post.timestamp for post in page]
        before = page[-1].timestamp
    assert paged == everything


def titles(found: list[Thread]) -> list[str]:
    return [thread.title for thread in found]


# -- Hot threads ------------------------------------------------------------------------------------


def answered_every(thread, clock, milliseconds, times):
    """Reply so many times, one so long after the other; how often the thread moved in its forum's list."""
    places = [head_of(thread).last_post_timestamp]
    for _ in range(times):
        clock.value += timedelta(milliseconds=milliseconds)
        reply(thread)
        places.append(head_of(thread).last_post_timestamp)
    return len(set(places)) - 1


def test_a_thread_that_is_answered_now_and_then_moves_with_each_reply(dynoxide, clock):
    assert answered_every(start(), clock, 120, 30) == 30


def test_a_hot_thread_moves_ten_times_a_second_at_most(dynoxide, clock):
    thread = start()
    answered_every(thread, clock, 20, RECENT)
    assert answered_every(thread, clock, 20, 50) == 10
    shown = threads.list_by_activity(FORUM, 1, 1)[0]
    assert (int(shown.last_post_number), shown.last_post_user_id) == (RECENT + 51, "2")


def test_a_reply_that_does_not_move_its_thread_costs_a_unit_less(dynoxide, clock):
    thread = start()
    answered_every(thread, clock, 20, RECENT + 5)
    with counting() as ledger:
        moved = answered_every(thread, clock, 1, 1)
    assert (moved, ledger.used["ForumThreads/LastActivity"].write, ledger.write_units) == (0, 1, 9)


def test_a_hot_thread_stands_above_all_that_were_answered_a_tenth_of_a_second_before(dynoxide, clock):
    hot, other = start("Hot"), start("Other")
    answered_every(hot, clock, 20, 25)
    reply(other)
    answered_every(hot, clock, 20, 6)
    assert [head.id for head in threads.list_by_activity(FORUM, 1, 2)] == [hot.id, other.id]


def test_a_hot_thread_stays_pinned(dynoxide, clock):
    hot = start("Hot")
    answered_every(hot, clock, 20, 25)
    change(hot, pinned=True)
    answered_every(hot, clock, 20, 10)
    assert head_of(hot).last_post_timestamp.startswith("p")
    change(hot, pinned=False)
    answered_every(hot, clock, 20, 10)
    assert not head_of(hot).last_post_timestamp.startswith("p")
