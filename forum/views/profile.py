"""What members say of themselves on their page: writing it, and a moderator taking it off."""

import time
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from forum import images, kept, links, readers
from forum.actions import members, pace, sanctions
from forum.errors import NotAllowed, NotFound, Refused, SignInNeeded, Throttled, TooLarge
from forum.forms import ProfileForm
from forum.models import PROFILE, User
from forum.permissions import refuse_silenced

from .images import ONE
from .posting import INVALID, with_wait
from .reasons import ReasonForm
from .rows import author


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: HttpRequest) -> HttpResponse:
    user = User.objects.get(pk=cast(User, request.user).pk)
    if request.method != "POST":
        return _page(request, user, _stored(user))
    refuse_silenced(readers.fresh(request).reader)
    form = ProfileForm(request.POST)
    if not form.is_valid():
        return _page(request, user, form, INVALID)
    try:
        pace.take("profile", readers.fresh(request).reader, str(time.time_ns()))
    except Throttled as throttled:
        form.add_error(None, throttled.message)
        return with_wait(_page(request, user, form, throttled.status), throttled)
    with transaction.atomic():
        members.change_profile(user, form.cleaned_data)
    messages.success(request, _("Your profile is saved."))
    return HttpResponseRedirect(links.member(user.username))


def _stored(user: User) -> ProfileForm:
    return ProfileForm(initial={name: getattr(user, name) for name in (*PROFILE, "hides_online")})


def _page(request: HttpRequest, user: User, form: ProfileForm, status: int = 200, problem: str = "") -> HttpResponse:
    # So that the head of the page shows the picture that was chosen a moment ago.
    readers.fresh(request)
    who = author(str(user.pk), user.username, user.avatar)
    context = {"form": form, "new": not user.trust, "who": who, "accept": images.ACCEPT, "problem": problem}
    return render(request, "account/profile.html", context, status=status)


@require_POST
@login_required
def change_avatar(request: HttpRequest) -> HttpResponse:
    """The member's picture: the field `image`, or none any more with `remove`."""
    user = User.objects.get(pk=cast(User, request.user).pk)
    if "remove" in request.POST:
        with transaction.atomic():
            members.remove_avatar(user)
        messages.success(request, _("Your picture is gone."))
        return HttpResponseRedirect(reverse("settings_profile"))
    file = request.FILES.get(ONE)
    if file is None:
        return _page(request, user, _stored(user), INVALID, _("Please choose an image first."))
    try:
        with transaction.atomic():
            members.change_avatar(readers.fresh(request).reader, user, file, file.size or 0)
    except (Refused, TooLarge, Throttled) as error:
        return _page(request, user, _stored(user), error.status, error.message)
    messages.success(request, _("This is your picture now."))
    return HttpResponseRedirect(reverse("settings_profile"))


@require_http_methods(["GET", "HEAD", "POST"])
def clear(request: HttpRequest, pk: int) -> HttpResponse:
    reader = readers.fresh(request).reader
    if not reader.signed_in:
        raise SignInNeeded(_("Please sign in first."))
    if not reader.moderates_members:
        raise NotAllowed(_("Only moderators may do this."))
    user = User.objects.filter(pk=pk, is_active=True).first()
    if user is None:
        raise NotFound(_("There is no such member."))
    form = ReasonForm(
        request.POST if request.method == "POST" else None, required=True, initial=kept.fields(request, reader.id)
    )
    if not form.is_bound or not form.is_valid():
        context = {"form": form, "member": user, "back_url": links.member(user.username)}
        return render(request, "forum/clear_profile.html", context, status=INVALID if form.is_bound else 200)
    sanctions.clear_profile(reader, user, form.cleaned_data["reason"], may=True)
    messages.success(request, _("The profile of %(username)s is empty now.") % {"username": user.username})
    return HttpResponseRedirect(links.member(user.username))
