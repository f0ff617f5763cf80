"""Reports of posts, and what moderators make of them.

A report is one transaction of its record and its post's case. Agreeing hides the post, and disagreeing shows one
again that was hidden by reports, in the same transaction that closes the case: it is all done or nothing is.
Only where there is nothing to hide or to show is the case closed by itself. Reporters and authors are told
afterwards, and that may fail without harm: `notes` never says that what is done is not.
"""

from contextlib import suppress

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from forum import links, reasons
from forum.cache import queues
from forum.errors import BadRequest, Conflict, NotAllowed, SignInNeeded
from forum.permissions import ANONYMOUS, ForumRules, Reader, can_read, moderates, refuse_silenced
from forum.reasons import HIDDEN_BY_REPORTS
from forum.tables import cases, moderation
from forum.tables.changes import FORUM, HIDDEN, NOTHING_ELSE, VISIBLE, Also
from forum.tables.moderation import Record
from forum.tables.posts import Post
from forum.tables.threads import Thread

from . import closing, events, lateness, moderating, pace
from .closing import AGREE, DISAGREE, IGNORE
from .moderating import SYSTEM
from .notes import tell_of

OUTCOMES = (AGREE, DISAGREE, IGNORE)

_DID = {
    AGREE: gettext_noop("This case is closed: %(name)s has agreed with the reports"),
    DISAGREE: gettext_noop("This case is closed: %(name)s has disagreed with the reports"),
    IGNORE: gettext_noop("This case is closed: %(name)s has ignored the reports"),
}


# -- Reporting ------------------------------------------------------------------------------------


def require_reporting(reader: Reader, forum: ForumRules, head: Thread, post: Post) -> None:
    """Raise what keeps the reader from reporting this post."""
    if not reader.signed_in:
        raise SignInNeeded(_("Please sign in to report a post."))
    refuse_silenced(reader)
    if not can_read(reader, forum):
        raise NotAllowed(_("You may not read this post."))
    if post.user_id == reader.id:
        raise NotAllowed(_("This is your own post: you can edit or delete it instead."))
    moderating.refuse_moved(head, post)
    if head.deleted or post.deleted:
        raise Conflict(_("This post cannot be read any more, so there is nothing to report."))


def report(reader: Reader, forum: ForumRules, head: Thread, post: Post, reason: str) -> None:
    """Report a post to the forum's moderators; Conflict where this member's report of it is open already.

    Members whose trust is 0 are heard, but their reports do not count towards hiding it. Two Redis round
    trips, one transaction; where it may be the report too many, a GetItem and what hiding takes.
    """
    require_reporting(reader, forum, head, post)
    reason = moderating.required(reason)
    subject = post.subject
    pace.take("reports", reader, subject, forum)
    trusted = reader.trust > 0 or moderates(reader, forum)
    record = moderation.new_act(subject, "report", reader.id, reason, forum=forum.name, member_id=post.user_id)
    cases.put_report(record, post, forum.name, trusted)
    queues.changed(opened=[(forum.name, subject)])
    # Who reported it is for moderators alone.
    events.of_post(events.REPORT_OPENED, ANONYMOUS, forum, head, int(post.number), record.event_time)
    if trusted and settings.REPORTS_TO_HIDE > 0:
        _hide_if_enough(forum, head, post)


def _hide_if_enough(forum: ForumRules, head: Thread, post: Post) -> None:
    """Hide a post that enough trusted members reported, unless a moderator has shown it since."""
    case = cases.get_case(post.subject)
    if not case.open_in or int(case.trusted_reports or 0) < settings.REPORTS_TO_HIDE:
        return

    def unless_shown(now: Post) -> Also:
        if (now.shown_at or "") > str(case.opened_at):
            raise Conflict(_("A moderator has looked at this post, and lets it stand."))
        return NOTHING_ELSE

    # Somebody else may have changed or hidden it in the meantime: then it is looked at anyway.
    with suppress(Conflict):
        moderating.hide_post(SYSTEM, forum, head, post, HIDDEN_BY_REPORTS, also=unless_shown)
        where = links.post(head.id, int(post.number))
        told = gettext_noop(
            "Your post in “%(title)s” is hidden. Several members reported this post. A moderator will look at it."
        )
        tell_of(head, forum, post.user_id, "hide", told, where, facts={"title": head.title})


def hidden_by_reports(post: Post) -> bool:
    """Whether it was the forum itself that hid the post."""
    return post.status == HIDDEN and post.hidden_by == FORUM


# -- The moderators' side -------------------------------------------------------------------------


def claim(reader: Reader, forum: ForumRules, case: Record, *, take_over: bool = False) -> None:
    """Say that one is at a case, so that no other moderator decides it; Conflict where another is, unless it is
    to be taken over from whom `case` names."""
    require_case(reader, forum, case)
    record = act(reader, forum, case, "claim")
    try:
        cases.change_claim(case, reader.id, record, take_over)
    except Conflict as conflict:
        raise too_late(reader, case.subject) from conflict


def release(reader: Reader, forum: ForumRules, case: Record) -> None:
    """Leave a case that one has claimed to the other moderators."""
    require_case(reader, forum, case)
    try:
        cases.change_claim(case, "", act(reader, forum, case, "release"))
    except Conflict as conflict:
        raise too_late(reader, case.subject) from conflict


def resolve(
    reader: Reader,
    forum: ForumRules,
    case: Record,
    outcome: str,
    reason: str = "",
    *,
    place: tuple[ForumRules, Thread, Post] | None = None,
) -> None:
    """Close a case: "agree" hides the post, for a reason; "disagree" shows one again that reports have hidden;
    "ignore" only closes it. `place` is where the post is now, with its forum; None where it is gone.

    Conflict where the case is not as it was read: somebody else has decided, claimed it, or reported the post.
    """
    require_case(reader, forum, case)
    if outcome not in OUTCOMES:
        raise BadRequest(_("A case can be closed by agreeing, disagreeing or ignoring."))
    reason = moderating.required(reason) if outcome == AGREE else reason.strip()
    author = place[2].user_id if place else ""

    def closes(__: Post | None = None) -> Also:
        refuse_changed(reader, case)
        put, update = cases.closing(case, reader.id, act(reader, forum, case, outcome, reason, author))
        return [put], [update]

    if place and outcome == AGREE and place[2].status == VISIBLE:
        moderating.hide_post(reader, *place, reason, also=closes)
        told = gettext_noop("Your post in “%(title)s” was hidden by a moderator: %(reason)s")
        _tell_author(place, "hide", told, reason)
    elif place and outcome == DISAGREE and hidden_by_reports(place[2]):
        moderating.show_post(reader, *place, reason, also=closes)
        told = gettext_noop("Your post in “%(title)s” can be read again: a moderator lets it stand.")
        _tell_author(place, "show", told, reason)
    else:
        try:
            cases.commit_case(*closes())
        except Conflict as conflict:
            raise too_late(reader, case.subject) from conflict
    closing.tell([case], outcome)


def _tell_author(place: tuple[ForumRules, Thread, Post], kind: str, told: str, reason: str) -> None:
    forum, head, post = place
    where = links.post(head.id, int(post.number))
    tell_of(head, forum, post.user_id, kind, told, where, facts={"title": head.title, "reason": reason})


def require_case(reader: Reader, forum: ForumRules, case: Record) -> None:
    """Raise what keeps the reader from deciding this case. Cases of a forum that is archived can still be closed,
    though nothing can be hidden there."""
    if not moderates(reader, forum):
        raise NotAllowed(_("Only moderators of this forum may do that."))
    if case.kind != cases.REPORTED:
        raise BadRequest(_("Nobody reported this."))
    if case.open_in != forum.name:
        raise too_late(reader, case.subject)


def act(reader: Reader, forum: ForumRules, case: Record, kind: str, reason: str = "", member_id: str = "") -> Record:
    return moderation.new_act(case.subject, kind, reader.id, reason, forum=forum.name, member_id=member_id)


def refuse_changed(reader: Reader, case: Record) -> None:
    """Conflict where the case is no longer as it was read. One GetItem."""
    now = cases.get_case(case.subject)
    as_read = (now.open_in, now.opened_at, now.reports) == (case.open_in, case.opened_at, case.reports)
    if not as_read or now.claimed_by not in (None, reader.id):
        raise too_late(reader, case.subject)


def refuse_unseen(reader: Reader, case: Record, seen: str) -> None:
    """Conflict where a case is not as a page showed it, which noted `seen_as` there."""
    if seen_as(case) != seen:
        raise too_late(reader, case.subject)


def seen_as(case: Record) -> str:
    """What changes with every report more, and when a case is closed."""
    return f"{case.opened_at or ''}/{len(case.reports or ())}"


def too_late(reader: Reader, subject: str) -> Conflict:
    """What a moderator is told who was not the first: who did what."""
    now = cases.get_case(subject)
    if not now.open_in:
        last = next((act for act in moderation.list_records(subject) if act.kind in OUTCOMES), None)
        if last is None:
            return Conflict(_("This case is closed."))
        act = _(_DID[last.kind]) % {"name": lateness.name_of(last.user_id)}
        said = {"act": act, "reason": reasons.shown(last.reason)}
        return Conflict(_("%(act)s: %(reason)s") % said if last.reason else _("%(act)s.") % said)
    if now.claimed_by and now.claimed_by != reader.id:
        return Conflict(
            _("%(name)s is at this case. Take it over first, if you want to decide it.")
            % {"name": lateness.name_of(now.claimed_by)}
        )
    return Conflict(_("Another report has come in since you opened this page. Please look again."))
