"""The API as a whole: its routes, its errors, its description."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from forum.errors import BadRequest, ForumError
from forum.views import errors as error_pages
from forum.views import problems

from . import personal, reading, writing  # noqa: F401 - they fill the router
from .door import enter
from .errors import Invalid, of_pydantic
from .routes import router

DESCRIPTION = """Reading and writing as on the pages, by the same rules; docs/api.md says what only the pages do.

Come with a personal token (`Authorization: Bearer fpt_…`), or from a page of the site with its session and the header
`X-CSRFToken`. What everybody may read needs neither. Lists go on at `next`. Errors are problem details (RFC 9457).
Whatever answers GET answers HEAD as well, without the body.
"""

api = NinjaAPI(
    title="The forum's API",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api",
    openapi_url="openapi.json",
    docs_url=None,
    auth=enter,
    openapi_extra={
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "sessionid"},
            }
        },
        "security": [{"token": []}, {"session": []}, {}],
    },
)
api.add_router("", router)


def urls() -> tuple[list[URLResolver | URLPattern], str, str]:
    """All addresses. ninja knows each method that an operation was made for and no other."""
    patterns, app, namespace = api.urls
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            pattern.callback = _with_head(pattern.callback)
    return patterns, app, namespace


def _with_head(view: Callable[..., Any]) -> Callable[..., HttpResponse]:
    """HEAD is answered as GET, of which `middleware.HeadWithoutBody` takes the body."""

    @wraps(view)
    def answering(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
        asked = request.method
        request.method = "GET" if asked == "HEAD" else asked
        response: HttpResponse = view(request, *arguments, **named)
        request.method = asked
        if response.status_code == 405:
            response["Allow"] = response["Allow"].replace("GET", "GET, HEAD")
        return response

    return answering


@api.exception_handler(Exception)
def _answer(request: HttpRequest, error: Exception) -> HttpResponse:
    """As on the pages: what is no error of ours, nor a store's, is a bug for Django to report."""
    known = error_pages.translated(error)
    if known is None:
        raise error
    return problems.answer(request, known, **({"fields": known.fields} if isinstance(known, Invalid) else {}))


@api.exception_handler(ValidationError)
def _answer_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return _answer(request, of_pydantic(error.errors))


@api.exception_handler(HttpError)
def _answer_refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    """What ninja itself cannot make sense of, such as a body that is no JSON."""
    told: ForumError = BadRequest(str(error))
    told.status = error.status_code
    return _answer(request, told)
