"""How many posts and threads forums have: on the home page at once, in DynamoDB a batch later, each counted once."""

import re
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from forum import redis as stores
from forum.actions import flushing
from forum.models import Forum, User
from forum.pulse import batches, store
from forum.pulse import totals as known
from forum.tables import totals
from tests.dying import every_death
from tests.helpers import cost, make_forum, renew, reply, start_thread


@pytest.fixture(autouse=True)
def no_other_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is added but when a test says so."""
    monkeypatch.setattr(flushing, "_due", float("inf"))


def on_home(forum: str = "aws") -> tuple[int, int]:
    """Posts and threads, as the home page says."""
    renew()
    page = " ".join(Client().get("/").content.decode().split())
    card = page.partition(f'<h2><a href="/f/{forum}/">')[2].partition('<ul class="forum-newest">')[0]
    told = re.search(r"([\d,]+) threads? · ([\d,]+) posts?", card)
    return (int(told[2]), int(told[1])) if told else (0, 0)


def stored(forum: str = "aws") -> tuple[int, ...]:
    return tuple(totals.get_totals([forum])[forum].numbers.values())


def lose_redis() -> None:
    stores.client(store.ALIAS).flushdb()


def rebuild() -> None:
    call_command("rebuild", "pulse", stdout=StringIO(), stderr=StringIO())


def test_what_is_written_is_shown_at_once_and_stored_in_one_write_for_each_forum(ada: User, aws: Forum) -> None:
    thread = start_thread(ada, aws)
    for _ in range(3):
        reply(ada, thread)
    start_thread(ada, make_forum("tea"))
    assert (on_home(), on_home("tea")) == ((4, 1), (1, 1))
    assert (stored(), stored("tea")) == ((0, 0), (0, 0))
    with cost() as spent:
        assert flushing.save() == 2
    assert spent.dynamodb.calls == ["UpdateItem", "UpdateItem"]
    assert (stored(), stored("tea")) == (on_home(), on_home("tea")) == ((4, 1), (1, 1))
    with cost() as spent:
        assert flushing.save() == 0
    assert spent.all == ([], 0, 2)


def test_who_dies_half_way_counts_nothing_twice_and_loses_nothing(ada: User, aws: Forum) -> None:
    tea = make_forum("tea")
    for number, death in enumerate(every_death(), 1):
        start_thread(ada, aws)
        start_thread(ada, tea)
        with death.strikes([(batches, "take"), (batches, "done")]):
            flushing.save()
        assert on_home() == (number, number), f"{death}: as it was shown before"
        known.drop("aws")
        assert on_home() == (number, number), f"{death}: read again in the midst of it"
        flushing.save()
        assert stored() == stored("tea") == on_home() == on_home("tea") == (number, number), str(death)
        if not death.struck:
            break


def test_two_servers_add_a_batch_once_even_if_one_is_late(ada: User, aws: Forum) -> None:
    thread = start_thread(ada, aws)
    number, changes = batches.take()
    assert batches.take() == (number, changes), "the other goes on with the same batch"
    flushing.save()
    reply(ada, thread)
    flushing.save()
    late = totals.change_totals("aws", changes["aws"], number)
    batches.done(number, changes, {"aws|posts": 1, "aws|threads": 1})
    assert tuple(late.numbers.values()) == stored() == on_home() == (2, 1)


class TestLostRedis:
    def test_they_are_read_once_and_are_right(self, ada: User, aws: Forum) -> None:
        reply(ada, start_thread(ada, aws))
        flushing.save()
        lose_redis()
        calls = []
        for _ in range(2):
            with cost() as spent:
                assert on_home() == (2, 1)
            calls.append(spent.dynamodb.calls)
        assert calls == [["Query", "BatchGetItem"], ["Query"]]

    def test_what_is_written_before_anybody_looks_counts(self, ada: User, aws: Forum) -> None:
        thread = start_thread(ada, aws)
        flushing.save()
        lose_redis()
        reply(ada, thread)
        assert on_home() == (2, 1)
        flushing.save()
        assert stored() == on_home() == (2, 1)

    def test_what_was_not_stored_is_missing_until_all_is_counted_anew(self, ada: User, aws: Forum) -> None:
        thread = start_thread(ada, aws)
        flushing.save()
        reply(ada, thread)
        lose_redis()
        assert on_home() == (1, 1)
        rebuild()
        assert stored() == on_home() == (2, 1)

    def test_whenever_it_happens_no_more_is_missing_and_nothing_is_double(self, ada: User, aws: Forum) -> None:
        tea = make_forum("tea")
        for death in every_death():
            before = stored()
            start_thread(ada, aws)
            start_thread(ada, tea)
            with death.strikes([(batches, "take"), (batches, "done")]):
                flushing.save()
            lose_redis()
            assert on_home() == stored() and stored()[0] - before[0] in (0, 1), str(death)
            if not death.struck:
                break

    def test_a_server_that_was_late_is_followed_with_the_next_batch(self, ada: User, aws: Forum) -> None:
        thread = start_thread(ada, aws)
        number, changes = batches.take()
        lose_redis()
        assert on_home() == (0, 0)
        totals.change_totals("aws", changes["aws"], number)
        batches.done(number, changes, {})
        reply(ada, thread)
        flushing.save()
        assert stored() == on_home() == (2, 1)

    def test_a_forum_that_nobody_has_written_in_is_asked_for_once(self, aws: Forum) -> None:
        on_home()
        with cost() as spent:
            assert on_home() == (0, 0)
        assert spent.dynamodb.calls == ["Query"]


class TestCountedAnew:
    def test_whatever_they_were_they_are_exact(self, ada: User, aws: Forum) -> None:
        """What Redis has, what DynamoDB has, what is on the way; of a forum that has no posts, too."""
        thread = start_thread(ada, aws)
        batches.take()
        reply(ada, thread)
        make_forum("tea")
        for forum in ("aws", "tea"):
            flushing.correct(forum, {"posts": 99, "threads": 9})
        assert on_home() == (101, 10) and on_home("tea") == (99, 9)
        rebuild()
        assert stored() == on_home() == (2, 1)
        assert stored("tea") == on_home("tea") == (0, 0)

    def test_who_dies_meanwhile_starts_it_again(self, ada: User, aws: Forum) -> None:
        thread = start_thread(ada, aws)
        for number, death in enumerate(every_death(), 2):
            reply(ada, thread)
            totals.put_totals("aws", {"posts": 99, "threads": 9})
            with death.strikes([(batches, "take"), (batches, "done"), (known, "drop")]):
                rebuild()
            rebuild()
            assert stored() == on_home() == (number, 1), str(death)
            if not death.struck:
                break


def test_a_forum_that_is_made_again_has_its_threads_and_their_number(ada: User, aws: Forum) -> None:
    start_thread(ada, aws)
    aws.delete()
    flushing.save()
    make_forum("aws")
    assert stored() == on_home() == (1, 1)


def test_without_redis_nothing_is_said_of_them(ada: User, aws: Forum, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object) -> None:
        raise stores.Down("sessions")

    start_thread(ada, aws)
    monkeypatch.setattr(known.store, "ask", down)
    assert on_home() == (0, 0)
