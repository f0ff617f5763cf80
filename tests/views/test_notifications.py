"""What members are told: the list, what is new in it, and the number on every page at once."""

import re
from typing import Any

import pytest
from django.test import Client

from forum.actions import notes
from forum.models import Forum, User
from forum.tables import base, inbox, members
from forum.tables.threads import Thread
from forum.templatetags.look import ICONS
from forum.told import sentence
from tests.helpers import cost, page_url, renew, reply, signed_in, start_thread

pytestmark = pytest.mark.django_db(transaction=True)

COUNT = re.compile(r'class="menu-count" data-notes><span>(\d+\+?)<')


def tell(user: User, text: str = "Please be kind.", **more: str) -> None:
    notes.tell(str(user.pk), "warn", text, **more)


def text(client: Client, url: str = "/notifications/") -> str:
    return client.get(url).content.decode()


def shown(client: Client, url: str = "/") -> list[str]:
    """The number at the member's name."""
    return COUNT.findall(text(client, url))


def test_each_kind_has_a_sign_of_its_own(ada: User, bob: User, aws: Forum) -> None:
    thread = start_thread(ada, aws)
    reply(bob, thread, "A reply.")
    reply(bob, start_thread(bob, aws, "Another"), "@ada, look.")
    signed_in(bob).post(f"/f/aws/{thread.id}/1/like/", {"on": "1"})
    tell(ada)
    signs = re.findall(r'<li class="note.*?(<svg.*?</svg>)', text(signed_in(ada)), re.S)
    assert signs == [ICONS[name] for name in ("warning", "heart", "at", "reply")]


class TestTheNumber:
    def test_is_on_a_kept_page_at_once(self, ada: User, bob: User, aws: Forum) -> None:
        thread = page_url(start_thread(bob, aws))
        member = signed_in(ada)
        for number, url in enumerate(["/", "/f/aws/", thread, "/notifications/"], 1):
            member.get(url)
            member.get(url)
            tell(ada)
            answer = member.get(url)
            assert COUNT.findall(answer.content.decode()) == [str(number)], url
            assert answer.get("X-Cache", "hit") == "hit"
        assert shown(signed_in(bob)) == shown(Client()) == []

    def test_goes_when_all_is_read(self, ada: User) -> None:
        tell(ada)
        member = signed_in(ada)
        assert shown(member) == ["1"]
        newest = re.findall(r'name="newest" value="([^"]+)"', text(member))[0]
        assert member.post("/notifications/read/", {"newest": newest}).status_code == 302
        assert shown(member, "/notifications/") == shown(member) == [] and "New</span>" not in text(member)
        assert "Please be kind." in text(member)

    def test_ends_at_99(self, ada: User) -> None:
        for _ in range(100):
            inbox.put_note(str(ada.pk), "warn", "Again.")
        tell(ada)
        assert shown(signed_in(ada)) == ["99+"]

    def test_costs_one_read_after_a_change_and_none_later(self, ada: User, aws: Forum) -> None:
        member = signed_in(ada)
        member.get("/f/aws/")
        tell(ada)
        with cost() as spent:
            member.get("/f/aws/")
        assert spent.dynamodb.calls == ["GetItem"] * 2, "the inbox, and how the forum is watched"
        with cost() as spent:
            member.get("/f/aws/")
        assert spent.all == ([], 0, 0)

    def test_is_left_out_while_dynamodb_is_away(self, ada: User, settings: Any) -> None:
        tell(ada)
        member = signed_in(ada)
        settings.DYNAMODB_ENDPOINT_URL = "http://127.0.0.1:1"
        base.reset_connection()
        try:
            answer = member.get("/settings/")
            assert answer.status_code == 200 and not COUNT.findall(answer.content.decode())
        finally:
            base.reset_connection()


class TestTheList:
    def test_is_empty_at_first(self, ada: User) -> None:
        page = text(signed_in(ada))
        assert "Nothing yet." in page and "Mark all as read" not in page

    def test_shows_what_happened_who_did_it_and_where(self, ada: User, bob: User) -> None:
        notes.tell(str(ada.pk), "approve", "has replied to you", "/p/01J/2/", by=str(bob.pk))
        page = text(signed_in(ada))
        assert "has replied to you" in page and "/u/Bob/" in page
        link = re.findall(r'href="(/notifications/2[^"]+)"', page)[0]
        assert signed_in(ada).get(link)["Location"] == "/p/01J/2/"
        assert page.count("New</span>") == 1 and "New</span>" not in text(signed_in(ada)), "opened, and so read"

    def test_of_one_member_is_no_business_of_another(self, ada: User, bob: User) -> None:
        tell(ada)
        assert "Please be kind." not in text(signed_in(bob))

    def test_holds_no_markup_of_others(self, ada: User) -> None:
        tell(ada, "<script>alert(1)</script>")
        assert "<script>alert" not in text(signed_in(ada))

    def test_goes_on_page_by_page(self, ada: User) -> None:
        for number in range(33):
            tell(ada, f"Note {number}.")
        member = signed_in(ada)
        first = text(member)
        assert "Note 32." in first and "Note 3." in first and "Note 2." not in first
        older = re.findall(r'rel="next" href="([^"]+)"', first)[0]
        second = text(member, older)
        assert all(f"Note {number}." in second for number in (0, 1, 2)) and "Note 3." not in second
        assert "Mark all as read" not in second, "it has not shown the newest"

    def test_leaves_what_came_meanwhile_unread(self, ada: User) -> None:
        tell(ada, "Shown.")
        member = signed_in(ada)
        newest = re.findall(r'name="newest" value="([^"]+)"', text(member))[0]
        tell(ada, "Since.")
        member.post("/notifications/read/", {"newest": newest})
        assert shown(member) == ["1"]

    def test_needs_a_member(self, site: None, client: Client) -> None:
        for answer in (client.get("/notifications/"), client.post("/notifications/read/")):
            assert answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")

    @pytest.mark.parametrize("cursor", ["x", "2026-01-01", "9999-99-99T00:00:00.000000Z~aaaaaaaa", "\x00", ""])
    def test_says_what_is_wrong_with_a_cursor(self, ada: User, cursor: str) -> None:
        member = signed_in(ada)
        assert member.get("/notifications/", {"before": cursor}).status_code == (400 if cursor else 200)
        assert member.post("/notifications/read/", {"newest": cursor}).status_code == 400
        assert member.get("/notifications/read/").status_code == 405


class TestTelling:
    def test_nobody_is_told_nothing(self, site: None) -> None:
        with cost() as spent:
            notes.tell("", "warn", "Hello")
        assert spent.all == ([], 0, 0)

    def test_does_not_fail_what_it_tells_of(self, ada: User, settings: Any) -> None:
        settings.DYNAMODB_ENDPOINT_URL = "http://127.0.0.1:1"
        base.reset_connection()
        try:
            tell(ada)
        finally:
            base.reset_connection()


class TestOneNote:
    def test_is_read_when_it_is_opened(self, ada: User) -> None:
        tell(ada, "First.", url="/f/aws/")
        tell(ada, "Second.", url="/f/aws/")
        member = signed_in(ada)
        newest, oldest = re.findall(r'<a href="(/notifications/2[^"]+)"', text(member))
        assert member.get(oldest)["Location"] == "/f/aws/"
        assert shown(member) == ["1"] and text(member).count("New</span>") == 1
        assert member.get(oldest)["Location"] == "/notifications/" or shown(member) == ["1"], "twice is once"
        assert shown(member) == ["1"]
        assert member.post(newest)["Location"] == "/notifications/"
        assert shown(member) == []

    def test_is_not_read_by_a_browser_that_only_fetches_it_in_case(self, ada: User) -> None:
        tell(ada, url="/f/aws/")
        member = signed_in(ada)
        link = re.findall(r'<a href="(/notifications/2[^"]+)"', text(member))[0]
        member.get(link, headers={"Sec-Purpose": "prefetch"})
        member.head(link)
        assert shown(member) == ["1"]

    def test_of_another_member_is_not_there(self, ada: User, bob: User) -> None:
        tell(ada, url="/f/aws/")
        link = re.findall(r'<a href="(/notifications/2[^"]+)"', text(signed_in(ada)))[0]
        assert signed_in(bob).get(link)["Location"] == "/notifications/"
        assert shown(signed_in(ada)) == ["1"]
        assert Client().get(link)["Location"].startswith("/accounts/login/")


class TestFilters:
    def test_show_what_they_say(self, ada: User, bob: User, aws: Forum) -> None:
        thread = start_thread(ada, aws)
        assert reply(bob, thread, "Dear @ada, well.").status_code == 302
        signed_in(bob).post(f"/f/aws/{thread.id}/1/like/", {"on": "1"})
        tell(ada, "Be kind.")
        member = signed_in(ada)
        assert [self.kinds(member, show) for show in ("", "unread", "mentions", "moderation")] == [3, 3, 1, 1]
        newest = re.findall(r'name="newest" value="([^"]+)"', text(member))[0]
        member.post("/notifications/read/", {"newest": newest})
        assert self.kinds(member, "unread") == 0 and "You have read everything." in text(
            member, "/notifications/?show=unread"
        )

    def kinds(self, member: Client, show: str) -> int:
        return text(member, f"/notifications/?show={show}").count('class="note ') + text(
            member, f"/notifications/?show={show}"
        ).count('class="note"')

    def test_go_on_where_they_ended(self, ada: User) -> None:
        for number in range(35):
            tell(ada, f"Warning {number}.")
        member = signed_in(ada)
        first = text(member, "/notifications/?show=moderation")
        older = re.findall(r'rel="next" href="([^"]+)"', first)[0].replace("&amp;", "&")
        second = text(member, older)
        assert "Warning 5." in first and "Warning 4." not in first
        assert "Warning 4." in second and "Warning 0." in second and 'rel="next"' not in second

    def test_that_do_not_exist_are_refused(self, ada: User) -> None:
        assert signed_in(ada).get("/notifications/?show=nonsense").status_code == 400


class TestWhatHappensInAThread:
    """By a like and an answer's mark, for somebody who is not there any more or wants to hear nothing."""

    def happens(self, thread: Thread, by: User) -> None:
        """The thread is begun by `by`; its second post is liked, and marked as the answer."""
        for what in ("like", "answer"):
            assert signed_in(by).post(f"/f/aws/{thread.id}/2/{what}/", {"on": "1"}).status_code == 302

    @pytest.fixture
    def thread(self, aws: Forum, ada: User, bob: User) -> Thread:
        thread = start_thread(bob, aws, "Salaries")
        assert reply(ada, thread).status_code == 302
        return thread

    def test_is_told_with_its_kind(self, thread: Thread, ada: User, bob: User) -> None:
        self.happens(thread, bob)
        assert [note.kind for note in members.list_notes(str(ada.pk), 9).notes] == ["solved", "like"]
        assert all(note.forum == "aws" for note in members.list_notes(str(ada.pk), 9).notes)
        assert "marked your post" in text(signed_in(ada), "/notifications/?show=likes")
        assert "marked your post" not in text(signed_in(ada), "/notifications/?show=moderation")

    @pytest.mark.parametrize("url", ["/f/aws/{}/watch/", "/f/aws/watch/"])
    def test_is_not_told_to_who_has_muted_it(self, thread: Thread, ada: User, bob: User, url: str) -> None:
        for place in (url, "/f/aws/{}/watch/" if "{}" not in url else url):
            level = "muted" if place == url else "normal"
            assert signed_in(ada).post(place.format(thread.id), {"level": level}).status_code == 302
        self.happens(thread, bob)
        assert members.list_notes(str(ada.pk), 9).notes == [] and shown(signed_in(ada)) == []

    def test_is_not_told_to_a_closed_account(self, thread: Thread, ada: User, bob: User) -> None:
        User.objects.filter(pk=ada.pk).update(is_active=False)
        self.happens(thread, bob)
        assert members.list_notes(str(ada.pk), 9).notes == []

    def test_that_moderators_did_is_told_to_who_muted_it(self, thread: Thread, ada: User, mod: User) -> None:
        signed_in(ada).post(f"/f/aws/{thread.id}/watch/", {"level": "muted"})
        form = {"reason": "Too loud.", "confirmed": "1"}
        assert signed_in(mod).post(f"/f/aws/{thread.id}/2/hide/", form).status_code == 302
        [note] = members.list_notes(str(ada.pk), 9).notes
        assert "Salaries" in sentence(note) and (note.thread, note.forum) == (thread.id, "aws")
        Forum.objects.update(read_access="groups")
        renew()
        page = text(signed_in(ada))
        assert "Salaries" not in page and "a forum that you can no longer read" in page
