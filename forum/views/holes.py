"""What goes into the holes of a page, for the one reader who gets it."""

import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse

from forum import form_tokens, holes, readers
from forum.cache.body import Body
from forum.forms import ReplyForm
from forum.permissions import can_change_post, can_moderate, can_post
from forum.readers import Basis
from forum.sessions import SessionStore

from . import kept
from .rows import hue

THEMES = ("light", "dark")
FORM_TOKEN = "form_token"
# Stands for a token while a form is rendered; random, so that nobody's text can hold it.
_TOKEN_PLACE = secrets.token_hex(16)


class Reading:
    """One request's reader and directory, looked up once for all the holes of the page."""

    def __init__(self, request: HttpRequest, basis: Basis) -> None:
        self.request = request
        self.directory = basis.directory
        self.reader = basis.reader

    def show(self, template: str, **context: Any) -> str:
        return render_to_string(f"forum/holes/{template}.html", context, self.request)

    def login_url(self, fragment: str = "") -> str:
        return f"{reverse(settings.LOGIN_URL)}?{urlencode({'next': self.request.get_full_path() + fragment})}"


def theme(reading: Reading) -> str:
    chosen = reading.request.COOKIES.get("theme", "")
    return f' data-theme="{chosen}"' if chosen in THEMES else ""


def account(reading: Reading) -> str:
    if not reading.reader.signed_in:
        return reading.show("account", reader=None, login_url=reading.login_url())
    return reading.show("account", reader=reading.reader, hue=hue(reading.reader.id))


def messages(reading: Reading) -> str:
    away = getattr(reading.request.session, "unavailable", False)
    return reading.show("messages", messages=list(get_messages(reading.request)), signin_away=away)


def post_tools(reading: Reading, thread_id: str, number: str, author_id: str) -> str:
    """Edit and delete, for whoever may; the forum's name is in the path of the page."""
    match = reading.request.resolver_match
    name = match.kwargs.get("name", "") if match else ""
    rules = reading.directory.forums.get(name)
    if rules is None or not can_change_post(reading.reader, rules, author_id):
        return ""
    base = f"/f/{name}/{thread_id}/{number}"
    return reading.show("post_tools", edit_url=f"{base}/edit/", delete_url=f"{base}/delete/")


def new_thread(reading: Reading, name: str) -> str:
    rules = reading.directory.forums.get(name)
    if rules is None or rules.archived:
        return ""
    url = reverse("new_thread", args=[name])
    if not reading.reader.signed_in:
        return reading.show("new_thread", login_url=f"{reverse(settings.LOGIN_URL)}?{urlencode({'next': url})}")
    return reading.show("new_thread", new_thread_url=url) if can_post(reading.reader, rules) else ""


def reply(reading: Reading, name: str, thread_id: str, locked: str) -> str:
    rules = reading.directory.forums.get(name)
    if rules is None or rules.archived:
        return reading.show("reply", state="archived")
    if locked == "True":
        return reading.show("reply", state="locked")
    if not reading.reader.signed_in:
        return reading.show("reply", state="signed-out", login_url=reading.login_url("#reply"))
    if not can_post(reading.reader, rules):
        return reading.show("reply", state="not-allowed")
    action = reverse("reply", args=[name, thread_id])
    fields = {**kept.fields(reading.request, action), "token": _TOKEN_PLACE}
    form = reading.show("reply", state="form", form=ReplyForm(initial=fields), action=action)
    return form.replace(_TOKEN_PLACE, holes.late(FORM_TOKEN))


def thread_tools(reading: Reading, name: str, thread_id: str, locked: str) -> str:
    rules = reading.directory.forums.get(name)
    if rules is None or not can_moderate(reading.reader, rules):
        return ""
    return reading.show("thread_tools", action=reverse("lock_thread", args=[name, thread_id]), locked=locked == "True")


FILLERS: dict[str, Callable[..., str]] = {
    filler.__name__: filler for filler in (theme, account, messages, post_tools, new_thread, reply, thread_tools)
}


def values(request: HttpRequest, basis: Basis, body: Body) -> list[bytes]:
    """What goes into the page's holes for this reader, in their order."""
    reading = Reading(request, basis)
    return [FILLERS[name](reading, *arguments).encode(errors="replace") for name, arguments in body.holes]


def late_values(reader_id: str, names: tuple[str, ...]) -> list[bytes]:
    """What is made anew for every answer: the one-time tokens of forms."""
    return [form_tokens.issue(reader_id).encode() for _ in names]


def has_one_time_words(request: HttpRequest) -> bool:
    """Whether something waits for this reader that is shown once: a message, or text that was kept."""
    session = request.session
    return "messages" in request.COOKIES or "_messages" in session or kept.KEY in session


def fill(request: HttpRequest, content: bytes) -> bytes:
    """A page that is not kept, for this reader; a request that failed before it was known whose it is has none."""
    if not hasattr(request, "user"):
        request.user = AnonymousUser()
    if not hasattr(request, "session"):
        request.session = SessionStore()
    basis, body = readers.kept(request), Body(content)
    filled = body.fill(values(request, basis, body))
    return filled.plain(late_values(basis.reader.id, filled.late))
