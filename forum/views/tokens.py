"""A member's personal tokens: making one, which is shown this once, and revoking one."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from forum import kept
from forum.accounts import TokenForm
from forum.actions import tokens
from forum.errors import NotAllowed
from forum.models import ApiToken, User

from .posting import INVALID, refused


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def page(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    form = TokenForm(request.POST if request.method == "POST" else None, user=user)
    made = None
    if form.is_bound and form.is_valid():
        sent = form.cleaned_data
        try:
            made = tokens.make(user, sent["name"], sent["scopes"], int(sent["days"]))[1]
        except NotAllowed as error:
            return refused(request, "account/tokens.html", form, error, **_context(user))
        kept.forget(request)
        form = TokenForm(user=user)
    context = {**_context(user), "form": form, "made": made}
    response = render(request, "account/tokens.html", context, status=INVALID if form.is_bound else 200)
    response["Cache-Control"] = "no-store"
    return response


def _context(user: User) -> dict[str, object]:
    return {"tokens": list(ApiToken.objects.filter(user=user))}


@require_POST
@login_required
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    name = tokens.revoke(cast(User, request.user), pk)
    messages.success(request, _("“%(name)s” is revoked: nobody can use it any more.") % {"name": name})
    return redirect("tokens")
