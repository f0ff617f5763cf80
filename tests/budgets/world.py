"""The community that is measured: threads of several pages, posts of usual length, lists that are full."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TypeVar

from django.http import HttpResponse
from django.test import Client

from forum import redis as stores
from forum.cache.intents import invalidate_all
from forum.models import Forum, User
from forum.tables import threads
from forum.tables.threads import Thread
from tests.helpers import make_forum, make_member, page_url, reply, signed_in, token

# 600 characters, which with its attributes is a post of about 0.9 KB: one write unit, and 20 of them are 18 KB.
WORDS = ("As people write them, neither short nor long. " * 14)[:600]
FORUMS = ("aws", "coffee", "django", "lounge")
# One more comes while the search index is measured.
POSTS = 39
THREADS = 25

T = TypeVar("T")


@dataclass
class World:
    """Four forums, one with a full list of threads, the oldest of which has two full pages. Whoever acts has read it,
    so that their session and account are known, as they are to a process that serves them."""

    ada: User
    bob: User
    mod: User
    forum: Forum
    thread: Thread
    browsers: dict[str, Client] = field(default_factory=dict)
    # Where the newest poll and the newest conversation are.
    poll: str = ""
    talk: str = ""

    @cached_property
    def url(self) -> str:
        return page_url(self.thread)

    @property
    def base(self) -> str:
        return f"/f/{self.forum.name}/{self.thread.id}"

    def of(self, user: User) -> Client:
        """The member's browser, which has just looked at the thread."""
        browser = self.browsers.setdefault(user.username, signed_in(user))
        answered(browser.get(self.url), 200)
        return browser

    def token(self, user: User) -> str:
        return token(user)

    def forget(self) -> None:
        """Make every page stale, and have the process know the forums and the scripts again."""
        invalidate_all()
        Client().get("/u/mod/")


class Away(Exception):
    """A store did not answer in time, as on a machine that does much else: nothing was measured."""


def answered(answer: HttpResponse, *statuses: int) -> HttpResponse:
    """The answer, which has one of these statuses."""
    if answer.status_code == 503:
        raise Away
    assert answer.status_code in statuses, f"{answer.status_code}: {answer.content.decode()[:500]}"
    return answer


def patiently(act: Callable[[], T]) -> T:
    """Do it again where a store did not answer in time."""
    for _ in range(5):
        try:
            return act()
        except Away:
            time.sleep(1.1)
            stores.forget_failures()
    return act()


def build() -> World:
    ada, bob = (make_member(name, trust=User.Trust.REGULAR) for name in ("ada", "bob"))
    mod = make_member("mod", is_staff=True)
    forums = [make_forum(name) for name in FORUMS]
    thread = patiently(lambda: _start(ada, forums[0], "A thread of usual length"))
    for number in range(2, POSTS + 1):
        patiently(partial(_reply, (ada, bob)[number % 2], thread))
    for forum in forums:
        for number in range(THREADS if forum is forums[0] else 3):
            patiently(partial(_start, bob, forum, f"Thread {number:02} of usual length"))
    # Redis has the totals of all forums.
    answered(Client().get("/"), 200)
    return World(ada, bob, mod, forums[0], thread)


def _start(user: User, forum: Forum, title: str) -> Thread:
    fields = {"title": title, "body": WORDS, "token": token(user)}
    url = answered(signed_in(user).post(f"/f/{forum.name}/new/", fields), 302)["Location"]
    return threads.get_thread(forum.name, url.split("/")[3])


def _reply(user: User, thread: Thread) -> None:
    answered(reply(user, thread, WORDS), 302)
