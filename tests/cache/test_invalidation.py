"""Which pages each act makes stale, and which it leaves alone, through the front door."""

from typing import Any
from unittest.mock import patch
from urllib.parse import urljoin

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from forum.cache.tags import HOME, SITE, TAGS, TITLES
from forum.models import Forum, User
from forum.redis import client
from forum.tables.threads import Thread
from forum.urls import urlpatterns
from forum.views import caching
from tests.helpers import cost, make_forum, page_url, reply, signed_in, start_thread
from tests.safe.crowd import routes

pytestmark = pytest.mark.usefixtures("known_for_long")


class Pages:
    """All cached pages of a small site, filled; `stale()` names those that an act has made stale."""

    def __init__(self, django_forum: Forum, thread: Thread, other: Thread) -> None:
        self.urls = {
            "home": "/",
            "forum": "/f/aws/",
            "latest": "/f/aws/latest/",
            "thread": page_url(thread),
            "ada": "/u/ada/",
            "bob": "/u/Bob/",
            "other thread": page_url(other),
            "other forum": "/f/django/",
            "other latest": "/f/django/latest/",
        }
        for url in self.urls.values():
            Client().get(url)
        assert self.stale() == set()

    def stale(self) -> set[str]:
        answers = {name: Client().get(url) for name, url in self.urls.items()}
        return {name for name, answer in answers.items() if answer.get("X-Cache") != "hit"}


@pytest.fixture
def thread(aws: Forum, ada: User) -> Thread:
    return start_thread(ada, aws, "The thread", "Its text.")


@pytest.fixture
def pages(thread: Thread, ada: User, bob: User) -> Pages:
    django_forum = make_forum("django")
    other = start_thread(ada, django_forum, "Another thread")
    reply(bob, other)
    return Pages(django_forum, thread, other)


def test_a_reply(pages: Pages, thread: Thread, bob: User) -> None:
    reply(bob, thread)
    assert pages.stale() == {"home", "forum", "latest", "thread", "bob"}


def test_a_new_thread(pages: Pages, aws: Forum, bob: User) -> None:
    start_thread(bob, aws)
    assert pages.stale() == {"home", "forum", "latest", "bob"}


def test_an_edit_of_the_text(pages: Pages, thread: Thread, ada: User) -> None:
    fields = {"title": "The thread", "body": "New text.", "revision": 1}
    assert signed_in(ada).post(f"/f/aws/{thread.id}/1/edit/", fields).status_code == 302
    assert pages.stale() == {"latest", "thread", "ada"}


def test_an_edit_of_the_title(pages: Pages, thread: Thread, ada: User) -> None:
    fields = {"title": "Renamed", "body": "Its text.", "revision": 1}
    assert signed_in(ada).post(f"/f/aws/{thread.id}/1/edit/", fields).status_code == 302
    assert pages.stale() == {"home", "forum", "latest", "thread", "ada", "bob"}, "bob may have posted there"


def test_deleting_a_reply(pages: Pages, thread: Thread, bob: User) -> None:
    reply(bob, thread)
    pages.stale()
    signed_in(bob).post(f"/f/aws/{thread.id}/2/delete/")
    assert pages.stale() == {"home", "forum", "latest", "thread", "bob"}


def test_a_moderators_edit_renews_the_authors_page(pages: Pages, thread: Thread, mod: User) -> None:
    fields = {"title": "The thread", "body": "Moderated.", "revision": 1, "reason": "Clearer."}
    signed_in(mod).post(f"/f/aws/{thread.id}/1/edit/", fields)
    assert pages.stale() == {"latest", "thread", "ada"}


def test_locking(pages: Pages, thread: Thread, mod: User) -> None:
    signed_in(mod).post(f"/f/aws/{thread.id}/lock/", {"locked": "1"})
    assert pages.stale() == {"home", "forum", "thread"}


def test_a_like_and_an_answer_renew_the_thread_and_the_page_that_counts_them(
    pages: Pages, thread: Thread, ada: User, bob: User
) -> None:
    reply(bob, thread)
    pages.stale()
    for who, act, on in ((bob, "1/like", "1"), (bob, "1/like", "0"), (ada, "2/answer", "1"), (ada, "2/answer", "0")):
        assert signed_in(who).post(f"/f/aws/{thread.id}/{act}/", {"on": on}).status_code == 302
        # Lists mark the threads that have an answer; of likes they say nothing.
        renewed = {"thread", "ada"} if act == "1/like" else {"thread", "bob", "home", "forum"}
        assert pages.stale() == renewed, (act, on)


def test_other_tags_renew_the_lists_that_show_them(pages: Pages, thread: Thread, ada: User) -> None:
    fields = {"title": "The thread", "body": "Its text.", "revision": 1, "tags": "howto"}
    assert signed_in(ada).post(f"/f/aws/{thread.id}/1/edit/", fields).status_code == 302
    assert pages.stale() >= {"home", "forum", "thread"}


def test_a_bookmark_and_a_like_that_is_refused_renew_nothing_of_others(pages: Pages, thread: Thread, ada: User) -> None:
    for act, status in (("bookmark", 302), ("like", 403), ("answer", 403)):
        assert signed_in(ada).post(f"/f/aws/{thread.id}/1/{act}/", {"on": "1"}).status_code == status
    assert pages.stale() == set()


class TestModerating:
    """Each act makes stale what shows it, and nothing else."""

    EVERYWHERE = {"home", "forum", "latest", "thread", "ada", "bob"}

    def act(self, mod: User, thread: Thread, path: str, **fields: str) -> None:
        answer = signed_in(mod).post(f"/f/aws/{thread.id}/{path}/", {"reason": "Not here.", **fields})
        assert answer.status_code == 302, answer.content.decode()

    def test_hiding_and_showing_a_reply(self, pages: Pages, thread: Thread, bob: User, mod: User) -> None:
        reply(bob, thread)
        pages.stale()
        for path in ("2/hide", "2/show", "2/delete", "2/undelete"):
            self.act(mod, thread, path)
            assert pages.stale() == {"home", "forum", "latest", "thread", "bob"}, path

    def test_the_first_post_takes_its_thread_along(self, pages: Pages, thread: Thread, mod: User) -> None:
        for path in ("1/hide", "1/show", "1/delete", "1/undelete"):
            self.act(mod, thread, path)
            # A thread that is hidden has no page that could be kept.
            assert pages.stale() == self.EVERYWHERE, path
            pages.stale()

    def test_a_thread_goes_and_comes_back(self, pages: Pages, thread: Thread, mod: User) -> None:
        for path in ("hide", "show", "delete", "undelete"):
            self.act(mod, thread, path)
            assert pages.stale() == self.EVERYWHERE, path

    def test_renaming(self, pages: Pages, thread: Thread, mod: User) -> None:
        self.act(mod, thread, "rename", title="Renamed", edited="The thread")
        assert pages.stale() == self.EVERYWHERE

    def test_pinning(self, pages: Pages, thread: Thread, mod: User) -> None:
        for pinned in "10":
            self.act(mod, thread, "pin", pinned=pinned)
            assert pages.stale() == {"home", "forum", "thread"}

    def test_archiving(self, pages: Pages, thread: Thread, mod: User) -> None:
        for archived in "10":
            self.act(mod, thread, "archive", archived=archived)
            assert pages.stale() == {"thread"}, "no list says that a thread is archived"

    def test_deleting_for_good(self, pages: Pages, thread: Thread, bob: User, mod: User) -> None:
        reply(bob, thread)
        pages.stale()
        mod.user_permissions.add(Permission.objects.get(codename="delete_post"))
        self.act(mod, thread, "2/purge")
        assert pages.stale() == {"home", "forum", "latest", "thread", "bob"}

    def test_what_comes_too_late_or_without_a_reason_renews_nothing(
        self, pages: Pages, thread: Thread, mod: User
    ) -> None:
        client = signed_in(mod)
        for path, fields in (("1/show", {}), ("1/hide", {}), ("hide", {"reason": "x"}), ("pin", {"pinned": "0"})):
            assert client.post(f"/f/aws/{thread.id}/{path}/", fields).status_code in (409, 422), path
        assert pages.stale() == set()


def test_what_is_refused_or_previewed_renews_nothing(pages: Pages, thread: Thread, ada: User, mod: User) -> None:
    reply(ada, thread, "")
    signed_in(ada).post(f"/f/aws/{thread.id}/reply/", {"body": "x", "token": "forged"})
    signed_in(ada).post(f"/f/aws/{thread.id}/1/edit/", {"title": "The thread", "body": "x", "revision": 7})
    signed_in(ada).post(f"/f/aws/{thread.id}/lock/", {"locked": "1"})
    assert pages.stale() == set()


@pytest.mark.django_db(transaction=True)
class TestTheAdmin:
    """Changes in Django admin show on every page, at once."""

    @pytest.fixture
    def admin(self, site: None, mod: User) -> Client:
        mod.is_superuser = True
        mod.save()
        return signed_in(mod)

    def fields(self, **changed: object) -> dict[str, object]:
        return {
            "name": "aws", "title": "AWS", "description": "", "order": 1, "read_access": "public",
            "post_access": "members", "shards": 1, **changed,
        }  # fmt: skip

    def test_a_forum_is_made_renamed_closed_and_deleted(self, admin: Client, client: Client) -> None:
        assert client.get("/f/aws/").status_code == 404
        assert admin.post("/admin/forum/forum/add/", self.fields()).status_code == 302
        assert client.get("/f/aws/").status_code == 200
        change = f"/admin/forum/forum/{Forum.objects.get().pk}/change/"
        assert admin.post(change, self.fields(title="Clouds")).status_code == 302
        assert b"Clouds" in client.get("/f/aws/").content and b"Clouds" in client.get("/").content
        group = Group.objects.create(name="crew")
        assert admin.post(change, self.fields(read_access="groups", read_groups=[group.pk])).status_code == 302
        assert client.get("/f/aws/").status_code == 404
        assert admin.post(change.replace("change", "delete"), {"post": "yes"}).status_code == 302
        assert admin.get("/f/aws/").status_code == 404

    def test_shards_grow_and_never_shrink(self, admin: Client) -> None:
        admin.post("/admin/forum/forum/add/", self.fields(shards=4))
        change = f"/admin/forum/forum/{Forum.objects.get().pk}/change/"
        answer = admin.post(change, self.fields(shards=2))
        assert (
            answer.status_code == 200
            and b"cannot be taken away" in answer.content
            or b"not taken away" in answer.content
        )
        assert Forum.objects.get().shards == 4

    def test_a_members_new_name_shows_at_once(self, admin: Client, client: Client, ada: User) -> None:
        thread = start_thread(ada, make_forum("aws"))
        assert b"ada" in client.get(page_url(thread)).content
        fields = {"username": "lovelace", "date_joined_0": "2026-01-01", "date_joined_1": "00:00", "is_active": "on"}
        assert admin.post(f"/admin/forum/user/{ada.pk}/change/", fields).status_code == 302
        page = client.get(page_url(thread)).content
        assert b"lovelace" in page and b">ada<" not in page

    def test_every_admin_page_opens(self, admin: Client) -> None:
        make_forum("aws")
        for path in ("", "forum/forum/", "forum/forum/add/", "forum/user/", "forum/user/add/", "auth/group/"):
            assert admin.get(f"/admin/{path}").status_code == 200, path


class TestEveryViewNamesItsTags:
    """What a cached page has read from DynamoDB is covered by a tag that writes change."""

    def reads(self, url: str) -> list[tuple[list[str], list[str]]]:
        """The DynamoDB calls and the tags of each page that is rendered and kept for this address."""
        kept = []
        fill = caching._fill

        def noting(plan: caching.Plan, *rest: Any) -> Any:
            with cost() as spent:
                answer = fill(plan, *rest)
            kept.append((spent.dynamodb.calls, plan.tags))
            return answer

        with patch.object(caching, "_fill", noting):
            Client().get(url)
        return kept

    def test_that_reads(self, thread: Thread) -> None:
        values = {"name": "aws", "thread_id": thread.id, "slug": "the-thread", "number": 1, "username": "ada"}
        values |= {"nonce": thread.id, "pk": 1, "talk_id": thread.id, "shard": 0, "image_name": f"{'0' * 32}-1x1"}
        values |= {"note": "2026-11-24T00:00:00.000000Z~aaaaaaaa", "token": "no-such-token"}
        addresses = {
            name: reverse(name, kwargs={each: values[each] for each in parameters})
            for name, parameters in routes(urlpatterns)
        }
        kept = {name: reads for name, url in addresses.items() if (reads := self.reads(url))}
        assert kept.pop("tags") == [([], [TAGS])] and kept.pop("sitemap") == [([], [TITLES])], "these ask SQL alone"
        assert kept.pop("api:list_tags") == [([], [TAGS])]
        assert kept.pop("api:list_threads_of_tag") == [([], ["tag:aws", HOME])], "no thread has this tag"
        pages = {"home", "forum", "forum_latest", "thread", "member"}
        machines = {"site_feed", "forum_feed", "thread_feed", "member_feed", "sitemap_part"}
        machines |= {"live", "forum_live", "thread_live"}
        machines |= {"api:list_threads", "api:list_newest_posts", "api:get_thread"}
        machines |= {"api:list_posts", "api:list_posts_of_member"}
        assert set(kept) - {"thread_by_id"} == pages | machines, "say here what pages are kept"
        for name, [(calls, tags)] in kept.items():
            assert calls and set(tags) - {SITE}, name

    def test_or_is_refused(self) -> None:
        with pytest.raises(ValueError, match="must name what it depends on"):
            caching.Plan("page", "/page/", [], lambda _: "")


@pytest.mark.parametrize("path", ["?page=7", "../other-title/", "/u/nobody/", "/u/ADA/"])
def test_an_answer_that_is_no_page_leaves_no_lease_for_others_to_wait_on(thread: Thread, path: str) -> None:
    answer = Client().get(urljoin(page_url(thread), path))
    assert answer.status_code in (301, 404)
    assert client().keys("l:*") == []


def test_tags_of_the_table_are_the_tags_in_use() -> None:
    from forum.cache import tags

    for tag in (SITE, HOME, TITLES, "forum:aws", "latest:aws", "thread:01J", "user:ada"):
        assert f"| {tag}" in (tags.__doc__ or "")
