"""The pages people read: home, a forum, its newest posts, a thread, a member. All are cached."""

import hashlib
from itertools import chain, islice

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from forum import links, readers
from forum.cache import tags
from forum.cache.pages import Written
from forum.directory import Directory
from forum.errors import NotFound
from forum.forms import page_number
from forum.links import THREADS_PER_PAGE
from forum.permissions import ForumRules, Reader, moderates
from forum.pulse.now import get_now
from forum.tables import posts, threads
from forum.tables.keys import cursor, read_cursor
from forum.tables.posts import Post
from forum.tables.threads import Thread

from . import meta, pulse_rows
from .caching import Plan, answer, render
from .members import named, numbers
from .places import removed
from .rows import (
    Authors,
    ForumRow,
    PostRow,
    author,
    forum_row,
    pager,
    post_row,
    profile,
    thread_digest,
    thread_row,
    thread_rows,
)

HOME_THREADS = 15
HOME_NEWEST = 3
# What is going on changes with every like and at every midnight, for which no page is rendered anew; so old it may be.
HOME_SECONDS = 300


def audience(directory: Directory, reader: Reader) -> str:
    """Which forums the reader may read, in short: readers of the same ones share a page."""
    names = ",".join(rules.name for rules in directory.readable(reader))
    return hashlib.sha256(names.encode()).hexdigest()[:16]


# -- Home -----------------------------------------------------------------------------------------


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """All forums with their newest threads, the pinned ones first, and what is going on. One Query per forum and
    shard, one Redis round trip, and a BatchGetItem at most; the totals of a forum are read once besides where Redis
    does not know them."""

    def plan(directory: Directory, reader: Reader) -> Plan:
        forums = directory.readable(reader)

        def body(__: Written) -> str:
            lists = [(forum_row(f), threads.list_by_activity(f.name, f.shards, HOME_THREADS)) for f in forums]
            # One SQL query names everybody; rows are then picked for each forum and for all together.
            rows = iter(thread_rows([(thread, forum) for forum, found in lists for thread in found]))
            cards = [(forum, list(islice(rows, len(found)))) for forum, found in lists]
            newest = sorted(chain(*(found for __, found in cards)), key=lambda row: row.last_activity, reverse=True)
            alive = get_now([forum.name for forum in forums])
            return render(
                "forum/home.html",
                forums=[(forum, found[:HOME_NEWEST], alive.totals.get(forum.name)) for forum, found in cards],
                now=pulse_rows.box(
                    alive, {forum.name: forum for forum, __ in cards}, chain(*(found for __, found in lists))
                ),
                latest=newest[:HOME_THREADS],
                more=len(newest) >= HOME_THREADS,
                live_url="/live/",
                meta=meta.home(),
            )

        return Plan(f"home:{audience(directory, reader)}", "/", [tags.HOME], body, lasts=HOME_SECONDS)

    return answer(request, plan)


# -- A forum --------------------------------------------------------------------------------------


@require_safe
def forum(request: HttpRequest, name: str) -> HttpResponse:
    """A forum's threads by last activity. One Query per shard. Only the first page is kept: older ones
    are read seldom, and there are as many of them as there are threads."""
    before = _before(request)

    def plan(directory: Directory, reader: Reader) -> Plan:
        rules = directory.get(name, reader)

        def body(__: Written) -> str:
            found = threads.list_by_activity(name, rules.shards, THREADS_PER_PAGE + 1, before)
            shown = found[:THREADS_PER_PAGE]
            row = forum_row(rules)
            return render(
                "forum/forum.html",
                forum=row,
                threads=thread_rows([(thread, row) for thread in shown]),
                older_url=_older(row.url, shown[-1].last_post_timestamp) if len(found) > len(shown) else "",
                newest_url=row.url if before else "",
                latest_url=f"{row.url}latest/",
                live_url="" if before else f"{row.url}live/",
                meta=meta.forum(row, row.title, row.url, first=not before),
            )

        return Plan("" if before else f"threads:{rules.read_access}", links.forum(name), [tags.forum(name)], body)

    return answer(request, plan)


@require_safe
def latest(request: HttpRequest, name: str) -> HttpResponse:
    """A forum's posts, newest first. One Query per shard and one BatchGetItem of their threads."""
    before = _before(request)

    def plan(directory: Directory, reader: Reader) -> Plan:
        rules = directory.get(name, reader)

        def body(__: Written) -> str:
            found = posts.list_of_forum(name, rules.shards, links.POSTS_PER_PAGE + 1, before)
            shown = found[: links.POSTS_PER_PAGE]
            row = forum_row(rules)
            url = f"{row.url}latest/"
            return render(
                "forum/latest.html",
                forum=row,
                posts=feed_rows(shown, {name: row}),
                older_url=_older(url, shown[-1].timestamp) if len(found) > len(shown) else "",
                newest_url=url if before else "",
                meta=meta.forum(row, _("Newest posts in %(title)s") % {"title": row.title}, url, first=not before),
            )

        page = "" if before else f"latest:{rules.read_access}"
        return Plan(page, f"{links.forum(name)}latest/", [tags.latest(name)], body)

    return answer(request, plan)


def _before(request: HttpRequest) -> str:
    """The sort key in `?before=`, "" where there is none."""
    text = request.GET.get("before")
    return read_cursor(text) if text else ""


def _older(url: str, timestamp: str | None) -> str:
    return f"{url}?before={cursor(timestamp or '')}"


def feed_rows(found: list[Post], forums: dict[str, ForumRow]) -> list[PostRow]:
    """Rows of posts of many threads: those that can be read, in these forums. One BatchGetItem, one SQL query.

    While a thread is on its way to another forum, some of its posts still lie in the old one: the forum that
    counts is the one where the thread is now.
    """
    readable = [post for post in found if not post.deleted and post.forum in forums]
    heads = threads.get_heads(post.thread_key for post in readable)
    authors = Authors(post.user_id for post in readable)
    return [
        post_row(post, authors, head, forums[head.forum])
        for post in readable
        if (head := heads.get(post.thread_key)) and head.id == post.thread_id and head.forum in forums
    ]


# -- A thread -------------------------------------------------------------------------------------


@require_safe
def thread(request: HttpRequest, name: str, thread_id: str, slug: str = "") -> HttpResponse:
    """A page of a thread. One GetItem and one Query, whichever page it is."""
    number = page_number(request.GET.get("page"))

    def plan(directory: Directory, reader: Reader) -> Plan:
        rules = directory.get(name, reader)

        def body(written: Written) -> str | HttpResponse:
            head = threads.get_thread(name, thread_id)
            if head.moved_to:
                return _moved(head, number, directory, reader)
            if head.deleted:
                raise _removed(head, rules, reader)
            if (elsewhere := _elsewhere(head, slug, number)) is not None:
                return elsewhere
            first = (number - 1) * links.POSTS_PER_PAGE + 1
            found = posts.list_of_thread(head, first, first + links.POSTS_PER_PAGE - 1, written)
            authors = Authors([head.user_id, head.last_post_user_id, *(post.user_id for post in found)])
            row = forum_row(rules)
            shown = thread_row(head, row, authors)
            opening = found[0] if found and found[0].number == 1 else None
            return render(
                "forum/thread.html",
                forum=row,
                thread=shown,
                posts=[post_row(post, authors) for post in found],
                pager=pager(head, number),
                read_to=int(found[-1].number) if found else 0,
                live_url=links.numbered(f"/f/{name}/{thread_id}/live/", number),
                digest=thread_digest(head),
                meta=meta.thread(shown, links.thread(head, number), number, opening),
            )

        url = links.numbered(f"/f/{name}/{thread_id}/{slug}/", number)
        page = f"{name}:{rules.read_access}:{number}:{slug}"
        return Plan(page, url, [tags.thread(thread_id)], body, thread=f"{name}/{thread_id}")

    return answer(request, plan)


def _moved(head: Thread, number: int, directory: Directory, reader: Reader) -> HttpResponse:
    """The redirect to where this page of a thread is now, for those who may read there. One GetItem for each
    move; where the thread became part of another, as much as a permalink."""
    if head.moved_key[1] == head.id:
        now, page = threads.follow(head), number
    else:
        first = (number - 1) * links.POSTS_PER_PAGE + 1
        now, place = posts.find_place(head.id, min(first, int(head.last_post_number)), directory.forums)
        page = links.page_of(place)
    directory.get(now.forum, reader)
    return HttpResponsePermanentRedirect(links.thread(now, page))


def _removed(head: Thread, rules: ForumRules, reader: Reader) -> NotFound:
    """What a thread's address says that is hidden or deleted; who may show it again is led there."""
    error = removed(head.forum)
    if moderates(reader, rules):
        error.links.append((_("To the thread in the administration"), reverse("admin:threads_detail", args=[head.id])))
    return error


def _elsewhere(head: Thread, slug: str, number: int) -> HttpResponse | None:
    """The redirect to the thread's one address; NotFound where it has no such page."""
    last = links.page_of(int(head.last_post_number))
    if number > last:
        raise NotFound(
            _no_page(last, number),
            [(_("To the last page"), links.thread(head, last)), (_("To the first page"), links.thread(head))],
        )
    if slug != links.slug(head.title):
        return HttpResponsePermanentRedirect(links.thread(head, number))
    return None


def _no_page(last: int, number: int) -> str:
    said = ngettext(
        "This thread has %(last)s page, so there is no page %(number)s.",
        "This thread has %(last)s pages, so there is no page %(number)s.",
        last,
    )
    return said % {"last": last, "number": number}


@require_safe
def permalink(request: HttpRequest, thread_id: str, number: int) -> HttpResponse:
    """Lead to where a post stands now. One Query and one GetItem, the same again for each time that it moved;
    the forum is asked of the post."""
    basis = readers.fresh(request)
    head, number = posts.find_place(thread_id, number, basis.directory.forums)
    basis.directory.get(head.forum, basis.reader)
    return HttpResponseRedirect(links.place(head, number))


# -- A member -------------------------------------------------------------------------------------


@require_safe
def member(request: HttpRequest, username: str) -> HttpResponse:
    """A member's posts in the forums the reader may read, newest first. One Query and one BatchGetItem, and a GetItem
    for the numbers."""
    before = _before(request)

    def plan(directory: Directory, reader: Reader) -> Plan:
        rows = {rules.name: forum_row(rules) for rules in directory.readable(reader)}

        def body(written: Written) -> str | HttpResponse:
            user = named(username)
            url = links.member(user.username)
            if user.username != username:
                return HttpResponsePermanentRedirect(url)
            found = posts.list_of_user(str(user.pk), links.POSTS_PER_PAGE + 1, before, written)
            shown = found[: links.POSTS_PER_PAGE]
            who = author(str(user.pk), user.username, user.avatar)
            return render(
                "forum/member.html",
                member_id=user.pk,
                member=who,
                meta=meta.member(who, first=not before),
                profile=profile(user),
                numbers=numbers(user),
                posts=feed_rows(shown, rows),
                older_url=_older(url, shown[-1].timestamp) if len(found) > len(shown) else "",
                newest_url=url if before else "",
            )

        kept = f"{audience(directory, reader)}:{username}"
        return Plan("" if before else kept, links.member(username), [tags.user(username), tags.TITLES], body)

    return answer(request, plan)
