"""The member's own account: the page that leads to everything, the username, and closing it.

Signing in, passwords, e-mail addresses and two-factor authentication are allauth's views.
"""

from typing import cast

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from forum.accounts import CloseAccountForm, UsernameForm, is_last_superuser
from forum.actions import members
from forum.errors import NotAllowed, Throttled
from forum.models import User

from .posting import INVALID


def _member(request: HttpRequest) -> User:
    """Who is signed in; `login_required` has made sure that somebody is."""
    return cast(User, request.user)


@require_safe
@login_required
def settings_page(request: HttpRequest) -> HttpResponse:
    return render(request, "account/settings.html")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def change_username(request: HttpRequest) -> HttpResponse:
    # The member is read anew, so that a refused name is not shown as theirs on the page that refuses it.
    form = UsernameForm(request.POST or None, user=User.objects.get(pk=_member(request).pk))
    if request.method != "POST" or not form.is_valid():
        return render(request, "account/username.html", {"form": form}, status=INVALID if form.is_bound else 200)
    # Every page shows names, so each change makes all pages stale.
    if not ratelimit.consume(request, action="change_username", user=_member(request)):
        raise Throttled("You have changed your name often today. Please keep this one until tomorrow.")
    try:
        with transaction.atomic():
            members.change_username(form.user, form.cleaned_data["username"])
    except IntegrityError:
        form.add_error("username", "Somebody took this name a moment ago. Please choose another.")
        return render(request, "account/username.html", {"form": form}, status=INVALID)
    messages.success(request, f"You are {form.user.username} now.")
    return redirect("settings")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def close_account(request: HttpRequest) -> HttpResponse:
    user = _member(request)
    if is_last_superuser(user):
        raise NotAllowed(
            "You are the only administrator. Make somebody else one first: nobody could run the forum without you.",
            [("Back to your settings", reverse("settings"))],
        )
    form = CloseAccountForm(request.POST or None, user=user)
    if request.method != "POST" or not form.is_valid():
        return render(request, "account/close.html", {"form": form}, status=INVALID if form.is_bound else 200)
    members.close_account(user)
    logout(request)
    messages.success(request, "Your account is closed. Thank you for what you wrote here.")
    return redirect("home")
