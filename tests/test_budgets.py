"""What each page and act costs: DynamoDB calls by name, SQL statements, Redis round trips.

The figures are a promise: a change that needs more has to raise them here, where it is seen.
"""

import pytest
from django.test import Client

from forum.models import Forum, User
from forum.tables.threads import Thread
from tests.helpers import cost, make_forum, page_url, reply, signed_in, start_thread, token


@pytest.fixture
def thread(aws: Forum, ada: User) -> Thread:
    thread = start_thread(ada, aws)
    reply(ada, thread)
    Client().get("/f/nowhere/")  # The process knows the forums.
    return thread


MISSES = [
    ("/", ["Query"], 1),
    ("/f/aws/", ["Query"], 1),
    ("/f/aws/latest/", ["Query", "BatchGetItem"], 1),
    ("thread", ["GetItem", "Query"], 1),
    ("/u/ada/", ["Query", "BatchGetItem"], 2),
]


@pytest.mark.parametrize(("url", "calls", "sql"), MISSES)
def test_a_page_that_is_not_cached(url: str, calls: list[str], sql: int, thread: Thread, client: Client) -> None:
    with cost() as spent:
        answer = client.get(page_url(thread) if url == "thread" else url)
    assert answer["X-Cache"] == "miss"
    assert spent.all == (calls, sql, 2), "one look into the cache, one page stored"


@pytest.mark.parametrize("url", [url for url, _, _ in MISSES])
def test_a_cached_page_costs_one_round_trip(url: str, thread: Thread, client: Client) -> None:
    url = page_url(thread) if url == "thread" else url
    client.get(url)
    with cost() as spent:
        answer = client.get(url)
    assert answer["X-Cache"] == "hit"
    assert spent.all == ([], 0, 1)


@pytest.mark.parametrize("url", [url for url, _, _ in MISSES])
def test_for_a_member_it_costs_the_session_and_the_account_more(url: str, thread: Thread, bob: User) -> None:
    url = page_url(thread) if url == "thread" else url
    member = signed_in(bob)
    member.get(url)
    with cost() as spent:
        answer = member.get(url)
    assert answer["X-Cache"] == "hit"
    assert spent.all == ([], 1, 2)


def test_home_asks_each_forum_once(thread: Thread, client: Client) -> None:
    for name in ("django", "redis", "coffee"):
        make_forum(name)
    client.get("/f/aws/")
    with cost() as spent:
        client.get("/")
    assert spent.all == (["Query"] * 4, 1, 2)


def test_a_forum_of_four_shards_asks_each(ada: User, client: Client, site: None) -> None:
    busy = make_forum("busy", shards=4)
    start_thread(ada, busy)
    client.get("/f/busy/latest/")
    with cost() as spent:
        client.get("/f/busy/")
    assert spent.all == (["Query"] * 4, 1, 2)


def test_an_older_page_of_a_forum(thread: Thread, client: Client) -> None:
    with cost() as spent:
        answer = client.get("/f/aws/?before=2030-01-01T00:00:00.000000Z~zzzzzzzz")
    assert answer.status_code == 200 and answer["X-Cache"] == "bypass"
    assert spent.all == (["Query"], 1, 1)


def test_a_permalink(thread: Thread, client: Client) -> None:
    with cost() as spent:
        client.get(f"/p/{thread.id}/2/")
    assert spent.all == (["Query", "GetItem"], 0, 1)


def test_a_reply(thread: Thread, bob: User) -> None:
    member = signed_in(bob)
    fields = {"body": "Words.", "token": token(bob)}
    with cost() as spent:
        assert member.post(f"/f/aws/{thread.id}/reply/", fields).status_code == 302
    assert spent.all == (["GetItem", "TransactWriteItems"], 1, 4), "session, rules, intents, generations"


def test_a_new_thread(thread: Thread, bob: User) -> None:
    member = signed_in(bob)
    fields = {"title": "A title", "body": "Words.", "token": token(bob)}
    with cost() as spent:
        assert member.post("/f/aws/new/", fields).status_code == 302
    assert spent.all == (["TransactWriteItems"], 1, 4)


def test_an_edit(thread: Thread, ada: User) -> None:
    member = signed_in(ada)
    with cost() as spent:
        assert member.post(f"/f/aws/{thread.id}/2/edit/", {"body": "Other.", "revision": 1}).status_code == 302
    reads = ["GetItem", "Query", "GetItem"]
    assert spent.dynamodb.calls == [*reads, "TransactWriteItems", "GetItem"]
    assert (spent.sql, spent.redis) == (2, 4), "the editor, and the author's name for the tag"


def test_staff_see_what_a_page_cost_and_others_do_not(thread: Thread, mod: User, bob: User, client: Client) -> None:
    timing = signed_in(mod).get(page_url(thread))["Server-Timing"]
    assert "2 calls, 1.5 read units, 0 write units" in timing and "2 queries" in timing
    for other in (signed_in(bob), client):
        assert "Server-Timing" not in other.get(page_url(thread))
