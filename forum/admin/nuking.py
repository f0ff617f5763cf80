"""Hiding all that a member wrote, from the administration: what will happen, why, and undoing it."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from forum import kept, links
from forum.actions import nuking, sanctions
from forum.errors import NotAllowed, NotFound
from forum.models import Job, User

from .acting import reason_field
from .jobs import MOST, url_of
from .noting import note
from .site import granted, site, who

PERMISSION = "forum.moderate_user"
INVALID = 422


class NukeForm(forms.Form):
    """Why, and a second thought."""

    reason = reason_field(
        True,
        gettext_lazy("Kept in the log, and shown to the member and in place of each post."),
        gettext_lazy("Why"),
    )
    sure = forms.BooleanField(
        label=gettext_lazy("Suspend the account and hide everything"),
        error_messages={"required": gettext_lazy("Please tick this box if you mean it.")},
    )


def may(request: HttpRequest) -> bool:
    return granted(request, PERMISSION)


@require_http_methods(["GET", "HEAD", "POST"])
def nuke_page(request: HttpRequest, pk: int) -> HttpResponse:
    """What will happen, with the form (GET); do it, and show the job (POST)."""
    user = _member(pk)
    if refusal := sanctions.why_not(who(request), user, may=True):
        raise NotAllowed(refusal)
    initial = kept.fields(request, who(request).id)
    form = NukeForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        job = nuking.nuke(who(request), user, form.cleaned_data["reason"], may=True)
        note(request, _("Hide all posts: member %(number)s") % {"number": pk})
        said = _("%(name)s is suspended, and what they wrote is being hidden.")
        messages.success(request, said % {"name": user.username})
        return HttpResponseRedirect(url_of(job))
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Hide all that %(name)s wrote") % {"name": user.username},
        "member": user,
        "member_url": links.member(user.username),
        "form": form,
        "at_work": nuking.at_work(pk),
        "posts": nuking.posts_of(pk),
        "earlier": Job.objects.filter(kind="nuke", member_id=str(user.pk)).order_by("-pk")[:5],
    }
    return TemplateResponse(request, "admin/forum/nuke.html", context, status=INVALID if form.errors else 200)


@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Show again what a job hid; leads to the job that does."""
    job = Job.objects.filter(pk=pk, kind="nuke").first() if pk <= MOST else None
    if job is None:
        raise NotFound(_("There is no such job."), [(_("All jobs"), reverse("admin:jobs"))])
    member = _member(int(job.member_id))
    undoing = nuking.unnuke(who(request), member, job, may=True)
    note(request, _("Show again what was hidden: member %(number)s") % {"number": job.member_id})
    messages.success(request, _undone(member.suspended, undoing))
    return HttpResponseRedirect(url_of(undoing))


def _undone(was_suspended: bool, undoing: Job) -> str:
    """What has been done, as far as it has come within the request."""
    shown = _("The posts are being shown again.")
    if undoing.state["stage"] == "account":
        return shown
    if _member(int(undoing.member_id)).suspended:
        return _("%(said)s The account stays suspended: see its Moderation page.") % {"said": shown}
    return _("The suspension is lifted, and the posts are being shown again.") if was_suspended else shown


def _member(pk: int) -> User:
    user: User | None = User.objects.filter(pk=pk).first() if pk <= MOST else None
    if user is None:
        raise NotFound(_("There is no such member."), [(_("All members"), reverse("admin:forum_user_changelist"))])
    return user


site.add_page("forum/user/<int:pk>/nuke/", nuke_page, name="nuke", title="", section=gettext_lazy("Members"), may=may)
site.add_page("jobs/<int:pk>/undo/", undo, name="unnuke", title="", section=gettext_lazy("Members"), may=may)
