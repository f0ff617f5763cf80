"""Closing the case of a reported post by what is done to the post: whoever hides or deletes it agrees with its
reports, from wherever they do so. The case is closed in the transaction of the act, and those who reported the post
are told afterwards, as when it is decided in the queue.

Another moderator's claim keeps nobody from acting on the post itself, and then there is nothing left to claim.
"""

from collections.abc import Collection
from contextlib import suppress

from django.utils.translation import gettext_noop

from forum import links
from forum.cache import queues
from forum.errors import NotFound
from forum.tables import cases, moderation
from forum.tables.changes import NOTHING_ELSE, Also
from forum.tables.moderation import Record
from forum.tables.posts import Post

from . import notes

AGREE, DISAGREE, IGNORE = "agree", "disagree", "ignore"
_HIDDEN = gettext_noop("Thank you for your report: a moderator agreed, and the post is hidden.")
_DELETED = gettext_noop("Thank you for your report: a moderator agreed, and the post is deleted.")
# After these acts a moderator has nothing more to decide about a post, and what reporters are told of each.
REMOVES = {"hide": _HIDDEN, "delete": _DELETED, "purge": _DELETED}
# Whoever reports a post as one of very many is not told what became of it.
MOST_TOLD = 50

_TOLD = {
    AGREE: _HIDDEN,
    DISAGREE: gettext_noop("A moderator has looked at the post that you reported, and lets it stand."),
    IGNORE: gettext_noop("A moderator has looked at the post that you reported, and closed the report."),
}


def open_case(post: Post) -> Record | None:
    """The post's case as it is now, if reports of it are open. One GetItem."""
    with suppress(NotFound):
        case = cases.get_case(post.subject)
        return case if case.open_in else None
    return None


def agreeing(case: Record | None, act: Record) -> Also:
    """What closes a case with an act on its post, for the act's transaction: its conditions do not hold where a
    report has come in since the case was read. Nothing where there is no case."""
    if case is None:
        return NOTHING_ELSE
    agreed = moderation.new_act(
        case.subject,
        AGREE,
        act.user_id,
        act.reason or "",
        forum=case.open_in or "",
        member_id=act.member_id or "",
        job_id=act.job_id or "",
    )
    put, update = cases.closing_with(case, agreed)
    return [put], [update]


def tell(closed: Collection[Record], outcome: str, told: str = "", by: str = "") -> None:
    """Say that these cases, as they were read, are closed: they count no longer as waiting, and those who reported the
    posts are told what became of it, of one post each, but not whoever decided (`by`): `told`, or else what the
    outcome is told as. Who reported is told to nobody else."""
    queues.changed(closed=[(str(case.open_in), case.subject) for case in closed])
    first: dict[str, Record] = {}
    for case in closed:
        for reporter in sorted(case.reporters or ()):
            first.setdefault(reporter, case)
    first.pop(by, None)
    for reporter, case in list(first.items())[:MOST_TOLD]:
        notes.tell(reporter, outcome, told or _TOLD[outcome], links.post(*cases.address(case)), facts={})
