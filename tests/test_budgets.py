"""What each page and act costs: DynamoDB calls by name, SQL statements, Redis round trips.

The figures are a promise: a change that needs more has to raise them here, where it is seen.
"""

from typing import Any

import pytest
from django.test import Client

from forum.cache import tags
from forum.cache.intents import invalidating
from forum.cache.tags import HOME
from forum.models import Forum, User
from forum.tables.threads import Thread
from tests.helpers import cost, make_forum, make_member, page_url, renew, reply, signed_in, start_thread, token


@pytest.fixture
def thread(aws: Forum, ada: User) -> Thread:
    thread = start_thread(ada, aws)
    reply(ada, thread)
    # The process knows the forums, the server all scripts.
    Client().get("/u/ada/")
    Client().get("/")
    with invalidating(HOME, tags.user("ada")):
        pass
    return thread


@pytest.fixture
def nothing_in_memory(settings: Any) -> None:
    settings.LOCAL_PAGES_MB = 0


MISSES = [
    ("/", ["Query"], 2, 3),
    ("/f/aws/", ["Query"], 1, 2),
    ("/f/aws/latest/", ["Query", "BatchGetItem"], 1, 2),
    ("thread", ["GetItem", "Query"], 1, 2),
    # Redis is asked when the member was last here.
    ("/u/ada/", ["Query", "GetItem", "BatchGetItem"], 2, 3),
]


@pytest.mark.parametrize(("url", "calls", "sql", "redis"), MISSES)
def test_a_page_that_is_not_cached(
    url: str, calls: list[str], sql: int, redis: int, thread: Thread, client: Client
) -> None:
    with cost() as spent:
        answer = client.get(page_url(thread) if url == "thread" else url)
    assert answer["X-Cache"] == "miss"
    assert spent.all == (calls, sql, redis), "one look into the cache, one page stored"


PAGES = pytest.mark.parametrize("url", [url for url, *_ in MISSES])


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
    mine = ["Query"] if url == page_url(thread) else []
    marks = 0 if url in ("/f/aws/latest/", "/u/ada/") else 1
    said = "where nothing is kept, what the member likes on the page is asked each time, and what they have read"
    assert spent.all == (mine, 0, 2 + marks), said


def test_a_page_that_another_process_has_rendered_costs_one_round_trip(thread: Thread, client: Client) -> None:
    from forum.cache import local

    client.get(page_url(thread))
    local.pages.clear()
    with cost() as spent:
        assert client.get(page_url(thread))["X-Cache"] == "hit"
    assert spent.all == ([], 0, 1)


def test_threads_of_a_member_cost_a_query_and_one_call_for_their_heads(thread: Thread, client: Client) -> None:
    client.get("/u/ada/threads/")
    with cost() as spent:
        assert client.get("/u/ada/threads/").status_code == 200
    assert spent.all == (["Query", "BatchGetItem", "GetItem"], 2, 1)


def test_home_asks_each_forum_once(thread: Thread, client: Client) -> None:
    for name in ("django", "redis", "coffee"):
        make_forum(name)
    for calls, redis in ((["Query"] * 4 + ["BatchGetItem"], 5), (["Query"] * 4, 3)):
        client.get("/f/aws/")
        with cost() as spent:
            client.get("/")
        assert spent.all == (calls, 2, redis), "the totals of new forums are read once"
        renew()


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


# Whom a reply concerns, whether they want to know, what they are told; and its writer begins to watch the thread.
TOLD = ["BatchGetItem", "TransactWriteItems"]
# One round trip: who writes has read the thread up to there.
READ = 1
# One round trip: the rankings (`forum.pulse`).
COUNTED = 1


def test_a_reply(thread: Thread, bob: User) -> None:
    member = signed_in(bob)
    member.get(page_url(thread))
    fields = {"body": "Words.", "token": token(bob)}
    with cost() as spent:
        assert member.post(f"/f/aws/{thread.id}/reply/", fields).status_code == 302
    said = "intents, generations, that they have arrived; and how much a member has read who can still rise in trust"
    assert spent.all == (["GetItem", "TransactWriteItems", *TOLD], 1, 4 + 3 + COUNTED + READ), said


def test_a_reply_of_a_regular(thread: Thread) -> None:
    carol = make_member("carol", trust=User.Trust.REGULAR)
    member = signed_in(carol)
    member.get(page_url(thread))
    with cost() as spent:
        assert member.post(f"/f/aws/{thread.id}/reply/", {"body": "Words.", "token": token(carol)}).status_code == 302
    assert spent.all == (["GetItem", "TransactWriteItems", *TOLD], 1, 3 + 3 + COUNTED + READ)


def test_how_often_somebody_replies_is_asked_on_the_way(thread: Thread, bob: User, settings: Any) -> None:
    settings.NEW_MEMBER_POSTS_PER_HOUR = settings.POSTS_PER_HOUR = 10
    settings.NEW_MEMBER_LINKS = 2
    member = signed_in(bob)
    member.get(page_url(thread))
    assert reply(bob, thread).status_code == 302
    # Watching the thread has changed the account, which is read again.
    member.get(page_url(thread))
    with cost() as spent:
        fields = {"body": "Words.", "token": token(bob)}
        assert member.post(f"/f/aws/{thread.id}/reply/", fields).status_code == 302
    assert spent.all == (["GetItem", "TransactWriteItems", *TOLD], 1, 4 + COUNTED + READ), (
        "as without; added to an unread note"
    )


def test_a_report(thread: Thread, settings: Any) -> None:
    settings.REPORTS_PER_HOUR = 10
    carol = make_member("carol", trust=1)
    member = signed_in(carol)
    member.get(page_url(thread))
    member.get("/pending/")
    with cost() as spent:
        assert member.post(f"/f/aws/{thread.id}/2/report/", {"kind": "Spam"}).status_code == 302
    reads = ["GetItem", "GetItem"]
    looks = ["GetItem", "GetItem"]
    assert spent.dynamodb.calls == [*reads, "TransactWriteItems", *looks], "whether it is one too many, and the head"
    assert spent.sql == 0 and spent.redis <= 3, "the limit, and the session with the thanks"


def test_a_new_thread(thread: Thread, bob: User) -> None:
    member = signed_in(bob)
    member.get("/f/aws/")
    fields = {"title": "A title", "body": "Words.", "token": token(bob)}
    with cost() as spent:
        assert member.post("/f/aws/new/", fields).status_code == 302
    assert spent.all == (["TransactWriteItems", *TOLD], 0, 4 + 3 + COUNTED + READ)


def test_an_edit(thread: Thread, ada: User) -> None:
    member = signed_in(ada)
    member.get(page_url(thread))
    with cost() as spent:
        assert member.post(f"/f/aws/{thread.id}/2/edit/", {"body": "Other.", "revision": 1}).status_code == 302
    reads = ["GetItem", "GetItem"]
    assert spent.dynamodb.calls == [*reads, "TransactWriteItems", "GetItem"]
    assert (spent.sql, spent.redis) == (1, 3), "the author's name for the tag"


def test_a_thread_for_a_member_who_sees_it_first(thread: Thread, bob: User, client: Client) -> None:
    twice(client, page_url(thread))
    member = signed_in(bob)
    member.get("/")
    with cost() as spent:
        assert member.get(page_url(thread))["X-Cache"] == "hit"
    said = "how they watch the thread, and what they did with all posts of the page"
    assert spent.dynamodb.calls == ["GetItem", "Query"], said


def test_a_like(thread: Thread) -> None:
    member = signed_in(make_member("carol"))
    member.get(page_url(thread))
    with cost() as spent:
        assert member.post(f"/f/aws/{thread.id}/2/like/", {"on": "1"}).status_code == 302
    like, note = ["GetItem", "GetItem", "TransactWriteItems"], ["BatchGetItem", "TransactWriteItems"]
    assert spent.dynamodb.calls == [*like, *note], "the author is told once"
    for on in ("0", "1"):
        with cost() as spent:
            assert member.post(f"/f/aws/{thread.id}/2/like/", {"on": on}).status_code == 302
        assert spent.dynamodb.calls[-3:] == ["GetItem", "GetItem", "TransactWriteItems"], on


def test_a_bookmark(thread: Thread, bob: User) -> None:
    member = signed_in(bob)
    member.get(page_url(thread))
    with cost() as spent:
        assert member.post(f"/f/aws/{thread.id}/2/bookmark/", {"on": "1"}).status_code == 302
    assert spent.all == (["GetItem", "GetItem", "TransactWriteItems"], 0, 3)


def test_a_vote_and_a_page_with_a_poll(aws: Forum, ada: User, bob: User, thread: Thread) -> None:
    fields = {"title": "Drinks", "body": "Which?", "poll_question": "Tea?", "poll_options": "Yes\nNo"}
    url = signed_in(ada).post("/f/aws/new/", {**fields, "token": token(ada)})["Location"]
    member = signed_in(bob)
    member.get(url)
    with cost() as spent:
        assert member.post(f"{url.rsplit('/', 2)[0]}/1/vote/", {"choice": "1"}).status_code == 302
    assert spent.all == (["GetItem", "GetItem", "GetItem", "TransactWriteItems"], 0, 3)
    with cost() as spent:
        Client().get(url)
    assert spent.dynamodb.calls == ["GetItem", "Query"], "the poll comes with its post"
    with cost() as spent:
        member.get(url)
    assert sorted(spent.dynamodb.calls) == ["GetItem", "GetItem", "GetItem", "Query"], "inbox, watch, vote, likes"


def test_messages(ada: User, bob: User) -> None:
    member, fields = signed_in(ada), {"to": "Bob", "title": "Plans", "body": "Shall we meet?"}
    member.get("/messages/")
    with cost() as spent:
        url = member.post("/messages/new/", {**fields, "token": token(ada)})["Location"]
    told = ["BatchGetItem", "TransactWriteItems"]
    said = "the first time with her marks, which Redis does not have yet, and what no post may hold"
    assert spent.dynamodb.calls == ["BatchGetItem", "TransactWriteItems", "GetItem", *told] and spent.sql == 2, said
    with cost() as spent:
        assert member.post(url, {"body": "Well?", "token": token(ada)}).status_code == 302
    assert (spent.dynamodb.calls, spent.sql) == (["GetItem", "TransactWriteItems", *told], 0)
    with cost() as spent:
        member.get("/messages/")
    assert (spent.dynamodb.calls, spent.sql) == (["Query"], 1)


def test_marking_the_answer(thread: Thread, ada: User) -> None:
    member = signed_in(ada)
    member.get(page_url(thread))
    with cost() as spent:
        assert member.post(f"/f/aws/{thread.id}/2/answer/", {"on": "1"}).status_code == 302
    assert spent.all == (["GetItem", "GetItem", "TransactWriteItems"], 1, 3 + COUNTED), "ada wrote the reply, too"


def test_staff_see_what_a_page_cost_and_others_do_not(thread: Thread, mod: User, bob: User, client: Client) -> None:
    timing = signed_in(mod).get(page_url(thread))["Server-Timing"]
    said = """the page, the inbox, the watch, what they like on the page, with the first page what they have read, and
    since no moderator has been there yet, two Queries of the cases that wait, in the forum and of messages"""
    assert "8 calls, 6.5 read units, 0 write units" in timing and "5 queries" in timing, said
    assert 'ForumPosts.ThreadPosts;desc="0.5 read units, 0 write units"' in timing
    for other in (signed_in(bob), client):
        assert "Server-Timing" not in other.get(page_url(thread))
