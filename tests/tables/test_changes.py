"""Editing, hiding, deleting, pinning: nobody's change is lost, and every text that was replaced is kept."""

from datetime import UTC, datetime, timedelta

import pytest

from forum.errors import Conflict, NotFound
from forum.tables import changes, posts, threads
from forum.tables.moderation import list_records, post_subject, thread_subject

from .acts import (
    FORUM,
    act_on,
    all_posts,
    become,
    bodies,
    change,
    delete,
    edit,
    head_of,
    numbers,
    post_of,
    reply,
    start,
)
from .faults import answering, error, losing_answers


def listed() -> list[str]:
    return [head.id for head in threads.list_by_activity(FORUM, 1, 10)]


def records(thread, number):
    return list_records(post_subject(thread.id, number))


class TestEdits:
    def test_an_edit_replaces_the_text_and_keeps_the_old_one(self, stored):
        thread = start()
        reply(thread, "Before.", user="2")
        edit(thread, 2, "After.")
        post = posts.get_post(thread.id, 2)
        assert (post.body, post.revision, post.number) == ("After.", 2, 2)
        assert post.edited > post.created
        [record] = records(thread, 2)
        assert (record.kind, record.user_id, record.revision, record.body) == ("edit", "9", 1, "Before.")

    def test_an_edit_from_an_older_revision_is_a_conflict_and_changes_nothing(self, stored):
        thread = start()
        stale = posts.get_post(thread.id, 1)
        edit(thread, 1, "Theirs.")
        with pytest.raises(Conflict):
            edit(thread, 1, "Mine.", seen=stale)
        assert posts.get_post(thread.id, 1).body == "Theirs."
        assert len(records(thread, 1)) == 1

    def test_an_edit_whose_answer_was_lost_is_made_once(self, stored, wrong_on):
        wrong_on("moto", "it ignores ClientRequestToken, so the repeated transaction fails its condition")
        thread = start()
        with losing_answers("TransactWriteItems", times=1):
            edit(thread, 1, "Once.")
        assert posts.get_post(thread.id, 1).revision == 2

    def test_an_edit_of_the_first_post_can_change_the_title(self, stored):
        thread = start("A thread")
        edit(thread, 1, "Text.", title="Better title")
        assert head_of(thread).title == "Better title"
        assert threads.list_by_activity(FORUM, 1, 10)[0].title == "Better title"
        assert records(thread, 1)[0].title == "A thread"

    def test_an_edit_that_meets_a_reply_in_the_store_is_tried_again(self, stored):
        thread = start()
        busy = error("TransactionCanceledException") | {
            "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}]
        }
        with answering("TransactWriteItems", 400, busy, times=3) as asked:
            edit(thread, 1, "In the end.")
        assert len(asked) == 3
        assert posts.get_post(thread.id, 1).body == "In the end."

    def test_records_are_listed_latest_first(self, stored):
        thread = start()
        for revision in range(1, 5):
            edit(thread, 1, f"text {revision}")
        assert [record.revision for record in records(thread, 1)] == [4, 3, 2, 1]


class TestDeleting:
    def test_a_deleted_reply_keeps_its_number_and_place_and_its_text_as_a_record(self, stored):
        thread = start()
        for n in (2, 3, 4):
            reply(thread, f"reply {n}")
        delete(thread, 3)
        assert numbers(all_posts(thread)) == [1, 2, 3, 4]
        assert [post.deleted for post in all_posts(thread)] == [False, False, True, False]
        assert "reply 3" not in bodies(all_posts(thread))
        assert records(thread, 3)[0].body == "reply 3"
        assert (head_of(thread).post_count, head_of(thread).last_post_number) == (3, 4)

    def test_after_a_deletion_the_next_reply_gets_the_next_number(self, stored):
        thread = start()
        reply(thread)
        delete(thread, 2)
        assert reply(thread) == 3
        assert head_of(thread).post_count == 2

    def test_a_post_is_deleted_once(self, stored):
        thread = start()
        reply(thread)
        post = posts.get_post(thread.id, 2)
        delete(thread, 2, seen=post)
        with pytest.raises(Conflict):
            delete(thread, 2, seen=post)
        assert head_of(thread).post_count == 1

    def test_a_deleted_or_hidden_post_cannot_be_edited(self, stored):
        thread = start()
        for number, status in ((2, "deleted"), (3, "hidden")):
            reply(thread)
            become(thread, number, status)
            with pytest.raises(Conflict):
                edit(thread, number, "Back again.")

    def test_deleting_the_first_post_takes_the_thread_out_of_every_list(self, stored):
        thread, other = start("Going"), start("Staying")
        reply(thread)
        delete(thread, 1)
        assert listed() == [other.id]
        assert head_of(thread).status == "deleted"

    def test_a_deleted_post_comes_back_with_its_text(self, stored):
        thread = start()
        reply(thread, "Here.")
        edit(thread, 2, "Here, and there.")
        delete(thread, 2)
        text = changes.get_deleted_text(post_of(thread, 2))
        assert text == "Here, and there."
        become(thread, 2, "visible", body=text)
        post = post_of(thread, 2)
        assert (post.status, post.body, post.revision) == ("visible", "Here, and there.", 4)
        assert head_of(thread).post_count == 2


class TestHiding:
    def test_a_hidden_post_keeps_its_text_and_leaves_the_count(self, stored):
        thread = start()
        reply(thread, "Spam.")
        become(thread, 2, "hidden", reason="It is spam.")
        post = post_of(thread, 2)
        assert (post.status, post.body, post.revision, post.status_reason) == ("hidden", "Spam.", 2, "It is spam.")
        assert head_of(thread).post_count == 1
        [record] = records(thread, 2)
        assert (record.kind, record.reason, record.month) == ("hide", "It is spam.", record.event_time[:7])

    def test_and_comes_back_as_it_was(self, stored):
        thread = start()
        reply(thread, "No spam.")
        become(thread, 2, "hidden", reason="It is spam.")
        become(thread, 2, "visible")
        post = post_of(thread, 2)
        assert (post.status, post.body, post.revision, post.status_reason) == ("visible", "No spam.", 3, None)
        assert head_of(thread).post_count == 2

    def test_a_hidden_post_that_is_deleted_is_counted_out_once(self, stored):
        thread = start()
        reply(thread, "Spam.")
        become(thread, 2, "hidden")
        become(thread, 2, "deleted")
        assert head_of(thread).post_count == 1
        assert changes.get_deleted_text(post_of(thread, 2)) == "Spam."

    def test_the_first_post_takes_its_thread_along_and_back_to_its_place(self, stored):
        older, thread = start("Older"), start("Hidden")
        reply(thread)
        newer = start("Newer")
        become(thread, 1, "hidden")
        assert listed() == [newer.id, older.id]
        assert head_of(thread).status == "hidden"
        become(thread, 1, "visible")
        assert listed() == [newer.id, thread.id, older.id]
        assert (head_of(thread).status, head_of(thread).post_count) == ("visible", 2)

    def test_a_thread_that_is_hidden_on_its_own_is_not_shown_by_its_first_post(self, stored):
        thread = start()
        change(thread, status="deleted")
        become(thread, 1, "hidden")
        become(thread, 1, "visible")
        assert head_of(thread).status == "deleted" and listed() == []

    def test_only_who_saw_the_post_as_it_is_hides_it(self, stored):
        thread = start()
        reply(thread, "Before.")
        seen = post_of(thread, 2)
        edit(thread, 2, "After.")
        with pytest.raises(Conflict):
            become(thread, 2, "hidden", seen=seen)
        assert post_of(thread, 2).status == "visible" and head_of(thread).post_count == 2

    def test_a_post_is_changed_where_it_is_and_its_head_where_that_is(self, stored):
        """As while a thread moves: the head is in the new forum before all of its posts are."""
        thread = start()
        reply(thread)
        post = post_of(thread, 2)
        head = threads.Thread(**{**head_of(thread).attribute_values, "partition": "django"})
        head.save()
        changes.change_status(head, post, "hidden", act_on(thread, 2, "hide", reason="Spam."))
        assert threads.get_thread("django", thread.id).post_count == 1
        assert head_of(thread).post_count == 2
        assert posts.get_post(thread.id, 2).status == "hidden"


class TestForGood:
    def texts(self, thread, number):
        return {r.body: r.expires_at for r in records(thread, number) if r.body is not None}

    def purge(self, thread, number):
        changes.remove_text(head_of(thread), post_of(thread, number), act_on(thread, number, "purge", reason="Law."))

    def test_every_text_gets_an_end(self, stored):
        thread = start()
        reply(thread, "one")
        edit(thread, 2, "two")
        self.purge(thread, 2)
        post = post_of(thread, 2)
        assert (post.status, post.body, head_of(thread).post_count) == ("deleted", "-", 1)
        ends = self.texts(thread, 2)
        assert set(ends) == {"one", "two"}
        for end in ends.values():
            assert timedelta(days=29) < end - datetime.now(UTC) < timedelta(days=31)
        assert changes.get_deleted_text(post) is None

    def test_the_act_itself_stays_and_says_what_ends(self, stored):
        thread = start()
        reply(thread, "one")
        delete(thread, 2)
        self.purge(thread, 2)
        [act] = [record for record in records(thread, 2) if record.kind == "purge"]
        assert act.expires_at is None and act.body is None and act.month
        assert "delete by 9" in act.changes["texts"][0]

    def test_however_many_texts_there_are(self, dynoxide):
        thread = start()
        for number in range(200):
            edit(thread, 1, f"text {number}")
        self.purge(thread, 1)
        records = changes._texts(post_of(thread, 1))
        assert [record.expires_at is None for record in records] == [False] * 201


class TestThreads:
    def test_a_thread_is_locked_archived_renamed_with_a_record(self, stored):
        thread = start("Before")
        for name, value in (("locked", True), ("archived", True), ("title", "After")):
            change(thread, **{name: value})
            assert getattr(head_of(thread), name) == value
            record = list_records(thread_subject(thread.id))[0]
            assert record.changes == {name: ("Before" if name == "title" else False, value)}

    def test_the_second_of_two_is_told(self, stored):
        thread = start()
        seen = head_of(thread)
        for attributes in ({"locked": True}, {"title": "Renamed"}, {"archived": True}, {"pinned": True}):
            change(thread, **attributes)
            with pytest.raises(Conflict):
                changes.change_thread(seen, act_on(thread, 1, "lock"), **attributes)
        assert len(list_records(thread_subject(thread.id))) == 4

    def test_a_pinned_thread_stands_first_until_it_is_unpinned(self, stored):
        thread, newer = start("Pinned"), start("Newer")
        change(thread, pinned=True)
        assert listed() == [thread.id, newer.id]
        assert head_of(thread).last_activity < head_of(newer).last_activity
        change(thread, pinned=False)
        assert listed() == [newer.id, thread.id]

    def test_a_reply_that_comes_before_a_pin_is_not_lost(self, stored):
        thread = start()
        seen = head_of(thread)
        reply(thread)
        with pytest.raises(Conflict):
            changes.change_thread(seen, act_on(thread, 1, "pin"), pinned=True)
        change(thread, pinned=True)
        reply(thread)
        head = head_of(thread)
        assert (head.last_post_number, head.pinned, head.last_post_timestamp) == (3, True, f"p{head.newest_key}")

    def test_a_hidden_thread_that_is_pinned_is_listed_only_when_it_is_shown(self, stored):
        thread = start()
        change(thread, status="hidden")
        change(thread, pinned=True)
        assert listed() == []
        change(thread, status="visible")
        assert listed() == [thread.id] and head_of(thread).last_post_timestamp.startswith("p")

    def test_heads_from_before_there_were_archived_ones_take_replies_and_can_be_archived(self, stored):
        thread = start()
        thread.update([threads.Thread.archived.remove()])
        reply(thread)
        change(thread, archived=True)
        assert head_of(thread).archived

    def test_a_thread_that_is_archived_meanwhile_takes_no_reply(self, stored):
        thread = start()

        def check(head):
            if head.archived:
                raise Conflict("Archived.")
            change(thread, archived=True)

        with pytest.raises(Conflict, match="Archived"):
            reply(thread, check=check)
        assert head_of(thread).last_post_number == 1

    def test_locking_waits_for_the_transactions_of_others(self, stored):
        thread = start()
        conflict = error("TransactionCanceledException") | {"CancellationReasons": [{"Code": "TransactionConflict"}]}
        with answering("TransactWriteItems", 400, conflict, times=3):
            change(thread, locked=True)
        assert head_of(thread).locked

    def test_a_missing_head_is_not_made(self, stored):
        ghost = start()
        ghost.delete()
        with pytest.raises(Conflict):
            changes.change_thread(ghost, act_on(ghost, 1, "lock"), locked=True)
        with pytest.raises(NotFound):
            head_of(ghost)


def test_an_address_without_a_post_is_not_found(stored):
    thread = start()
    with pytest.raises(NotFound):
        posts.get_post(thread.id, 2)
    with pytest.raises(NotFound):
        posts.find_head(thread.id, 2, [FORUM])
