"""Errors as programs read them: problem details (RFC 9457) for whatever is asked below /api/.

https://www.rfc-editor.org/rfc/rfc9457
"""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from forum import links
from forum.errors import ForumError, SignInNeeded

CONTENT_TYPE = "application/problem+json"
ROOT = "/api/"
UNAUTHORIZED = 401


def wanted(request: HttpRequest) -> bool:
    return request.path.startswith(ROOT)


def answer(request: HttpRequest, error: ForumError, **more: Any) -> HttpResponse:
    """The error as JSON: `title` is what kind it is and `detail` this one in words; `links` lead on, as on the page."""
    status = UNAUTHORIZED if isinstance(error, SignInNeeded) else error.status
    told = {
        "type": "about:blank",
        "title": error.heading,
        "status": status,
        "detail": error.message,
        "instance": request.path,
        "links": [{"title": words, "url": links.absolute(url)} for words, url in error.links if url.startswith("/")],
    }
    # What waits for approval is no problem, only not done yet.
    kind = CONTENT_TYPE if status >= 400 else "application/json"
    response = JsonResponse({**told, **more}, status=status, content_type=kind)
    response["Cache-Control"] = "no-store"
    if status == UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    return response
