"""What moderators do to threads."""

from forum.cache import tags
from forum.cache.intents import invalidating
from forum.errors import NotAllowed, SignInNeeded
from forum.permissions import ForumRules, Reader, can_moderate
from forum.tables import threads
from forum.tables.threads import Thread


def set_locked(reader: Reader, forum: ForumRules, thread: Thread, locked: bool) -> None:
    """Close a thread to replies, or open it again."""
    if not reader.signed_in:
        raise SignInNeeded("Please sign in first.")
    if not can_moderate(reader, forum):
        raise NotAllowed("Only moderators may do that.")
    with invalidating(tags.thread(thread.id), tags.HOME, tags.forum(forum.name)):
        threads.change_thread(thread, locked=locked)
