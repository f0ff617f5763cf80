"""What happens around every view: errors become pages, holes are filled, costs are shown."""

import time
from collections.abc import Callable

from django.conf import settings
from django.db import connection as database
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from . import delivery, holes, kept, languages, readers, zones
from .charging import charge
from .errors import BadRequest, ForumError
from .tables import base
from .views import errors as error_pages
from .views import holes as hole_fillers
from .views import problems
from .views.caching import PageResponse

Next = Callable[[HttpRequest], HttpResponse]

POLICY = "; ".join(
    [
        "default-src 'self'",
        "img-src 'self' https: data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)


class RememberHeaders:
    """Adds to an answer that is kept for the fast path the headers that it was sent with. First in, so last out."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        answer = request.META.get(delivery.META)
        if answer is not None and not answer.complete and response.status_code == 200 and not response.cookies:
            answer.remember(list(response.items()))
        return response


class HealthCheck:
    """`/healthz` says that this process answers. It comes first: load balancers ask by address, which is
    no allowed host; and it asks no store, so that one store's outage does not take every server out."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return HttpResponse("ok\n", content_type="text/plain")
        return self.get_response(request)


class HeadWithoutBody:
    """Answers HEAD as GET, length and all, less the body, which gunicorn would complain about and drop.
    A 304, which never has a body, says nothing of a length: 0 would be wrong."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method == "HEAD" and not response.streaming:
            response.setdefault("Content-Length", str(len(response.content)))
            response.content = b""
        if response.status_code == 304:
            del response["Content-Length"]
        return response


class ContentSecurityPolicy:
    """No page holds inline script or style, so the policy is one constant and needs no nonce."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Content-Security-Policy", POLICY)
        return response


class Language:
    """Answers in the visitor's language, and says so. Caches on the way keep nothing, but browsers do."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        accepted = request.headers.get("Accept-Language", "")
        language = languages.of(request.COOKIES.get(languages.COOKIE, ""), accepted)
        with translation.override(language):
            response = self.get_response(request)
        response.setdefault("Content-Language", language)
        patch_vary_headers(response, ["Accept-Language"])
        return response


class TimeZone:
    """Tells times in the reader's zone, wherever a page is made for them alone."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(zones.Lazy(lambda: readers.known(request).zone)):
            return self.get_response(request)


class ServerTiming:
    """Counts what a request costs, also for the operations page; refuses scans; shows the figures to staff, and
    to all in DEBUG."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        queries = QueryCounter()
        with (
            base.counting(scans_allowed=False, patience=base.REQUEST_SECONDS) as ledger,
            database.execute_wrapper(queries),
        ):
            response = self.get_response(request)
        charge(_page(request), ledger)
        if settings.DEBUG or _is_staff(request):
            response["Server-Timing"] = _timing(ledger, queries.count, time.perf_counter() - started)
        return response


def _page(request: HttpRequest) -> str:
    """What the request is counted as, see `forum.charging`."""
    route = request.resolver_match
    if route is None:
        return "no page"
    return route.view_name if request.method in ("GET", "HEAD") else f"act: {route.view_name}"


def _timing(ledger: base.Ledger, queries: int, seconds: float) -> str:
    """https://www.w3.org/TR/server-timing/: the whole, then each table and index that was asked."""
    # A name may not have a slash in it.
    parts = "".join(
        f'{part.replace("/", ".")};desc="{used.read:g} read units, {used.write:g} write units", '
        for part, used in ledger.used.items()
    )
    return (
        f'dynamodb;desc="{len(ledger.calls)} calls, {ledger.read_units:g} read units, '
        f'{ledger.write_units:g} write units";dur={ledger.seconds * 1000:.1f}, {parts}'
        f'sql;desc="{queries} queries", total;dur={seconds * 1000:.1f}'
    )


class QueryCounter:
    """A Django database wrapper that counts statements."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute: Callable[..., object], *arguments: object) -> object:
        self.count += 1
        return execute(*arguments)


def _is_staff(request: HttpRequest) -> bool:
    """Whether the view found a staff member; a page that never asked who reads it is not slowed by asking."""
    reader, user = request.META.get(readers.META), request.__dict__.get("_cached_user")
    return bool((reader and reader.is_staff) or (user and user.is_staff))


class ErrorPages:
    """Turns the errors of `forum.errors`, and failures of the stores, into pages."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path:
            return error_pages.show(request, BadRequest(_("This address holds a character that no address has.")))
        response = self.get_response(request)
        if response.status_code == 405 and (problems.wanted(request) or not response.content):
            return self._wrong_method(request, response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        error = error_pages.translated(exception)
        return error_pages.page(request, error) if error is not None else None

    def _wrong_method(self, request: HttpRequest, refused: HttpResponse) -> HttpResponse:
        error = ForumError(_("This address only takes forms that are sent from a page of this site."))
        if problems.wanted(request):
            error = ForumError(
                _("This address does not take %(method)s, but %(value)s.")
                % {"method": request.method, "value": refused["Allow"]}
            )
        error.status, error.heading = 405, _("Nothing to see here")
        response = error_pages.show(request, error)
        response["Allow"] = refused["Allow"]
        return response


class KeptText:
    """Text that is sent after its writer's session has ended is kept while they sign in, and no longer than until its
    form has been taken."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if error_pages.asks_to_sign_in(request, response):
            return error_pages.sign_in_first(request)
        if request.method == "POST" and response.status_code == 302:
            kept.forget(request)
        return response


class FillHoles:
    """Fills the holes of every page, cached or not, for its reader. Last in, so first to see the answer."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if isinstance(response, PageResponse):
            response = delivery.deliver(request, response)
        elif not response.streaming and holes.has_holes(response.content):
            response.content = hole_fillers.fill(request, response.content)
        # Whatever a view answers is for one reader: no proxy may keep it, and a browser asks again.
        response.setdefault("Cache-Control", "private, no-cache")
        return response
