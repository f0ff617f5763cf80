"""Leaderboards: who is where, in which period, and what a page of them costs."""

import re
import time
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client

from forum import redis as stores
from forum.models import Forum, User
from forum.pulse import boards, counting, store
from forum.tables.tallies import POSTS, Change
from tests.dying import jobs_go_on
from tests.helpers import cost, make_forum, make_member, reply, signed_in, start_thread


def rows(client: Client, **asked: str) -> list[tuple[str, str, str]]:
    """(rank, name, number) of each line."""
    page = client.get("/leaderboard/", asked)
    assert page.status_code == 200
    found = re.findall(r"<tr[^>]*><td>(\d+)</td><td>(.*?)</td><td[^>]*>([\d,]+)</td>", page.content.decode(), re.DOTALL)
    return [(rank, re.sub(r"<[^>]*>", "", name).split()[-1], number) for rank, name, number in found]


def put(measure: str, period: str, scores: dict[str, float]) -> None:
    stores.client(store.ALIAS).zadd(store.board_key(measure, period, datetime.now(UTC)), scores)


def test_members_are_ranked_by_what_they_wrote(ada: User, bob: User, aws: Forum) -> None:
    thread = start_thread(ada, aws)
    reply(bob, thread)
    reply(bob, thread)
    for period in store.PERIODS:
        assert rows(Client(), **{"in": period}) == [("1", "Bob", "2"), ("2", "ada", "1")]


def test_likes_and_answers_have_boards_of_their_own(ada: User, bob: User, aws: Forum) -> None:
    thread = start_thread(ada, aws)
    reply(bob, thread)
    signed_in(ada).post(f"/f/aws/{thread.id}/2/like/", {"on": "1"})
    assert rows(Client(), of="likes") == [("1", "Bob", "1")]
    signed_in(ada).post(f"/f/aws/{thread.id}/2/answer/", {"on": "1"})
    assert rows(Client(), of="solved") == [("1", "Bob", "1")]
    signed_in(ada).post(f"/f/aws/{thread.id}/2/like/", {"on": "0"})
    assert rows(Client(), of="likes") == []


def test_equal_members_share_a_rank(site: None) -> None:
    members = [make_member(f"m{number}") for number in range(4)]
    put(POSTS, "month", dict(zip([str(each.pk) for each in members], [9, 5, 5, 1], strict=True)))
    assert [rank for rank, *_ in rows(Client())] == ["1", "2", "2", "4"]


def test_a_reader_sees_their_own_place_from_any_page(ada: User) -> None:
    put(POSTS, "month", {str(ada.pk): 3, **{str(10**6 + number): 4 + number for number in range(120)}})
    page = signed_in(ada).get("/leaderboard/").content.decode()
    assert 'You are <a href="/leaderboard/?of=posts&amp;in=month&amp;page=3">number 121</a> of 121.' in page
    assert ("121", "ada", "3") in rows(signed_in(ada), page="3")
    assert "You are" not in Client().get("/leaderboard/").content.decode()


def test_those_who_left_are_not_named(ada: User, bob: User) -> None:
    put(POSTS, "month", {str(ada.pk): 1, str(bob.pk): 2})
    bob.is_active = False
    bob.save()
    assert rows(Client()) == [("2", "ada", "1")]


@pytest.mark.parametrize("asked", [{"of": "x"}, {"in": "year"}, {"page": "201"}])
def test_a_board_that_there_is_not(asked: dict[str, str], site: None) -> None:
    assert Client().get("/leaderboard/", asked).status_code == 400


@pytest.mark.parametrize("page", ["0", "x", "-1", "01"])
def test_a_page_that_cannot_be(page: str, site: None) -> None:
    assert Client().get("/leaderboard/", {"page": page}).status_code == 404


def test_it_costs_one_round_trip_at_any_size(ada: User) -> None:
    member, spent = signed_in(ada), []
    for number in (10, 20_000):
        put(POSTS, "month", {str(10**6 + each): 1 + each % 50 for each in range(number)})
        member.get("/leaderboard/")
        with cost() as each:
            member.get("/leaderboard/")
        spent.append(each.all)
    assert spent == [([], 1, 1), ([], 1, 1)]


def test_without_redis_it_says_so(site: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object) -> None:
        raise stores.Down("sessions")

    monkeypatch.setattr(boards.store, "ask", down)
    assert Client().get("/leaderboard/").status_code == 503


class TestHome:
    """What is going on, as the front page tells it: to each reader of what they may read alone."""

    def test_tells_what_happened_and_who_wrote_most(self, ada: User, bob: User, aws: Forum) -> None:
        thread = start_thread(ada, aws, "Grinders")
        reply(bob, thread)
        page = Client().get("/").content.decode()
        box = page[page.index('id="now-heading"') :]
        assert "2 posts today" in box and "Trending" in box and "Most posts this week" in box
        assert re.search(r"Bob</bdi></a> replied to <a [^>]*>Grinders</a>", box)
        assert re.search(r"ada</bdi></a> started <a [^>]*>Grinders</a>", box)
        assert "1 thread · 2 posts" in page

    def test_tells_within_minutes_who_was_liked_although_nobody_writes(self, ada: User, bob: User, aws: Forum) -> None:
        thread = start_thread(ada, aws)
        readers = (Client(), signed_in(bob))
        assert not any("Most likes" in reader.get("/").content.decode() for reader in readers for _ in range(3))
        signed_in(bob).post(f"/f/aws/{thread.id}/1/like/", {"on": "1"})
        later = time.time() + 300
        with patch("time.time", lambda: later):
            assert all("Most likes this week" in reader.get("/").content.decode() for reader in readers)

    def test_does_not_call_yesterday_today(self, ada: User, aws: Forum) -> None:
        start_thread(ada, aws)
        assert all("1 post today" in Client().get("/").content.decode() for _ in range(3))
        midnight = datetime.combine(datetime.now(UTC).date() + timedelta(days=1), clock.min, UTC)

        class Tomorrow(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:
                return midnight

        with patch("time.time", midnight.timestamp), patch("forum.pulse.now.datetime", Tomorrow):
            assert "today" not in Client().get("/").content.decode()

    def test_names_nothing_of_a_forum_that_the_reader_may_not_read(self, ada: User, aws: Forum) -> None:
        lounge = make_forum("lounge", read_access="members")
        start_thread(ada, lounge, "A secret of the lounge")
        assert signed_in(ada).get("/").content.decode().count("A secret of the lounge") == 4
        assert "A secret of the lounge" not in Client().get("/").content.decode()

    def test_names_nothing_of_a_thread_that_went_into_one(self, ada: User, aws: Forum) -> None:
        make_forum("lounge", read_access="members")
        root = make_member("root", is_staff=True, is_superuser=True)
        thread = start_thread(ada, aws, "A secret of the lounge")
        assert "A secret of the lounge" in Client().get("/").content.decode()
        fields = {"forum": "lounge", "reason": "Because", "sure": "on"}
        assert signed_in(root).post(f"/f/aws/{thread.id}/move/", fields).status_code == 302
        jobs_go_on()
        assert "A secret of the lounge" not in Client().get("/").content.decode()

    def test_a_thread_that_was_hidden_is_gone_from_it(self, ada: User, mod: User, aws: Forum) -> None:
        thread = start_thread(ada, aws, "Not for long")
        assert (
            signed_in(mod).post(f"/f/aws/{thread.id}/1/hide/", {"reason": "Because", "sure": "on"}).status_code == 302
        )
        assert "Not for long" not in Client().get("/").content.decode()

    def test_without_redis_it_is_left_out(self, ada: User, aws: Forum, monkeypatch: pytest.MonkeyPatch) -> None:
        def down(*_: object) -> None:
            raise stores.Down("sessions")

        start_thread(ada, aws, "Grinders")
        monkeypatch.setattr(boards.store, "ask", down)
        answer = Client().get("/")
        assert answer.status_code == 200 and "Grinders" in answer.content.decode()


class TestCounting:
    def change(self, at: str, user_id: str = "7", more: int = 1) -> Change:
        return Change(user_id, POSTS, more, at, "aws", "01KDVDNA00B7HQ0CFF8J91Q700", 3)

    def board(self, period: str) -> dict[str, int]:
        board, _ = boards.get_board(POSTS, period)
        return {each.member_id: each.score for each in board.standings}

    def test_what_was_written_earlier_counts_for_ever_only(self, redis_server: None) -> None:
        counting.note([self.change("2020-01-01T00:00:00.000000Z#aaaaaaaa")])
        assert [self.board(period) for period in store.PERIODS] == [{}, {}, {}, {"7": 1}]

    def test_who_left_their_posts_without_a_name_is_on_no_board(self, redis_server: None) -> None:
        counting.note([self.change("2020-01-01T00:00:00.000000Z#aaaaaaaa", "-7")])
        assert self.board("ever") == {}

    def test_what_is_told_while_redis_is_away_counts_when_it_is_back(
        self, redis_server: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ask = store.ask

        def down(*_: object) -> None:
            raise stores.Down("sessions")

        monkeypatch.setattr(store, "ask", down)
        counting.note([self.change("2020-01-01T00:00:00.000000Z#aaaaaaaa")])
        monkeypatch.setattr(store, "ask", ask)
        counting.note([self.change("2020-01-01T00:00:00.000000Z#bbbbbbbb")])
        assert self.board("ever") == {"7": 2}

    def test_a_script_that_is_sent_twice_counts_once(self, redis_server: None, monkeypatch: pytest.MonkeyPatch) -> None:
        ask = store.ask
        monkeypatch.setattr(store, "ask", lambda *calls: (ask(*calls), ask(*calls)))
        counting.note([self.change("2020-01-01T00:00:00.000000Z#aaaaaaaa")])
        monkeypatch.setattr(store, "ask", ask)
        assert self.board("ever") == {"7": 1}

    def test_a_board_that_began_late_says_since_when(self, ada: User, aws: Forum) -> None:
        start_thread(ada, aws)
        said = f"This is counted since {datetime.now(UTC):%Y-%m-%d} only."
        assert said in Client().get("/leaderboard/").content.decode()
