"""What an open page is told when it asks whether it is still as it was, and what it costs to be told nothing."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from forum.actions import notes
from forum.models import Forum, User
from forum.tables.threads import Thread
from tests.helpers import cost, make_forum, page_url, renew, reply, signed_in, start_thread

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def thread(aws: Forum, ada: User) -> Thread:
    return start_thread(ada, aws, "Grinders")


def live_url(thread: Thread, page: int = 1) -> str:
    return f"/f/{thread.forum}/{thread.id}/live/" + (f"?page={page}" if page > 1 else "")


def told(url: str, browser: Client | None = None) -> Any:
    answer = (browser or Client()).get(url)
    assert answer.status_code == 200 and answer["Content-Type"].startswith("application/json")
    return answer.json()


class TestAThread:
    def test_says_what_its_page_shows(self, thread: Thread, bob: User) -> None:
        reply(bob, thread)
        page = Client().get(page_url(thread)).content.decode()
        now = told(live_url(thread))
        shown = dict(re.findall(r'id="post-(\d+)" data-revision="(\d+)"', page))
        assert {number: str(revision) for number, revision in now["posts"].items()} == shown
        assert (
            f'data-last="{now["last"]}" data-head="{now["head"]}"' in page and f'data-live="{live_url(thread)}"' in page
        )

    def test_tells_of_a_reply_at_once(self, thread: Thread, bob: User) -> None:
        assert told(live_url(thread))["last"] == 1
        reply(bob, thread)
        assert told(live_url(thread))["last"] == 2

    @pytest.mark.parametrize("act", ["edit", "delete", "like"])
    def test_tells_of_a_post_that_changes(self, act: str, thread: Thread, ada: User, bob: User) -> None:
        reply(ada, thread)
        before = told(live_url(thread))["posts"]["2"]
        who = bob if act == "like" else ada
        fields = {"edit": {"body": "Other words", "revision": before}, "like": {"on": "1"}, "delete": {}}[act]
        assert signed_in(who).post(f"/f/aws/{thread.id}/2/{act}/", fields).status_code == 302
        assert told(live_url(thread))["posts"]["2"] > before

    def test_tells_that_it_was_locked(self, thread: Thread, mod: User) -> None:
        before = told(live_url(thread))["head"]
        signed_in(mod).post(f"/f/aws/{thread.id}/lock/", {"locked": "1", "reason": "Enough."})
        assert told(live_url(thread))["head"] != before

    def test_of_several_pages_tells_of_one(self, thread: Thread, bob: User) -> None:
        for _ in range(21):
            reply(bob, thread)
        first, second = told(live_url(thread)), told(live_url(thread, 2))
        assert len(first["posts"]) == 20 and list(second["posts"]) == ["21", "22"]
        assert first["last"] == second["last"] == 22

    @pytest.mark.parametrize("page", ["2", "0", "x", "99999999999"])
    def test_has_no_other_pages(self, page: str, thread: Thread) -> None:
        assert Client().get(f"{live_url(thread)}?page={page}").status_code == 404

    def test_that_is_gone_says_so(self, thread: Thread, mod: User) -> None:
        assert told(live_url(thread))
        signed_in(mod).post(f"/f/aws/{thread.id}/delete/", {"reason": "Spam."})
        assert Client().get(live_url(thread)).status_code == 404


class TestLists:
    @pytest.mark.parametrize(("page", "url"), [("/", "/live/"), ("/f/aws/", "/f/aws/live/")])
    def test_say_what_their_pages_show(self, page: str, url: str, thread: Thread, bob: User) -> None:
        for _ in range(2):
            html = Client().get(page).content.decode()
            shown = {
                thread_id: int(last) for thread_id, last in re.findall(r'data-thread="(\w+)" data-last="(\d+)"', html)
            }
            assert told(url)["threads"] == shown and f'data-live="{url}"' in html
            reply(bob, thread)

    def test_of_older_threads_have_nothing_to_ask(self, thread: Thread) -> None:
        older = Client().get("/f/aws/?before=2036-01-01T00:00:00.000000Z~aaaaaaaa").content.decode()
        assert "Grinders" in older and "data-live" not in older


class TestReaders:
    def test_are_told_of_their_notes(self, thread: Thread, ada: User) -> None:
        browser = signed_in(ada)
        assert told(live_url(thread), browser)["notes"] == "0" and told(live_url(thread))["notes"] == ""
        notes.tell(str(ada.pk), "warn", "Please be kind.")
        assert told(live_url(thread), browser)["notes"] == "1"
        assert told("/live/", browser)["notes"] == "1"

    def test_who_may_not_read_are_told_nothing(self, ada: User, bob: User) -> None:
        crew = make_forum("crew", read_access="groups")
        group = Group.objects.create(name="crew")
        crew.read_groups.add(group)
        ada.groups.add(group)
        renew()
        thread = start_thread(ada, crew, "Secret")
        assert told(live_url(thread), signed_in(ada))["last"] == 1
        for browser in (Client(), signed_in(bob)):
            assert [browser.get(url).status_code for url in (live_url(thread), "/f/crew/live/")] == [404, 404]
            assert told("/live/", browser)["threads"] == {}
        ada.groups.remove(group)
        assert signed_in(ada).get(live_url(thread)).status_code == 404

    def test_have_not_read_what_their_page_fetched_by_itself(self, thread: Thread, ada: User, bob: User) -> None:
        browser = signed_in(ada)
        browser.get(page_url(thread))
        reply(bob, thread)
        browser.get(page_url(thread), headers={"X-Requested-With": "renewal"})
        assert ">1 new<" in browser.get("/f/aws/").content.decode()
        browser.get(page_url(thread))
        assert ">1 new<" not in browser.get("/f/aws/").content.decode()


class TestCost:
    def test_of_news_is_that_of_the_page(self, thread: Thread) -> None:
        with cost() as spent:
            told(live_url(thread))
        assert sorted(spent.dynamodb.calls) == ["GetItem", "Query"] and spent.sql == 0

    def test_of_no_news_is_nothing(self, thread: Thread, ada: User) -> None:
        for browser in (Client(), signed_in(ada)):
            for _ in range(2):
                tag = browser.get(live_url(thread))["ETag"]
            with cost() as spent:
                answer = browser.get(live_url(thread), headers={"If-None-Match": tag})
            assert answer.status_code == 304
            assert (spent.dynamodb.calls, spent.sql, spent.redis) == ([], 0, 0)

    def test_asking_is_not_reading(self, thread: Thread, ada: User) -> None:
        from forum.cache import visits

        browser = signed_in(ada)
        visits.forget()
        for _ in range(3):
            told(live_url(thread), browser)
        assert not visits._pages
        browser.get(page_url(thread))
        assert visits._pages == {str(ada.pk): 1}
