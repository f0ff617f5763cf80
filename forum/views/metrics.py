"""`/metrics`: what all processes have counted, in Prometheus' text format, for whoever watches the site.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format

The counts are sums over all processes, from Redis, so one address is asked for the whole site. They start again at 0
when Redis has lost them, which Prometheus takes as a restart. Five round trips to Redis, one SQL statement, and what a
signed-in asker's session costs.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from forum import readers
from forum.cache import stats, units
from forum.models import Job
from forum.redis import Down

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"
REFUSED = "These figures are for operators: sign in as one, or ask with the token or from an address of the settings.\n"

Sample = tuple[Mapping[str, str], float]


@dataclass(frozen=True, slots=True)
class Family:
    """A metric with all its samples."""

    name: str
    kind: str
    help: str
    samples: Iterable[Sample]

    def __str__(self) -> str:
        lines = [f"# HELP {self.name} {self.help}", f"# TYPE {self.name} {self.kind}"]
        lines += [f"{self.name}{_labels(labels)} {value:.15g}" for labels, value in self.samples]
        return "\n".join(lines) + "\n"


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if not _may_see(request):
        wrong = "Authorization" in request.headers
        headers = {"WWW-Authenticate": "Bearer"} if wrong else {}
        return HttpResponse(REFUSED, status=401 if wrong else 403, content_type=PLAIN, headers=headers)
    try:
        body = "".join(str(family) for family in _families())
    except Down:
        return HttpResponse("Redis does not answer, and it holds the figures.\n", status=503, content_type=PLAIN)
    return HttpResponse(body, content_type=CONTENT_TYPE)


# -- Who may ----------------------------------------------------------------------------------------


def _may_see(request: HttpRequest) -> bool:
    """Who has the token, asks from an address of the settings, or is staff with the right to view operations."""
    return _has_token(request) or _is_near(request) or _is_operator(request)


def _has_token(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    wanted: str = settings.METRICS_TOKEN
    return bool(wanted) and scheme.lower() == "bearer" and secrets.compare_digest(token.encode(), wanted.encode())


def _is_near(request: HttpRequest) -> bool:
    try:
        address = ip_address(readers.address_of(request))
        return any(address in ip_network(each, strict=False) for each in settings.METRICS_ADDRESSES)
    except ValueError:
        return False


def _is_operator(request: HttpRequest) -> bool:
    user = request.user
    return user.is_active and bool(getattr(user, "is_staff", False)) and user.has_perm("forum.view_operations")


# -- What is told -----------------------------------------------------------------------------------


def _families() -> Iterator[Family]:
    """All metrics; Down without Redis."""
    spent, events, workers = units.total().pages(), stats.total(), stats.workers()
    yield _counter(
        "requests", "Requests that Django answered, and turns of jobs, by page.", _by_page(spent, "requests")
    )
    yield _counter("dynamodb_calls", "Calls of DynamoDB, by page.", _by_page(spent, "calls"))
    yield _counter("dynamodb_seconds", "Seconds of waiting for DynamoDB, by page.", _by_page(spent, "seconds"))
    yield _counter("dynamodb_units", "Capacity units that DynamoDB counted, by page, table and index.", _units(spent))
    said = "Pages by how they were answered (fast, local, hit, wait, miss, bypass), and what happened beside."
    yield _counter("cache_events", said, (({"event": event}, n) for event, n in events.items()))
    yield Family("forumposts_workers", "gauge", "Processes heard of in the last minute.", [({}, len(workers))])
    counted = dict(Job.objects.values_list("status").annotate(Count("pk")))
    jobs = (({"status": status}, counted.get(status, 0)) for status in Job.Status.values)
    yield Family("forumposts_jobs", "gauge", "Background jobs, by status.", jobs)


def _counter(name: str, said: str, samples: Iterable[Sample]) -> Family:
    return Family(f"forumposts_{name}_total", "counter", said, samples)


def _by_page(spent: Iterable[units.Spent], figure: str) -> Iterator[Sample]:
    return (({"page": each.page}, getattr(each, figure)) for each in spent)


def _units(spent: Iterable[units.Spent]) -> Iterator[Sample]:
    for page in spent:
        for part, pair in (page.parts or {}).items():
            table, _, index = part.partition("/")
            for kind, value in zip(("read", "write"), pair, strict=True):
                if value:
                    yield {"page": page.page, "table": table, "index": index, "kind": kind}, value


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
