"""What search engines and previews of links get: robots.txt, sitemaps, canonical links, Open Graph, JSON-LD."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client

from forum.actions import kinds, mapping
from forum.models import Forum, SitemapPart, User
from forum.tables.threads import Thread
from tests.helpers import cost, make_forum, page_url, renew, reply, signed_in, start_thread

BASE = "http://127.0.0.1:8000"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
HOSTILE = 'A "title" </script><script>alert(1)</script> & <b>more'


@pytest.fixture
def thread(aws: Forum, ada: User) -> Thread:
    return start_thread(ada, aws, "Hot partitions", "They are **hot**.")


@pytest.fixture
def secret(aws: Forum, ada: User) -> Thread:
    forum = make_forum("secret", title="Secret forum", description="Secret description")
    thread = start_thread(ada, forum, "Secret title", "Secret words.")
    forum.read_access = "members"
    forum.save()
    renew()
    return thread


def locations(url: str) -> list[str]:
    answer = Client().get(url)
    assert answer.status_code == 200 and answer["Content-Type"] == "application/xml; charset=utf-8"
    return [each.text or "" for each in ElementTree.fromstring(answer.content).iter(f"{SITEMAP}loc")]


# -- robots.txt -----------------------------------------------------------------------------------


def test_robots_are_told_what_is_not_for_them_and_where_the_sitemap_is(client: Client) -> None:
    answer = client.get("/robots.txt")
    lines = answer.content.decode().splitlines()
    assert answer["Content-Type"].startswith("text/plain")
    assert {"User-agent: *", "Disallow: /admin/", "Disallow: /search/", f"Sitemap: {BASE}/sitemap.xml"} <= {*lines}
    assert "Disallow: /" not in lines


def test_they_can_be_kept_out(client: Client, settings: Any) -> None:
    settings.SEARCH_ENGINES = False
    assert client.get("/robots.txt").content == b"User-agent: *\nDisallow: /\n"


# -- Sitemaps -------------------------------------------------------------------------------------


class TestSitemaps:
    def test_lead_to_every_public_thread(self, thread: Thread, secret: Thread) -> None:
        parts = locations("/sitemap.xml")
        assert parts == [f"{BASE}/sitemaps/aws-0-1.xml"]
        assert locations("/sitemaps/aws-0-1.xml") == [f"{BASE}/f/aws/", f"{BASE}{page_url(thread)}"]

    def test_every_shard_has_its_own(self, site: None, ada: User) -> None:
        busy = make_forum("busy-2", shards=3)
        threads = [start_thread(ada, busy, f"Thread {number}") for number in range(9)]
        parts = [part.removeprefix(BASE) for part in locations("/sitemap.xml")]
        assert parts == [f"/sitemaps/busy-2-{shard}-1.xml" for shard in range(3)]
        found = [url for part in parts for url in locations(part)]
        assert sorted(found) == sorted(BASE + url for url in ["/f/busy-2/", *map(page_url, threads)])

    def test_hold_a_bounded_number_each(self, aws: Forum, ada: User, monkeypatch: Any) -> None:
        monkeypatch.setattr(mapping, "THREADS", 2)
        threads = [start_thread(ada, aws, f"Thread {number}") for number in range(5)]
        kinds.tidy()
        kinds.tidy()
        parts = [part.removeprefix(BASE) for part in locations("/sitemap.xml")]
        assert parts == [f"/sitemaps/aws-0-{number}.xml" for number in (1, 2, 3)]
        found = [locations(part) for part in parts]
        assert [len(part) for part in found] == [3, 2, 1], "the first holds the forum, too"
        assert sorted(sum(found, [])) == sorted(BASE + url for url in ["/f/aws/", *map(page_url, threads)])

    def test_are_mapped_a_little_at_a_time(self, aws: Forum, ada: User, monkeypatch: Any) -> None:
        monkeypatch.setattr(mapping, "THREADS", 1)
        for number in range(4):
            start_thread(ada, aws, f"Thread {number}")
        assert [mapping.extend(queries=1) for _ in range(4)] == [1, 1, 1, 0]
        assert SitemapPart.objects.count() == 3

    @pytest.mark.parametrize("act", ["delete", "hide"])
    def test_forget_at_once_what_is_removed(self, act: str, thread: Thread, mod: User) -> None:
        assert len(locations("/sitemaps/aws-0-1.xml")) == 2
        assert signed_in(mod).post(f"/f/aws/{thread.id}/{act}/", {"reason": "No."}).status_code == 302
        assert locations("/sitemaps/aws-0-1.xml") == [f"{BASE}/f/aws/"]

    def test_know_nothing_of_private_forums(self, secret: Thread, ada: User) -> None:
        for browser in (Client(), signed_in(ada)):
            assert browser.get("/sitemaps/secret-0-1.xml").status_code == 404
            assert b"secret" not in browser.get("/sitemap.xml").content

    def test_close_with_their_forum(self, thread: Thread, aws: Forum) -> None:
        assert locations("/sitemaps/aws-0-1.xml")
        aws.read_access = "groups"
        aws.save()
        renew()
        assert locations("/sitemap.xml") == []
        assert Client().get("/sitemaps/aws-0-1.xml").status_code == 404

    @pytest.mark.parametrize("part", ["aws-0-2", "aws-1-1", "aws-0-0", "aws-00-1", "none-0-1", "aws-0-99999999"])
    def test_are_not_there_where_nothing_is(self, part: str, aws: Forum) -> None:
        assert Client().get(f"/sitemaps/{part}.xml").status_code == 404

    def test_cost_one_query_and_then_nothing(self, thread: Thread, client: Client) -> None:
        client.get("/sitemap.xml")
        with cost() as spent:
            assert client.get("/sitemaps/aws-0-1.xml")["X-Cache"] == "miss"
        assert spent.all == (["Query"], 1, 2)
        client.get("/sitemaps/aws-0-1.xml")
        with cost() as spent:
            assert client.get("/sitemaps/aws-0-1.xml")["X-Cache"] == "hit"
        assert spent.all == ([], 0, 0)


# -- In the pages ---------------------------------------------------------------------------------


def canonical(url: str, browser: Client | None = None) -> list[str]:
    return re.findall(r'<link rel="canonical" href="([^"]*)">', (browser or Client()).get(url).content.decode())


def data(url: str) -> dict[str, Any]:
    found = re.findall(r'<script type="application/ld\+json">(.*?)</script>', Client().get(url).content.decode())
    assert len(found) == 1
    loaded: dict[str, Any] = json.loads(found[0])
    return loaded


# https://developers.google.com/search/docs/appearance/structured-data/discussion-forum and schema.org.
REQUIRED = {
    "DiscussionForumPosting": ("@context", "headline", "author", "datePublished", "text", "url", "mainEntityOfPage"),
    "Person": ("name",),
    "InteractionCounter": ("interactionType", "userInteractionCount"),
    "WebPage": ("name", "url"),
}
ADDRESSES = ("url", "mainEntityOfPage")
TIMES = ("datePublished", "dateModified")


def lacking(thing: dict[str, Any]) -> Iterator[str]:
    """What a thing in JSON-LD lacks, or says in a form that it may not have."""
    kind = thing["@type"]
    for name in REQUIRED[kind]:
        if not thing.get(name) and thing.get(name) != 0:
            yield f"{kind} has no {name}"
    for name, value in thing.items():
        if isinstance(value, dict):
            yield from lacking(value)
        elif name in ADDRESSES and not value.startswith("http"):
            yield f"{kind}: {value}"
        elif name in TIMES and datetime.fromisoformat(value).tzinfo is None:
            yield f"{kind}: {value} has no zone"


class TestPages:
    def test_have_one_address(self, thread: Thread, ada: User, client: Client) -> None:
        for number in range(2, 23):
            reply(ada, thread, f"Post {number}.")
        url = page_url(thread)
        assert canonical(url) == canonical(f"{url}?page=1") == canonical(f"{url}?utm_source=x") == [f"{BASE}{url}"]
        assert canonical(f"{url}?page=2") == [f"{BASE}{url}?page=2"]
        assert canonical("/") == [f"{BASE}/"] and canonical("/f/aws/") == [f"{BASE}/f/aws/"]
        assert canonical("/u/ada/") == [f"{BASE}/u/ada/"]

    def test_show_what_a_link_to_them_is_about(self, thread: Thread, client: Client) -> None:
        page = client.get(page_url(thread)).content.decode()
        assert '<meta property="og:title" content="Hot partitions">' in page
        assert '<meta property="og:description" content="They are hot.">' in page
        assert f'<meta property="og:url" content="{BASE}{page_url(thread)}">' in page
        assert '<meta name="twitter:card" content="summary">' in page

    def test_tell_search_engines_who_wrote_what(self, thread: Thread, ada: User) -> None:
        reply(ada, thread)
        posting = data(page_url(thread))
        assert posting["@type"] == "DiscussionForumPosting" and posting["headline"] == "Hot partitions"
        assert posting["author"] == {"@type": "Person", "name": "ada", "url": f"{BASE}/u/ada/"}
        assert posting["text"] == "They are hot." and posting["url"] == f"{BASE}{page_url(thread)}"
        assert posting["interactionStatistic"]["userInteractionCount"] == 1

    def test_tell_all_that_search_engines_ask_for(self, thread: Thread, ada: User) -> None:
        reply(ada, thread)
        assert list(lacking(data(page_url(thread)))) == []
        assert list(lacking({"@type": "Person", "url": "/u/ada/"})) == ["Person has no name", "Person: /u/ada/"]

    def test_tell_nothing_of_a_text_that_stands_on_another(self, thread: Thread, ada: User, client: Client) -> None:
        for number in range(2, 23):
            reply(ada, thread, f"Post {number}.")
        page = client.get(f"{page_url(thread)}?page=2").content.decode()
        assert "ld+json" not in page and '<meta property="og:type" content="article">' in page

    def test_cannot_be_broken_out_of(self, aws: Forum, ada: User) -> None:
        thread = start_thread(ada, aws, HOSTILE, f"{HOSTILE}\n<!-- <script>")
        assert data(page_url(thread))["headline"] == HOSTILE
        page = Client().get(page_url(thread)).content.decode()
        assert "<script>alert" not in page and "<!-- <script>" not in page

    def test_of_private_forums_say_nothing(self, secret: Thread, ada: User) -> None:
        browser = signed_in(ada)
        for url in (page_url(secret), "/f/secret/", "/f/secret/latest/"):
            page = browser.get(url).content.decode()
            assert '<meta name="robots" content="noindex">' in page, url
            assert "og:" not in page and "ld+json" not in page and "application/atom+xml" not in page, url

    def test_that_do_not_last_are_not_indexed(self, thread: Thread, client: Client) -> None:
        page = client.get("/f/aws/?before=2030-01-01T00:00:00.000000Z~zzzzzzzz").content.decode()
        assert '<meta name="robots" content="noindex">' in page
