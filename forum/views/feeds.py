"""Atom feeds of what everybody may read: the newest posts of the site, a forum, a thread, a member.

Feed readers have no session, so a feed is the same for all who ask, and a forum that is not for everybody has
none. Feeds are kept as pages are, under the tags of the pages that show the same posts.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.utils.xmlutils import SimplerXMLGenerator
from django.views.decorators.http import require_safe

from forum import links
from forum.cache import tags
from forum.cache.pages import Written
from forum.directory import Directory
from forum.errors import NotFound
from forum.models import User
from forum.permissions import ANONYMOUS, ForumRules
from forum.tables import posts, threads
from forum.tables.posts import Post

from .caching import Plan, answer
from .reading import feed_rows
from .rows import Authors, ForumRow, PostRow, forum_row, post_row

ATOM = "application/atom+xml; charset=utf-8"
ENTRIES = 20
# When a feed without entries was last changed.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
# What XML cannot hold, not even as a number.
_UNFIT = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF])


class _Atom(Atom1Feed):
    """Django's, with each post's whole text as the entry's content, in which links may be the site's own."""

    def root_attributes(self) -> dict[str, str]:
        return {**super().root_attributes(), "xml:base": links.absolute("/")}

    def latest_post_date(self) -> datetime:
        return max((item["updateddate"] for item in self.items), default=NEVER)

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        handler.addQuickElement("content", item["content"], {"type": "html"})


def atom(title: str, about: str, url: str, rows: Iterable[PostRow]) -> str:
    """A feed of these posts; `about` is the path of the page that shows the same, `url` the feed's own."""
    feed = _Atom(
        title=_fit(title),
        link=links.absolute(about),
        description=None,
        language=settings.LANGUAGE_CODE,
        author_name=_fit(settings.SITE_NAME),
        feed_url=links.absolute(url),
        feed_guid=links.absolute(url),
    )
    for row in rows:
        # A permalink lasts whatever the thread is called and wherever it moves.
        link = links.absolute(row.permalink)
        feed.add_item(
            title=_fit(row.thread_title if row.number == 1 else f"Re: {row.thread_title}"),
            link=link,
            # The text is the entry's content, and needs no summary beside it.
            description=None,  # type: ignore[arg-type]
            unique_id=link,
            author_name=row.author.name,
            author_link=links.absolute(row.author.url) if row.author.url else None,
            pubdate=row.created,
            updateddate=row.edited or row.created,
            categories=[_fit(row.forum.title)] if row.forum else [],
            content=_fit(row.html),
        )
    return feed.writeString("utf-8")


def _fit(text: str) -> str:
    return text.translate(_UNFIT)


def _public(directory: Directory) -> dict[str, ForumRules]:
    return {rules.name: rules for rules in directory.readable(ANONYMOUS)}


def _public_rows(directory: Directory) -> dict[str, ForumRow]:
    return {name: forum_row(rules) for name, rules in _public(directory).items()}


def _answer(request: HttpRequest, plan: Callable[[Directory], Plan]) -> HttpResponse:
    return answer(request, lambda directory, __: plan(directory))


# -- The feeds ------------------------------------------------------------------------------------


@require_safe
def site(request: HttpRequest) -> HttpResponse:
    """The newest posts of all forums. One Query for each forum and shard, one BatchGetItem."""

    def plan(directory: Directory) -> Plan:
        forums, url = _public(directory), "/feeds/site.atom"

        def body(__: Written) -> str:
            lists = [posts.list_of_forum(rules.name, rules.shards, ENTRIES) for rules in forums.values()]
            newest = threads.merge_newest(lists, lambda post: post.timestamp, ENTRIES)
            return atom(settings.SITE_NAME, "/", url, feed_rows(newest, _public_rows(directory)))

        changing = [tags.HOME, *(tags.latest(name) for name in forums)]
        return Plan("feed", url, changing, body, ATOM)

    return _answer(request, plan)


@require_safe
def forum(request: HttpRequest, name: str) -> HttpResponse:
    """A forum's newest posts. One Query per shard, one BatchGetItem."""

    def plan(directory: Directory) -> Plan:
        rules, url = _public(directory).get(name), f"/feeds/forum/{name}.atom"
        if rules is None:
            raise NotFound(_("There is no such feed."))

        def body(__: Written) -> str:
            row = forum_row(rules)
            newest = posts.list_of_forum(name, rules.shards, ENTRIES)
            return atom(f"{rules.title} · {settings.SITE_NAME}", row.url, url, feed_rows(newest, {name: row}))

        return Plan("feed", url, [tags.latest(name)], body, ATOM)

    return _answer(request, plan)


@require_safe
def thread(request: HttpRequest, thread_id: str) -> HttpResponse:
    """A thread's last posts, wherever it is now. Two Queries, one GetItem."""

    def plan(directory: Directory) -> Plan:
        url = f"/feeds/thread/{thread_id}.atom"

        def body(written: Written) -> str | HttpResponse:
            head, __ = posts.find_place(thread_id, 1, directory.forums)
            row = _public_rows(directory).get(head.forum)
            if row is None or head.deleted:
                raise NotFound(_("There is no such feed."))
            if head.id != thread_id:
                return HttpResponsePermanentRedirect(f"/feeds/thread/{head.id}.atom")
            last = int(head.last_post_number)
            found = posts.list_of_thread(head, max(last - ENTRIES, 0) + 1, last, written)
            authors = Authors(post.user_id for post in found)
            rows = [post_row(post, authors, head, row) for post in reversed(found) if not post.deleted]
            return atom(f"{head.title} · {settings.SITE_NAME}", links.thread(head), url, rows)

        return Plan("feed", url, [tags.thread(thread_id)], body, ATOM)

    return _answer(request, plan)


@require_safe
def member(request: HttpRequest, username: str) -> HttpResponse:
    """A member's newest posts. One Query, one BatchGetItem."""

    def plan(directory: Directory) -> Plan:
        url = f"/feeds/member/{username}.atom"

        def body(written: Written) -> str | HttpResponse:
            user = User.objects.named(username)
            if user is None:
                raise NotFound(_("There is no such feed."))
            if user.username != username:
                return HttpResponsePermanentRedirect(f"/feeds/member/{user.username}.atom")
            found: list[Post] = posts.list_of_user(str(user.pk), ENTRIES, "", written)
            title = f"{user.username} · {settings.SITE_NAME}"
            return atom(title, links.member(user.username), url, feed_rows(found, _public_rows(directory)))

        return Plan(f"feed:{username}", url, [tags.user(username), tags.TITLES], body, ATOM)

    return _answer(request, plan)
