"""Taking one's data along: asking for an export, seeing how far it is, fetching it."""

from typing import cast

from allauth.core import ratelimit
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from forum import account_limits, jobs
from forum.actions import leaving
from forum.errors import NotFound
from forum.models import Job, User

# How often the page looks whether the export is done.
REFRESH_SECONDS = 3


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def export(request: HttpRequest) -> HttpResponse:
    """How far one's export is (GET); ask for one (POST)."""
    user = cast(User, request.user)
    job = leaving.last_export(user)
    at_work = job is not None and job.status in jobs.AT_WORK
    if request.method == "POST":
        if not at_work and not ratelimit.consume(request, action="export_data", user=user):
            raise account_limits.throttled(request)
        leaving.start_export(user)
        return redirect("export")
    context = {
        "job": job,
        "message": jobs.said(job) if job else "",
        "at_work": at_work,
        "failed": job is not None and job.status in jobs.HALTED,
        "ready": job is not None and leaving.archive_of(job) is not None,
        "expires": leaving.expires(job) if job else None,
        "refresh": REFRESH_SECONDS if at_work else 0,
    }
    return render(request, "account/export.html", context)


@require_safe
@login_required
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The archive, for whoever it is about; for anybody else there is none."""
    user = cast(User, request.user)
    job = Job.objects.filter(pk=pk, kind="export", user_id=str(user.pk)).first()
    archive = leaving.archive_of(job) if job else None
    if job is None or archive is None:
        raise NotFound(_("There is no such export, or not any more."), [(_("Export of your data"), reverse("export"))])
    name = f"{user.username}-{job.created:%Y-%m-%d}.zip"
    answer = FileResponse(archive.open("rb"), as_attachment=True, filename=name, content_type="application/zip")
    answer["Cache-Control"] = "private, no-store"
    return answer
