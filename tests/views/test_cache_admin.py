"""The page of the page cache in the admin."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from forum import directory
from forum import redis as stores
from forum.cache import pages, stats
from forum.local import redis
from forum.models import Forum, User
from tests.helpers import make_member, page_url, signed_in, start_thread

PAGE = "/admin/cache/"


def text(response) -> str:  # type: ignore[no-untyped-def]
    return response.content.decode()


def figures(page: str, label: str) -> list[str]:
    """What stands in the row of this name."""
    [row] = re.findall(rf'<tr><th scope="row">{re.escape(label)}</th>(.*?)</tr>', page)
    return re.findall("<td>(.*?)</td>", row)


@pytest.fixture
def root(site: None) -> User:
    return make_member("root", is_staff=True, is_superuser=True)


@pytest.fixture
def admin(root: User) -> Client:
    """A superuser's browser; what this process counted in earlier tests is not this site's."""
    stats.flush()
    stores.client().flushdb()
    return signed_in(root)


class TestWhoMaySeeIt:
    def test_it_has_its_place(self) -> None:
        assert reverse("admin:cache") == PAGE

    def test_superusers_find_it_in_the_admin(self, admin: Client) -> None:
        assert text(admin.get("/admin/")).count(f'href="{PAGE}"') >= 1
        assert f'href="{PAGE}"' in text(admin.get("/admin/forum/user/"))
        assert admin.get(PAGE).status_code == 200

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_other_staff_do_not(self, mod: User, method: str) -> None:
        browser = signed_in(mod)
        assert PAGE not in text(browser.get("/admin/"))
        answer = getattr(browser, method)(PAGE, {"drop": "everything"})
        assert answer.status_code == 403 and "<h1>" in text(answer)
        assert not LogEntry.objects.exists()

    def test_members_and_strangers_do_not(self, ada: User, client: Client) -> None:
        assert signed_in(ada).get(PAGE, follow=True).status_code == 403
        assert client.get(PAGE)["Location"].startswith("/admin/login/")

    def test_a_form_from_elsewhere_drops_nothing(self, root: User) -> None:
        browser = signed_in(root, enforce_csrf_checks=True)
        before = pages.generation("site")
        assert browser.post(PAGE, {"drop": "everything"}).status_code == 403
        assert pages.generation("site") == before


class TestActivity:
    def test_nothing_yet(self, admin: Client) -> None:
        page = text(admin.get(PAGE))
        assert figures(page, "Hit rate") == ["–"] * 3
        assert "No process has told anything" in page

    def test_hits_by_kind_and_the_hit_rate(self, admin: Client) -> None:
        for event, n in {"fast": 1500, "hit": 300, "miss": 200, "invalidation": 6}.items():
            stats.count(event, n)
        stats.flush()
        page = text(admin.get(PAGE))
        assert figures(page, "Hit rate") == ["90.0%"] * 3
        assert figures(page, "From memory, before Django")[0] == "1,500"
        assert figures(page, "Rendered and kept (a miss)")[2] == "200"
        a_minute, _, an_hour = figures(page, "Invalidations a minute")
        assert float(a_minute) >= 3 and float(an_hour) == 0.1

    def test_the_servers(self, admin: Client) -> None:
        page = text(admin.get(PAGE))
        assert len(figures(page, "Memory in use")) == 2 and "B" in figures(page, "Memory in use")[0]
        assert figures(page, "When it is full") == ["noeviction"] * 2
        assert figures(page, "Memory limit") == ["1.0\xa0GB"] * 2

    def test_the_workers(self, admin: Client) -> None:
        try:
            stats.gauge("local pages", 1234)
            stats.gauge("local bytes", 3 * 1024 * 1024)
            stats.flush()
        finally:
            stats._gauges.clear()
        page = text(admin.get(PAGE))
        assert "1,234" in page and "3.0\xa0MB" in page and "local pages" in page


class TestLookingUpATag:
    @pytest.mark.parametrize(
        ("tag", "what"),
        [
            ("site", "A tag of the site itself"),
            ("home", "A tag of the site itself"),
            ("forum:aws", "There is such a forum"),
            ("latest:aws", "There is such a forum"),
            ("forum:nowhere", "There is no such forum"),
            ("user:ada", "There is such a member"),
            ("user:ADA", "There is such a member"),
            ("user:nobody", "There is no such member"),
            ("account:999999", "There is no such member"),
            ("thread:01KAQ4ZT9N8YV3W2Q6JX5R7D03", "There is no such thread"),
            ("  home ", "A tag of the site itself"),
        ],
    )
    def test_shows_its_generation_and_whether_there_is_such_a_thing(
        self, tag: str, what: str, admin: Client, aws: Forum, ada: User
    ) -> None:
        page = text(admin.get(PAGE, {"tag": tag}))
        assert pages.generation(tag.strip().lower() if "user" in tag else tag.strip()) in page
        assert what in page and "Drop this tag" in page

    def test_a_thread_is_found(self, admin: Client, aws: Forum, ada: User) -> None:
        thread = start_thread(ada, aws)
        assert "There is such a thread" in text(admin.get(PAGE, {"tag": f"thread:{thread.id}"}))

    @pytest.mark.parametrize(
        ("typed", "sentence"),
        [
            ("", "Type a tag"),
            ("   ", "Type a tag"),
            ("x" * 201, "longer than 200"),
            ("aws", "This is no tag"),
            ("site:aws", "This is no tag"),
            ("forum", "This is no tag"),
            ("forum:", "followed by something else"),
            ("forum:AWS", "followed by something else"),
            ("thread:01K", "followed by something else"),
            ("user:<script>", "followed by something else"),
            ("account:ada", "followed by something else"),
            ("forum:aws\nhome", "followed by something else"),
        ],
        ids=ascii,
    )
    def test_what_is_no_tag_is_told_and_does_nothing(self, typed: str, sentence: str, admin: Client) -> None:
        # Whoever comes into the administration is looked up, which knows the site's tag and the account's.
        admin.get(PAGE)
        keys = stores.client().keys("g:*")
        looked = admin.get(PAGE, {"tag": typed})
        dropped = admin.post(PAGE, {"tag": typed, "drop": "tag"})
        assert (looked.status_code, dropped.status_code) == (200, 422)
        for answer in (looked, dropped):
            assert sentence in text(answer) and "Drop this tag" not in text(answer)
            assert "<script>" not in text(answer)
        assert stores.client().keys("g:*") == keys and not LogEntry.objects.exists()


class TestDropping:
    def test_a_tag(self, admin: Client, root: User, aws: Forum, ada: User, client: Client) -> None:
        thread = start_thread(ada, aws)
        urls = [page_url(thread), "/f/aws/"]
        for url in urls:
            client.get(url)
        answer = admin.post(PAGE, {"tag": f"thread:{thread.id}", "drop": "tag"}, follow=True)
        assert f"Dropped all pages that carry thread:{thread.id}." in text(answer)
        assert [client.get(url)["X-Cache"] for url in urls] == ["miss", "hit"]
        entry = LogEntry.objects.get()
        assert entry.user == root and f"thread:{thread.id}" in entry.object_repr

    def test_everything(self, admin: Client, root: User, aws: Forum, client: Client) -> None:
        urls = ["/", "/f/aws/"]
        for url in urls:
            client.get(url)
        answer = admin.post(PAGE, {"drop": "everything"}, follow=True)
        assert "Dropped all pages." in text(answer)
        assert [client.get(url)["X-Cache"] for url in urls] == ["miss", "miss"]
        assert LogEntry.objects.get().user == root
        assert "Page cache: all pages" in text(admin.get("/admin/"))

    def test_a_form_without_a_button_drops_nothing(self, admin: Client) -> None:
        before = pages.generation("site")
        assert admin.post(PAGE, {}).status_code == 422
        assert pages.generation("site") == before


class TestWithoutRedis:
    @pytest.fixture
    def admin(self, root: User, settings, tmp_path: Path) -> Iterator[Client]:  # type: ignore[no-untyped-def]
        """A superuser's browser; the server of the pages is then killed, that of the sessions stays."""
        server = redis.start(tmp_path)
        settings.CACHES = {**settings.CACHES, "default": {**settings.CACHES["default"], "LOCATION": server.url}}
        directory._kept = None
        browser = signed_in(root)
        assert "Redis does not answer" not in text(browser.get(PAGE))
        assert server.process is not None
        server.process.kill()
        server.process.wait()
        yield browser
        stores.forget_failures()

    def test_the_page_says_so(self, admin: Client) -> None:
        answer = admin.get(PAGE, {"tag": "home"})
        assert answer.status_code == 200
        assert "Redis does not answer" in text(answer)
        assert figures(text(answer), "When it is full") == ["does not answer", "noeviction"]

    @pytest.mark.parametrize("fields", [{"drop": "everything"}, {"drop": "tag", "tag": "home"}])
    def test_dropping_says_that_nothing_was_dropped(self, admin: Client, fields: dict[str, str]) -> None:
        answer = admin.post(PAGE, fields, follow=True)
        assert answer.status_code == 200 and "nothing was dropped" in text(answer)
        assert not LogEntry.objects.exists(), "what did not happen is not in the log"


def test_it_holds_no_inline_script_or_style(admin: Client) -> None:
    page = text(admin.get(PAGE, {"tag": "home"}))
    assert not re.search(r"<style|<script(?![^>]*\ssrc=)|<[a-z][^>]*\s(?:style|on[a-z]+)\s*=", page)
