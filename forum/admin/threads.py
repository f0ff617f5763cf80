"""Threads in the administration: those of a forum by last activity."""

import re
from collections.abc import Iterator, Sequence

from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from forum import links, logbook, markup
from forum.cache import pages, tags
from forum.errors import BadRequest, NotFound
from forum.forms import page_number
from forum.tables import browsing, posts, threads
from forum.tables.browsing import Cut
from forum.tables.bulk import get_many
from forum.tables.keys import FORUM_NAME, THREAD_ID
from forum.tables.moderation import list_records, thread_subject
from forum.tables.threads import Thread

from . import finding, words
from .dynamo import BEFORE, Chosen, Column, Detail, Section, facts, table
from .log_rows import HEADINGS, linked, log_row, status_mark
from .of_forum import OfForum
from .site import basis, forums_read, forums_seen, seen_forum
from .thread_acts import ACTS, ThreadRow, may_moderate

EXCERPT = 140
MOST_RECORDS = 100
_TOKEN = re.compile(rf"(?P<partition>{FORUM_NAME}(?:#\d{{1,4}})?)\|(?P<id>{THREAD_ID})", re.ASCII)


# -- The list and its rows ------------------------------------------------------------------------


def _flags(row: ThreadRow) -> SafeString:
    on = [name for name in ("pinned", "locked", "archived") if getattr(row.head, name)]
    found = [*on, *([row.head.status] if row.head.status != "visible" else [])]
    return format_html_join(" ", "{}", ((status_mark(name),) for name in found))


class Threads(OfForum[Thread, ThreadRow]):
    name, title, section = "threads", gettext_lazy("Threads"), gettext_lazy("Moderation")
    one, many = gettext_lazy("thread"), gettext_lazy("threads")
    jump_help = gettext_lazy("A thread's address or id, or a day of last activity (2026-11-23).")
    empty = gettext_lazy("There are no threads here.")
    columns = [
        Column(gettext_lazy("Thread"), lambda row: row.head.title, link=True, classes="wide"),
        Column(gettext_lazy("Author"), lambda row: linked(row.head.user_id, row.author)),
        Column(gettext_lazy("Last activity"), lambda row: row.head.last_activity, classes="nowrap"),
        Column(gettext_lazy("By"), lambda row: linked(row.head.last_post_user_id, row.last_author)),
        Column(gettext_lazy("Posts"), lambda row: intcomma(row.head.readable), classes="figure"),
        Column(gettext_lazy("State"), _flags),
    ]
    acts = ACTS

    def counted(self, count: int) -> str:
        return ngettext("%(count)s thread", "%(count)s threads", count) % {"count": intcomma(count)}

    def heading(self, request: HttpRequest, chosen: Chosen) -> str:
        return (
            _("Threads in %(forum)s") % {"forum": seen_forum(request, chosen["forum"]).title}
            if chosen
            else str(self.title)
        )

    def note(self, request: HttpRequest, chosen: Chosen) -> str:
        return _("Hidden and deleted threads are in a list of their own.")

    def tools(self, request: HttpRequest, chosen: Chosen) -> Sequence[tuple[str, str]]:
        return [(_("Hidden and deleted threads"), f"{reverse('admin:removed')}?{urlencode(chosen)}")]

    def list(self, request: HttpRequest, chosen: Chosen, cut: Cut, limit: int) -> Sequence[Thread]:
        if not chosen:
            return []
        return browsing.list_forum_threads(chosen["forum"], seen_forum(request, chosen["forum"]).shards, cut, limit)

    def key(self, chosen: Chosen, item: Thread) -> str:
        return item.last_post_timestamp or ""

    def rows(self, request: HttpRequest, items: Sequence[Thread]) -> Sequence[ThreadRow]:
        """One SQL query of the names."""
        seen = {rules.name: rules for rules in forums_seen(request)}
        names = logbook.names_of(user for head in items for user in (head.user_id, head.last_post_user_id))
        return [
            ThreadRow(head, seen[head.forum], names[head.user_id], names[head.last_post_user_id])
            for head in items
            if head.forum in seen
        ]

    def ident(self, row: ThreadRow) -> str:
        return row.head.id

    def token(self, row: ThreadRow) -> str:
        return "|".join(row.head.key)

    def label(self, row: ThreadRow) -> str:
        return _("“%(title)s” by %(author)s") % {"title": row.head.title, "author": row.author}

    def jump(self, request: HttpRequest, text: str) -> str:
        if thread_id := finding.thread_in(text):
            self.find(request, thread_id)
            return reverse("admin:threads_detail", args=[thread_id])
        if before := finding.day_in(text):
            return f"{self.list_url}?{urlencode({**self.choose(request), BEFORE: before})}"
        raise BadRequest(_("This is no thread's id or address, and no day. Days are written like 2026-11-23."))

    def find(self, request: HttpRequest, ident: str) -> ThreadRow:
        """One BatchGetItem for each hundred forums; one GetItem more for each move of the thread."""
        if not re.fullmatch(THREAD_ID, ident):
            raise NotFound(_("This is no thread's id. They look like 01KAQ4ZT9N8YV3W2Q6JX5R7D03."))
        head = threads.follow(threads.find_thread(ident, basis(request).directory.forums))
        for row in self.rows(request, [head]):
            return row
        raise NotFound(_("There is no such thread, or it is not yours to see."))

    def find_many(self, request: HttpRequest, tokens: Sequence[str]) -> Sequence[ThreadRow]:
        """One BatchGetItem."""
        matches = [_TOKEN.fullmatch(token) for token in tokens]
        keys = [(match["partition"], match["id"]) for match in matches if match]
        if len(keys) != len(tokens):
            raise BadRequest(_("The list of selected threads is damaged. Please select them again."))
        found = {head.key: head for head in get_many(Thread, keys)}
        return self.rows(request, [found[key] for key in keys if key in found])

    def detail(self, request: HttpRequest, row: ThreadRow) -> Detail:
        """One Query for the posts of a page, one for the records."""
        head = row.head
        records = list_records(thread_subject(head.id), MOST_RECORDS)
        log = [log_row(entry) for entry in logbook.entries(records, forums_read(request))]
        sections = [
            facts(_("Thread"), _facts(row)),
            _posts(request, head),
            table(_("Log"), HEADINGS, log, "" if log else _("Nothing was done with this thread.")),
        ]
        return Detail(head.title, sections, _links(request, row), f"{self.list_url}?forum={row.rules.name}")


def _facts(row: ThreadRow) -> Iterator[tuple[str, object]]:
    head = row.head
    yield _("Forum"), row.rules.title
    yield _("Author"), linked(head.user_id, row.author)
    yield _("Started"), head.created
    yield _("Last activity"), head.last_activity
    yield _("Last post by"), linked(head.last_post_user_id, row.last_author)
    yield _("Posts that can be read"), intcomma(head.readable)
    yield _("Posts ever made"), intcomma(int(head.last_post_number))
    yield _("Status"), words.state(head.state)
    yield _("State"), _flags(row)
    yield _("Moved to"), head.moved_to
    yield _("Key"), format_html("<code>{}</code>", " / ".join(head.key))


def _posts(request: HttpRequest, head: Thread) -> Section:
    """A page of its posts, ?page=."""
    number, last = page_number(request.GET.get("page")), links.page_of(int(head.last_post_number))
    if number > last:
        raise NotFound(
            _("This thread has %(last)d pages of posts, so there is no page %(number)d.")
            % {"last": last, "number": number}
        )
    first = (number - 1) * links.POSTS_PER_PAGE + 1
    written = pages.current(tags.thread(head.id)).written
    found = posts.list_of_thread(head, first, first + links.POSTS_PER_PAGE - 1, written)
    names = logbook.names_of(post.user_id for post in found)
    rows = [
        (
            format_html(
                '<a href="{}">{}</a>',
                reverse("admin:posts_detail", args=[f"{head.id}-{int(post.number)}"]),
                post.number,
            ),
            post.created,
            linked(post.user_id, names[post.user_id]),
            markup.plain("" if post.body == "-" else post.body, EXCERPT),
            status_mark(post.state),
        )
        for post in found
    ]
    title = _("Posts, page %(number)d of %(last)d") % {"number": number, "last": last} if last > 1 else _("Posts")
    more = [
        (f"?page={n}", label)
        for n, label in ((number - 1, _("‹ Earlier")), (number + 1, _("Later ›")))
        if 1 <= n <= last
    ]
    note = format_html_join(" ", '<a href="{}">{}</a>', more)
    return table(title, [_("Number"), _("Posted"), _("Author"), _("Text"), _("Status")], rows, note)


def _links(request: HttpRequest, row: ThreadRow) -> list[tuple[str, str]]:
    """Those that lead somewhere: a thread that is not shown is on no page, and only who moderates may split."""
    head = row.head
    found = [] if head.deleted else [(_("View on site"), links.thread(head))]
    if may_moderate(request, row) and not head.moved_to:
        found.append((_("Split"), reverse("split_thread", args=[head.forum, head.id])))
    return [*found, (_("Select posts"), f"{reverse('admin:posts')}?thread={head.id}")]


Threads().register()
