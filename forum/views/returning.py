"""Where somebody goes on who has pressed a button that has no page of its own."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def came_from(request: HttpRequest, otherwise: str) -> str:
    """The page that the form or the link was on, as the browser says."""
    return on_this_site(request, request.META.get("HTTP_REFERER", ""), otherwise)


def on_this_site(request: HttpRequest, url: str, otherwise: str) -> str:
    """An address that somebody else has given, if it is one of this site; or else the other one."""
    safe = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if safe else otherwise
