"""A cached page on its way to one reader: filled, compressed, or not sent at all (304).

What is made here for a reader is kept beside the page (`forum.fast`), for the next time that the same
reader asks for the same page, before Django or in it.
"""

import math

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers

from . import fast, readers
from .cache import local
from .cache.body import Filled
from .cache.local import Kept
from .cache.pages import page_name
from .fast import Answer, Key
from .views import holes, online, unread
from .views.caching import UNTIL, PageResponse
from .views.post_acts import INCOMPLETE

# Where in a request's META an answer waits for the headers that it is sent with.
META = "forum.answer"
_WHENCE = "HTTP_X_FORWARDED_FOR", "HTTP_USER_AGENT"


def deliver(request: HttpRequest, page: PageResponse) -> HttpResponse:
    """The page for this reader, as the request accepts it."""
    counts = page["Content-Type"].startswith("text/html")
    if counts:
        _count(request, page)
    kept, key = _kept(page), _key(request, page)
    if kept is None or key is None:
        return _response(request, page, _fill(request, page))
    answer = _known(request, kept, key)
    if answer is not None and (answer.marks_stand() or answer.tells(_seen(request, page))):
        request.META[META] = answer
        return _response(request, page, answer.filled)
    present = online.rests_on(page.body.holes)
    filled = _fill(request, page)
    response = _response(request, page, filled)
    seen = _seen(request, page)
    if seen.rests and not seen.lasts():
        return response
    if not (request.META.get("CSRF_COOKIE_NEEDS_UPDATE") or request.META.get(INCOMPLETE)):
        session = getattr(request.session, "stored", b"") if key[1].session else b""
        csrf, until = fast.csrf_cookie(request.COOKIES), request.META.get(UNTIL, math.inf)
        answer = Answer(filled, page.basis, csrf, key[1].session, session, seen, counts, present, until, page.thread)
        local.pages.add_answer(kept, key, answer)
        request.META[META] = answer
    return response


def _count(request: HttpRequest, page: PageResponse) -> None:
    forwarded, agent = (request.META.get(name, "").encode("latin-1", "replace") for name in _WHENCE)
    whence = request.META.get("REMOTE_ADDR") or "", forwarded, agent
    reader = page.basis.reader
    fast.was_read(reader.id, reader.hides_online, page.thread, whence)


def _kept(page: PageResponse) -> Kept | None:
    """The page in this process's memory."""
    if page.found is None:
        return None
    return local.pages.get(page_name(page.found.page, page.found.tags), page.found.generations)


def _key(request: HttpRequest, page: PageResponse) -> Key | None:
    """By what the answer is found again; None where it must not be: at any address but the page's own, where
    something is shown that is shown once, to a member who is silenced, which ends by the clock alone, and to
    whoever comes with a token, of which no cookie tells."""
    if page.basis.reader.silenced or readers.GRANT in request.META:
        return None
    if request.META.get("RAW_URI", request.get_full_path()) != page.url or holes.has_one_time_words(request):
        return None
    who = fast.visitor(request.COOKIES, request.headers.get("Accept-Language", ""), request.is_secure())
    if who.session and (page.basis.account is None or request.session.modified):
        return None
    return page.url.encode(), who


def _known(request: HttpRequest, kept: Kept, key: Key) -> Answer | None:
    found = local.pages.answer(key)
    if found is None or found[0] is not kept:
        return None
    answer: Answer = found[1]
    return answer if answer.csrf == fast.csrf_cookie(request.COOKIES) and answer.stands() else None


def _seen(request: HttpRequest, page: PageResponse) -> unread.Seen:
    return unread.prepare(request, page.basis.reader, page.body.holes)


def _fill(request: HttpRequest, page: PageResponse) -> Filled:
    values = holes.values(request, page.basis, page.body)
    if request.META.get("CSRF_COOKIE") == request.COOKIES.get(settings.CSRF_COOKIE_NAME):
        # The token in the page is made of the cookie that the browser has, so it need not be sent again.
        request.META["CSRF_COOKIE_NEEDS_UPDATE"] = False
    return page.body.fill(values, shared=not page.basis.reader.signed_in)


def _response(request: HttpRequest, page: PageResponse, filled: Filled) -> HttpResponse:
    patch_vary_headers(page, ["Accept-Encoding"])
    page["ETag"] = filled.etag
    response: HttpResponseBase = get_conditional_response(request, filled.etag, None, page) or page
    if response is not page:
        response["X-Cache"] = page["X-Cache"]
        return response  # type: ignore[return-value]
    if fast.accepts_gzip(request.headers.get("Accept-Encoding", "").encode()):
        page.content = filled.gzipped()
        page["Content-Encoding"] = "gzip"
    else:
        page.content = filled.plain()
    return page
