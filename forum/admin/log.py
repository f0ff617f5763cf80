"""The log of moderation in the administration: of a month, a forum, a member; and the same as CSV."""

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from forum import logbook
from forum.errors import BadRequest, NotFound
from forum.permissions import MESSAGE_RULES, can_read, moderates
from forum.tables import browsing
from forum.tables.browsing import TOP, Cut
from forum.tables.moderation import Record

from . import finding
from .dynamo import BEFORE, Chosen, Column, DynamoAdmin, Filter
from .log_rows import did_and_changed, linked
from .site import basis, forums_moderated, forums_read, granted, site, who

MONTHS = 12
_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])", re.ASCII)
# Records that are read, named and sent at a time.
EXPORT_STEP = 500
COLUMNS = ["time", "by", "kind", "subject", "forum", "concerns", "reason", "changes", "job"]
# With these a spreadsheet takes a cell for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def sees_all(request: HttpRequest) -> bool:
    return granted(request, "forum.view_log")


def may_see_log(request: HttpRequest) -> bool:
    return sees_all(request) or bool(forums_moderated(request))


def forums_logged(request: HttpRequest) -> dict[str, str]:
    """The forums whose log the asker may see: their titles by name."""
    reader, everything = who(request), sees_all(request)
    forums = basis(request).directory.forums.values()
    # What moderators did about private messages that were reported to them.
    messages = [MESSAGE_RULES] if everything or moderates(reader, MESSAGE_RULES) else []
    found = [f for f in forums if moderates(reader, f) or (everything and can_read(reader, f))]
    return {f.name: f.title for f in [*found, *messages]}


def visible(request: HttpRequest, records: Sequence[Record]) -> list[Record]:
    """The records the asker may see: none of forums that are not theirs; acts that are about no forum are for
    those who may see the whole log."""
    names, everything = forums_logged(request), sees_all(request)
    return [record for record in records if (record.forum in names if record.forum else everything)]


def last_months() -> list[str]:
    """The last MONTHS months, the present one first: "2026-11"."""
    now = datetime.now(UTC)
    places = (now.year * 12 + now.month - 1 - back for back in range(MONTHS))
    return [f"{place // 12}-{place % 12 + 1:02}" for place in places]


class Log(DynamoAdmin[Record, logbook.Entry]):
    name, title, section = "log", gettext_lazy("Log"), gettext_lazy("Moderation")
    one, many = gettext_lazy("act"), gettext_lazy("acts")
    jump_help = gettext_lazy(
        "@name for what concerns a member; a month (2026-11) or a day (2026-11-23); a post or a thread."
    )
    empty = gettext_lazy("Nothing was done here.")
    columns = [
        Column(gettext_lazy("When"), lambda entry: entry.when, classes="nowrap"),
        Column(gettext_lazy("Who"), lambda entry: linked(entry.record.user_id, entry.by)),
        Column(gettext_lazy("Did"), did_and_changed, classes="wide"),
        Column(gettext_lazy("Concerns"), lambda entry: linked(entry.record.member_id or "", entry.concerns)),
        Column(gettext_lazy("Why"), lambda entry: entry.reason, classes="wide"),
        Column(gettext_lazy("Forum"), lambda entry: entry.forum),
    ]

    def counted(self, count: int) -> str:
        return ngettext("%(count)s act", "%(count)s acts", count) % {"count": intcomma(count)}

    def may(self, request: HttpRequest) -> bool:
        return may_see_log(request)

    def choose(self, request: HttpRequest) -> Chosen:
        """One of member, forum and month. Whoever sees all sees this month's where nothing is said, others
        their first forum's: a month is of all forums."""
        if member := request.GET.get("member", ""):
            return {"member": finding.member_id(member.removeprefix("@"))}
        forums = forums_logged(request)
        if forum := request.GET.get("forum", "") or ("" if sees_all(request) else next(iter(forums))):
            if forum not in forums:
                raise NotFound(_("There is no such forum, or its log is not yours to see."))
            return {"forum": forum}
        month = request.GET.get("month", "") or last_months()[0]
        if not _MONTH.fullmatch(month):
            raise BadRequest(_("There is no such month. Months are written like 2026-11."))
        return {"month": month}

    def filters(self, request: HttpRequest) -> Sequence[Filter]:
        forums = Filter("forum", _("forum"), list(forums_logged(request).items()))
        months = Filter("month", _("month"), [(month, month) for month in last_months()])
        return [months, forums] if sees_all(request) else [forums]

    def heading(self, request: HttpRequest, chosen: Chosen) -> str:
        if member := chosen.get("member"):
            return _("Log: %(what)s") % {"what": logbook.names_of([member])[member]}
        what = forums_logged(request).get(chosen.get("forum", ""), chosen.get("month", ""))
        return _("Log: %(what)s") % {"what": what}

    def tools(self, request: HttpRequest, chosen: Chosen) -> Sequence[tuple[str, str]]:
        return [(_("Download all of it (CSV)"), f"{reverse('admin:log_export')}?{urlencode(chosen)}")]

    def list(self, request: HttpRequest, chosen: Chosen, cut: Cut, limit: int) -> Sequence[Record]:
        if member := chosen.get("member"):
            return browsing.list_member_log(member, cut, limit)
        if forum := chosen.get("forum"):
            return browsing.list_forum_log(forum, cut, limit)
        return browsing.list_month_log(chosen["month"], cut, limit)

    def key(self, chosen: Chosen, item: Record) -> str:
        return item.event_time

    def rows(self, request: HttpRequest, items: Sequence[Record]) -> Sequence[logbook.Entry]:
        """One BatchGetItem of the threads, one SQL query of the names."""
        shown = visible(request, items)
        titles = {head.id: head.title for head in logbook.heads_of(shown).values()}
        return logbook.entries(shown, forums_read(request), titles)

    def jump(self, request: HttpRequest, text: str) -> str:
        if address := finding.post_in(text):
            return reverse("admin:posts_detail", args=["{}-{}".format(*address)])
        if thread_id := finding.thread_in(text):
            return reverse("admin:threads_detail", args=[thread_id])
        if member := finding.member_in(text):
            return f"{self.list_url}?{urlencode({'member': finding.member_id(member)})}"
        if before := finding.day_in(text):
            chosen = self.choose(request)
            chosen = {"month": text[:7]} if "month" in chosen else chosen
            return f"{self.list_url}?{urlencode({**chosen, BEFORE: before})}"
        if _MONTH.fullmatch(text) and sees_all(request):
            return f"{self.list_url}?{urlencode({'month': text})}"
        raise BadRequest(_("This is no @name, no day, no post and no thread. Days are written like 2026-11-23."))


# -- The same as CSV ------------------------------------------------------------------------------


@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """All of a month, a forum or a member, as it is read: one Query for each EXPORT_STEP records, which are all
    that is in memory. The first is made before the answer begins, so that an outage still has its page."""
    chosen = log.choose(request)
    first = log.list(request, chosen, TOP, EXPORT_STEP)
    [(kind, what)] = chosen.items()
    response = StreamingHttpResponse(_lines(request, chosen, first), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="log-{kind}-{what}.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _lines(request: HttpRequest, chosen: Chosen, records: Sequence[Record]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    while records:
        for entry in logbook.entries(visible(request, records), forums_read(request)):
            yield writer.writerow([_harmless(text) for text in _cells(entry)])
        if len(records) < EXPORT_STEP:
            return
        records = log.list(request, chosen, Cut(before=records[-1].event_time), EXPORT_STEP)


def _cells(entry: logbook.Entry) -> list[str]:
    record = entry.record
    times = [entry.when.isoformat(), entry.by, entry.kind, record.subject, entry.forum]
    return [*times, entry.concerns, entry.reason, entry.changes, record.job_id or ""]


def _harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP: CSV injection)."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


log = Log()
log.register()
site.add_page("log.csv", export, name="log_export", title="", section=gettext_lazy("Moderation"), may=may_see_log)
