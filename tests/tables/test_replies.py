"""Replies: numbers without a gap, each form once, whatever the network and the others do."""

import pytest

from forum.errors import Conflict, Unavailable
from forum.tables import posts
from forum.tables.base import counting
from forum.tables.keys import Nonce

from .acts import FORUM, all_posts, bodies, change, delete, head_of, numbers, reply, seconds_ago, start
from .faults import changing_answers, losing_answers


def test_replies_are_numbered_without_gaps_and_counted(stored):
    thread = start()
    assert [reply(thread, f"reply {n}") for n in range(2, 30)] == list(range(2, 30))
    head = head_of(thread)
    assert (head.last_post_number, head.post_count) == (29, 29)
    assert numbers(all_posts(thread)) == list(range(1, 30))


def test_a_reply_moves_the_head_on(stored):
    thread = start(user="1")
    reply(thread, user="2")
    head = head_of(thread)
    last = all_posts(thread)[-1]
    assert (head.last_post_user_id, head.last_post_timestamp) == ("2", last.timestamp)
    assert head.user_id == "1"


def test_the_head_remembers_the_last_ten_posts_oldest_first(stored):
    thread = start()
    for n in range(14):
        reply(thread, f"reply {n}")
    assert head_of(thread).recent_posts == [post.timestamp for post in all_posts(thread)[-10:]]


def test_sort_keys_rise_with_the_numbers_even_when_clocks_disagree(stored):
    thread = start()
    reply(thread, nonce=Nonce.new(seconds_ago(-3600)))
    reply(thread, nonce=Nonce.new(seconds_ago(3600)))
    keys = [post.timestamp for post in all_posts(thread)]
    assert keys == sorted(set(keys))


def test_a_reply_form_sent_twice_is_one_reply(stored):
    thread, nonce = start(), Nonce.new()
    assert reply(thread, "Once.", nonce=nonce) == reply(thread, "Once.", nonce=nonce) == 2
    assert bodies(all_posts(thread))[1:] == ["Once."]


def test_a_form_sent_again_after_more_than_ten_other_replies_is_still_one_reply(stored):
    thread, nonce = start(), Nonce.new(seconds_ago(60))
    assert reply(thread, "Once.", user="2", nonce=nonce) == 2
    for n in range(15):
        reply(thread, f"other {n}", user="3")
    assert reply(thread, "Once.", user="2", nonce=nonce) == 2
    assert head_of(thread).post_count == 17


def test_a_form_older_than_ten_other_replies_is_stored_when_it_never_was(stored):
    thread, nonce = start(), Nonce.new(seconds_ago(60))
    for n in range(15):
        reply(thread, f"other {n}", user="3")
    assert reply(thread, "Late.", user="2", nonce=nonce) == 17


def test_two_forms_of_one_member_are_two_replies(stored):
    thread = start()
    assert [reply(thread, "Same text."), reply(thread, "Same text.")] == [2, 3]


def test_a_reply_whose_answer_was_lost_is_stored_once(stored):
    thread = start()
    with losing_answers("TransactWriteItems", times=1) as lost:
        assert reply(thread, "Once.") == 2
    assert len(lost) == 1
    assert bodies(all_posts(thread))[1:] == ["Once."]
    assert head_of(thread).post_count == 2


def test_a_reply_whose_answers_were_all_lost_is_found_when_the_form_is_sent_again(stored):
    thread, nonce = start(), Nonce.new()
    with losing_answers("TransactWriteItems", times=2), pytest.raises(Unavailable):
        reply(thread, "Once.", nonce=nonce)
    assert reply(thread, "Once.", nonce=nonce) == 2
    assert bodies(all_posts(thread))[1:] == ["Once."]


def test_a_reply_that_others_overtake_is_put_after_theirs(stored):
    thread = start()
    overtaken = []

    def overtake(head):
        if not overtaken:
            overtaken.append(reply(thread, "Quicker.", user="3"))

    assert reply(thread, "Slower.", check=overtake) == 3
    assert bodies(all_posts(thread))[1:] == ["Quicker.", "Slower."]


def test_a_reply_that_is_tried_again_asks_only_once_whether_it_was_stored(stored):
    thread, nonce = start(), Nonce.new(seconds_ago(60))
    for n in range(12):
        reply(thread, f"earlier {n}", user="3")
    overtaken = []

    def overtake(head):
        if len(overtaken) < 3:
            overtaken.append(reply(thread, "Quicker.", user="3"))

    with counting() as ledger:
        assert reply(thread, "Slower.", nonce=nonce, check=overtake) == 17
    # The form is older than the ten posts that the head remembers, so its member's posts are asked once.
    assert ledger.calls.count("Query") == 1


def test_the_other_half_of_a_double_click_is_found_although_many_came_in_between(stored):
    thread, nonce = start(), Nonce.new()
    stored_by_the_other = []

    def meanwhile(head):
        if not stored_by_the_other:
            stored_by_the_other.append(reply(thread, "Once.", nonce=nonce))
            for n in range(12):
                reply(thread, f"other {n}", user="3")

    assert reply(thread, "Once.", nonce=nonce, check=meanwhile) == stored_by_the_other[0] == 2
    assert head_of(thread).post_count == 14


def test_a_thread_that_closes_between_the_check_and_the_write_takes_no_reply(stored):
    thread = start()
    seen = []

    def check(head):
        seen.append(head.locked)
        if head.locked:
            raise Conflict("Locked.")
        close(thread)

    with pytest.raises(Conflict):
        reply(thread, check=check)
    assert seen == [False, True]
    assert head_of(thread).post_count == 1


def close(thread):
    change(thread, locked=True)


def test_a_deleted_thread_between_the_check_and_the_write_takes_no_reply(stored):
    thread = start()

    def check(head):
        if head.deleted:
            raise Conflict("Deleted.")
        delete(thread, 1)

    with pytest.raises(Conflict):
        reply(thread, check=check)
    assert head_of(thread).last_post_number == 1


def test_two_posts_at_the_same_microsecond_are_two_posts(stored, monkeypatch):
    thread = start()
    moment = seconds_ago(-1)
    other = start("Other")

    class Stopped:
        @staticmethod
        def now(zone):
            return moment

    monkeypatch.setattr(posts, "datetime", Stopped)
    reply(thread, "here")
    reply(other, "there")
    assert [post.created for post in posts.list_of_forum(FORUM, 1, 2)] == [moment, moment]


def test_a_page_is_whole_although_the_index_does_not_show_the_last_posts_yet(stored):
    thread = start()
    for n in range(2, 31):
        reply(thread, f"reply {n}")
    head = head_of(thread)
    with changing_answers("Query", without_the_last(8)):
        assert numbers(posts.list_of_thread(head, 21, 40)) == list(range(21, 31))
        assert numbers(posts.list_of_thread(head, 1, 20)) == list(range(1, 21))


def test_what_neither_the_index_nor_the_head_knows_is_left_out(stored):
    thread = start()
    for n in range(2, 31):
        reply(thread, f"reply {n}")
    head = head_of(thread)
    with changing_answers("Query", without_the_last(15)):
        assert numbers(posts.list_of_thread(head, 11, 30)) == [*range(11, 16), *range(21, 31)]


def without_the_last(count):
    """As an index answers that lags `count` posts behind a thread of thirty."""

    def drop(parsed):
        kept = [item for item in parsed["Items"] if int(item["PostNumber"]["N"]) <= 30 - count]
        parsed["Items"][:] = kept
        parsed["Count"] = len(kept)
        parsed.pop("LastEvaluatedKey", None)

    return drop


def test_pages_are_ranges_of_numbers(stored):
    thread = start()
    for n in range(2, 46):
        reply(thread, f"reply {n}")
    head = head_of(thread)
    assert numbers(posts.list_of_thread(head, 1, 20)) == list(range(1, 21))
    assert numbers(posts.list_of_thread(head, 41, 60)) == list(range(41, 46))
    assert posts.list_of_thread(head, 61, 80) == []


def test_a_post_is_found_by_its_address(stored):
    thread = start(shards=4)
    reply(thread, "Here.")
    assert posts.get_post(thread.id, 2).body == "Here."
    assert posts.find_head(thread.id, 2, [FORUM]).forum == FORUM


def test_posts_of_a_member_are_newest_first_and_paged(stored):
    for n in range(4):
        thread = start(f"thread {n}", user="1", shards=4)
        reply(thread, f"reply {n}", user="2")
        reply(thread, f"answer {n}", user="1")
    mine = posts.list_of_user("1", 50)
    assert len(mine) == 8
    assert [post.timestamp for post in mine] == sorted((post.timestamp for post in mine), reverse=True)
    paged = posts.list_of_user("1", 3)
    paged += posts.list_of_user("1", 5, before=paged[-1].timestamp)
    assert [post.timestamp for post in paged] == [post.timestamp for post in mine]
