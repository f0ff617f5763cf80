"""Which tags change when a post or a thread does: as few as show what changed, and never one too few."""

from django.contrib.auth import get_user_model

from forum.cache import tags
from forum.tables.posts import Post
from forum.tables.threads import Thread


def of_text(head: Thread, post: Post) -> list[str]:
    """The text of a post changes: its thread, the newest posts, its author's page. One SQL query.

    While a thread is on its way to another forum, the post may still stand among the newest of the old one.
    """
    latest = dict.fromkeys([tags.latest(head.forum), tags.latest(post.forum)])
    return [tags.thread(head.id), *latest, *of_author(post.user_id)]


def of_post(head: Thread, post: Post) -> list[str]:
    """A post comes or goes: also the lists that count a thread's replies. With the first post goes the thread."""
    more = [tags.TITLES] if post.number == 1 else []
    return [*of_text(head, post), tags.HOME, tags.forum(head.forum), *more]


def of_pages(head: Thread) -> list[str]:
    """Something of a thread changes that no list shows: its own pages."""
    return [tags.thread(head.id)]


def of_state(head: Thread) -> list[str]:
    """A thread is locked, pinned, solved or has other tags: its own pages and the lists of threads."""
    return [*of_pages(head), tags.HOME, tags.forum(head.forum)]


def of_thread(head: Thread) -> list[str]:
    """A thread comes or goes, or is called otherwise: wherever it is named."""
    return [*of_state(head), tags.latest(head.forum), tags.TITLES]


def of_author(user_id: str) -> list[str]:
    """The page of a member, by their id; none where the account is gone. One SQL query."""
    names = get_user_model().objects.filter(pk=user_id).values_list("username", flat=True)
    return [tags.user(name) for name in names]
