"""How often threads are read: counted in Redis, added to the heads once, whatever fails on the way."""

import random
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from forum import redis as stores
from forum.actions import flushing
from forum.cache import presence
from forum.errors import Unavailable
from forum.models import Forum, User
from forum.pulse import batches, views
from forum.tables import threads
from forum.tables.threads import Thread
from tests.dying import jobs_go_on
from tests.fast.test_answers import Browser
from tests.helpers import make_forum, make_member, page_url, signed_in, start_thread


@pytest.fixture
def thread(aws: Forum, ada: User) -> Thread:
    started = start_thread(ada, aws)
    # Its forum's totals are out of the way.
    flushing.save()
    return started


def read(thread: Thread, *who: str) -> None:
    for each in who:
        views.count(f"{thread.forum}/{thread.id}", each)
    views.flush()


def numbers(thread: Thread, forum: str = "aws") -> tuple[int, int]:
    head = threads.get_thread(forum, thread.id)
    return int(head.views), int(head.readers)


def test_views_and_readers_are_added_to_the_head(thread: Thread) -> None:
    read(thread, "1", "2", "1", "2")
    assert flushing.save() == 1
    assert numbers(thread) == (4, 2)
    read(thread, "2", "3")
    flushing.save()
    assert numbers(thread) == (6, 3)
    assert flushing.save() == 0


def test_pages_are_counted_wherever_they_are_answered(thread: Thread, bob: User) -> None:
    member, guest, url = Browser(bob), Browser(), page_url(thread)
    presence.look_if_due()
    assert not member.get(url).fast
    member.warm(url)
    views.flush()
    flushing.save()
    seen, readers = numbers(thread)
    assert seen >= 2 and readers == 1
    agent = {"HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", "REMOTE_ADDR": "192.0.2.7"}
    for address in ("192.0.2.7", "192.0.2.8", "192.0.2.7"):
        guest.get(url, **{**agent, "REMOTE_ADDR": address})
    guest.get(url, HTTP_USER_AGENT="curl/8.0", REMOTE_ADDR="192.0.2.9")
    views.flush()
    flushing.save()
    assert numbers(thread) == (seen + 3, readers + 2), "programs are not counted"


def test_the_page_says_how_often_it_was_read(thread: Thread) -> None:
    read(thread, "1", "2", "1")
    flushing.save()
    page = Client().get(page_url(thread)).content.decode()
    assert "3 views" in page and "2 readers" in page


def test_what_goes_to_redis_of_guests_does_not_tell_who_they_are(thread: Thread) -> None:
    read(thread, "192.0.2.7 Mozilla/5.0")
    flushing.save()
    assert numbers(thread) == (1, 0), "the salt of the day is not known yet"
    presence.look_if_due()
    read(thread, "192.0.2.7 Mozilla/5.0")
    flushing.save()
    assert numbers(thread) == (2, 1)


class Killed(BaseException):
    """As SIGKILL: nothing that comes after it is done."""


@pytest.mark.parametrize("step", range(8))
def test_who_dies_half_way_counts_nothing_twice_and_loses_nothing(
    step: int, thread: Thread, ada: User, aws: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [start_thread(ada, aws, f"Thread {number}") for number in range(2)]
    for each in (thread, *others):
        read(each, "1", "2")
    steps = iter(range(100))

    def dying(call: Any) -> Any:
        def made(*arguments: Any) -> None:
            if next(steps) == step:
                raise Killed
            call(*arguments)
            if next(steps) == step:
                raise Killed

        return made

    with monkeypatch.context() as patched:
        patched.setattr(threads, "change_views", dying(threads.change_views))
        patched.setattr(batches, "done", dying(batches.done))
        with pytest.raises(Killed):
            flushing.save()
    read(thread, "1")
    for _ in range(3):
        flushing.save()
    assert numbers(thread) == (3, 2)
    assert [numbers(each) for each in others] == [(2, 2), (2, 2)]


def test_two_servers_add_a_batch_once_even_if_one_is_late(thread: Thread) -> None:
    read(thread, "1", "2")
    number, changes = batches.take()
    assert batches.take() == (number, changes), "the other goes on with the same batch"
    flushing.save()
    read(thread, "3")
    flushing.save()
    more = changes[f"aws/{thread.id}"]
    threads.change_views(thread.key, more["views"], more["readers"], number)
    batches.done(number, changes, {})
    assert numbers(thread) == (3, 3)


def test_a_thread_that_moved_is_followed(thread: Thread, root_moves: Any) -> None:
    read(thread, "1")
    root_moves(thread, "else")
    flushing.save()
    assert numbers(thread, "else") == (1, 1)


@pytest.fixture
def root_moves(site: None) -> Any:
    make_forum("else")
    root = make_member("root", is_staff=True, is_superuser=True)

    def move(thread: Thread, forum: str) -> None:
        answer = signed_in(root).post(f"/f/aws/{thread.id}/move/", {"forum": forum, "reason": "Because", "sure": "on"})
        assert answer.status_code == 302, answer.content.decode()
        jobs_go_on()

    return move


def test_a_thread_that_is_gone_is_passed_over(thread: Thread) -> None:
    views.count("aws/01KDVDNA00B7HQ0CFF8J91Q700", "1")
    read(thread, "1")
    assert flushing.save() == 2
    assert numbers(thread) == (1, 1)


def test_what_is_read_while_redis_is_away_is_counted_later(thread: Thread, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object) -> None:
        raise stores.Down("sessions")

    with monkeypatch.context() as patched:
        patched.setattr(views.store, "ask", down)
        read(thread, "1")
    read(thread, "2")
    flushing.save()
    assert numbers(thread) == (2, 2)


def test_thousands_of_readers_are_told_apart_within_a_percent_or_two(thread: Thread) -> None:
    who = [f"{random.randrange(3000)}" for _ in range(6000)]
    for start in range(0, len(who), 500):
        read(thread, *who[start : start + 500])
    flushing.save()
    seen, readers = numbers(thread)
    assert seen == 6000 and abs(readers - len(set(who))) < 0.03 * len(set(who))


class TestCommand:
    def test_says_what_it_did(self, thread: Thread) -> None:
        read(thread, "1")
        said = StringIO()
        call_command("flush_counts", stdout=said)
        call_command("flush_counts", stdout=said)
        assert said.getvalue() == (
            "Added what was counted of 1 threads and forums.\nNothing was counted since the last time.\n"
        )

    @pytest.mark.parametrize("error", [stores.Down("sessions"), Unavailable("The post store does not answer.")])
    def test_says_what_is_wrong_in_a_sentence(
        self, error: Exception, site: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def failing() -> None:
            raise error

        monkeypatch.setattr(flushing, "save", failing)
        with pytest.raises(CommandError, match="nothing is lost"):
            call_command("flush_counts")
