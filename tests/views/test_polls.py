"""Polls as members make them and vote in them: what each reader sees of one, at once and everywhere."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.http import HttpResponse
from django.test import Client

from forum import jobs
from forum.actions import exporting, leaving
from forum.models import Forum, User
from forum.tables import posts, threads, votes
from forum.tables.threads import Thread
from tests.helpers import cost, make_forum, make_member, page_url, reply, signed_in, start_thread, token

pytestmark = pytest.mark.django_db(transaction=True)

COUNT = re.compile(r'class="poll-count">([\d,]+)')
CHOSEN = re.compile(r'name="choice" value="(\d)" form="poll-1" checked')
FIELDS = re.compile(r'name="choice"')
TODAY = datetime.now(UTC).date()


@pytest.fixture
def carol(site: None) -> User:
    return make_member("carol")


def asks(user: User, forum: Forum, **fields: Any) -> HttpResponse:
    """Sends the form of a new thread with a poll in it."""
    sent = {"title": "Drinks", "body": "What shall we drink?", "token": token(user), "poll_question": "Tea or coffee?"}
    sent |= {"poll_options": "Tea\nCoffee\r\n\n  Both  ", "poll_shows": "always"} | fields
    return signed_in(user).post(f"/f/{forum.name}/new/", sent)


def polled(user: User, forum: Forum, **fields: Any) -> Thread:
    answer = asks(user, forum, **fields)
    assert answer.status_code == 302, answer.content.decode()
    return threads.get_thread(forum.name, answer["Location"].split("/")[3])


@pytest.fixture
def thread(aws: Forum, ada: User) -> Thread:
    return polled(ada, aws)


def vote(who: User | Client, thread: Thread, *chosen: int | str, **more: str) -> HttpResponse:
    client = who if isinstance(who, Client) else signed_in(who)
    return client.post(f"/f/{thread.forum}/{thread.id}/1/vote/", {"choice": [str(each) for each in chosen], **more})


def page(who: User | Client | None, thread: Thread) -> str:
    client = Client() if who is None else who if isinstance(who, Client) else signed_in(who)
    return client.get(page_url(thread)).content.decode()


def counts(who: User | Client | None, thread: Thread) -> list[str]:
    return COUNT.findall(page(who, thread))


class TestAskingSomething:
    def test_shows_the_poll_to_all(self, thread: Thread, bob: User) -> None:
        for reader in (None, bob):
            shown = page(reader, thread)
            assert "Tea or coffee?" in shown and COUNT.findall(shown) == ["0", "0", "0"]
            assert [f">{option}</label>" in shown for option in ("Tea", "Coffee", "Both")] == [True] * 3
        assert "Sign in to vote" in page(None, thread) and not FIELDS.search(page(None, thread))
        assert "poll" not in Client().get("/f/aws/latest/").content.decode().lower().replace("polls.css", "")

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"poll_options": "Tea"}, "One option is too few"),
            ({"poll_options": "\n".join(map(str, range(11)))}, "11 options are too many"),
            ({"poll_options": "Tea\ntea "}, "Two of the options are the same"),
            ({"poll_options": "Tea\n" + "x" * 101}, "100 is the most"),
            ({"poll_options": ""}, "The poll has no options"),
            ({"poll_question": " "}, "The poll asks nothing"),
            ({"poll_question": "x" * 201}, "200 is the most"),
            ({"poll_closes": "soon"}, "This is no date"),
            ({"poll_closes": "2020-01-01"}, "This day is over"),
            ({"poll_closes": "9999-12-31"}, "for a year at most"),
            ({"poll_shows": "closed"}, "please say when that is"),
            ({"poll_shows": "never"}, "choose when the results are shown"),
        ],
    )
    def test_in_a_way_that_cannot_be_is_said_clearly_and_the_text_stays(
        self, aws: Forum, ada: User, fields: dict[str, str], said: str
    ) -> None:
        answer = asks(ada, aws, **fields)
        shown = answer.content.decode()
        assert answer.status_code == 422 and said in shown and "What shall we drink?" in shown
        assert '<details class="poll-fields" open>' in shown
        assert {**{"poll_question": "Tea or coffee?"}, **fields}["poll_question"].strip() in shown

    def test_of_a_new_member_whose_posts_wait_waits_with_them(
        self, aws: Forum, bob: User, mod: User, settings: Any
    ) -> None:
        settings.APPROVE_FIRST_POSTS = 1
        assert asks(bob, aws)["Location"] == "/pending/"
        queue = signed_in(mod).get("/admin/moderation/queue/").content.decode()
        assert "Tea or coffee?" in queue and "<bdi>Both</bdi>" in queue
        subject = re.search(r'name="subject" value="([^"]+)"', queue)[1]
        signed_in(mod).post("/admin/moderation/queue/", {"subject": subject, "act": "approve"})
        [head] = threads.list_by_activity("aws", 1, 9)
        assert "Tea or coffee?" in page(None, head)

    def test_with_words_that_no_post_may_hold_is_refused(self, aws: Forum, ada: User, mod: User) -> None:
        from forum.models import BlockedText

        BlockedText.objects.create(text="decaf", answer=BlockedText.Answer.REFUSE)
        assert asks(ada, aws, poll_options="Tea\nDecaf").status_code == 422

    def test_is_open_until_the_end_of_the_day_that_was_chosen_and_says_so(self, aws: Forum, ada: User) -> None:
        day = TODAY + timedelta(days=3)
        facts = (
            page(None, polled(ada, aws, poll_closes=str(day))).partition('class="poll-facts"')[2].partition("</p>")[0]
        )
        assert f'datetime="{day}T23:59:59Z"' in facts and f">{day.day} {day:%b %Y}</time>" in facts

    def test_is_optional(self, aws: Forum, ada: User) -> None:
        thread = start_thread(ada, aws)
        assert posts.get_post_of(thread, 1).poll is None and 'class="poll"' not in page(None, thread)


class TestAVote:
    def test_is_counted_for_all_and_shown_to_its_member_alone(self, thread: Thread, bob: User, carol: User) -> None:
        readers = [Client(), signed_in(bob), signed_in(carol)]
        for reader in readers * 2:
            page(reader, thread)
        answer = vote(readers[1], thread, 1)
        assert answer.status_code == 302 and answer["Location"] == f"{page_url(thread)}#post-1"
        for reader in readers * 2:
            assert counts(reader, thread) == ["0", "1", "0"]
        assert [CHOSEN.findall(page(reader, thread)) for reader in readers] == [[], ["1"], []]
        assert "1 member has voted" in page(None, thread)

    def test_is_kept_with_the_page_and_costs_nothing_more(self, thread: Thread, bob: User) -> None:
        member = signed_in(bob)
        vote(member, thread, 1)
        for _ in range(3):
            page(member, thread)
        with cost() as spent:
            assert CHOSEN.findall(page(member, thread)) == ["1"]
        assert spent.all == ([], 0, 0)

    def test_can_be_another_one_and_be_taken_back(self, thread: Thread, bob: User) -> None:
        for chosen in (1, 2):
            vote(bob, thread, chosen)
        assert counts(bob, thread) == ["0", "0", "1"] and "Change my vote" in page(bob, thread)
        vote(bob, thread, back="1")
        assert counts(bob, thread) == ["0", "0", "0"] and "Change my vote" not in page(bob, thread)

    def test_for_several_options_where_that_is_asked(self, aws: Forum, ada: User, bob: User) -> None:
        several = polled(ada, aws, poll_several="on")
        assert 'type="checkbox"' in page(bob, several)
        vote(bob, several, 0, 2)
        assert counts(None, several) == ["1", "0", "1"] and CHOSEN.findall(page(bob, several)) == ["0", "2"]

    @pytest.mark.parametrize("chosen", [(), ("3",), ("-1",), ("x",), ("²",), (0, 1), ("9" * 400,)])
    def test_for_nothing_that_is_there_is_refused(self, thread: Thread, bob: User, chosen: tuple[Any, ...]) -> None:
        assert vote(bob, thread, *chosen).status_code == 400
        assert counts(None, thread) == ["0", "0", "0"]

    def test_needs_a_member_who_may_vote(self, thread: Thread, bob: User, mod: User) -> None:
        answer = vote(Client(), thread, 1)
        assert answer.status_code in (302, 403)
        assert vote(bob, start_thread(bob, make_forum("tea")), 0).status_code == 404, "there is no poll"
        for act, fields in (("lock", {"locked": "1"}), ("archive", {"archived": "1"})):
            signed_in(mod).post(f"/f/aws/{thread.id}/{act}/", fields)
            assert vote(bob, thread, 1).status_code in (403, 409) and not FIELDS.search(page(bob, thread)), act
            signed_in(mod).post(f"/f/aws/{thread.id}/{act}/", dict.fromkeys(fields, "0"))
        signed_in(mod).post(f"/f/aws/{thread.id}/1/hide/", {"reason": "Not here."})
        assert vote(bob, thread, 1).status_code == 404
        signed_in(mod).post(f"/f/aws/{thread.id}/1/show/")
        assert vote(bob, thread, 1).status_code == 302 and counts(None, thread) == ["0", "1", "0"]

    def test_costs(self, thread: Thread, bob: User) -> None:
        member = signed_in(bob)
        page(member, thread)
        with cost() as spent:
            vote(member, thread, 1)
        assert spent.all == (["GetItem", "GetItem", "GetItem", "TransactWriteItems"], 0, 3)


def closing(thread: Thread) -> Any:
    """The time after the poll has closed, wherever it is asked."""
    late = posts.get_post_of(thread, 1).poll.closes + timedelta(seconds=1)

    class Late(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return late

    return patch.multiple("forum.tables.polls", datetime=Late), patch("time.time", lambda: late.timestamp())


class TestResults:
    def test_are_shown_after_voting_to_who_has_voted(self, aws: Forum, ada: User, bob: User, carol: User) -> None:
        thread = polled(ada, aws, poll_shows="voted")
        vote(bob, thread, 1)
        assert counts(bob, thread) == ["0", "1", "0"]
        assert counts(carol, thread) == counts(None, thread) == []
        assert "once you have voted" in page(carol, thread)
        vote(bob, thread, back="1")
        assert counts(bob, thread) == []

    def test_are_shown_when_the_poll_has_closed_also_on_a_page_that_was_kept(
        self, aws: Forum, ada: User, bob: User
    ) -> None:
        thread = polled(ada, aws, poll_shows="closed", poll_closes=str(TODAY))
        member = signed_in(bob)
        vote(member, thread, 1)
        for reader in (member, Client()):
            for _ in range(3):
                assert counts(reader, thread) == [] and "when it has closed" in page(reader, thread)
        rules, clock = closing(thread)
        with rules, clock:
            for reader in (member, Client()):
                assert counts(reader, thread) == ["0", "1", "0"] and "This poll has closed" in page(reader, thread)
            assert 'title="Your vote"' in page(member, thread) and 'title="Your vote"' not in page(None, thread)
            assert vote(member, thread, 2).status_code == 409


class TestEditing:
    def edit(self, user: User, thread: Thread, **fields: Any) -> HttpResponse:
        revision = posts.get_post_of(thread, 1).text_revision
        sent = {"title": "Drinks", "tags": "", "body": "Well?", "revision": revision}
        return signed_in(user).post(f"/f/{thread.forum}/{thread.id}/1/edit/", {**sent, **fields})

    NEW = {"poll_question": "Milk?", "poll_options": "Yes\nNo", "poll_shows": "voted"}

    def test_changes_the_poll_until_somebody_has_voted(self, thread: Thread, ada: User, bob: User) -> None:
        form = signed_in(ada).get(f"/f/aws/{thread.id}/1/edit/").content.decode()
        assert "Tea or coffee?" in form and "Tea\nCoffee\nBoth" in form
        assert self.edit(ada, thread, **self.NEW).status_code == 302
        assert "Milk?" in page(None, thread) and "Tea or coffee?" not in page(None, thread)
        vote(bob, thread, 0)
        form = signed_in(ada).get(f"/f/aws/{thread.id}/1/edit/").content.decode()
        assert "poll_question" not in form and "Somebody has voted, so the poll stays as it is." in form
        assert self.edit(ada, thread).status_code == 302
        assert "Milk?" in page(None, thread) and vote(bob, thread, 1).status_code == 302

    def test_that_comes_after_the_first_vote_keeps_the_text_and_the_poll(
        self, thread: Thread, ada: User, bob: User
    ) -> None:
        vote(bob, thread, 0)
        answer = self.edit(ada, thread, **self.NEW)
        shown = answer.content.decode()
        assert answer.status_code == 422 and "Somebody has voted by now" in shown and "Well?" in shown
        assert "poll_question" not in shown and "Tea or coffee?" in page(None, thread)

    def test_takes_the_poll_away_or_adds_one(self, thread: Thread, ada: User) -> None:
        self.edit(ada, thread, poll_question="", poll_options="")
        assert 'class="poll"' not in page(None, thread)
        self.edit(ada, thread, **self.NEW)
        assert "Milk?" in page(None, thread)

    def test_of_a_reply_cannot_add_one(self, thread: Thread, ada: User) -> None:
        reply(ada, thread)
        fields = {"body": "Poll", "revision": 1, **self.NEW}
        assert signed_in(ada).post(f"/f/aws/{thread.id}/2/edit/", fields).status_code == 302
        assert "Milk?" not in page(None, thread)


def test_who_leaves_takes_the_choice_along_and_leaves_the_count(thread: Thread, bob: User, ada: User) -> None:
    vote(bob, thread, 1)
    account = exporting.account(str(bob.pk))
    assert [(each["url"], each["options"]) for each in account["votes"]] == [(f"/p/{thread.id}/1/", [2])]
    assert json.dumps(account["votes"])
    jobs.run(leaving.start_leaving(bob, leaving.KEEP).pk, seconds=60)
    assert votes.get_vote(str(bob.pk), f"{thread.id}/1") == () and counts(ada, thread) == ["0", "1", "0"]
