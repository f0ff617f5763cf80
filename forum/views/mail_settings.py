"""What a member is sent mails about, and the way out of them without signing in.

Each mail names an address that stops such mails: `POST` does it at once, as mail programs do (RFC 8058), `GET`
shows a page with one button, since programs that look at links must not unsubscribe anybody.
https://www.rfc-editor.org/rfc/rfc8058
"""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from forum import readers, unsubscribing
from forum.actions import watching
from forum.errors import NotFound
from forum.tables import watches
from forum.tables.watches import Settings

from .posting import INVALID

MODES = [
    (watches.EACH, gettext_lazy("For each, if I have not read it within five minutes")),
    (watches.DAILY, gettext_lazy("One mail a day with what I have not read")),
    (watches.NEVER, gettext_lazy("Never")),
]
KINDS = {
    "mention": gettext_lazy("Somebody mentions me"),
    "quote": gettext_lazy("Somebody quotes me"),
    "reply": gettext_lazy("Somebody replies in a thread of mine"),
    "message": gettext_lazy("Somebody writes me a message"),
    "solved": gettext_lazy("A post of mine is marked as the answer"),
    "like": gettext_lazy("Somebody likes a post of mine"),
    "moderation": gettext_lazy("Moderators have something to tell me"),
    "watched": gettext_lazy("New posts in what I watch: in the daily mail, or else one mail an hour at most"),
}


# The same, said to whoever gets no such mails any more.
STOPPED = {
    "mention": gettext_noop("Somebody mentions you"),
    "quote": gettext_noop("Somebody quotes you"),
    "reply": gettext_noop("Somebody replies in a thread of yours"),
    "message": gettext_noop("Somebody writes you a message"),
    "solved": gettext_noop("A post of yours is marked as the answer"),
    "like": gettext_noop("Somebody likes a post of yours"),
    "moderation": gettext_noop("Moderators have something to tell you"),
    "watched": gettext_noop("New posts in what you watch: in the daily mail, or else one mail an hour at most"),
}


TAKES = [
    (watches.EVERYBODY, gettext_lazy("Everybody")),
    (watches.ABOVE_NEW, gettext_lazy("Everybody but new members")),
    (watches.NOBODY, gettext_lazy("Nobody")),
]


class SettingsForm(forms.Form):
    """What a member is told by mail, and whether a post makes them watch its thread."""

    mail = forms.ChoiceField(label=gettext_lazy("Mails"), choices=MODES, widget=forms.RadioSelect)
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("About what"),
        choices=list(KINDS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    watches_own = forms.BooleanField(label=gettext_lazy("Watch the threads that I post in"), required=False)
    takes_messages = forms.ChoiceField(
        label=gettext_lazy("Who may begin a conversation with me"),
        choices=TAKES,
        required=False,
        widget=forms.RadioSelect,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def notification_settings(request: HttpRequest) -> HttpResponse:
    reader = readers.fresh(request).reader
    now = watches.get_settings(reader.id)
    stored = {"mail": now.mail, "kinds": sorted(now.mail_kinds), "watches_own": now.watches_own}
    stored["takes_messages"] = now.takes_messages
    form = SettingsForm(request.POST) if request.method == "POST" else SettingsForm(initial=stored)
    if request.method != "POST" or not form.is_valid():
        context = {"form": form, "bounced": now.bounced}
        return render(request, "account/notifications.html", context, status=INVALID if form.is_bound else 200)
    sent = form.cleaned_data
    chosen = Settings(
        sent["mail"],
        frozenset(sent["kinds"]),
        sent["watches_own"],
        takes_messages=sent["takes_messages"] or now.takes_messages,
    )
    watching.change_settings(reader.id, chosen)
    messages.success(request, _("Your settings are saved."))
    return redirect("notification_settings")


@csrf_exempt  # The signature in the address says whose mails these are; nothing else is needed, nor there.
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    found = unsubscribing.read(token)
    if found is None:
        raise NotFound(
            _("This link is damaged. Please copy it whole from the mail, or sign in and change your settings.")
        )
    user_id, kind = found
    if request.method == "POST":
        watching.stop_mails(user_id, kind)
    done = request.method == "POST" or not watches.get_settings(user_id).mails(kind)
    what = _(STOPPED[kind]) if kind in STOPPED else ""
    return render(request, "account/unsubscribe.html", {"done": done, "what": what})
