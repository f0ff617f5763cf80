"""Atom feeds: what stands in them, that it is Atom, and that they are kept as the pages are."""

import gzip
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client

from forum.models import Forum, User
from forum.tables.threads import Thread
from tests.helpers import cost, make_forum, page_url, renew, reply, signed_in, start_thread, token

ATOM = "{http://www.w3.org/2005/Atom}"
BASE = "http://127.0.0.1:8000"


@pytest.fixture
def thread(aws: Forum, ada: User) -> Thread:
    return start_thread(ada, aws, "Hot <partitions> & you", "Words with **weight**, and [a link](/f/aws/).")


def feed(url: str) -> ElementTree.Element:
    """The feed at this address, which is a valid one."""
    answer = Client().get(url)
    assert answer.status_code == 200, answer.content.decode()
    assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    root = ElementTree.fromstring(answer.content)
    is_atom(root)
    assert texts(root, "link[@rel='self']/@href") == [f"{BASE}{url}"]
    return root


def is_atom(root: ElementTree.Element) -> None:
    """RFC 4287: what a feed and each of its entries must have, once."""
    assert root.tag == f"{ATOM}feed"
    for element in (root, *root.iter(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{name}")) == 1, name
        datetime.fromisoformat(texts(element, "updated")[0])
        assert texts(element, "id")[0].startswith(BASE)
        assert len(element.findall(f"{ATOM}author/{ATOM}name")) == 1
    ids = [texts(entry, "id")[0] for entry in root.iter(f"{ATOM}entry")]
    assert len(ids) == len(set(ids))


def texts(element: ElementTree.Element, path: str) -> list[str]:
    path, _, attribute = path.partition("/@")
    found = element.findall(f"{ATOM}{path}")
    return [each.attrib[attribute] if attribute else each.text or "" for each in found]


def titles(url: str) -> list[str]:
    return [texts(entry, "title")[0] for entry in feed(url).iter(f"{ATOM}entry")]


def test_an_entry_is_a_post_with_its_text_and_its_lasting_address(thread: Thread) -> None:
    entry = next(feed("/feeds/forum/aws.atom").iter(f"{ATOM}entry"))
    assert texts(entry, "title") == ["Hot <partitions> & you"]
    assert texts(entry, "id") == texts(entry, "link/@href") == [f"{BASE}/p/{thread.id}/1/"]
    assert "<strong>weight</strong>" in texts(entry, "content")[0] and 'href="/f/aws/"' in texts(entry, "content")[0]
    assert texts(entry, "author")[0] is not None


def test_links_of_a_post_start_from_the_site(thread: Thread) -> None:
    base = "{http://www.w3.org/XML/1998/namespace}base"
    assert feed("/feeds/site.atom").attrib[base] == f"{BASE}/"


@pytest.mark.parametrize("kind", ["site", "forum", "thread", "member"])
def test_a_reply_is_in_every_feed_at_once(kind: str, thread: Thread, ada: User) -> None:
    url = {"thread": f"/feeds/thread/{thread.id}.atom", "forum": "/feeds/forum/aws.atom"}.get(
        kind, {"site": "/feeds/site.atom", "member": "/feeds/member/ada.atom"}.get(kind, "")
    )
    assert titles(url) == ["Hot <partitions> & you"]
    reply(ada, thread)
    assert titles(url) == ["Re: Hot <partitions> & you", "Hot <partitions> & you"]


def test_an_edit_is_in_the_feed_at_once_with_its_time(thread: Thread, ada: User) -> None:
    feed("/feeds/site.atom")
    signed_in(ada).post(f"/f/aws/{thread.id}/1/edit/", {"title": "New title", "body": "New words.", "revision": 1})
    entry = next(feed("/feeds/site.atom").iter(f"{ATOM}entry"))
    assert texts(entry, "title") == ["New title"] and "New words." in texts(entry, "content")[0]
    assert texts(entry, "updated")[0] >= texts(entry, "published")[0]


def test_what_is_deleted_is_gone(thread: Thread, ada: User) -> None:
    reply(ada, thread, "Said too soon.")
    signed_in(ada).post(f"/f/aws/{thread.id}/2/delete/")
    for url in ("/feeds/site.atom", f"/feeds/thread/{thread.id}.atom"):
        assert titles(url) == ["Hot <partitions> & you"], url
    signed_in(ada).post(f"/f/aws/{thread.id}/1/delete/")


def test_a_thread_that_is_deleted_has_no_feed(aws: Forum, ada: User) -> None:
    thread = start_thread(ada, aws)
    assert signed_in(ada).post(f"/f/aws/{thread.id}/1/delete/").status_code == 302
    assert Client().get(f"/feeds/thread/{thread.id}.atom").status_code == 404
    assert titles("/feeds/forum/aws.atom") == []


def test_a_long_thread_shows_its_last_posts(aws: Forum, ada: User) -> None:
    thread = start_thread(ada, aws)
    for number in range(2, 24):
        reply(ada, thread, f"Post {number}.")
    entries = list(feed(f"/feeds/thread/{thread.id}.atom").iter(f"{ATOM}entry"))
    assert [texts(entry, "id")[0].split("/")[-2] for entry in entries] == [str(n) for n in range(23, 3, -1)]


def test_a_forum_without_posts_has_an_empty_feed(aws: Forum) -> None:
    assert titles("/feeds/forum/aws.atom") == titles("/feeds/site.atom") == []


class TestPrivateForums:
    """They are in no feed, for nobody: a feed is the same for all who ask."""

    @pytest.fixture(params=["members", "groups"])
    def secret(self, request: pytest.FixtureRequest, ada: User, aws: Forum) -> Thread:
        forum = make_forum("secret")
        thread = start_thread(ada, forum, "Secret title", "Secret words.")
        forum.read_access = request.param
        forum.save()
        renew()
        return thread

    def test_have_no_feed(self, secret: Thread, ada: User) -> None:
        for browser in (Client(), signed_in(ada)):
            for url in ("/feeds/forum/secret.atom", f"/feeds/thread/{secret.id}.atom"):
                assert browser.get(url).status_code == 404, url

    def test_are_in_no_other(self, secret: Thread, thread: Thread, ada: User) -> None:
        for url in ("/feeds/site.atom", "/feeds/member/ada.atom"):
            assert titles(url) == ["Hot <partitions> & you"], url

    def test_leave_the_feeds_at_once(self, thread: Thread, ada: User, aws: Forum) -> None:
        urls = ["/feeds/site.atom", "/feeds/member/ada.atom"]
        own = ["/feeds/forum/aws.atom", f"/feeds/thread/{thread.id}.atom"]
        assert all(titles(url) for url in [*urls, *own])
        aws.read_access = "members"
        aws.save()
        renew()
        assert [titles(url) for url in urls] == [[], []]
        assert [Client().get(url).status_code for url in own] == [404, 404]


@pytest.mark.parametrize("url", ["/feeds/forum/nothing.atom", "/feeds/member/nobody.atom", "/feeds/other.atom"])
def test_there_is_no_feed_of_what_is_not_there(url: str, aws: Forum) -> None:
    assert Client().get(url).status_code == 404


def test_a_members_feed_has_one_address(ada: User) -> None:
    answer = Client().get("/feeds/member/ADA.atom")
    assert answer.status_code == 301 and answer["Location"] == "/feeds/member/ada.atom"


class TestDelivery:
    def test_a_feed_is_kept(self, thread: Thread, client: Client) -> None:
        url = "/feeds/forum/aws.atom"
        for expected in ("miss", "hit", "hit"):
            answer = client.get(url)
            assert answer["X-Cache"] == expected
        with cost() as spent:
            client.get(url)
        assert spent.all == ([], 0, 0)

    def test_who_has_it_gets_a_304(self, thread: Thread, client: Client, ada: User) -> None:
        url = f"/feeds/thread/{thread.id}.atom"
        etag = client.get(url)["ETag"]
        assert client.get(url, headers={"if-none-match": etag}).status_code == 304
        reply(ada, thread)
        assert client.get(url, headers={"if-none-match": etag}).status_code == 200

    def test_it_is_compressed(self, thread: Thread, client: Client) -> None:
        answer = client.get("/feeds/site.atom", headers={"accept-encoding": "gzip"})
        assert answer["Content-Encoding"] == "gzip"
        is_atom(ElementTree.fromstring(gzip.decompress(answer.content)))

    @pytest.mark.parametrize(
        ("url", "calls", "sql"),
        [
            ("/feeds/site.atom", ["Query", "BatchGetItem"], 1),
            ("/feeds/forum/aws.atom", ["Query", "BatchGetItem"], 1),
            ("thread", ["Query", "GetItem", "Query"], 1),
            ("/feeds/member/ada.atom", ["Query", "BatchGetItem"], 2),
        ],
    )
    def test_costs_what_its_page_does(self, url: str, calls: list[str], sql: int, thread: Thread, client: Any) -> None:
        client.get("/f/aws/")
        with cost() as spent:
            assert client.get(f"/feeds/thread/{thread.id}.atom" if url == "thread" else url).status_code == 200
        assert (spent.dynamodb.calls, spent.sql) == (calls, sql) and spent.redis <= 3


@pytest.mark.parametrize(
    ("page", "feeds"),
    [
        ("/", ["/feeds/site.atom"]),
        ("/f/aws/", ["/feeds/forum/aws.atom", "/feeds/site.atom"]),
        ("/f/aws/latest/", ["/feeds/forum/aws.atom", "/feeds/site.atom"]),
        ("/u/ada/", ["/feeds/member/ada.atom"]),
        ("/u/ada/threads/", ["/feeds/member/ada.atom"]),
        ("/tag/hot/", ["/feeds/tag/hot.atom"]),
        ("thread", ["/feeds/forum/aws.atom", "/feeds/thread/{}.atom"]),
    ],
)
def test_pages_name_their_feeds(page: str, feeds: list[str], thread: Thread, ada: User, client: Client) -> None:
    fields = {"title": "Tagged", "body": "Words.", "tags": "hot", "token": token(ada)}
    assert signed_in(ada).post("/f/aws/new/", fields).status_code == 302
    text = client.get(page_url(thread) if page == "thread" else page).content.decode()
    for url in (each.format(thread.id) for each in feeds):
        assert f'href="{url}"' in text and 'type="application/atom+xml"' in text
        assert titles(url)
