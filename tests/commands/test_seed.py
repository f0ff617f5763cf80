"""`manage.py seed`: a community of any size, complete and consistent, that can be added to."""

import time
from collections import Counter

import pytest
from django.core.management.base import CommandError

from forum.actions import seeding
from forum.cache import pages, tags
from forum.errors import Unavailable
from forum.models import Forum, User
from forum.sample import FORUMS, SIGN_INS
from forum.tables import bulk, posts, threads
from forum.tables.base import counting
from forum.tables.keys import partitions
from forum.tables.posts import Post
from forum.tables.threads import Thread

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture
def seed(run):
    """`seed(threads=3, posts=40)`: load that much, and return what the command said."""

    def load(**sizes: int) -> str:
        sizes = {"threads": 12, "posts": 90, "users": 9} | sizes
        return run("seed", *(f"--{name}={value}" for name, value in sizes.items()))

    return load


def all_heads() -> list[Thread]:
    found = Forum.objects.all()
    return [head for forum in found for head in threads.list_by_activity(forum.name, forum.shards, 1_000)]


# -- Forums and members ---------------------------------------------------------------------------


def test_the_samples_forums_are_defined(seed):
    seed()
    assert list(Forum.objects.values_list("name", flat=True)) == [forum.name for forum in FORUMS]
    assert Forum.objects.get(name="lounge").read_access == "members"


def test_a_forum_that_is_there_is_left_as_it_is(seed):
    Forum.objects.create(name="aws", title="Mine", shards=4)
    seed()
    assert Forum.objects.get(name="aws").title == "Mine"
    used = {head.partition for head in threads.list_by_activity("aws", 4, 1_000)}
    assert used <= set(partitions("aws", 4))


def test_members_are_made_and_three_of_them_can_sign_in(seed):
    seed(users=9)
    assert User.objects.count() == 9
    for name, password, _ in SIGN_INS:
        assert User.objects.get(username=name).check_password(password)
    others = User.objects.exclude(username__in=[name for name, _, _ in SIGN_INS])
    assert not any(user.has_usable_password() for user in others)


def test_the_first_administers_and_the_second_moderates(seed):
    seed()
    first, second, third = (User.objects.get(username=name) for name, _, _ in SIGN_INS)
    assert (first.is_superuser, first.is_staff) == (True, True)
    assert (second.is_superuser, second.is_staff) == (False, True)
    assert (third.is_superuser, third.is_staff) == (False, False)


def test_on_a_deployment_nobody_can_sign_in_with_a_password_from_the_source(seed, settings):
    settings.LOCAL = False
    seed()
    assert not any(user.has_usable_password() or user.is_staff or user.is_superuser for user in User.objects.all())


def test_members_who_are_there_are_used_again_whatever_the_case_of_their_names(seed):
    robin = User.objects.create_user("ROBIN", "robin@example.net", "a password of their own")
    seed()
    robin.refresh_from_db()
    assert (robin.username, robin.email, robin.is_staff) == ("ROBIN", "robin@example.net", False)
    assert robin.check_password("a password of their own")
    assert User.objects.filter(username__iexact="robin").count() == 1


def test_members_joined_before_they_posted(seed):
    seed(posts=200)
    joined = {str(user.pk): user.date_joined for user in User.objects.all()}
    for head in all_heads():
        assert all(post.created >= joined[post.user_id] for post in posts.list_of_thread(head, 1, 1_000))


# -- Threads and posts ----------------------------------------------------------------------------


def test_every_thread_has_a_head_that_counts_its_posts(seed):
    seed(threads=12, posts=300)
    heads = all_heads()
    assert len(heads) == 12
    total = 0
    for listed in heads:
        head = threads.get_thread(listed.forum, listed.id)
        found = list(Post.by_thread.query(head.id))
        assert [int(post.number) for post in found] == list(range(1, len(found) + 1))
        assert head.last_post_number == head.post_count == len(found)
        assert head.last_post_timestamp == found[-1].timestamp
        assert head.last_post_user_id == found[-1].user_id
        assert (head.user_id, head.created_at) == (found[0].user_id, found[0].timestamp)
        assert head.recent_posts == [post.timestamp for post in found[-threads.RECENT :]]
        total += len(found)
    assert total == 300


def test_sort_keys_are_unique_and_rise_within_each_thread(seed):
    seed(threads=12, posts=300)
    keys = [(post.partition, post.timestamp) for forum in FORUMS for post in posts.list_of_forum(forum.name, 1, 1_000)]
    assert max(Counter(keys).values()) == 1
    assert len(keys) == 300
    for head in all_heads():
        in_thread = [post.timestamp for post in posts.list_of_thread(head, 1, 1_000)]
        assert in_thread == sorted(in_thread)


def test_one_can_reply_to_a_thread_that_was_loaded(seed):
    from forum.tables.keys import Nonce

    seed()
    head = all_heads()[0]
    _, number = posts.put_reply(head.forum, head.id, "1", "A real reply.", Nonce.new(), lambda thread: None)
    assert number == head.last_post_number + 1
    assert all_heads_of(head.forum)[0].id == head.id


def all_heads_of(forum: str) -> list[Thread]:
    return threads.list_by_activity(forum, 1, 1_000)


def test_loading_again_adds_another_community_with_the_same_members(seed):
    first = seed()
    before = {head.id: head.title for head in all_heads()}
    second = seed()
    after = {head.id: head.title for head in all_heads()}
    assert len(after) == 24
    assert after.items() >= before.items()
    assert User.objects.count() == 9
    assert "seed 1)" in first
    assert "seed 1)" not in second


def test_the_same_seed_makes_the_same_community(seed):
    seed(seed=7)
    once = Counter(head.title for head in all_heads())
    seed(seed=7)
    assert Counter(head.title for head in all_heads()) == Counter({title: 2 * n for title, n in once.items()})


def test_what_was_loaded_is_told_with_the_rate(seed):
    assert seed().startswith("Loaded 90 posts in 12 threads by 9 members in ")
    assert "posts/s; seed" in seed()


def test_a_single_post_is_a_community(seed):
    assert "Loaded 1 post" in seed(threads=1, posts=1, users=1)
    assert len(all_heads()) == 1


# -- Pages ----------------------------------------------------------------------------------------


def test_pages_are_renewed_afterwards(seed):
    before = pages.generation(tags.SITE)
    seed()
    assert pages.generation(tags.SITE) != before


def test_pages_are_renewed_when_loading_breaks_off(seed, monkeypatch):
    def broken(items, whole):
        yield 25
        raise Unavailable("The post store is overloaded.")

    monkeypatch.setattr(bulk, "put_many", broken)
    generations = []
    monkeypatch.setattr(seeding, "invalidate_all", lambda: generations.append(pages.generation(tags.SITE)))
    with pytest.raises(CommandError, match="overloaded"):
        seed()
    assert len(generations) == 2


# -- What can be wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sizes",
    [
        {"threads": 5, "posts": 4},
        {"threads": 0, "posts": 10},
        {"threads": -1},
        {"posts": -1},
        {"users": 0},
        {"users": -5},
    ],
)
def test_impossible_sizes_are_one_sentence_and_load_nothing(seed, sizes):
    with pytest.raises(CommandError, match=r"^[A-Z].*\.$"):
        seed(**sizes)
    assert User.objects.count() == 0


def test_words_for_numbers_are_refused(run):
    with pytest.raises(CommandError, match="invalid int value"):
        run("seed", "--posts", "many")


def test_missing_tables_are_named(run, seed):
    from forum.tables.schema import MODELS
    from tests.commands.conftest import drop_all
    from tests.helpers import create_tables

    drop_all()
    try:
        with pytest.raises(CommandError, match="manage.py tables create"):
            seed()
    finally:
        create_tables(MODELS)


def test_without_redis_nothing_is_loaded(seed, monkeypatch):
    def down(*names, **options):
        raise Unavailable("Posting is not possible for a moment.")

    monkeypatch.setattr("forum.management.commands.seed.invalidate_all", down)
    with pytest.raises(CommandError, match="Redis does not answer"):
        seed()
    assert User.objects.count() == 0


# -- Size -----------------------------------------------------------------------------------------


def test_few_calls_and_scans_only_to_count_what_members_did(seed):
    with counting() as ledger:
        seed(threads=12, posts=500, seed=1)
    # A hundred items in a transaction, the members' numbers in another, and each forum's totals.
    assert ledger.calls.count("TransactWriteItems") == 6 + 1 + Forum.objects.count()
    assert set(ledger.calls) <= {
        "TransactWriteItems",
        "Scan",
        "BatchGetItem",
        "BatchWriteItem",
        "UpdateItem",
        "PutItem",
    }
    assert len(ledger.calls) < 60


def test_memory_does_not_grow_with_the_posts():
    import tracemalloc

    from forum.sample import community

    def peak(count: int) -> int:
        small = community(threads=20, posts=count, users=9, seed=1)
        shards = dict.fromkeys((forum.name for forum in FORUMS), 1)
        tracemalloc.start()
        for _ in seeding._items(small, [str(n) for n in range(9)], shards):
            pass
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(500)
    assert peak(8_000) < 2 * peak(2_000) + 1_000_000


def test_two_thousand_posts_take_less_than_two_seconds_of_processor_time(seed):
    started = time.process_time()
    seed(threads=50, posts=2_000, users=20)
    # A thousand posts a second, by a clock that other programs do not disturb.
    assert time.process_time() - started < 2
