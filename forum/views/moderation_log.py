"""What moderators do, for everybody to read, where the operator wants that: /moderation-log/.

Who acted, on whom or what, and why; nothing of forums that are not public, and nothing of notes among staff,
of warnings, of reports and of those who reported.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from forum import links, logbook, wording
from forum.directory import Directory
from forum.errors import BadRequest, NotFound
from forum.logbook import Entry
from forum.permissions import Reader
from forum.tables import browsing
from forum.tables.browsing import Cut
from forum.tables.keys import cursor, read_cursor
from forum.tables.moderation import Record
from forum.tables.threads import Thread

from .caching import Plan, answer, render
from .rows import Row

PER_PAGE = 50
# Where a page would be empty, so many more acts are looked through at a time, and so often, for one to be told.
FURTHER, TIMES = 500, 4
URL = "/moderation-log/"
_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Line(Row):
    """An act: `url` leads to what was acted on, "" where that is not to be seen."""

    entry: Entry
    what: str
    url: str
    member_url: str
    forum: str

    @property
    def what_link(self) -> str:
        return _link(self.what, self.url)

    @property
    def member_link(self) -> str:
        return _link(self.entry.concerns, self.member_url)

    @property
    def count(self) -> str:
        """How much it was: of what is told once for very many posts."""
        return self.entry.changes if self.entry.kind in ("nuke", "unnuke") else ""


def _link(words: str, url: str) -> str:
    return format_html('<a href="{}">{}</a>', url, words) if url else words


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """A month, newest first. One Query, one BatchGetItem of the threads, one SQL query; up to TIMES Queries more where
    the page would be empty.

    It is not kept: a tag for it would have to be renewed by every act, one of which hides what its line still names,
    and the page is asked for seldom."""
    if not settings.PUBLIC_MODERATION_LOG:
        raise NotFound(_("There is no page at this address. It may have been mistyped."))
    month = request.GET.get("month") or f"{datetime.now(UTC):%Y-%m}"
    if not _MONTH.fullmatch(month):
        raise BadRequest(_("There is no such month. Months are written like 2026-11."))
    before = read_cursor(request.GET["before"]) if request.GET.get("before") else ""

    def plan(directory: Directory, reader: Reader) -> Plan:
        def body(__: object) -> str:
            shown, last = _told(directory, month, before)
            older = f"{URL}?month={month}&before={cursor(last)}" if last else ""
            return render(
                "forum/moderation_log.html",
                month=datetime.fromisoformat(f"{month}-01"),
                lines=_lines(directory, shown),
                older_url=older,
                newest_url=f"{URL}?month={month}" if before else "",
                other_months=_neighbours(month),
            )

        return Plan("", URL, [], body)

    return answer(request, plan)


def _told(directory: Directory, month: str, before: str) -> tuple[list[Record], str]:
    """The next acts that everybody may know of, and the sort key that the next page goes on below, "" at the end."""
    limit = PER_PAGE
    for __ in range(1 + TIMES):
        found = browsing.list_month_log(month, Cut(before=before), limit + 1)
        told = [record for record in found[:limit] if public(directory, record)][:PER_PAGE]
        more = len(found) > limit
        if told or not more:
            break
        before, limit = found[limit - 1].event_time, FURTHER
    if len(told) == PER_PAGE:
        last = told[-1].event_time
        return told, last if more or last != found[-1].event_time else ""
    return told, found[limit - 1].event_time if more else ""


def _neighbours(month: str) -> list[tuple[str, str]]:
    """The month before and the one after, unless that is still to come: (label, URL)."""
    place = int(month[:4]) * 12 + int(month[5:]) - 1
    names = [f"{near // 12}-{near % 12 + 1:02}" for near in (place - 1, place + 1)]
    return [(name, f"{URL}?month={name}") for name in names if name <= f"{datetime.now(UTC):%Y-%m}"]


def public(directory: Directory, record: Record) -> bool:
    """Whether everybody may know of it. Acts of a job are told once, by the act that started it."""
    if record.kind.removesuffix(" thread") not in logbook.PUBLIC or record.job_id and record.forum:
        return False
    if not record.forum:
        return record.subject.startswith("USER#")
    forum = directory.forums.get(record.forum)
    return forum is not None and forum.public


def _public_forums(directory: Directory) -> set[str]:
    return {name for name, forum in directory.forums.items() if forum.public}


def _lines(directory: Directory, records: Sequence[Record]) -> list[Line]:
    entries = logbook.entries(records, _public_forums(directory))
    heads = {head.id: head for head in logbook.heads_of(records).values() if not head.deleted}
    return [_line(directory, entry, heads.get(entry.subject[1])) for entry in entries]


def _line(directory: Directory, entry: Entry, head: Thread | None) -> Line:
    kind, thread, number = entry.subject
    forum = directory.forums[entry.forum].title if entry.forum else ""
    member = entry.concerns if entry.concerns != logbook.FORMER else ""
    url = "" if head is None else links.post(thread, number) if kind == "post" else links.thread(head)
    what = "" if kind == "user" else entry.what if head is None else _in_thread(entry.what, head)
    if kind == "thread" and head is not None:
        what = wording.quoted([head.title])
    return Line(entry, what, url, links.member(member) if member else "", forum)


def _in_thread(what: str, head: Thread) -> str:
    return _("%(what)s in “%(title)s”") % {"what": what, "title": head.title}
