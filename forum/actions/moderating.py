"""What moderators do to posts and threads, in the forums that they moderate.

Every act is one transaction with its record, and says no in words: to whoever may not (NotAllowed), without a
reason where it hurts somebody (BadRequest), and where the thing is not as its moderator saw it (Conflict,
which tells who did what in the meantime). An act that merely met a reply or a like is done all the same.
"""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from forum import links
from forum.cache.intents import invalidating
from forum.errors import BadRequest, Busy, Conflict, NotAllowed, SignInNeeded
from forum.permissions import ForumRules, Reader, can_moderate
from forum.tables import changes, moderation, posts, threads
from forum.tables.changes import DELETED, HIDDEN, VISIBLE, Also
from forum.tables.moderation import Record, post_subject, thread_subject
from forum.tables.posts import Post
from forum.tables.threads import Thread

from . import closing, events, notes, picturing, touched
from .lateness import too_late

# Who acts where a rule of the forum does, and nobody in person.
SYSTEM = Reader(name="the forum", moderates_all=True)
REASON_LEAST, REASON_MOST = 3, 500
# How often an act is tried that meets replies and likes.
ATTEMPTS = 10

# What a post or a thread must be, and what it then is.
POST_HIDDEN = gettext_noop("Your post #%(number)s in “%(title)s” was hidden by a moderator. The reason: %(reason)s")
POST_DELETED = gettext_noop("Your post #%(number)s in “%(title)s” was deleted by a moderator. The reason: %(reason)s")
POST_PURGED = gettext_noop(
    "Your post #%(number)s in “%(title)s” was deleted for good by a moderator. The reason: %(reason)s"
)
THREAD_HIDDEN = gettext_noop("Your thread “%(title)s” was hidden by a moderator. The reason: %(reason)s")
THREAD_DELETED = gettext_noop("Your thread “%(title)s” was deleted by a moderator. The reason: %(reason)s")
# How it is by now, by its status.
POST_IS = {
    VISIBLE: gettext_noop("This post is visible now."),
    HIDDEN: gettext_noop("This post is hidden now."),
    DELETED: gettext_noop("This post is deleted now."),
    "purged": gettext_noop("This post is deleted for good."),
    "moved": gettext_noop("This post is moved now."),
}
THREAD_IS = {
    VISIBLE: gettext_noop("This thread is visible now."),
    HIDDEN: gettext_noop("This thread is hidden now."),
    DELETED: gettext_noop("This thread is deleted now."),
    "purged": gettext_noop("This thread is deleted for good."),
    "moved": gettext_noop("This thread is moved now."),
}
_STEPS = {
    "hide": ((VISIBLE,), HIDDEN),
    "show": ((HIDDEN,), VISIBLE),
    "delete": ((VISIBLE, HIDDEN), DELETED),
    "undelete": ((DELETED,), VISIBLE),
    "purge": ((VISIBLE, HIDDEN, DELETED), DELETED),
}
_TOUCHED = {
    "status": touched.of_thread,
    "title": touched.of_thread,
    "locked": touched.of_state,
    "pinned": touched.of_state,
    "archived": touched.of_pages,
}


# Says anew for each attempt, and the post as it is then, what else is to be written with it; raises where there is
# to be no attempt more. Without one an act that removes a reported post closes its case.
With = Callable[[Post], Also]


# -- Posts ----------------------------------------------------------------------------------------


def hide_post(
    reader: Reader,
    forum: ForumRules,
    head: Thread,
    post: Post,
    reason: str,
    *,
    job_id: str = "",
    also: With | None = None,
) -> None:
    """Take a post out of readers' sight. The first post takes its thread along."""
    _change_post(reader, forum, head, post, "hide", required(reason), job_id, also)
    # Who hides many at once, or closes a case with it, tells the author in other words.
    if not job_id and also is None:
        _tell_author(reader, forum, head, post, POST_HIDDEN, reason)


def show_post(
    reader: Reader,
    forum: ForumRules,
    head: Thread,
    post: Post,
    reason: str = "",
    *,
    job_id: str = "",
    also: With | None = None,
) -> None:
    """Show a hidden post again."""
    _change_post(reader, forum, head, post, "show", reason, job_id, also)


def delete_post(reader: Reader, forum: ForumRules, head: Thread, post: Post, reason: str) -> None:
    """Delete somebody's post, hidden or not; it can be brought back."""
    _change_post(reader, forum, head, post, "delete", required(reason))
    _tell_author(reader, forum, head, post, POST_DELETED, reason)


def undelete_post(reader: Reader, forum: ForumRules, head: Thread, post: Post, reason: str = "") -> None:
    """Bring a deleted post back, with the text that it had."""
    _change_post(reader, forum, head, post, "undelete", reason)


def purge_post(reader: Reader, forum: ForumRules, head: Thread, post: Post, reason: str, *, may_purge: bool) -> None:
    """Delete a post and every text it had for good: after 30 days nothing of them is left anywhere."""
    require_purging(reader, forum, may_purge)
    _change_post(reader, forum, head, post, "purge", required(reason))
    _tell_author(reader, forum, head, post, POST_PURGED, reason)


def _change_post(
    reader: Reader,
    forum: ForumRules,
    head: Thread,
    post: Post,
    kind: str,
    reason: str,
    job_id: str = "",
    also: With | None = None,
) -> None:
    """What a rule of the forum does leaves the case of the post open, for a moderator to look at."""
    require_moderator(reader, forum)
    number, seen, case = int(post.number), post.edited_at or "", None
    with invalidating(*touched.of_post(head, post), in_line=True) as write:
        for __ in range(ATTEMPTS):
            text = text_after(kind, head, post, seen)
            act = act_on_post(reader, head, post, kind, reason, job_id)
            case = closing.open_case(post) if also is None and reader.id and kind in closing.REMOVES else None
            more = also(post) if also is not None else closing.agreeing(case, act)
            write.wrote[post.key] = int(post.revision) + 1
            try:
                _store(kind, head, post, act, text, more)
                break
            except Conflict:
                del write.wrote[post.key]
                head = threads.get_thread(head.forum, head.id)
                post = posts.get_post_of(head, number)
        else:
            raise Busy(_("This thread is changing very fast. Please try again."))
    if case is not None:
        closing.tell([case], closing.AGREE, closing.REMOVES[kind], by=reader.id)
    events.of_act(kind, reader, forum, head, post)


def text_after(kind: str, head: Thread, post: Post, seen: str | None = None) -> str | None:
    """The text that a post gets by this act, None where it keeps its own. Conflict where the act comes too late:
    another was faster, or the text changed since it was `seen` (its `edited_at`)."""
    refuse_moved(head, post)
    subject = post.subject
    if post.purged or post.status not in _STEPS[kind][0]:
        raise too_late(subject, _(POST_IS[post.state]), head, post)
    if seen is not None and (post.edited_at or "") != seen:
        raise too_late(subject, _("The text of this post has just changed."), head, post)
    if post.status == DELETED:
        text = changes.get_deleted_text(post)
        if text is None:
            raise too_late(subject, _(POST_IS["purged"]), head, post)
        return text if kind == "undelete" else None
    return None


def _store(kind: str, head: Thread, post: Post, act: Record, text: str | None, also: Also) -> None:
    if kind == "purge":
        changes.remove_text(head, post, act, also=also)
        picturing.release(post.first_address)
    else:
        changes.change_status(head, post, _STEPS[kind][1], act, text, also)


# -- Threads --------------------------------------------------------------------------------------


def set_locked(reader: Reader, forum: ForumRules, head: Thread, value: bool, reason: str = "") -> None:
    """Close a thread to replies, or open it again."""
    _change_thread(reader, forum, head, "lock" if value else "unlock", reason, locked=value)


def set_pinned(reader: Reader, forum: ForumRules, head: Thread, value: bool, reason: str = "") -> None:
    """Let a thread stand first in its forum's list, or no longer."""
    _change_thread(reader, forum, head, "pin" if value else "unpin", reason, pinned=value)


def set_archived(reader: Reader, forum: ForumRules, head: Thread, value: bool, reason: str = "") -> None:
    """Close a thread to everything but reading, or open it again."""
    _change_thread(reader, forum, head, "archive" if value else "unarchive", reason, archived=value)


def rename(reader: Reader, forum: ForumRules, head: Thread, title: str, reason: str = "") -> None:
    _change_thread(reader, forum, head, "rename", reason, title=title)


def hide_thread(reader: Reader, forum: ForumRules, head: Thread, reason: str) -> None:
    """Take a thread out of every list; its posts stay as they are."""
    _change_thread(reader, forum, head, "hide thread", required(reason), status=HIDDEN)
    _tell_author(reader, forum, head, None, THREAD_HIDDEN, reason)


def show_thread(reader: Reader, forum: ForumRules, head: Thread, reason: str = "") -> None:
    """Show a hidden thread again, with its first post."""
    _bring_back(reader, forum, head, "show", reason)


def delete_thread(reader: Reader, forum: ForumRules, head: Thread, reason: str) -> None:
    """Delete a thread, hidden or not; it can be brought back."""
    _change_thread(reader, forum, head, "delete thread", required(reason), status=DELETED)
    _tell_author(reader, forum, head, None, THREAD_DELETED, reason)


def undelete_thread(reader: Reader, forum: ForumRules, head: Thread, reason: str = "") -> None:
    """Bring a deleted thread back, with its first post where that was deleted, too, and not for good."""
    _bring_back(reader, forum, head, "undelete", reason)


def _bring_back(reader: Reader, forum: ForumRules, head: Thread, kind: str, reason: str) -> None:
    """A thread that went with its first post comes back with it, and not at all where that is deleted for good."""
    require_moderator(reader, forum)
    refuse_late(kind, head)
    first = posts.get_post_of(head, 1)
    gone_together = first.status == head.status and head.status in _STEPS[kind][0]
    if gone_together and (first.status == HIDDEN or changes.get_deleted_text(first) is not None):
        _change_post(reader, forum, head, first, kind, reason)
    else:
        _change_thread(reader, forum, head, f"{kind} thread", reason, status=VISIBLE)


def _change_thread(reader: Reader, forum: ForumRules, head: Thread, kind: str, reason: str, **change: Any) -> None:
    """Set one attribute of a head. Conflict where another moderator did so since this one looked."""
    require_moderator(reader, forum)
    [(name, value)] = change.items()
    seen, id_ = getattr(head, name), head.id
    with invalidating(*_TOUCHED[name](head), in_line=True):
        for __ in range(ATTEMPTS):
            refuse_late(kind, head)
            if getattr(head, name) != seen or seen == value:
                raise too_late(thread_subject(id_), _("This thread has changed."), head)
            try:
                return changes.change_thread(head, _act_on_thread(reader, head, kind, reason), **change)
            except Conflict:
                head = threads.get_thread(head.forum, id_)
        raise Busy(_("This thread is changing very fast. Please try again."))


def refuse_late(kind: str, head: Thread) -> None:
    """Conflict where the thread has moved, or is hidden or deleted already, or no longer, or for good."""
    refuse_moved(head)
    step = _STEPS.get(kind.removesuffix(" thread"))
    if step is not None and head.purged:
        raise too_late(post_subject(head.id, 1), _(THREAD_IS["purged"]), head)
    if step is not None and head.status not in step[0]:
        raise too_late(thread_subject(head.id), _(THREAD_IS[head.status]), head)


# -- What may be done -----------------------------------------------------------------------------


def require_moderator(reader: Reader, forum: ForumRules) -> None:
    """Raise what keeps the reader from moderating this forum."""
    if reader == SYSTEM or can_moderate(reader, forum):
        return
    if not reader.signed_in:
        raise SignInNeeded(_("Please sign in first."))
    raise NotAllowed(_("Only moderators of this forum may do that, and nobody in an archived one."))


def require_purging(reader: Reader, forum: ForumRules, may_purge: bool) -> None:
    """Raise what keeps the reader from deleting for good here, which takes a right besides."""
    require_moderator(reader, forum)
    if not may_purge:
        raise NotAllowed(_("You may delete posts, but not for good."))


def required(reason: str) -> str:
    """The reason, without space around it; BadRequest where it is none."""
    reason = reason.strip()
    if not REASON_LEAST <= len(reason) <= REASON_MOST:
        raise BadRequest(
            _("Please say why, in %(least)s to %(most)s characters.") % {"least": REASON_LEAST, "most": REASON_MOST}
        )
    return reason


def refuse_moved(head: Thread, post: Post | None = None, number: int = 1) -> None:
    """Conflict where the thread or the post is somewhere else now; the way there is the permalink, which says
    nothing about the other forum to who may not read it."""
    link = [(_("To its new place"), links.post(head.id, int(post.number) if post else number))]
    if head.moved_to:
        raise Conflict(_("This thread has moved."), link)
    if post is not None and post.moved_to:
        raise Conflict(_("This post has moved."), link)


def _tell_author(reader: Reader, forum: ForumRules, head: Thread, post: Post | None, told: str, reason: str) -> None:
    """Tell whose post or thread it is, unless they did it themselves. Who did it is not said."""
    author = post.user_id if post else head.user_id
    if author == reader.id:
        return
    url = links.post(head.id, int(post.number)) if post and post.number > 1 else links.forum(head.forum)
    facts = {"title": head.title, "number": int(post.number) if post else 1, "reason": reason.strip()}
    notes.tell_of(head, forum, author, "removed", told, url, facts=facts)


def tell_of_edit(head: Thread, post: Post, reason: str) -> None:
    """Tell an author that a moderator has edited their post, and where to see what was changed."""
    number = int(post.number)
    told = gettext_noop("Your post #%(number)s in “%(title)s” was edited by a moderator. The reason: %(reason)s")
    facts = {"title": head.title, "number": number, "reason": reason.strip()}
    notes.tell(post.user_id, "removed", told, f"{links.forum(head.forum)}{head.id}/{number}/history/", facts=facts)


# -- Records --------------------------------------------------------------------------------------


def act_on_post(reader: Reader, head: Thread, post: Post, kind: str, reason: str = "", job_id: str = "") -> Record:
    """The record of an act on a post, which is in the log unless its author did it."""
    subject = post.subject
    if reader.id and reader.id == post.user_id and kind in ("edit", "delete") and not reason:
        return moderation.new_record(subject, kind, reader.id)
    return moderation.new_act(subject, kind, reader.id, reason, forum=head.forum, member_id=post.user_id, job_id=job_id)


def _act_on_thread(reader: Reader, head: Thread, kind: str, reason: str) -> Record:
    return moderation.new_act(
        thread_subject(head.id), kind, reader.id, reason, forum=head.forum, member_id=head.user_id
    )
