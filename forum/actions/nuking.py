"""Hiding all that a spammer wrote, in one act, and undoing that as a whole.

Both are jobs that go through the member's posts from the newest to the oldest, batch by batch. The account is
suspended first. A thread that the member began goes along if nobody else has a post in it; else only its first
post is hidden, since others' words are not spam, and the job's page names it, for a moderator to look at.

One of these jobs is at a member at a time. A member who is hidden twice, by a job that has ended and another, has the
account back when both are undone, and then as it was before the first.

Each post that is hidden, and each thread, says by which job (`hidden_by`), and forgets it as soon as somebody
does anything else to it. So undoing shows what the job hid and is as it left it, and nothing that others hid.

What was done to each post is in that post's own history. The log has one record of the whole, and one for each forum
with posts in it, which say how many posts: thousands of acts alike would leave nothing else to be seen there.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from forum import jobs, links, reasons
from forum.cache import pages, tags
from forum.cache.intents import invalidating
from forum.errors import Busy, Conflict, NotFound
from forum.jobs import Progress
from forum.models import Job, User
from forum.permissions import FOREVER, Reader
from forum.tables import cases, moderation, sweeps, tallies
from forum.tables.base import pause
from forum.tables.changes import HIDDEN, VISIBLE
from forum.tables.keys import Nonce
from forum.tables.moderation import Record, new_act
from forum.tables.sweeps import Change, Found

from . import approving, bulk_events, closing, nuke_log, sanctions, touched

# How often one post is tried that others change meanwhile.
ATTEMPTS = 8
# What is listed on the job's page.
MOST_DOMAINS = 200
MOST_THREADS = 100
# At the end it looks again at what is newer than this before its start: an index shows posts a little late.
AGAIN = timedelta(minutes=1)

_DOMAIN = re.compile(r"https?://(?:[^\s/?#@<>\"'`]{0,100}@)?([\w.-]{1,253})", re.IGNORECASE)

Decide = Callable[[Found], Change | None]


def nuke(actor: Reader, user: User, reason: str, *, may: bool) -> Job:
    """Suspend the member for good and hide all they wrote. The job, which has worked for a second. Conflict, which
    leads to the other job, where one is at this member already."""
    reason = sanctions.require(actor, user, reason, may)
    title, about = gettext_noop("Hide all that %(name)s wrote"), {"name": user.username}
    state = {"actor": [actor.id, actor.name], "reason": reason, "nonce": Nonce.new().text, "stage": "account"}
    whom, total = {"user_id": actor.id, "member_id": str(user.pk)}, posts_of(user.pk)
    with transaction.atomic():
        member = _held(user.pk)
        state |= {"suspended": _suspended_before(member), "stands": _stands(member) or reason}
        job = jobs.start("nuke", title, state, about=about, total=total, seconds=0, **whom)
    return jobs.run(job.pk, jobs.REQUEST_SECONDS)


def unnuke(actor: Reader, user: User, job: Job, *, may: bool = False) -> Job:
    """Show again what the job hid, and lift the suspension, or put the one back that was there before."""
    sanctions.require(actor, user, "", may, needs_reason=False)
    if job.kind != "nuke" or job.member_id != str(user.pk):
        raise NotFound(_("There is no such job to undo."))
    if job.state.get("undone"):
        raise Conflict(_("This has been undone already."))
    state = {"actor": [actor.id, actor.name], "nonce": Nonce.new().text, "stage": "account"}
    state |= {"job": str(job.pk), "suspended": job.state["suspended"], "stands": job.state.get("stands")}
    title, about = gettext_noop("Show again what was hidden of %(name)s"), {"name": user.username}
    whom = {"user_id": actor.id, "member_id": str(user.pk)}
    with transaction.atomic():
        _held(user.pk, but=job)
        _claim(job)
        undoing = jobs.start("unnuke", title, state, about=about, total=job.done, seconds=0, **whom)
    return jobs.run(undoing.pk, jobs.REQUEST_SECONDS)


def posts_of(member_id: int) -> int:
    """How many posts there are to hide: those that readers see. One GetItem."""
    return int(tallies.get_tally(str(member_id)).posts)


def at_work(member_id: int, but: Job | None = None) -> Job | None:
    """The job that hides what this member wrote or shows it again, and has not ended; None where none does. One SQL
    query."""
    begun = Q(kind__in=("nuke", "unnuke"), status__in=jobs.AT_WORK) | Q(kind="nuke", status__in=jobs.HALTED)
    return Job.objects.filter(begun, member_id=str(member_id)).exclude(pk=but.pk if but else 0).first()


def _held(member_id: int, but: Job | None = None) -> User:
    """The account as it is now, which nobody else changes within this transaction; Conflict where another job is at
    the member."""
    member: User = User.objects.select_for_update().get(pk=member_id)
    if other := at_work(member_id, but):
        said = _("Another job is at what this member wrote already, and nothing more was begun.")
        raise Conflict(said, [(_("To that job"), reverse("admin:job", args=[other.pk]))])
    return member


def _standing(member_id: str, but: str = "") -> list[Job]:
    """The jobs that hid what the member wrote and were not undone, newest first."""
    every = Job.objects.filter(kind="nuke", member_id=member_id).order_by("-pk")
    return [job for job in every if not job.state.get("undone") and str(job.pk) != but]


def _stands(member: User) -> str | None:
    """Why the member is suspended for good already; None where they are not."""
    return member.suspension_reason if member.suspended_until == FOREVER else None


def _suspended_before(member: User) -> list[str]:
    """What undoing puts back, until when and why: of a suspension that another such job gave, what was before that."""
    for job in _standing(str(member.pk)):
        if _stands(member) is not None and job.state.get("stands") == _stands(member):
            before: list[str] = job.state["suspended"]
            return before
    return [member.suspended_until.isoformat() if member.suspended_until else "", member.suspension_reason]


def _claim(job: Job) -> None:
    """End the job as undone, once; Conflict while somebody is at it, or where somebody was faster."""
    undone = {
        "state": job.state | {"undone": True},
        "status": Job.Status.DONE,
        "message": gettext_noop("It has been undone."),
    }
    over = Job.objects.filter(pk=job.pk, changed=job.changed, status__in=[Job.Status.DONE, *jobs.HALTED])
    if not over.filter(leased_until=None).update(**undone, changed=timezone.now()):
        raise Conflict(_("This job is at work still, or has just changed. Stop it first, and then look again."))


# -- The steps ------------------------------------------------------------------------------------


@jobs.kind("nuke")
def _nuke_step(job: Job) -> Progress:
    """Suspend; then hide a batch."""
    state = dict(job.state)
    member = User.objects.filter(pk=job.member_id).first()
    if state["stage"] == "account":
        if member is not None:
            nuke_log.note(job, state)
            if not member.suspended_until or member.suspended_until < FOREVER:
                sanctions.suspend(_actor(job), member, FOREVER, state["reason"], may=True, job_id=str(job.pk))
        approving.withdraw_all(job.member_id, "The account was suspended.")
        state |= {"stage": "posts", "cursor": ""}
        return Progress(state, total=job.total, message=gettext_noop("The account is suspended."))

    newest = pages.current(tags.user(member.username)).written if member and not state["cursor"] else {}
    found, cursor = sweeps.list_batch(job.member_id, state["cursor"], newest)
    hidden = _sweep(found, lambda each: _hiding(job, each), job.member_id)
    nuke_log.count(job, state, hidden)
    bulk_events.swept(job, hidden, _actor(job).name)
    _close_others(job, found, hidden)
    _list_links(state, hidden)
    _list_threads(state, hidden)
    state["cursor"], done = cursor, job.done + len(hidden)
    finished = not cursor
    if state["stage"] == "again":
        finished = not cursor or cursor < _long_before(job.created)
    elif finished:
        # Once more from the newest: what was being written when the account was suspended.
        state["stage"], finished = "again", False
    return Progress(state, done=done, total=_total(job, done, finished), finished=finished, message=_so_far(cursor))


@jobs.kind("unnuke")
def _unnuke_step(job: Job) -> Progress:
    """Lift the suspension, if it is this job's; then show a batch."""
    state = dict(job.state)
    if state["stage"] == "account":
        _give_account_back(job)
        return Progress(state | {"stage": "posts", "cursor": ""}, total=job.total)
    found, cursor = sweeps.list_batch(job.member_id, state["cursor"])
    shown = _sweep(found, lambda each: _showing(job, each), job.member_id)
    nuke_log.count(job, state, shown)
    bulk_events.swept(job, shown, _actor(job).name)
    done = job.done + len(shown)
    state["cursor"], finished = cursor, not cursor
    return Progress(state, done=done, total=_total(job, done, finished), finished=finished, message=_so_far(cursor))


def _total(job: Job, done: int, finished: bool) -> int:
    """Of how many posts: as many as it has been in the end, since others may hide some, or write some, on the way."""
    return done if finished else max(job.total, done)


def _actor(job: Job) -> Reader:
    """Who started the job, and had the right to when it began."""
    pk, name = job.state["actor"]
    return Reader(id=pk, name=name)


def _long_before(created: datetime) -> str:
    return f"{(created - AGAIN):%Y-%m-%dT%H:%M:%S.%fZ}"


def _so_far(cursor: str) -> str:
    return f"Back to {cursor[:10]}." if cursor else ""


# -- The account ----------------------------------------------------------------------------------


def _give_account_back(job: Job) -> None:
    """As far as it still is as the job left it, and no other such job stands."""
    nuke_log.note(job, job.state)
    member = User.objects.filter(pk=job.member_id, suspended_until=FOREVER).first()
    # Jobs of before did not keep why the account was suspended.
    if member is None or job.state.get("stands") not in (None, member.suspension_reason):
        return
    if _standing(job.member_id, but=job.state["job"]):
        return
    until, reason = job.state["suspended"]
    before = datetime.fromisoformat(until) if until else None
    if before is not None and before > timezone.now():
        if before != FOREVER:
            sanctions.suspend(_actor(job), member, before, reason or reasons.AS_BEFORE, may=True, job_id=str(job.pk))
    else:
        sanctions.unsuspend(_actor(job), member, may=True, job_id=str(job.pk))


# -- The posts ------------------------------------------------------------------------------------


def _hiding(job: Job, found: Found) -> Change | None:
    """None for what is hidden or gone already."""
    post, head = found.post, found.head
    if post.status != VISIBLE:
        return None
    whole = post.number == 1 and head.status == VISIBLE and not sweeps.others_replied(head, job.member_id)
    return Change(found, HIDDEN, _act(job, found, "hide", job.state["reason"]), whole)


def _showing(job: Job, found: Found) -> Change | None:
    """None for what this job's forerunner did not hide, or what has become something else since."""
    post, head = found.post, found.head
    if post.status != HIDDEN or post.hidden_by != job.state["job"]:
        return None
    whole = post.number == 1 and head.status == HIDDEN and head.hidden_by == job.state["job"]
    return Change(found, VISIBLE, _act(job, found, "show"), whole)


def _act(job: Job, found: Found, kind: str, reason: str = "") -> Record:
    post = found.post
    return new_act(
        post.subject,
        kind,
        job.state["actor"][0],
        reason,
        forum=post.forum,
        member_id=job.member_id,
        job_id=str(job.pk),
        revision=int(post.revision),
    )


def _sweep(found: Sequence[Found], decide: Decide, user_id: str) -> list[Change]:
    """Make what `decide` says of each; what was changed."""
    done: list[Change] = []
    of_author = touched.of_author(user_id)
    for start in range(0, len(found), sweeps.PER_TRANSACTION):
        done += _store(found[start : start + sweeps.PER_TRANSACTION], decide, user_id, of_author)
    return done


def _store(found: Sequence[Found], decide: Decide, user_id: str, of_author: list[str]) -> list[Change]:
    """In one transaction; one by one, and each as it is then, where others are at them."""
    changes = [change for each in found if (change := decide(each))]
    if not changes:
        return []
    try:
        _commit(changes, of_author)
    except (Conflict, Busy):
        return [done for each in changes for done in _insist(each, decide, user_id, of_author)]
    return changes


def _insist(change: Change, decide: Decide, user_id: str, of_author: list[str]) -> list[Change]:
    for attempt in range(ATTEMPTS):
        now = [again for each in sweeps.read_again([change.found.post], user_id) if (again := decide(each))]
        try:
            _commit(now, of_author)
        except Conflict:
            pause(attempt)
        else:
            return now
    raise Busy(_("A post is changing very fast, and is tried again."))


def _commit(changes: Sequence[Change], of_author: list[str]) -> None:
    if not changes:
        return
    acts = {change.found.post.subject: change.act for change in changes if change.status == HIDDEN}
    reported = cases.list_reported(acts)
    also = [closing.agreeing(case, acts[subject]) for subject, case in reported.items()]
    with invalidating(*_touched(changes, of_author)) as write:
        for change in changes:
            post = change.found.post
            write.wrote[post.key] = int(post.revision) + 1
        puts = [put for each, __ in also for put in each]
        updates = [update for __, each in also for update in each]
        for change in changes:
            moderation.leave_out(change.act, in_forum=change.whole and change.status == HIDDEN)
        sweeps.change_statuses(changes, (puts, updates))
    closing.tell(reported.values(), closing.AGREE, by=changes[0].act.user_id)


def _close_others(job: Job, found: Sequence[Found], hidden: Sequence[Change]) -> None:
    """Close the cases of posts that were hidden or deleted before: nobody has to look at them any more. A case that
    changes at this moment stays open."""
    done = {change.found.post.subject for change in hidden}
    others = {each.post.subject: each for each in found if each.post.subject not in done}
    closed = []
    for subject, case in cases.list_reported(others).items():
        act = _act(job, others[subject], closing.AGREE, job.state["reason"])
        with suppress(Conflict):
            cases.commit_case(*closing.agreeing(case, act))
            closed.append(case)
    closing.tell(closed, closing.AGREE, by=job.state["actor"][0])


def _touched(changes: Sequence[Change], of_author: list[str]) -> list[str]:
    """As `touched.of_post` says of each, without asking for the author's name each time."""
    found = [tags.HOME, *of_author]
    for change in changes:
        post, head = change.found.post, change.found.head
        found += [tags.thread(head.id), tags.forum(head.forum), tags.latest(head.forum), tags.latest(post.forum)]
        found += [tags.thread(post.thread_id), *([tags.TITLES] if post.number == 1 else [])]
    return list(dict.fromkeys(found))


# -- What the job's page lists --------------------------------------------------------------------


def _list_links(state: dict[str, Any], hidden: Sequence[Change]) -> None:
    """Count the posts that link to each domain; of more than MOST_DOMAINS the others are not kept."""
    domains = Counter(state.get("domains", {}))
    for change in hidden:
        for domain in {found.lower().strip(".") for found in _DOMAIN.findall(change.found.post.body)}:
            if domain in domains or len(domains) < MOST_DOMAINS:
                domains[domain] += 1
            else:
                state["more_domains"] = True
    state["domains"] = dict(domains.most_common())


def _list_threads(state: dict[str, Any], hidden: Sequence[Change]) -> None:
    """The threads that stay, since others wrote in them: [title, URL]."""
    stay = [c.found.head for c in hidden if c.found.post.number == 1 and not c.whole and c.found.head.status == VISIBLE]
    kept: list[list[str]] = state.get("threads", [])
    state["threads"] = [*kept, *([head.title, links.thread(head)] for head in stay)][:MOST_THREADS]
