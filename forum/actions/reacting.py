"""Likes, bookmarks, and the answer of a thread."""

from django.utils.translation import gettext as _

from forum import links
from forum.cache import tags
from forum.cache.intents import Write, invalidating
from forum.errors import BadRequest, Busy, Conflict, NotAllowed, SignInNeeded
from forum.forms import NOTE_MOST
from forum.permissions import ForumRules, Reader, can_like, can_solve, moderates, refuse_silenced
from forum.tables import bookmarks, changes, moderation, posts, reactions, tallies, threads
from forum.tables.base import pause
from forum.tables.bookmarks import Bookmark
from forum.tables.moderation import Record, thread_subject
from forum.tables.posts import Post
from forum.tables.reactions import Outcome
from forum.tables.threads import Thread
from forum.told import LIKE, SOLVED

from . import moderating, notes, pace, touched

# How often an act is tried that meets other likes, edits and replies.
ATTEMPTS = 10


# -- Likes ----------------------------------------------------------------------------------------


def set_like(reader: Reader, forum: ForumRules, head: Thread, post: Post, on: bool) -> int:
    """Like a post or take it back; how many members like it then. What is so already stays so.

    Its author is told of the first time. The tag of the reader's account changes, too: what a worker keeps for
    the reader shows what they like.
    """
    limits = pace.buckets("likes", reader, f"{post.first_address} {on}", forum)
    of_author = touched.of_author(post.user_id)
    with invalidating(tags.thread(head.id), tags.account(reader.id), *of_author, in_line=True, limits=limits) as write:
        outcome, likes = _like(write, reader, forum, head, post, on)
    if outcome is Outcome.FIRST:
        url, facts = links.post(head.id, int(post.number)), {"title": head.title, "number": int(post.number)}
        notes.tell_of(head, forum, post.user_id, LIKE, "", url, by=reader.id, facts=facts)
    return likes


def _like(write: Write, reader: Reader, forum: ForumRules, head: Thread, post: Post, on: bool) -> tuple[Outcome, int]:
    number = int(post.number)
    for attempt in range(ATTEMPTS):
        require_liking(reader, forum, head, post)
        write.wrote[post.key] = int(post.revision) + 1
        try:
            outcome = reactions.change_like(post, reader.id, on)
        except Conflict:
            del write.wrote[post.key]
            pause(attempt)
            head = threads.get_thread(forum.name, head.id)
            post = posts.get_post_of(head, number)
            continue
        if outcome is Outcome.ALREADY:
            del write.wrote[post.key]
            return outcome, int(post.like_count)
        return outcome, int(post.like_count) + (1 if on else -1)
    raise Busy(_("Many people like this at this moment. Please try again."))


def require_liking(reader: Reader, forum: ForumRules, head: Thread, post: Post) -> None:
    """Raise what keeps the reader from liking this post, or from taking a like back."""
    if not reader.signed_in:
        raise SignInNeeded(_("Please sign in to like a post."))
    refuse_silenced(reader)
    if reader.id == post.user_id:
        raise NotAllowed(_("This is your own post. Others may like it."))
    if head.archived or not can_like(reader, forum, post.user_id):
        raise NotAllowed(_("This is archived: it can be read, but not liked any more."))
    refuse_gone(head, post)


def refuse_gone(head: Thread, post: Post) -> None:
    """Conflict where the post is not shown here any more."""
    moderating.refuse_moved(head, post)
    if post.deleted:
        hidden = post.status == changes.HIDDEN
        raise Conflict(_("This post has been hidden.") if hidden else _("This post has been deleted."))


# -- Bookmarks ------------------------------------------------------------------------------------


def set_bookmark(reader: Reader, head: Thread, post: Post, on: bool) -> None:
    """Bookmark a post that the reader may read, or no longer; nobody else learns of it."""
    if not on:
        return remove_bookmark(reader, post.first_address)
    _require_member(reader)
    refuse_gone(head, post)
    limits = pace.buckets("bookmarks", reader, post.first_address)
    with invalidating(tags.account(reader.id), limits=limits):
        bookmarks.put_bookmark(reader.id, post)


def remove_bookmark(reader: Reader, address: str) -> None:
    """Take a bookmark back, by the address that its post was written at; also of a post that is gone."""
    _require_member(reader)
    limits = pace.buckets("bookmarks", reader, f"{address} off")
    with invalidating(tags.account(reader.id), limits=limits):
        bookmarks.remove_bookmark(reader.id, address)


def write_note(reader: Reader, bookmark: Bookmark, note: str) -> None:
    """Replace the reader's own note at a bookmark. It stands on no page that is kept."""
    _require_member(reader)
    if len(note) > NOTE_MOST:
        raise BadRequest(_("A note has at most %(note_most)s characters.") % {"note_most": NOTE_MOST})
    pace.take_if_counted("bookmarks", reader, f"{bookmark.address} {note}")
    bookmarks.change_note(reader.id, bookmark, note)


def _require_member(reader: Reader) -> None:
    if not reader.signed_in:
        raise SignInNeeded(_("Please sign in to keep bookmarks."))


# -- The answer of a thread -----------------------------------------------------------------------


def set_answer(reader: Reader, forum: ForumRules, head: Thread, post: Post, on: bool) -> None:
    """Mark a reply as what answers its thread, in place of the one that was, or take the mark back."""
    number, solved = int(post.number), int(head.solved)
    limits = pace.buckets("answers", reader, f"{post.subject} {on}", forum)
    with invalidating(*touched.of_state(head), *touched.of_author(post.user_id), in_line=True, limits=limits):
        for attempt in range(ATTEMPTS):
            require_solving(reader, forum, head, post)
            if (head.solved == number) == on:
                return
            try:
                tallied = _tallied(head, post, on)
                changes.change_thread(head, _act(reader, forum, head, on), tallied, solved=number if on else 0)
                break
            except Conflict:
                pause(attempt)
                head = threads.get_thread(forum.name, head.id)
        else:
            raise Busy(_("This thread is changing very fast. Please try again."))
    if on and solved != number:
        url, facts = links.post(head.id, number), {"title": head.title, "number": number}
        notes.tell_of(head, forum, post.user_id, SOLVED, "", url, by=reader.id, facts=facts)


def _tallied(head: Thread, post: Post, on: bool) -> list[tallies.Change]:
    """Whose numbers of answers change. One GetItem where another post was the answer."""
    changed = [tallies.of_post(post, tallies.SOLVED, 1 if on else -1)]
    if on and head.solved:
        before = posts.get_post_of(head, int(head.solved))
        changed.append(tallies.of_post(before, tallies.SOLVED, -1))
    return changed


def require_solving(reader: Reader, forum: ForumRules, head: Thread, post: Post) -> None:
    """Raise what keeps the reader from marking this post as the answer, or from taking the mark back."""
    if not reader.signed_in:
        raise SignInNeeded(_("Please sign in first."))
    if reader.id == head.user_id and not moderates(reader, forum):
        refuse_silenced(reader)
    if head.archived or not can_solve(reader, forum, head.user_id):
        raise NotAllowed(_("Only who started the thread, or a moderator, may mark its answer; nobody in an archive."))
    if head.deleted:
        raise Conflict(_("This thread has been removed."))
    refuse_gone(head, post)
    if post.number == 1:
        raise NotAllowed(_("The first post asks; one of the replies can be the answer."))


def _act(reader: Reader, forum: ForumRules, head: Thread, on: bool) -> Record:
    """The record, which is in the log unless the thread's author did it."""
    kind, subject = "solve" if on else "unsolve", thread_subject(head.id)
    if reader.id == head.user_id:
        return moderation.new_record(subject, kind, reader.id)
    return moderation.new_act(subject, kind, reader.id, forum=forum.name, member_id=head.user_id)
