"""What the log says of hiding all that a member wrote, and of showing it again: one record of the whole, and one for
each forum with posts in it, which say how many posts. What was done to each is in the post's own history."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from forum.models import Job
from forum.tables.base import commit_between
from forum.tables.keys import Nonce, post_timestamp
from forum.tables.moderation import Record, forum_subject, new_act, user_subject
from forum.tables.sweeps import Change

# A transaction takes 100 items.
RECORDS_AT_ONCE = 90


def count(job: Job, state: dict[str, Any], changes: Sequence[Change]) -> None:
    """Note in the log how many posts it has been so far, in all and in each forum. No calls where these are none."""
    if changes:
        forums = Counter(state.get("forums", {}))
        forums.update(change.found.post.forum for change in changes)
        state["forums"] = dict(forums)
        note(job, state)


def note(job: Job, state: Mapping[str, Any]) -> None:
    """The records of the act as a whole. They have names of their own, so that storing them again replaces them."""
    forums: dict[str, int] = state.get("forums", {})
    kind, in_forum = ("nuke", "hide all") if job.kind == "nuke" else ("unnuke", "show all")
    records = [_record(job, user_subject(job.member_id), kind, sum(forums.values()))]
    for name, posts in forums.items():
        record = _record(job, forum_subject(name), in_forum, posts, name)
        # The month has the record of the whole.
        record.month = None
        records.append(record)
    for start in range(0, len(records), RECORDS_AT_ONCE):
        commit_between(puts=[(record, None) for record in records[start : start + RECORDS_AT_ONCE]])


def _record(job: Job, subject: str, kind: str, posts: int, forum: str = "") -> Record:
    nonce = Nonce(job.state["nonce"])
    record = new_act(
        subject,
        kind,
        job.state["actor"][0],
        job.state.get("reason", ""),
        forum=forum,
        member_id=job.member_id,
        after={"posts": posts} if posts else None,
        job_id=str(job.pk),
    )
    record.event_time = post_timestamp(nonce.about(forum) if forum else nonce, job.created)
    record.month = record.event_time[:7]
    return record
