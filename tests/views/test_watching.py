"""Watching and muting threads and forums: the buttons, the list of what is new, and what it costs."""

import re

import pytest
from django.test import Client

from forum import reads
from forum.models import Forum, User
from forum.tables import members, watches
from forum.tables.bulk import put_many
from forum.tables.threads import Thread
from tests.helpers import cost, make_forum, make_member, page_url, reply, signed_in, start_thread, token

pytestmark = pytest.mark.django_db(transaction=True)

BUTTON = re.compile(r'<summary class="thread-bar-link"[^>]*>.*?<span>([^<]+)</span>')


@pytest.fixture
def thread(aws: Forum, ada: User) -> Thread:
    return start_thread(ada, aws, "Grinders")


def button(client: Client, url: str) -> str:
    return BUTTON.findall(client.get(url).content.decode())[0]


def watch(client: Client, url: str, level: str) -> int:
    return client.post(f"{url}watch/", {"level": level}).status_code


def listed(client: Client) -> list[tuple[str, str]]:
    """What is on the page of watched threads: titles, and what is new."""
    page = client.get("/watched/").content.decode()
    rows = re.findall(r'<li class="watched-thread.*?</li>', page, re.DOTALL)
    return [
        (re.findall(r'watched-title"[^>]*><a[^>]*>([^<]*)', row)[0], "".join(re.findall(r"badge[^>]*>([^<]*)", row)))
        for row in rows
    ]


def badges(client: Client, url: str) -> set[str]:
    """The threads in whose rows something is said to be new."""
    return set(re.findall(r'class="unread-badge" href="/f/[^/]+/(\w+)/', client.get(url).content.decode()))


def unread(client: Client) -> int:
    """The number at the bell."""
    page = client.get("/").content.decode()
    return int((re.findall(r"data-notes><span>(\d+)", page) or ["0"])[0])


class TestTheButton:
    def test_shows_how_the_thread_is_watched_at_once(self, thread: Thread, bob: User) -> None:
        member, url = signed_in(bob), page_url(thread)
        assert button(member, url) == button(member, url) == "Watch"
        for level, shown in (("watching", "Watching"), ("muted", "Muted"), ("normal", "Watch")):
            assert watch(member, f"/f/aws/{thread.id}/", level) == 302
            assert button(member, url) == button(member, url) == button(member, url) == shown

    def test_of_one_member_is_not_anothers(self, thread: Thread, ada: User, bob: User) -> None:
        watch(signed_in(bob), f"/f/aws/{thread.id}/", "muted")
        assert button(signed_in(ada), page_url(thread)) == "Watching", "her own thread"
        assert not BUTTON.findall(Client().get(page_url(thread)).content.decode())

    def test_is_on_forums_too(self, thread: Thread, bob: User) -> None:
        member = signed_in(bob)
        link = re.compile(r'href="/f/aws/watch/" rel="nofollow">.*?<span>([^<]+)</span>')
        assert link.findall(member.get("/f/aws/").content.decode()) == ["Watch"]
        assert "New posts in all its threads" in member.get("/f/aws/watch/").content.decode()
        assert watch(member, "/f/aws/", "muted") == 302
        assert link.findall(member.get("/f/aws/").content.decode()) == ["Muted"]
        assert not link.findall(Client().get("/f/aws/").content.decode())
        assert button(member, page_url(thread)) == "Watch"

    def test_costs_one_read_and_then_none(self, thread: Thread, bob: User) -> None:
        member = signed_in(bob)
        Client().get(page_url(thread))
        member.get("/f/aws/")
        with cost() as spent:
            member.get(page_url(thread))
        assert spent.dynamodb.calls.count("GetItem") == 1
        member.get(page_url(thread))
        with cost() as spent:
            member.get(page_url(thread))
        assert spent.all == ([], 0, 0)

    def test_leads_back_to_where_it_was(self, thread: Thread, bob: User) -> None:
        member = signed_in(bob)
        came = f"http://testserver{page_url(thread)}?page=1"
        answer = member.post(f"/f/aws/{thread.id}/watch/", {"level": "watching"}, HTTP_REFERER=came)
        assert answer["Location"] == came
        answer = member.post(f"/f/aws/{thread.id}/watch/", {"level": "muted"}, HTTP_REFERER="https://evil.example/")
        assert answer["Location"] == page_url(thread)

    def test_says_what_is_wrong(self, thread: Thread, bob: User) -> None:
        member = signed_in(bob)
        assert watch(member, f"/f/aws/{thread.id}/", "nonsense") == watch(member, "/f/aws/", "") == 400
        assert watch(member, "/f/aws/01M85YV1F9FJSJW30JXE20SN00/", "muted") == 404
        assert watch(member, "/f/no-such/", "muted") == 404
        assert watch(Client(), "/f/aws/", "muted") == 302, "to the page for signing in"
        assert member.get(f"/f/aws/{thread.id}/watch/").status_code == 405


class TestPosting:
    def test_makes_watch(self, thread: Thread, bob: User) -> None:
        reply(bob, thread)
        assert button(signed_in(bob), page_url(thread)) == "Watching"

    def test_does_not_where_the_member_said_otherwise(self, thread: Thread, bob: User) -> None:
        watch(signed_in(bob), f"/f/aws/{thread.id}/", "normal")
        reply(bob, thread)
        assert button(signed_in(bob), page_url(thread)) == "Watch"

    def test_does_not_where_the_member_wants_it_so(self, thread: Thread, bob: User) -> None:
        fields = {"mail": "never", "kinds": ["mention"]}
        assert signed_in(bob).post("/settings/notifications/", fields).status_code == 302
        reply(bob, thread)
        assert button(signed_in(bob), page_url(thread)) == "Watch"


class TestMuting:
    def test_a_thread_keeps_it_silent(self, thread: Thread, ada: User, bob: User) -> None:
        watch(signed_in(ada), f"/f/aws/{thread.id}/", "muted")
        reply(bob, thread, "Hello @ada.")
        assert members.get_inbox(str(ada.pk)).unread == 0

    def test_a_forum_keeps_all_but_watched_threads_silent(self, aws: Forum, ada: User, bob: User) -> None:
        watched, other = start_thread(ada, aws, "Watched"), start_thread(ada, aws, "Other")
        watch(signed_in(ada), "/f/aws/", "muted")
        watch(signed_in(ada), f"/f/aws/{other.id}/", "normal")
        reply(bob, other)
        assert members.get_inbox(str(ada.pk)).unread == 0
        reply(bob, watched)
        assert members.get_inbox(str(ada.pk)).unread == 1

    @pytest.mark.parametrize("url", ["/", "/f/aws/"])
    def test_a_forum_takes_its_badges_away_but_those_of_watched_threads(
        self, url: str, aws: Forum, ada: User, bob: User
    ) -> None:
        watched, other, elsewhere = (
            start_thread(bob, forum, title)
            for forum, title in ((aws, "Watched"), (aws, "Other"), (make_forum("tea"), "Elsewhere"))
        )
        member = signed_in(ada)
        watch(member, f"/f/aws/{watched.id}/", "watching")
        threads = {watched.id, other.id, elsewhere.id} if url == "/" else {watched.id, other.id}
        assert badges(member, url) == threads
        watch(member, "/f/aws/", "muted")
        assert badges(member, url) == threads - {other.id}
        assert badges(member, url) == threads - {other.id}, "from memory, too"
        watch(member, f"/f/aws/{watched.id}/", "normal")
        assert badges(member, url) == threads - {other.id, watched.id}
        watch(member, "/f/aws/", "normal")
        assert badges(member, url) == threads

    def test_a_forum_costs_one_read_more_and_who_mutes_none_nothing(self, thread: Thread, ada: User, bob: User) -> None:
        member, other = signed_in(bob), signed_in(make_member("cara"))
        watch(member, "/f/aws/", "muted")
        spent = []
        for client in (member, other):
            client.get("/f/aws/")
            reply(ada, thread)
            Client().get("/f/aws/")
            with cost() as each:
                client.get("/f/aws/")
            spent.append(each.dynamodb.calls)
        assert spent == [["BatchGetItem"], []]

    def test_a_forum_takes_the_number_of_its_notes_along(self, aws: Forum, ada: User, bob: User, mod: User) -> None:
        tea = make_forum("tea")
        watched, other, elsewhere = start_thread(ada, aws), start_thread(ada, aws, "Other"), start_thread(ada, tea)
        member = signed_in(ada)
        watch(member, f"/f/aws/{other.id}/", "normal")
        for thread in (watched, other, elsewhere):
            reply(bob, thread)
        reply(ada, other)
        watch(member, f"/f/aws/{other.id}/", "normal")
        signed_in(mod).post(f"/f/aws/{other.id}/3/hide/", {"ready": "Spam or advertising", "reason": "Spam"})
        assert unread(member) == 4
        watch(member, "/f/aws/", "muted")
        assert unread(member) == 3, "the watched thread, the other forum, and what a moderator did"
        page = member.get("/notifications/?show=unread").content.decode()
        assert "in your thread “Other”" not in page
        assert "in your thread “Other”" in member.get("/notifications/").content.decode(), "it is there still"
        reply(bob, other)
        assert unread(member) == 3


class TestTheList:
    def test_is_in_the_menu_of_every_page(self, ada: User) -> None:
        assert '<a href="/watched/">Watched threads</a>' in signed_in(ada).get("/").content.decode()

    def test_says_that_nothing_is_watched(self, ada: User) -> None:
        assert "You watch nothing yet." in signed_in(ada).get("/watched/").content.decode()

    def test_shows_what_is_new_first(self, aws: Forum, ada: User, bob: User) -> None:
        member = signed_in(ada)
        first, second = start_thread(ada, aws, "First"), start_thread(ada, aws, "Second")
        for thread in (first, second):
            reads.visit(str(ada.pk), 0.0, "aws", thread.id, 1)
        assert [news for _, news in listed(member)] == ["", ""]
        reply(bob, first)
        reply(bob, first)
        assert listed(member) == [("First", "2 new posts"), ("Second", "")]
        link = re.findall(r'watched-title"[^>]*><a href="([^"]+)"', member.get("/watched/").content.decode())[0]
        assert link == f"/f/aws/{first.id}/unread/"

    def test_shows_what_is_new_in_watched_forums(self, thread: Thread, bob: User) -> None:
        member = signed_in(bob)
        watch(member, "/f/aws/", "watching")
        assert listed(member)[0][0] == "Grinders"

    def test_shows_muted_threads_as_such(self, thread: Thread, bob: User) -> None:
        watch(signed_in(bob), f"/f/aws/{thread.id}/", "muted")
        assert listed(signed_in(bob)) == [("Grinders", "Muted")]

    def test_hides_what_may_not_be_read_any_more(self, thread: Thread, aws: Forum, bob: User) -> None:
        from tests.helpers import renew

        watch(signed_in(bob), f"/f/aws/{thread.id}/", "watching")
        aws.read_access = "groups"
        aws.save()
        renew()
        assert listed(signed_in(bob)) == []

    def test_costs_the_same_however_many_are_watched(self, aws: Forum, ada: User) -> None:
        for number in range(5):
            start_thread(ada, aws, f"Thread {number}")
        member = signed_in(ada)
        member.get("/watched/")
        with cost() as spent:
            assert len(listed(member)) == 5
        assert spent.dynamodb.calls == ["Query", "BatchGetItem", "Query"] and spent.redis <= 1

    def test_goes_on_page_by_page(self, thread: Thread, ada: User) -> None:
        put_many_watches(str(ada.pk), 130)
        page = signed_in(ada).get("/watched/").content.decode()
        older = re.findall(r'rel="next" href="([^"]+)"', page)[0]
        second = signed_in(ada).get(older)
        assert second.status_code == 200 and "Grinders" in page + second.content.decode()

    def test_is_counted_in_its_tab_beside_the_notifications(self, aws: Forum, ada: User, bob: User) -> None:
        member, tab = (
            signed_in(ada),
            re.compile(r'href="/watched/"[^>]*>Watched(?: <span class="[^"]*">(\d+ new)|</a>)'),
        )
        threads = [start_thread(ada, aws, f"Thread {number}") for number in range(3)]

        def counted() -> list[list[str]]:
            return [tab.findall(member.get(url).content.decode()) for url in ("/notifications/", "/watched/")]

        assert counted() == [[""], [""]]
        for thread in threads[:2]:
            reply(bob, thread)
        assert counted() == [["2 new"], ["2 new"]]
        member.get(page_url(threads[0]))
        assert counted() == [["1 new"], ["1 new"]]

    def test_says_what_is_wrong_with_a_cursor(self, ada: User) -> None:
        assert signed_in(ada).get("/watched/?before=x").status_code == 400

    def test_needs_a_member(self, site: None) -> None:
        assert Client().get("/watched/")["Location"].startswith("/accounts/login/")


def put_many_watches(user_id: str, number: int) -> None:
    ids = [f"0{count:023d}00" for count in range(number)]
    for _ in put_many([watches.thread_watch(user_id, each, "aws", "watching") for each in ids]):
        pass


def test_ten_thousand_watchers_cost_a_reply_nothing(thread: Thread, ada: User) -> None:
    carol = make_member("carol", trust=User.Trust.REGULAR)
    member = signed_in(carol)

    def price() -> tuple[list[str], int, int]:
        reply(carol, thread)
        member.get(page_url(thread))
        with cost() as spent:
            fields = {"body": "Words.", "token": token(carol)}
            assert member.post(f"/f/aws/{thread.id}/reply/", fields).status_code == 302
        return spent.all

    before = price()
    watching = (
        watches.thread_watch(str(number), thread.id, "aws", "watching") for number in range(10**6, 10**6 + 10_000)
    )
    for _ in put_many(watching, whole=True):
        pass
    assert price() == before
