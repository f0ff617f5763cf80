"""A cached page on its way to one reader: filled, compressed, or not sent at all (304).

What is made here for a reader is kept beside the page (`forum.fast`), for the next time that the same
reader asks for the same page, before Django or in it.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers

from . import fast
from .cache import local
from .cache.body import Filled
from .cache.local import Kept
from .cache.pages import page_name
from .fast import Answer, Key
from .views import holes
from .views.caching import PageResponse

# Where in a request's META an answer waits for the headers that it is sent with.
META = "forum.answer"


def deliver(request: HttpRequest, page: PageResponse) -> HttpResponse:
    """The page for this reader, as the request accepts it."""
    kept, key = _kept(page), _key(request, page)
    if kept is None or key is None:
        return _response(request, page, _fill(request, page))
    answer = _known(request, kept, key)
    if answer is not None:
        request.META[META] = answer
        return _response(request, page, answer.filled)
    filled = _fill(request, page)
    response = _response(request, page, filled)
    if not request.META.get("CSRF_COOKIE_NEEDS_UPDATE"):
        session = getattr(request.session, "stored", b"") if key[1].session else b""
        answer = Answer(filled, page.basis, fast.csrf_cookie(request.COOKIES), key[1].session, session)
        local.pages.add_answer(kept, key, answer)
        request.META[META] = answer
    return response


def _kept(page: PageResponse) -> Kept | None:
    """The page in this process's memory."""
    if page.found is None:
        return None
    return local.pages.get(page_name(page.found.page, page.found.tags), page.found.generations)


def _key(request: HttpRequest, page: PageResponse) -> Key | None:
    """By what the answer is found again; None where it must not be: at any address but the page's own,
    and where something is shown that is shown once."""
    if request.META.get("RAW_URI", request.get_full_path()) != page.url or holes.has_one_time_words(request):
        return None
    who = fast.visitor(request.COOKIES, request.is_secure())
    if who.session and (page.basis.account is None or request.session.modified):
        return None
    return page.url.encode(), who


def _known(request: HttpRequest, kept: Kept, key: Key) -> Answer | None:
    found = local.pages.answer(key)
    if found is None or found[0] is not kept:
        return None
    answer: Answer = found[1]
    return answer if answer.csrf == fast.csrf_cookie(request.COOKIES) and answer.stands() else None


def _fill(request: HttpRequest, page: PageResponse) -> Filled:
    values = holes.values(request, page.basis, page.body)
    if request.META.get("CSRF_COOKIE") == request.COOKIES.get(settings.CSRF_COOKIE_NAME):
        # The token in the page is made of the cookie that the browser has, so it need not be sent again.
        request.META["CSRF_COOKIE_NEEDS_UPDATE"] = False
    return page.body.fill(values, shared=not page.basis.reader.signed_in)


def _response(request: HttpRequest, page: PageResponse, filled: Filled) -> HttpResponse:
    patch_vary_headers(page, ["Accept-Encoding"])
    response: HttpResponseBase = page
    if filled.etag:
        page["ETag"] = filled.etag
        response = get_conditional_response(request, filled.etag, None, page) or page
    if response is not page:
        response["X-Cache"] = page["X-Cache"]
        return response  # type: ignore[return-value]
    late = holes.late_values(page.basis.reader.id, filled.late)
    if fast.accepts_gzip(request.headers.get("Accept-Encoding", "").encode()):
        page.content = filled.gzipped(late)
        page["Content-Encoding"] = "gzip"
    else:
        page.content = filled.plain(late)
    return page
