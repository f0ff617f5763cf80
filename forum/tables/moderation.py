"""ForumModeration: append-only records of what was done to posts, threads and members.

For now it holds revisions: the text as it was before each edit or deletion, written in the same
transaction as the change, so that no text is ever lost. Partition key `Subject`
(`POST#<thread>#<number>`), sort key `EventTime`, shaped as a post's.
"""

from datetime import UTC, datetime

from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute

from .base import Table, table_name
from .keys import Nonce, post_timestamp


class Record(Table):
    """One act: `kind` is edit or delete, `user_id` who did it, `body` and `title` what stood before."""

    class Meta:
        table_name = table_name("ForumModeration")

    subject = UnicodeAttribute(hash_key=True, attr_name="Subject")
    event_time = UnicodeAttribute(range_key=True, attr_name="EventTime")
    kind = UnicodeAttribute(attr_name="Kind")
    user_id = UnicodeAttribute(attr_name="UserID")
    revision = NumberAttribute(attr_name="Revision")
    body = UnicodeAttribute(attr_name="Body", null=True)
    title = UnicodeAttribute(attr_name="Title", null=True)
    expires_at = TTLAttribute(attr_name="ExpiresAt", null=True)


def post_subject(thread_id: str, number: int) -> str:
    return f"POST#{thread_id}#{number}"


def new_record(subject: str, kind: str, user_id: str, revision: int, body: str, title: str | None = None) -> Record:
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


def list_records(subject: str, limit: int = 50) -> list[Record]:
    """The latest records of a subject, newest first. One Query, consistent."""
    return list(Record.query(subject, scan_index_forward=False, consistent_read=True, limit=limit))
