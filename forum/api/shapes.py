"""What the API answers with, and how it is made of what is stored. Times are UTC, URLs absolute."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from ninja import Schema
from ninja.responses import NinjaJSONEncoder
from pydantic import Field

from forum import links, markup
from forum.directory import Directory
from forum.models import User
from forum.permissions import ForumRules, Reader
from forum.tables.polls import Poll, shows_results
from forum.tables.posts import Post
from forum.tables.threads import Thread
from forum.views.caching import Plan, Planner, answer
from forum.views.members import numbers
from forum.views.rows import Authors, profile

JSON = "application/json; charset=utf-8"


class Author(Schema):
    name: str
    url: str | None = Field(description="The member's page; null where the account is closed.")


class ForumShape(Schema):
    name: str = Field(description="By which it is addressed.")
    title: str
    description: str
    url: str
    public: bool = Field(description="Whether everybody may read it.")
    archived: bool


class Forums(Schema):
    items: list[ForumShape]


class ThreadShape(Schema):
    id: str
    forum: str
    title: str
    url: str
    author: Author
    last_author: Author
    created: datetime
    last_activity: datetime
    last_number: int = Field(description="The number of the newest post; they are numbered without gaps from 1.")
    locked: bool
    pinned: bool
    archived: bool
    tags: list[str]
    solved: int | None = Field(description="The number of the post that answers it.")
    views: int = Field(description="How often its pages were read, until a minute ago or so.")


class Threads(Schema):
    items: list[ThreadShape]
    next: str | None = Field(description="Where the list goes on; null at its end.")


class PostShape(Schema):
    forum: str
    thread: str
    number: int
    url: str = Field(description="The permalink, which outlasts moves and other titles.")
    author: Author
    created: datetime
    edited: datetime | None
    revision: int = Field(description="Of the text: to be sent along with an edit.")
    status: str = Field(description="visible, hidden, deleted or moved; the text is empty unless it is visible.")
    reason: str
    likes: int
    text: str = Field(description="Markdown, as it was written.")
    html: str = Field(description="As the pages show it.")
    poll: bool = Field(description="Whether it carries a poll, which has an address of its own.")
    ignored: bool = Field(description="Whether you ignore its author: the pages fold it away.")


class Posts(Schema):
    items: list[PostShape]
    next: str | None = Field(description="Where the list goes on; null at its end.")


class PollOption(Schema):
    number: int
    text: str
    votes: int | None = Field(description="null while you may not see the results yet.")


class PollShape(Schema):
    question: str
    options: list[PollOption]
    voters: int = Field(description="How many members have voted.")
    several: bool = Field(description="Whether one may choose more than one.")
    shows: str = Field(description="When the results are shown: always, voted (once you have) or closed.")
    closes: datetime | None
    closed: bool
    chosen: list[int] = Field(description="The options that you have chosen; nobody else is told.")


class Member(Schema):
    name: str
    url: str
    joined: datetime
    trust: str
    about: str
    pronouns: str
    location: str
    website: str
    posts: int = Field(description="How many posts of theirs can be read, anywhere.")
    threads: int
    likes: int = Field(description="How many they have got.")
    answers: int = Field(description="How many of their posts are marked as the answer.")


class TagShape(Schema):
    name: str
    url: str
    threads: int


class Tags(Schema):
    items: list[TagShape]


class Result(Schema):
    forum: str
    thread: str
    number: int
    url: str
    author: Author
    written: datetime
    title: str = Field(description="HTML, with what was found in <mark>.")
    snippet: str = Field(description="HTML, with what was found in <mark>.")


class Results(Schema):
    items: list[Result]
    problems: list[str] = Field(description="What of the question was not understood.")
    next: str | None


class Notification(Schema):
    kind: str
    text: str
    url: str | None
    by: Author | None
    time: datetime
    unread: bool
    cursor: str = Field(description="To be sent to mark it and all older ones as read.")


class Notifications(Schema):
    items: list[Notification]
    unread: int
    next: str | None


class Me(Schema):
    name: str
    url: str
    trust: int
    unread: int
    scopes: list[str] | None = Field(description="What the token may do; null where you come with a session.")


class Problem(Schema):
    """Problem details, RFC 9457: application/problem+json."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    links: list[dict[str, str]]


# -- Making them ----------------------------------------------------------------------------------


def author_of(authors: Authors, user_id: str) -> Author:
    row = authors[user_id]
    return Author(name=row.name, url=links.absolute(row.url) if row.url else None)


def forum_of(rules: ForumRules) -> ForumShape:
    return ForumShape(
        name=rules.name,
        title=rules.title,
        description=rules.description,
        url=links.absolute(links.forum(rules.name)),
        public=rules.public,
        archived=rules.archived,
    )


def threads_of(heads: Sequence[Thread], more: str | None) -> Threads:
    """One SQL query, for names."""
    authors = Authors(user for head in heads for user in (head.user_id, head.last_post_user_id))
    return Threads(items=[_thread(head, authors) for head in heads], next=more)


def thread_of(head: Thread) -> ThreadShape:
    """One SQL query, for names."""
    return _thread(head, Authors([head.user_id, head.last_post_user_id]))


def _thread(head: Thread, authors: Authors) -> ThreadShape:
    return ThreadShape(
        id=head.id,
        forum=head.forum,
        title=head.title,
        url=links.absolute(links.thread(head)),
        author=author_of(authors, head.user_id),
        last_author=author_of(authors, head.last_post_user_id),
        created=head.created,
        last_activity=head.last_activity,
        last_number=int(head.last_post_number),
        locked=bool(head.locked),
        pinned=bool(head.pinned),
        archived=bool(head.archived),
        tags=list(head.tags or []),
        solved=int(head.solved) or None,
        views=int(head.views or 0),
    )


def posts_of(found: Iterable[Post], ignored: Collection[str] = (), more: str | None = None) -> Posts:
    """`ignored` are the ids of those whom the reader ignores. One SQL query, for names."""
    shown = list(found)
    authors = Authors(post.user_id for post in shown)
    return Posts(items=[post_of(post, authors, post.user_id in ignored) for post in shown], next=more)


def post_of(post: Post, authors: Authors, ignored: bool = False) -> PostShape:
    number, text = int(post.number), "" if post.deleted else post.body
    return PostShape(
        forum=post.forum,
        thread=post.thread_id,
        number=number,
        url=links.absolute(links.post(post.thread_id, number)),
        author=author_of(authors, post.user_id),
        created=post.created,
        edited=post.edited,
        revision=post.text_revision,
        status=post.status,
        reason=post.status_reason or "",
        likes=int(post.like_count),
        text=text,
        html=markup.render(text),
        poll=not post.deleted and bool(post.poll_text),
        ignored=ignored,
    )


def poll_of(post: Post, poll: Poll, chosen: Sequence[int]) -> PollShape:
    """As a reader who has chosen these options may see it."""
    counts = [int(count) for count in post.poll_votes or ()]
    seen = shows_results(poll.shows, poll.is_over, bool(chosen))
    options = [
        PollOption(number=number, text=text, votes=count if seen else None)
        for number, (text, count) in enumerate(zip(poll.options, counts, strict=True))
    ]
    return PollShape(
        question=poll.question,
        options=options,
        voters=int(post.poll_voters or 0),
        several=poll.several,
        shows=poll.shows,
        closes=poll.closes,
        closed=poll.is_over,
        chosen=sorted(chosen),
    )


def member_of(user: User) -> Member:
    """What the member's page says; of new members it shows neither text nor website. One GetItem and a Redis round
    trip, for the numbers."""
    row, counted = profile(user), numbers(user)
    return Member(
        name=user.username,
        url=links.absolute(links.member(user.username)),
        joined=row.joined,
        trust=row.level,
        about=str(row.about),
        pronouns=row.pronouns,
        location=row.location,
        website=row.website,
        posts=counted.posts,
        threads=counted.threads,
        likes=counted.likes,
        answers=counted.solved,
    )


# -- Answering ------------------------------------------------------------------------------------


def as_json(shape: Schema) -> str:
    """As text. Marks of holes are made of what JSON escapes, so that nobody's text can hold one."""
    return json.dumps(shape.model_dump(), cls=NinjaJSONEncoder, ensure_ascii=False)


def kept(request: HttpRequest, planner: Planner) -> HttpResponse:
    """As pages are answered: from the cache, or made once for all who may read it. Who ignores somebody is answered by
    themselves, since a list without holes cannot leave out for one what it shows to others."""

    def plan(directory: Directory, reader: Reader) -> Plan:
        made = planner(directory, reader)
        return replace(made, name="") if reader.ignored else made

    response = answer(request, plan)
    patch_vary_headers(response, ["Authorization"])
    return response
