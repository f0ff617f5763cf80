"""Marks of what members have read, on both paths: each gets their own, as they are at this moment."""

import random
import re
from typing import Any

import pytest

from forum import reads
from forum.cache import stats
from forum.models import Forum, User
from forum.tables.threads import Thread
from tests.fast.test_answers import Browser, ordinary, with_front
from tests.helpers import cost, make_member, page_url, reply, signed_in, start_thread

pytestmark = pytest.mark.django_db(transaction=True)

BADGE = re.compile(r'<a class="unread-badge" href="/f/aws/([0-9A-Z]{26})/unread/">([^<]*)<')
STEPS = 150


@pytest.fixture(autouse=True)
def nothing_known(redis_server: None) -> None:
    reads.forget()


@pytest.fixture
def threads(aws: Forum, ada: User, bob: User) -> list[Thread]:
    return [start_thread(ada, aws, f"Thread {number}") for number in range(5)]


class Model:
    """What each member should be shown: how many posts of each thread they have not read."""

    def __init__(self, threads: list[Thread]) -> None:
        self.posts = {thread.id: 1 for thread in threads}
        self.read: dict[tuple[str, str], int] = {}
        self.marked: set[str] = set()

    def marks_all(self, name: str) -> None:
        self.marked.add(name)
        self.read |= {(name, thread): posts for thread, posts in self.posts.items()}

    def badges(self, name: str) -> dict[str, str]:
        found = {}
        for thread, posts in self.posts.items():
            read = self.read.get((name, thread), 0)
            if name and read < posts:
                found[thread] = f"{posts - read} new" if read else "New"
        return found


def test_everybody_sees_their_own_at_every_moment(threads: list[Thread], ada: User, bob: User) -> None:
    chance = random.Random(20261124)
    people = {"": None, "Bob": bob, "carol": make_member("carol", date_joined=bob.date_joined)}
    browsers = {name: Browser(user) for name, user in people.items()}
    model = Model(threads)
    fast = 0
    for _ in range(STEPS):
        name, thread = chance.choice(list(browsers)), chance.choice(threads)
        application = chance.choice([with_front(), with_front(), ordinary()])
        act = chance.random()
        if act < 0.08:
            reply(ada, thread)
            model.posts[thread.id] += 1
        elif act < 0.2:
            assert browsers[name].get(page_url(thread), application).status == 200
            model.read[name, thread.id] = model.posts[thread.id]
        elif 0.9 < act < 0.92 and (user := people[name]):
            signed_in(user).post("/f/aws/read/")
            model.marks_all(name)
        else:
            answer = browsers[name].get(chance.choice(["/", "/f/aws/"]), application)
            shown, right = dict(BADGE.findall(answer.text)), model.badges(name)
            assert shown.keys() == right.keys(), name
            assert shown == right or name in model.marked, "only then nobody knows how many are new"
            fast += answer.fast
    assert fast > STEPS / 5, "the marks do not keep pages from being answered before Django"


def test_a_page_with_marks_is_answered_before_django_until_something_is_read(threads: list[Thread], bob: User) -> None:
    browser = Browser(bob)
    assert browser.warm("/f/aws/").text.count("unread-badge") == 5
    for thread in threads[:2]:
        browser.get(page_url(thread))
        answer = browser.get("/f/aws/")
        assert not answer.fast and thread.id not in dict(BADGE.findall(answer.text))
        assert browser.get("/f/aws/").fast


def test_a_page_is_not_filled_again_for_what_was_read_elsewhere(threads: list[Thread], bob: User) -> None:
    browser, url = Browser(bob), page_url(threads[0])
    browser.warm(url)
    browser.get(page_url(threads[1]))
    with cost() as spent:
        answer = browser.get(url)
    assert not answer.fast and spent.all == ([], 0, 1), "the marks; not what the member likes there"
    assert browser.get(url).fast


def test_what_others_read_changes_nothing_for_me(threads: list[Thread], ada: User, bob: User) -> None:
    browser, other = Browser(bob), Browser(make_member("carol"))
    browser.warm("/f/aws/")
    browser.warm(page_url(threads[1]))
    browser.warm("/f/aws/")
    other.get(page_url(threads[0]))
    assert browser.get("/f/aws/").fast and browser.get(page_url(threads[1])).fast


def test_a_thread_that_is_read_is_answered_before_django(threads: list[Thread], ada: User, bob: User) -> None:
    browser, url = Browser(bob), page_url(threads[0])
    browser.warm(url)
    reply(ada, threads[0])
    assert "New since your last visit" in browser.get(url).text
    assert "New since your last visit" not in browser.warm(url).text


def test_nothing_is_kept_while_marks_cannot_be_followed(threads: list[Thread], bob: User, monkeypatch: Any) -> None:
    browser = Browser(bob)
    browser.warm("/f/aws/")
    before = stats._counts["fast"]
    reads.known.disconnect()
    assert not browser.get("/f/aws/").fast
    monkeypatch.setattr(reads.known, "revive", lambda: False)
    reads.known.disconnect()
    for _ in range(3):
        assert browser.get("/f/aws/").text.count("unread-badge") == 5
    assert stats._counts["fast"] == before
