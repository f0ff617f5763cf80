"""What the site of the benchmark holds: a page of usual size, its readers, and a thread of 1,000 pages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any

AUTHORS = 20
MEMBERS = 20
POSTS_PER_PAGE = 20
LONG_PAGES = 1000
# Twenty such posts make a page of 30 KB, which gzip makes 8.
POST_CHARACTERS = 360
TASK = re.compile(r"^\s*[-*] \[.\]", re.MULTILINE)
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Member:
    """Somebody who is signed in and reads; writes nothing, so that the name is on no page but the own."""

    name: str
    cookie: str


@dataclass(frozen=True)
class Contents:
    """Paths, and members by what their requests carry. `unkept` is a page of 20 posts that is never cached."""

    page: str
    long_thread: str
    unkept: str
    members: list[Member]

    @property
    def live(self) -> str:
        """What the open page asks whether it is still so."""
        return self.page.rsplit("/", 2)[0] + "/live/"


def fill() -> Contents:
    """Write everything through the tables' bulk writer."""
    from forum.models import Forum, User
    from forum.tables.keys import cursor

    for name in ("bench", "long"):
        Forum.objects.create(name=name, title=name.title())
    authors = [str(User.objects.create(username=f"author{number:02}").pk) for number in range(AUTHORS)]
    page = store_thread("bench", "How to measure a forum", POSTS_PER_PAGE, authors)
    long = store_thread("long", "A thread that never ends", POSTS_PER_PAGE * LONG_PAGES, authors)
    unkept = f"/f/long/latest/?before={cursor(long.last_post_timestamp)}"
    return Contents(path_of(page), path_of(long), unkept, [member(number) for number in range(MEMBERS)])


def member(number: int) -> Member:
    """A new member, signed in; all names are of one length, so that all answers are."""
    from django.conf import settings
    from django.test import Client
    from django.utils.crypto import get_random_string

    from forum.models import User

    user, client = User.objects.create(username=f"reader{number:02}"), Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    # The second is what the first page with a form has left in the browser.
    cookies = {settings.SESSION_COOKIE_NAME: session, settings.CSRF_COOKIE_NAME: get_random_string(32)}
    return Member(user.username, "; ".join(f"{name}={value}" for name, value in cookies.items()))


def path_of(thread: Any) -> str:
    from forum import links

    return links.thread(thread)


def store_thread(forum: str, title: str, posts: int, authors: list[str]) -> Any:
    """A thread of so many posts by these authors in turn; its head."""
    from forum.tables.bulk import put_many
    from forum.tables.keys import Nonce, post_timestamp, thread_id
    from forum.tables.posts import Post
    from forum.tables.threads import RECENT, new_head

    stamps = [post_timestamp(Nonce.new(), START + timedelta(minutes=number)) for number in range(posts)]
    head = new_head(forum, thread_id(Nonce.new(START), 1), authors[0], title, stamps[0])
    head.last_post_number = head.post_count = posts
    head.last_post_timestamp, head.recent_posts = stamps[-1], stamps[-RECENT:]
    head.last_post_user_id = authors[(posts - 1) % AUTHORS]

    def rows() -> Iterator[Any]:
        yield head
        for number, (stamp, body) in enumerate(zip(stamps, bodies(), strict=False), 1):
            author = authors[(number - 1) % AUTHORS]
            yield Post(forum, stamp, user_id=author, thread_id=head.id, number=number, body=body)

    for _ in put_many(rows()):
        pass
    return head


def bodies() -> Iterator[str]:
    """Posts of the sample community, two or three together, for ever: text that compresses as text does."""
    from forum.sample.handwritten import written_threads

    # The attributes of a task list's boxes come in another order each time they are rendered.
    posts = [post.body for thread in written_threads() for post in thread.posts if not TASK.search(post.body)]
    written = cycle(posts)
    for body in written:
        while len(body) < POST_CHARACTERS:
            body += "\n\n" + next(written)
        yield body
