"""Pages for what went wrong: every error has the right status, plain words, a way on, and the text."""

import logging
import sys
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DataError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import requires_csrf_token
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

from forum import account_limits, form_tokens, kept, readers
from forum.errors import (
    BadRequest,
    ForumError,
    NotAllowed,
    NotFound,
    SignInNeeded,
    StaleForm,
    Suspended,
    TooLarge,
    Unavailable,
)
from forum.redis import Down

from . import holes, problems
from .returning import came_from

# Fields without words: what makes a form the same form, where it leads, and which of its buttons was pressed.
HIDDEN = ("token", "revision", "draft", "next", "action_add", "remember")

log = logging.getLogger(__name__)


def page(request: HttpRequest, error: ForumError) -> HttpResponse:
    """The error as a page; a reader who must sign in is sent there and finds the text afterwards."""
    if problems.wanted(request):
        return problems.answer(request, error)
    if isinstance(error, SignInNeeded):
        return _to_sign_in(request, request.get_full_path())
    return show(request, error)


def show(request: HttpRequest, error: ForumError) -> HttpResponse:
    if problems.wanted(request):
        return problems.answer(request, error)
    text, own = _offered(request, error)
    nothing_to_send = isinstance(error, StaleForm) and not text
    context = {
        "status": error.status,
        "heading": error.heading,
        "message": _("Please go back and reload it.") if nothing_to_send else error.message,
        "links": error.links,
        "kept": _fields(request, error, text, own) if text else [],
        "long": any(name not in kept.LINES for name in text),
        "action": request.path,
    }
    response = render(request, "forum/error.html", context, status=error.status)
    # An error outside the views does not pass the middleware that fills the holes.
    response.content = holes.fill(request, response.content)
    response["Cache-Control"] = "no-store"
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    return response


def _offered(request: HttpRequest, error: ForumError) -> tuple[dict[str, str], bool]:
    """The text of the form that failed, which can be sent again, and whether the form was the reader's own. Whoever
    may not sign in has nothing to send again."""
    if request.method != "POST" or isinstance(error, Suspended):
        return {}, False
    text = kept.sent_text(request)
    own = bool(text) and kept.is_own(request, readers.known(request).id)
    return {name: value for name, value in text.items() if own or name not in kept.DEEDS}, own


def _fields(
    request: HttpRequest, error: ForumError, text: dict[str, str], own: bool
) -> list[tuple[str, str, str, str]]:
    """(name, label, value, kind) of the form that failed. Its hidden fields go along unchanged, so that sending
    it again is the same sending; only a token that was refused is replaced. Passwords are to be typed again."""
    names = [name for name in (*HIDDEN, *(kept.CHOSEN if own else ())) if name in request.POST]
    hidden = [(name, value) for name in names for value in request.POST.getlist(name)]
    if isinstance(error, StaleForm):
        hidden = [*(each for each in hidden if each[0] != "token"), ("token", form_tokens.issue(str(request.user.pk)))]
    return [
        *((name, "", value, "hidden") for name, value in hidden),
        *((name, _(kept.FIELDS[name]), value, kept.LINES.get(name, "area")) for name, value in text.items()),
        *((name, _(label), "", "password") for name, label in kept.PASSWORDS.items() if name in request.POST),
    ]


def asks_to_sign_in(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether a form was answered with the sign-in page: by us, by Django's `login_required`, or by allauth."""
    return (
        request.method == "POST"
        and response.status_code == 302
        and response["Location"].startswith(f"{reverse(settings.LOGIN_URL)}?next=")
    )


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, since the form just sent came after its session had ended. Who has signed in finds what
    was typed in its form again; where nothing was, they are on the page that the form was on."""
    after, place = request.path, request.resolver_match.kwargs if request.resolver_match else {}
    if kept.remember(request):
        if after.endswith("/reply/"):
            # The reply form is part of the thread's page.
            after = after.removesuffix("reply/") + "#reply"
    elif not {"name", "number"} <= place.keys():
        # What is done at a post leads back to it by itself; many others have no page of their own.
        after = came_from(request, after)
    return _to_sign_in(request, after)


def _to_sign_in(request: HttpRequest, after: str) -> HttpResponse:
    if getattr(request.session, "unavailable", False):
        return show(request, Unavailable(_("Sign-in is not possible for a moment, so nothing could be saved.")))
    return HttpResponseRedirect(f"{reverse(settings.LOGIN_URL)}?{urlencode({'next': after})}")


def translated(error: BaseException | None) -> ForumError | None:
    """What a failure of one of our stores means to a reader; None for a bug of ours."""
    if isinstance(error, ForumError):
        return error
    if isinstance(error, Down | RedisError | ConnectionInterrupted):
        return Unavailable(_("The session store does not answer just now. Please try again in a moment."))
    if _cannot_be(error):
        # Our own views check what they look up; this is for those of Django, and is worth a look.
        log.warning("A value that the database cannot hold.", exc_info=error)
        return BadRequest(_("What was sent holds a number, a character or a length that nothing here can have."))
    if isinstance(error, OperationalError):
        return Unavailable(_("The database does not answer just now. Please try again in a moment."))
    return None


def _cannot_be(error: BaseException | None) -> bool:
    """Whether a database refused a value: as no number or text of its own, or as longer than SQLite's LIKE takes; or
    Django did before, as no number."""
    if isinstance(error, OverflowError):
        return "SQLite" in str(error)
    if isinstance(error, ValueError):
        return "expected a number but got" in str(error)
    return isinstance(error, DataError) or (isinstance(error, OperationalError) and "LIKE or GLOB" in str(error))


# -- Django's own handlers ------------------------------------------------------------------------


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        words = _("No post is longer than 40,000 characters. Your browser still has the text: go back to shorten it.")
        return show(request, TooLarge(words))
    return show(request, BadRequest(_("Your browser sent something this site does not understand.")))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    words = str(exception) if isinstance(exception, PermissionDenied) else ""
    return show(request, NotAllowed(words or _("You may not see this page.")))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return show(request, NotFound(_("There is no page at this address. It may have been mistyped.")))


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Called by allauth where one of its limits is reached."""
    error = account_limits.throttled(request)
    if request.resolver_match:
        error.links = [(_("Back to the form"), request.path)]
    return show(request, error)


def server_error(request: HttpRequest) -> HttpResponse:
    """A store that failed outside any view, or a bug. The page of a bug leans on nothing that may be broken."""
    known = translated(sys.exc_info()[1])
    if known is not None:
        return page(request, known)
    if problems.wanted(request):
        return problems.answer(request, ForumError(_("This is a mistake of ours. It has been noted.")))
    return render(None, "500.html", status=500)


@requires_csrf_token
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose security token is missing or old: the text is offered with a new one."""
    lost = _("This form was opened too long ago, or cookies are blocked, so we could not be sure it was you.")
    again = _("Please send it again.") if _offered(request, NotAllowed(""))[0] else _("Please go back and reload it.")
    return show(request, NotAllowed(f"{lost} {again}"))
