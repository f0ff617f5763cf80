"""Jobs: work too long for a request, done in steps, each of which can be taken again.

    @jobs.kind("move thread")
    def move_thread(job: Job) -> Progress:
        ... do a little, as `job.state` says; a second or so ...
        return Progress({**job.state, "next": number}, done=number, total=last)

A job is a row of the relational database. Whoever runs it holds a lease, and stores how far it is after
each step; a runner that dies leaves the state of the step before, so the next runner takes its last step
again. A step must therefore end the same when it is taken twice, or was cut short anywhere.

A step that raises Unavailable is taken again in some seconds; any other error fails the job, which can
be resumed. Small jobs are done within the request that starts them; the rest by `manage.py work`.
"""

import logging
import os
import re
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db.models import Case, Q, Value, When
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import wording
from .charging import charged
from .errors import ForumError, Unavailable
from .models import Job
from .tables import base

log = logging.getLogger(__name__)

# Longer than any step may take; renewed after each.
LEASE = timedelta(seconds=60)
# How long a request works at a job that it starts, and how long a worker before it looks at the next.
REQUEST_SECONDS = 1.0
TURN_SECONDS = 5.0
# When a store does not answer, the job is tried again after so long.
PAUSE = timedelta(seconds=5)
# How long a step of a worker may wait for DynamoDB in all: well below the lease.
PATIENCE_SECONDS = 20.0

AT_WORK = (Job.Status.WAITING, Job.Status.RUNNING)
HALTED = (Job.Status.STOPPED, Job.Status.FAILED)
UNFINISHED = (*AT_WORK, Job.Status.STOPPED)


@dataclass(frozen=True, slots=True)
class Progress:
    """After a step: what the next one needs to know, and for people how much is `done` of how much."""

    state: dict[str, Any] = field(default_factory=dict)
    done: int = 0
    total: int = 0
    finished: bool = False
    message: str = ""


Step = Callable[[Job], Progress]
KINDS: dict[str, Step] = {}


def kind(name: str) -> Callable[[Step], Step]:
    """Register the step of a kind of jobs."""

    def register(step: Step) -> Step:
        KINDS[name] = step
        return step

    return register


# -- For those who ask for work -------------------------------------------------------------------


def start(
    kind: str,
    title: str,
    state: dict[str, Any],
    *,
    about: Mapping[str, object] | None = None,
    user_id: str = "",
    member_id: str = "",
    total: int = 0,
    seconds: float = REQUEST_SECONDS,
) -> Job:
    """Note a job, and work at it for so many seconds at once (not at all for 0); what is left is the workers'.

    `title` is a message of the translations with these places filled in: what it is `about`. `user_id` is who asks,
    `member_id` whom it concerns.
    """
    if kind not in KINDS:
        raise ValueError(f"there is no kind of job called {kind}")
    if about is not None:
        state = state | {"says": title, "about": dict(about)}
        title = title % about
    job = Job.objects.create(
        kind=kind, title=title[:300], state=state, user_id=user_id, member_id=member_id, total=total
    )
    return run(job.pk, seconds) if seconds else job


def title_of(job: Job) -> str:
    """What a job does, in the reader's language."""
    if "says" not in job.state:
        return wording.retold(job.title, SAYINGS)
    said: str = _(job.state["says"]) % job.state["about"]
    return said


def stop(pk: int) -> Job:
    """Let a job rest after the step that is under way; what is done stays done."""
    Job.objects.filter(pk=pk, status__in=AT_WORK).update(status=Job.Status.STOPPED, changed=timezone.now())
    return Job.objects.get(pk=pk)


def resume(pk: int, seconds: float = REQUEST_SECONDS) -> Job:
    """Go on with a job that was stopped, or that failed, from where it was.

    The lease stays: whoever was at it when it was stopped may be in the midst of a step still.
    """
    waiting = {"status": Job.Status.WAITING, "message": "", "changed": timezone.now()}
    Job.objects.filter(pk=pk, status__in=HALTED).update(**waiting)
    return run(pk, seconds)


def give_up(pk: int, message: str) -> bool:
    """End a job that was stopped or failed as far as it has come; it cannot be resumed any more. False where it is
    not halted, or somebody is in the midst of its last step still."""
    job = Job.objects.get(pk=pk)
    resting = Q(leased_until__lt=timezone.now()) | Q(leased_until=None)
    over = Job.objects.filter(resting, pk=pk, changed=job.changed, status__in=HALTED)
    ended = {"status": Job.Status.DONE, "state": {**job.state, "given_up": True}, "message": message}
    return bool(over.update(**ended, changed=timezone.now()))


# -- For those who do it --------------------------------------------------------------------------


def never() -> bool:
    return False


def work(seconds: float = TURN_SECONDS, stopping: Callable[[], bool] = never) -> bool:
    """Take the turn of the job that has waited longest; False when none waits."""
    job = Job.objects.filter(_free()).order_by("changed", "pk").first()
    if job is None:
        return False
    with charged(f"job: {job.kind}") as ledger:
        run(job.pk, seconds, stopping, ledger)
    return True


def run(pk: int, seconds: float, stopping: Callable[[], bool] = never, ledger: base.Ledger | None = None) -> Job:
    """Take steps for so many seconds, or until `stopping`, if nobody else is at this job; the job as it is then.

    Each step may wait for DynamoDB for PATIENCE_SECONDS by this ledger; within a request its own bounds hold.
    """
    runner = f"{socket.gethostname()[:60]}:{os.getpid()}:{uuid4().hex[:8]}"
    until = time.monotonic() + seconds
    if not _lease(pk, runner):
        return Job.objects.get(pk=pk)
    try:
        while (job := Job.objects.get(pk=pk)).status == Job.Status.RUNNING and job.runner == runner:
            if ledger is not None:
                ledger.patience = ledger.seconds + PATIENCE_SECONDS
            if not _step(job, runner) or time.monotonic() >= until or stopping():
                break
    finally:
        _release(pk, runner)
    return Job.objects.get(pk=pk)


def _free() -> Q:
    """Jobs that this release knows and nobody is at: waiting, or with a runner whose lease has ended."""
    ended = Q(leased_until__lt=timezone.now()) | Q(leased_until=None)
    return Q(status__in=AT_WORK, kind__in=list(KINDS)) & ended


def _lease(pk: int, runner: str) -> bool:
    changes = {"status": Job.Status.RUNNING, "runner": runner, "leased_until": timezone.now() + LEASE}
    return bool(Job.objects.filter(_free(), pk=pk).update(**changes))


def _release(pk: int, runner: str) -> None:
    """Let others have the job, unless they have it already, or it rests for a while."""
    waiting = Case(When(status=Job.Status.RUNNING, then=Value(Job.Status.WAITING)), default="status")
    held = Job.objects.filter(pk=pk, runner=runner)
    held.update(status=waiting, runner="", leased_until=None, changed=timezone.now())


def _step(job: Job, runner: str) -> bool:
    """One step; False where there is to be no next one now. What it says is stored as it is in the code, and put into
    the language of whoever reads it."""
    try:
        with translation.override(None):
            progress = KINDS[job.kind](job)
    except Unavailable as error:
        _rest(job, runner, error.message)
        return False
    except Exception as error:
        log.exception("Job %s (%s) failed.", job.pk, job.title)
        said = error.message if isinstance(error, ForumError) else f"It failed: {type(error).__name__}."
        _save(job, runner, status=Job.Status.FAILED, message=said)
        return False
    done = {"state": progress.state, "done": progress.done, "total": progress.total, "message": progress.message}
    if progress.finished:
        _save(job, runner, **done, status=Job.Status.DONE)
        return False
    _save(job, runner, **done, leased_until=timezone.now() + LEASE)
    return True


def _rest(job: Job, runner: str, message: str) -> None:
    """Leave the job alone for a while: nobody's, but leased. One that was stopped meanwhile stays so."""
    _save(job, runner, message=message)
    waiting = {"status": Job.Status.WAITING, "runner": "", "leased_until": timezone.now() + PAUSE}
    Job.objects.filter(pk=job.pk, runner=runner, status=Job.Status.RUNNING).update(**waiting)


def _save(job: Job, runner: str, **changes: Any) -> None:
    """Store how far the job is, unless another runner has taken it over; a job that was stopped meanwhile
    stays so, but what was done is noted."""
    if "message" in changes:
        changes["message"] = changes["message"][:500]
    Job.objects.filter(pk=job.pk, runner=runner).update(changed=timezone.now(), **changes)


# -- For those who look on ------------------------------------------------------------------------

# What jobs say of themselves with something in it, and are called where they keep nothing of what they are about; the
# rest they say as it stands in the translations.
SAYINGS = (
    (re.compile(r"Back to (?P<day>[\d-]{10})\."), gettext_lazy("Back to %(day)s.")),
    (re.compile(r"(?P<count>[\d,]+) posts so far\."), gettext_lazy("%(count)s posts so far.")),
    (re.compile(r"Closed account (?P<member>\d+): keep posts"), gettext_lazy("Closed account %(member)s: keep posts")),
    (
        re.compile(r"Closed account (?P<member>\d+): anonymise posts"),
        gettext_lazy("Closed account %(member)s: anonymise posts"),
    ),
    (
        re.compile(r"Closed account (?P<member>\d+): delete posts"),
        gettext_lazy("Closed account %(member)s: delete posts"),
    ),
    (re.compile(r"It failed: (?P<error>\w+)\."), gettext_lazy("It failed: %(error)s.")),
)


def said(job: Job) -> str:
    """How a job stands, which is stored in English, in the reader's language; "" for nothing."""
    return wording.retold(job.message, SAYINGS)
