"""Who is silenced or suspended now, for those who may do that, and see what stands before they do more."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from forum.forms import page_number
from forum.models import User

from .sanctions import in_words, may
from .site import site

TITLE = gettext_lazy("Silenced and suspended")
PER_PAGE = 100


@require_safe
def standing(request: HttpRequest) -> HttpResponse:
    """The newest accounts first, `?page=`. One SQL query."""
    page, now = page_number(request.GET.get("page")), timezone.now()
    concerned = User.objects.filter(Q(silenced_until__gt=now) | Q(suspended_until__gt=now)).order_by("-pk")
    first = (page - 1) * PER_PAGE
    found = list(concerned[first : first + PER_PAGE + 1])
    context: dict[str, Any] = {
        **site.each_context(request),
        "title": TITLE,
        "rows": [_row(user) for user in found[:PER_PAGE]],
        "newer_url": f"?page={page - 1}" if page > 1 else "",
        "older_url": f"?page={page + 1}" if len(found) > PER_PAGE else "",
    }
    return TemplateResponse(request, "admin/forum/standing.html", context)


def _row(user: User) -> dict[str, str]:
    return {
        "name": user.username,
        "url": reverse("admin:moderate_member", args=[user.pk]),
        "silenced": in_words(user, "silenced") if user.silenced else "",
        "suspended": in_words(user, "suspended") if user.suspended else "",
    }


site.add_page("standing/", standing, name="standing", title=TITLE, section=gettext_lazy("Moderation"), may=may)
