"""A post's page in the administration: what it says, what it said before, what was reported and done."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from forum import diff, links, logbook, markup, reasons
from forum.tables.keys import time_of
from forum.tables.moderation import Record, list_records
from forum.tables.posts import Post

from . import words
from .dynamo import Detail, Section, facts, table
from .log_rows import HEADINGS, linked, linked_thread, log_row
from .post_acts import PostRow, may_edit
from .site import forums_read, granted

MOST_RECORDS = 100
# Texts that are compared here; the public history has them all.
MOST_REVISIONS = 10


@dataclass(frozen=True, slots=True)
class Revision:
    """An edit: who made it when, and its lines."""

    heading: str
    when: datetime
    reason: str
    lines: list[diff.Line]


def detail(request: HttpRequest, row: PostRow) -> Detail:
    """One Query for its records, one SQL query for all names."""
    post = row.post
    found = list_records(post.subject, MOST_RECORDS)
    records = [record for record in found if not record.over]
    readable = [record for record in records if record.readable(granted(request, "forum.delete_post"))]
    text = _text(post, readable)
    reports = [record for record in records if record.kind == "report"]
    done = [record for record in records if record.kind != "report"]
    note = _("The latest %(count)d records.") % {"count": MOST_RECORDS} if len(found) == MOST_RECORDS else ""
    sections = [
        facts(_("Post"), _facts(row)),
        *(
            [
                Section(
                    _("As readers see it") if not post.deleted else _("Not shown to readers"),
                    "prose",
                    markup.render(text),
                )
            ]
        ),
        Section(_("Source"), "source", text or _("There is no text any more.")),
        *_revisions(post, text, readable),
        table(
            _("Reports"),
            [_("When"), _("Who"), _("Why")],
            [(entry.when, linked(record.user_id, entry.by), entry.reason) for entry, record in _with(request, reports)],
            "" if reports else _("Nobody has reported this post."),
        ),
        table(
            _("Log"),
            HEADINGS,
            [log_row(entry) for entry, _ in _with(request, done)],
            note if done else _("Nothing was done with this post."),
        ),
    ]
    title = _("Post %(number)d by %(author)s") % {"number": int(post.number), "author": row.author}
    return Detail(title, sections, _links(request, row), f"{reverse('admin:posts')}?forum={row.rules.name}")


def _with(request: HttpRequest, records: Sequence[Record]) -> list[tuple[logbook.Entry, Record]]:
    entries = logbook.entries(records, forums_read(request)) if records else []
    return list(zip(entries, records, strict=True))


def _text(post: Post, records: Sequence[Record]) -> str:
    """What it says, or said last. A deleted post's text is in its last record that has one, newest first."""
    if post.status != "deleted":
        return post.body
    return next((record.body for record in records if record.kind == "delete" and record.body), "")


def _facts(row: PostRow) -> Iterator[tuple[str, object]]:
    post, head = row.post, row.head
    yield _("Thread"), linked_thread(post.thread_id, head.title if head else post.thread_id)
    yield _("Forum"), row.rules.title
    yield _("Author"), linked(post.user_id, row.author)
    yield _("Posted"), post.created
    yield _("Edited"), post.edited
    yield _("Status"), words.state(post.state)
    yield _("Reason given"), reasons.shown(post.status_reason)
    yield _("Moved to"), post.moved_to
    yield _("Likes"), intcomma(int(post.like_count))
    yield _("Revision"), int(post.revision)
    yield _("Key"), format_html("<code>{} / {}</code>", post.partition, post.timestamp)


def _revisions(post: Post, text: str, records: Sequence[Record]) -> list[Section]:
    """What each edit changed, newest first: from the text in its record to that in the next one."""
    texts = [record for record in records if record.body is not None]
    after, found = text, []
    edits = {}
    for record in texts:
        if record.kind == "edit":
            edits[record.event_time] = (record, after)
        after = record.body or ""
    names = logbook.names_of(record.user_id for record, _ in edits.values())
    for record, became in list(edits.values())[:MOST_REVISIONS]:
        lines = diff.compare(record.body or "", became)
        heading = _("Edited by %(name)s") % {"name": names[record.user_id]}
        found.append(Revision(heading, time_of(record.event_time), reasons.shown(record.reason), lines))
    note = _("The latest %(count)d edits.") % {"count": MOST_REVISIONS} if len(edits) > MOST_REVISIONS else ""
    return [Section(_("Revisions"), "revisions", found, note)] if found else []


def _links(request: HttpRequest, row: PostRow) -> list[tuple[str, str]]:
    """Each is there for whom, and as long as, its page is."""
    post, where = row.post, (row.rules.name, row.post.thread_id, int(row.post.number))
    shown = not post.deleted and row.head is not None and not row.head.deleted
    found = [(_("View on site"), links.post(post.thread_id, int(post.number)))] if shown else []
    if may_edit(request, row):
        found.append((_("Edit"), reverse("edit_post", args=where)))
    if shown and post.like_count:
        found.append((_("Who likes it"), reverse("likers", args=where)))
    if row.author != logbook.FORMER:
        if granted(request, "forum.moderate_user"):
            found.append((_("Moderate its author"), reverse("admin:moderate_member", args=[post.user_id])))
        found.append((_("Posts by its author"), f"{reverse('admin:posts')}?member={post.user_id}"))
    return [*found, (_("Posts of its thread"), f"{reverse('admin:posts')}?thread={post.thread_id}")]
