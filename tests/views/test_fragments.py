"""Parts of pages that stay as they are while the pages around them change, and when they do not."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation
from django.utils.safestring import SafeString

from forum import fragments, links
from forum.models import Forum, User
from forum.tables.threads import Thread
from tests.helpers import renew, reply, signed_in, start_thread

POST, ROW = "forum/_post.html", "forum/_thread_row.html"


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    fragments._kept.clear()


@pytest.fixture
def thread(aws: Forum, ada: User, bob: User) -> Thread:
    thread = start_thread(ada, aws, "Choosing a partition key")
    for number in range(4):
        reply(bob, thread, f"Reply {number}")
    return thread


def made(client: Client, url: str, template: str) -> int:
    """How often the template was rendered for this page."""
    response = client.get(url)
    assert response.status_code == 200
    return [each.name for each in response.templates].count(template)


def test_after_a_reply_only_the_new_post_is_rendered(thread: Thread, ada: User, client: Client) -> None:
    assert made(client, links.thread(thread), POST) == 5
    reply(ada, thread, "The newest one")
    response = client.get(links.thread(thread))
    assert [each.name for each in response.templates].count(POST) == 1
    assert all(text in response.content.decode() for text in ("Reply 0", "Reply 3", "The newest one"))


def test_after_a_reply_only_its_threads_row_is_rendered(
    thread: Thread, aws: Forum, ada: User, bob: User, client: Client
) -> None:
    for number in range(3):
        start_thread(ada, aws, f"Thread {number}")
    assert made(client, "/f/aws/", ROW) == 4
    reply(bob, thread)
    assert made(client, "/f/aws/", ROW) == 1


def test_a_member_reads_what_was_rendered_for_all(thread: Thread, ada: User, client: Client) -> None:
    client.get(links.thread(thread))
    reply(ada, thread)
    response = signed_in(ada).get(links.thread(thread))
    assert [each.name for each in response.templates].count(POST) == 1
    assert f"/f/aws/{thread.id}/1/edit/" in response.content.decode()


def test_a_new_name_stands_at_every_post(thread: Thread, bob: User, client: Client) -> None:
    client.get(links.thread(thread))
    bob.username = "robert"
    bob.save()
    renew()
    page = client.get(links.thread(thread)).content.decode()
    assert page.count("<bdi>robert</bdi>") >= 4 and "<bdi>bob</bdi>" not in page


def test_each_language_and_time_zone_has_its_own(site: None) -> None:
    def shown() -> SafeString:
        return fragments.render("forum/_theme.html")

    english = shown()
    assert shown() is english
    with translation.override("de"):
        assert shown() != english
    with timezone.override("Asia/Tokyo"):
        assert shown() is not english


def test_what_has_not_been_used_for_longest_makes_room() -> None:
    kept = fragments.Kept()
    for name in "abc":
        kept.put(name, SafeString(name * 5000), 25_000)
        kept.get("a")
    assert [kept.get(name) is not None for name in "abc"] == [True, False, True]


def test_without_memory_for_pages_there_is_none_for_their_parts(
    thread: Thread, ada: User, settings: Any, client: Client
) -> None:
    settings.LOCAL_PAGES_MB = 0
    client.get(links.thread(thread))
    reply(ada, thread)
    assert made(client, links.thread(thread), POST) == 6
