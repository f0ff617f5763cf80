"""What jobs do to many posts, told to webhooks as one event instead of post by post: hiding all that a member wrote,
and showing it again, moving, splitting and merging.

A job may run in a worker, which no request tells that forums or webhooks have changed: it looks first. An event is
told once, however often a step is taken again.
"""

import logging
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django.db import DatabaseError

from forum import directory, links
from forum.errors import ForumError
from forum.models import Job, User
from forum.permissions import ForumRules
from forum.tables import threads
from forum.tables.changes import HIDDEN
from forum.tables.sweeps import Change

from . import events
from .holding import MERGE, MOVE, SPLIT

log = logging.getLogger(__name__)

POSTS_DELETED, POSTS_RESTORED = "posts.deleted", "posts.restored"
TRANSFERS = {MOVE: "thread.moved", SPLIT: "thread.split", MERGE: "thread.merged"}


def swept(job: Job, changes: Sequence[Change], by: str) -> None:
    """A batch of a member's posts was hidden, or shown again, by somebody of this name. Never fails. One Redis round
    trip, one SQL query for the member's name and a statement for each forum."""
    try:
        forums = _forums() if changes else {}
        if not changes or not events.hooks():
            return
        name = User.objects.filter(pk=job.member_id).values_list("username", flat=True).first() or ""
        for forum, of_forum in groupby(sorted(changes, key=_forum), key=_forum):
            if forum in forums:
                _tell_of(job, forums[forum], list(of_forum), {"member": name, "by": by})
    except (DatabaseError, ForumError) as error:
        log.warning("Webhooks were not told what job %s did: %s", job.pk, error)


def _forum(change: Change) -> str:
    return change.found.post.forum


def _tell_of(job: Job, forum: ForumRules, changes: list[Change], names: dict[str, str]) -> None:
    event = POSTS_DELETED if changes[0].status == HIDDEN else POSTS_RESTORED
    places = [(change.found.post.thread_id, int(change.found.post.number)) for change in changes]
    facts = {
        **names,
        "forum": forum.name,
        "posts": [
            {"thread": thread, "number": number, "url": links.absolute(links.post(thread, number))}
            for thread, number in places
        ],
    }
    events.happened(event, f"{job.pk} {forum.name} {changes[0].found.post.timestamp}", forum, facts, job.member_id)


def transferred(job: Job) -> None:
    """A thread was moved or merged, or posts were split off. A webhook is told of both ends that it may know of, if it
    asks for either. Never fails. One Redis round trip; where it is told, an SQL query and a GetItem."""
    try:
        forums = _forums()
        ends = [forums.get(str(job.state[each])) for each in ("source", "target")]
        hooks = [hook for hook in events.hooks() if TRANSFERS[job.kind] in hook.events]
        knowing = {hook: [end if end and hook.knows(end) else None for end in ends] for hook in hooks}
        asking = {hook: known for hook, known in knowing.items() if any(end and hook.asks_for(end) for end in known)}
        if not asking:
            return
        by = User.objects.filter(pk=job.user_id).values_list("username", flat=True).first() or ""
        title = threads.get_thread(str(job.state["source"]), str(job.state["thread"])).title
        told = {hook.pk: _facts(job, known, title, by) for hook, known in asking.items()}
        events.note(TRANSFERS[job.kind], str(job.pk), told, None, job.user_id)
    except (DatabaseError, ForumError) as error:
        log.warning("Webhooks were not told what job %s did: %s", job.pk, error)


def _facts(job: Job, known: list[ForumRules | None], title: str, by: str) -> dict[str, Any]:
    """What lies in a forum of which a webhook may not know is null. A thread that moves keeps its id, and what it is
    called is for those who may read it now."""
    source, target = known
    state = job.state
    first = int(state.get("first") or 1)
    facts: dict[str, Any] = {
        "forum": source.name if source else None,
        "thread": state["thread"] if source or state["into"] == state["thread"] else None,
        "title": title if (target if job.kind == MOVE else source) else None,
        "to_forum": target.name if target else None,
        "to_thread": state["into"] if target or state["into"] == state["thread"] else None,
        "url": links.absolute(links.post(state["into"], first)) if target else None,
        "by": by,
    }
    return {**facts, "posts": state["chosen"]} if job.kind == SPLIT else facts


def _forums() -> dict[str, ForumRules]:
    """As they are now, for `events.hooks`, too."""
    return directory.now().forums
