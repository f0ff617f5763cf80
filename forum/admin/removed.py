"""Threads that readers are not shown any more, as the log of their forum knows them.

They are in no index of threads, which is what keeps them out of every list; an index of their own would cost a write
for each and be asked seldom. The log has the act that removed each, so a page of this list is a page of the log: one
Query of it and one BatchGetItem of the heads. It may hold few threads, or none, while older pages hold some. Acts name
a post by the address it was written at: a thread that a split began, and that went with its first post, is not here.
"""

import re
from collections.abc import Sequence

from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from forum import logbook
from forum.tables import browsing
from forum.tables.browsing import Cut
from forum.tables.bulk import get_many
from forum.tables.keys import thread_partition
from forum.tables.moderation import Record
from forum.tables.threads import Thread

from .dynamo import Chosen, Column
from .log_rows import linked, status_mark
from .of_forum import OfForum
from .site import forums_seen, seen_forum
from .thread_acts import ThreadRow

# The first post takes its thread along.
_REMOVED = re.compile(r"THREAD#(?P<thread>[^#]+)|POST#(?P<first>[^#]+)#1")
_KINDS = {"hide", "delete", "purge", "hide thread", "delete thread"}


class Removed(OfForum[Record, ThreadRow]):
    name, title, section = "removed", gettext_lazy("Hidden and deleted threads"), gettext_lazy("Moderation")
    one, many = gettext_lazy("thread"), gettext_lazy("threads")
    per_page = 100
    empty = gettext_lazy("In this part of the log no thread was hidden or deleted that still is.")
    columns = [
        Column(gettext_lazy("Thread"), lambda row: row.head.title, link=True, classes="wide"),
        Column(gettext_lazy("Author"), lambda row: linked(row.head.user_id, row.author)),
        Column(gettext_lazy("Started"), lambda row: row.head.created, classes="nowrap"),
        Column(gettext_lazy("State"), lambda row: status_mark(row.head.state)),
    ]

    def counted(self, count: int) -> str:
        return ngettext("%(count)s thread", "%(count)s threads", count) % {"count": intcomma(count)}

    def heading(self, request: HttpRequest, chosen: Chosen) -> str:
        if not chosen:
            return str(self.title)
        return _("Hidden and deleted threads in %(forum)s") % {"forum": seen_forum(request, chosen["forum"]).title}

    def note(self, request: HttpRequest, chosen: Chosen) -> str:
        return _(
            "Those among the acts of moderation in the forum, %(count)d acts to a page. What authors deleted "
            "themselves is not among them."
        ) % {"count": self.per_page}

    def list(self, request: HttpRequest, chosen: Chosen, cut: Cut, limit: int) -> Sequence[Record]:
        return browsing.list_forum_log(chosen["forum"], cut, limit) if chosen else []

    def key(self, chosen: Chosen, item: Record) -> str:
        return item.event_time

    def rows(self, request: HttpRequest, items: Sequence[Record]) -> Sequence[ThreadRow]:
        """One BatchGetItem of the heads for each hundred, one SQL query of the names."""
        seen = {rules.name: rules for rules in forums_seen(request)}
        keys = [key for record in items if record.forum in seen and (key := _key(record))]
        found = {head.key: head for head in get_many(Thread, dict.fromkeys(keys))}
        heads = [found[key] for key in dict.fromkeys(keys) if key in found]
        gone = [head for head in heads if head.deleted and not head.moved_to]
        names = logbook.names_of(user for head in gone for user in (head.user_id, head.last_post_user_id))
        return [ThreadRow(head, seen[head.forum], names[head.user_id], names[head.last_post_user_id]) for head in gone]

    def ident(self, row: ThreadRow) -> str:
        return row.head.id

    def url(self, row: ThreadRow) -> str:
        return reverse("admin:threads_detail", args=[row.head.id])


def _key(record: Record) -> tuple[str, str] | None:
    """The key of the head of the thread that an act removed."""
    match = _REMOVED.fullmatch(record.subject)
    if match is None or record.kind not in _KINDS:
        return None
    thread = match["thread"] or match["first"]
    return thread_partition(str(record.forum), thread), thread


Removed().register()
