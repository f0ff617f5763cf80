"""Text that could not be posted because its writer was signed out: it waits in the session.

Django keeps a session's data when its owner signs in, so the text is in the form afterwards.
"""

from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.utils.translation import gettext_noop

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
    request.session[KEY] = {"path": request.path, "fields": text}
    return True


def fields(request: HttpRequest, path: str) -> dict[str, Any]:
    """The text that was meant for this path, by field; empty where there is none."""
    kept = request.session.get(KEY) or {}
    return dict(kept["fields"]) if kept.get("path") == path else {}


def forget(request: HttpRequest, path: str) -> None:
    """The text has arrived."""
    if (request.session.get(KEY) or {}).get("path") == path:
        del request.session[KEY]
