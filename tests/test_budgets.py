"""What each page and act costs: DynamoDB calls by name, SQL statements, Redis round trips.

The figures are a promise: a change that needs more has to raise them here, where it is seen.
"""

from typing import Any

import pytest
from django.test import Client

from forum.cache import stats, tags
from forum.cache.intents import invalidating
from forum.cache.tags import HOME
from forum.models import Forum, User
from forum.tables.threads import Thread
from tests.helpers import cost, make_forum, page_url, reply, signed_in, start_thread, token


@pytest.fixture(autouse=True)
def no_figures_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sent every five seconds, after an answer, is no part of its cost."""
    monkeypatch.setattr(stats, "_due", float("inf"))


@pytest.fixture
def thread(aws: Forum, ada: User) -> Thread:
    thread = start_thread(ada, aws)
    reply(ada, thread)
    # The process knows the forums, the server all scripts.
    Client().get("/u/ada/")
    with invalidating(HOME, tags.user("ada")):
        pass
    return thread


@pytest.fixture
def nothing_in_memory(settings: Any) -> None:
    settings.LOCAL_PAGES_MB = 0


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


PAGES = pytest.mark.parametrize("url", [url for url, _, _ in MISSES])


def twice(client: Client, url: str) -> None:
    """Once to make the tags' first generations, which every process is told of, and once to hear of them."""
    client.get(url)
    client.get(url)


@PAGES
def test_a_page_in_memory_costs_nothing(url: str, thread: Thread, client: Client) -> None:
    url = page_url(thread) if url == "thread" else url
    twice(client, url)
    with cost() as spent:
        answer = client.get(url)
    assert answer["X-Cache"] == "hit"
    assert spent.all == ([], 0, 0)


@PAGES
def test_for_a_member_neither(url: str, thread: Thread, bob: User) -> None:
    url = page_url(thread) if url == "thread" else url
    member = signed_in(bob)
    twice(member, url)
    with cost() as spent:
        answer = member.get(url)
    assert answer["X-Cache"] == "hit"
    assert spent.all == ([], 0, 0)


@PAGES
@pytest.mark.usefixtures("nothing_in_memory")
def test_a_page_in_redis_costs_one_round_trip(url: str, thread: Thread, client: Client) -> None:
    url = page_url(thread) if url == "thread" else url
    client.get(url)
    with cost() as spent:
        answer = client.get(url)
    assert answer["X-Cache"] == "hit"
    assert spent.all == ([], 0, 1)


@PAGES
@pytest.mark.usefixtures("nothing_in_memory")
def test_and_for_a_member_the_session_more(url: str, thread: Thread, bob: User) -> None:
    url = page_url(thread) if url == "thread" else url
    member = signed_in(bob)
    member.get(url)
    with cost() as spent:
        answer = member.get(url)
    assert answer["X-Cache"] == "hit"
    assert spent.all == ([], 0, 2)


def test_a_page_that_another_process_has_rendered_costs_one_round_trip(thread: Thread, client: Client) -> None:
    from forum.cache import local

    client.get(page_url(thread))
    local.pages.clear()
    with cost() as spent:
        assert client.get(page_url(thread))["X-Cache"] == "hit"
    assert spent.all == ([], 0, 1)


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
    assert spent.all == (["Query", "GetItem"], 0, 0)


def test_a_reply(thread: Thread, bob: User) -> None:
    member = signed_in(bob)
    member.get(page_url(thread))
    fields = {"body": "Words.", "token": token(bob)}
    with cost() as spent:
        assert member.post(f"/f/aws/{thread.id}/reply/", fields).status_code == 302
    assert spent.all == (["GetItem", "TransactWriteItems"], 0, 3), "intents, generations, and that they have arrived"


def test_a_new_thread(thread: Thread, bob: User) -> None:
    member = signed_in(bob)
    member.get("/f/aws/")
    fields = {"title": "A title", "body": "Words.", "token": token(bob)}
    with cost() as spent:
        assert member.post("/f/aws/new/", fields).status_code == 302
    assert spent.all == (["TransactWriteItems"], 0, 3)


def test_an_edit(thread: Thread, ada: User) -> None:
    member = signed_in(ada)
    member.get(page_url(thread))
    with cost() as spent:
        assert member.post(f"/f/aws/{thread.id}/2/edit/", {"body": "Other.", "revision": 1}).status_code == 302
    reads = ["GetItem", "GetItem"]
    assert spent.dynamodb.calls == [*reads, "TransactWriteItems", "GetItem"]
    assert (spent.sql, spent.redis) == (1, 3), "the author's name for the tag"


def test_staff_see_what_a_page_cost_and_others_do_not(thread: Thread, mod: User, bob: User, client: Client) -> None:
    timing = signed_in(mod).get(page_url(thread))["Server-Timing"]
    assert "2 calls, 1.5 read units, 0 write units" in timing and "3 queries" in timing
    for other in (signed_in(bob), client):
        assert "Server-Timing" not in other.get(page_url(thread))
