"""Likes, bookmarks and answers, as members give them: what each reader sees of them, at once and everywhere."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from forum.models import Forum, User
from forum.tables import base, posts, threads
from forum.tables.members import Item
from forum.tables.threads import Thread
from tests.helpers import cost, make_forum, make_member, page_url, renew, reply, signed_in, start_thread

pytestmark = pytest.mark.django_db(transaction=True)

PRESSED = re.compile(r'formaction="[^"]*/(\d+)/(like|bookmark|answer)/" name="on" value="0" aria-pressed="true"')
OFFERED = re.compile(r'formaction="[^"]*/(\d+)/(like|bookmark|answer)/" name="on" value="1" aria-pressed="false"')
COUNT = re.compile(r'/(\d+)/likes/"[^>]*><span class="act-number">([\d,]+)')


@pytest.fixture
def thread(aws: Forum, ada: User, bob: User) -> Thread:
    """Ada asks, Bob replies twice."""
    begun = start_thread(ada, aws, "How big is an item?")
    for _ in range(2):
        reply(bob, begun)
    return threads.get_thread("aws", begun.id)


@pytest.fixture
def carol(site: None) -> User:
    return make_member("carol")


def press(
    who: User | Client, thread: Thread, kind: str = "like", number: int = 1, on: bool | str = True, **more: Any
) -> HttpResponse:
    client = who if isinstance(who, Client) else signed_in(who)
    fields = {"on": on if isinstance(on, str) else "1" if on else "0"}
    return client.post(f"/f/{thread.forum}/{thread.id}/{number}/{kind}/", fields, **more)


def text(who: User | Client, url: str) -> str:
    client = who if isinstance(who, Client) else signed_in(who)
    return client.get(url).content.decode()


def pressed(who: User | Client, thread: Thread) -> set[tuple[str, str]]:
    return set(PRESSED.findall(text(who, page_url(thread))))


def offered(who: User | Client, thread: Thread) -> set[tuple[str, str]]:
    return set(OFFERED.findall(text(who, page_url(thread))))


def likes(who: User | Client, thread: Thread) -> dict[str, str]:
    return {number: count for number, count in COUNT.findall(text(who, page_url(thread))) if count != "0"}


def notes_of(user: User) -> list[str]:
    return re.findall(r"liked your post|marked your post", text(user, "/notifications/"))


class TestALike:
    def test_shows_at_once_to_all_and_as_mine_to_me(self, thread: Thread, ada: User, bob: User, carol: User) -> None:
        readers = [signed_in(ada), signed_in(bob), signed_in(carol), Client()]
        for reader in readers * 3:
            reader.get(page_url(thread))
        answer = press(readers[2], thread)
        assert answer.status_code == 302 and answer["Location"] == f"{page_url(thread)}#post-1"
        for reader in readers:
            assert likes(reader, thread) == {"1": "1"}
        assert [pressed(reader, thread) for reader in readers] == [set(), set(), {("1", "like")}, set()]

    def test_is_kept_with_the_page_and_costs_nothing_more(self, thread: Thread, carol: User) -> None:
        member = signed_in(carol)
        press(member, thread, number=2)
        for _ in range(3):
            member.get(page_url(thread))
        with cost() as spent:
            assert pressed(member, thread) == {("2", "like")}
        assert spent.all == ([], 0, 0)

    def test_is_taken_back(self, thread: Thread, carol: User) -> None:
        press(carol, thread)
        assert press(carol, thread, on=False).status_code == 302
        assert likes(carol, thread) == {} and pressed(carol, thread) == set()
        assert ("1", "like") in offered(carol, thread)

    def test_twice_is_one(self, thread: Thread, carol: User) -> None:
        assert [press(carol, thread).status_code for _ in range(2)] == [302, 302]
        assert likes(carol, thread) == {"1": "1"}
        assert [press(carol, thread, on=False).status_code for _ in range(2)] == [302, 302]
        assert likes(carol, thread) == {}

    def test_is_not_for_ones_own_post(self, thread: Thread, ada: User) -> None:
        assert ("1", "like") not in offered(ada, thread) and ("2", "like") in offered(ada, thread)
        assert press(ada, thread).status_code == 403 and likes(ada, thread) == {}

    def test_needs_a_member_who_then_comes_back_to_the_post(self, thread: Thread, client: Client) -> None:
        assert "data-reactions" not in text(client, page_url(thread))
        answer = press(client, thread, number=2)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/") and "%2F2%2Flike%2F" in answer["Location"]
        assert client.get(f"/f/aws/{thread.id}/2/like/")["Location"] == f"/p/{thread.id}/2/"

    def test_is_not_for_who_is_silenced(self, thread: Thread, carol: User) -> None:
        carol.silenced_until = timezone.now() + timezone.timedelta(days=1)
        carol.save()
        renew()
        assert ("1", "like") not in offered(carol, thread) and ("1", "bookmark") in offered(carol, thread)
        assert press(carol, thread).status_code == 403 and likes(carol, thread) == {}

    def test_is_not_for_an_archive(self, thread: Thread, aws: Forum, carol: User, mod: User) -> None:
        signed_in(mod).post(f"/f/aws/{thread.id}/archive/", {"archived": "1"})
        assert ("1", "like") not in offered(carol, thread)
        assert press(carol, thread).status_code == 403
        signed_in(mod).post(f"/f/aws/{thread.id}/archive/", {"archived": "0"})
        aws.archived = True
        aws.save()
        renew()
        assert ("1", "like") not in offered(carol, thread)
        assert press(carol, thread).status_code == 403 and likes(carol, thread) == {}

    def test_is_not_for_who_may_not_read(self, ada: User, carol: User) -> None:
        crew = make_forum("crew", read_access="groups")
        group = Group.objects.create(name="crew")
        crew.read_groups.add(group)
        group.user_set.add(ada)
        renew()
        secret = start_thread(ada, crew)
        for kind in ("like", "bookmark", "answer"):
            assert press(carol, secret, kind).status_code == 404
        assert signed_in(carol).get(f"/f/crew/{secret.id}/1/likes/").status_code == 404

    def test_of_a_post_that_is_gone_is_a_conflict(self, thread: Thread, bob: User, carol: User, mod: User) -> None:
        signed_in(bob).post(f"/f/aws/{thread.id}/3/delete/")
        signed_in(mod).post(f"/f/aws/{thread.id}/2/hide/", {"reason": "Spam."})
        for number, word in ((3, "deleted"), (2, "hidden")):
            answer = press(carol, thread, number=number)
            assert answer.status_code == 409 and word in answer.content.decode()
        assert press(carol, thread, number=4).status_code == 404
        signed_in(mod).post(f"/f/aws/{thread.id}/delete/", {"reason": "Spam."})
        assert press(carol, thread).status_code == 404

    @pytest.mark.parametrize("on", ["", "2", "yes", "\x00"])
    def test_says_what_is_wrong_with_a_form(self, on: str, thread: Thread, carol: User) -> None:
        for kind in ("like", "bookmark", "answer"):
            assert press(carol, thread, kind, on=on).status_code == 400

    def test_answers_a_script_with_what_it_shows(self, thread: Thread, ada: User, carol: User) -> None:
        wants = {"headers": {"accept": "application/json"}}
        press(thread=thread, who=ada, number=2)
        assert press(carol, thread, number=2, **wants).json() == {"on": True, "likes": 2}
        assert press(carol, thread, number=2, **wants).json() == {"on": True, "likes": 2}
        assert press(carol, thread, number=2, on=False, **wants).json() == {"on": False, "likes": 1}
        assert press(carol, thread, "bookmark", number=2, **wants).json() == {"on": True, "likes": 1}

    def test_does_not_disturb_an_edit(self, thread: Thread, ada: User, carol: User) -> None:
        member = signed_in(ada)
        seen = re.findall(r'name="revision" value="(\d+)"', text(member, f"/f/aws/{thread.id}/1/edit/"))[0]
        press(carol, thread)
        edit = {"title": thread.title, "body": "Better words.", "revision": seen}
        assert member.post(f"/f/aws/{thread.id}/1/edit/", edit).status_code == 302
        assert "Better words." in text(Client(), page_url(thread)) and likes(Client(), thread) == {"1": "1"}
        assert member.post(f"/f/aws/{thread.id}/1/edit/", edit).status_code == 409, "the text has changed since"

    def test_is_shown_without_state_while_dynamodb_is_away_and_then_with_it(
        self, thread: Thread, carol: User, settings: Any
    ) -> None:
        member = signed_in(carol)
        press(member, thread)
        Client().get(page_url(thread))
        settings.DYNAMODB_ENDPOINT_URL, engine = "http://127.0.0.1:1", settings.DYNAMODB_ENDPOINT_URL
        base.reset_connection()
        try:
            assert member.get(page_url(thread)).status_code == 200
            assert member.get(page_url(thread)).status_code == 200
        finally:
            settings.DYNAMODB_ENDPOINT_URL = engine
            base.reset_connection()
        assert pressed(member, thread) == {("1", "like")}


class TestTheAuthor:
    def test_is_told_of_a_like_once(self, thread: Thread, ada: User, carol: User) -> None:
        press(carol, thread)
        press(carol, thread)
        press(carol, thread, on=False)
        press(carol, thread)
        page = text(ada, "/notifications/")
        assert page.count("liked your post") == 1 and "/u/carol/" in page

    def test_is_told_of_an_answer_of_theirs(self, thread: Thread, ada: User, bob: User) -> None:
        press(ada, thread, "answer", 2)
        assert notes_of(bob).count("marked your post") == 1


class TestWhoLikesAPost:
    def test_is_on_a_page_for_all_who_read_it(self, thread: Thread, ada: User, carol: User, client: Client) -> None:
        for member in (ada, carol):
            press(member, thread, number=2)
        page = text(client, f"/f/aws/{thread.id}/2/likes/")
        assert "/u/ada/" in page and "/u/carol/" in page and "2 likes" in page
        assert "Nobody yet." in text(client, f"/f/aws/{thread.id}/3/likes/")

    def test_goes_on_page_by_page(self, thread: Thread, monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
        monkeypatch.setattr("forum.views.reacting.LIKERS_PER_PAGE", 2)
        for name in ("dora", "emil", "fred"):
            press(make_member(name), thread)
        url, seen = f"/f/aws/{thread.id}/1/likes/", []
        for _ in range(2):
            page = text(client, url)
            seen += [name for name in ("dora", "emil", "fred") if f"/u/{name}/" in page]
            url = f"/f/aws/{thread.id}/1/likes/" + "".join(re.findall(r'rel="next" href="[^"?]*(\?[^"]+)"', page))
        assert sorted(seen) == ["dora", "emil", "fred"]

    @pytest.mark.parametrize("after", ["x", "-1", "0", "9" * 30, "\x00"])
    def test_says_what_is_wrong_with_a_cursor(self, after: str, thread: Thread, client: Client) -> None:
        assert client.get(f"/f/aws/{thread.id}/1/likes/", {"after": after}).status_code == 400


class TestMovedPosts:
    def test_keep_their_likes_and_bookmarks(self, thread: Thread, carol: User, mod: User) -> None:
        press(carol, thread, number=3)
        press(carol, thread, "bookmark", 3)
        signed_in(mod).post(f"/f/aws/{thread.id}/split/", {"numbers": "3", "title": "Apart", "reason": "Off topic."})
        head, number = posts.find_place(thread.id, 3, ["aws"])
        assert (head.id != thread.id, number) == (True, 1)
        assert pressed(carol, head) == {("1", "like"), ("1", "bookmark")} and likes(carol, head) == {"1": "1"}
        assert press(carol, thread, number=3).status_code == 409
        assert press(carol, head).status_code == 302 and likes(carol, head) == {"1": "1"}, "still one"
        assert "/u/carol/" in text(carol, f"/f/aws/{head.id}/1/likes/")
        press(carol, head, on=False)
        assert likes(carol, head) == {}
        assert "It is in another thread now." in text(carol, "/bookmarks/")


class TestBookmarks:
    @pytest.fixture
    def shelf(self, thread: Thread, carol: User) -> Iterator[Client]:
        """Carol, who has bookmarked posts 2 and 1."""
        member = signed_in(carol)
        for number in (2, 1):
            assert press(member, thread, "bookmark", number).status_code == 302
        yield member

    def titles(self, page: str) -> list[str]:
        return re.findall(r"Post #(\d+)", page)

    def test_are_mine_alone(self, shelf: Client, thread: Thread, ada: User) -> None:
        assert pressed(shelf, thread) == {("1", "bookmark"), ("2", "bookmark")} and pressed(ada, thread) == set()
        assert self.titles(text(shelf, "/bookmarks/")) == ["1", "2"]
        assert "Nothing here yet." in text(ada, "/bookmarks/")

    def test_are_for_ones_own_posts_too_and_for_archives(self, thread: Thread, ada: User, aws: Forum) -> None:
        aws.archived = True
        aws.save()
        renew()
        assert press(ada, thread, "bookmark").status_code == 302
        assert pressed(ada, thread) == {("1", "bookmark")}

    def test_are_taken_back_where_they_were_made_and_on_their_page(self, shelf: Client, thread: Thread) -> None:
        press(shelf, thread, "bookmark", 1, on=False)
        assert pressed(shelf, thread) == {("2", "bookmark")}
        assert shelf.post(f"/bookmarks/{thread.id}/2/remove/").status_code == 302
        assert pressed(shelf, thread) == set() and "Nothing here yet." in text(shelf, "/bookmarks/")

    def test_have_a_note(self, shelf: Client, thread: Thread) -> None:
        url = f"/bookmarks/{thread.id}/2/"
        assert shelf.post(url, {"note": "Try <b>this</b>."}).status_code == 302
        page = text(shelf, "/bookmarks/")
        assert "Try &lt;b&gt;this&lt;/b&gt;." in page and "<b>this" not in page
        assert "Try &lt;b&gt;this" in text(shelf, url)
        assert shelf.post(url, {"note": " "}).status_code == 302
        assert "Try" not in text(shelf, "/bookmarks/")

    def test_with_a_note_that_is_too_long_keep_the_old_one(self, shelf: Client, thread: Thread) -> None:
        answer = shelf.post(f"/bookmarks/{thread.id}/2/", {"note": "long " * 101})
        assert answer.status_code == 422 and "500 is the most" in answer.content.decode()
        assert "long long" in answer.content.decode() and "long" not in text(shelf, "/bookmarks/")

    def test_that_are_not_there(self, shelf: Client, thread: Thread, ada: User) -> None:
        assert shelf.get(f"/bookmarks/{thread.id}/3/").status_code == 404
        assert signed_in(ada).post(f"/bookmarks/{thread.id}/2/", {"note": "Mine?"}).status_code == 404
        assert shelf.post(f"/bookmarks/{thread.id}/3/remove/").status_code == 302

    def test_need_a_member(self, thread: Thread, client: Client) -> None:
        for url in ("/bookmarks/", f"/bookmarks/{thread.id}/1/"):
            assert client.get(url)["Location"].startswith("/accounts/login/")
        assert client.post(f"/bookmarks/{thread.id}/1/remove/")["Location"].startswith("/accounts/login/")

    def test_go_on_page_by_page(self, shelf: Client, thread: Thread, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("forum.views.bookmarks.PER_PAGE", 1)
        first = text(shelf, "/bookmarks/")
        older = re.findall(r'rel="next" href="([^"]+)"', first)[0]
        second = text(shelf, older)
        assert (self.titles(first), self.titles(second)) == (["1"], ["2"]) and 'rel="next"' not in second
        assert shelf.get("/bookmarks/", {"before": "x"}).status_code == 400

    def test_cost_one_query_and_two_batches(self, shelf: Client) -> None:
        text(shelf, "/bookmarks/")
        with cost() as spent:
            text(shelf, "/bookmarks/")
        assert (spent.dynamodb.calls, spent.sql) == (["Query", "BatchGetItem", "BatchGetItem"], 1)

    def test_of_what_may_not_be_read_any_more_show_nothing_of_it(self, ada: User, carol: User) -> None:
        lounge = make_forum("lounge", read_access="members")
        secret = start_thread(ada, lounge, "Secret plans", "Secret words.")
        press(carol, secret, "bookmark")
        assert "Secret plans" in text(carol, "/bookmarks/")
        lounge.read_access = "groups"
        lounge.save()
        renew()
        page = text(carol, "/bookmarks/")
        assert "Secret" not in page and "may not read any more" in page
        assert "Secret" not in text(carol, f"/bookmarks/{secret.id}/1/")

    def test_of_what_is_gone_say_so(self, shelf: Client, thread: Thread, bob: User, mod: User) -> None:
        signed_in(bob).post(f"/f/aws/{thread.id}/2/delete/")
        page = text(shelf, "/bookmarks/")
        assert "This post has been removed." in page and "A reply." not in page
        signed_in(mod).post(f"/f/aws/{thread.id}/delete/", {"reason": "Spam."})
        page = text(shelf, "/bookmarks/")
        assert page.count("This thread has been removed.") == 2 and thread.title not in page

    def test_follow_a_thread_to_another_forum(self, shelf: Client, thread: Thread, mod: User) -> None:
        make_forum("django")
        signed_in(mod).post(f"/f/aws/{thread.id}/move/", {"forum": "django", "reason": "Off topic."})
        page = text(shelf, "/bookmarks/")
        assert page.count("/f/django/") == 2 and page.count(thread.title) >= 2


class TestAnswers:
    def solved(self, thread: Thread) -> int:
        return int(threads.get_thread("aws", thread.id).solved)

    def test_are_marked_by_who_asked(self, thread: Thread, ada: User, client: Client) -> None:
        client.get(page_url(thread))
        assert offered(ada, thread) >= {("2", "answer"), ("3", "answer")} and ("1", "answer") not in offered(
            ada, thread
        )
        assert press(ada, thread, "answer", 2)["Location"] == f"{page_url(thread)}#post-2"
        page = text(client, page_url(thread))
        assert "Solved in post #2" in page and page.count("Answer</span>") == 1 and "Solved</a>" in page
        assert pressed(ada, thread) == {("2", "answer")}

    def test_are_one_and_can_be_taken_back(self, thread: Thread, ada: User, client: Client) -> None:
        for number in (2, 3, 3):
            assert press(ada, thread, "answer", number).status_code == 302
        assert self.solved(thread) == 3
        press(ada, thread, "answer", 2, on=False)
        assert self.solved(thread) == 3, "it was not the answer"
        press(ada, thread, "answer", 3, on=False)
        assert self.solved(thread) == 0 and "Solved" not in text(client, page_url(thread))

    def test_are_no_business_of_others(self, thread: Thread, bob: User, client: Client) -> None:
        assert ("2", "answer") not in offered(bob, thread)
        assert press(bob, thread, "answer", 2).status_code == 403
        assert press(client, thread, "answer", 2).status_code == 302 and self.solved(thread) == 0

    def test_by_moderators_are_recorded_for_all_to_see(self, thread: Thread, mod: User) -> None:
        assert ("2", "answer") in offered(mod, thread)
        press(mod, thread, "answer", 2)
        press(mod, thread, "answer", 2, on=False)
        page = text(mod, f"/f/aws/{thread.id}/history/")
        assert "marked its answer" in page and "took back which post answers it" in page

    def test_are_not_the_question(self, thread: Thread, ada: User) -> None:
        assert press(ada, thread, "answer", 1).status_code == 403

    def test_go_with_their_post(self, thread: Thread, ada: User, mod: User) -> None:
        press(ada, thread, "answer", 2)
        signed_in(mod).post(f"/f/aws/{thread.id}/2/hide/", {"reason": "Spam."})
        assert self.solved(thread) == 0
        assert press(ada, thread, "answer", 2).status_code == 409
        press(ada, thread, "answer", 3)
        signed_in(mod).post(f"/f/aws/{thread.id}/split/", {"numbers": "3", "title": "Apart", "reason": "Off topic."})
        assert self.solved(thread) == 0

    def test_are_not_for_archives(self, thread: Thread, ada: User, mod: User) -> None:
        signed_in(mod).post(f"/f/aws/{thread.id}/archive/", {"archived": "1"})
        assert ("2", "answer") not in offered(ada, thread)
        assert press(ada, thread, "answer", 2).status_code == 403


def test_what_is_ones_own_goes_with_the_account(thread: Thread, carol: User) -> None:
    from forum.tables import sweeps

    press(carol, thread)
    press(carol, thread, "bookmark")
    assert len(list(Item.query(str(carol.pk)))) == 3
    while sweeps.remove_items(str(carol.pk)):
        pass
    assert likes(Client(), thread) == {"1": "1"}, "what was liked stays liked"
    assert "Their names will be here" in text(Client(), f"/f/aws/{thread.id}/1/likes/")
