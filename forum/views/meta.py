"""What a page says of itself to search engines, feed readers and whoever shows a preview of a link to it.

A page of a forum that is not for everybody says nothing but that it is not to be indexed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from forum import links, markup
from forum.tables.posts import Post

from .rows import Author, ForumRow, Row, ThreadRow

DESCRIPTION_MOST = 200
# Of the first post, for search engines; the page holds the whole text anyway.
TEXT_MOST = 1_000
# `json.dumps` leaves these as they are; in a <script> they would end it, or begin a comment.
_ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


@dataclass(frozen=True, slots=True)
class Feed(Row):
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Meta(Row):
    """`url` is the page's one address, with the site's name; "" for a page that search engines are to leave out.
    `data` is JSON-LD, safe to stand in a script element, or ""."""

    title: str = ""
    description: str = ""
    url: str = ""
    kind: str = "website"
    published: datetime | None = None
    feeds: Sequence[Feed] = ()
    data: SafeString = SafeString("")


HIDDEN = Meta()


def home() -> Meta:
    return Meta(_("Forums"), _("The forums of %(site)s.") % _site(), links.absolute("/"), feeds=[site_feed()])


def site_feed() -> Feed:
    return Feed(_("Newest posts on %(site)s") % _site(), "/feeds/site.atom")


def forum(row: ForumRow, title: str, url: str, first: bool) -> Meta:
    """A list of a forum; only its `first` page has an address that lasts."""
    if row.private:
        return HIDDEN
    feeds = [forum_feed(row), site_feed()]
    return Meta(title, row.description or title, links.absolute(url) if first else "", feeds=feeds)


def forum_feed(row: ForumRow) -> Feed:
    return Feed(_("Newest posts in %(title)s") % {"title": row.title}, f"/feeds/forum/{row.name}.atom")


def member(who: Author, first: bool) -> Meta:
    url = links.absolute(who.url) if first else ""
    feeds = [Feed(_("Posts by %(name)s") % {"name": who.name}, f"/feeds/member/{who.name}.atom")]
    return Meta(
        who.name, _("Posts by %(name)s on %(site)s.") % ({"name": who.name} | _site()), url, "profile", feeds=feeds
    )


def thread(row: ThreadRow, url: str, page: int, first: Post | None) -> Meta:
    """A page of a thread; `first` is the post that the thread began with, where it is on this page."""
    if row.forum.private:
        return HIDDEN
    source = first.body if first is not None and not first.deleted else ""
    told = markup.plain(source, TEXT_MOST) if source else ""
    whole = links.absolute(url)
    about = {"page": page, "title": row.title, "forum": row.forum.title}
    return Meta(
        title=row.title if page == 1 else _("%(title)s (page %(page)s)") % {"title": row.title, "page": page},
        description=_cut(told) or _("Page %(page)s of “%(title)s” in %(forum)s.") % about,
        url=whole,
        kind="article",
        published=row.created,
        feeds=[Feed(_("Replies to “%(title)s”") % about, f"/feeds/thread/{row.id}.atom"), forum_feed(row.forum)],
        # Search engines refuse a posting without its text, which stands on the first page alone.
        data=_script(_posting(row, whole, told)) if told else SafeString(""),
    )


def tag(name: str, url: str, first: bool) -> Meta:
    """Of a page that shows a thread of a public forum."""
    about = _("Threads about %(name)s on %(site)s.") % ({"name": name} | _site())
    return Meta(
        _("Threads about %(name)s") % {"name": name},
        about,
        links.absolute(url) if first else "",
        feeds=[tag_feed(name)],
    )


def tag_feed(name: str) -> Feed:
    return Feed(_("Threads about %(name)s") % {"name": name}, f"/feeds/tag/{quote(name)}.atom")


def tags() -> Meta:
    return Meta(_("Tags"), _("What is talked about on %(site)s.") % _site(), links.absolute("/tags/"))


def _site() -> dict[str, str]:
    return {"site": settings.SITE_NAME}


def _cut(text: str) -> str:
    return text if len(text) <= DESCRIPTION_MOST else f"{text[: DESCRIPTION_MOST - 1].rpartition(' ')[0]}…"


def _posting(row: ThreadRow, url: str, text: str) -> dict[str, Any]:
    """https://schema.org/DiscussionForumPosting"""
    author = {"@type": "Person", "name": row.author.name}
    if row.author.url:
        author["url"] = links.absolute(row.author.url)
    counted = {
        "@type": "InteractionCounter",
        "interactionType": "https://schema.org/CommentAction",
        "userInteractionCount": row.replies,
    }
    return {
        "@context": "https://schema.org",
        "@type": "DiscussionForumPosting",
        "headline": row.title,
        "url": links.absolute(row.url),
        "mainEntityOfPage": url,
        "author": author,
        "datePublished": row.created.isoformat(timespec="seconds"),
        "dateModified": row.last_activity.isoformat(timespec="seconds"),
        "isPartOf": {"@type": "WebPage", "name": row.forum.title, "url": links.absolute(row.forum.url)},
        "interactionStatistic": counted,
        "text": text,
    }


def _script(data: dict[str, Any]) -> SafeString:
    return mark_safe(json.dumps(data, ensure_ascii=False).translate(_ESCAPES))
