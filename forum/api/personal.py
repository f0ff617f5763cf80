"""What is a member's own: who they are, their notifications, what they have read. And search, which nobody keeps."""

import time

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Schema, Status
from ninja.params.functions import Query
from pydantic import Field

from forum import links, reads, told
from forum.actions import notes, pace, remembering
from forum.errors import BadRequest
from forum.permissions import MESSAGES, Reader
from forum.search import finding
from forum.search.backend import Hit
from forum.search.documents import when
from forum.search.finding import Found
from forum.search.query import parse
from forum.tables.keys import cursor, read_cursor
from forum.views import search as search_page
from forum.views.notifications import FILTERS, UNREADABLE, heard, list_shown
from forum.views.rows import Authors

from .door import Caller
from .errors import Invalid
from .reading import caller_of, found
from .routes import OWN, READING, router
from .shapes import Me, Notification, Notifications, Result, Results, author_of


@router.get("/me", response=Me, tags=[OWN])
def get_me(request: HttpRequest) -> Me:
    """Who you are, and what your token may do."""
    caller = caller_of(request)
    reader = caller.reader
    return Me(
        name=reader.name,
        url=links.absolute(links.member(reader.name)),
        trust=reader.trust,
        unread=reader.notes,
        scopes=None if caller.scopes is None else sorted(caller.scopes),
    )


# -- Notifications --------------------------------------------------------------------------------


@router.get("/notifications", response=Notifications, tags=[OWN])
def list_notifications(
    request: HttpRequest, before: str = "", show: str = Query("", description="unread, mentions or moderation.")
) -> Notifications:
    """What you have been told, newest first, up to 30 at a time, but for what only members did whom you ignore."""
    if show not in FILTERS:
        raise BadRequest(_("There is no such list of notifications."))
    caller = caller_of(request)
    listed, oldest = list_shown(caller.reader.id, show, read_cursor(before) if before else "")
    heard_of = heard(listed, caller.reader)
    authors = Authors(people[0] for __, people in heard_of if people)
    # Of a conversation only those are told who take part in it.
    readable = {MESSAGES, *(rules.name for rules in caller.directory.readable(caller.reader))}
    items = []
    for note, people in heard_of:
        open_to = not note.forum or note.forum in readable
        shown = Notification(
            kind=note.kind or "",
            text=told.sentence(note, max(len(people), 1)) if open_to else _(UNREADABLE),
            url=links.absolute(note.url) if note.url and open_to else None,
            by=author_of(authors, people[0]) if people else None,
            time=note.created,
            unread=listed.is_unread(note),
            cursor=cursor(note.timestamp),
        )
        items.append(shown)
    of_list = f"{request.path}?show={show}&" if show else f"{request.path}?"
    more = links.absolute(f"{of_list}before={cursor(oldest)}") if oldest else None
    return Notifications(items=items, unread=listed.unread, next=more)


class UpTo(Schema):
    cursor: str


@router.post("/notifications/read", response={204: None}, tags=[OWN])
def mark_notifications_read(request: HttpRequest, sent: UpTo) -> Status[None]:
    """Take all notifications as read up to the one with this cursor."""
    notes.mark_read(caller_of(request).reader, read_cursor(sent.cursor))
    return Status(204, None)


# -- What has been read ---------------------------------------------------------------------------


class ReadTo(Schema):
    number: int = Field(ge=1, le=999_999_999)


@router.post("/read", response={204: None}, tags=[OWN])
def mark_all_read(request: HttpRequest) -> Status[None]:
    """Take everything as read."""
    caller = caller_of(request)
    remembering.mark_all(caller.reader, caller.directory.readable(caller.reader))
    return Status(204, None)


@router.post("/forums/{forum:name}/read", response={204: None}, tags=[OWN])
def mark_forum_read(request: HttpRequest, name: str) -> Status[None]:
    """Take a forum as read."""
    reader, rules = caller_of(request).acts_at(name)
    remembering.mark_all(reader, [rules], name)
    return Status(204, None)


@router.post("/forums/{forum:name}/threads/{thread:thread_id}/read", response={204: None}, tags=[OWN])
def mark_thread_read(request: HttpRequest, name: str, thread_id: str, sent: ReadTo) -> Status[None]:
    """Take a thread as read up to a post."""
    caller = caller_of(request)
    reader, _ = caller.acts_at(name)
    head = found(name, thread_id, caller.directory, reader)
    number = min(sent.number, int(head.last_post_number))
    reads.visit(reader.id, reader.joined, name, thread_id, number, noted=bool(reader.notes))
    return Status(204, None)


# -- Search ---------------------------------------------------------------------------------------


@router.get("/search", response=Results, tags=[READING])
def search(
    request: HttpRequest,
    q: str = Query(
        "", max_length=500, description="Words, and filters as they are typed on the site: forum:, author:, tag:, …"
    ),
    forum: str = Query("", max_length=100, description="The name of one forum."),
    author: str = Query("", max_length=200, description="A member's name."),
    tag: str = Query("", max_length=100, description="Of the thread."),
    first_day: str = Query("", max_length=20, alias="from", description="The first day, such as 2026-01-31."),
    last_day: str = Query("", max_length=20, alias="to", description="The last day."),
    solved: bool = Query(False, description="Only threads that have an answer."),
    thread: str = Query("", max_length=50, description="The id of one thread."),
    sort: str = Query(finding.RELEVANT, description="relevance or newest"),
    page: int = Query(1, ge=1, le=search_page.MOST_PAGES),
    before: int = Query(0, ge=0, lt=10**18),
) -> Results:
    """Posts that match, in the forums that you may read, but not those of members whom you ignore. Words, or a filter,
    or both."""
    if sort not in finding.SORTS:
        raise BadRequest(
            _("Results are sorted by %(one)s or %(other)s.") % dict(zip(("one", "other"), finding.SORTS, strict=True))
        )
    caller = caller_of(request)
    pace.take_if_counted("search", caller.at_door, str(time.time_ns()))
    given = {"forum": forum, "author": author, "tag": tag, "from": first_day, "to": last_day, "thread": thread}
    query = parse(q.strip(), {**given, "solved": "1" if solved else ""})
    if query.wrong:
        raise Invalid({name: [words] for name, words in query.wrong})
    wanted = finding.wanted_of(query, _readable(caller, caller.at_door), list(caller.directory.forums))
    hits = finding.find(wanted, sort, page, before) if wanted is not None and not query.empty else Found([])
    asked = search_page.Asked(query, sort, page, before)
    shown = [hit for hit in hits.hits if hit.author not in caller.at_door.ignored]
    return Results(items=_results(shown), problems=list(query.problems), next=_next(asked, hits))


def _readable(caller: Caller, reader: Reader) -> list[str]:
    return [rules.name for rules in caller.directory.readable(reader)]


def _next(asked: search_page.Asked, hits: Found) -> str | None:
    url = search_page.next_url(asked, hits)
    return links.absolute(url.replace(search_page.URL, "/api/search", 1)) if url else None


def _results(hits: list[Hit]) -> list[Result]:
    authors = Authors(hit.author for hit in hits)
    return [
        Result(
            forum=hit.forum,
            thread=hit.thread,
            number=hit.number,
            url=links.absolute(links.post(hit.thread, hit.number)),
            author=author_of(authors, hit.author),
            written=when(hit.id),
            title=str(search_page.marked(hit.title)),
            snippet=str(search_page.marked(hit.snippet)),
        )
        for hit in hits
    ]
