"""What became of a post or a thread: every text it had, what changed, and what moderators did.

Everybody who can read a post can see how its author changed it. What is hidden or deleted is for moderators
alone, and so are the texts that a moderator has edited away (for its author, too, as long as it can be read);
what is deleted for good is for those who may delete so.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_safe

from forum import diff, readers, reasons
from forum.actions import moderating
from forum.errors import NotAllowed, NotFound
from forum.permissions import ForumRules, Reader, can_change_post, moderates
from forum.tables import posts, threads
from forum.tables.keys import cursor, time_of
from forum.tables.moderation import Record, list_records, thread_subject
from forum.tables.posts import Post
from forum.tables.threads import Thread

from .acts import base, may_purge
from .places import place
from .rows import Author, Authors, Row, former, forum_row, post_row, thread_rows

MOST = 50
# Pairs of lines that are compared for one page; beyond, the old text is shown whole.
MOST_PAIRS = diff.MOST_PAIRS
# How a thread stands that is not shown.
STATUS_NOW = {
    "hidden": gettext_noop("hidden now"),
    "deleted": gettext_noop("deleted now"),
    "purged": gettext_noop("deleted for good"),
    "moved": gettext_noop("moved now"),
}
# What somebody did; it follows their name.
WORDS = {
    "edit": gettext_noop("edited it"),
    "hide": gettext_noop("hid it"),
    "show": gettext_noop("showed it again"),
    "delete": gettext_noop("deleted it"),
    "undelete": gettext_noop("brought it back"),
    "purge": gettext_noop("deleted it for good"),
    "lock": gettext_noop("locked it"),
    "unlock": gettext_noop("unlocked it"),
    "pin": gettext_noop("pinned it"),
    "unpin": gettext_noop("unpinned it"),
    "archive": gettext_noop("archived it"),
    "unarchive": gettext_noop("took it out of the archive"),
    "rename": gettext_noop("renamed it"),
    "retag": gettext_noop("changed its tags"),
    "solve": gettext_noop("marked its answer"),
    "unsolve": gettext_noop("took back which post answers it"),
    "move": gettext_noop("moved it"),
    "split": gettext_noop("split it"),
    "merge": gettext_noop("merged it"),
    "approve": gettext_noop("approved it"),
    "report": gettext_noop("reported it"),
    "claim": gettext_noop("claimed its reports"),
    "release": gettext_noop("left its reports to others"),
    "agree": gettext_noop("agreed with its reports"),
    "disagree": gettext_noop("disagreed with its reports"),
    "ignore": gettext_noop("ignored its reports"),
}


@dataclass(frozen=True, slots=True)
class Step(Row):
    """One act: who did what, when and why, and what it changed. `text` is what it took away as a whole,
    `withheld` says that there is a text which is not for this reader; `restore` names the text before an edit in the
    address of the form that edits the post; `title` is the old and the new one."""

    who: Author
    what: str
    when: datetime
    reason: str
    by_moderator: bool
    lines: list[diff.Line]
    text: str = ""
    withheld: bool = False
    restore: str = ""
    title: tuple[str, str] | None = None


@require_safe
def post_history(request: HttpRequest, name: str, thread_id: str, number: int) -> HttpResponse:
    """A post's texts and, for moderators, all that was done with it. One GetItem each of head and post, one Query.

    At an address that the post has left, the way to where it is now."""
    reader, forum = place(request, name)
    moderator = moderates(reader, forum)
    head = threads.get_thread(name, thread_id)
    if head.moved_to:
        return _elsewhere(request, thread_id, number)
    if head.deleted and not moderator:
        raise NotFound(_("This thread has been removed."))
    post = posts.get_post_of(head, number)
    if post.moved_to:
        return _elsewhere(request, thread_id, number)
    if post.deleted and not moderator:
        raise NotAllowed(_("This post is not shown any more, and neither is its history."))
    records = list_records(post.subject, MOST)
    steps = list(_steps(post, records, _sight(reader, post, moderator), may_purge(request.user)))
    where = forum_row(forum)
    context = {
        "forum": where,
        "thread": thread_rows([(head, where)])[0],
        "post": post_row(post, Authors([post.user_id])),
        "text": post.body if moderator and post.status == "hidden" else "",
        "steps": steps,
        "cut": len(records) == MOST,
        "tools": _tools(f"{base(name, thread_id)}/{number}", post.state) if moderator and not forum.archived else [],
        "may_purge": moderator and not post.purged and may_purge(request.user),
        "purge_url": f"{base(name, thread_id)}/{number}/purge/",
        "edit_url": f"{base(name, thread_id)}/{number}/edit/" if _may_edit(reader, forum, head, post) else "",
    }
    return render(request, "forum/history.html", context)


def _elsewhere(request: HttpRequest, thread_id: str, number: int) -> HttpResponse:
    """The redirect to the history of a post where it is now, for those who may read there. Costs what a permalink
    does."""
    basis = readers.fresh(request)
    head, there = posts.find_place(thread_id, number, basis.directory.forums)
    basis.directory.get(head.forum, basis.reader)
    return HttpResponseRedirect(f"{base(head.forum, head.id)}/{there}/history/")


@require_safe
def thread_history(request: HttpRequest, name: str, thread_id: str) -> HttpResponse:
    """What moderators did with a thread, for moderators. One GetItem, one Query."""
    reader, forum = place(request, name)
    moderating.require_moderator(reader, forum)
    head = threads.get_thread(name, thread_id)
    records = list_records(thread_subject(thread_id), MOST)
    authors = Authors(record.user_id for record in records if record.user_id)
    where = forum_row(forum)
    context = {
        "forum": where,
        "thread": thread_rows([(head, where)])[0],
        "status_now": _(STATUS_NOW[head.state]) if head.state in STATUS_NOW else "",
        "steps": [_step(record, authors, [], title=record.changes.get("title")) for record in records],
        "tools": _tools(base(name, thread_id), head.state),
        "first_url": f"{base(name, thread_id)}/1/history/",
    }
    return render(request, "forum/history.html", context)


def _may_edit(reader: Reader, forum: ForumRules, head: Thread, post: Post) -> bool:
    """Whether the form that edits the post would open for this reader."""
    stands = not (head.deleted or head.archived or post.deleted)
    return stands and can_change_post(reader, forum, post.user_id)


def _tools(url: str, status: str) -> list[tuple[str, str]]:
    """What can be done about it now: labels and addresses."""
    ways = {
        "visible": [(_("Hide"), "hide"), (_("Delete"), "delete")],
        "hidden": [(_("Show again"), "show"), (_("Delete"), "delete")],
        "deleted": [(_("Bring back"), "undelete")],
    }
    return [(label, f"{url}/{way}/") for label, way in ways.get(status, [])]


# -- A post's steps -------------------------------------------------------------------------------


def _sight(reader: Reader, post: Post, moderator: bool) -> str:
    """What of a post the reader may see: "all" that was done; all its "texts"; or what its author "changed"."""
    if moderator:
        return "all"
    return "texts" if reader.id == post.user_id else "changed"


def _steps(post: Post, records: Iterable[Record], sight: str, sees_purged: bool) -> Iterator[Step]:
    """The acts, newest first. Each record has the text before it, so the text after it is known already."""
    shown = [record for record in records if (sight == "all" or record.kind == "edit") and not record.over]
    authors = Authors(record.user_id for record in shown if record.user_id)
    after: str | None = None if post.status == "deleted" else post.body
    pairs, covered = MOST_PAIRS, False
    for record in shown:
        before = record.body
        covered = covered or (sight == "changed" and record.by_moderator)
        if before is None:
            yield _step(record, authors, [])
            continue
        if covered or not record.readable(sees_purged):
            yield _step(record, authors, [], withheld=True)
        elif record.kind != "edit" or after is None:
            yield _step(record, authors, [], text=before)
        else:
            pairs -= len(before.splitlines()) * len(after.splitlines())
            lines = diff.compare(before, after) if pairs >= 0 else []
            whole = "" if lines or pairs >= 0 else before
            yield _step(record, authors, lines, text=whole, restore=cursor(record.event_time))
        after = before


def _step(record: Record, authors: Authors, lines: list[diff.Line], **more: Any) -> Step:
    return Step(
        who=authors[record.user_id] if record.user_id else former(_("The forum")),
        what=_(WORDS.get(record.kind.removesuffix(" thread"), record.kind)),
        when=time_of(record.event_time),
        reason=reasons.shown(record.reason),
        by_moderator=record.by_moderator and bool(record.user_id),
        lines=lines,
        **more,
    )
