"""What an open page asks every few seconds: whether what it shows is still so.

The answer is a few numbers as JSON. It is kept as pages are, under the tags and for the readers of the page that
asks, so while nothing happens it is a 304 from a worker's memory (`forum.fast`), also for a thousand idle readers;
when something does, one of them has it read for all. Whoever may not read the page any more is told so, as by the page.

Of a thread's page, or a conversation's, with the revision of each post, and of a list (home, a forum) with each
thread's last number::

    {"last": 57, "head": "9f2c41d0", "posts": {"41": 3, "42": 1}, "notes": "4"}
    {"threads": {"01KAQ4ZT…": 57}, "notes": "4"}

`notes` is how many notes the reader has not read, "" for nobody; moderators are told beside it how many `cases` wait
for them; `head` changes with the title, a lock, the answer.
"""

import json
from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from forum import holes, links, readers
from forum.actions import messaging
from forum.cache import pages, tags
from forum.cache.pages import Written
from forum.directory import Directory
from forum.errors import NotFound
from forum.forms import page_number
from forum.links import THREADS_PER_PAGE
from forum.permissions import Reader
from forum.tables import posts, threads
from forum.tables.threads import Thread

from .caching import Plan, answer
from .holes import cases_in_words, notes_in_words
from .message_rows import people_digest
from .reading import HOME_THREADS, audience
from .rows import thread_digest

JSON = "application/json; charset=utf-8"


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Of the newest threads of all forums. One Query per forum and shard."""

    def plan(directory: Directory, reader: Reader) -> Plan:
        forums = directory.readable(reader)

        def body(__: Written) -> str:
            found = (head for f in forums for head in threads.list_by_activity(f.name, f.shards, HOME_THREADS))
            newest = sorted(found, key=lambda head: head.last_activity, reverse=True)
            return _of_list(newest[:HOME_THREADS])

        return Plan(f"live:{audience(directory, reader)}", "/live/", [tags.HOME], body, JSON)

    return answer(request, plan)


@require_safe
def forum(request: HttpRequest, name: str) -> HttpResponse:
    """Of the first page of a forum. One Query per shard."""

    def plan(directory: Directory, reader: Reader) -> Plan:
        rules = directory.get(name, reader)

        def body(__: Written) -> str:
            return _of_list(threads.list_by_activity(name, rules.shards, THREADS_PER_PAGE))

        return Plan(f"live:{rules.read_access}", f"/f/{name}/live/", [tags.forum(name)], body, JSON)

    return answer(request, plan)


@require_safe
def thread(request: HttpRequest, name: str, thread_id: str) -> HttpResponse:
    """Of a page of a thread. One GetItem and one Query."""
    number = page_number(request.GET.get("page"))

    def plan(directory: Directory, reader: Reader) -> Plan:
        rules = directory.get(name, reader)

        def body(written: Written) -> str:
            head = threads.get_thread(name, thread_id)
            if head.moved_to or head.deleted or number > links.page_of(int(head.last_post_number)):
                raise NotFound(_("This page is no longer here."))
            first = (number - 1) * links.POSTS_PER_PAGE + 1
            found = posts.list_of_thread(head, first, first + links.POSTS_PER_PAGE - 1, written)
            revisions = {str(int(post.number)): int(post.revision) for post in found}
            return _said({"last": int(head.last_post_number), "head": thread_digest(head), "posts": revisions})

        url = links.numbered(f"/f/{name}/{thread_id}/live/", number)
        return Plan(f"live:{name}:{rules.read_access}:{number}", url, [tags.thread(thread_id)], body, JSON)

    return answer(request, plan)


@require_safe
def conversation(request: HttpRequest, talk_id: str) -> HttpResponse:
    """Of a page of a conversation, to who takes part in it: kept nowhere but in their own browser. As long as nothing
    has happened there the generation of its tag says so, so that it is a 304 without any look into a database: the
    answer's ETag is nobody's to make who was not given it. GetItem and Query where something has."""
    number = page_number(request.GET.get("page"))
    basis = readers.kept(request)
    found = pages.current(tags.talk(talk_id), *basis.tags)
    if not basis.stands(found.states):
        basis = readers.fresh(request, found.states)
    reader, generation = basis.reader, found.generation(tags.talk(talk_id))
    messaging.require_member(reader)
    counts = {"notes": notes_in_words(reader)}
    if cases := cases_in_words(reader, basis.directory):
        counts["cases"] = cases
    known = salted_hmac("forum.live", f"{talk_id} {number} {generation} {reader.id} {counts}").hexdigest()[:32]
    if generation and request.headers.get("If-None-Match", "").removeprefix("W/") == f'"{known}"':
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(json.dumps(_of_talk(reader, talk_id, number) | counts), content_type=JSON)
    response["ETag"] = f'"{known}"'
    response["Cache-Control"] = "private, no-cache"
    return response


def _of_talk(reader: Reader, talk_id: str, number: int) -> dict[str, Any]:
    talk = messaging.get_talk(reader, talk_id)
    if number > messaging.page_of(talk.last):
        raise NotFound(_("This page is no longer here."))
    revisions = {str(each.number): each.revision for each in messaging.list_messages(reader, talk, number)}
    return {"last": talk.last, "head": people_digest(talk), "posts": revisions}


def _of_list(heads: Iterable[Thread]) -> str:
    return _said({"threads": {head.id: int(head.last_post_number) for head in heads}})


def _said(what: dict[str, Any]) -> str:
    """JSON with holes, whose marks `json.dumps` would spoil."""
    return f'{json.dumps(what)[:-1]}, "notes": "{holes.mark("notes")}"{holes.mark("cases")}}}'
