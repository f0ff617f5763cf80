"""Starting threads, replying, editing, deleting."""

from django.contrib.auth import get_user_model

from forum.cache import tags
from forum.cache.intents import invalidating
from forum.errors import Conflict, NotAllowed, SignInNeeded
from forum.permissions import ForumRules, Reader, can_change_post, can_post, can_reply
from forum.tables import posts
from forum.tables.keys import Nonce
from forum.tables.posts import Post
from forum.tables.threads import Thread


def start_thread(reader: Reader, forum: ForumRules, title: str, body: str, nonce: Nonce) -> Thread:
    """A new thread with its first post. The same nonce again returns the same thread."""
    require_posting(reader, forum)
    changed = [tags.HOME, tags.forum(forum.name), tags.latest(forum.name), tags.user(reader.name)]
    with invalidating(*changed) as write:
        thread = posts.put_thread(forum.name, forum.shards, reader.id, title, body, nonce)
        write.wrote[thread.first_key] = 1
    return thread


def reply(reader: Reader, forum: ForumRules, thread_id: str, body: str, nonce: Nonce) -> tuple[Thread, int]:
    """A reply; returns the thread and the reply's number. The same nonce again returns the same number."""
    require_posting(reader, forum)

    def check(thread: Thread) -> None:
        refuse_closed(thread)
        if not can_reply(reader, forum, thread):
            raise NotAllowed("You may not reply in this thread.")

    with invalidating(
        tags.thread(thread_id),
        tags.HOME,
        tags.forum(forum.name),
        tags.latest(forum.name),
        tags.user(reader.name),
        in_line=True,
    ) as write:
        written = posts.put_reply(forum.name, thread_id, reader.id, body, nonce, check)
        write.wrote[written.key] = 1
    thread, number = written
    return thread, number


def edit(
    reader: Reader, forum: ForumRules, thread: Thread, post: Post, seen_revision: int, body: str, title: str | None
) -> None:
    """Change a post's text and, with the first post, the thread's title.

    `seen_revision` is the revision the editor started from; Conflict when it is no longer the latest.
    """
    require_change(reader, forum, post)
    renamed = title is not None and title != thread.title
    changed = [tags.thread(thread.id), tags.latest(forum.name), *author_tags(post)]
    if renamed:
        changed += [tags.HOME, tags.forum(forum.name), tags.TITLES]
    with invalidating(*changed) as write:
        write.wrote[post.key] = seen_revision + 1
        posts.change_post(post, seen_revision, reader.id, body, title if renamed else None, thread.title)


def delete(reader: Reader, forum: ForumRules, thread: Thread, post: Post) -> None:
    """Remove a post's text for readers; its number and place stay. The first post takes the thread with
    it, which only staff may do once others have replied."""
    require_change(reader, forum, post)
    whole_thread = post.number == 1
    if whole_thread and thread.last_post_number > 1 and not reader.is_staff:
        raise Conflict("Others have replied, so the thread stays. You can edit your post instead.")
    changed = [tags.thread(thread.id), tags.HOME, tags.forum(forum.name), tags.latest(forum.name)]
    if whole_thread:
        changed.append(tags.TITLES)
    with invalidating(*changed, *author_tags(post)) as write:
        write.wrote[post.key] = int(post.revision) + 1
        posts.remove_post(post, reader.id, thread)


def require_posting(reader: Reader, forum: ForumRules) -> None:
    """Raise what keeps the reader from posting in this forum at all."""
    if not reader.signed_in:
        raise SignInNeeded("Please sign in to post. Your text will be waiting for you.")
    if forum.archived:
        raise NotAllowed("This forum is archived: it can be read, but nothing new can be posted.")
    if not can_post(reader, forum):
        raise NotAllowed("You may not post in this forum.")


def refuse_closed(thread: Thread) -> None:
    """Conflict where the thread takes no replies any more."""
    if thread.moved_to:
        raise Conflict("This thread has moved. Please reply at its new place.")
    if thread.deleted:
        raise Conflict("This thread has been removed, so it takes no more replies.")
    if thread.locked:
        raise Conflict("This thread is locked, so it takes no more replies.")


def require_change(reader: Reader, forum: ForumRules, post: Post) -> None:
    """Raise what keeps the reader from editing or deleting this post."""
    if not reader.signed_in:
        raise SignInNeeded("Please sign in to change a post. Your text will be waiting for you.")
    if not can_change_post(reader, forum, post.user_id):
        raise NotAllowed("You may change only your own posts, and none in an archived forum.")
    if post.deleted:
        raise Conflict("This post has been deleted.")


def author_tags(post: Post) -> list[str]:
    """The tag of the member's page that shows this post; none where the account is gone."""
    names = get_user_model().objects.filter(pk=post.user_id).values_list("username", flat=True)
    return [tags.user(name) for name in names]
