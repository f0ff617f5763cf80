"""`manage.py rebuild search`: the index as it would be had it never been lost."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.test import Client

from forum.actions import tagging, tallying
from forum.errors import Unavailable
from forum.models import Forum, User
from forum.search import rebuilding
from forum.search.backend import index
from forum.search.documents import PostDoc, ThreadDoc, post_doc
from forum.tables import base, reading_all
from forum.tables.parallel import Pace
from tests.helpers import make_forum, renew, reply, signed_in, start_thread
from tests.views.test_search import found


def rebuild() -> str:
    out = StringIO()
    call_command("rebuild", "search", processes=1, stdout=out, stderr=out)
    return out.getvalue()


def test_everything_is_found_again_and_nothing_else(aws: Forum, ada: User, mod: User) -> None:
    thread = start_thread(ada, aws, "Partition keys", "An opening")
    reply(ada, thread, "A hidden reply")
    reply(ada, thread, "A visible reply")
    signed_in(mod).post(f"/f/aws/{thread.id}/2/hide/", {"kind": "Spam", "reason": "Spam"})
    index().clear()
    index().store([ThreadDoc("GONE", "aws", "", True, seen=1)], [PostDoc("GONE", 1, "1", 5, 1, True, "a reply", 1)])
    assert "Indexed 3 posts of 1 threads" in rebuild()
    assert found("reply") == [3] and found("partition opening") == [1]
    assert index().count() == 2
    rebuild()
    assert found("reply") == [3] and index().count() == 2


def test_what_is_written_meanwhile_stays(aws: Forum, ada: User) -> None:
    """Between the reading of a page and its storing somebody edits, and somebody else replies."""
    thread = start_thread(ada, aws, "Title", "Old words")
    steps = rebuilding.rebuild()
    assert next(steps).threads == 1
    stale = rebuilding.scan_posts(0, 1, None, 0)[0]
    signed_in(ada).post(f"/f/aws/{thread.id}/1/edit/", {"title": "Other title", "body": "New words", "revision": 1})
    reply(ada, thread, "More words")
    index().store([], stale)
    assert [done.posts for done in steps][-1] == 2
    assert found("old") == [] and sorted(found("words")) == [1, 2] and found("other title") == [1]


def test_what_is_read_of_a_post_is_what_the_post_says(aws: Forum, ada: User, mod: User) -> None:
    """Posts are read without making a `Post` of each; the index must be told the same."""
    thread = start_thread(ada, aws, "Title", "Old words")
    reply(ada, thread, "To be hidden")
    reply(ada, thread, "To be *moved*")
    signed_in(ada).post(f"/f/aws/{thread.id}/1/edit/", {"title": "Title", "body": "New words", "revision": 1})
    signed_in(mod).post(f"/f/aws/{thread.id}/2/hide/", {"kind": "Spam", "reason": "Spam"})
    make_forum("tea")
    renew()
    signed_in(mod).post(f"/f/aws/{thread.id}/move/", {"forum": "tea", "reason": "", "confirmed": "1"})
    whole, texts = reading_all.list_posts(0, 1), reading_all.list_texts(0, 1)
    assert [post_doc(post, 5) for post in texts.items] == [post_doc(post, 5) for post in whole.items] != []


def test_pages_by_size_and_by_number_hold_the_same(aws: Forum, ada: User) -> None:
    thread = start_thread(ada, aws)
    for number in range(5):
        reply(ada, thread, f"Reply {number}")
    start, found = None, []
    for most in (1, 2, 1, 2):
        page = reading_all.list_texts(0, 1, start, most)
        assert len(page.items) == most
        found += page.items
        start = page.next
    assert found == list(reading_all.list_texts(0, 1, None, 0).items)


def test_a_store_that_is_busy_for_a_moment_does_not_end_it(
    aws: Forum, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_thread(ada, aws)
    answers = iter([Unavailable("Busy."), Unavailable("Busy.")])
    dispatch = base.ForumConnection.dispatch

    def busy_at_first(self: base.ForumConnection, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        if operation == "Scan" and (error := next(answers, None)):
            raise error
        return dispatch(self, operation, asked)

    monkeypatch.setattr(base.ForumConnection, "dispatch", busy_at_first)
    assert "Indexed 1 posts" in rebuild()


def test_a_request_may_not_do_this(site: None) -> None:
    with base.counting(scans_allowed=False), pytest.raises(base.ScanRefused):
        rebuilding.scan_posts(0, 1, None, 0)


def test_it_goes_no_faster_than_it_may(aws: Forum, ada: User) -> None:
    start_thread(ada, aws)
    pace = Pace(1_000.0)
    pace.spent(20.0)
    assert pace.units == 20.0
    assert [done.posts for done in rebuilding.rebuild(units_per_second=10_000)][-1] == 1


def test_the_sample_community_is_found(site: None) -> None:
    call_command("seed", posts=40, threads=4, users=5, stdout=StringIO(), stderr=StringIO())
    assert index().count() == 40
    page = Client().get("/search/?q=after:2000-01-01").content.decode()
    assert page.count('class="search-result"') == 20


@pytest.mark.parametrize(
    ("name", "value"), [("processes", 0), ("processes", -2), ("units", -1.0), ("units", float("nan"))]
)
def test_numbers_that_make_no_sense_are_named(name: str, value: float, site: None) -> None:
    with pytest.raises(CommandError, match=f"--{name} takes a number"):
        call_command("rebuild", "search", **{name: value}, stdout=StringIO())


@pytest.mark.parametrize("error", [Unavailable("Posting is not possible."), DatabaseError("connection refused")])
def test_what_is_down_while_tags_are_noted_is_said_in_a_sentence(
    error: Exception, aws: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(forum: Forum) -> int:
        raise error

    monkeypatch.setattr(tagging, "rebuild", fails)
    with pytest.raises(CommandError, match="Posting is not possible|The database: connection refused"):
        call_command("rebuild_tags", stdout=StringIO())


@pytest.mark.parametrize("what", ["search", "stats", "pulse"])
def test_a_database_that_fails_is_said_in_a_sentence(what: str, site: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: object) -> None:
        raise DatabaseError("no such table")

    monkeypatch.setattr(rebuilding, "rebuild", fails)
    monkeypatch.setattr(tallying, "rebuild", fails)
    with pytest.raises(CommandError, match="The database: no such table."):
        call_command("rebuild", what, stdout=StringIO())
