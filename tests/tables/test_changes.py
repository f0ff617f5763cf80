"""Editing and deleting: nobody's change is lost, and every text that was replaced is kept."""

import pytest

from forum.errors import Conflict, NotFound
from forum.tables import posts, threads
from forum.tables.moderation import list_records, post_subject

from .acts import FORUM, all_posts, bodies, head_of, numbers, reply, start
from .faults import answering, error, losing_answers


def change(thread, number, body, *, seen=1, title=None):
    post = posts.get_post(thread.id, number)
    posts.change_post(post, seen, "9", body, title, "A thread")


def test_an_edit_replaces_the_text_and_keeps_the_old_one(stored):
    thread = start()
    reply(thread, "Before.", user="2")
    change(thread, 2, "After.")
    post = posts.get_post(thread.id, 2)
    assert (post.body, post.revision, post.number) == ("After.", 2, 2)
    assert post.edited > post.created
    [record] = list_records(post_subject(thread.id, 2))
    assert (record.kind, record.user_id, record.revision, record.body) == ("edit", "9", 1, "Before.")


def test_an_edit_from_an_older_revision_is_a_conflict_and_changes_nothing(stored):
    thread = start()
    stale = posts.get_post(thread.id, 1)
    change(thread, 1, "Theirs.")
    with pytest.raises(Conflict):
        posts.change_post(stale, 1, "2", "Mine.", None, "A thread")
    assert posts.get_post(thread.id, 1).body == "Theirs."
    assert len(list_records(post_subject(thread.id, 1))) == 1


def test_an_edit_whose_answer_was_lost_is_made_once(stored, wrong_on):
    wrong_on("moto", "it ignores ClientRequestToken, so the repeated transaction fails its condition")
    thread = start()
    with losing_answers("TransactWriteItems", times=1):
        change(thread, 1, "Once.")
    assert posts.get_post(thread.id, 1).revision == 2


def test_an_edit_of_the_first_post_can_change_the_title(stored):
    thread = start("A thread")
    change(thread, 1, "Text.", title="Better title")
    assert head_of(thread).title == "Better title"
    assert threads.list_by_activity(FORUM, 1, 10)[0].title == "Better title"
    assert list_records(post_subject(thread.id, 1))[0].title == "A thread"


def test_an_edit_that_meets_a_reply_in_the_store_is_tried_again(stored):
    thread = start()
    busy = error("TransactionCanceledException") | {
        "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}]
    }
    with answering("TransactWriteItems", 400, busy, times=3) as asked:
        change(thread, 1, "In the end.")
    assert len(asked) == 3
    assert posts.get_post(thread.id, 1).body == "In the end."


def test_records_are_listed_latest_first(stored):
    thread = start()
    for revision in range(1, 5):
        change(thread, 1, f"text {revision}", seen=revision)
    assert [record.revision for record in list_records(post_subject(thread.id, 1))] == [4, 3, 2, 1]


def test_a_deleted_reply_keeps_its_number_and_place_and_its_text_as_a_record(stored):
    thread = start()
    for n in (2, 3, 4):
        reply(thread, f"reply {n}")
    posts.remove_post(posts.get_post(thread.id, 3), "9")
    assert numbers(all_posts(thread)) == [1, 2, 3, 4]
    assert [post.deleted for post in all_posts(thread)] == [False, False, True, False]
    assert "reply 3" not in bodies(all_posts(thread))
    assert list_records(post_subject(thread.id, 3))[0].body == "reply 3"
    assert (head_of(thread).post_count, head_of(thread).last_post_number) == (3, 4)


def test_after_a_deletion_the_next_reply_gets_the_next_number(stored):
    thread = start()
    reply(thread)
    posts.remove_post(posts.get_post(thread.id, 2), "9")
    assert reply(thread) == 3
    assert head_of(thread).post_count == 2


def test_a_post_is_deleted_once(stored):
    thread = start()
    reply(thread)
    post = posts.get_post(thread.id, 2)
    posts.remove_post(post, "9")
    for again in (post, posts.get_post(thread.id, 2)):
        with pytest.raises(Conflict):
            posts.remove_post(again, "9")
    assert head_of(thread).post_count == 1


def test_a_deleted_post_cannot_be_edited(stored):
    thread = start()
    reply(thread)
    posts.remove_post(posts.get_post(thread.id, 2), "9")
    with pytest.raises(Conflict):
        change(thread, 2, "Back again.", seen=2)


def test_deleting_the_first_post_takes_the_thread_out_of_every_list(stored):
    thread, other = start("Going"), start("Staying")
    reply(thread)
    posts.remove_post(posts.get_post(thread.id, 1), "9")
    assert [head.id for head in threads.list_by_activity(FORUM, 1, 10)] == [other.id]
    assert head_of(thread).deleted


def test_an_address_without_a_post_is_not_found(stored):
    thread = start()
    with pytest.raises(NotFound):
        posts.get_post(thread.id, 2)
    with pytest.raises(NotFound):
        posts.find_head(thread.id, 2, [FORUM])


def test_locking_a_thread_waits_for_the_transactions_of_others(stored):
    thread = start()
    conflict = error("TransactionCanceledException") | {"CancellationReasons": [{"Code": "TransactionConflict"}]}
    with answering("TransactWriteItems", 400, conflict, times=3):
        threads.change_thread(head_of(thread), locked=True)
    assert head_of(thread).locked
