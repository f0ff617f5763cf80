"""Small things about the whole site: the colour theme, the language."""

from collections.abc import Collection

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from forum import languages
from forum.accounts import choose_language

from .holes import THEMES
from .returning import came_from

YEAR = 60 * 60 * 24 * 365


@csrf_exempt  # It only chooses colours, and so works in pages that hold no token.
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light or dark in a cookie, or follow the system again; back to the page it came from."""
    return _remembering(request, "theme", request.POST.get("theme", ""), THEMES)


# The same goes for the language. Whose mails it is for is told by the session, which browsers do not send along with
# what other sites post.
@csrf_exempt
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Remember the language in a cookie, or follow the browser again; back to the page it came from.

    A member's mails are in it from then on."""
    chosen = request.POST.get("language", "")
    if request.user.is_authenticated:
        choose_language(request.user, chosen if languages.is_offered(chosen) else "")
    return _remembering(request, languages.COOKIE, chosen, [code for code, _ in settings.LANGUAGES])


def _remembering(request: HttpRequest, cookie: str, chosen: str, offered: Collection[str]) -> HttpResponse:
    response = HttpResponseRedirect(came_from(request, "/"))
    if chosen in offered:
        response.set_cookie(cookie, chosen, max_age=YEAR, secure=request.is_secure(), httponly=True, samesite="Lax")
    else:
        response.delete_cookie(cookie)
    return response
