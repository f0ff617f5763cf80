"""Moving, splitting and merging: whatever is killed wherever, in the end every post is in its place, once."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from forum.actions import holding, moving
from forum.models import Forum, Job, User
from forum.tables import cases, moderation, posts, threads
from forum.tables import moving as tables
from forum.tables.keys import Nonce
from forum.tables.moderation import thread_subject
from forum.tables.posts import Post
from forum.tables.threads import Thread
from tests.dying import every_death, jobs_go_on
from tests.helpers import make_forum, make_member, reader, rules

LONG = 14
SHORT = 2
BATCH = 6
# The posts of a world are the newest of all; moved ones may be there twice.
OF_THIS_WORLD = 3 * (LONG + SHORT)


@dataclass
class World:
    """Two forums, a thread of LONG posts in the one and a thread of SHORT posts in each."""

    aws: Forum
    django: Forum
    ada: User
    bob: User
    mod: User
    thread: Thread = field(init=False)
    near: Thread = field(init=False)
    far: Thread = field(init=False)

    def build(self) -> "World":
        self.thread = self.write(self.aws, LONG, "Long")
        self.near = self.write(self.aws, SHORT, "Near")
        self.far = self.write(self.django, SHORT, "Far")
        self.report(2)
        return self

    def report(self, number: int) -> None:
        post = posts.get_post_of(self.thread, number)
        record = moderation.new_act(post.subject, "report", str(self.mod.pk), "It is spam.", forum="aws")
        cases.put_report(record, post, "aws", trusted=False)

    def write(self, forum: Forum, count: int, title: str) -> Thread:
        authors = str(self.ada.pk), str(self.bob.pk)
        thread = posts.put_thread(forum.name, 1, authors[0], title, f"{title} 1", Nonce.new())
        for number in range(2, count + 1):
            said = f"{title} {number}"
            thread, _ = posts.put_reply(forum.name, thread.id, authors[number % 2], said, Nonce.new(), lambda _: None)
        return now(thread)

    def move(self) -> Job:
        return moving.move_thread(reader(self.mod), rules(self.aws), rules(self.django), self.thread)

    def split(self, numbers: list[int], into: Thread | None = None) -> Job:
        target = (rules(Forum.objects.get(name=into.forum)), into) if into else None
        title = None if into else "A part of it"
        return moving.split(reader(self.mod), rules(self.aws), self.thread, numbers, title=title, into=target)

    def merge(self, into: Thread) -> Job:
        forum = rules(Forum.objects.get(name=into.forum))
        return moving.merge(reader(self.mod), rules(self.aws), self.thread, forum, into)


@pytest.fixture
def world(aws: Forum, ada: User, mod: User, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(tables, "BATCH", BATCH)
    bob = make_member("bob", trust=User.Trust.REGULAR)
    return World(aws, make_forum("django"), ada, bob, mod).build()


def now(thread: Thread, forum: str = "") -> Thread:
    return threads.get_thread(forum or thread.forum, thread.id)


def all_posts(head: Thread) -> list[Post]:
    """The posts of a thread as its pages show them."""
    return posts.list_of_thread(head, 1, int(head.last_post_number))


def said(head: Thread) -> list[str]:
    return [post.body for post in all_posts(head) if not post.deleted]


def words(title: str, *numbers: int) -> list[str]:
    return [f"{title} {number}" for number in numbers]


def assert_sound(head: Thread) -> None:
    """Its numbers have no gap, its sort keys rise, its head says the truth, and it is where it is listed."""
    found = all_posts(head)
    assert [int(post.number) for post in found] == list(range(1, int(head.last_post_number) + 1))
    keys = [post.timestamp for post in found]
    assert keys == sorted(set(keys))
    assert {post.partition for post in found} == {head.partition}
    assert head.readable == sum(not post.deleted for post in found)
    assert head.recent_posts == keys[-threads.RECENT :]
    assert head.last_post_user_id == found[-1].user_id
    assert head.created_at == keys[0]
    listed = [thread.id for thread in threads.list_by_activity(head.forum, 1, 100)]
    assert listed.count(head.id) == 1
    latest = [post.key for post in posts.list_of_forum(head.forum, 1, OF_THIS_WORLD) if post.thread_id == head.id]
    assert sorted(latest) == sorted(post.key for post in found), "and nothing is left over in the table"


def assert_nothing_is_left(head: Thread) -> None:
    """Of a thread that has gone: no list has it, and no post of it is in the forum with its text."""
    assert head.status == "moved"
    assert head.id not in [thread.id for thread in threads.list_by_activity(head.forum, 1, 100)]
    left = [post for post in posts.list_of_forum(head.forum, 1, OF_THIS_WORLD) if post.thread_id == head.id]
    assert all(post.status == "moved" and post.body == "-" for post in left)


def records(thread: Thread, kind: str) -> list[moderation.Record]:
    return [record for record in moderation.list_records(thread_subject(thread.id)) if record.kind == kind]


def place(thread: Thread, number: int) -> tuple[str, int]:
    """Where the permalink of a post leads: its thread's title and its number."""
    head, there = posts.find_place(thread.id, number, ["aws", "django"])
    return head.title, there


def reported_in(thread: Thread) -> str:
    """In whose queue the report of post 2 waits."""
    return str(cases.get_case(moderation.post_subject(thread.id, 2)).open_in)


# -- Killed anywhere ------------------------------------------------------------------------------


def survives(world: World, act: Callable[[World], Job], check: Callable[[World], None]) -> int:
    """Kill an act before and after each of its writes, let another runner go on, and check; the number of writes."""
    for death in every_death():
        world.build()
        with death.strikes():
            act(world)
        if death.struck:
            if not started(world.thread):
                act(world)
            jobs_go_on()
        try:
            check(world)
            assert not list(holding.unfinished({world.thread.id}))
        except AssertionError as error:
            raise AssertionError(str(death)) from error
        if not death.struck:
            return death.seen
    raise AssertionError("unreachable")


def started(thread: Thread) -> bool:
    return any(job.state["thread"] == thread.id for job in Job.objects.all())


def has_moved(world: World) -> None:
    head = now(world.thread, "django")
    assert said(head) == words("Long", *range(1, LONG + 1))
    assert_sound(head)
    assert_nothing_is_left(now(world.thread))
    assert place(world.thread, 2) == ("Long", 2) and place(world.thread, LONG) == ("Long", LONG)
    assert len(records(world.thread, "move")) == 1
    assert reported_in(world.thread) == "django"


CHOSEN = [2, 3, 5, *range(8, 12)]
LEFT = [n for n in range(1, LONG + 1) if n not in CHOSEN]


def has_split_into(target: Thread, before: list[str], source: Thread) -> None:
    head, old = now(target), now(source)
    assert said(head) == before + words("Long", *CHOSEN)
    assert_sound(head)
    assert said(old) == words("Long", *LEFT)
    assert_sound(old)
    assert place(source, 5) == (head.title, len(before) + 3) and place(source, 6) == ("Long", 6)
    assert len(records(source, "split")) == 1
    assert reported_in(source) == target.forum


def has_split_off(world: World) -> None:
    (job,) = [job for job in Job.objects.all() if job.state["thread"] == world.thread.id]
    head = threads.get_thread("aws", job.state["into"])
    assert head.title == "A part of it" and head.user_id == str(world.ada.pk)
    has_split_into(head, [], world.thread)
    created = [post.created for post in all_posts(head)]
    assert created == sorted(created) and created[0] > world.thread.created, "their times are those they were written"


def has_split_to_the_other_forum(world: World) -> None:
    has_split_into(world.far, words("Far", 1, 2), world.thread)


def has_merged(into: Thread, thread: Thread) -> None:
    head, old = now(into), now(thread)
    assert said(head) == words(into.title, 1, 2) + words("Long", *range(1, LONG + 1))
    assert_sound(head)
    assert old.moved_to == f"{into.forum}/{into.id}" and old.readable == 0
    assert_nothing_is_left(old)
    assert place(thread, 1) == (into.title, 3) and place(thread, LONG) == (into.title, LONG + 2)
    assert len(records(thread, "merge")) == 1
    assert reported_in(thread) == into.forum


def test_a_move_that_is_killed_anywhere_ends_the_same(world: World) -> None:
    assert survives(world, World.move, has_moved) > 6


def test_a_split_that_is_killed_anywhere_ends_the_same(world: World) -> None:
    assert survives(world, lambda world: world.split(CHOSEN), has_split_off) > 6


def test_a_split_into_another_forums_thread_that_is_killed_anywhere_ends_the_same(world: World) -> None:
    assert survives(world, lambda world: world.split(CHOSEN, world.far), has_split_to_the_other_forum) > 6


def test_a_merge_that_is_killed_anywhere_ends_the_same(world: World) -> None:
    assert survives(world, lambda world: world.merge(world.near), lambda w: has_merged(w.near, w.thread)) > 8


def test_a_merge_into_another_forum_that_is_killed_anywhere_ends_the_same(world: World) -> None:
    assert survives(world, lambda world: world.merge(world.far), lambda w: has_merged(w.far, w.thread)) > 8
