"""Voting in polls."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from forum.cache import tags
from forum.cache.intents import invalidating
from forum.errors import BadRequest, Busy, Conflict, NotAllowed, NotFound, SignInNeeded
from forum.permissions import ForumRules, Reader, can_vote, refuse_silenced
from forum.tables import posts, threads, votes
from forum.tables.base import pause
from forum.tables.posts import Post
from forum.tables.threads import Thread

from . import reacting

# How often a vote is tried that meets others.
ATTEMPTS = 20


def vote(reader: Reader, forum: ForumRules, head: Thread, post: Post, chosen: Sequence[int]) -> None:
    """Choose these options of a post's poll and no others; none takes the vote back. What is so already stays so.

    Nobody is told who voted for what, not the poll's author either. The tag of the reader's account changes, too:
    what a worker keeps for the reader shows how they voted.
    """
    number = int(post.number)
    with invalidating(tags.thread(head.id), tags.account(reader.id), in_line=True) as write:
        for attempt in range(ATTEMPTS):
            require_voting(reader, forum, head, post, chosen)
            write.wrote[post.key] = int(post.revision) + 1
            try:
                if not votes.change_vote(post, reader.id, chosen):
                    del write.wrote[post.key]
                return
            except Conflict:
                del write.wrote[post.key]
                pause(min(attempt, 3))
                head = threads.get_thread(forum.name, head.id)
                post = posts.get_post_of(head, number)
    raise Busy(_("Many people are voting at this moment. Please try again."))


def require_voting(reader: Reader, forum: ForumRules, head: Thread, post: Post, chosen: Sequence[int]) -> None:
    """Raise what keeps the reader from choosing these options."""
    if not reader.signed_in:
        raise SignInNeeded(_("Please sign in to vote."))
    refuse_silenced(reader)
    if head.archived or not can_vote(reader, forum):
        raise NotAllowed(_("This is archived: the poll can be read, but nobody can vote any more."))
    reacting.refuse_gone(head, post)
    if head.locked:
        raise Conflict(_("This thread is locked, so nobody can vote in its poll."))
    poll = post.poll
    if poll is None:
        raise NotFound(_("This post has no poll."))
    if poll.is_over:
        raise Conflict(_("This poll has closed, so your vote came too late."))
    if any(not 0 <= option < len(poll.options) for option in chosen):
        raise BadRequest(_("This poll has no such option. Please look at it once more."))
    if len(chosen) > 1 and not poll.several:
        raise BadRequest(_("Only one option can be chosen in this poll."))
