"""Posts on their way, on every engine: what a transaction of a batch writes, and how much fits into one."""

import pytest

from forum.errors import Conflict
from forum.tables import changes, moving, posts, threads
from forum.tables.moderation import new_record, thread_subject
from forum.tables.threads import Thread

from .acts import FORUM, all_posts, bodies, head_of, numbers, post_of, reply, start

LARGEST = "𝔸" * 40_000


def act(thread: Thread):
    return new_record(thread_subject(thread.id), "move", "9")


@pytest.fixture
def thread(stored):
    thread = start("Long")
    for number in range(2, 15):
        reply(thread, f"reply {number}")
    return head_of(thread)


def moved(thread: Thread) -> Thread:
    moving.moving_head(thread, "django", act(thread)).make()
    return threads.get_thread("django", thread.id)


def test_a_head_takes_the_posts_that_it_remembers_and_the_others_follow(thread):
    head = moved(thread)
    assert [post.partition for post in posts.list_of_thread(head, 1, 14)] == [FORUM] * 4 + ["django"] * 10
    left = moving.get_posts(head, 1, 4)
    moving.moving_posts(left, "django").make()
    found = posts.list_of_thread(head, 1, 14)
    assert numbers(found) == list(range(1, 15)) and {post.partition for post in found} == {"django"}
    assert posts.list_of_forum(FORUM, 1, 100) == []
    with pytest.raises(Conflict):
        moving.moving_posts(left, "django").make()


def test_a_thread_on_which_somebody_acted_is_not_moved_as_it_was(thread):
    change = moving.moving_head(thread, "django", act(thread))
    reply(thread)
    with pytest.raises(Conflict):
        change.make()
    assert not head_of(thread).moved_to and len(all_posts(thread)) == 15


def test_a_post_that_changed_is_not_moved_as_it_was(thread):
    head = moved(thread)
    change = moving.moving_posts(moving.get_posts(head, 1, 4), "django")
    post = posts.get_post_of(head, 2)
    changes.change_post(head, post, 1, new_record("POST#x", "edit", "9"), "Better.")
    with pytest.raises(Conflict):
        change.make()
    assert posts.get_post_of(head, 2).body == "Better."


def test_posts_leave_their_places_behind(thread):
    other = start("Other")
    moving.appending(thread, other, moving.get_posts(thread, 3, 4), "seed", [act(thread)]).make()
    assert bodies(all_posts(other)) == ["The first post of Other.", "reply 3", "reply 4"]
    gone = post_of(thread, 4)
    assert (gone.status, gone.body, gone.moved_to, gone.revision) == ("moved", "-", f"{other.id}/3", 2)
    head, number = posts.find_place(thread.id, 4, [FORUM])
    assert (head.id, number) == (other.id, 3)
    assert (head_of(thread).post_count, head_of(other).post_count) == (12, 3)


def test_as_many_of_the_largest_posts_as_a_transaction_takes(stored, wrong_on):
    wrong_on("ministack", "it measures a transaction as escaped JSON, which is three times as long as these letters")
    thread = start("Large")
    for _ in range(24):
        reply(thread, LARGEST)
    head = moved(head_of(thread))
    batch = moving.fitting(moving.get_posts(head, 1, 15))
    assert 10 < len(batch) < 15
    moving.moving_posts(batch, "django").make()
    other = start("Other")
    batch = moving.fitting(moving.get_posts(head, 2, 25))
    assert 10 < len(batch) < 24
    moving.appending(head, other, batch, "seed", []).make()
    assert head_of(other).last_post_number == 1 + len(batch)
