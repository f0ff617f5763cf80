"""Starting threads, replying, editing, deleting."""

from collections.abc import Callable, Sequence

from django.utils.translation import gettext as _

from forum import links, reads
from forum.cache import tags
from forum.cache.intents import Write, invalidating
from forum.cache.limits import Bucket
from forum.errors import Conflict, NotAllowed, Refused, SignInNeeded
from forum.permissions import ForumRules, Reader, can_change_post, can_post, can_reply, refuse_silenced
from forum.tables import changes, posts, threads
from forum.tables.keys import Nonce
from forum.tables.polls import Poll
from forum.tables.posts import Post
from forum.tables.threads import Thread

from . import events, moderating, notes, pace, picturing, screening, tagging, touched, trust, waiting

# How often an edit is tried that meets likes.
EDIT_ATTEMPTS = 10


def start_thread(
    reader: Reader,
    forum: ForumRules,
    title: str,
    body: str,
    nonce: Nonce,
    names: Sequence[str] = (),
    poll: Poll | None = None,
) -> Thread:
    """A new thread with its first post, tags of these names, and a poll. The same nonce again returns the same thread.

    Refused where the text holds what it may not, Throttled where the reader posts too often, Waits where a
    moderator has to approve first.
    """
    require_posting(reader, forum)
    limits = [bucket for act in ("threads", "posts") for bucket in pace.buckets(act, reader, nonce.text, forum)]
    told = _told(title, names, poll)
    if reason := screening.screen(reader, forum, told, body) or waiting.first_posts_wait(reader, forum):
        waiting.wait(reader, forum, "", title, body, nonce, reason, limits, names, poll)
    thread = store_thread(reader, forum, title, body, nonce, limits, names, poll)
    reads.wrote(reader.id, reader.joined, thread.id, 1)
    return thread


def store_thread(
    author: Reader,
    forum: ForumRules,
    title: str,
    body: str,
    nonce: Nonce,
    limits: Sequence[Bucket] = (),
    names: Sequence[str] = (),
    poll: Poll | None = None,
) -> Thread:
    """As `start_thread`, for whoever has checked everything but the limits."""
    changed = [tags.HOME, tags.forum(forum.name), tags.latest(forum.name), tags.user(author.name)]
    changed += tagging.of_tags(names)
    picturing.claim(body)
    with invalidating(*changed, limits=limits) as write:
        thread = posts.put_thread(forum.name, forum.shards, author.id, title, body, nonce, names, poll)
        write.wrote[thread.first_key] = 1
        picturing.use(author, body, forum.name, thread.id, 1)
        if names:
            tagging.index(thread, names)
    trust.posted(author)
    notes.posted(author, forum, thread, 1, body)
    events.of_new_post(author, forum, thread, 1)
    return thread


def reply(reader: Reader, forum: ForumRules, thread_id: str, body: str, nonce: Nonce) -> tuple[Thread, int]:
    """A reply; returns the thread and the reply's number. The same nonce again returns the same number.

    Refused, Throttled and Waits as of `start_thread`.
    """
    require_posting(reader, forum)
    limits = pace.buckets("posts", reader, nonce.text, forum)
    if reason := screening.screen(reader, forum, "", body) or waiting.first_posts_wait(reader, forum):
        # A closed thread is said to be closed now, and not once somebody has approved of the reply.
        require_open(reader, forum, threads.get_thread(forum.name, thread_id))
        waiting.wait(reader, forum, thread_id, "", body, nonce, reason, limits)
    thread, number = store_reply(reader, forum, thread_id, body, nonce, limits)
    reads.wrote(reader.id, reader.joined, thread.id, number, noted=bool(reader.notes))
    return thread, number


def store_reply(
    author: Reader, forum: ForumRules, thread_id: str, body: str, nonce: Nonce, limits: Sequence[Bucket] = ()
) -> tuple[Thread, int]:
    """As `reply`, for whoever has checked everything but the limits and the thread."""
    picturing.claim(body)
    with invalidating(
        tags.thread(thread_id),
        tags.HOME,
        tags.forum(forum.name),
        tags.latest(forum.name),
        tags.user(author.name),
        in_line=True,
        limits=limits,
    ) as write:
        written = posts.put_reply(
            forum.name, thread_id, author.id, body, nonce, lambda head: require_open(author, forum, head)
        )
        write.wrote[written.key] = 1
        thread, number = written
        picturing.use(author, body, forum.name, thread.id, number)
    trust.posted(author)
    notes.posted(author, forum, thread, number, body)
    events.of_new_post(author, forum, thread, number)
    return thread, number


def edit(
    reader: Reader,
    forum: ForumRules,
    thread: Thread,
    post: Post,
    seen_revision: int,
    body: str,
    title: str | None,
    names: Sequence[str] | None = None,
    reason: str = "",
    poll: Poll | bool = True,
) -> None:
    """Change a post's text and, with the first post, the thread's title, its tags and its poll (True leaves that, False
    takes it away). Who changes what somebody else wrote says why: in the log, the history, and to its author.

    `seen_revision` is the post's `text_revision` that the editor started from; Conflict when it is no longer the
    latest (likes and votes do not count), Refused for what a text may not hold, or a poll that has votes; Throttled.
    """
    require_change(reader, forum, thread, post)
    new = None if title == thread.title else title
    had = thread.tags or []
    retagged = None if names is None or [*names] == [*had] else names
    after = _told(new or thread.title, had if names is None else names, _changed_poll(post, poll))
    screening.screen_edit(reader, forum, (_told(thread.title, had, post.poll), post.body), (after, body))
    others = reader.id != post.user_id
    act = moderating.act_on_post(reader, thread, post, "edit", moderating.required(reason) if others else "")

    def store(head: Thread, now: Post) -> None:
        changes.change_post(head, now, int(now.revision), act, body, new, retagged, _changed_poll(now, poll))

    picturing.claim(body)
    limits = pace.buckets("edits", reader, f"{post.key} {seen_revision}", forum)
    with invalidating(*_renewed(thread, post, new is not None, retagged), limits=limits) as write:
        _insist(write, reader, forum, thread, post, seen_revision, store)
        picturing.use(reader, body, thread.forum, thread.id, int(post.number), post.first_address)
        if retagged is not None:
            tagging.index(thread, retagged)
    events.of_post(events.POST_EDITED, reader, forum, thread, int(post.number), str(seen_revision + 1))
    if others:
        moderating.tell_of_edit(thread, post, reason)


def _insist(
    write: Write,
    reader: Reader,
    forum: ForumRules,
    thread: Thread,
    post: Post,
    seen_revision: int,
    store: Callable[[Thread, Post], None],
) -> None:
    """Store an edit of the text that its editor saw, although likes come meanwhile; Conflict for another text."""
    for __ in range(EDIT_ATTEMPTS):
        if post.text_revision != seen_revision:
            break
        write.wrote[post.key] = int(post.revision) + 1
        try:
            return store(thread, post)
        except Conflict:
            del write.wrote[post.key]
            thread = threads.get_thread(forum.name, thread.id)
            post = posts.get_post_of(thread, int(post.number))
            require_change(reader, forum, thread, post)
    raise Conflict(_("Somebody changed this since you opened it."))


def _renewed(thread: Thread, post: Post, renamed: bool, retagged: Sequence[str] | None) -> Sequence[str]:
    """The tags of what shows a post that is edited, each once."""
    changed = [*touched.of_text(thread, post), *(touched.of_thread(thread) if renamed else [])]
    if retagged is not None:
        changed += [*touched.of_state(thread), *tagging.of_tags({*(thread.tags or []), *retagged})]
    return list(dict.fromkeys(changed))


def _told(title: str, names: Sequence[str], poll: Poll | bool | None) -> str:
    """All that a thread says beside its posts."""
    return " ".join([title, *names, poll.words if isinstance(poll, Poll) else ""])


def _changed_poll(post: Post, poll: Poll | bool) -> Poll | bool:
    """True where the poll stays as it is; Refused where it would change after somebody has voted."""
    if poll is True or poll == post.poll or (poll is False and post.poll is None):
        return True
    if post.poll_voters:
        raise Refused(_("Somebody has voted by now, so the poll stays as it is. Save once more to change the rest."))
    if post.number != 1:
        raise NotAllowed(_("Only the post that a thread began with can carry a poll."))
    return poll


def delete(reader: Reader, forum: ForumRules, thread: Thread, post: Post) -> None:
    """Remove one's own post for readers; its number and place stay. The first post takes the thread with it,
    as long as nobody has replied. What moderators delete of others is `moderating.delete_post`."""
    require_change(reader, forum, thread, post)
    if reader.id != post.user_id:
        raise NotAllowed(_("This is not your post: to delete it, say why."))
    if post.number == 1 and thread.last_post_number > 1:
        raise Conflict(_("Others have replied, so the thread stays. You can edit your post instead."))
    act = moderating.act_on_post(reader, thread, post, "delete")
    limits = pace.buckets("edits", reader, post.subject, forum)
    with invalidating(*touched.of_post(thread, post), limits=limits) as write:
        write.wrote[post.key] = int(post.revision) + 1
        changes.change_status(thread, post, changes.DELETED, act)
    events.of_act("delete", reader, forum, thread, post)


# -- Who may --------------------------------------------------------------------------------------


def require_posting(reader: Reader, forum: ForumRules) -> None:
    """Raise what keeps the reader from posting in this forum at all."""
    if not reader.signed_in:
        raise SignInNeeded(_("Please sign in to post. Your text will be waiting for you."))
    if forum.archived:
        raise NotAllowed(_("This forum is archived: it can be read, but nothing new can be posted."))
    refuse_silenced(reader)
    if not can_post(reader, forum):
        raise NotAllowed(_("You may not post in this forum."))


def require_open(reader: Reader, forum: ForumRules, thread: Thread) -> None:
    """Raise what keeps the reader from replying in this thread."""
    refuse_closed(thread)
    if not can_reply(reader, forum, thread):
        raise NotAllowed(_("You may not reply in this thread."))


def refuse_closed(thread: Thread) -> None:
    """Conflict where the thread takes no replies any more."""
    if thread.moved_to:
        place = links.post(thread.id, int(thread.last_post_number))
        raise Conflict(_("This thread has moved. Please reply at its new place."), [(_("To its new place"), place)])
    if thread.deleted:
        raise Conflict(_("This thread has been removed, so it takes no more replies."))
    if thread.locked:
        raise Conflict(_("This thread is locked, so it takes no more replies."))
    if thread.archived:
        raise Conflict(_("This thread is archived, so it takes no more replies."))


def require_change(reader: Reader, forum: ForumRules, thread: Thread, post: Post) -> None:
    """Raise what keeps the reader from editing or deleting this post."""
    if not reader.signed_in:
        raise SignInNeeded(_("Please sign in to change a post. Your text will be waiting for you."))
    if reader.id == post.user_id:
        refuse_silenced(reader)
    if not can_change_post(reader, forum, post.user_id):
        raise NotAllowed(_("You may change only your own posts, and none in an archived forum."))
    if thread.archived:
        raise NotAllowed(_("This thread is archived: its posts stay as they are."))
    moderating.refuse_moved(thread, post)
    if post.status == changes.HIDDEN:
        raise Conflict(_("This post has been hidden by a moderator."))
    if post.deleted:
        raise Conflict(_("This post has been deleted."))
