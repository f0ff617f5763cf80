"""Saves what members have read, which is kept in Redis, to ForumMembers: some minutes later, in batches. Notes that
tell of what they have read count as read some seconds later, since no page that is read writes to DynamoDB.

Every web server and every worker asks now and then whose marks are due; each member's are given to one of them. What
is not saved yet when Redis loses it is forgotten: some minutes of reading.
"""

import logging
from contextlib import suppress

from forum.errors import Unavailable
from forum.reads import Marks, store
from forum.redis import Down
from forum.tables import marks

from . import notes

log = logging.getLogger(__name__)

BATCH = 20


def save_marks() -> int:
    """Save the marks that are due, of some members; how many those are. One round trip where none is, else two and
    one for each member, with a GetItem and a PutItem. Never raises."""
    saved: list[str] = []
    with suppress(Down):
        due = store.claim(BATCH)
        try:
            for user_id in due:
                if scores := store.everything(user_id):
                    marks.put_marks(user_id, scores, store.least(scores))
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
