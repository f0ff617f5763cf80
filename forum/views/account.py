"""The member's own account: the page that leads to everything, the username, and closing it.

Signing in, passwords, e-mail addresses and two-factor authentication are allauth's views.
"""

from typing import cast

from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_safe

from forum import account_limits, languages
from forum.accounts import CloseAccountForm, TimeZoneForm, UsernameForm, is_last_superuser
from forum.actions import members
from forum.errors import NotAllowed
from forum.models import User

from .posting import INVALID, refused

CLOSED = {
    "keep": gettext_noop("Your account is closed. Thank you for what you wrote here."),
    "anonymise": gettext_noop(
        "Your account is closed, and your posts are being anonymised. Thank you for what you wrote here."
    ),
    "delete": gettext_noop("Your account is closed, and your posts are being deleted, the newest first."),
}


def _member(request: HttpRequest) -> User:
    """Who is signed in; `login_required` has made sure that somebody is."""
    return cast(User, request.user)


@require_safe
@login_required
def settings_page(request: HttpRequest) -> HttpResponse:
    mails_in = dict(settings.LANGUAGES)[languages.of(_member(request).language, "")]
    return render(request, "account/settings.html", {"mails_in": mails_in})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def change_username(request: HttpRequest) -> HttpResponse:
    # The member is read anew, so that a refused name is not shown as theirs on the page that refuses it.
    form = UsernameForm(request.POST or None, user=User.objects.get(pk=_member(request).pk))
    if request.method != "POST" or not form.is_valid():
        return render(request, "account/username.html", {"form": form}, status=INVALID if form.is_bound else 200)
    # Every page shows names, so each change makes all pages stale.
    if not ratelimit.consume(request, action="change_username", user=_member(request)):
        return refused(request, "account/username.html", form, account_limits.throttled(request))
    try:
        with transaction.atomic():
            members.change_username(form.user, form.cleaned_data["username"])
    except IntegrityError:
        form.add_error("username", _("Somebody took this name a moment ago. Please choose another."))
        return render(request, "account/username.html", {"form": form}, status=INVALID)
    messages.success(request, _("You are %(username)s now.") % {"username": form.user.username})
    return redirect("settings")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def change_time_zone(request: HttpRequest) -> HttpResponse:
    user = _member(request)
    form = TimeZoneForm(request.POST or None, initial={"zone": user.time_zone})
    if request.method != "POST" or not form.is_valid():
        return render(request, "account/time_zone.html", {"form": form}, status=INVALID if form.is_bound else 200)
    members.change_time_zone(user, form.cleaned_data["zone"])
    messages.success(request, _("Your time zone is saved."))
    return redirect("settings")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def close_account(request: HttpRequest) -> HttpResponse:
    user = _member(request)
    if is_last_superuser(user):
        raise NotAllowed(
            _("You are the only administrator. Make somebody else one first: nobody could run the forum without you."),
            [(_("Back to your settings"), reverse("settings"))],
        )
    form = CloseAccountForm(request.POST or None, user=user)
    if request.method != "POST" or not form.is_valid():
        return render(request, "account/close.html", {"form": form}, status=INVALID if form.is_bound else 200)
    members.close_account(user, form.cleaned_data["posts"])
    logout(request)
    messages.success(request, _(CLOSED[form.cleaned_data["posts"]]))
    return redirect("home")
