"""Where an address leads: to which forum, thread and post, and what is said where they are gone."""

from django.http import HttpRequest
from django.utils.translation import gettext as _

from forum import links, readers
from forum.actions import moderating
from forum.errors import NotFound
from forum.permissions import ForumRules, Reader
from forum.tables import posts, threads
from forum.tables.posts import Post
from forum.tables.threads import Thread


def place(request: HttpRequest, name: str) -> tuple[Reader, ForumRules]:
    """Who asks, and the forum's rules as they are now; NotFound where they may not read it. At most one Redis round
    trip."""
    basis = readers.fresh(request)
    return basis.reader, basis.directory.get(name, basis.reader)


def post_at(forum: ForumRules, thread_id: str, number: int) -> tuple[Thread, Post]:
    """A post and its thread, which must be in this forum: the address says so, and rights depend on it. Conflict where
    they are elsewhere now, NotFound where there is none. Two calls."""
    head = threads.get_thread(forum.name, thread_id)
    moderating.refuse_moved(head, number=number)
    if head.deleted:
        raise removed(forum.name)
    return head, posts.get_post_of(head, number)


def removed(forum: str) -> NotFound:
    """What is said of a thread that is hidden or deleted."""
    return NotFound(_("This thread has been removed."), [(_("Back to the forum"), links.forum(forum))])
