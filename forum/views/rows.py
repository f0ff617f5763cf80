"""What templates show: plain values with all URLs and names worked out, one row per line of a list."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from forum import links, markup, reasons
from forum.models import User
from forum.permissions import ForumRules
from forum.tables.posts import Post
from forum.tables.threads import Thread

from .poll_rows import PollRow, poll_row

HUES = 12


class Row:
    """A template asks `row["name"]` before it asks `row.name`; an answer there spares an exception for
    every value on the page, a seventh of a thread page's template time."""

    __slots__ = ()

    def __getitem__(self, name: str) -> object:
        return getattr(self, name)


@dataclass(frozen=True, slots=True)
class Author(Row):
    """A member's name as it stands beside their posts; `hue` numbers the avatar's colour where there is
    no `picture`."""

    name: str
    url: str
    initial: str
    hue: int
    gone: bool = False
    picture: str = ""


def former(name: str = "") -> Author:
    """Whoever has left; or under another name what is no member, such as the forum itself."""
    return Author(name or _("former member"), "", "–", 0, gone=True)


@dataclass(frozen=True, slots=True)
class ForumRow(Row):
    name: str
    title: str
    description: str
    url: str
    archived: bool
    private: bool


@dataclass(frozen=True, slots=True)
class TagRow(Row):
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class ThreadRow(Row):
    id: str
    title: str
    url: str
    last_url: str
    forum: ForumRow
    author: Author
    last_author: Author
    created: datetime
    last_activity: datetime
    replies: int
    pages: int
    last_number: int
    locked: bool
    pinned: bool
    archived: bool
    author_id: str = ""
    last_author_id: str = ""
    # The number of the post that answers it, 0 for none, and where that is.
    solved: int = 0
    solved_url: str = ""
    tags: tuple[TagRow, ...] = ()
    # How often it was read, and by how many, which lists do not know.
    views: int = 0
    readers: int = 0

    @property
    def closed(self) -> str:
        """Why the thread takes no replies: "locked", "archived", or "" where it does."""
        return "archived" if self.archived else "locked" if self.locked else ""

    @property
    def told(self) -> "ThreadOfPost":
        """What its posts say of it."""
        told = self.author, self.author_id, self.solved, self.solved_url, self.archived, self.locked, self.closed
        return ThreadOfPost(*told)


@dataclass(frozen=True, slots=True)
class ThreadOfPost(Row):
    """What of a thread a post on its page depends on: little, so that it stays as it is when others reply."""

    author: Author
    author_id: str
    solved: int
    solved_url: str
    archived: bool
    locked: bool
    closed: str


@dataclass(frozen=True, slots=True)
class PostRow(Row):
    number: int
    author: Author
    author_id: str
    created: datetime
    edited: datetime | None
    body: str
    status: str
    deleted: bool
    anchor: str
    permalink: str
    history_url: str
    thread_id: str
    revision: int = 1
    thread_title: str = ""
    forum: ForumRow | None = None
    likes: int = 0
    # Where it was written: by that its likes and bookmarks are kept, wherever it is now.
    address: str = ""
    # What readers are told of a post that is not shown: why, and where it is now.
    reason: str = ""
    moved_url: str = ""
    poll: PollRow | None = None

    @property
    def html(self) -> SafeString:
        return markup.render(self.body)


@dataclass(frozen=True, slots=True)
class Pager(Row):
    """Page numbers to show: `links` are (number, url), or None for a gap."""

    current: int
    count: int
    links: list[tuple[int, str] | None]
    previous_url: str
    next_url: str


class Authors:
    """The names of these members. One SQL query however many there are."""

    def __init__(self, user_ids: Iterable[str]) -> None:
        members = User.objects.filter(pk__in=set(user_ids), is_active=True).values_list("pk", "username", "avatar")
        self._names = {str(pk): author(str(pk), username, avatar) for pk, username, avatar in members}

    def __getitem__(self, user_id: str) -> Author:
        return self._names.get(user_id) or former()


@dataclass(frozen=True, slots=True)
class Profile(Row):
    """What a member's page says of them. Of new members it shows no text and no link: they are what spammers are."""

    joined: datetime
    level: str
    pronouns: str
    location: str
    about: SafeString
    website: str
    website_name: str


def profile(user: User) -> Profile:
    trusted = user.trust > User.Trust.NEW
    website = user.website if trusted and user.website.startswith("https://") else ""
    return Profile(
        joined=user.date_joined,
        level=_trust(user.trust),
        pronouns=user.pronouns,
        location=user.location,
        about=markup.render(user.about if trusted else ""),
        website=website,
        website_name=website.removeprefix("https://").rstrip("/"),
    )


def _trust(level: int) -> str:
    """The name of a level within a sentence."""
    label = str(User.Trust(level).label)
    return label.lower() if get_language() == "en" else label


def author(user_id: str, username: str, avatar: str = "") -> Author:
    return Author(username, links.member(username), username[:1].upper(), hue(user_id), picture=links.avatar(avatar))


def hue(user_id: str) -> int:
    return int(user_id) * 5 % HUES


def forum_row(rules: ForumRules) -> ForumRow:
    return ForumRow(
        rules.name, rules.title, rules.description, links.forum(rules.name), rules.archived, not rules.public
    )


def thread_row(thread: Thread, forum: ForumRow, authors: Authors) -> ThreadRow:
    last = int(thread.last_post_number)
    return ThreadRow(
        id=thread.id,
        title=thread.title,
        url=links.thread(thread),
        last_url=links.place(thread, last),
        forum=forum,
        author=authors[thread.user_id],
        last_author=authors[thread.last_post_user_id],
        created=thread.created,
        last_activity=thread.last_activity,
        replies=thread.replies,
        pages=links.page_of(last),
        last_number=last,
        locked=bool(thread.locked),
        pinned=bool(thread.pinned),
        archived=bool(thread.archived),
        author_id=thread.user_id,
        last_author_id=thread.last_post_user_id,
        solved=int(thread.solved),
        solved_url=links.place(thread, int(thread.solved)) if thread.solved else "",
        tags=tag_rows(thread.tags or []),
        views=int(thread.views or 0),
        readers=int(thread.readers or 0),
    )


def thread_digest(head: Thread) -> str:
    """What a page says of a thread beside its posts, in short, for whoever asks whether it is still so."""
    said = [head.title, head.locked, head.archived, head.pinned, int(head.solved), head.tags]
    return blake2b(repr(said).encode(), digest_size=4).hexdigest()


def tag_rows(names: Iterable[str]) -> tuple[TagRow, ...]:
    return tuple(TagRow(name, links.tag(name)) for name in names)


def thread_rows(threads: list[tuple[Thread, ForumRow]]) -> list[ThreadRow]:
    """Rows of threads of any forums. One SQL query."""
    authors = Authors(user for thread, _ in threads for user in (thread.user_id, thread.last_post_user_id))
    return [thread_row(thread, forum, authors) for thread, forum in threads]


def post_row(post: Post, authors: Authors, thread: Thread | None = None, forum: ForumRow | None = None) -> PostRow:
    """One post; with its thread and forum where the page shows posts of many threads."""
    number = int(post.number)
    return PostRow(
        number=number,
        author=authors[post.user_id],
        author_id=post.user_id,
        created=post.created,
        edited=post.edited,
        body="" if post.deleted else post.body,
        status=post.state,
        deleted=post.deleted,
        anchor=f"post-{number}",
        permalink=links.post(post.thread_id, number),
        history_url=f"/f/{post.forum}/{post.thread_id}/{number}/history/",
        thread_id=post.thread_id,
        thread_title=thread.title if thread else "",
        forum=forum,
        revision=int(post.revision),
        likes=int(post.like_count),
        address=post.first_address,
        reason=reasons.shown(post.status_reason),
        moved_url=f"/p/{post.moved_to}/" if post.moved_to else "",
        poll=poll_row(post),
    )


def pager(thread: Thread, current: int) -> Pager:
    """First, last and the neighbours of the current page; a gap of one page is shown as that page."""
    count = links.page_of(int(thread.last_post_number))
    wanted = sorted({1, count, *range(max(1, current - 2), min(count, current + 2) + 1)})
    shown: list[tuple[int, str] | None] = []
    last = 0
    for number in wanted:
        if number - last == 2:
            shown.append((last + 1, links.thread(thread, last + 1)))
        elif number - last > 2:
            shown.append(None)
        shown.append((number, links.thread(thread, number)))
        last = number
    return Pager(
        current,
        count,
        shown,
        previous_url=links.thread(thread, current - 1) if current > 1 else "",
        next_url=links.thread(thread, current + 1) if current < count else "",
    )
