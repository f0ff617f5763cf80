"""Hidden and deleted threads in the administration, and what the index remembers of who acted."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from forum.admin.removed import Removed
from forum.models import Forum, User
from tests.helpers import cost, make_forum, signed_in, start_thread

from .test_posts import make_moderator, text, way
from .test_threads import titles

PAGE = "/admin/removed/"


@pytest.fixture
def admin(mod: User) -> Client:
    return signed_in(mod)


def remove(browser: Client, path: str, act: str = "hide") -> None:
    assert browser.post(f"/admin/{path}/{act}/", {"reason": "Off topic", "confirmed": "1"}).status_code == 302


class TestRemovedThreads:
    def test_those_that_still_are(self, admin: Client, aws: Forum, ada: User) -> None:
        first, second, third, _ = (start_thread(ada, aws, f"Thread {n}") for n in range(4))
        remove(admin, f"threads/{first.id}")
        remove(admin, f"posts/{second.id}-1", "delete")
        remove(admin, f"threads/{third.id}")
        remove(admin, f"threads/{third.id}", "show")
        page = text(admin.get(PAGE, {"forum": "aws"}))
        assert titles(page) == ["Thread 1", "Thread 0"]
        assert f'href="/admin/threads/{first.id}/"' in page and "status-deleted" in page and "status-hidden" in page
        assert f"{PAGE}?forum=aws" in text(admin.get("/admin/threads/", {"forum": "aws"}))

    def test_each_once_however_often_it_was_hidden(self, admin: Client, aws: Forum, ada: User) -> None:
        thread = start_thread(ada, aws, "Again and again")
        for act in ("hide", "show", "hide", "delete"):
            remove(admin, f"threads/{thread.id}", act)
        assert titles(text(admin.get(PAGE))) == ["Again and again"]

    def test_a_page_is_a_page_of_the_log(
        self, admin: Client, aws: Forum, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Removed, "per_page", 2)
        thread = start_thread(ada, aws, "Long ago")
        remove(admin, f"threads/{thread.id}")
        other = start_thread(ada, aws, "Not hidden")
        for act in ("lock", "unlock"):
            remove(admin, f"threads/{other.id}", act)
        first = admin.get(PAGE)
        assert titles(text(first)) == [] and "still is" in text(first)
        assert titles(text(admin.get(PAGE + way(text(first), "next")))) == ["Long ago"]

    def test_what_it_costs(self, admin: Client, aws: Forum, ada: User) -> None:
        for n in range(3):
            remove(admin, f"threads/{start_thread(ada, aws, f'Thread {n}').id}")
        admin.get(PAGE)
        with cost() as spent:
            admin.get(PAGE)
        assert spent.dynamodb.calls == ["Query", "BatchGetItem"]

    def test_of_ones_own_forums_alone(self, admin: Client, aws: Forum, ada: User) -> None:
        remove(admin, f"threads/{start_thread(ada, aws, 'In aws').id}")
        browser = signed_in(make_moderator("teapot", make_forum("tea")))
        assert titles(text(browser.get(PAGE))) == []
        assert browser.get(PAGE, {"forum": "aws"}).status_code == 404


class TestRecentActions:
    def test_the_index_shows_what_one_did(self, admin: Client, mod: User, aws: Forum, ada: User) -> None:
        thread = start_thread(ada, aws, "Lambda or not")
        remove(admin, f"threads/{thread.id}", "lock")
        remove(admin, f"posts/{thread.id}-1")
        admin.post(f"/admin/forum/user/{ada.pk}/moderation/warn/", {"reason": "Be kind."})
        index = text(admin.get("/admin/"))
        for words in (f"Lock: thread {thread.id}", f"Hide: post {thread.id}-1", f"Warn: member {ada.pk}"):
            assert words in index

    def test_what_was_refused_is_not_there_and_no_name_is(self, admin: Client, aws: Forum, ada: User) -> None:
        thread = start_thread(ada, aws, "Lambda or not")
        assert admin.post(f"/admin/threads/{thread.id}/show/", {"confirmed": "1"}).status_code == 409
        assert not LogEntry.objects.exists()
        remove(admin, f"threads/{thread.id}", "lock")
        told: list[Any] = list(LogEntry.objects.values_list("object_repr", "change_message"))
        assert len(told) == 1 and "ada" not in str(told) and "Lambda" not in str(told)


def test_everybody_is_led_to_the_public_log_where_there_is_one(client: Client, aws: Forum, settings: Any) -> None:
    assert "Moderation log" not in text(client.get("/f/aws/"))
    settings.PUBLIC_MODERATION_LOG = True
    assert 'href="/moderation-log/"' in text(client.get("/f/aws/latest/"))
