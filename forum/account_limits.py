"""How long whoever has reached one of allauth's limits has to wait. allauth itself says only that it is reached.

It keeps, for each limit and whoever is counted, the moments of what was done, newest first, in the default cache; the
next is possible when the oldest of as many as are allowed is as old as the limit's time.
https://docs.allauth.org/en/latest/account/rate_limits.html
"""

import math
import time
from collections.abc import Iterator

from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext as _

from . import wording
from .errors import Throttled

APP = "allauth.account"
# What is counted, by the name of the page that counts it.
ACTIONS = {
    "account_login": "login",
    "account_signup": "signup",
    "account_email": "manage_email",
    "account_change_password": "change_password",
    "account_set_password": "change_password",
    "account_reset_password": "reset_password",
    "account_reset_password_from_key": "reset_password_from_key",
    "account_reauthenticate": "reauthenticate",
    "settings_username": "change_username",
    "export": "export_data",
}


def seconds_left(request: HttpRequest) -> int | None:
    """Until this form can be sent again; None where nothing is known to be reached. One cache read for each limit."""
    route = request.resolver_match
    action = ACTIONS.get(route.url_name or "") if route else None
    waits = list(_waits(request, action)) if action else []
    return max(math.ceil(max(waits)), 1) if waits else None


def _waits(request: HttpRequest, action: str) -> Iterator[float]:
    now = time.time()
    for rate in ratelimit.get_rates(app=APP, action=action):
        try:
            key = ratelimit.get_cache_key(request, app=APP, action=action, rate=rate, key=_key(request))
        except (ImproperlyConfigured, PermissionDenied):
            # It counts somebody whom this request does not name.
            continue
        moments = cache.get(key, [])
        if len(moments) >= rate.amount:
            yield moments[rate.amount - 1] + rate.duration - now


def _key(request: HttpRequest) -> str | None:
    """Of what is counted by address of mail: asking for a new password."""
    return request.POST.get("email", "").lower() or None


def throttled(request: HttpRequest) -> Throttled:
    """What is told to whoever has reached a limit, with the time that they have to wait, as far as that is known."""
    seconds = seconds_left(request)
    if seconds is None:
        return Throttled(_("That was too often in too short a time. Please wait a little and try again."))
    words = _("That was too often in too short a time. Please wait %(span)s, then send it again.")
    error = Throttled(words % {"span": wording.span(seconds)})
    error.retry_after = seconds
    return error
