"""What acts of moderation cost, and that tools cost nothing to pages that are kept."""

from typing import Any

import pytest

from forum.models import Forum, User
from forum.tables.threads import Thread
from tests.helpers import cost, make_member, page_url, reply, signed_in, start_thread


@pytest.fixture
def thread(aws: Forum, ada: User) -> Thread:
    begun = start_thread(ada, aws)
    reply(ada, begun)
    return begun


@pytest.fixture
def staff(thread: Thread, mod: User) -> Any:
    client = signed_in(mod)
    client.get(page_url(thread))
    client.get(page_url(thread))
    return client


READS, WRITE, AGAIN = ["GetItem", "GetItem"], ["TransactWriteItems"], ["GetItem"]
CASE = ["GetItem"]
NOTE = ["TransactWriteItems"]


def test_hiding_a_post(staff: Any, thread: Thread) -> None:
    with cost() as spent:
        assert staff.post(f"/f/aws/{thread.id}/2/hide/", {"reason": "Spam."}).status_code == 302
    assert spent.dynamodb.calls == [*READS, *CASE, *WRITE, *NOTE, *AGAIN], "the note is to the author"
    assert spent.sql == 2, "the author's name for the tag; the webhooks"


def test_hiding_one_that_was_reported_tells_who_reported_it(staff: Any, thread: Thread) -> None:
    signed_in(make_member("carl")).post(f"/f/aws/{thread.id}/2/report/", {"kind": "Spam"})
    with cost() as spent:
        assert staff.post(f"/f/aws/{thread.id}/2/hide/", {"reason": "Spam."}).status_code == 302
    assert spent.dynamodb.calls == [*READS, *CASE, *WRITE, *NOTE, *NOTE, *AGAIN], "one transaction closes the case too"


def test_showing_it_again(staff: Any, thread: Thread) -> None:
    staff.post(f"/f/aws/{thread.id}/2/hide/", {"reason": "Spam."})
    with cost() as spent:
        assert staff.post(f"/f/aws/{thread.id}/2/show/").status_code == 302
    assert spent.dynamodb.calls == [*READS, *WRITE, *AGAIN]


@pytest.mark.parametrize(("path", "field"), [("lock", "locked"), ("pin", "pinned"), ("archive", "archived")])
def test_a_switch_of_a_thread(path: str, field: str, staff: Any, thread: Thread) -> None:
    with cost() as spent:
        assert staff.post(f"/f/aws/{thread.id}/{path}/", {field: "1"}).status_code == 302
    assert (spent.dynamodb.calls, spent.sql) == (["GetItem", "TransactWriteItems"], 0)


def test_the_history_of_a_post(staff: Any, thread: Thread) -> None:
    with cost() as spent:
        assert staff.get(f"/f/aws/{thread.id}/2/history/").status_code == 200
    assert spent.dynamodb.calls == [*READS, "Query"]


def test_a_page_with_tools_comes_from_memory(staff: Any, thread: Thread) -> None:
    with cost() as spent:
        answer = staff.get(page_url(thread))
    assert answer["X-Cache"] == "hit" and b"/2/hide/" in answer.content
    assert spent.all == ([], 0, 0)


def test_many_replies_do_not_make_hiding_a_thread_dearer(staff: Any, thread: Thread, ada: User) -> None:
    for _ in range(25):
        reply(ada, thread)
    with cost() as spent:
        assert staff.post(f"/f/aws/{thread.id}/hide/", {"reason": "Spam."}).status_code == 302
    assert spent.dynamodb.calls == ["GetItem", *WRITE, *NOTE]
