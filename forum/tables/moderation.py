"""ForumModeration: what was done to posts, threads, forums and members, and what waits for a moderator.

Partition key `Subject` (`POST#<thread>#<number>`, `MESSAGE#<conversation>#<number>`, `THREAD#<id>`, `USER#<id>`,
`FORUM#<name>`, `TAG#<name>`), sort key `EventTime`, shaped as a post's. A post's subject has the address that it was
written at, wherever it is now: only `Post.subject` knows it. Two kinds of items:

- a *record* of one act, written in the same transaction as the act and never changed. Authors' own edits
  and deletions are records, too (the text before each is kept there); acts of moderation are those with a
  `month`, and only they are in the three sparse indexes of the log: Log (month), ForumLog, MemberLog. Of very many
  that a job does alike, only the job's own record is there, and says how many: see `leave_out`.
- a *case*, one for each post that has open reports or waits for approval: its sort key is CASE, and it has
  `open_in` while it is open, so that the sparse index OpenReports is the queue of each forum.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-indexes-general-sparse-indexes.html
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pynamodb.attributes import ListAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, IncludeProjection

from .base import Table, table_name
from .bulk import get_one
from .keys import Nonce, post_timestamp

# Sorts after every time, so that "before CASE" are the records.
CASE = "CASE"
MESSAGE = "MESSAGE#"
_LOGGED = ["Kind", "UserID", "Reason", "Forum", "MemberID", "Month", "Title", "Before", "After", "JobID"]


class Log(GlobalSecondaryIndex["Record"]):  # type: ignore[no-untyped-call]
    """All acts of moderation of a month."""

    class Meta:
        index_name = "Log"
        projection = IncludeProjection([name for name in _LOGGED if name != "Month"])

    month = UnicodeAttribute(hash_key=True, attr_name="Month")
    event_time = UnicodeAttribute(range_key=True, attr_name="EventTime")


class ForumLog(GlobalSecondaryIndex["Record"]):  # type: ignore[no-untyped-call]
    """All acts of moderation in a forum."""

    class Meta:
        index_name = "ForumLog"
        projection = IncludeProjection([name for name in _LOGGED if name != "Forum"])

    forum = UnicodeAttribute(hash_key=True, attr_name="Forum")
    event_time = UnicodeAttribute(range_key=True, attr_name="EventTime")


class MemberLog(GlobalSecondaryIndex["Record"]):  # type: ignore[no-untyped-call]
    """All acts of moderation that concern a member or their posts."""

    class Meta:
        index_name = "MemberLog"
        projection = IncludeProjection([name for name in _LOGGED if name != "MemberID"])

    member_id = UnicodeAttribute(hash_key=True, attr_name="MemberID")
    event_time = UnicodeAttribute(range_key=True, attr_name="EventTime")


class OpenReports(GlobalSecondaryIndex["Record"]):  # type: ignore[no-untyped-call]
    """The open cases of a forum by the time of the first report."""

    class Meta:
        index_name = "OpenReports"
        projection = AllProjection()

    open_in = UnicodeAttribute(hash_key=True, attr_name="OpenIn")
    opened_at = UnicodeAttribute(range_key=True, attr_name="OpenedAt")


class Record(Table):
    """A record or a case. `user_id` is who acted ("" for the forum itself), `member_id` whom it concerns;
    `body` and `title` are what stood before; `before` and `after` are JSON, for people to compare.

    Forum and MemberID are set only where Month is, else an author's own edits would be in the log; but see `leave_out`.
    Of a case `reporters` are the members whose reports are open, and `decided_by` is who approved of a text that
    waited, or refused it; for the rest see `cases`.
    """

    class Meta:
        table_name = table_name("ForumModeration")

    subject = UnicodeAttribute(hash_key=True, attr_name="Subject")
    event_time = UnicodeAttribute(range_key=True, attr_name="EventTime")
    kind = UnicodeAttribute(attr_name="Kind")
    user_id = UnicodeAttribute(attr_name="UserID")
    revision = NumberAttribute(attr_name="Revision", null=True)
    body = UnicodeAttribute(attr_name="Body", null=True)
    title = UnicodeAttribute(attr_name="Title", null=True)
    reason = UnicodeAttribute(attr_name="Reason", null=True)
    before = UnicodeAttribute(attr_name="Before", null=True)
    after = UnicodeAttribute(attr_name="After", null=True)
    month = UnicodeAttribute(attr_name="Month", null=True)
    forum = UnicodeAttribute(attr_name="Forum", null=True)
    member_id = UnicodeAttribute(attr_name="MemberID", null=True)
    job_id = UnicodeAttribute(attr_name="JobID", null=True)
    open_in = UnicodeAttribute(attr_name="OpenIn", null=True)
    opened_at = UnicodeAttribute(attr_name="OpenedAt", null=True)
    reporters: UnicodeSetAttribute = UnicodeSetAttribute(attr_name="Reporters", null=True)
    reports: UnicodeSetAttribute = UnicodeSetAttribute(attr_name="Reports", null=True)
    trusted_reports = NumberAttribute(attr_name="TrustedReports", null=True)
    claimed_by = UnicodeAttribute(attr_name="ClaimedBy", null=True)
    decided_by = UnicodeAttribute(attr_name="DecidedBy", null=True)
    thread_id = UnicodeAttribute(attr_name="ThreadID", null=True)
    post_key = UnicodeAttribute(attr_name="PostKey", null=True)
    tags: ListAttribute[Any] = ListAttribute(attr_name="Tags", of=UnicodeAttribute, null=True)
    # Of a text that waits to become a thread: the poll that it carries, as `polls` stores it.
    poll_text = UnicodeAttribute(attr_name="Poll", null=True)
    expires_at = TTLAttribute(attr_name="ExpiresAt", null=True)

    by_month = Log()
    by_forum = ForumLog()
    by_member = MemberLog()
    open_reports = OpenReports()

    @property
    def by_moderator(self) -> bool:
        """Whether it is an act of moderation, and not its author's own, nor a member's report."""
        return self.kind != "report" and (self.month is not None or self.job_id is not None)

    @property
    def over(self) -> bool:
        """Whether it has come to its end; the store removes it days later, and until then nobody reads it."""
        return self.expires_at is not None and self.expires_at <= datetime.now(UTC)

    def readable(self, sees_purged: bool) -> bool:
        """Whether its text may be shown to somebody who may see all others: what is deleted for good is for those
        who may delete so, and for its days only."""
        return not self.over and (self.expires_at is None or sees_purged)

    @property
    def changes(self) -> dict[str, tuple[Any, Any]]:
        """What the act changed: name -> (before, after)."""
        before, after = (json.loads(text) if text else {} for text in (self.before, self.after))
        return {name: (before.get(name), after.get(name)) for name in sorted({*before, *after})}


def post_subject(thread_id: str, number: int) -> str:
    """By the address that the post was written at; of a stored one it is `Post.subject`."""
    return f"POST#{thread_id}#{number}"


def message_subject(talk_id: str, number: int) -> str:
    """Of a message in a conversation between members."""
    return f"{MESSAGE}{talk_id}#{number}"


def thread_subject(thread_id: str) -> str:
    return f"THREAD#{thread_id}"


def user_subject(user_id: str) -> str:
    return f"USER#{user_id}"


def forum_subject(name: str) -> str:
    return f"FORUM#{name}"


def tag_subject(name: str) -> str:
    return f"TAG#{name}"


def new_record(
    subject: str,
    kind: str,
    user_id: str,
    revision: int | None = None,
    body: str | None = None,
    title: str | None = None,
) -> Record:
    """A record that is not stored yet: it goes into the transaction of the act it describes."""
    return Record(
        subject,
        post_timestamp(Nonce.new(), datetime.now(UTC)),
        kind=kind,
        user_id=user_id,
        revision=revision,
        body=body,
        title=title,
    )


def new_act(
    subject: str,
    kind: str,
    user_id: str,
    reason: str = "",
    *,
    forum: str = "",
    member_id: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    job_id: str = "",
    **texts: Any,
) -> Record:
    """A record of an act of moderation, which is in the log; `texts` as of `new_record`."""
    record = new_record(subject, kind, user_id, **texts)
    record.month = record.event_time[:7]
    record.reason, record.forum = reason or None, forum or None
    record.member_id, record.job_id = member_id or None, job_id or None
    record.before = json.dumps(before) if before else None
    record.after = json.dumps(after) if after else None
    return record


def leave_out(act: Record, *, in_forum: bool = False) -> None:
    """Keep one of very many acts of a job with what it was done to, and out of the log, but for its forum's where
    `in_forum`: there the list of removed threads finds what removed them."""
    act.month = act.member_id = None
    if not in_forum:
        act.forum = None


def get_record(subject: str, event_time: str) -> Record | None:
    """One record; None where there is none. One GetItem, consistent."""
    return get_one(Record, subject, event_time)


def list_records(subject: str, limit: int = 50) -> list[Record]:
    """The latest records of a subject, newest first, without its case. One Query, consistent."""
    return list(
        Record.query(subject, Record.event_time < CASE, scan_index_forward=False, consistent_read=True, limit=limit)
    )
