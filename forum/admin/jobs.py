"""Background jobs in the admin: what runs, how far it is, stopping it and going on.

Who may look after operations sees all jobs. Others see those that they started, and those that they could have
started: of members, who may act on members; that take posts elsewhere, who moderates one of the forums and may read
the other. A colleague can so stop, resume and undo what somebody has begun and left.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import select_template
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from forum import jobs
from forum.actions import holding, moving
from forum.errors import BadRequest, NotAllowed, NotFound
from forum.models import Job, User

from . import words
from .noting import note
from .site import basis, forums_moderated, forums_read, granted, site

TITLE = gettext_lazy("Background jobs")
JOBS_PER_PAGE = 50
# How often a page that shows work looks again.
REFRESH_SECONDS = 2
SAID = {"stop": gettext_lazy("Stopped."), "resume": gettext_lazy("Resumed."), "give_up": gettext_lazy("Given up.")}
# The largest key that any of the databases takes.
MOST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Row:
    """A job, and the names of who asked for it and whom it concerns ("" for nobody). `title` is less than the
    job's own where that names a thread which the asker may not read."""

    job: Job
    title: str
    asked_by: str
    member: str

    @property
    def at_work(self) -> bool:
        return self.job.status in jobs.AT_WORK

    @property
    def halted(self) -> bool:
        return self.job.status in jobs.HALTED

    @property
    def url(self) -> str:
        return url_of(self.job)


def url_of(job: Job) -> str:
    """Its page in the admin."""
    return reverse("admin:job", args=[job.pk])


def seen_by(request: HttpRequest) -> QuerySet[Job]:
    """The jobs that the asker may see, newest first."""
    every = Job.objects.order_by("-pk")
    if granted(request, "forum.view_operations"):
        return every
    seen = Q(user_id=str(request.user.pk)) | _of_forums(request)
    if granted(request, "forum.moderate_user"):
        seen |= Q(kind__in=("nuke", "unnuke"))
    return every.filter(seen)


def _of_forums(request: HttpRequest) -> Q:
    """Jobs that take posts elsewhere, of forums that the asker moderates, as `/jobs/<number>/` shows them."""
    moderated, read = [rules.name for rules in forums_moderated(request)], list(forums_read(request))
    theirs = Q(state__source__in=moderated) | Q(state__target__in=moderated)
    return theirs & Q(kind__in=holding.KINDS, state__source__in=read, state__target__in=read)


def title_of(request: HttpRequest, job: Job) -> str:
    known = basis(request)
    if moving.may_read(known.reader, known.directory.forums, job):
        return jobs.title_of(job)
    return str(words.JOBS.get(job.kind, job.kind.capitalize()))


def rows(request: HttpRequest, found: list[Job]) -> list[Row]:
    """With one SQL query for all names."""
    ids = {pk for job in found for pk in (job.user_id, job.member_id) if pk}
    names = {str(pk): name for pk, name in User.objects.filter(pk__in=ids).values_list("pk", "username")} if ids else {}
    return [Row(job, title_of(request, job), names.get(job.user_id, ""), names.get(job.member_id, "")) for job in found]


# -- The list -------------------------------------------------------------------------------------


@require_safe
def list_page(request: HttpRequest) -> HttpResponse:
    """Jobs, newest first, `?status=` of one status, `?before=` a job's number. Two SQL queries."""
    status, before = request.GET.get("status", ""), request.GET.get("before", "")
    if status and status not in Job.Status.values:
        raise BadRequest(_("Jobs have no such status."), [(_("All jobs"), reverse("admin:jobs"))])
    if before and not (before.isascii() and before.isdigit() and int(before[:20]) <= MOST):
        raise BadRequest(_("The link to this part of the list is damaged."), [(_("All jobs"), reverse("admin:jobs"))])
    found = seen_by(request)
    found = found.filter(status=status) if status else found
    found = found.filter(pk__lt=int(before)) if before else found
    shown = list(found[: JOBS_PER_PAGE + 1])
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": TITLE,
        "rows": rows(request, shown[:JOBS_PER_PAGE]),
        "older": shown[JOBS_PER_PAGE - 1].pk if len(shown) > JOBS_PER_PAGE else None,
        "newest": bool(before),
        "statuses": Job.Status.choices,
        "status": status,
    }
    context["refresh"] = REFRESH_SECONDS * 5 if any(row.at_work for row in context["rows"]) else 0
    return TemplateResponse(request, "admin/forum/jobs.html", context)


# -- One of them ----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def job_page(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a job is (GET); stop it, go on, or give up what moves posts (POST, `act`)."""
    job = _get(request, pk)
    if request.method == "POST":
        return _act(request, job)
    row = rows(request, [job])[0]
    can_be_given_up = row.halted and job.kind in holding.KINDS
    details = select_template([f"admin/forum/job_{slugify(job.kind)}.html", "admin/forum/_job_details.html"])
    context = {
        **admin.site.each_context(request),
        "title": row.title,
        "row": row,
        "job": job,
        "said": jobs.said(job),
        "refresh": REFRESH_SECONDS if row.at_work else 0,
        "details": details.render({"job": job, "row": row}, request),
        "can_be_given_up": can_be_given_up,
        "holds": can_be_given_up and holding.holds(job),
        "closed_url": _left_closed(request, job),
        "operator": granted(request, "forum.view_operations"),
    }
    return TemplateResponse(request, "admin/forum/job.html", context)


def _get(request: HttpRequest, pk: int) -> Job:
    job = Job.objects.filter(pk=pk).first() if pk <= MOST else None
    if job is None:
        raise NotFound(_("There is no such job."), [(_("All jobs"), reverse("admin:jobs"))])
    if not seen_by(request).filter(pk=pk).exists():
        raise NotAllowed(_("This job is not yours to see."), [(_("All jobs"), reverse("admin:jobs"))])
    return job


def _left_closed(request: HttpRequest, job: Job) -> str:
    """The page of the thread that a merge was given up with and left closed, where it is opened again; "" for none,
    and where the asker may not read it."""
    known = basis(request)
    over = job.state.get("given_up") and moving.may_read(known.reader, known.directory.forums, job)
    head = holding.left_closed(job) if over else None
    return reverse("admin:threads_detail", args=[head.id]) if head else ""


def _act(request: HttpRequest, job: Job) -> HttpResponse:
    act = request.POST.get("act", "")
    if act not in SAID or (act == "give_up" and job.kind not in holding.KINDS):
        raise BadRequest(_("A job can be stopped or resumed."), [(_("Back to the job"), url_of(job))])
    if job.status not in (jobs.AT_WORK if act == "stop" else jobs.HALTED) or not _done(job, act):
        already = _("Nothing was changed: this job is %(status)s already.")
        messages.warning(request, already % {"status": job.get_status_display().lower()})
        return HttpResponseRedirect(url_of(job))
    after = Job.objects.get(pk=job.pk)
    note(request, _("Job %(number)d: %(title)s") % {"number": job.pk, "title": title_of(request, job)}, str(SAID[act]))
    messages.success(request, _("This job is %(status)s now.") % {"status": after.get_status_display().lower()})
    return HttpResponseRedirect(url_of(job))


def _done(job: Job, act: str) -> bool:
    if act == "give_up":
        return holding.give_up(job)
    (jobs.stop if act == "stop" else jobs.resume)(job.pk)
    return True


# Whoever is let into the administration may have started one; `seen_by` says which they see.
site.add_page(
    "jobs/", list_page, name="jobs", title=TITLE, section=gettext_lazy("Operations"), may=lambda request: True
)
site.add_page(
    "jobs/<int:pk>/", job_page, name="job", title="", section=gettext_lazy("Operations"), may=lambda request: True
)
