"""Texts that wait for a moderator's approval, from their writers' side: why, for how long, and taking them back."""

from collections.abc import Sequence
from typing import NoReturn

from django.conf import settings
from django.utils.translation import gettext as _

from forum import reasons
from forum.cache import limits, queues
from forum.cache.limits import Bucket
from forum.errors import Conflict, Links, NotAllowed, Waits
from forum.permissions import ForumRules, Reader, moderates
from forum.tables import cases, posts
from forum.tables.keys import Nonce
from forum.tables.moderation import Record
from forum.tables.polls import Poll

from . import picturing

# Of a member's newest posts, how many are looked at for those that were not hidden or deleted.
LOOK_BACK = 20


def first_posts_wait(reader: Reader, forum: ForumRules) -> str:
    """Why a post of this member has to wait, "" where it need not: new members who have fewer posts that can be
    read than the setting says. One Query where it is set, for new members only."""
    first = settings.APPROVE_FIRST_POSTS
    if first <= 0 or reader.trust > 0 or moderates(reader, forum):
        return ""
    readable = sum(not post.deleted for post in posts.list_of_user(reader.id, first + LOOK_BACK))
    return "" if readable >= first else reasons.FIRST_POSTS


def wait(
    reader: Reader,
    forum: ForumRules,
    thread_id: str,
    title: str,
    body: str,
    nonce: Nonce,
    reason: str,
    buckets: Sequence[Bucket],
    names: Sequence[str] = (),
    poll: Poll | None = None,
) -> NoReturn:
    """Keep a text for the moderators, and say so: raises Waits, or Throttled. `thread_id` is "" for a new thread.
    One transaction; the same nonce again changes nothing."""
    limits.take(*buckets)
    picturing.claim(body)
    case = cases.put_pending(forum.name, thread_id, reader.id, title, body, nonce, reason, names, poll)
    if case:
        queues.changed(opened=[(forum.name, case.subject)])
    raise Waits(_("Thank you. A moderator will look at your post, and then it will appear."), _links())


def _links() -> Links:
    return [(_("Your waiting posts"), "/pending/")]


def withdraw(reader: Reader, case: Record) -> None:
    """Take one's own text back before anybody has decided."""
    if not reader.signed_in or case.user_id != reader.id:
        raise NotAllowed(_("This is not yours to withdraw."))
    if case.kind == "withdrawn":
        raise Conflict(_("This post has been taken back already."), _links())
    if not case.open_in or case.kind != cases.WAITING:
        raise Conflict(_("A moderator has decided on this post already."), _links())
    close(case, "withdrawn", "You took it back.")


def close(case: Record, outcome: str, text: str, url: str = "", record: Record | None = None) -> None:
    """Close the case of a text, as `cases.change_pending` does."""
    forum = str(case.open_in)
    cases.change_pending(case, outcome, text, url, record)
    queues.changed(closed=[(forum, case.subject)])
