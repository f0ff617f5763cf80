"""Moving a thread to another forum, splitting posts off, merging a thread into another.

Each of these checks who may and whether it makes sense, and starts a job (`transfers`), which is done within
the request where the thread is small. Who acts must moderate both forums.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from forum import jobs
from forum.errors import BadRequest, Conflict, NotAllowed, SignInNeeded
from forum.models import Forum, Job
from forum.permissions import ForumRules, Reader, can_read, moderates
from forum.tables import moving
from forum.tables.keys import Nonce, post_timestamp, thread_id
from forum.tables.threads import Thread

from . import holding, transfers
from .numbering import ranges

REASON_MOST = 500
# Why a post cannot be split off, by its status.
GONE = {
    "hidden": gettext_noop("Post #%(number)s is gone: it has been hidden."),
    "deleted": gettext_noop("Post #%(number)s is gone: it has been deleted."),
    "moved": gettext_noop("Post #%(number)s is gone: it has been moved."),
}
# So many posts are looked at before the job begins, so that who chose one that is gone is told so.
LOOKED_AT = 100
# How much of what was chosen stands in the log.
CHOSEN_MOST = 300


def move_thread(
    reader: Reader,
    source: ForumRules,
    target: ForumRules,
    head: Thread,
    reason: str = "",
    *,
    seconds: float = jobs.REQUEST_SECONDS,
) -> Job:
    """Take a thread to another forum; its address there is the old one with the other forum's name."""
    _require_moderator(reader, source, target)
    if source.name == target.name:
        raise Conflict(_("The thread is in %(title)s already.") % {"title": target.title})
    _refuse_closed(head, hidden_too=False)
    state = {"thread": head.id, "into": head.id, "phase": "head"}
    title, about = gettext_noop("Move “%(title)s” to %(forum)s"), {"title": head.title, "forum": target.title}
    return _start(
        holding.MOVE, title, about, reader, source, target, state, reason, int(head.last_post_number), seconds
    )


def split(
    reader: Reader,
    forum: ForumRules,
    head: Thread,
    numbers: list[int],
    *,
    title: str | None,
    into: tuple[ForumRules, Thread] | None,
    reason: str = "",
) -> Job:
    """Take posts out of a thread: into a new one of the same forum, with this title, or to the end of another."""
    target = into[0] if into else forum
    _require_moderator(reader, forum, target)
    _refuse_closed(head)
    if bool(title) == bool(into):
        raise BadRequest(_("Give the new thread a title, or say which thread the posts go into: one of the two."))
    numbers = sorted(set(numbers))
    _refuse_numbers(head, numbers)
    if into:
        _refuse_as_target(head, into[1])
    event = Nonce.new(shards=target.shards)
    chosen = ranges(numbers)
    state = {
        "thread": head.id,
        "into": into[1].id if into else thread_id(event, target.shards),
        "title": title or "",
        "numbers": chosen,
        "chosen": as_text(chosen),
    }
    one, many = gettext_noop("Split 1 post off “%(title)s”"), gettext_noop("Split %(number)s posts off “%(title)s”")
    words, about = one if len(numbers) == 1 else many, {"title": head.title, "number": len(numbers)}
    return _start(holding.SPLIT, words, about, reader, forum, target, state, reason, len(numbers))


def merge(
    reader: Reader,
    forum: ForumRules,
    head: Thread,
    into_forum: ForumRules,
    into_head: Thread,
    reason: str = "",
    *,
    seconds: float = jobs.REQUEST_SECONDS,
) -> Job:
    """Append all posts of a thread to another; its address leads there from then on."""
    _require_moderator(reader, forum, into_forum)
    _refuse_closed(head)
    _refuse_as_target(head, into_head)
    state = {
        "thread": head.id,
        "into": into_head.id,
        "title": "",
        "phase": "close",
        "hidden": _has_other_readers(forum, into_forum),
    }
    title, about = gettext_noop("Merge “%(title)s” into “%(into)s”"), {"title": head.title, "into": into_head.title}
    return _start(
        holding.MERGE, title, about, reader, forum, into_forum, state, reason, int(head.last_post_number), seconds
    )


def leads_to(job: Job) -> tuple[str, int] | None:
    """The address of a post that such a job takes along, as far as it is known yet; None for other jobs."""
    if job.kind not in holding.KINDS:
        return None
    if job.kind == holding.MOVE or job.status == Job.Status.DONE and not job.state.get("first"):
        return job.state["thread"], 1
    return (job.state["into"], int(job.state["first"])) if job.state.get("first") else (job.state["thread"], 1)


def may_read(reader: Reader, forums: Mapping[str, ForumRules], job: Job) -> bool:
    """Whether the reader may read both threads of such a job, which its title names; other jobs name none."""
    if job.kind not in holding.KINDS:
        return True
    about = [forums.get(str(job.state.get(each, ""))) for each in ("source", "target")]
    return all(forum is not None and can_read(reader, forum) for forum in about)


def as_text(chosen: list[tuple[int, int]]) -> str:
    """Ranges of numbers for people: "2, 12-15"; cut where there are very many."""
    text = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in chosen)
    return text if len(text) <= CHOSEN_MOST else f"{text[:CHOSEN_MOST].rpartition(',')[0]}, …"


# -- What may be done -----------------------------------------------------------------------------


def _require_moderator(reader: Reader, *forums: ForumRules) -> None:
    if not reader.signed_in:
        raise SignInNeeded(_("Please sign in first."))
    for forum in forums:
        if not moderates(reader, forum):
            raise NotAllowed(_("Only moderators of %(title)s may do that.") % {"title": forum.title})
        if forum.archived:
            raise NotAllowed(_("%(title)s is archived: nothing in it changes any more.") % {"title": forum.title})


def _refuse_closed(head: Thread, hidden_too: bool = True) -> None:
    if head.moved_to:
        raise Conflict(_("This thread has moved already."))
    if head.status == "deleted" or (hidden_too and head.deleted):
        raise Conflict(_("This thread has been removed. It must be shown again first."))
    if head.archived:
        raise Conflict(_("This thread is archived: nothing in it changes any more."))


def _refuse_as_target(head: Thread, into: Thread) -> None:
    if into.id == head.id:
        raise Conflict(_("That is the same thread."))
    if into.moved_to or into.deleted:
        raise Conflict(_("The other thread has been removed."))
    if into.archived:
        raise Conflict(_("The other thread is archived: nothing can be added to it."))


def _refuse_numbers(head: Thread, numbers: list[int]) -> None:
    """Conflict where these are no numbers of posts that can be split off. Up to LOOKED_AT of them are read."""
    if not numbers:
        raise Conflict(_("Choose at least one post."))
    if numbers[0] < 1 or numbers[-1] > head.last_post_number:
        wrong = numbers[0] if numbers[0] < 1 else numbers[-1]
        raise Conflict(_("This thread has no post #%(wrong)s.") % {"wrong": wrong})
    if numbers[0] == 1:
        raise Conflict(_("Post #1 begins the thread and cannot be split off. To take all posts elsewhere, merge it."))
    for first, last in ranges(numbers[:LOOKED_AT]):
        for post in moving.get_posts(head, first, last):
            if not transfers.goes_along(holding.SPLIT, post):
                raise Conflict(_(GONE.get(post.status, GONE["deleted"])) % {"number": int(post.number)})


def _has_other_readers(source: ForumRules, target: ForumRules) -> bool:
    """Whether somebody who can read the one forum cannot read the other."""
    if target.public or (source.read_access, source.read_groups) == (target.read_access, target.read_groups):
        return False
    return not (target.read_access == "members" and source.read_access == "groups")


def _start(
    kind: str,
    title: str,
    about: Mapping[str, object],
    reader: Reader,
    source: ForumRules,
    target: ForumRules,
    state: dict[str, Any],
    reason: str,
    total: int,
    seconds: float = jobs.REQUEST_SECONDS,
) -> Job:
    """Note a job and work at it; Conflict where another has its threads in hand. A form that was sent twice leads to
    the one job."""
    reason = reason.strip()
    if len(reason) > REASON_MOST:
        raise BadRequest(_("The reason is longer than %(most)s characters.") % {"most": REASON_MOST})
    now = post_timestamp(Nonce.new(), datetime.now(UTC))
    state |= {"source": source.name, "target": target.name, "reason": reason, "event": now}
    with transaction.atomic():
        # Whoever else begins a job in these forums waits here, and sees this one.
        list(Forum.objects.select_for_update().filter(name__in={source.name, target.name}).order_by("pk"))
        for other in holding.unfinished({state["thread"], state["into"]}):
            if (other.kind, other.user_id) == (kind, reader.id) and _same(other.state, state):
                return other
            raise holding.held_by(other)
        job = jobs.start(kind, title, state, about=about, user_id=reader.id, total=total, seconds=0)
    return jobs.run(job.pk, seconds) if seconds else job


def _same(begun: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """Whether two jobs are to do the same; a new thread has another id in each."""
    facts = ("thread", "source", "target", "chosen", "title", "reason", "" if asked.get("title") else "into")
    return all(begun.get(fact) == asked.get(fact) for fact in facts)
