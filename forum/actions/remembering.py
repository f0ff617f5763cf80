"""Saves what members have read, which is kept in Redis, to ForumMembers: some minutes later, in batches. Notes that
tell of what they have read count as read some seconds later, since no page that is read writes to DynamoDB.

Every web server and every worker asks now and then whose marks are due; each member's are given to one of them. What
is not saved yet when Redis loses it is forgotten: some minutes of reading.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress

from forum import reads
from forum.errors import Unavailable
from forum.permissions import ForumRules, Reader
from forum.reads import Marks, store
from forum.redis import Down
from forum.tables import marks, threads

from . import notes

log = logging.getLogger(__name__)

BATCH = 20
# Of so many forums the threads on the first page of their lists are known when all is marked as read.
MOST_FORUMS, LISTED = 30, 30


def save_marks() -> int:
    """Save the marks that are due, of some members; how many those are. One round trip where none is, else two and
    one for each member, with a GetItem and a PutItem. Never raises."""
    saved: list[str] = []
    with suppress(Down):
        due = store.claim(BATCH)
        try:
            for user_id in due:
                if scores := store.everything(user_id):
                    marks.put_marks(user_id, scores)
                saved.append(user_id)
        except Unavailable as error:
            log.warning("what members have read is not saved for a moment: %s", error)
        store.saved(saved)
    return len(saved)


def read_notes() -> int:
    """Take the notes of some members as read that tell of what they have read since; of how many members. One round
    trip where there are none, else two and one for each member. Never raises."""
    looked: list[str] = []
    with suppress(Down):
        due = store.claim(BATCH, store.NOTED)
        try:
            for user_id in due:
                found = store.everything(user_id)
                read = Marks(store.key_of(user_id), found)
                notes.read_posts(user_id, {name: read.number(name) for name in found})
                looked.append(user_id)
        except Unavailable as error:
            log.warning("notes of what members have read stay unread for a moment: %s", error)
        store.saved(looked, store.NOTED)
    return len(looked)


def mark_all(reader: Reader, forums: Sequence[ForumRules], name: str = "") -> None:
    """Take everything as read until now, in the forum with this name or for "" in all; `forums` are those whose threads
    are looked up, so that it is known later how many of their posts are new. A Query for each shard of each; two round
    trips. Unavailable."""
    # First, so that a post that comes meanwhile is new.
    now = reads.now()
    heads = [
        head for rules in forums[:MOST_FORUMS] for head in threads.list_by_activity(rules.name, rules.shards, LISTED)
    ]
    reads.mark_all(reader.id, reader.joined, name, now, {head.id: int(head.last_post_number) for head in heads})
