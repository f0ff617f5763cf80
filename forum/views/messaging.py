"""Messages between members: the list of one's conversations, beginning one, reading and writing in it.

None of these pages is ever kept, here or in a browser: each is made for the one who asks, who must take part in the
conversation. Whoever does not is told the same as where there is none.
"""

from typing import Any

from django import forms
from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forum import form_tokens, kept, links, readers, reads
from forum.actions import messaging
from forum.errors import BadRequest, NotFound, Refused
from forum.forms import LineField, ReplyForm, TokenField, body_field, page_number, title_field
from forum.models import User
from forum.permissions import MESSAGES, Reader
from forum.tables import talks
from forum.tables.keys import cursor, read_cursor
from forum.tables.talks import MOST_PEOPLE, WRITTEN, Talk

from .images import with_images
from .message_rows import People, message_rows, people_digest, talk_rows
from .posting import INVALID, form_page, shown_again, wants_to_send
from .unread import looks
from .writing import arrived, begun

PER_PAGE = 30
QUOTED_MOST = 3_000


def _names_field() -> LineField:
    return LineField(
        noun="list of names",
        most=MOST_PEOPLE * 40,
        label=gettext_lazy("To"),
        help_text=format_lazy(
            gettext_lazy("Names of members, separated by commas: {most} at most."), most=MOST_PEOPLE - 1
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )


class NewMessageForm(forms.Form):
    to = _names_field()
    title = title_field()
    body = body_field()
    token = TokenField()


class PeopleForm(forms.Form):
    to = _names_field()
    token = TokenField()


def _names(text: str) -> list[str]:
    return [name for each in text.split(",") if (name := each.strip().removeprefix("@"))]


def reader_of(request: HttpRequest) -> Reader:
    """Who asks, as they are now; SignInNeeded."""
    reader = readers.fresh(request).reader
    messaging.require_member(reader)
    return reader


# -- The list -------------------------------------------------------------------------------------


@require_safe
@never_cache
def inbox(request: HttpRequest) -> HttpResponse:
    """A member's conversations, the last active first. One Query, one SQL query, one Redis round trip."""
    reader, before = reader_of(request), request.GET.get("before", "")
    found = talks.list_talks(reader.id, PER_PAGE + 1, read_cursor(before) if before else "")
    shown = found[:PER_PAGE]
    marks = reads.look(reader.id, reader.joined, [(MESSAGES, each.id) for each in shown]) if shown else None
    older = f"{request.path}?before={cursor(shown[-1].at)}" if len(found) > len(shown) else ""
    context = {
        "talks": talk_rows(shown, reader, marks),
        "older_url": older,
        "newest_url": request.path if before else "",
    }
    return render(request, "forum/messages.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def new(request: HttpRequest) -> HttpResponse:
    """Begin a conversation; `?member=` is the number of the account that it is to be with."""
    reader = reader_of(request)
    messaging.require_starting(reader)
    if request.method != "POST":
        fields = {**(kept.fields(request, reader.id) or begun(reader, request.path)), **_addressee(request)}
        form = NewMessageForm(initial={**fields, "token": form_tokens.issue(reader.id)})
        return form_page(request, "forum/new_message.html", form)
    form = with_images(request, reader, NewMessageForm)
    if not wants_to_send(request, form):
        return form_page(request, "forum/new_message.html", form, shown_again(request, form))
    sent = form.cleaned_data
    nonce = form_tokens.redeem(sent["token"], reader.id, sent["to"], sent["title"], sent["body"])
    try:
        talk = messaging.start(reader, _names(sent["to"]), sent["title"], sent["body"], nonce)
    except Refused as refused:
        form.add_error(None, refused.message)
        return form_page(request, "forum/new_message.html", form, refused.status)
    return arrived_at(request, reader, messaging.url(talk))


def _addressee(request: HttpRequest) -> dict[str, str]:
    number = request.GET.get("member", "")
    if not (number.isascii() and number.isdigit() and len(number) < 18):
        return {}
    user = User.objects.filter(pk=number, is_active=True).first()
    return {"to": user.username} if user else {}


def arrived_at(request: HttpRequest, reader: Reader, url: str) -> HttpResponse:
    """The text of this form is stored, so nothing else needs to hold it; go on to `url`."""
    return arrived(request, reader, HttpResponseRedirect(url))


# -- One conversation -----------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def talk(request: HttpRequest, talk_id: str) -> HttpResponse:
    """Read a conversation, its last page first, and write in it. GetItem, one Query, one SQL query."""
    reader = reader_of(request)
    found = messaging.get_talk(reader, talk_id)
    if request.method != "POST":
        fields = kept.fields(request, reader.id) or begun(reader, request.path)
        quote = _quotation(reader, found, request.GET.get("quote", ""))
        body = "\n\n".join(part for part in (fields.get("body", "").rstrip(), quote) if part)
        form = ReplyForm(initial={**fields, "body": body, "token": form_tokens.issue(reader.id)})
        return _page(request, reader, found, form)
    form = with_images(request, reader, ReplyForm)
    if not wants_to_send(request, form):
        return _page(request, reader, found, form, shown_again(request, form))
    sent = form.cleaned_data
    nonce = form_tokens.redeem(sent["token"], reader.id, sent["body"])
    try:
        now = messaging.reply(reader, found, sent["body"], nonce)
    except Refused as refused:
        form.add_error(None, refused.message)
        return _page(request, reader, found, form, refused.status)
    return arrived_at(request, reader, messaging.url(now, now.last))


def _page(request: HttpRequest, reader: Reader, found: Talk, form: forms.Form, status: int = 200) -> HttpResponse:
    pages, first = messaging.page_of(found.last), messaging.page_of(found.people[reader.id])
    page = page_number(request.GET["page"]) if "page" in request.GET else pages
    if not first <= page <= pages:
        raise NotFound(_("This conversation has no such page."), [(_("To its newest messages"), messaging.url(found))])
    said = messaging.list_messages(reader, found, page)
    people = People({*found.people, *(each.user_id for each in said)})
    base = messaging.url(found)
    context = {
        "talk": found,
        "members": [people[user_id] for user_id in found.people],
        "rows": message_rows(said, people, reader, _read_to(request, reader, found, said[-1].number if said else 0)),
        "older_url": links.numbered(base, page - 1) if page - 1 > 1 else f"{base}?page=1" if page > first else "",
        "newer_url": links.numbered(base, page + 1) if page < pages else "",
        "base": base,
        "muted": found.id in reader.muted,
        "live_url": links.numbered(f"{base}live/", page),
        "digest": people_digest(found),
    }
    return form_page(request, "forum/talk.html", form, status, **context)


def _read_to(request: HttpRequest, reader: Reader, found: Talk, last: int) -> int:
    """Up to which message the reader had read the conversation; from now on up to `last`."""
    if not looks(request):
        return 0
    marks = reads.visit(reader.id, reader.joined, MESSAGES, found.id, last, noted=bool(reader.notes))
    return marks.number(found.id) if marks else 0


def _quotation(reader: Reader, found: Talk, number: str) -> str:
    """The Markdown that quotes a message which the reader may read, "" where there is none of this number."""
    if not (number.isascii() and number.isdigit() and len(number) < 10) or int(number) < found.people[reader.id]:
        return ""
    said = talks.list_messages(found, int(number), int(number))
    people = People({each.user_id for each in said})
    return "\n".join(
        f"**{people[each.user_id].name}**:\n\n" + "\n".join(f"> {line}" for line in each.body[:QUOTED_MOST].split("\n"))
        for each in said
        if each.kind == WRITTEN and each.user_id not in people.suspended
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def people(request: HttpRequest, talk_id: str) -> HttpResponse:
    """Let others take part."""
    reader = reader_of(request)
    found = messaging.get_talk(reader, talk_id)
    messaging.require_writing(reader)
    fields = {**kept.fields(request, reader.id), "token": form_tokens.issue(reader.id)}
    form = PeopleForm(request.POST or None, initial=fields)
    context: dict[str, Any] = {"talk": found, "base": messaging.url(found), "form": form}
    if request.method != "POST" or not form.is_valid():
        return render(request, "forum/talk_people.html", context, status=INVALID if request.method == "POST" else 200)
    nonce = form_tokens.redeem(form.cleaned_data["token"], reader.id)
    try:
        now = messaging.add(reader, found, _names(form.cleaned_data["to"]), nonce)
    except Refused as refused:
        form.add_error(None, refused.message)
        return render(request, "forum/talk_people.html", context, status=refused.status)
    return HttpResponseRedirect(messaging.url(now, now.last))


@require_POST
def mute(request: HttpRequest, talk_id: str) -> HttpResponse:
    reader = reader_of(request)
    found = messaging.get_talk(reader, talk_id)
    on = request.POST.get("on")
    if on not in ("0", "1"):
        raise BadRequest(_("The form does not say whether to mute the conversation."))
    messaging.mute(reader, found, on == "1")
    notices.success(request, _("You are told nothing of it any more.") if on == "1" else _("You are told of it again."))
    return HttpResponseRedirect(messaging.url(found))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def leave(request: HttpRequest, talk_id: str) -> HttpResponse:
    """What leaving means, and doing it."""
    reader = reader_of(request)
    found = messaging.get_talk(reader, talk_id)
    token = form_tokens.issue(reader.id)
    if request.method != "POST":
        return render(request, "forum/leave_talk.html", {"talk": found, "base": messaging.url(found), "token": token})
    messaging.leave(reader.id, found, form_tokens.redeem(request.POST.get("token", ""), reader.id))
    notices.success(request, _("You have left the conversation."))
    return HttpResponseRedirect(reverse("messages"))
