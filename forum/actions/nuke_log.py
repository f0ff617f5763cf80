"""What the log says of hiding all that a member wrote, and of showing it again; see `folding`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from forum.models import Job
from forum.tables.keys import Nonce
from forum.tables.moderation import Record, forum_subject, new_act, user_subject
from forum.tables.sweeps import Change

from . import folding


def count(job: Job, state: dict[str, Any], changes: Sequence[Change]) -> None:
    """Note in the log how many posts it has been so far, in all and in each forum. No calls where these are none."""
    if changes:
        forums = Counter(state.get("forums", {}))
        forums.update(change.found.post.forum for change in changes)
        state["forums"] = dict(forums)
        note(job, state)


def note(job: Job, state: Mapping[str, Any]) -> None:
    """The records of the act as a whole."""
    forums: dict[str, int] = state.get("forums", {})
    kind, in_forum = ("nuke", "hide all") if job.kind == "nuke" else ("unnuke", "show all")
    whole = _record(job, user_subject(job.member_id), kind, sum(forums.values()))
    parts = {name: _record(job, forum_subject(name), in_forum, posts, name) for name, posts in forums.items()}
    folding.note(job, Nonce(job.state["nonce"]), whole, parts)


def _record(job: Job, subject: str, kind: str, posts: int, forum: str = "") -> Record:
    return new_act(
        subject,
        kind,
        job.state["actor"][0],
        job.state.get("reason", ""),
        forum=forum,
        member_id=job.member_id,
        after={"posts": posts} if posts else None,
        job_id=str(job.pk),
    )
