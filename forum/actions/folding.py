"""What the log says of an act on very many posts or threads: one record of the whole, and one for each forum that it
touched, which say how many. What was done to each is in its own history (`moderation.leave_out`)."""

from collections.abc import Mapping

from forum.models import Job
from forum.tables.base import commit_between
from forum.tables.keys import Nonce, post_timestamp
from forum.tables.moderation import Record

# A transaction takes 100 items.
AT_ONCE = 90


def note(job: Job, nonce: Nonce, whole: Record, in_forums: Mapping[str, Record]) -> None:
    """Put these records into the log, those of forums by the forums' names. They are named after the `nonce`, so that
    storing them again, with other numbers, replaces them. A transaction for each AT_ONCE."""
    whole.event_time = post_timestamp(nonce, job.created)
    whole.month = whole.event_time[:7]
    for name, record in in_forums.items():
        record.event_time = post_timestamp(nonce.about(name), job.created)
        # The month has the record of the whole.
        record.month = None
    records = [whole, *in_forums.values()]
    for start in range(0, len(records), AT_ONCE):
        commit_between(puts=[(record, None) for record in records[start : start + AT_ONCE]])
