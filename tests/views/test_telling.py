"""Whom a post concerns: two and more members side by side, through the pages they use."""

import logging
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from forum.actions import notes
from forum.models import Forum, User
from forum.tables import base, inbox, members
from forum.tables.inbox import Event
from forum.tables.threads import Thread
from tests.helpers import cost, make_forum, make_member, reply, rules, signed_in, start_thread

pytestmark = pytest.mark.django_db(transaction=True)

NOTE = re.compile(r'<p class="note-text"[^>]*>(.*?)</p>', re.DOTALL)


def told(user: User) -> list[str]:
    """What stands in a member's list, newest first, as text."""
    page = signed_in(user).get("/notifications/").content.decode()
    return [" ".join(re.sub(r"<[^>]*>", "", words).split()) for words in NOTE.findall(page)]


def unread(user: User) -> int:
    return members.get_inbox(str(user.pk)).unread


@pytest.fixture
def thread(aws: Forum, ada: User) -> Thread:
    return start_thread(ada, aws, "Grinders")


@pytest.fixture
def carol(site: None) -> User:
    return make_member("carol")


class TestAReply:
    def test_is_told_to_the_threads_author_alone(self, thread: Thread, ada: User, bob: User, carol: User) -> None:
        reply(bob, thread)
        assert told(ada) == ["Bob replied in your thread “Grinders”"]
        assert told(bob) == told(carol) == []

    def test_of_ones_own_is_no_news(self, thread: Thread, ada: User) -> None:
        reply(ada, thread, "I answer @ada myself.")
        assert told(ada) == [] and unread(ada) == 0

    def test_by_several_is_one_note_until_it_is_read(self, thread: Thread, ada: User, bob: User, carol: User) -> None:
        reply(bob, thread)
        reply(carol, thread)
        reply(carol, thread)
        assert told(ada) == ["carol and 1 other replied in your thread “Grinders”"] and unread(ada) == 1
        member = signed_in(ada)
        link = re.findall(r'href="(/notifications/2[^"]+)"', member.get("/notifications/").content.decode())[0]
        assert member.get(link)["Location"] == f"/p/{thread.id}/2/", "the first that is not read"
        reply(bob, thread)
        assert told(ada)[0] == "Bob replied in your thread “Grinders”" and len(told(ada)) == 2 and unread(ada) == 1

    def test_by_ten_at_once_loses_nobody(self, thread: Thread, ada: User) -> None:
        events = [Event(str(ada.pk), "reply", "x", "/p/", str(90 + n), thread.id, "aws", n) for n in range(2, 12)]
        with ThreadPoolExecutor(5) as pool:
            for done in [pool.submit(inbox.put_events, [each], inbox.list_known([each])) for each in events]:
                done.result(timeout=60)
        [note] = members.list_notes(str(ada.pk), 20).notes
        assert len(note.people or []) == 10 and unread(ada) == 1

    def test_sent_twice_is_told_once(self, thread: Thread, ada: User, bob: User) -> None:
        from tests.helpers import token

        fields = {"body": "Words.", "token": token(bob)}
        for _ in range(2):
            assert signed_in(bob).post(f"/f/aws/{thread.id}/reply/", fields).status_code == 302
            members.change_read_to(str(ada.pk), members.list_notes(str(ada.pk), 1).notes[0].timestamp)
        assert len(told(ada)) == 1 and unread(ada) == 0


class TestMentions:
    def test_reach_whom_they_name(self, thread: Thread, ada: User, bob: User, carol: User) -> None:
        reply(ada, thread, "What do you say, @bob and @Carol? And @nobody-at-all.")
        assert told(bob) == told(carol) == ["ada mentioned you in “Grinders”"]

    def test_in_a_new_thread_too(self, aws: Forum, ada: User, bob: User) -> None:
        start_thread(ada, aws, "For Bob", "Hello @Bob.")
        assert told(bob) == ["ada mentioned you in “For Bob”"]

    def test_in_code_and_quotes_are_none(self, thread: Thread, ada: User, bob: User) -> None:
        reply(ada, thread, "`@bob` is code.\n\n```\n@bob\n```\n\n> @bob said\n\nbob@bob.example")
        assert told(bob) == []

    def test_are_ten_at_the_most(self, thread: Thread, ada: User) -> None:
        people = [make_member(f"person{number}") for number in range(12)]
        reply(ada, thread, " ".join(f"@{person.username}" for person in people))
        assert sum(unread(person) for person in people) == 10

    def test_count_more_than_quotes_and_replies(self, thread: Thread, ada: User, bob: User) -> None:
        reply(bob, thread, f"> @ada wrote in [#1](/p/{thread.id}/1/):\n> Its first post.\n\nI agree, @ada.")
        assert told(ada) == ["Bob mentioned you in “Grinders”"] and unread(ada) == 1

    def test_do_not_reach_who_may_not_read(self, ada: User, bob: User, carol: User) -> None:
        group = Group.objects.create(name="crew")
        crew = make_forum("crew", read_access="groups")
        crew.read_groups.add(group)
        group.user_set.add(ada, bob)
        from tests.helpers import renew

        renew()
        start_thread(ada, crew, "Secret", "Dear @bob and @carol.")
        assert told(bob) == ["ada mentioned you in “Secret”"] and told(carol) == []
        group.user_set.remove(bob)
        assert told(bob) == ["ada did something in a forum that you can no longer read"]

    def test_do_not_reach_the_suspended_and_the_gone(self, thread: Thread, ada: User, bob: User, carol: User) -> None:
        from forum.permissions import FOREVER

        User.objects.filter(pk=bob.pk).update(suspended_until=FOREVER)
        User.objects.filter(pk=carol.pk).update(is_active=False)
        reply(ada, thread, "@bob @carol")
        assert unread(bob) == unread(carol) == 0


class TestQuotes:
    def test_are_told_to_who_is_quoted(self, thread: Thread, ada: User, bob: User, carol: User) -> None:
        reply(bob, thread, "Bob's words.")
        reply(carol, thread, f"> @Bob wrote in [#2](/p/{thread.id}/2/):\n> Bob's words.\n\nWell.")
        assert told(bob) == ["carol quoted you in “Grinders”"]

    def test_of_what_is_not_there_are_nothing(self, thread: Thread, ada: User, bob: User) -> None:
        answer = reply(bob, thread, f"> @ada wrote in [#9](/p/{thread.id}/9/):\n> Words.\n\nWell.")
        assert answer.status_code == 302 and told(ada) == ["Bob replied in your thread “Grinders”"]


class TestWhatGoesWrong:
    def test_never_loses_the_post(
        self, thread: Thread, ada: User, bob: User, monkeypatch: pytest.MonkeyPatch, caplog: Any
    ) -> None:
        def broken(*_: object) -> None:
            raise RuntimeError("a mistake of ours")

        monkeypatch.setattr(inbox, "list_known", broken)
        with caplog.at_level(logging.ERROR):
            assert reply(bob, thread, "Here all the same.").status_code == 302
        assert "could be told" in caplog.text
        assert "Here all the same." in Client().get(f"/f/aws/{thread.id}/grinders/").content.decode()

    def test_is_as_little_trouble_when_the_store_is_away(
        self, thread: Thread, aws: Forum, ada: User, bob: User, settings: Any
    ) -> None:
        settings.DYNAMODB_ENDPOINT_URL = "http://127.0.0.1:1"
        base.reset_connection()
        try:
            like(thread, aws, bob, 1)
        finally:
            base.reset_connection()


def like(thread: Thread, forum: Forum, by: User, number: int) -> None:
    """Tell the thread's author of a like."""
    text, url = "liked your post in “Grinders”", f"/p/{thread.id}/{number}/"
    notes.tell_of(thread, rules(forum), thread.user_id, "like", text, url, str(by.pk))


def test_likes_of_one_thread_are_one_note(thread: Thread, aws: Forum, ada: User, bob: User, carol: User) -> None:
    for who, number in ((bob, 1), (carol, 1), (bob, 1)):
        like(thread, aws, who, number)
    assert told(ada) == ["Bob and 1 other liked your post in “Grinders”"] and unread(ada) == 1
    with cost() as spent:
        like(thread, aws, ada, 1)
    assert (spent.dynamodb.calls, spent.redis) == ([], 0), "nobody is told of what they did"
