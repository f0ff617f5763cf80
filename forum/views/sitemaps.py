"""What search engines ask for: robots.txt, and sitemaps of what everybody may read.

A sitemap holds a thousand threads of one partition, in the order in which they began: one Query, from an id that
`actions.mapping` has noted. Sitemaps are kept for ten minutes, and renewed at once when a thread is removed,
renamed or moved, or a forum closed, so that nothing stands in them longer than on the pages.
"""

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from forum import links
from forum.actions.mapping import THREADS
from forum.cache import tags
from forum.cache.pages import Written
from forum.directory import Directory
from forum.errors import NotFound
from forum.models import SitemapPart
from forum.permissions import ANONYMOUS, Reader
from forum.tables import mapping

from .caching import Plan, answer, render

XML = "application/xml; charset=utf-8"
# A thread that was begun long before it was sent can fall into a part that was full.
MOST = THREADS + 500
CLOSED = [
    *("/accounts/", "/admin/", "/bookmarks/", "/drafts/", "/jobs/", "/notifications/", "/pending/"),
    *("/preview/", "/search/", "/settings/", "/language/", "/theme/", "/watched/", "/api/", "/live/", "/f/*/live/"),
    *("/f/*/new/", "/f/*/*/edit/", "/f/*/*/delete/", "/f/*/*/report/", "/f/*/*/history/", "/*?before="),
]


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in (CLOSED if settings.SEARCH_ENGINES else ["/"]))]
    if settings.SEARCH_ENGINES:
        lines += ["", f"Sitemap: {links.absolute('/sitemap.xml')}"]
    return HttpResponse("\n".join([*lines, ""]), content_type="text/plain; charset=utf-8")


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All sitemaps. One SQL query."""

    def plan(directory: Directory, __: Reader) -> Plan:
        def body(__: Written) -> str:
            public = directory.readable(ANONYMOUS)
            parts = {(rules.name, shard): 1 for rules in public for shard in range(rules.shards)}
            for forum, shard in SitemapPart.objects.values_list("forum", "shard"):
                if (forum, shard) in parts:
                    parts[forum, shard] += 1
            urls = [
                links.absolute(f"/sitemaps/{forum}-{shard}-{number}.xml")
                for (forum, shard), count in parts.items()
                for number in range(1, count + 1)
            ]
            return render("forum/sitemap_index.xml", urls=urls)

        return Plan("sitemap", "/sitemap.xml", [tags.TITLES], body, XML)

    return answer(request, plan)


@require_safe
def part(request: HttpRequest, name: str, shard: int, number: int) -> HttpResponse:
    """Some thousand threads. One SQL query and one Query."""

    def plan(directory: Directory, __: Reader) -> Plan:
        rules = {rules.name: rules for rules in directory.readable(ANONYMOUS)}.get(name)
        if rules is None or shard >= rules.shards:
            raise NotFound(_("There is no such sitemap."))

        def body(__: Written) -> str:
            first, before = _ends(name, shard, number)
            heads = mapping.list_by_id(name, shard, first, before, MOST if before else THREADS)
            shown = [head for head in heads if not head.deleted and not head.moved_to]
            urls: list[tuple[str, datetime | None]] = [
                (links.absolute(links.thread(head)), head.last_activity) for head in shown
            ]
            if number == 1 and shard == 0:
                urls.insert(0, (links.absolute(links.forum(name)), None))
            return render("forum/sitemap.xml", urls=urls)

        url = f"/sitemaps/{name}-{shard}-{number}.xml"
        return Plan(f"sitemap:{name}-{shard}-{number}", url, [tags.TITLES], body, XML)

    return answer(request, plan)


def _ends(forum: str, shard: int, number: int) -> tuple[str, str]:
    """The ids at which a part begins and the next one does; NotFound where there are fewer parts."""
    known = SitemapPart.objects.filter(forum=forum, shard=shard).order_by("first_id").values_list("first_id", flat=True)
    begins = ["", *known[max(number - 2, 0) : number]] if number == 1 else [*known[number - 2 : number]]
    if not begins:
        raise NotFound(_("There is no such sitemap."))
    return begins[0], begins[1] if len(begins) > 1 else ""
