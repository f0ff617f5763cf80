"""Tags: the threads of each, the overview of all, and the feed of each.

Which threads have a tag is asked of the relational table, in the forums that the reader may read; what they are
called now, and whether they can be read, of their heads.
"""

from collections.abc import Iterable

from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from forum import links
from forum.cache import tags
from forum.cache.pages import Written
from forum.directory import Directory
from forum.errors import NotFound
from forum.links import THREADS_PER_PAGE
from forum.models import ThreadTag
from forum.permissions import ANONYMOUS, Reader
from forum.tables.bulk import get_many
from forum.tables.keys import read_thread_cursor, thread_partition
from forum.tables.posts import Post
from forum.tables.threads import Thread, get_heads

from . import meta
from .caching import Plan, answer, render
from .feeds import ATOM, ENTRIES, atom
from .reading import audience
from .rows import Authors, forum_row, post_row, tag_rows, thread_rows

TAGS_SHOWN = 300
SUGGESTED = 100


def _newest(tag: str, forums: Iterable[str], limit: int, before: str = "") -> list[ThreadTag]:
    """The newest threads of a tag in these forums, begun before the thread `before`. One SQL query."""
    rows = ThreadTag.objects.filter(tag=tag, listed=True, forum__in=[*forums])
    if before:
        rows = rows.filter(thread_id__lt=before)
    return list(rows.order_by("-thread_id")[:limit])


def _heads(rows: list[ThreadTag], forums: Iterable[str]) -> list[Thread]:
    """Their heads that can be read in these forums, in the same order. One BatchGetItem."""
    readable = set(forums)
    found = get_heads((thread_partition(row.forum, row.thread_id), row.thread_id) for row in rows)
    heads = {head.id: head for head in found.values() if head.forum in readable}
    return [heads[row.thread_id] for row in rows if row.thread_id in heads]


def list_heads(tag: str, forums: list[str], before: str = "") -> tuple[list[Thread], str]:
    """A page of the threads of a tag, and what it goes on from, "" at the end."""
    found = _newest(tag, forums, THREADS_PER_PAGE + 1, before)
    shown = found[:THREADS_PER_PAGE]
    return _heads(shown, forums), shown[-1].thread_id if len(found) > len(shown) else ""


@require_safe
def tag(request: HttpRequest, name: str) -> HttpResponse:
    """A tag's threads, the newest first. One SQL query and one BatchGetItem, and the names of the authors."""
    before = read_thread_cursor(request.GET.get("before", ""))

    def plan(directory: Directory, reader: Reader) -> Plan:
        url = links.tag(name)

        def body(__: Written) -> str:
            forums = {rules.name: forum_row(rules) for rules in directory.readable(reader)}
            heads, last = list_heads(name, list(forums), before)
            if not heads and not last and not before:
                raise NotFound(_("No thread has this tag."), [(_("All tags"), "/tags/")])
            public = any(not forums[head.forum].private for head in heads)
            return render(
                "forum/tag.html",
                name=name,
                threads=thread_rows([(head, forums[head.forum]) for head in heads]),
                older_url=f"{url}?before={last}" if last else "",
                newest_url=url if before else "",
                meta=meta.tag(name, url, first=not before) if public else meta.HIDDEN,
            )

        kept = "" if before else f"page:{audience(directory, reader)}"
        return Plan(kept, url, [tags.tag(name), tags.HOME], body)

    return answer(request, plan)


@require_safe
def spelt(request: HttpRequest, name: str) -> HttpResponse:
    """A tag that is written in another way than its own: one tag, one address."""
    return HttpResponsePermanentRedirect(links.tag(name))


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """The tags of public forums, those of most threads first. One SQL query."""

    def plan(directory: Directory, __: Reader) -> Plan:
        def body(__: Written) -> str:
            found = counted([rules.name for rules in directory.readable(ANONYMOUS)], TAGS_SHOWN)
            rows = zip(tag_rows(name for name, __ in found), (count for __, count in found), strict=True)
            return render("forum/tags.html", tags=list(rows), meta=meta.tags())

        return Plan("tags", "/tags/", [tags.TAGS], body)

    return answer(request, plan)


def counted(forums: list[str], limit: int) -> list[tuple[str, int]]:
    """The tags that most threads in these forums have, and how many. One SQL query."""
    rows = ThreadTag.objects.filter(forum__in=forums, listed=True).values("tag").annotate(threads=Count("pk"))
    return [(row["tag"], row["threads"]) for row in rows.order_by("-threads", "tag")[:limit]]


def suggested(directory: Directory, forum: str) -> list[str]:
    """What writers in a forum are offered: tags of that forum and of the public ones. One SQL query."""
    public = [rules.name for rules in directory.readable(ANONYMOUS)]
    return [name for name, __ in counted([*public, forum], SUGGESTED)]


@require_safe
def feed(request: HttpRequest, name: str) -> HttpResponse:
    """The newest threads of a tag in public forums. One SQL query, a BatchGetItem of heads and one of posts."""

    def plan(directory: Directory, __: Reader) -> Plan:
        forums = {rules.name: forum_row(rules) for rules in directory.readable(ANONYMOUS)}
        url = meta.tag_feed(name).url

        def body(__: Written) -> str:
            heads = _heads(_newest(name, forums, ENTRIES), forums)
            if not heads:
                raise NotFound(_("There is no such feed."))
            posts = {post.key: post for post in get_many(Post, [head.first_key for head in heads])}
            authors = Authors(head.user_id for head in heads)
            rows = [
                post_row(posts[head.first_key], authors, head, forums[head.forum])
                for head in heads
                if head.first_key in posts and not posts[head.first_key].deleted
            ]
            return atom(f"{name} · {settings.SITE_NAME}", links.tag(name), url, rows)

        changing = [tags.tag(name), tags.HOME, *map(tags.latest, forums)]
        return Plan("feed", url, changing, body, ATOM)

    return answer(request, plan)
