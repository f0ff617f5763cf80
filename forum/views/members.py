"""A member's pages besides their posts: the threads they started, and the numbers that stand on all of them."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from forum import links
from forum.cache import tags, visits
from forum.cache.pages import Written
from forum.directory import Directory
from forum.errors import NotFound
from forum.links import THREADS_PER_PAGE
from forum.models import User
from forum.permissions import Reader
from forum.redis import Down
from forum.tables import tallies, threads
from forum.tables.bulk import get_many
from forum.tables.keys import Key, read_thread_cursor
from forum.tables.threads import Thread

from . import meta
from .caching import Plan, answer, render
from .rows import Row, author, forum_row, profile, thread_rows


@dataclass(frozen=True, slots=True)
class Numbers(Row):
    """What is counted of a member. `days` and `seen` are those that Redis knows: 0 and None where it does not, or
    where the member hides when they are here."""

    posts: int
    threads: int
    likes: int
    solved: int
    days: int
    seen: date | None


def numbers(user: User) -> Numbers:
    """One GetItem, one Redis round trip."""
    tally, been = tallies.get_tally(str(user.pk)), visits.Visits()
    if not user.hides_online:
        with suppress(Down):
            been = visits.of_member(str(user.pk))
    seen = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=been.last)).date() if been.last else None
    posts, started, likes, solved = (
        max(int(each), 0) for each in (tally.posts, tally.threads, tally.likes, tally.solved)
    )
    return Numbers(posts, started, likes, solved, been.days, seen)


def named(username: str) -> User:
    """The member of this name, however it is spelled; NotFound. One SQL query."""
    user: User | None = User.objects.named(username)
    if user is None:
        raise NotFound(_("There is no member of this name."))
    return user


@require_safe
def member_threads(request: HttpRequest, username: str) -> HttpResponse:
    """The threads that a member started, in the forums the reader may read, the last one first. It is never kept. One
    Query and one BatchGetItem, and a GetItem for the numbers."""
    before = read_thread_cursor(request.GET.get("before", ""))

    def plan(directory: Directory, reader: Reader) -> Plan:
        rows = {rules.name: forum_row(rules) for rules in directory.readable(reader)}

        def body(__: Written) -> str | HttpResponse:
            user = named(username)
            url = f"{links.member(user.username)}threads/"
            if user.username != username:
                return HttpResponsePermanentRedirect(url)
            heads, last = list_started(str(user.pk), before)
            who = author(str(user.pk), user.username, user.avatar)
            return render(
                "forum/member_threads.html",
                member_id=user.pk,
                member=who,
                meta=meta.member(who, first=False),
                profile=profile(user),
                numbers=numbers(user),
                threads=thread_rows([(head, rows[head.forum]) for head in heads if head.forum in rows]),
                older_url=f"{url}?before={last}" if last else "",
                newest_url=url if before else "",
            )

        return Plan("", f"{links.member(username)}threads/", [tags.user(username), tags.TITLES], body)

    return answer(request, plan)


def list_started(user_id: str, before: str = "") -> tuple[list[Thread], str]:
    """A page of the threads that a member started, as far as they can be read in any forum, and what the next one goes
    on from, "" at the end. One Query and one BatchGetItem."""
    found = threads.list_of_user(user_id, THREADS_PER_PAGE + 1, before)
    shown = found[:THREADS_PER_PAGE]
    return _heads(shown), shown[-1][1] if len(found) > len(shown) else ""


def _heads(keys: list[Key]) -> list[Thread]:
    """Those that can be read, where they are now. One BatchGetItem."""
    found = {head.id: head for head in get_many(Thread, keys) if not head.deleted}
    return [found[thread_id] for thread_id in dict.fromkeys(key[1] for key in keys) if thread_id in found]
