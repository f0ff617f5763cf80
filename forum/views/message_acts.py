"""What can be done with one message of a conversation: editing, deleting and reporting it, seeing its earlier texts.

As with the conversation's own pages none of these is ever kept, and whoever does not take part is told the same as
where there is none.
"""

from typing import Any

from django.contrib import messages as notices
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from forum import diff, kept
from forum.actions import message_reports, messaging
from forum.errors import Conflict, Refused, Throttled
from forum.forms import EditForm, ReportForm
from forum.permissions import Reader
from forum.tables import messages
from forum.tables.messages import OldText
from forum.tables.talks import WRITTEN, Message, Talk

from .images import with_images
from .message_rows import People, message_rows
from .messaging import arrived_at, reader_of
from .posting import INVALID, form_page, refused, shown_again, wants_to_send

# So many earlier texts are shown.
MOST = 50


def _found(request: HttpRequest, talk_id: str, number: int) -> tuple[Reader, Talk, Message]:
    """GetItem of the conversation, Query of the message."""
    reader = reader_of(request)
    talk = messaging.get_talk(reader, talk_id)
    return reader, talk, messaging.get_message(reader, talk, number)


def _context(reader: Reader, talk: Talk, message: Message) -> dict[str, Any]:
    row = message_rows([message], People({message.user_id}), reader, 0)[0]
    return {"talk": talk, "row": row, "number": message.number, "back": messaging.url(talk, message.number)}


@require_safe
@never_cache
def permalink(request: HttpRequest, talk_id: str, number: int) -> HttpResponse:
    """To where a message stands. One GetItem."""
    talk = messaging.get_talk(reader_of(request), talk_id)
    return HttpResponseRedirect(messaging.url(talk, min(number, talk.last)))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def edit(request: HttpRequest, talk_id: str, number: int) -> HttpResponse:
    reader, talk, message = _found(request, talk_id, number)
    messaging.require_change(reader, message)
    context = _context(reader, talk, message)
    if request.method != "POST":
        fields = {"body": message.body, "revision": message.revision, **kept.fields(request, reader.id)}
        return form_page(request, "forum/edit_message.html", EditForm(first=False, initial=fields), **context)
    form = with_images(request, reader, lambda sent: EditForm(sent, first=False))
    if not wants_to_send(request, form):
        return form_page(request, "forum/edit_message.html", form, shown_again(request, form), **context)
    try:
        messaging.edit(reader, talk, message, form.cleaned_data["revision"], form.cleaned_data["body"])
    except Refused as error:
        form.add_error(None, error.message)
        return form_page(request, "forum/edit_message.html", form, error.status, **context)
    except Conflict:
        return _conflict_page(request, reader, talk, number, form)
    return arrived_at(request, reader, messaging.url(talk, number))


def _conflict_page(request: HttpRequest, reader: Reader, talk: Talk, number: int, form: Form) -> HttpResponse:
    """The editor's text, in a form that would now replace the other, which is shown beside it."""
    now = messaging.get_message(reader, talk, number)
    messaging.require_change(reader, now)
    form = EditForm({**form.cleaned_data, "revision": now.revision}, first=False)
    context = {**_context(reader, talk, now), "theirs": now.body}
    return form_page(request, "forum/edit_message.html", form, Conflict.status, **context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def delete(request: HttpRequest, talk_id: str, number: int) -> HttpResponse:
    """What deleting means, and doing it."""
    reader, talk, message = _found(request, talk_id, number)
    messaging.require_change(reader, message)
    if request.method != "POST":
        return render(request, "forum/delete_message.html", _context(reader, talk, message))
    messaging.delete(reader, talk, message)
    notices.success(request, _("The message is deleted."))
    return HttpResponseRedirect(messaging.url(talk, number))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def report(request: HttpRequest, talk_id: str, number: int) -> HttpResponse:
    """What a report lets moderators read, and making it."""
    reader, talk, message = _found(request, talk_id, number)
    message_reports.require_reporting(reader, message)
    context, template = _context(reader, talk, message), "forum/report_message.html"
    form = ReportForm(request.POST if request.method == "POST" else None, initial=kept.fields(request, reader.id))
    if request.method != "POST" or not form.is_valid():
        status = INVALID if request.method == "POST" else 200
        return render(request, template, {"form": form, **context}, status=status)
    try:
        message_reports.report(reader, talk, message, form.reason)
    except Throttled as throttled:
        return refused(request, template, form, throttled, **context)
    notices.success(
        request, _("Thank you for your report. A moderator will look at the message, and you will be told.")
    )
    return HttpResponseRedirect(context["back"])


@require_safe
@never_cache
def history(request: HttpRequest, talk_id: str, number: int) -> HttpResponse:
    """The texts that a message had before, for all who take part. GetItem and two Queries."""
    reader, talk, message = _found(request, talk_id, number)
    context = _context(reader, talk, message)
    shown = message.kind == WRITTEN and not context["row"].gone
    texts = messages.list_texts(talk, message, MOST) if shown else []
    return render(request, "forum/message_history.html", {**context, "steps": _steps(message.body, texts)})


def _steps(now: str, texts: list[OldText]) -> list[dict[str, Any]]:
    """What each edit changed, the last one first."""
    after = [now, *(old.body for old in texts)]
    return [
        {"when": old.until, "lines": diff.compare(old.body, newer)} for old, newer in zip(texts, after, strict=False)
    ]
