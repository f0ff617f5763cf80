"""Ignoring a member: nothing of theirs is shown or told, to whoever ignores them and to nobody else."""

import re

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from forum.cache import presence
from forum.models import Forum, User
from forum.tables import ignores, members
from forum.tables.members import Item
from forum.tables.threads import Thread
from tests.helpers import cost, make_member, page_url, renew, reply, signed_in, start_thread

pytestmark = pytest.mark.django_db(transaction=True)

LINE = "Post by an ignored member"


def page(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, url
    return answer.content.decode()


def ignore(who: User, whom: User, on: str = "1") -> None:
    assert signed_in(who).post(f"/members/{whom.pk}/ignore/", {"on": on}).status_code == 302


def row(text: str, tag: str, holding: str) -> str:
    """The opening tag of the element that holds these words."""
    return re.findall(rf"<{tag}[^>]*>", text[: text.index(holding)])[-1]


@pytest.fixture
def troll(site: None) -> User:
    return make_member("troll")


@pytest.fixture
def thread(aws: Forum, ada: User, troll: User) -> Thread:
    """By ada, with a reply by the troll."""
    thread = start_thread(ada, aws, "Grinders", "Which one?")
    assert reply(troll, thread, "Buy none at all.").status_code == 302
    return thread


class TestAThread:
    def test_folds_their_posts_into_a_line_that_opens(self, thread: Thread, bob: User, troll: User) -> None:
        reader, other = signed_in(bob), signed_in(make_member("carol"))
        assert LINE not in page(reader, page_url(thread))
        ignore(bob, troll)
        text = page(reader, page_url(thread))
        folded = re.findall(r'<details class="ignored-post"><summary>(.*?)</summary>(.*?)</details>', text, re.DOTALL)
        assert [summary for summary, _ in folded] == [LINE] and "Which one?" not in folded[0][1]
        assert text.count("Buy none at all.") == 1
        for who in (other, Client(), signed_in(troll)):
            assert LINE not in page(who, page_url(thread)), "the page is kept for all"

    def test_says_in_place_of_their_words_that_somebody_quotes_them(
        self, thread: Thread, ada: User, bob: User, troll: User
    ) -> None:
        reply(ada, thread, f"> @troll wrote in [#2](/p/{thread.id}/2/):\n> Buy none at all.\n\nWhy not?")
        reply(ada, thread, f"> @ada wrote in [#1](/p/{thread.id}/1/):\n> Which one?\n\nStill asking.")
        ignore(bob, troll)
        assert page(signed_in(bob), page_url(thread)).count('class="quote is-ignored"') == 1
        assert page(Client(), page_url(thread)).count('class="quote"') == 2

    def test_has_a_way_to_ignore_and_back_at_each_post(self, thread: Thread, bob: User, troll: User) -> None:
        url, way = page_url(thread), f"/members/{troll.pk}/ignore/"
        reader = signed_in(bob)
        assert way in page(reader, url) and way not in page(Client(), url) and way not in page(signed_in(troll), url)
        form = reader.get(way, headers={"Referer": f"http://testserver{url}"}).content.decode()
        back = re.findall(r'name="next" value="([^"]+)"', form)[0]
        assert reader.post(way, {"on": "1", "next": back})["Location"] == back
        assert ">Ignored</a>" in page(reader, url)
        assert reader.post(way, {"on": "0", "next": "https://evil.example/"})["Location"] == "/u/troll/"
        assert LINE not in page(reader, url)

    def test_has_no_such_way_beside_a_former_member(self, thread: Thread, ada: User, bob: User, troll: User) -> None:
        User.objects.filter(pk=troll.pk).update(is_active=False)
        renew()
        text = page(signed_in(bob), page_url(thread))
        assert "former member" in text and f"/members/{troll.pk}/ignore/" not in text
        assert f"/members/{ada.pk}/ignore/" in text


class TestLists:
    def test_have_no_threads_of_theirs(self, aws: Forum, thread: Thread, ada: User, bob: User, troll: User) -> None:
        start_thread(troll, aws, "Look at me", "Now!")
        ignore(bob, troll)
        for url in ("/", "/f/aws/"):
            mine, others = page(signed_in(bob), url), page(Client(), url)
            assert "hidden" in row(mine, "li", "Look at me") and "hidden" not in row(others, "li", "Look at me"), url
            assert "hidden" not in row(mine, "li", "Grinders"), url

    def test_have_none_on_the_pages_of_tags(self, aws: Forum, bob: User, troll: User) -> None:
        from tests.helpers import token

        form = {"title": "Look at me", "body": "Now!", "tags": "beans", "token": token(troll)}
        assert signed_in(troll).post("/f/aws/new/", form).status_code == 302
        ignore(bob, troll)
        assert "hidden" in row(page(signed_in(bob), "/tag/beans/"), "li", "Look at me")
        assert "hidden" not in row(page(Client(), "/tag/beans/"), "li", "Look at me")

    def test_of_posts_have_none_of_theirs(self, thread: Thread, bob: User, troll: User) -> None:
        ignore(bob, troll)
        text = page(signed_in(bob), "/f/aws/latest/")
        assert "hidden" in row(text, "article", "Buy none at all.")
        assert "hidden" not in row(text, "article", "Which one?")
        own = page(signed_in(bob), "/u/troll/")
        assert "hidden" not in row(own, "article", "Buy none at all.") and "You ignore this member." in own

    def test_of_what_is_found_neither(self, thread: Thread, bob: User, troll: User) -> None:
        reader = signed_in(bob)
        assert "Buy" in page(reader, "/search/?q=none")
        ignore(bob, troll)
        assert 'class="search-result"' not in page(reader, "/search/?q=none")
        assert 'class="search-result"' in page(Client(), "/search/?q=none")


class TestNames:
    """Of an ignored member are shown nowhere beside what others do, to who ignores them and nobody else."""

    def test_are_not_those_of_who_wrote_last(self, thread: Thread, bob: User, troll: User) -> None:
        ignore(bob, troll)
        for url in ("/", "/f/aws/"):
            mine, others = page(signed_in(bob), url), page(Client(), url)
            last = '<span class="thread-last-who"><bdi>troll'
            assert "names-ignored" in row(mine, "p", last) and "names-ignored" not in row(others, "p", last), url
        mine, others = (page(who, page_url(thread)) for who in (signed_in(bob), Client()))
        last = '<span class="last-name"><bdi>troll'
        assert "names-ignored" in row(mine, "span", last) and "names-ignored" not in row(others, "span", last)

    def test_are_not_among_who_likes_a_post(self, thread: Thread, bob: User, troll: User) -> None:
        assert signed_in(troll).post(f"/f/aws/{thread.id}/1/like/", {"on": "1"}).status_code == 302
        url = f"/f/aws/{thread.id}/1/likes/"
        assert "/u/troll/" in page(signed_in(bob), url)
        ignore(bob, troll)
        assert "/u/troll/" not in page(signed_in(bob), url) and "1 like for" in page(signed_in(bob), url)
        assert "/u/troll/" in page(Client(), url)

    def test_are_not_offered_after_an_at(self, bob: User, troll: User) -> None:
        make_member("trolley")
        assert signed_in(bob).get("/mention/?q=trol").json()["names"] == ["troll", "trolley"]
        ignore(bob, troll)
        assert signed_in(bob).get("/mention/?q=trol").json()["names"] == ["trolley"]

    def test_are_not_among_who_is_here(self, ada: User, bob: User, troll: User) -> None:
        for who in (troll, ada, bob):
            presence.note(str(who.pk))
        presence._told = float("-inf")
        presence.look_if_due()
        assert "/u/troll/" in page(signed_in(bob), "/")
        ignore(bob, troll)
        mine = page(signed_in(bob), "/")
        assert "/u/troll/" not in mine and "/u/ada/" in mine and "2 members online" in mine
        assert "/u/troll/" in page(signed_in(ada), "/") and "3 members online" in page(Client(), "/")
        presence.forget()


class TestNotes:
    def test_of_what_they_do_are_not_made(self, aws: Forum, thread: Thread, ada: User, troll: User) -> None:
        members.change_read_to(str(ada.pk), members.list_notes(str(ada.pk), 1).notes[0].timestamp)
        before = len(members.list_notes(str(ada.pk), 20).notes)
        ignore(ada, troll)
        reply(troll, thread, "And another thing.")
        reply(troll, thread, "Do you hear me, @ada?")
        reply(troll, thread, f"> @ada wrote in [#1](/p/{thread.id}/1/):\n> Which one?\n\nNone.")
        signed_in(troll).post(f"/f/aws/{thread.id}/1/like/", {"on": "1"})
        assert len(members.list_notes(str(ada.pk), 20).notes) == before
        assert members.get_inbox(str(ada.pk)).unread == 0

    def test_of_before_are_not_shown(self, thread: Thread, ada: User, bob: User, troll: User) -> None:
        assert "troll" in page(signed_in(ada), "/notifications/")
        ignore(ada, troll)
        assert "troll" not in page(signed_in(ada), "/notifications/")
        reply(bob, thread)
        assert "Bob" in page(signed_in(ada), "/notifications/") and "troll" not in page(
            signed_in(ada), "/notifications/"
        ), "gathered with what somebody else did"


class TestWhoCanBeIgnored:
    def test_is_no_moderator_and_not_oneself(self, aws: Forum, ada: User, bob: User, mod: User) -> None:
        group = Group.objects.create(name="keepers")
        aws.moderator_groups.add(group)
        bob.groups.add(group)
        renew()
        for whom in (mod, bob):
            for answer in (
                signed_in(ada).get(f"/members/{whom.pk}/ignore/"),
                signed_in(ada).post(f"/members/{whom.pk}/ignore/", {"on": "1"}),
            ):
                assert answer.status_code == 403 and "cannot be ignored" in answer.content.decode()
        assert signed_in(ada).post(f"/members/{ada.pk}/ignore/", {"on": "1"}).status_code == 400
        assert signed_in(ada).post("/members/987654/ignore/", {"on": "1"}).status_code == 404
        assert Client().get(f"/members/{bob.pk}/ignore/")["Location"].startswith("/accounts/login/")

    def test_is_heard_once_they_are_staff(self, thread: Thread, bob: User, troll: User) -> None:
        ignore(bob, troll)
        User.objects.filter(pk=troll.pk).update(is_staff=True)
        bob.save()
        assert LINE not in page(signed_in(bob), page_url(thread))

    def test_are_so_many(self, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ignores, "MOST_IGNORED", 2)
        people = [make_member(f"person{number}") for number in range(3)]
        for person in (*people[:2], people[0]):
            ignore(ada, person)
        answer = signed_in(ada).post(f"/members/{people[2].pk}/ignore/", {"on": "1"})
        assert answer.status_code == 409 and "as many as can be" in answer.content.decode()
        assert members.get_inbox(str(ada.pk)).ignored == {str(person.pk) for person in people[:2]}


class TestTheSettings:
    def test_list_whom_one_ignores_with_undo(self, ada: User, bob: User, troll: User) -> None:
        member = signed_in(ada)
        assert "You ignore nobody." in page(member, "/settings/ignored/")
        ignore(ada, troll)
        ignore(ada, bob)
        text = page(member, "/settings/ignored/")
        assert text.index("Bob") < text.index("troll"), "the last first"
        assert member.post("/settings/ignored/", {"member": str(troll.pk)}).status_code == 302
        assert "/u/troll/" not in page(member, "/settings/ignored/")
        assert members.get_inbox(str(ada.pk)).ignored == {str(bob.pk)}

    def test_are_exported_and_erased_with_the_account(self, ada: User, troll: User) -> None:
        from forum.actions import exporting

        ignore(ada, troll)
        assert [each["member"] for each in exporting.account(str(ada.pk))["ignored"]] == ["troll"]
        assert (
            signed_in(ada).post("/settings/close/", {"password": "correct horse", "posts": "keep"}).status_code == 302
        )
        assert list(Item.query(str(ada.pk))) == []


def test_it_costs_who_ignores_somebody_one_query_after_a_change(thread: Thread, bob: User, troll: User) -> None:
    reader = signed_in(bob)
    for _ in range(2):
        page(reader, "/f/aws/latest/")
    ignore(bob, troll)
    with cost() as spent:
        page(reader, "/f/aws/latest/")
    assert spent.dynamodb.calls == ["GetItem"] * 2, "the inbox and how the forum is watched, as for everybody"
    with cost() as spent:
        page(reader, "/f/aws/latest/")
    assert spent.all == ([], 0, 0)


class TestMutedThreads:
    def test_show_no_badges(self, aws: Forum, ada: User, bob: User) -> None:
        thread = start_thread(ada, aws, "Noise")
        reader = signed_in(bob)
        page(reader, page_url(thread))
        reply(ada, thread)
        assert "unread-badge" in page(reader, "/f/aws/")
        reader.post(f"/f/aws/{thread.id}/watch/", {"level": "muted"})
        assert "unread-badge" not in page(reader, "/f/aws/") and "unread-dot" not in page(reader, "/")
        reader.post(f"/f/aws/{thread.id}/watch/", {"level": "normal"})
        assert "unread-badge" in page(reader, "/f/aws/")


class TestWhatHadBeenTold:
    """The number at a member's name counts what their list shows."""

    def number(self, who: User) -> list[str]:
        return re.findall(r'class="menu-count" data-notes><span>(\d+)', page(signed_in(who), "/"))

    def test_of_them_is_read_from_then_on(self, thread: Thread, ada: User, bob: User, troll: User, aws: Forum) -> None:
        for number in range(3):
            reply(troll, start_thread(ada, aws, f"Thread {number}"))
        reply(bob, start_thread(ada, aws, "A fifth"))
        assert self.number(ada) == ["5"]
        ignore(ada, troll)
        assert self.number(ada) == ["1"]
        assert page(signed_in(ada), "/notifications/").count("replied in your thread") == 1

    def test_of_them_and_others_stays(self, thread: Thread, ada: User, bob: User, troll: User) -> None:
        reply(bob, thread)
        ignore(ada, troll)
        assert self.number(ada) == ["1"]
