"""Text that could not be posted because its writer was signed out: it waits in the session.

Django keeps a session's data when somebody signs in, so the text is in the form afterwards. The form's token says whose
it is: whoever else signs in is not shown it, and it is gone then.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.core.exceptions import SuspiciousOperation
from django.forms import Form
from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
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
    "reason": gettext_noop("Your reason"),
    "words": gettext_noop("In your own words"),
    "note": gettext_noop("Your note"),
    "poll_question": gettext_noop("The question of your poll"),
    "poll_options": gettext_noop("The options of your poll"),
    "about": gettext_noop("About you"),
    "pronouns": gettext_noop("Pronouns"),
    "location": gettext_noop("Where you are"),
    "website": gettext_noop("Website"),
    "name": gettext_noop("Name"),
}
# What is written on one line; all else is in an area. Passwords are never sent back: they get an empty field.
LINES = {
    **dict.fromkeys(("to", "title", "login", "username", "pronouns", "location", "name"), "text"),
    "email": "email",
    "website": "url",
}
PASSWORDS = {
    "oldpassword": gettext_noop("Your password until now"),
    "password": gettext_noop("Your password"),
    "password1": gettext_noop("Your password"),
    "password2": gettext_noop("Your password once more"),
}
# What is chosen beside the text, and goes along with it.
CHOSEN = (
    *("kind", "ready", "edited", "forum", "into", "numbers", "was", "post", "shown"),
    *("lasts", "day", "level", "fixed", "action", "_selected_action", "confirmed"),
    *("subject", "seen", "forum_of", "after", "act", "old", "new"),
    *("poll_several", "poll_closes", "poll_shows"),
    *("hides_online", "zone", "mail", "kinds", "watches_own", "takes_messages", "scopes", "days"),
)
# With these something is done to others. A form that another site has made could have them, too, and is not offered
# to be sent again.
DEEDS = {"reason", "words"}
MOST_CHARACTERS = 100_000
SECONDS = 60 * 60


def sent_text(request: HttpRequest) -> dict[str, str]:
    """The text fields of a form just sent, as far as they hold anything."""
    return _joined(_sent(request, FIELDS))


def _sent(request: HttpRequest, names: Iterable[str]) -> dict[str, list[str]]:
    """All that a form holds of these fields."""
    try:
        return {
            name: [value[:MOST_CHARACTERS] for value in request.POST.getlist(name)]
            for name in names
            if request.POST.get(name)
        }
    except SuspiciousOperation:
        # The form is larger than Django reads, and it is not read a second time either.
        return {}


def _joined(sent: dict[str, list[str]]) -> dict[str, str]:
    """Of several fields that have one name all, with commas in between."""
    return {name: ", ".join(values) for name, values in sent.items()}


def is_own(request: HttpRequest, user_id: str) -> bool:
    """Whether a form just sent was given to this member; to nobody is as good where nobody is signed in."""
    return not user_id or form_tokens.is_of(request.POST.get("token", ""), user_id)


def remember(request: HttpRequest) -> bool:
    """Keep the text of this form for an hour; False when there is none, or the form does not say whose it is."""
    sent, token = _sent(request, [*FIELDS, *CHOSEN]), request.POST.get("token", "")
    if not sent or not token:
        return False
    if not request.session.session_key:
        request.session.set_expiry(SECONDS)
    request.session[KEY] = {"path": request.path, "fields": sent, "token": token}
    return True


def fields(request: HttpRequest, user_id: str, path: str = "") -> dict[str, Any]:
    """The text that this member meant for a path, or for the one asked for, by field; empty where there is none."""
    return _joined(_found(request, user_id, path or request.path))


def begin(request: HttpRequest, user_id: str, form: Form) -> None:
    """Let a form at the path asked for begin with all that this member had sent with it: also what they had chosen
    in it, or no longer chose."""
    if sent := _found(request, user_id, request.path):
        chosen = MultiValueDict(sent)
        for name in form.fields.keys() & {*FIELDS, *CHOSEN}:
            form.initial[name] = form.fields[name].widget.value_from_datadict(chosen, MultiValueDict(), name)


def _found(request: HttpRequest, user_id: str, path: str) -> dict[str, list[str]]:
    kept = request.session.get(KEY) or {}
    return dict(kept["fields"]) if kept.get("path") == path and _is_of(kept, user_id) else {}


def signed_in(request: HttpRequest, user: User, **others: Any) -> None:
    """Somebody has signed in where text was kept: nobody but its writer gets it."""
    if KEY in request.session and not _is_of(request.session[KEY], str(user.pk)):
        del request.session[KEY]


def forget(request: HttpRequest) -> None:
    """The text has arrived, if this was where it was meant for, and not the sending that it is kept of."""
    if SESSION_KEY in request.session and (request.session.get(KEY) or {}).get("path") == request.path:
        del request.session[KEY]


def _is_of(kept: dict[str, Any], user_id: str) -> bool:
    return form_tokens.is_of(kept.get("token", ""), user_id)
