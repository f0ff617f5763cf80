"""Splitting posts off and merging threads, through the pages of moderators."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from forum import jobs, links
from forum.actions import moving
from forum.models import Forum, Job, User
from forum.tables import changes, posts, threads
from forum.tables import moving as tables
from forum.tables.moderation import new_record
from forum.tables.threads import Thread
from tests.dying import Death, every_death, jobs_go_on
from tests.helpers import cost, make_member, page_url, reader, renew, rules, signed_in, token
from tests.tables.faults import lagging_indexes
from tests.views.test_moving import WORDS, add, crew, django, text, there, write

__all__ = ["crew", "django"]


@pytest.fixture
def thread(aws: Forum, ada: User) -> Thread:
    return write(ada, aws, 45)


@pytest.fixture
def other(aws: Forum, bob: User) -> Thread:
    return write(bob, aws, 3, "Another thread")


def send(user: User, thread: Thread, way: str, **fields: Any):  # type: ignore[no-untyped-def]
    shown = {"shown": 1, "numbers": "", "was": ""} if way == "split" else {}
    return signed_in(user).post(f"/f/{thread.forum}/{thread.id}/{way}/", {**shown, **fields})


def field(page: str, name: str) -> str:
    """The value of the field of this name."""
    tag = next(tag for tag in page.split("<input ")[1:] if f'name="{name}"' in tag.split(">")[0]).split(">")[0]
    return tag.split('value="')[1].split('"')[0] if 'value="' in tag else ""


def now(thread: Thread) -> Thread:
    return threads.get_thread(thread.forum, thread.id)


# -- Split ----------------------------------------------------------------------------------------


class TestSplitting:
    def test_into_a_new_thread(self, thread: Thread, mod: User, client: Client) -> None:
        for url in (page_url(thread), "/f/aws/", "/u/ada/"):
            client.get(url)
        answer = send(mod, thread, "split", post=[3, 4], numbers="44, 22-24", title="A part of it", reason="Off topic.")
        page = signed_in(mod).get(answer["Location"], follow=True)
        assert "A part of it" in text(page) and page.status_code == 200
        assert all(f"{WORDS} {number}<" in text(page) for number in (3, 4, 22, 23, 24, 44))
        old = text(client.get(page_url(thread)))
        assert f"{WORDS} 3<" not in old and f"{WORDS} 5<" in old and f'href="/p/{thread.id}/3/"' in old
        assert "A part of it" in text(client.get("/f/aws/")) and "A part of it" in text(client.get("/"))
        assert "A part of it" in text(client.get("/u/ada/"))
        assert client.get(f"/p/{thread.id}/24/")["Location"].endswith("/a-part-of-it/#post-5")
        assert client.get(f"/p/{thread.id}/25/")["Location"] == links.place(thread, 25)
        assert now(thread).readable == 39 and now(thread).last_post_number == 45

    def test_a_form_that_is_sent_twice_begins_one_job(
        self, thread: Thread, other: Thread, mod: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(jobs, "run", lambda number, seconds: Job.objects.get(pk=number))
        for target in ({"title": "A part of it"}, {"into": other.id}):
            Job.objects.all().delete()
            answers = [send(mod, thread, "split", numbers="3, 4", **target) for _ in range(2)]
            [job] = Job.objects.all()
            assert [answer.status_code for answer in answers] == [302, 302]
            assert {answer["Location"] for answer in answers} == {f"/jobs/{job.pk}/"}
            late = send(mod, thread, "split", numbers="3, 5", **target)
            assert late.status_code == 409 and f"/jobs/{job.pk}/" in text(late)
        assert "data-once" in text(signed_in(mod).get(f"/f/aws/{thread.id}/split/"))

    def test_to_the_end_of_another(self, thread: Thread, other: Thread, mod: User, client: Client) -> None:
        address = f"https://forum.example.org{page_url(other)}?page=1#post-2"
        assert send(mod, thread, "split", numbers="45 to 45, 2", into=address).status_code == 302
        page = text(client.get(page_url(other)))
        assert page.index(f"{WORDS} 3<") < page.index(f"{WORDS} 2<", page.index(f"{WORDS} 3<"))
        assert client.get(f"/p/{thread.id}/45/")["Location"] == links.place(other, 5)
        head = now(other)
        assert (head.last_post_number, head.readable) == (5, 5)
        assert text(client.get("/f/aws/")).count("Another thread") == 1

    def test_boxes_are_ticked_on_many_pages(self, thread: Thread, mod: User) -> None:
        browser, url = signed_in(mod), f"/f/aws/{thread.id}/split/"
        page = text(browser.get(url))
        assert "Page 1 of 3" in page and page.count('type="checkbox"') == 20
        fields = {"shown": 1, "was": field(page, "was"), "title": "Kept"}
        fields |= {"numbers": "40-42", "post": [2, 3], "page": 2}
        page = text(browser.post(url, fields))
        assert "Page 2 of 3" in page and field(page, "numbers") == "2-3, 40-42" and field(page, "title") == "Kept"
        assert "5 posts are chosen" in page
        fields |= {
            "shown": 2,
            "was": field(page, "was"),
            "numbers": field(page, "numbers"),
            "post": [21, 40],
            "page": 3,
        }
        page = text(browser.post(url, fields))
        assert field(page, "numbers") == "2-3, 21, 40-42" and page.count("checked") == 2
        # One box is no longer ticked, and a range that holds the page's other posts is typed.
        fields |= {"shown": 3, "was": field(page, "was"), "numbers": "2-3, 21, 40-45", "post": [42], "page": 1}
        page = text(browser.post(url, fields))
        assert field(page, "numbers") == "2-3, 21, 40, 42-45"
        assert not Job.objects.exists()

    def test_the_first_words_tell_the_posts_apart(self, thread: Thread, mod: User) -> None:
        send(mod, thread, "split", numbers="5", title="A part of it")
        page = text(signed_in(mod).get(f"/f/aws/{thread.id}/split/"))
        assert f"{WORDS} 7" in page and "begins the thread" in page and "moved already" in page

    @pytest.mark.parametrize(
        ("fields", "status", "words"),
        [
            ({"numbers": "1-2", "title": "Title"}, 409, "begins the thread and cannot be split off"),
            ({"numbers": "46", "title": "Title"}, 409, "no post #46"),
            ({"numbers": "0-3", "title": "Title"}, 409, "no post #0"),
            ({"numbers": "", "title": "Title"}, 409, "Choose at least one post"),
            ({"numbers": "7", "title": "Title"}, 409, "Post #7 is gone"),
            ({"numbers": "2", "title": ""}, 422, "one of the two"),
            ({"numbers": "2", "title": "Title", "into": "SELF"}, 422, "one of the two"),
            ({"numbers": "2", "into": "SELF"}, 409, "same thread"),
            ({"numbers": "2", "into": "/f/aws/01KAQ4ZT9N8YV3W2Q6JX5R7D00/"}, 409, "no thread at this address"),
            ({"numbers": "2", "into": "my thread"}, 422, "not the address of a thread"),
            ({"numbers": "two", "title": "Title"}, 422, "no number and no range"),
            ({"numbers": "5-3", "title": "Title"}, 422, "runs backwards"),
            ({"numbers": "1-999999999", "title": "Title"}, 422, "At most 10,000"),
            ({"numbers": "٣", "title": "Title"}, 422, "no number and no range"),
            ({"numbers": "2", "title": "ab"}, 422, "too short"),
            ({"numbers": "2", "title": "Title", "shown": "x"}, 404, "a page that cannot be"),
            ({"numbers": "2", "title": "Title", "page": "0"}, 404, "a page that cannot be"),
            ({"post": ["x", "-1", "9" * 30], "title": "Title"}, 409, "Choose at least one post"),
        ],
    )
    def test_nonsense_is_answered_in_words(
        self, fields: dict[str, str], status: int, words: str, thread: Thread, mod: User
    ) -> None:
        post = posts.get_post(thread.id, 7)
        changes.change_status(thread, post, "deleted", new_record("POST#x", "delete", "1"))
        fields = {name: thread.id if value == "SELF" else value for name, value in fields.items()}
        answer = send(mod, thread, "split", **fields)
        assert answer.status_code == status and words in text(answer), text(answer)
        if fields.get("numbers") and status != 404:
            assert fields["numbers"] in text(answer), "what was typed is still there"
        assert now(thread).readable == 44

    def test_acts_on_a_post_that_was_split_off(self, thread: Thread, ada: User, mod: User) -> None:
        send(mod, thread, "split", numbers="5", title="A part of it")
        for act in ("edit", "delete"):
            answer = signed_in(ada).post(f"/f/aws/{thread.id}/5/{act}/", {"body": "My text.", "revision": 1})
            assert answer.status_code == 409 and "moved" in text(answer) and f"/p/{thread.id}/5/" in text(answer)
        new = signed_in(ada).get(f"/p/{thread.id}/5/")["Location"].split("#")[0]
        assert signed_in(ada).get(new).status_code == 200

    def test_hidden_posts_stay_hidden_and_likes_and_edits_go_along(self, thread: Thread, ada: User, mod: User) -> None:
        signed_in(ada).post(f"/f/aws/{thread.id}/6/edit/", {"body": "Edited.", "revision": 1})
        hidden = posts.get_post(thread.id, 5)
        changes.change_status(thread, hidden, "hidden", new_record("POST#x", "hide", "1"))
        send(mod, thread, "split", numbers="5-7", title="A part of it")
        head, _ = posts.find_place(thread.id, 6, ["aws"])
        found = posts.list_of_thread(head, 1, 10)
        assert [post.status for post in found] == ["hidden", "visible", "visible"] and head.readable == 2
        assert found[1].body == "Edited." and found[1].edited_at and int(found[1].revision) == 3
        assert now(thread).readable == 42

    def test_posts_that_go_into_a_private_forum_show_nowhere(
        self, thread: Thread, mod: User, crew: Forum, client: Client
    ) -> None:
        hideout = write(mod, crew, 1, "Hideout")
        secret = ["/f/aws/", "/", "/f/aws/latest/", "/u/ada/", *(page_url(thread, page) for page in (1, 2, 3))]
        for url in secret:
            client.get(url)
        with lagging_indexes():
            moving.split(
                reader(mod),
                rules(Forum.objects.get(name="aws")),
                thread,
                [44, 45],
                title=None,
                into=(rules(crew), hideout),
            )
            for url in secret:
                page = text(client.get(url))
                assert f"{WORDS} 44<" not in page and f"{WORDS} 45<" not in page and "Hideout" not in page, url
        assert client.get(f"/p/{thread.id}/44/").status_code == 404

    def test_a_reply_to_the_other_thread_at_the_same_moment_is_not_lost(
        self, thread: Thread, other: Thread, ada: User, mod: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        appending, replies = tables.appending, ["Just in time.", "And another."]

        def meanwhile(source, target, *arguments):  # type: ignore[no-untyped-def]
            if replies:
                add(ada, other, replies.pop())
            return appending(source, target, *arguments)

        monkeypatch.setattr(tables, "appending", meanwhile)
        assert send(mod, thread, "split", numbers="5-7", into=other.id).status_code == 302
        found = posts.list_of_thread(now(other), 1, 20)
        assert [post.body for post in found[3:]] == [
            "And another.",
            "Just in time.",
            *(f"{WORDS} {number}" for number in (5, 6, 7)),
        ]


# -- Merge ----------------------------------------------------------------------------------------


class TestMerging:
    @pytest.mark.parametrize("address", ["/f/aws/{}/x/?page=2", "http://x/p/{}/2/", "{}", " {} ", "/f/wrong/{}/"])
    def test_by_whatever_address(self, address: str, thread: Thread, other: Thread, mod: User, client: Client) -> None:
        answer = send(mod, other, "merge", into=address.format(thread.id), reason="The same question.")
        assert answer.status_code == 302
        assert now(thread).last_post_number == now(thread).readable == 48
        old = client.get(page_url(other))
        assert (old.status_code, old["Location"]) == (301, page_url(thread, 3))
        assert client.get(f"/p/{other.id}/3/")["Location"] == links.place(thread, 48)
        assert "Another thread" not in text(client.get("/f/aws/")) + text(client.get("/")) + text(client.get("/u/Bob/"))

    def test_pages_of_the_old_thread_lead_to_where_their_posts_are(
        self, thread: Thread, other: Thread, mod: User, client: Client
    ) -> None:
        send(mod, thread, "merge", into=other.id)
        for page, number in [(1, 4), (2, 24), (3, 44)]:
            assert client.get(page_url(thread, page))["Location"] == page_url(other, links.page_of(number))
        assert client.get(f"/f/aws/{thread.id}/")["Location"] == page_url(other)

    def test_a_thread_that_was_merged_and_then_moved_is_found(
        self, thread: Thread, other: Thread, django: Forum, mod: User, client: Client
    ) -> None:
        send(mod, other, "merge", into=thread.id)
        send(mod, thread, "move", forum="django")
        new = there(thread, "django")
        assert client.get(f"/p/{other.id}/2/")["Location"] == links.place(new, 47)
        assert client.get(page_url(other))["Location"] == page_url(new, 3)

    def test_a_reply_to_the_old_thread_gets_its_text_back(
        self, thread: Thread, other: Thread, bob: User, mod: User
    ) -> None:
        send(mod, other, "merge", into=thread.id)
        fields = {"body": "Long thought about.", "token": token(bob)}
        answer = signed_in(bob).post(f"/f/aws/{other.id}/reply/", fields)
        assert answer.status_code == 409 and "Long thought about." in text(answer)
        assert f"/p/{other.id}/3/" in text(answer)

    def test_what_happens_on_the_way_is_not_lost(self, thread: Thread, other: Thread, ada: User, mod: User) -> None:
        """The thread is closed at once; opened by another moderator, its late replies come along all the same."""
        with Death(4, after=True).strikes():
            moving.merge(reader(mod), *at(thread), *at(other))
        browser = signed_in(ada)
        answer = browser.post(f"/f/aws/{thread.id}/reply/", {"body": "Too late.", "token": token(ada)})
        assert answer.status_code == 409 and "locked" in text(answer)
        assert browser.post(f"/f/aws/{thread.id}/40/edit/", {"body": "Better.", "revision": 1}).status_code == 302
        signed_in(mod).post(f"/f/aws/{thread.id}/lock/", {"locked": "0"})
        add(ada, thread, "A late reply.")
        jobs_go_on()
        found = posts.list_of_thread(now(other), 1, 100)
        assert [post.body for post in found[-2:]] == [f"{WORDS} 45", "A late reply."] and found[42].body == "Better."
        assert now(thread).moved_to == f"aws/{other.id}"

    def test_into_a_private_forum_shows_nowhere_at_once(
        self, aws: Forum, ada: User, mod: User, crew: Forum, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tables, "BATCH", 2)
        hideout = write(mod, crew, 1, "Hideout")
        for death in every_death():
            thread = write(ada, aws, 3)
            urls = ["/", "/f/aws/", "/f/aws/latest/", "/u/ada/", page_url(thread), f"/p/{thread.id}/2/"]
            assert all(WORDS in text(client.get(url)) for url in urls[2:5])
            with death.strikes():
                moving.merge(reader(mod), *at(thread), rules(crew), hideout)
            if now(thread).locked:
                for url in urls:
                    answer = client.get(url, follow=True)
                    assert WORDS not in text(answer) and "Which key?" not in text(answer), (url, str(death))
            jobs_go_on()
            if not death.struck:
                return

    @pytest.mark.parametrize(
        ("into", "status", "words"),
        [
            ("SELF", 409, "same thread"),
            ("SECRET", 403, "Only moderators of The crew only"),
            ("01KAQ4ZT9N8YV3W2Q6JX5R7D00", 409, "no thread at this address"),
            ("", 422, "Say which thread"),
            ("nonsense", 422, "not the address"),
            ("x" * 5_000, 422, "not the address"),
        ],
    )
    def test_nonsense_is_answered_in_words(
        self, into: str, status: int, words: str, aws: Forum, thread: Thread, crew: Forum, mod: User
    ) -> None:
        group = Group.objects.create(name="keepers")
        aws.moderator_groups.add(group)
        warden = make_member("warden")
        warden.groups.add(group, Group.objects.get(name="crew"))
        renew()
        address = {"SELF": thread.id, "SECRET": write(mod, crew, 1).id}.get(into, into)
        answer = send(warden, thread, "merge", into=address)
        assert answer.status_code == status and words in text(answer)
        assert not now(thread).locked

    def test_what_the_reader_may_not_see_does_not_exist(
        self, thread: Thread, aws: Forum, crew: Forum, mod: User
    ) -> None:
        group = Group.objects.create(name="keepers")
        aws.moderator_groups.add(group)
        warden = make_member("warden")
        warden.groups.add(group)
        renew()
        for way, fields in (("merge", {}), ("split", {"numbers": "2"})):
            answer = send(warden, thread, way, into=write(mod, crew, 1).id, **fields)
            assert answer.status_code == 409 and "no thread at this address" in text(answer)


def at(thread: Thread) -> tuple[Any, Thread]:
    return rules(Forum.objects.get(name=thread.forum)), now(thread)


# -- What it costs --------------------------------------------------------------------------------


def test_a_batch_costs_one_transaction(aws: Forum, thread: Thread, django: Forum, mod: User, client: Client) -> None:
    client.get("/f/aws/")
    with cost() as spent:
        moving.move_thread(reader(mod), rules(aws), rules(django), thread)
    head, look, batch = ["GetItem", "BatchGetItem", "TransactWriteItems"], ["GetItem", "Query", "BatchGetItem"], []
    batch = [*look, "TransactWriteItems", "BatchGetItem"]
    assert spent.dynamodb.calls == [*head, *batch, *batch, "Query"], "the head takes care of the last ten posts"


def test_permalinks_cost_a_look_more_for_each_move(
    thread: Thread, other: Thread, django: Forum, mod: User, client: Client
) -> None:
    def calls() -> list[str]:
        with cost() as spent:
            client.get(f"/p/{other.id}/2/")
        return spent.dynamodb.calls

    assert calls() == ["Query", "GetItem"]
    send(mod, other, "merge", into=thread.id)
    assert calls() == ["Query", "Query", "GetItem"]
    send(mod, thread, "move", forum="django")
    assert calls() == ["Query", "Query", "GetItem"], "the index shows the posts at their new place"
