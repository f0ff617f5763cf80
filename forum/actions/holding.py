"""Which job has a thread in hand, and letting go of it.

Jobs that move posts hold the threads they are about until they end, so that no two are at the same posts. One that
comes to a halt half-way holds them until somebody resumes it or gives it up.
"""

from collections.abc import Iterator
from contextlib import suppress

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from forum import jobs, links
from forum.errors import Conflict, NotFound
from forum.models import Job
from forum.tables import moderation, moving, threads
from forum.tables.threads import Thread

MOVE, SPLIT, MERGE = "move thread", "split thread", "merge thread"
KINDS = (MOVE, SPLIT, MERGE)


def refuse_another(job: Job) -> None:
    """Conflict where another job has begun with one of these threads, or was started for it before this one, and has
    not ended."""
    for other in unfinished({job.state["thread"], job.state["into"]}):
        if other.pk < job.pk or (other.pk > job.pk and _has_begun(other)):
            raise held_by(other)


def unfinished(thread_ids: set[str]) -> Iterator[Job]:
    """Jobs that move posts of these threads and have not ended. A job that failed half-way has not: it holds its
    threads until it is resumed or given up. One SQL query, and one GetItem for each that failed."""
    theirs = Q(state__thread__in=list(thread_ids)) | Q(state__into__in=list(thread_ids))
    for job in Job.objects.filter(theirs, kind__in=KINDS, status__in=(*jobs.AT_WORK, *jobs.HALTED)):
        if holds(job):
            yield job


def holds(job: Job) -> bool:
    """Whether a job that has not ended keeps others from its threads; one that failed before it moved anything does
    not. One GetItem for one that failed."""
    return job.status != Job.Status.FAILED or _has_begun(job)


def _has_begun(job: Job) -> bool:
    """Whether it has moved anything: its act is recorded in its first transaction. One GetItem, consistent."""
    return moving.is_recorded(moderation.thread_subject(job.state["thread"]), job.state["event"])


def held_by(job: Job) -> Conflict:
    """What a moderator is told whose thread another job has in hand. Its title may name what is not theirs to see."""
    way = [(_("To that job"), links.job(job.pk))]
    if job.status in jobs.HALTED:
        return Conflict(
            _(
                "Another job for this thread has come to a halt half-way. It holds the thread until it is resumed "
                "or given up."
            ),
            way,
        )
    return Conflict(_("Another job for this thread is under way. Please wait until it has ended."), way)


# -- Giving up ------------------------------------------------------------------------------------


def give_up(job: Job) -> bool:
    """End a job that has come to a halt, and let go of its threads; False where it is at work, or has just ended.

    What it has moved stays where it is now, and the rest where it was: both threads are sound. A thread that was to
    be merged stays closed, and hidden where it was hidden, for a moderator to decide: see `left_closed`.
    """
    return jobs.give_up(
        job.pk, gettext_noop("It was given up: what has moved stays where it is, and the rest where it was.")
    )


def left_closed(job: Job) -> Thread | None:
    """The thread that a merge which was given up, or may be, has closed (and perhaps hidden), with posts left in it;
    None where nothing of it is closed any more, and for other jobs. One GetItem, consistent."""
    if job.kind != MERGE or not (job.status in jobs.HALTED or job.state.get("given_up")):
        return None
    with suppress(NotFound):
        head = threads.get_thread(job.state["source"], job.state["thread"])
        if not head.moved_to and (head.locked or head.deleted):
            return head
    return None
