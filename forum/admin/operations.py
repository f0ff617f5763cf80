"""Operations in the admin: tables and indexes, Redis, what pages cost, background jobs, and what is unsafe."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from forum import checks, jobs
from forum.cache import units
from forum.languages import Words
from forum.models import Job
from forum.redis import Down
from forum.tables import provision, schema
from forum.tables.provision import ProvisionError, Status

from . import cache, charts
from .jobs import rows, title_of
from .site import granted, site

TITLE = gettext_lazy("Operations")
# So long what DynamoDB said of the tables is shown again: asking takes twelve calls.
KEEP_SECONDS = 10.0
# They are kept with what DynamoDB said, for people of all languages, so they are put into words when they are shown.
ON_DEMAND, WITH_ITS_TABLE = gettext_lazy("on demand"), gettext_lazy("with its table")
# A job that waits so long finds no worker.
WAITED = timedelta(minutes=1)
JOBS_SHOWN = 10
PAGES_SHOWN = 40


@dataclass(frozen=True, slots=True)
class IndexRow:
    """An index as DynamoDB describes it; a local one is a part of its table, and is billed with it."""

    name: str
    keys: str
    local: bool
    state: str
    billing: Words
    items: int
    size: int


@dataclass(frozen=True, slots=True)
class TableRow:
    """A table as DynamoDB describes it; what the engine does not know is None. It counts items every six hours."""

    name: str
    keys: str
    state: str
    billing: Words
    items: int
    size: int
    stream: str
    expiry: str | None
    recovery: bool | None
    protected: bool
    indexes: list[IndexRow]
    differences: list[str]


@dataclass(frozen=True, slots=True)
class Tables:
    """All tables, or why nothing is known of them."""

    rows: list[TableRow]
    trouble: str
    read_at: float


_kept = Tables([], "", -KEEP_SECONDS)


def tables() -> Tables:
    """What DynamoDB says of the tables; three calls for each, at most every ten seconds in each process."""
    global _kept
    if time.monotonic() - _kept.read_at < KEEP_SECONDS:
        return _kept
    try:
        _kept = Tables([_table(schema.declared(model)) for model in schema.MODELS], "", time.monotonic())
    except ProvisionError as error:
        # Asked again at once: whoever looks at this is mending it.
        return Tables([], str(error), 0.0)
    return _kept


def forget() -> None:
    """Ask again at once (tests)."""
    global _kept
    _kept = Tables([], "", -KEEP_SECONDS)


def _table(wanted: schema.Shape) -> TableRow:
    found = provision.status(wanted.name)
    differences = [one.sentence for one in schema.differences(wanted, found.shape if found else None)]
    if found is None:
        return TableRow(wanted.name, "", "MISSING", "", 0, 0, "", "", None, False, [], differences)
    table = found.table
    return TableRow(
        wanted.name,
        schema.show_keys(found.shape.keys),
        str(table.get("TableStatus", "")),
        _billing(table),
        int(table.get("ItemCount", 0)),
        int(table.get("TableSizeBytes", 0)),
        _stream(table),
        found.shape.expiry,
        found.recovery,
        found.protected,
        [_index(found, index) for index in _described_indexes(table)],
        differences,
    )


def _described_indexes(table: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*(table.get("LocalSecondaryIndexes") or ()), *(table.get("GlobalSecondaryIndexes") or ())]


def _index(table: Status, index: Mapping[str, Any]) -> IndexRow:
    shape = table.shape.indexes[index["IndexName"]]
    return IndexRow(
        str(index["IndexName"]),
        schema.show_keys(shape.keys),
        shape.local,
        str(index.get("IndexStatus", "ACTIVE")),
        WITH_ITS_TABLE if shape.local else _billing(index),
        int(index.get("ItemCount", 0)),
        int(index.get("IndexSizeBytes", 0)),
    )


def _billing(described: Mapping[str, Any]) -> Words:
    reserved = provision.units_of(described)
    return str(reserved) if reserved else ON_DEMAND


def _stream(table: Mapping[str, Any]) -> str:
    stream = table.get("StreamSpecification") or {}
    return str(stream.get("StreamViewType", "on")) if stream.get("StreamEnabled") else ""


# -- The page -------------------------------------------------------------------------------------


@require_safe
def operations_page(request: HttpRequest) -> HttpResponse:
    """Everything at one look. At most twelve calls of DynamoDB's, six round trips to Redis, some SQL."""
    counts = dict(Job.objects.values_list("status").annotate(Count("pk")))
    context = {
        **admin.site.each_context(request),
        "title": TITLE,
        "warnings": warnings(request),
        "tables": tables(),
        "servers": list(cache.SERVERS.values()),
        "server_rows": cache.servers(),
        "cache_link": cache_link(request),
        **spent(),
        "jobs": rows(request, list(Job.objects.filter(status__in=jobs.UNFINISHED).order_by("-pk")[:JOBS_SHOWN])),
        "job_counts": [(label, value, counts.get(value, 0)) for value, label in Job.Status.choices],
    }
    return TemplateResponse(request, "admin/forum/operations.html", context)


def warnings(request: HttpRequest) -> list[str]:
    """What somebody should do something about, as sentences."""
    found = []
    if names := checks.known_sign_ins():
        said = _(
            "The sample community's sign-ins (%(names)s) still have the passwords that everybody can read. "
            "Give them others or deactivate them before you serve in public."
        ) % {"names": ", ".join(names)}
        urgent = "" if settings.LOCAL else _("Do it now: this forum is public.")
        found.append(f"{said} {urgent}".rstrip())
    oldest = Job.objects.filter(status=Job.Status.WAITING, changed__lt=timezone.now() - WAITED).order_by("changed")
    if job := oldest.first():
        said = _("“%(job)s” has waited for more than a minute. Is `manage.py work` running?")
        found.append(said % {"job": title_of(request, job)})
    if failed := Job.objects.filter(status=Job.Status.FAILED).count():
        said = ngettext("%(count)s background job has failed.", "%(count)s background jobs have failed.", failed)
        found.append(said % {"count": intcomma(failed)})
    return found


def cache_link(request: HttpRequest) -> bool:
    """Whether the asker may open the page of the page cache."""
    return bool(request.user.is_superuser)


@dataclass(frozen=True, slots=True)
class PartRow:
    """What a table or an index was asked for in the last hour: in all, and a second in the busiest minute of each."""

    name: str
    read: float
    busiest_read: float
    write: float
    busiest_write: float


def spent() -> dict[str, Any]:
    """What pages cost, the dearest first, over time, and by table and index; `spent` is None while Redis is down."""
    try:
        minutes, hours = units.last(60, units.MINUTE), units.last(24, units.HOUR)
    except Down:
        return {"spent": None}
    hour = units.merged(minutes)
    return {
        "spent": hour.pages()[:PAGES_SHOWN],
        "charts": [
            charts.of_units(_("The last hour, by the minute"), minutes),
            charts.of_units(_("The last day, by the hour"), hours),
        ],
        "parts": _part_rows(hour, minutes),
    }


def _part_rows(hour: units.Slice, minutes: list[units.Slice]) -> list[PartRow]:
    busiest = units.busiest(minutes, units.MINUTE)
    return [
        PartRow(part, read, busiest[part][0], write, busiest[part][1]) for part, (read, write) in hour.parts().items()
    ]


def may(request: HttpRequest) -> bool:
    return granted(request, "forum.view_operations")


site.add_page(
    "operations/", operations_page, name="operations", title=TITLE, section=gettext_lazy("Operations"), may=may
)
