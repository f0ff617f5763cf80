"""Tags in the administration: call one otherwise, which merges it with another of that name, or take it off."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from forum import tagnames
from forum.actions import tagging
from forum.models import ThreadTag

from .jobs import url_of
from .site import granted, site, who

PERMISSION = "forum.moderate_forum"
INVALID = 422
TITLE = gettext_lazy("Tags")


class RetagForm(forms.Form):
    """Which tag, and what takes its place in all threads that have it."""

    old = forms.CharField(label=gettext_lazy("Tag"), max_length=100)
    new = forms.CharField(
        label=gettext_lazy("Call it"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("Left empty, the tag is taken off all threads."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=300, required=False, help_text=gettext_lazy("Kept in the log.")
    )

    def clean_old(self) -> str:
        name = tagnames.normal(self.cleaned_data["old"])
        if not ThreadTag.objects.filter(tag=name).exists():
            raise ValidationError(_("No thread has this tag."))
        return name

    def clean_new(self) -> str:
        name = tagnames.normal(self.cleaned_data["new"])
        if name and not tagnames.is_tag(name):
            raise ValidationError(_("This cannot be a tag: 2 to 30 letters and digits, with hyphens between."))
        if name and name == self.cleaned_data.get("old"):
            raise ValidationError(_("It is called so already."))
        return name


def may(request: HttpRequest) -> bool:
    return granted(request, PERMISSION)


@require_http_methods(["GET", "HEAD", "POST"])
def tags_page(request: HttpRequest) -> HttpResponse:
    """The form (GET); begin the job that does it, and show that (POST)."""
    form = RetagForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        sent = form.cleaned_data
        return HttpResponseRedirect(url_of(tagging.rename(sent["old"], sent["new"], who(request).id, sent["reason"])))
    context: dict[str, Any] = {**admin.site.each_context(request), "title": TITLE, "form": form}
    return TemplateResponse(request, "admin/forum/tags.html", context, status=INVALID if form.errors else 200)


site.add_page("tags/", tags_page, name="tags", title=TITLE, section=gettext_lazy("Content"), may=may)
