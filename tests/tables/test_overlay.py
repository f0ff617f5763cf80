"""Lists of posts while the indexes lag: told what was written, they are as if nothing lagged."""

import pytest

from forum.tables import posts
from forum.tables.base import counting

from .acts import FORUM, bodies, delete, edit, head_of, numbers, replied, reply, start
from .faults import changing_answers, lagging_indexes

USER = "2"
ANOTHER = "3"


@pytest.fixture
def thread(stored):
    """A thread of 25 posts: a whole page, and a part of one."""
    thread = start("Long", user="1")
    for number in range(2, 26):
        reply(thread, f"reply {number}", user=USER)
    return thread


def page(thread, number, *written):
    """A page of twenty posts, and what it cost; the head is read before that."""
    head = head_of(thread)
    with counting() as ledger:
        found = posts.list_of_thread(head, number * 20 - 19, number * 20, *written)
    return found, ledger.calls


def of_member(*written, limit=10, before="", user=USER):
    """A member's posts, and what they cost."""
    with counting() as ledger:
        found = posts.list_of_user(user, limit, before, *written)
    return found, ledger.calls


def replies(thread, first, last):
    """Replies to a thread, and what was written."""
    return {key: 1 for n in range(first, last + 1) for key in replied(thread, f"reply {n}", user=USER)}


# -- Pages of a thread ----------------------------------------------------------------------------


def test_a_reply_is_on_its_page_although_the_index_does_not_show_it(thread):
    with lagging_indexes():
        written = replied(thread, "Just now.")
        for known in ({}, written):
            found, calls = page(thread, 2, known)
            assert numbers(found) == list(range(21, 27))
            assert found[-1].body == "Just now."
            assert calls == ["Query", "BatchGetItem"]


def test_an_edit_shows_at_once_on_its_page(thread):
    with lagging_indexes():
        written = edit(thread, 3, "Better words.")
        found, calls = page(thread, 1)
        assert (found[2].body, calls) == ("reply 3", ["Query"]), "the index lags"
        found, calls = page(thread, 1, written)
        assert (found[2].body, found[2].revision) == ("Better words.", 2)
        assert numbers(found) == list(range(1, 21))
        assert calls == ["Query", "BatchGetItem"]


def test_a_deletion_shows_at_once_on_its_page(thread):
    with lagging_indexes():
        written = delete(thread, 24)
        assert not page(thread, 2)[0][3].deleted, "the index lags"
        found, calls = page(thread, 2, written)
        assert [post.deleted for post in found] == [False, False, False, True, False]
        assert "reply 24" not in bodies(found)
        assert calls == ["Query", "BatchGetItem"]


def test_of_several_edits_of_one_post_the_last_one_shows(thread):
    with lagging_indexes() as catch_up:
        edit(thread, 3, "Good words.")
        catch_up()
        written = edit(thread, 3, "Better words.")
        assert page(thread, 1)[0][2].body == "Good words.", "the index lags"
        assert page(thread, 1, written)[0][2].body == "Better words."


def test_replies_edits_and_deletions_together_cost_one_call_more(thread):
    with lagging_indexes():
        written = edit(thread, 21, "Edited.") | delete(thread, 22) | replies(thread, 26, 28)
        written |= edit(thread, 28, "New and edited.")
        found, calls = page(thread, 2, written)
    assert numbers(found) == list(range(21, 29))
    assert found[0].body == "Edited." and found[1].deleted
    assert bodies(found)[-3:] == ["reply 26", "reply 27", "New and edited."]
    assert calls == ["Query", "BatchGetItem"]


def test_what_was_written_on_other_pages_and_in_other_threads_is_not_read(thread):
    other = start("Another")
    with lagging_indexes():
        elsewhere = edit(thread, 3, "On page 1.") | replied(other) | {other.first_key: 1}
        found, calls = page(thread, 2, elsewhere)
        assert numbers(found) == list(range(21, 26))
        assert calls == ["Query"]
        assert page(thread, 1, replied(thread, "On page 2."))[1] == ["Query"]


def test_an_index_that_shows_all_that_was_written_costs_one_query(thread):
    written = edit(thread, 22, "Edited.") | delete(thread, 23) | replied(thread, "New.")
    found, calls = page(thread, 2, written)
    assert bodies(found)[1:] == ["Edited.", "-", "reply 24", "reply 25", "New."]
    assert calls == ["Query"]
    assert of_member(written)[1] == ["Query"]


def test_more_replies_than_the_head_remembers_are_all_on_their_page(thread):
    with lagging_indexes():
        written = edit(thread, 2, "Another page.") | replies(thread, 26, 40)
        found, _ = page(thread, 2)
        assert numbers(found) == [*range(21, 26), *range(31, 41)], "the head remembers ten"
        found, calls = page(thread, 2, written)
        assert bodies(found) == [f"reply {n}" for n in range(21, 41)]
        assert calls == ["Query", "BatchGetItem"]


def test_of_all_that_was_written_only_what_the_page_misses_is_read(thread):
    read = []
    with lagging_indexes():
        written = edit(thread, 2, "On page 1.") | replies(thread, 26, 45)
        with changing_answers("BatchGetItem", lambda answer: read.extend(answer["Responses"]["ForumPosts"])):
            page(thread, 2, written)
    assert sorted(int(item["PostNumber"]["N"]) for item in read) == list(range(26, 41))


def test_a_page_that_the_index_does_not_show_at_all_is_whole(thread):
    with lagging_indexes():
        written = edit(thread, 2, "Another page.") | replies(thread, 26, 55)
        written[start("Another").first_key] = 1
        found, calls = page(thread, 3, written)
        assert bodies(found) == [f"reply {n}" for n in range(41, 56)]
        assert calls == ["Query", "BatchGetItem"]


def test_a_key_under_which_nothing_was_stored_in_the_end_is_left_out(thread):
    with lagging_indexes():
        never = (FORUM, f"{head_of(thread).last_post_timestamp[:27]}#zzzzzzzz")
        written = {never: 1} | replies(thread, 26, 40)
        assert numbers(page(thread, 2, written)[0]) == list(range(21, 41))
        assert never not in [post.key for post in of_member(written)[0]]


def test_another_threads_post_stays_out_although_its_number_and_time_fit(thread):
    with lagging_indexes():
        other = start("Another")
        written = replies(thread, 26, 27) | replies(other, 2, 21) | replies(thread, 28, 40)
        found, _ = page(thread, 2, written)
        assert bodies(found) == [f"reply {n}" for n in range(21, 41)]
        assert {post.thread_id for post in found} == {thread.id}


# -- Posts of a member ----------------------------------------------------------------------------


def test_a_reply_is_the_first_of_its_members_posts_at_once(thread):
    with lagging_indexes():
        written = replied(thread, "Just now.", user=USER)
        found, calls = of_member()
        assert (found[0].body, calls) == ("reply 25", ["Query"]), "the index lags"
        found, calls = of_member(written)
        assert bodies(found) == ["Just now.", *(f"reply {n}" for n in range(25, 16, -1))]
        assert calls == ["Query", "BatchGetItem"]


def test_the_first_post_of_a_new_member_shows_at_once(stored):
    with lagging_indexes():
        thread = start("Hello", user="7")
        assert of_member(user="7") == ([], ["Query"]), "the index lags"
        found, calls = of_member({thread.first_key: 1}, user="7")
        assert (bodies(found), calls) == (["The first post of Hello."], ["Query", "BatchGetItem"])


def test_edits_and_deletions_show_at_once_among_a_members_posts(thread):
    with lagging_indexes():
        written = edit(thread, 25, "Edited.") | delete(thread, 24)
        found, _ = of_member(limit=3)
        assert bodies(found) == ["reply 25", "reply 24", "reply 23"], "the index lags"
        found, calls = of_member(written, limit=3)
        assert numbers(found) == [25, 24, 23]
        assert found[0].body == "Edited." and found[1].deleted and found[2].body == "reply 23"
        assert calls == ["Query", "BatchGetItem"]


def test_a_members_posts_over_many_shards_and_threads_keep_their_order(stored):
    written = {}
    with lagging_indexes() as catch_up:
        for n in range(4):
            thread = start(f"thread {n}", user=USER, shards=4)
            written |= {thread.first_key: 1} | replied(thread, f"reply {n}", user=USER)
            if n == 1:
                catch_up()
        found, _ = of_member(dict(reversed(written.items())))
    assert [post.key for post in found] == list(written)[::-1]


def test_other_members_posts_stay_out_of_the_list(thread):
    with lagging_indexes():
        written = replied(thread, "Theirs.", user=ANOTHER) | replied(thread, "Mine.", user=USER)
        assert bodies(of_member(written, limit=2)[0]) == ["Mine.", "reply 25"]


def test_the_pages_of_a_member_are_as_if_the_index_were_current(thread):
    with lagging_indexes() as catch_up:
        written = edit(thread, 4, "edited 4") | edit(thread, 15, "edited 15") | edit(thread, 25, "edited 25")
        written |= replies(thread, 26, 31) | delete(thread, 10) | delete(thread, 29)
        lagging = all_pages(written)
        assert all_pages() != lagging, "the index lags"
        catch_up()
        assert all_pages() == all_pages(written) == lagging


def all_pages(*written):
    """A member's posts, seven at a time, each page from the cursor where the last one ended."""
    pages, before = [], ""
    for _ in range(6):
        found, _ = of_member(*written, limit=7, before=before)
        pages.append([(int(post.number), post.body, post.deleted) for post in found])
        before = found[-1].timestamp if found else before
    assert pages[-1] == []
    return pages


def test_posts_beyond_the_ends_of_a_list_are_not_read(thread):
    fifteenth = next(post for post in of_member(limit=20)[0] if post.number == 15)
    with lagging_indexes():
        written = edit(thread, 16, "Newer than the cursor.") | edit(thread, 15, "The cursor.")
        written |= edit(thread, 5, "Beyond the end.")
        found, calls = of_member(written, limit=5, before=fifteenth.timestamp)
    assert numbers(found) == [14, 13, 12, 11, 10]
    assert calls == ["Query"]


# -- Posts of a forum -----------------------------------------------------------------------------


def test_the_posts_of_a_forum_do_not_come_from_an_index_that_lags(thread):
    with lagging_indexes():
        edit(thread, 25, "Edited.")
        reply(thread, "Just now.")
        assert bodies(posts.list_of_forum(FORUM, 1, 2)) == ["Just now.", "Edited."]
