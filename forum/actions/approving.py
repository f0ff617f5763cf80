"""Texts that wait until a moderator approves of them, and only then become posts.

Approving is done in three steps: the case says that its text is being published, the post is stored in its
author's name under the nonce that the text was sent with, the case is closed. Whoever dies in between leaves an
open case, and approving it once more goes on from there: the same nonce never makes a second post. A text that is
being published can be neither refused nor withdrawn.
"""

from contextlib import suppress

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from forum import directory, links
from forum.errors import Conflict, ForumError, NotAllowed, NotFound, Unavailable
from forum.permissions import ForumRules, Reader, can_post, can_read, moderates, silenced_until
from forum.tables import cases, moderation, threads
from forum.tables.moderation import Record

from . import lateness, moderating, posting, waiting
from .notes import tell

# More than anybody can have waiting.
MOST_WAITING = 500


def approve(reader: Reader, forum: ForumRules, case: Record, author: Reader) -> str:
    """Make a post of a waiting text, in its author's name; returns where it is. Twice approved it is one post.

    A reply to a thread that has moved is published there, by who moderates there, too. Conflict where somebody else
    has decided, or where the thread takes no replies any more or the author may no longer post: then it can still be
    refused.
    """
    _require_approver(reader, forum, case)
    forum, thread_id = _place(reader, forum, case)
    cases.change_publishing(case, reader.id, True)
    try:
        url, subject = _publish(author, forum, thread_id, case)
    except Unavailable:
        # Perhaps it is stored all the same. Approving once more will tell.
        raise
    except ForumError as error:
        cases.change_publishing(case, reader.id, False)
        raise Conflict(
            _("This cannot become a post any more. %(message)s You can refuse it.") % {"message": error.message}
        ) from error
    act = moderation.new_act(subject, "approve", reader.id, forum=forum.name, member_id=case.user_id)
    now = cases.get_case(case.subject)
    if now.open_in:
        waiting.close(now, "approved", "Your post was approved.", url, act)
        told = gettext_noop("Your post was approved, and everybody can read it now.")
        tell(case.user_id, "approve", told, url, facts={})
    return url


def _place(reader: Reader, forum: ForumRules, case: Record) -> tuple[ForumRules, str]:
    """Where a text is to be published: its forum, or that of the thread that it replies to, should this have moved
    meanwhile, and the thread's id now, "" of what begins one. Conflict where whoever approves does not moderate
    there. One GetItem for a reply, and one for each move since."""
    if not case.thread_id:
        return forum, ""
    try:
        head = threads.follow(threads.get_thread(forum.name, case.thread_id))
    except NotFound:
        # Publishing says so in the words that go with it.
        return forum, case.thread_id
    if head.forum == forum.name:
        return forum, head.id
    target = directory.kept().forums.get(head.forum)
    if target is None or not can_read(reader, target):
        raise Conflict(_("The thread has moved to a forum that you may not read, so you cannot approve of this reply."))
    if not moderates(reader, target):
        words = _("The thread has moved to %(forum)s. Who moderates there as well can approve of this reply.")
        raise Conflict(words % {"forum": target.title})
    return target, head.id


def _publish(author: Reader, forum: ForumRules, thread_id: str, case: Record) -> tuple[str, str]:
    """Store the post; its address and its subject."""
    nonce = cases.nonce_of(case)
    if not author.signed_in:
        raise NotAllowed(_("Its author's account is closed or suspended."))
    if author.silenced:
        raise NotAllowed(_("Its author is silenced until %(until)s.") % {"until": silenced_until(author)})
    if forum.name != case.open_in and not can_post(author, forum):
        words = _("The thread has moved to %(forum)s, where the writer of this reply may not post.")
        raise NotAllowed(words % {"forum": forum.title})
    posting.require_posting(author, forum)
    if thread_id:
        head, number = posting.store_reply(author, forum, thread_id, case.body or "", nonce)
        return links.post(head.id, number), moderation.post_subject(head.id, number)
    names, poll = case.tags or [], cases.poll_of(case)
    head = posting.store_thread(author, forum, case.title or "", case.body or "", nonce, names=names, poll=poll)
    return links.post(head.id, 1), moderation.post_subject(head.id, 1)


def refuse(reader: Reader, forum: ForumRules, case: Record, reason: str) -> None:
    """Let a text be no post; its author is told why. The record keeps the text for a month, as the case does."""
    _require_approver(reader, forum, case)
    reason = moderating.required(reason)
    if case.kind == cases.PUBLISHING:
        raise Conflict(_("Somebody has approved of this post, and it is being published. Please look again."))
    act = moderation.new_act(
        case.subject, "refuse", reader.id, reason, forum=forum.name, member_id=case.user_id, title=case.title
    )
    waiting.close(case, "refused", reason, record=act)
    told = gettext_noop("Your post was not published: %(reason)s")
    tell(case.user_id, "refuse", told, "/pending/", facts={"reason": reason})


def withdraw_all(user_id: str, why: str) -> None:
    """Take back all that waits of a member who has left or been sent away, unless a moderator is faster."""
    for __, case in cases.list_pending(user_id, MOST_WAITING):
        if case is not None and case.open_in and case.kind == cases.WAITING:
            with suppress(Conflict):
                waiting.close(case, "withdrawn", why)


def _require_approver(reader: Reader, forum: ForumRules, case: Record) -> None:
    if not moderates(reader, forum):
        raise NotAllowed(_("Only moderators of this forum may do that."))
    if case.open_in != forum.name or case.kind not in (cases.WAITING, cases.PUBLISHING):
        raise _too_late(reader, case)


def _too_late(reader: Reader, case: Record) -> Conflict:
    """What a moderator is told who was not the first: who decided, and how."""
    if case.kind == "withdrawn":
        return Conflict(_("Its writer has taken it back in the meantime."))
    if case.decided_by == reader.id:
        return Conflict(_("You have decided on this already."))
    name = {"name": lateness.name_of(case.decided_by)} if case.decided_by else {"name": _("Somebody")}
    if case.kind == "approved":
        return Conflict(_("%(name)s has approved of it in the meantime.") % name)
    if case.kind == "refused":
        return Conflict(_("%(name)s has refused it in the meantime.") % name)
    return Conflict(_("Another moderator has decided in the meantime."))
