"""Tags of threads. A thread's head says which it has; the relational table ThreadTag finds the threads of a tag.

The table is written after the head, by whoever changes tags, and so costs a reply nothing. Should it fail, the
thread has its tags and is not found by them until `manage.py rebuild_tags`; whoever reads asks the heads anyway.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from forum import jobs
from forum.cache import tags
from forum.cache.intents import invalidating
from forum.errors import Conflict, NotFound, Unavailable
from forum.jobs import Progress
from forum.models import Forum, Job, ThreadTag
from forum.tables import changes, mapping, threads
from forum.tables.keys import Nonce
from forum.tables.moderation import Record, leave_out, new_act, tag_subject, thread_subject
from forum.tables.threads import Thread

from . import folding

log = logging.getLogger(__name__)

RETAG = "retag"
# How many threads a step of a job takes, and a rebuild reads at a time.
AT_ONCE = 25
READ = 500


def of_tags(names: Iterable[str]) -> list[str]:
    """The tags of the page cache that change where threads get or lose these."""
    changed = [tags.tag(name) for name in names]
    return [*changed, tags.TAGS] if changed else []


def index(head: Thread, names: Iterable[str] | None = None) -> None:
    """Have the table say of a thread what its head says, or that it has these tags. One to four SQL statements.
    Never fails."""
    try:
        with transaction.atomic():
            _index(head, (head.tags or []) if names is None else names)
    except DatabaseError as error:
        log.warning("The tags of thread %s could not be noted: %s", head.id, error)


def _index(head: Thread, names: Iterable[str]) -> None:
    now = {"forum": head.forum, "listed": not head.deleted}
    rows = ThreadTag.objects.filter(thread_id=head.id)
    wanted = set(names)
    known = {row.tag: row for row in rows}
    if gone := known.keys() - wanted:
        rows.filter(tag__in=gone).delete()
    if any((row.forum, row.listed) != (now["forum"], now["listed"]) for row in known.values()):
        rows.update(**now)
    new = [ThreadTag(tag=name, thread_id=head.id, **now) for name in sorted(wanted - known.keys())]
    if new:
        ThreadTag.objects.bulk_create(new, ignore_conflicts=True)


def moved(thread_id: str, forum: str) -> None:
    """A thread is in another forum now. One SQL statement. Never fails."""
    try:
        with transaction.atomic():
            ThreadTag.objects.filter(thread_id=thread_id).update(forum=forum)
    except DatabaseError as error:
        log.warning("That thread %s moved could not be noted for its tags: %s", thread_id, error)


# -- All threads of a tag -------------------------------------------------------------------------


def rename(old: str, new: str, user_id: str, reason: str = "") -> Job:
    """Give all threads of a tag another instead, which they may have already, or none where `new` is ""."""
    called, taken = (
        gettext_noop("Call the tag “%(old)s” “%(new)s”"),
        gettext_noop("Take the tag “%(old)s” off all threads"),
    )
    title, about = called if new else taken, {"old": old, "new": new}
    total = ThreadTag.objects.filter(tag=old).count()
    return jobs.start(
        RETAG, title, {"old": old, "new": new, "reason": reason}, about=about, user_id=user_id, total=total
    )


@jobs.kind(RETAG)
def retag_step(job: Job) -> Progress:
    """Some threads that still have the old tag: what the table says is left is what there is to do."""
    old, new = job.state["old"], job.state["new"]
    rows = list(ThreadTag.objects.filter(tag=old).order_by("thread_id")[:AT_ONCE])
    lists = {tags.HOME, *(tags.forum(row.forum) for row in rows)}
    with invalidating(*of_tags(filter(None, [old, new])), *lists, *(tags.thread(row.thread_id) for row in rows)):
        dealt = [forum for row in rows if (forum := _retag(row, old, new, job)) is not None]
    if rows and not dealt:
        raise Unavailable(_("These threads are changing very fast. It goes on in a moment."))
    state, done = dict(job.state), job.done + len(dealt)
    if changed := Counter(filter(None, dealt)):
        state["forums"] = dict(Counter(state.get("forums", {})) + changed)
        _note(job, state["forums"])
    return Progress(state, done=done, total=max(job.total, done), finished=not rows)


def _note(job: Job, forums: Mapping[str, int]) -> None:
    """In the log, how many threads it has been so far, in all and in each forum."""
    old, new, reason = job.state["old"], job.state["new"], job.state["reason"]

    def record(number: int, forum: str = "") -> Record:
        after = {"tags": new or None, "threads": number}
        more: Any = {"forum": forum, "before": {"tags": old}, "after": after, "job_id": str(job.pk)}
        return new_act(tag_subject(old), "retag all", job.user_id, reason, **more)

    parts = {name: record(number, name) for name, number in forums.items()}
    folding.note(job, Nonce.of(f"{RETAG}/{job.pk}"), record(sum(forums.values())), parts)


def _retag(row: ThreadTag, old: str, new: str, job: Job) -> str | None:
    """The forum of the thread that has other tags now, "" where there was nothing to change, None where somebody else
    is changing it. Two or three GetItems and a transaction."""
    try:
        head = threads.follow(threads.get_thread(row.forum, row.thread_id))
    except NotFound:
        head = None
    if head is None or head.id != row.thread_id or old not in (head.tags or []):
        row.delete()
        return ""
    names = list(dict.fromkeys(new if name == old else name for name in head.tags if name != old or new))
    subject, reason = thread_subject(head.id), job.state["reason"]
    act = new_act(subject, "retag", job.user_id, reason, forum=head.forum, member_id=head.user_id, job_id=str(job.pk))
    leave_out(act)
    try:
        changes.change_thread(head, act, tags=names)
    except Conflict:
        return None
    index(head, names)
    return head.forum


def rebuild(forum: Forum) -> int:
    """Note the tags of all threads of a forum anew, by Queries of some hundred heads; how many threads it has."""
    seen = 0
    for shard in range(forum.shards):
        first = ""
        while True:
            heads = mapping.list_by_id(forum.name, shard, first, "", READ)
            fresh: Sequence[Thread] = [head for head in heads if head.id != first]
            for head in fresh:
                if not head.moved_to:
                    index(head)
            seen += len(fresh)
            if not fresh:
                break
            first = fresh[-1].id
    return seen
