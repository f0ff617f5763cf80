"""What moderators do to threads."""

from ..cache import tags
from ..cache.pages import invalidating
from ..errors import NotAllowed, SignInNeeded
from ..permissions import ForumRules, Reader, can_moderate
from ..tables import threads
from ..tables.threads import Thread


def set_locked(reader: Reader, forum: ForumRules, thread: Thread, locked: bool) -> None:
    """Close a thread to replies, or open it again."""
    if not reader.signed_in:
        raise SignInNeeded("Please sign in first.")
    if not can_moderate(reader, forum):
        raise NotAllowed("Only moderators may do that.")
    with invalidating(tags.thread(thread.id), tags.HOME, tags.forum(forum.name)):
        threads.change_thread(thread, locked=locked)
