"""Small things about the whole site: the colour theme."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from .holes import THEMES

YEAR = 60 * 60 * 24 * 365


@csrf_exempt  # It only chooses colours, and so works in pages that hold no token.
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light or dark in a cookie, or follow the system again; back to the page it came from."""
    back = request.META.get("HTTP_REFERER", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    response = HttpResponseRedirect(back if safe else "/")
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        response.set_cookie("theme", chosen, max_age=YEAR, secure=request.is_secure(), httponly=True, samesite="Lax")
    else:
        response.delete_cookie("theme")
    return response
