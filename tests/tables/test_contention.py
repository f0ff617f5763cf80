"""Many people at one thread at once. On Dynoxide, which isolates transactions as DynamoDB does."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from forum.tables import posts, threads
from forum.tables.keys import Nonce

from .acts import FORUM, all_posts, bodies, delete, edit, head_of, numbers, reply, start

PEOPLE = 16


def at_once(act) -> list:
    """What `act(n)` returns for sixteen people who all begin at the same moment."""
    ready = Barrier(PEOPLE)

    def one(n):
        ready.wait(10)
        return act(n)

    with ThreadPoolExecutor(PEOPLE) as pool:
        return list(pool.map(one, range(PEOPLE)))


def test_sixteen_replies_at_once_are_sixteen_replies_without_a_gap(dynoxide):
    thread = start()
    given = at_once(lambda n: reply(thread, f"reply {n}", user=str(n)))
    assert sorted(given) == list(range(2, PEOPLE + 2))
    head = head_of(thread)
    assert (head.last_post_number, head.post_count) == (PEOPLE + 1, PEOPLE + 1)
    assert numbers(all_posts(thread)) == list(range(1, PEOPLE + 2))
    assert {bodies(all_posts(thread))[number - 1] for number in given} == {f"reply {n}" for n in range(PEOPLE)}


def test_sort_keys_rise_with_the_numbers_whoever_came_first(dynoxide):
    thread = start()
    at_once(lambda n: reply(thread, f"reply {n}"))
    keys = [post.timestamp for post in all_posts(thread)]
    assert keys == sorted(set(keys))
    assert head_of(thread).recent_posts == keys[-10:]


def test_one_form_sent_sixteen_times_at_once_is_one_reply(dynoxide):
    thread, nonce = start(), Nonce.new()
    assert set(at_once(lambda n: reply(thread, "Once.", nonce=nonce))) == {2}
    assert bodies(all_posts(thread))[1:] == ["Once."]
    assert head_of(thread).post_count == 2


def test_one_thread_form_sent_sixteen_times_at_once_is_one_thread(dynoxide):
    nonce = Nonce.new()
    assert len({thread.id for thread in at_once(lambda n: start("Once", nonce=nonce))}) == 1
    assert len(threads.list_by_activity(FORUM, 1, 20)) == 1
    assert len(posts.list_of_forum(FORUM, 1, 20)) == 1


def test_replies_deletions_and_edits_at_once_leave_exact_counts(dynoxide):
    thread = start()
    for n in range(PEOPLE):
        reply(thread, f"early {n}", user=str(n))

    def act(n):
        if n % 3 == 0:
            delete(thread, n + 2)
        elif n % 3 == 1:
            edit(thread, n + 2, f"edited {n}")
        else:
            reply(thread, f"late {n}")

    at_once(act)
    deleted = len(range(0, PEOPLE, 3))
    replied = len(range(2, PEOPLE, 3))
    head = head_of(thread)
    assert head.last_post_number == 1 + PEOPLE + replied
    assert head.post_count == 1 + PEOPLE + replied - deleted
    assert sum(post.deleted for post in all_posts(thread)) == deleted
