"""What a member has read, as the pages show it: badges, the line, the way to the first unread post."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from forum import reads
from forum import redis as stores
from forum.actions import remembering
from forum.actions.remembering import save_marks
from forum.cache import local
from forum.models import Forum, User
from forum.reads import scripts, store
from forum.tables import marks as saved
from forum.tables.threads import Thread
from tests.helpers import cost, make_forum, make_member, page_url, reply, signed_in, start_thread

LINE = "New since your last visit"
BADGE = re.compile(r'<a class="unread-badge" href="([^"]*)">([^<]*)<')


@pytest.fixture(autouse=True)
def nothing_known(redis_server: None) -> Iterator[None]:
    reads.forget()
    yield
    reads.forget()


@pytest.fixture
def thread(aws: Forum, ada: User, bob: User) -> Thread:
    return start_thread(ada, aws, "A thread")


@pytest.fixture
def member(bob: User) -> Client:
    return signed_in(bob)


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def badges(client: Client, url: str = "/f/aws/") -> list[str]:
    return [words for _, words in BADGE.findall(text(client, url))]


def before_the_line(page: str) -> list[int]:
    """The numbers of the posts above the line."""
    above, found, _ = page.partition(LINE)
    return [int(each) for each in re.findall(r'id="post-(\d+)"', above)] if found else []


class TestInLists:
    @pytest.mark.parametrize("url", ["/", "/f/aws/"])
    def test_a_thread_is_new_until_it_is_read(self, url: str, thread: Thread, member: Client) -> None:
        assert badges(member, url) == ["New"]
        member.get(page_url(thread))
        assert badges(member, url) == []

    @pytest.mark.parametrize("url", ["/", "/f/aws/"])
    def test_replies_since_are_counted(self, url: str, thread: Thread, member: Client, ada: User) -> None:
        member.get(page_url(thread))
        for number in range(1, 4):
            reply(ada, thread)
            assert badges(member, url) == [f"{number} new"]
        member.get(page_url(thread))
        assert badges(member, url) == []

    def test_the_cards_of_forums_have_dots(self, thread: Thread, member: Client) -> None:
        assert 'class="unread-dot"' in text(member, "/")
        member.get(page_url(thread))
        assert 'class="unread-dot"' not in text(member, "/")

    def test_what_is_older_than_the_membership_is_not_new(self, thread: Thread, ada: User) -> None:
        carol = signed_in(make_member("carol"))
        assert badges(carol) == []
        reply(ada, thread)
        assert badges(carol) == ["New"]

    def test_the_signed_out_see_none(self, thread: Thread, client: Client) -> None:
        page = text(client, "/") + text(client, "/f/aws/") + text(client, page_url(thread))
        assert "unread" not in page.replace("unread.css", "") and "Mark" not in page

    def test_ones_own_posts_are_read(self, thread: Thread, ada: User, member: Client, bob: User) -> None:
        assert badges(signed_in(ada)) == []
        reply(bob, thread)
        assert badges(member) == []
        assert badges(signed_in(ada)) == ["1 new"]

    def test_members_have_marks_of_their_own(self, thread: Thread, member: Client) -> None:
        others = signed_in(make_member("carol", date_joined=thread.created.replace(year=2020)))
        for client in (member, others, member, others):
            client.get("/f/aws/")
        member.get(page_url(thread))
        assert (badges(member), badges(others)) == ([], ["New"])

    def test_only_the_pages_that_were_opened_are_read(self, aws: Forum, ada: User, member: Client) -> None:
        long = start_thread(ada, aws)
        for _ in range(24):
            reply(ada, long)
        member.get(page_url(long))
        assert badges(member) == ["5 new"]
        member.get(page_url(long, 2))
        assert badges(member) == []
        member.get(page_url(long, 1))
        assert badges(member) == [], "a mark never moves back"

    @pytest.mark.parametrize("how", ["HEAD", "prefetch"])
    def test_a_page_that_nobody_looked_at_is_not_read(self, how: str, thread: Thread, member: Client) -> None:
        for _ in range(3):
            if how == "HEAD":
                member.head(page_url(thread))
            else:
                member.get(page_url(thread), headers={"Sec-Purpose": "prefetch;prerender"})
        assert badges(member) == ["New"]
        member.get(page_url(thread))
        assert badges(member) == []


class TestInAThread:
    def test_a_line_stands_before_the_first_unread_post(self, thread: Thread, member: Client, ada: User) -> None:
        assert before_the_line(text(member, page_url(thread))) == []
        reply(ada, thread)
        reply(ada, thread)
        assert before_the_line(text(member, page_url(thread))) == [1]
        assert before_the_line(text(member, page_url(thread))) == [], "it is read now"

    def test_it_stands_at_the_top_of_a_page_only_if_that_begins_with_it(
        self, thread: Thread, member: Client, ada: User
    ) -> None:
        member.get(page_url(thread))
        for _ in range(42):
            reply(ada, thread)
        assert LINE not in text(member, page_url(thread, 3))
        member = signed_in(make_member("carol", date_joined=thread.created.replace(year=2020)))
        member.get(page_url(thread, 1))
        assert 'href="#post-21"' in (page := text(member, page_url(thread, 2)))
        assert before_the_line(page) == [] and LINE in page

    def test_the_bar_leads_to_the_first_unread_post(self, thread: Thread, member: Client, ada: User) -> None:
        member.get(page_url(thread))
        for _ in range(25):
            reply(ada, thread)
        assert f'href="{page_url(thread)}#post-2"' in text(member, page_url(thread, 2))

    def test_what_came_since_one_joined_is_below_the_line(self, thread: Thread, ada: User) -> None:
        carol = signed_in(make_member("carol"))
        reply(ada, thread)
        assert before_the_line(text(carol, page_url(thread))) == [1]


class TestTheWayToTheFirstUnread:
    def way(self, client: Client, thread: Thread) -> str:
        return str(client.get(f"/f/aws/{thread.id}/unread/")["Location"])

    def test_of_a_thread_that_was_never_opened_is_its_beginning(self, thread: Thread, member: Client) -> None:
        assert self.way(member, thread) == page_url(thread)

    def test_is_the_post_after_the_last_that_was_read(self, thread: Thread, member: Client, ada: User) -> None:
        member.get(page_url(thread))
        for _ in range(21):
            reply(ada, thread)
        assert self.way(member, thread) == f"{page_url(thread)}#post-2"
        member.get(page_url(thread))
        assert self.way(member, thread) == f"{page_url(thread, 2)}#post-21"
        member.get(page_url(thread, 2))
        assert self.way(member, thread) == f"{page_url(thread, 2)}#post-22", "where all is read, the last post"

    @pytest.mark.parametrize("before", [1, 19, 20, 21, 45])
    def test_of_an_old_thread_is_what_came_since_one_joined(self, before: int, thread: Thread, ada: User) -> None:
        for _ in range(before - 1):
            reply(ada, thread)
        carol = signed_in(make_member("carol"))
        for _ in range(22):
            reply(ada, thread)
        page = (before // 20) + 1
        assert self.way(carol, thread) == f"{page_url(thread, page)}#post-{before + 1}"

    def test_of_the_signed_out_is_the_thread(self, thread: Thread, client: Client) -> None:
        assert self.way(client, thread) == page_url(thread)

    def test_is_closed_where_the_forum_is(self, ada: User, member: Client) -> None:
        crew = make_forum("crew", read_access="staff")
        hidden = start_thread(make_member("boss", is_staff=True), crew)
        assert member.get(f"/f/crew/{hidden.id}/unread/").status_code == 404
        assert member.post("/f/crew/read/").status_code == 404
        assert member.get("/f/aws/01KAQ4ZT9N8YV3W2Q6JX5R7D00/unread/").status_code == 404


class TestMarkingAll:
    @pytest.fixture
    def other(self, thread: Thread, ada: User) -> Thread:
        return start_thread(ada, make_forum("redis"), "Another")

    def test_as_read(self, other: Thread, member: Client) -> None:
        assert badges(member, "/") == ["New", "New"]
        form = re.search(r'<form class="mark-read" method="post" action="([^"]+)"', text(member, "/"))
        assert form and member.post(form[1])["Location"] == "/"
        assert badges(member, "/") == []

    def test_in_one_forum(self, other: Thread, member: Client) -> None:
        form = re.search(r'<form class="mark-read" method="post" action="([^"]+)"', text(member, "/f/aws/"))
        assert form and member.post(form[1])["Location"] == "/f/aws/"
        assert badges(member) == [] and badges(member, "/") == ["New"]

    def test_counts_from_then_on(self, thread: Thread, member: Client, ada: User) -> None:
        member.get(page_url(thread))
        for _ in range(3):
            reply(ada, thread)
        member.post("/f/aws/read/")
        assert badges(member) == []
        reply(ada, thread)
        assert badges(member) == ["1 new"]
        reply(ada, thread)
        assert badges(member) == ["2 new"]

    def test_knows_what_is_new_in_threads_that_were_never_opened(
        self, other: Thread, member: Client, ada: User
    ) -> None:
        member.post("/read/")
        reply(ada, other)
        assert badges(member, "/f/redis/") == ["1 new"]

    @pytest.mark.parametrize("opened", [[1, 2], [1], []], ids=["to the end", "in part", "never"])
    def test_stays_right_when_an_earlier_page_is_opened(
        self, aws: Forum, member: Client, ada: User, opened: list[int]
    ) -> None:
        long = start_thread(ada, aws)
        for _ in range(29):
            reply(ada, long)
        for page in opened:
            member.get(page_url(long, page))
        member.post("/read/")
        reply(ada, long)
        member.get(page_url(long))
        assert badges(member) == ["1 new"]
        way = member.get(f"/f/aws/{long.id}/unread/")["Location"]
        assert way == f"{page_url(long, 2)}#post-31"

    def test_stays_right_for_threads_that_were_not_listed(
        self, aws: Forum, member: Client, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(remembering, "MOST_FORUMS", 0)
        # A thread that is hot is always listed.
        monkeypatch.setattr("forum.tables.threads.MOVES_EVERY", timedelta(0))
        long = start_thread(ada, aws)
        for _ in range(29):
            reply(ada, long)
        member.post("/read/")
        reply(ada, long)
        member.get(page_url(long))
        assert badges(member) == ["New"], "how many nobody knows, and it is not eleven"
        assert member.get(f"/f/aws/{long.id}/unread/")["Location"] == f"{page_url(long, 2)}#post-31"

    def test_is_for_members(self, thread: Thread, client: Client) -> None:
        for url in ("/read/", "/f/aws/read/"):
            assert client.post(url).status_code == 302 and "login" in client.post(url)["Location"]
            assert client.get(url).status_code == 405


class TestWhatItCosts:
    @pytest.fixture(autouse=True)
    def many(self, thread: Thread, ada: User, aws: Forum, member: Client) -> None:
        for number in range(5):
            start_thread(ada, aws, f"Thread {number}")
        for _ in range(2):
            member.get("/f/aws/")
            member.get(page_url(thread))

    def test_a_list_one_round_trip_after_something_was_read(self, thread: Thread, member: Client, ada: User) -> None:
        reply(ada, thread)
        for _ in range(2):
            Client().get("/f/aws/")
        member.get(page_url(thread))
        with cost() as spent:
            assert badges(member) == ["New"] * 5
        assert spent.all == ([], 0, 1), "the marks of all its threads"
        with cost() as spent:
            badges(member)
        assert spent.all == ([], 0, 0)

    def test_reading_something_new_two(self, thread: Thread, member: Client, ada: User) -> None:
        reply(ada, thread)
        for _ in range(2):
            Client().get(page_url(thread))
        with cost() as spent:
            member.get(page_url(thread))
        assert spent.all == (["Query"], 0, 2), "the mark is moved, and everybody is told; and what the member likes"
        member.get(page_url(thread))
        with cost() as spent:
            member.get(page_url(thread))
        assert spent.all == ([], 0, 0)


class TestWhatRedisLoses:
    @pytest.fixture(autouse=True)
    def at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(store, "SAVE_SECONDS", 0)
        # The process itself saves every five seconds, after whatever it has answered.
        monkeypatch.setattr("forum.cache.local.also", [])

    def test_comes_back(self, thread: Thread, member: Client, bob: User) -> None:
        member.get(page_url(thread))
        assert save_marks()
        stores.client().delete(store.key_of(str(bob.pk)))
        assert badges(member) == []

    def test_is_what_was_not_saved_yet(self, thread: Thread, member: Client, bob: User, ada: User) -> None:
        member.get(page_url(thread))
        save_marks()
        reply(ada, thread)
        member.get(page_url(thread))
        stores.client().delete(store.key_of(str(bob.pk)))
        assert badges(member) == ["1 new"]

    def test_is_read_again_by_reading(self, thread: Thread, member: Client, bob: User) -> None:
        """A page of a thread that was answered without a look at the marks notes the visit when they are gone."""
        for _ in range(3):
            member.get(page_url(thread))
        stores.client().delete(store.key_of(str(bob.pk)))
        member.get(page_url(thread))
        assert badges(member) == []

    def test_each_member_is_saved_once(self, thread: Thread, member: Client) -> None:
        member.get(page_url(thread))
        assert (save_marks(), save_marks()) == (2, 0), "who wrote the thread has read it"
        with cost() as spent:
            save_marks()
        assert spent.all == ([], 0, 1)

    def test_what_is_read_while_it_is_saved_is_saved_next(self, thread: Thread, member: Client, ada: User) -> None:
        member.get(page_url(thread))
        claimed = store.claim(10)
        reply(ada, thread)
        member.get(page_url(thread))
        store.saved(claimed)
        assert set(store.claim(10)) >= set(claimed)

    def test_the_greater_mark_stays(self, bob: User) -> None:
        saved.put_marks(str(bob.pk), {"*": 5, "a": 7})
        saved.put_marks(str(bob.pk), {"*": 6, "a": 3, "b": 1})
        assert saved.get_marks(str(bob.pk)) == {"*": 6, "a": 7, "b": 1}

    def test_thousands_of_marks_are_trimmed_and_fit_into_an_item(
        self, thread: Thread, member: Client, bob: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        member.get("/f/aws/")
        key = store.key_of(str(bob.pk))
        old = {f"01KAQ4ZT9N8YV3W2Q6JX5{number:05}": scripts.packed(29_000_000 + number, 3) for number in range(2000)}
        stores.client().zadd(key, old)
        member.get(page_url(thread))
        scores = store.everything(str(bob.pk))
        assert len(scores) <= scripts.MOST_MARKS and thread.id in scores and min(old) not in scores
        assert scores["*"] >= (29_000_000 + scripts.TRIMMED) * 60_000_000, "what was read last of those counts as read"
        assert save_marks()
        item = saved.Saved.get(str(bob.pk), saved.READS)
        assert len(item.reads) < 100_000


class TestWithout:
    def test_memory_pages_show_the_same(self, thread: Thread, member: Client, ada: User, settings: Any) -> None:
        settings.LOCAL_PAGES_MB = 0
        assert badges(member) == ["New"]
        with cost() as spent:
            member.get("/f/aws/")
        assert spent.redis == 3, "the session, the page, the marks"
        member.get(page_url(thread))
        assert badges(member) == []
        reply(ada, thread)
        assert badges(member) == ["1 new"]

    def test_the_cache_server_pages_show_no_marks(self, thread: Thread, member: Client, settings: Any) -> None:
        member.get("/f/aws/")
        dead = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
        settings.CACHES = {**settings.CACHES, "default": dead}
        assert badges(member) == []
        assert "A thread" in text(member, page_url(thread))
        assert member.post("/read/").status_code == 503

    def test_another_process_is_told(self, thread: Thread, member: Client, bob: User) -> None:
        """It reads what the server pushes before it answers from memory."""
        for _ in range(3):
            assert badges(member) == ["New"]
        store.move(str(bob.pk), 0, thread.id, 1, ["*"])
        store.settle(str(bob.pk))
        assert badges(member) == []


def test_the_page_is_the_same_for_all(thread: Thread, member: Client, bob: User, client: Client) -> None:
    """No mark is in what is kept for all readers."""
    member.get("/f/aws/")
    member.get(page_url(thread))
    kept = [bytes(segment) for page in local.pages._pages.values() for segment in page.body.segments]
    assert kept and not any(b"unread-" in segment.replace(b"unread.css", b"") for segment in kept)
