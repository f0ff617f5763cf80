"""Text that could not be posted because its writer was signed out: it waits in the session.

Django keeps a session's data when somebody signs in, so the text is in the form afterwards. The form's token says whose
it is: whoever else signs in is not shown it, and it is gone then.
"""

from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.utils.translation import gettext_noop

from . import form_tokens
from .models import User

KEY = "kept"
FIELDS = {
    "to": gettext_noop("To whom"),
    "login": gettext_noop("Your name or address"),
    "username": gettext_noop("Your name"),
    "email": gettext_noop("Your address"),
    "title": gettext_noop("Your title"),
    "tags": gettext_noop("Your tags"),
    "body": gettext_noop("Your text"),
    "poll_question": gettext_noop("The question of your poll"),
    "poll_options": gettext_noop("The options of your poll"),
}
# What is written on one line; all else is in an area. Passwords are never sent back: they get an empty field.
LINES = {"to": "text", "title": "text", "login": "text", "username": "text", "email": "email"}
PASSWORDS = {
    "oldpassword": gettext_noop("Your password until now"),
    "password": gettext_noop("Your password"),
    "password1": gettext_noop("Your password"),
    "password2": gettext_noop("Your password once more"),
}
MOST_CHARACTERS = 100_000
SECONDS = 60 * 60


def sent_text(request: HttpRequest) -> dict[str, str]:
    """The text fields of a form just sent, as far as they hold anything."""
    try:
        return {name: request.POST[name][:MOST_CHARACTERS] for name in FIELDS if request.POST.get(name)}
    except SuspiciousOperation:
        # The form is larger than Django reads, and it is not read a second time either.
        return {}


def remember(request: HttpRequest) -> bool:
    """Keep the text of this form for an hour; False when there is none."""
    text = sent_text(request)
    if not text:
        return False
    if not request.session.session_key:
        request.session.set_expiry(SECONDS)
    request.session[KEY] = {"path": request.path, "fields": text, "token": request.POST.get("token", "")}
    return True


def fields(request: HttpRequest, user_id: str, path: str = "") -> dict[str, Any]:
    """The text that this member meant for a path, or for the one asked for, by field; empty where there is none."""
    kept = request.session.get(KEY) or {}
    return dict(kept["fields"]) if kept.get("path") == (path or request.path) and _is_of(kept, user_id) else {}


def signed_in(request: HttpRequest, user: User, **others: Any) -> None:
    """Somebody has signed in where text was kept: nobody but its writer gets it."""
    if KEY in request.session and not _is_of(request.session[KEY], str(user.pk)):
        del request.session[KEY]


def forget(request: HttpRequest) -> None:
    """The text has arrived, if this was where it was meant for."""
    if (request.session.get(KEY) or {}).get("path") == request.path:
        del request.session[KEY]


def _is_of(kept: dict[str, Any], user_id: str) -> bool:
    return form_tokens.is_of(kept.get("token", ""), user_id)
