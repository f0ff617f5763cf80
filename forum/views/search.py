"""Finding: the page of results, and threads with titles like one that is being written.

What is found differs between readers, so nothing of it is kept.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from forum import links, readers
from forum.actions import pace
from forum.directory import Directory
from forum.permissions import Reader
from forum.search import finding
from forum.search.backend import CLOSE, OPEN, Hit
from forum.search.documents import when
from forum.search.finding import NEWEST, RELEVANT, SORTS, Found
from forum.search.query import FILTERS, UNSPACED, Query, parse

from .caching import Plan, answer, render
from .posting import INVALID
from .rows import Author, Authors, ForumRow, Row, forum_row

URL = "/search/"
# By relevance there are never more.
MOST_PAGES = 50

_BEFORE = re.compile(r"[1-9]\d{0,17}", re.ASCII)
# The index keeps characters of unspaced scripts apart; readers see them as they were written.
_APART = re.compile(f"(?<=[{UNSPACED}])([{OPEN}{CLOSE}]*) ([{OPEN}{CLOSE}]*)(?=[{UNSPACED}。，、；：？！）」』”])")


@dataclass(frozen=True, slots=True)
class Result(Row):
    """A hit as the page shows it; `title` and `snippet` are HTML with what was found in <mark>."""

    title: SafeString
    snippet: SafeString
    url: str
    number: int
    author: Author
    forum: ForumRow
    written: datetime
    solved: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """The page's parameters: what is looked for, in which order, and from where on; what makes no sense of the latter
    is left out."""

    query: Query
    sort: str = RELEVANT
    page: int = 1
    before: int = 0

    @classmethod
    def of(cls, request: HttpRequest) -> "Asked":
        sent = request.GET
        sort, page, before = (sent.get(name, "").strip() for name in ("sort", "page", "before"))
        return cls(
            parse(sent.get("q", "").strip(), {name: sent.get(name, "") for name in FILTERS}),
            sort if sort in SORTS else RELEVANT,
            min(max(int(page), 1), MOST_PAGES) if _BEFORE.fullmatch(page) else 1,
            int(before) if _BEFORE.fullmatch(before) else 0,
        )

    def url(self, **changes: object) -> str:
        """Where the same is asked, but for the changes. What was typed as a filter stands among the filters."""
        fields = {"q": self.query.text, **self.query.filters, "sort": "" if self.sort == RELEVANT else self.sort}
        return f"{URL}?{urlencode({name: value for name, value in {**fields, **changes}.items() if value})}"


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Results, and what may have been meant where there are none. One Redis round trip for the limit and one for
    what was found, two questions to the index, one SQL query for names, and one where an author is named.

    With a filter that makes no sense nothing is looked for: it is in the form again, with what is wrong with it."""
    asked = Asked.of(request)

    def plan(directory: Directory, reader: Reader) -> Plan:
        def body(__: object) -> str | HttpResponse:
            if asked.query.wrong:
                nothing = {**_context(Asked(Query()), directory, reader), "problems": asked.query.problems}
                context = {**nothing, **_form(asked, request.GET, directory, reader)}
                return HttpResponse(render("forum/search.html", **context), status=INVALID)
            if not asked.query.empty:
                pace.take_if_counted("search", readers.at_address(request, reader), str(time.time_ns()))
            context = {**_context(asked, directory, reader), **_form(asked, {}, directory, reader)}
            return render("forum/search.html", **context)

        return Plan("", URL, [], body)

    return answer(request, plan)


def _context(asked: Asked, directory: Directory, reader: Reader) -> dict[str, object]:
    readable = {rules.name: forum_row(rules) for rules in directory.readable(reader)}
    wanted = finding.wanted_of(asked.query, list(readable), list(directory.forums))
    found, meant, problems = Found([]), "", asked.query.problems
    if wanted is None and asked.query.author and not finding.member_of(asked.query):
        problems = (*problems, _("There is no member called “%(name)s”.") % {"name": asked.query.author})
    if asked.query.empty and asked.query.text and not problems:
        problems = (_("There is no word to look for in this: please type letters or digits."),)
    if wanted is not None:
        found = finding.find(wanted, asked.sort, asked.page, asked.before)
        if not found.hits and asked.page == 1 and not asked.before:
            meant = finding.did_you_mean(asked.query, wanted)
    return {
        "asked": asked,
        "empty": asked.query.empty,
        "problems": problems,
        "results": _results([hit for hit in found.hits if hit.author not in reader.ignored], readable),
        "count": _count_in_words(asked, found),
        "meant": meant,
        "meant_url": f"{URL}?{urlencode({'q': meant})}",
        "by_relevance": asked.sort == RELEVANT and bool(asked.query.terms),
        "can_sort": bool(asked.query.terms),
        "relevant_url": asked.url(sort=""),
        "newest_url": asked.url(sort=NEWEST),
        "everywhere_url": asked.url(thread="") if asked.query.thread else "",
        **_pager(asked, found),
    }


def _form(asked: Asked, sent: Mapping[str, str], directory: Directory, reader: Reader) -> dict[str, object]:
    """The form: what is set, whether it was typed or chosen, and of what was not understood what was `sent`."""
    query = asked.query
    wrong = dict(query.wrong)
    values = {**query.filters, **{name: sent[name] for name in wrong}}
    forums = [forum_row(rules) for rules in directory.readable(reader)]
    return {
        "text": query.text,
        "filters": values,
        "wrong": wrong,
        "set": sum(1 for value in values.values() if value),
        "forums": forums,
        # A forum that the reader does not know of stays in the form as they named it, and finds nothing.
        "other_forum": values["forum"] if values["forum"] not in {forum.name for forum in forums} else "",
        "newest_first": asked.sort == NEWEST,
    }


def next_url(asked: Asked, found: Found) -> str:
    """Where the results go on, "" at their end."""
    return _pager(asked, found)["next_url"]


def _pager(asked: Asked, found: Found) -> dict[str, str]:
    """Where other results are: pages of the most relevant, and older ones of the newest."""
    if found.before:
        first = asked.url() if asked.before else ""
        return {"next_url": asked.url(before=found.before) if found.more else "", "previous_url": first}
    return {
        "next_url": asked.url(page=asked.page + 1) if found.more and asked.page < MOST_PAGES else "",
        "previous_url": asked.url(page=asked.page - 1 if asked.page > 2 else "") if asked.page > 1 else "",
    }


def _count_in_words(asked: Asked, found: Found) -> str:
    """How many there are, where that is known without counting them."""
    if not found.most:
        return ""
    if found.most >= MOST_COUNTED:
        return _("More than %(number)s results") % {"number": MOST_COUNTED}
    return ngettext("%(number)s result", "%(number)s results", found.most) % {"number": found.most}


MOST_COUNTED = 700


def _results(hits: list[Hit], forums: dict[str, ForumRow]) -> list[Result]:
    if not hits:
        return []
    authors = Authors(hit.author for hit in hits)
    return [
        Result(
            marked(hit.title),
            marked(hit.snippet),
            links.post(hit.thread, hit.number),
            hit.number,
            authors[hit.author],
            forums[hit.forum],
            when(hit.id),
            hit.solved,
        )
        for hit in hits
    ]


def marked(text: str) -> SafeString:
    """A text of the index as HTML, with what was found in <mark>."""
    shown = escape(_APART.sub(r"\1\2", text))
    return mark_safe(shown.replace(OPEN, "<mark>").replace(CLOSE, "</mark>"))


@require_safe
def similar(request: HttpRequest) -> HttpResponse:
    """Up to five threads, which the reader may read, with titles like `title`, as JSON:
    `{"threads": [{"title", "url", "forum"}]}`. Two Redis round trips, one question to the index."""
    basis = readers.fresh(request)
    pace.take_if_counted("similar", basis.reader, str(time.time_ns()))
    forums = {rules.name: rules for rules in basis.directory.readable(basis.reader)}
    found = finding.similar(request.GET.get("title", "")[:300], list(forums))
    threads = [
        {"title": _APART.sub(r"\1\2", each.title), "url": links.post(each.id, 1), "forum": forums[each.forum].title}
        for each in found
    ]
    return JsonResponse({"threads": threads})
