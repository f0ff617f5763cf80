"""Cases: what waits for a moderator, one item of ForumModeration for each post that is reported or to be approved.

A case's sort key is CASE. Its partition key is the subject of the post or the private message, or `PENDING#<nonce>`
of a text that waits to become a post, which its writer also finds among their own items (ForumMembers,
`PENDING#<nonce>`)::

    OpenIn          the forum, while it is open: it is in the sparse index OpenReports, the forum's queue
    OpenedAt        the sort key of the first report, or of the sending; unique, and so an exact cursor
    Reporters       the members whose reports are open: a set, so each reports a post once while its case is open
    Reports         the sort keys of their records
    TrustedReports  how many of them counted when they came in
    ClaimedBy       the moderator who is at it
    PostKey         <partition>|<sort key> of the post, as it was when it was first reported

Access patterns: the queue of a forum (Query of OpenReports, oldest first), cases by key (BatchGetItem,
consistent), a member's waiting posts (Query of the member's items, consistent). The index follows the table after
a moment, so a queue reads its cases once more by key, and leaves out those that are closed.
"""

import heapq
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice

from django.utils.translation import gettext as _
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from forum.errors import Conflict, NotFound

from . import ending, messages
from .base import Lost, Put, Update, commit_between
from .bulk import get_many
from .keys import Key, Nonce, post_timestamp
from .members import Item
from .moderation import CASE, Record, get_record
from .polls import Poll, from_text, to_text
from .posts import Post
from .talks import Message, Talk

PENDING = "PENDING#"
# A report among its reporter's own items.
MINE = "REPORT#"
REPORTED, WAITING, PUBLISHING = "report", "approval", "approving"
# Acts that count against a member, and how many of the last acts of all kinds are looked at.
HURT = {"hide", "delete", "purge", "hide thread", "delete thread", "refuse", "warn", "silence", "suspend", "nuke"}
ACTS_LOOKED_AT = 50
# How long a text that became no post, and what became of the others, can be seen by its writer.
KEEP = timedelta(days=30)


# -- Reads ----------------------------------------------------------------------------------------


def get_case(subject: str) -> Record:
    """A case as it is now, open or closed; NotFound where there never was one. One GetItem, consistent."""
    case = get_record(subject, CASE)
    if case is None:
        raise NotFound(_("Nothing waits here for a moderator."))
    return case


def get_pending(nonce: Nonce) -> Record:
    """A text that waits for approval, or did. One GetItem, consistent; NotFound."""
    return get_case(f"{PENDING}{nonce.text}")


def list_open(forums: Iterable[str], limit: int, after: str = "") -> tuple[list[Record], str]:
    """At most `limit` open cases of these forums, oldest first, opened after the sort key `after`; and after
    which to go on, "" at the end.

    One Query for each forum, and one BatchGetItem; fewer than `limit` where some were closed a moment ago.
    """
    condition = Record.opened_at > after if after else None
    queues = [Record.open_reports.query(name, condition, limit=limit + 1) for name in forums]
    found = list(islice(heapq.merge(*queues, key=lambda case: case.opened_at), limit + 1))
    shown = found[:limit]
    now = {case.subject: case for case in get_many(Record, [(case.subject, CASE) for case in shown])}
    current = [now[case.subject] for case in shown if case.subject in now and now[case.subject].open_in]
    return current, str(shown[-1].opened_at) if len(found) > limit else ""


def list_waiting(forum: str, limit: int) -> list[str]:
    """The subjects of a forum's open cases, at most so many, as the index knows them. One Query."""
    return [case.subject for case in Record.open_reports.query(forum, limit=limit)]


def list_reported(subjects: Iterable[str]) -> dict[str, Record]:
    """The cases of these posts whose reports are open, by their subjects. One BatchGetItem for each hundred."""
    found = get_many(Record, [(subject, CASE) for subject in subjects])
    return {case.subject: case for case in found if case.open_in}


def list_reports(cases: Sequence[Record]) -> dict[str, list[Record]]:
    """The open reports of these cases by their subjects, oldest first. One BatchGetItem for each hundred."""
    keys = [(case.subject, time) for case in cases for time in case.reports or ()]
    found: dict[str, list[Record]] = {case.subject: [] for case in cases}
    for report in sorted(get_many(Record, keys), key=lambda record: record.event_time):
        found[report.subject].append(report)
    return found


def list_posts(cases: Sequence[Record]) -> dict[str, Post]:
    """The reported posts, as they are now, by the subjects of their cases; a post that has moved is where it was.
    One BatchGetItem."""
    keys = {post_key(case): case.subject for case in cases if case.post_key}
    return {keys[post.key]: post for post in get_many(Post, keys)}


def list_pending(user_id: str, limit: int = 50) -> list[tuple[Item, Record | None]]:
    """A member's texts that wait for approval or did lately, newest first, with their cases while there are some.
    One Query and one BatchGetItem, both consistent."""
    now = datetime.now(UTC)
    mine = Item.query(
        user_id, Item.item.startswith(PENDING), scan_index_forward=False, consistent_read=True, limit=limit
    )
    items = [item for item in mine if item.expires_at is None or item.expires_at > now]
    cases = {case.subject: case for case in get_many(Record, [(item.item, CASE) for item in items])}
    return [(item, cases.get(item.item)) for item in items]


def list_acts(member_id: str) -> list[Record]:
    """Of the last acts in the log that concern a member those that hurt: posts hidden, warnings and so on, in
    whatever forum. One Query of MemberLog."""
    last = Record.by_member.query(member_id, scan_index_forward=False, limit=ACTS_LOOKED_AT)
    return [record for record in last if record.kind in HURT]


def post_key(case: Record) -> Key:
    """The base key of the post that a case is about."""
    partition, __, timestamp = str(case.post_key).partition("|")
    return partition, timestamp


def address(case: Record) -> tuple[str, int]:
    """The thread and the number that the post of a case was written at; the permalink of that leads to it. Of a
    message, its conversation and number."""
    __, thread_id, number = case.subject.split("#")
    return thread_id, int(number)


def nonce_of(case: Record) -> Nonce:
    """Of a text that waits for approval."""
    return Nonce(case.subject.removeprefix(PENDING))


def poll_of(case: Record) -> Poll | None:
    """The poll of a text that waits for approval."""
    return from_text(case.poll_text) if case.poll_text else None


# -- Reports --------------------------------------------------------------------------------------


def put_report(report: Record, post: Post, forum: str, trusted: bool) -> None:
    """Store a report and open its post's case, if it is not open yet, in one transaction; and note it among what is
    its reporter's, who can take it along.

    Conflict where this member's report of the post is open already, or the post has gone elsewhere since it was read:
    whoever takes it to another forum takes its case along, and must find it.
    """
    puts, (case, actions, first) = _reported(report, forum, trusted, f"/p/{post.thread_id}/{int(post.number)}/")
    actions = [*actions, Record.post_key.set("|".join(post.key))]
    here = Post.timestamp.exists() & (Post.status != "moved")
    try:
        commit_between(puts, [(case, actions, first)], checks=[(Post, post.key, here)])
    except Lost as lost:
        if lost.why[0] == "ConditionalCheckFailed":
            raise Conflict(_("This post has just been moved. Please report it once more.")) from lost
        raise Conflict(_("You have reported this post, and a moderator will look at it.")) from lost


def put_message_report(report: Record, talk: Talk, message: Message, forum: str, url: str) -> None:
    """As `put_report`, of a message in a conversation; the report carries its text. Conflict where this member's
    report of it is open already, or it has changed since it was read."""
    puts, update = _reported(report, forum, False, url)
    try:
        commit_between(puts, [update, messages.reporting(talk, message)])
    except Lost as lost:
        if lost.why[-1] == "ConditionalCheckFailed":
            raise Conflict(_("This message has just changed. Please look at it once more.")) from lost
        raise Conflict(_("You have reported this message, and a moderator will look at it.")) from lost


def _reported(report: Record, forum: str, trusted: bool, url: str) -> tuple[list[Put], Update]:
    """What stores a report and opens its case, or adds it to the one that is open."""
    reporter = report.user_id
    actions: list[Action] = [
        Record.kind.set(REPORTED),
        Record.user_id.set(""),
        Record.open_in.set(forum),
        Record.opened_at.set(Record.opened_at | report.event_time),
        Record.reporters.add([reporter]),
        Record.reports.add([report.event_time]),
        Record.trusted_reports.add(int(trusted)),
    ]
    first = Record.reporters.does_not_exist() | ~Record.reporters.contains(reporter)
    mine = Item(reporter, f"{MINE}{report.event_time}", url=url, text=report.reason)
    return [(report, None), (mine, None)], (Record(report.subject, CASE), actions, first)


# -- Cases ----------------------------------------------------------------------------------------


def change_forum(subjects: Iterable[str], forum: str) -> list[Record]:
    """Have the open reports of these posts wait in this forum's queue; those that waited elsewhere, as they were. One
    that is closed meanwhile stays so. One BatchGetItem, and one transaction for each that waits elsewhere."""
    taken = []
    for case in list_reported(subjects).values():
        if case.open_in != forum:
            there = Record.open_in == case.open_in
            with suppress(Lost):
                commit_between(updates=[(case, [Record.open_in.set(forum)], there)])
                taken.append(case)
    return taken


def change_claim(case: Record, moderator_id: str, record: Record, take_over: bool = False) -> None:
    """Note that a moderator is at a case, "" that nobody is; Conflict where it was closed, or is another's.

    The claim may be taken from whoever the `case` that was read says has it, if asked for.
    """
    claim = Record.claimed_by.set(moderator_id) if moderator_id else Record.claimed_by.remove()
    free = _claimable(record.user_id)
    if take_over and case.claimed_by:
        free = free | (Record.claimed_by == case.claimed_by)
    commit_case(puts=[(record, None)], updates=[(case, [claim], _open_as(case) & free)])


def closing(case: Record, moderator_id: str, record: Record) -> tuple[Put, Update]:
    """What closes a case with its record, for the transaction of the act that goes with it. It holds if the case
    is as it was read, with no report more, and not claimed by another moderator."""
    return (record, None), (case, _CLOSE, _unreported_since(case) & _claimable(moderator_id))


def closing_with(case: Record, record: Record) -> tuple[Put, Update]:
    """As `closing`, for an act on the post itself, whoever claims the case."""
    return (record, None), (case, _CLOSE, _unreported_since(case))


def closing_of_message(case: Record, moderator_id: str, record: Record) -> tuple[list[Put], list[Update]]:
    """As `closing`, of a message: no report keeps its text, which moderators may read no longer."""
    put, update = closing(case, moderator_id, record)
    there = Record.subject.exists()
    texts: list[Update] = [(Record(case.subject, time), [Record.body.remove()], there) for time in case.reports or ()]
    return [put], [update, *texts]


def commit_case(puts: Sequence[Put] = (), updates: Sequence[Update] = ()) -> None:
    """As `commit_between`; Conflict where a case is not as it was read."""
    try:
        commit_between(puts, updates)
    except Lost as lost:
        raise Conflict(_("Somebody has been at this case since you opened it.")) from lost


_CLOSE = [
    getattr(Record, name).remove()
    for name in ("open_in", "opened_at", "reporters", "reports", "trusted_reports", "claimed_by")
]


def _open_as(case: Record) -> Condition:
    same: Condition = Record.open_in.exists() & (Record.opened_at == case.opened_at) & (Record.kind == case.kind)
    return same


def _unreported_since(case: Record) -> Condition:
    return _open_as(case) & (Record.reports == case.reports) if case.reports else _open_as(case)


def _claimable(moderator_id: str) -> Condition:
    free: Condition = Record.claimed_by.does_not_exist() | (Record.claimed_by == moderator_id)
    return free


# -- Waiting for approval -------------------------------------------------------------------------


def put_pending(
    forum: str,
    thread_id: str,
    author_id: str,
    title: str,
    body: str,
    nonce: Nonce,
    reason: str,
    tags: Sequence[str] = (),
    poll: Poll | None = None,
) -> Record | None:
    """Keep a text until a moderator decides; `thread_id` is "" for a new thread, `reason` is why it waits. Its case, or
    None where the same nonce came before, which changes nothing. One transaction."""
    subject = f"{PENDING}{nonce.text}"
    case = Record(
        subject,
        CASE,
        kind=WAITING,
        user_id=author_id,
        title=title or None,
        body=body,
        tags=list(tags) or None,
        poll_text=to_text(poll) if poll else None,
        reason=reason,
        thread_id=thread_id or None,
        open_in=forum,
        opened_at=post_timestamp(nonce, datetime.now(UTC)),
    )
    mine = Item(author_id, subject, kind=WAITING, text=title or None)
    try:
        commit_between(puts=[(case, Record.subject.does_not_exist()), (mine, Item.item.does_not_exist())])
    except Lost:
        return None
    return case


def change_publishing(case: Record, moderator_id: str, publishing: bool) -> None:
    """Note that a text is about to become a post, so that it can no longer be refused or withdrawn, or that it did
    not become one; Conflict where somebody else has decided. Beginning once more is no conflict."""
    kind, other = (PUBLISHING, WAITING) if publishing else (WAITING, PUBLISHING)
    held = Record.open_in.exists() & ((Record.kind == kind) | (Record.kind == other))
    commit_case(updates=[(case, [Record.kind.set(kind)], held & _claimable(moderator_id))])


def change_pending(case: Record, outcome: str, text: str, url: str = "", record: Record | None = None) -> None:
    """Close the case of a text: its writer sees the outcome ("approved", "refused", "withdrawn") and `text` for
    a month; Conflict where it is not as it was read."""
    gone = datetime.now(UTC) + KEEP
    mine = Item(case.user_id, case.subject)
    told = [Item.kind.set(outcome), Item.text.set(text), Item.expires_at.set(gone)]
    if url:
        told.append(Item.url.set(url))
    over = ending.of_subject(case.subject, gone, case.user_id)
    closed = [*_CLOSE, Record.kind.set(outcome), Record.expires_at.set(gone)]
    if record:
        closed.append(Record.decided_by.set(record.user_id))
    commit_case(
        puts=[over, *([(record, None)] if record else [])],
        updates=[
            (case, closed, _open_as(case)),
            (mine, told, Item.item.exists()),
        ],
    )
