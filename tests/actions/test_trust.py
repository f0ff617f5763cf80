"""Levels of trust rise with reading and posting, by themselves, and never fall by themselves."""

from typing import Any

import pytest

from forum import redis as stores
from forum.actions import sanctions, trust
from forum.cache import visits
from forum.cache.visits import Visits
from forum.errors import BadRequest
from forum.models import Forum, User
from forum.permissions import Reader
from forum.tables import members
from forum.tables.browsing import TOP, list_member_log
from forum.tables.threads import Thread
from forum.told import sentence
from tests.helpers import cost, make_member, page_url, reader, reply, signed_in, start_thread, token

pytestmark = pytest.mark.django_db(transaction=True)

Level = User.Trust
BASIC, MEMBER, REGULAR = trust.STEPS


@pytest.fixture
def thread(aws: Forum, bob: User) -> Thread:
    return start_thread(bob, aws)


def read(user: User, days: int, pages: int) -> None:
    stores.client().hset(f"reads:{{{user.pk}}}", mapping={"days": days, "pages": pages})


def level(user: User) -> int:
    return User.objects.get(pk=user.pk).trust


def told(user: User) -> list[str]:
    return [sentence(note) for note in members.list_notes(str(user.pk), 50).notes]


def posted(user: User) -> None:
    trust.posted(reader(user))


class TestRising:
    def test_who_came_back_read_and_posts_is_basic(self, thread: Thread, ada: User) -> None:
        read(ada, BASIC.days, BASIC.pages)
        browser = signed_in(ada)
        browser.get(page_url(thread))
        assert reply(ada, thread).status_code == 302
        assert level(ada) == Level.BASIC
        assert told(ada) == ["You are now Basic: the limits for newcomers on links and on posting are over for you."]
        assert 'class="menu-count" data-notes><span>1<' in browser.get(page_url(thread)).content.decode()
        [record] = list_member_log(str(ada.pk), TOP, 9)
        assert (record.kind, record.user_id, record.changes) == ("trust", "", {"trust": (0, 1)})

    @pytest.mark.parametrize(("days", "pages"), [(BASIC.days - 1, 999), (99, BASIC.pages - 1), (0, 0)])
    def test_not_by_one_of_them_alone(self, days: int, pages: int, thread: Thread, ada: User) -> None:
        read(ada, days, pages)
        assert reply(ada, thread).status_code == 302
        assert level(ada) == Level.NEW and told(ada) == []

    def test_not_by_reading_alone(self, thread: Thread, ada: User) -> None:
        read(ada, 99, 9999)
        signed_in(ada).get(page_url(thread))
        assert level(ada) == Level.NEW

    def test_posts_that_do_not_stand_do_not_count(self, thread: Thread, ada: User, aws: Forum) -> None:
        own = start_thread(ada, aws)
        signed_in(ada).post(f"/f/aws/{own.id}/1/delete/")
        read(ada, BASIC.days, BASIC.pages)
        posted(ada)
        assert level(ada) == Level.NEW

    def test_one_level_at_a_time(self, thread: Thread, ada: User, settings: Any) -> None:
        read(ada, 99, 9999)
        for _ in range(MEMBER.posts - 1):
            assert reply(ada, thread).status_code == 302
        assert level(ada) == Level.BASIC
        reply(ada, thread)
        assert level(ada) == Level.MEMBER
        reply(ada, thread)
        assert level(ada) == Level.REGULAR
        reply(ada, thread)
        assert level(ada) == Level.REGULAR, "leaders are made by hand"
        assert [text.split(":")[0] for text in told(ada)] == [
            "You are now Regular", "You are now Member", "You are now Basic"
        ]  # fmt: skip

    def test_what_a_level_takes_grows(self) -> None:
        takes = [(step.level, step.days, step.pages) for step in trust.STEPS]
        assert takes == sorted(takes) and [step.level for step in trust.STEPS] == [1, 2, 3]


class TestWhatItCosts:
    def test_who_has_not_read_enough_costs_one_round_trip(self, ada: User) -> None:
        who = reader(ada)
        with cost() as spent:
            trust.posted(who)
        assert spent.all == ([], 0, 1)

    def test_posts_are_asked_for_with_one_query(self, ada: User) -> None:
        read(ada, 99, 9999)
        who = reader(ada)
        with cost() as spent:
            trust.posted(who)
        assert spent.all == (["Query"], 0, 1)

    @pytest.mark.parametrize("at", [Level.REGULAR, Level.LEADER])
    def test_who_cannot_rise_costs_nothing(self, at: User.Trust, site: None) -> None:
        with cost() as spent:
            trust.posted(Reader("1", "ada", trust=at))
            trust.posted(Reader())
        assert spent.all == ([], 0, 0)


class TestStaying:
    def test_what_redis_has_lost_lowers_nobody(self, thread: Thread, site: None) -> None:
        carol = make_member("carol", trust=Level.MEMBER)
        stores.client().flushdb()
        assert reply(carol, thread).status_code == 302
        assert visits.of_member(str(carol.pk)) == Visits() and level(carol) == Level.MEMBER

    def test_a_level_given_by_hand_stays(self, thread: Thread, ada: User, mod: User) -> None:
        sanctions.set_trust(reader(mod), ada, Level.NEW, "Adverts in disguise.", may=True)
        read(ada, 99, 9999)
        reply(ada, thread)
        assert level(ada) == Level.NEW
        sanctions.set_trust(reader(mod), ada, Level.NEW, "A second chance.", fixed=False, may=True)
        reply(ada, thread)
        assert level(ada) == Level.BASIC

    def test_a_post_is_stored_although_the_counts_are_away(self, thread: Thread, ada: User) -> None:
        posted = {"body": "Words.", "token": token(ada)}
        stores.client().set(f"reads:{{{ada.pk}}}", "no hash")
        assert signed_in(ada).post(f"/f/aws/{thread.id}/reply/", posted).status_code == 302
        stores.forget_failures()


class TestByHand:
    def test_a_moderator_sets_it_with_a_reason(self, ada: User, mod: User) -> None:
        sanctions.set_trust(reader(mod), ada, Level.LEADER, "Helps everybody.", may=True)
        [record] = list_member_log(str(ada.pk), TOP, 9)
        assert record.changes == {"trust": (0, 4), "trust_fixed": (False, True)} and record.user_id == str(mod.pk)
        assert level(ada) == Level.LEADER and reader(ada).trust == Level.LEADER
        assert told(ada) == ["A moderator has set your level of trust: you are now Leader."]
        with pytest.raises(BadRequest):
            sanctions.set_trust(reader(mod), ada, Level.NEW, "", may=True)
