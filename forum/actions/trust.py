"""Levels of trust: how members come to more of them by reading and posting. Leader is given by hand alone.

Reading is counted on days and pages, so that a level takes days whatever a script does in an hour; posting as
posts that stand, so that what was hidden or deleted does not count. A level is never taken away here: whoever
reads less, or whose counts Redis has lost, stays what they are.
"""

import logging
from dataclasses import dataclass

from django.db import DatabaseError, transaction
from django.utils.translation import gettext_noop

from forum.cache import visits
from forum.cache.visits import Visits
from forum.errors import ForumError
from forum.models import User
from forum.permissions import Reader
from forum.redis import Down
from forum.tables import inbox, posts
from forum.tables.moderation import new_act, user_subject

log = logging.getLogger(__name__)

Level = User.Trust


@dataclass(frozen=True, slots=True)
class Step:
    """What a level takes: to have come on so many `days`, been given so many `pages`, and to have so many
    `posts` that stand (0: nobody counts them). `told` is what the member is told of it."""

    level: User.Trust
    days: int
    pages: int
    posts: int
    told: str


STEPS = (
    # Who came back on another day and read before writing is no script that signed up to drop links. One
    # post that stands shows that somebody has seen one.
    Step(
        Level.BASIC,
        2,
        10,
        1,
        gettext_noop("You are now %(level)s: the limits for newcomers on links and on posting are over for you."),
    ),
    # A week's worth of days with some conversation: ten posts that nobody had to hide.
    Step(
        Level.MEMBER,
        7,
        60,
        10,
        gettext_noop("You are now %(level)s: you know your way around here. Thank you for reading and writing."),
    ),
    # A month's worth of days. That they write well was seen on the way here, and thousands of posts are not counted.
    Step(Level.REGULAR, 30, 400, 0, gettext_noop("You are now %(level)s: you may post more often than others.")),
)
# Of the newest posts so many are looked at for those that stand: one Query of some kilobytes.
LOOKED_AT = 20


def posted(reader: Reader) -> None:
    """Raise the level of a member who has just posted, if they have earned it. To be called after the post.

    One Redis round trip for a member who can still rise, nothing for others; a Query of UserPosts below
    Member, and only if they have read enough. Never fails: the post is stored.
    """
    step = next((step for step in STEPS if step.level > reader.trust), None)
    if step is None or not reader.signed_in:
        return
    try:
        read = visits.of_member(reader.id)
        if has_read_enough(read, step) and has_posted_enough(reader.id, step):
            raise_to(reader.id, step)
    except (Down, ForumError, DatabaseError) as error:
        log.info("The trust of member %s could not be looked at: %s", reader.id, error)


def has_read_enough(read: Visits, step: Step) -> bool:
    return read.days >= step.days and read.pages >= step.pages


def has_posted_enough(member_id: str, step: Step) -> bool:
    """At most one Query. The index may lack the post just written; then it counts with the next one."""
    if not step.posts:
        return True
    newest = posts.list_of_user(member_id, LOOKED_AT)
    return sum(1 for post in newest if post.status == "visible") >= step.posts


def raise_to(member_id: str, step: Step) -> None:
    """Store the level, with its record and the note to the member, unless it was given by hand to stay.

    The record is written last, before the account's transaction ends; see `actions.sanctions`.
    """
    with transaction.atomic():
        member = User.objects.select_for_update().filter(pk=member_id, is_active=True).first()
        if member is None or member.trust_fixed or member.trust >= step.level:
            return
        before = {"trust": member.trust}
        member.trust = step.level
        member.save(update_fields=["trust"])
        subject, after = user_subject(member_id), {"trust": int(step.level)}
        record = new_act(subject, "trust", "", member_id=member_id, before=before, after=after)
        inbox.put_note(member_id, "trust", step.told, also=[(record, None)], facts={"level": int(step.level)})
