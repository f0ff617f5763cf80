"""What a reader gets when a store is down: a page that says so, soon, and their text."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from forum import directory
from forum import redis as stores
from forum.errors import Unavailable
from forum.local import redis
from forum.models import Forum, User
from forum.tables import base
from forum.tables.threads import Thread
from tests.helpers import cost, page_url, reply, signed_in, start_thread, token

TEXT = "Words that took an hour to write."


def text(response) -> str:  # type: ignore[no-untyped-def]
    return response.content.decode()


@pytest.fixture
def thread(aws: Forum, ada: User) -> Thread:
    return start_thread(ada, aws)


class TestWithoutRedis:
    @pytest.fixture
    def member(self, thread: Thread, bob: User, settings, tmp_path: Path) -> Iterator[Client]:  # type: ignore[no-untyped-def]
        """A signed-in member, on a Redis that is then killed."""
        server = redis.start(tmp_path)
        settings.CACHES = {
            alias: {**options, "LOCATION": f"{server.url}?db={number}"}
            for number, (alias, options) in enumerate(settings.CACHES.items())
        }
        directory._kept = None
        client = signed_in(bob)
        assert "/u/Bob/" in text(client.get("/"))
        assert server.process is not None
        server.process.kill()
        server.process.wait()
        yield client

    @pytest.mark.parametrize("url", ["/", "/f/aws/", "thread", "/u/ada/", "/f/aws/latest/"])
    def test_everything_can_still_be_read(self, url: str, member: Client, thread: Thread) -> None:
        started = time.monotonic()
        answer = member.get(page_url(thread) if url == "thread" else url)
        assert time.monotonic() - started < 5, "nobody waits for a dead server"
        assert answer.status_code == 200 and answer["X-Cache"] == "bypass"
        assert "/u/Bob/" not in text(answer) and "signed out" in text(answer)

    def test_the_member_keeps_the_cookie(self, member: Client) -> None:
        before = member.cookies["sessionid"].value
        member.get("/")
        assert member.cookies["sessionid"].value == before

    def test_what_is_written_comes_back_with_a_try_again(self, member: Client, thread: Thread, bob: User) -> None:
        answer = member.post(f"/f/aws/{thread.id}/reply/", {"body": TEXT, "token": token(bob)})
        assert answer.status_code == 503 and TEXT in text(answer)
        assert int(answer["Retry-After"]) > 0

    def test_signing_in_says_try_again(self, member: Client) -> None:
        answer = Client().post("/accounts/login/", {"login": "Bob", "password": "correct horse"})
        assert answer.status_code == 503


def test_a_note_leads_to_its_post_without_a_redis_that_could_take_it_as_read(
    thread: Thread, ada: User, bob: User, settings: Any, tmp_path: Path
) -> None:
    reply(bob, thread)
    member = signed_in(ada)
    [link] = re.findall(r'<a href="(/notifications/2[^"]+)"', text(member.get("/notifications/")))
    there = settings.CACHES
    settings.CACHES = there | {"default": there["default"] | {"LOCATION": f"unix://{tmp_path}/redis.sock?db=0"}}
    answers = [member.get(link), member.get("/notifications/2026-11-24T00:00:00.000000Z~aaaaaaaa/"), member.post(link)]
    assert [(each.status_code, each.get("Location")) for each in answers] == [
        (302, f"/p/{thread.id}/2/"),
        (302, "/notifications/"),
        (503, None),
    ]
    stores.forget_failures()
    settings.CACHES = there
    assert link in text(member.get("/notifications/")), "it is unread as before"


def test_a_full_redis_refuses_the_write_and_the_text_comes_back(thread: Thread, bob: User) -> None:
    member, fields = signed_in(bob), {"body": TEXT, "token": token(bob)}
    redis_server = stores.client()
    redis_server.config_set("maxmemory", 1)
    try:
        answer = member.post(f"/f/aws/{thread.id}/reply/", fields)
    finally:
        redis_server.config_set("maxmemory", 0)
    assert answer.status_code == 503 and TEXT in text(answer)
    stores.forget_failures()
    assert member.post(f"/f/aws/{thread.id}/reply/", fields).status_code == 302


class TestWithoutDynamoDB:
    @pytest.fixture(autouse=True)
    def gone(self, thread: Thread, settings) -> Iterator[None]:  # type: ignore[no-untyped-def]
        settings.DYNAMODB_ENDPOINT_URL = "http://127.0.0.1:9"
        base.reset_connection()
        yield
        base.reset_connection()

    @pytest.fixture(autouse=True)
    def back_before_the_tables_are_dropped(self, tables: None, gone: None) -> None:
        """Only orders the fixtures."""

    def test_reading_says_try_again(self, client: Client, thread: Thread) -> None:
        for url in ("/", "/f/aws/", page_url(thread), f"/p/{thread.id}/1/"):
            started = time.monotonic()
            answer = client.get(url)
            assert answer.status_code == 503 and answer["Retry-After"], url
            assert "Traceback" not in text(answer) and "<h1>" in text(answer)
            assert time.monotonic() - started < 5

    def test_writing_gives_the_text_back(self, thread: Thread, bob: User) -> None:
        answer = signed_in(bob).post(f"/f/aws/{thread.id}/reply/", {"body": TEXT, "token": token(bob)})
        assert answer.status_code == 503 and TEXT in text(answer)

    def test_the_error_is_not_cached(self, client: Client, thread: Thread, settings, engines: str) -> None:  # type: ignore[no-untyped-def]
        client.get("/f/aws/")
        settings.DYNAMODB_ENDPOINT_URL = engines
        base.reset_connection()
        assert client.get("/f/aws/").status_code == 200


def test_a_database_that_fails_gives_a_page(thread: Thread, client: Client) -> None:
    from unittest.mock import patch

    from django.db import OperationalError

    with patch("forum.views.rows.Authors", side_effect=OperationalError("database is locked")):
        answer = client.get("/f/aws/")
    assert answer.status_code == 503 and "<h1>" in text(answer)


def test_a_bug_gives_a_page_without_details(thread: Thread) -> None:
    from unittest.mock import patch

    with patch("forum.views.rows.Authors", side_effect=ZeroDivisionError("secret detail")):
        answer = Client(raise_request_exception=False).get("/f/aws/")
    assert answer.status_code == 500
    assert "secret detail" not in text(answer) and "<h1>" in text(answer)


def test_a_session_that_cannot_be_saved_gives_a_page(aws: Forum, ada: User, client: Client) -> None:
    from unittest.mock import patch

    from forum.sessions import AWAY, SessionStore

    with patch.object(SessionStore, "save", side_effect=Unavailable(AWAY)):
        answer = client.post("/accounts/login/", {"login": "ada", "password": "correct horse"})
    assert answer.status_code == 503 and AWAY in text(answer) and "\x01" not in text(answer)


def test_a_request_for_another_host_gives_a_page(client: Client, site: None) -> None:
    answer = client.get("/", headers={"host": "evil.example"})
    assert answer.status_code == 400 and "<h1>" in text(answer) and "\x01" not in text(answer)


def test_a_request_that_scans_fails(thread: Thread, client: Client) -> None:
    from unittest.mock import patch

    from forum.tables.posts import Post

    def scans(*arguments: object) -> list[Post]:
        return list(Post.scan(limit=1))

    with patch("forum.tables.threads.list_by_activity", scans), pytest.raises(base.ScanRefused):
        client.get("/f/aws/")


def test_the_health_check_asks_nobody(client: Client, site: None) -> None:
    with cost() as spent:
        answer = client.get("/healthz", headers={"host": "10.0.0.7"})
    assert answer.content == b"ok\n" and spent.all == ([], 0, 0)
