"""Threads in the administration: the list of a forum, a thread's page, what can be done with it."""

import re
from typing import Any

import pytest
from django.test import Client

from forum.models import Forum, User
from forum.tables import threads
from forum.tables.moderation import list_records, thread_subject
from forum.tables.threads import Thread, get_thread
from tests.helpers import cost, make_forum, make_member, reply, signed_in, start_thread

from .test_posts import give, make_moderator, shown, text, tokens, way

PAGE = "/admin/threads/"


def titles(page: str) -> list[str]:
    return re.findall(r'class="field-link[^"]*"><a href="[^"]+">([^<]+)</a>', page)


def page_of(thread: Thread, act: str = "") -> str:
    return f"{PAGE}{thread.id}/{act}"


def now(thread: Thread) -> Thread:
    return get_thread(thread.forum, thread.id)


@pytest.fixture
def talk(aws: Forum, ada: User) -> Thread:
    return start_thread(ada, aws, "Lambda or not", "Which one?")


@pytest.fixture
def admin(mod: User) -> Client:
    return signed_in(mod)


class TestTheList:
    def test_by_last_activity_with_pinned_ones_first(self, admin: Client, aws: Forum, ada: User) -> None:
        first, second, third = (start_thread(ada, aws, title) for title in ("First", "Second", "Third"))
        reply(ada, first)
        admin.post(page_of(second, "pin/"), {"confirmed": "Pin"})
        page = text(admin.get(PAGE))
        assert titles(page) == ["Second", "First", "Third"] and "status-pinned" in page

    def test_pages_follow_each_other_in_both_directions(
        self, admin: Client, aws: Forum, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from forum.admin.threads import Threads

        monkeypatch.setattr(Threads, "per_page", 2)
        made = [start_thread(ada, aws, f"Thread {n}") for n in range(5)]
        admin.post(page_of(made[0], "pin/"), {"confirmed": "Pin"})
        first = text(admin.get(PAGE))
        second = text(admin.get(PAGE + way(first, "next")))
        third = text(admin.get(PAGE + way(second, "next")))
        assert [titles(page) for page in (first, second, third)] == [
            ["Thread 0", "Thread 4"],
            ["Thread 3", "Thread 2"],
            ["Thread 1"],
        ]
        back = text(admin.get(PAGE + way(third, "prev")))
        assert titles(back) == ["Thread 3", "Thread 2"]
        assert titles(text(admin.get(PAGE + way(back, "prev")))) == ["Thread 0", "Thread 4"]

    def test_it_costs_one_query(self, admin: Client, talk: Thread) -> None:
        admin.get(PAGE)
        with cost() as spent:
            admin.get(PAGE)
        assert spent.dynamodb.calls == ["Query"]

    def test_jumping(self, admin: Client, talk: Thread) -> None:
        for typed in (talk.id, f"/f/aws/{talk.id}/lambda/?page=2", f"https://x.example/p/{talk.id}/1/"):
            assert admin.get(PAGE, {"q": typed})["Location"] == page_of(talk)
        assert titles(text(admin.get(PAGE, {"q": f"{talk.created:%Y-%m-%d}"}, follow=True))) == ["Lambda or not"]
        missing = admin.get(PAGE, {"q": "01KAQ4ZT9N8YV3W2Q6JX5R7D03"})
        assert missing.status_code == 404 and "There is no such thread" in text(missing)
        assert admin.get(PAGE, {"q": "what?"}).status_code == 400


class TestOneThread:
    def test_its_page(self, admin: Client, talk: Thread, aws: Forum, bob: User) -> None:
        for n in range(2, 23):
            reply(bob, talk, f"Reply number {n}.")
        page = text(admin.get(page_of(talk)))
        assert "Posts, page 1 of 2" in page and "Which one?" in page and f"/admin/posts/{talk.id}-20/" in page
        assert 'href="move/"' in page and 'href="merge/"' in page and f"/f/aws/{talk.id}/split/" in page
        last = text(admin.get(page_of(talk), {"page": 2}))
        assert "Reply number 22." in last and "Reply number 20." not in last
        assert admin.get(page_of(talk), {"page": 3}).status_code == 404
        assert admin.get(page_of(talk), {"page": "x"}).status_code == 404

    def test_what_it_costs_is_the_same_for_every_page(self, admin: Client, talk: Thread, bob: User) -> None:
        for n in range(2, 23):
            reply(bob, talk, f"Reply number {n}.")
        admin.get(page_of(talk))
        for number in (1, 2):
            with cost() as spent:
                admin.get(page_of(talk), {"page": number})
            assert spent.dynamodb.calls == ["BatchGetItem", "Query", "Query"]

    @pytest.mark.parametrize(
        ("act", "undo", "attribute"),
        [("lock", "unlock", "locked"), ("pin", "unpin", "pinned"), ("archive", "unarchive", "archived")],
    )
    def test_switches(self, act: str, undo: str, attribute: str, admin: Client, talk: Thread) -> None:
        assert page_of(talk, "")[:-1] in page_of(talk) and f'href="{act}/"' in text(admin.get(page_of(talk)))
        assert admin.post(page_of(talk, f"{act}/"), {"confirmed": "1"})["Location"] == page_of(talk)
        page = text(admin.get(page_of(talk)))
        assert getattr(now(talk), attribute) and f'href="{undo}/"' in page and f'href="{act}/"' not in page
        again = admin.post(page_of(talk, f"{act}/"), {"confirmed": "1"})
        assert again.status_code == 409 and "mod has" in text(again)
        admin.post(page_of(talk, f"{undo}/"), {"confirmed": "1", "reason": "Enough of that"})
        assert not getattr(now(talk), attribute)
        assert list_records(thread_subject(talk.id))[0].reason == "Enough of that"

    def test_renaming(self, admin: Client, talk: Thread) -> None:
        assert 'value="Lambda or not"' in text(admin.get(page_of(talk, "rename/")))
        short = admin.post(page_of(talk, "rename/"), {"confirmed": "1", "title": "x", "reason": "Better"})
        assert short.status_code == 422 and now(talk).title == "Lambda or not"
        admin.post(page_of(talk, "rename/"), {"confirmed": "1", "title": "Lambda, or a server?"})
        assert now(talk).title == "Lambda, or a server?"
        page = text(admin.get(page_of(talk)))
        assert "title: Lambda or not → Lambda, or a server?" in page

    def test_the_second_to_rename_is_told_of_the_first(self, admin: Client, talk: Thread) -> None:
        form = text(admin.get(page_of(talk, "rename/")))
        admin.post(page_of(talk, "rename/"), {"confirmed": "1", "title": "The first one's", **shown(form)})
        sent = {"confirmed": "1", "title": "The second one's"}
        late = admin.post(page_of(talk, "rename/"), {**sent, **shown(form)})
        assert late.status_code == 409 and now(talk).title == "The first one's"
        assert "“The first one&#x27;s” by ada" in text(late) and 'value="The second one&#x27;s"' in text(late)
        admin.post(page_of(talk, "rename/"), {**sent, f"seen {talk.partition}|{talk.id}": "The first one's"})
        assert now(talk).title == "The second one's"

    def test_hidden_and_deleted_threads_leave_the_list_and_keep_their_page(self, admin: Client, talk: Thread) -> None:
        for act, undo, status in (("hide", "show", "hidden"), ("delete", "undelete", "deleted")):
            assert admin.post(page_of(talk, f"{act}/"), {"confirmed": "1", "reason": ""}).status_code == 422
            admin.post(page_of(talk, f"{act}/"), {"confirmed": "1", "reason": "Off topic"})
            assert now(talk).status == status and titles(text(admin.get(PAGE))) == []
            assert f"status-{status}" in text(admin.get(page_of(talk)))
            admin.post(page_of(talk, f"{undo}/"), {"confirmed": "1"})
            assert now(talk).status == "visible" and titles(text(admin.get(PAGE))) == ["Lambda or not"]


def test_many_threads_at_once(admin: Client, aws: Forum, ada: User) -> None:
    made = [start_thread(ada, aws, f"Thread {n}") for n in range(3)]
    chosen = tokens(text(admin.get(PAGE)))[:2]
    assert '<option value="pin">Pin</option>' in text(admin.get(PAGE))
    asked = admin.post(PAGE, {"action": "lock", "_selected_action": chosen})
    assert "Lock 2 threads?" in text(asked)
    fields: dict[str, Any] = {"action": "lock", "_selected_action": chosen, "confirmed": "Lock"}
    assert "2 threads were locked." in text(admin.post(PAGE, fields, follow=True))
    assert [now(thread).locked for thread in made] == [False, True, True]
    damaged = admin.post(PAGE, {"action": "lock", "_selected_action": ["aws|x"]})
    assert damaged.status_code == 400


class TestTakingElsewhere:
    def test_many_threads_move_at_once(self, admin: Client, aws: Forum, ada: User) -> None:
        make_forum("tea", title="All about tea")
        made = [start_thread(ada, aws, f"Thread {n}") for n in range(3)]
        chosen = tokens(text(admin.get(PAGE, {"forum": "aws"})))[:2]
        sent: dict[str, Any] = {"action": "move", "_selected_action": chosen}
        asked = text(admin.post(PAGE, sent))
        assert "Move 2 threads?" in asked and '<option value="tea">All about tea</option>' in asked
        sent |= {"confirmed": "Move", "reason": "About tea"}
        assert admin.post(PAGE, {**sent, "forum": "nowhere"}).status_code == 422
        assert "2 threads were queued for moving" in text(admin.post(PAGE, {**sent, "forum": "tea"}, follow=True))
        assert [threads.find_thread(thread.id, ["aws", "tea"]).forum for thread in made[:1]] == ["aws"]
        assert titles(text(admin.get(PAGE, {"forum": "tea"}))) == ["Thread 2", "Thread 1"]

    def test_a_thread_that_is_there_already_is_left_and_told(self, admin: Client, talk: Thread) -> None:
        answer = admin.post(page_of(talk, "move/"), {"confirmed": "1", "forum": "aws"})
        assert answer.status_code == 409 and "is in AWS in practice already" in text(answer)

    def test_threads_merge_into_another(self, admin: Client, talk: Thread, aws: Forum, ada: User) -> None:
        other = start_thread(ada, aws, "The same again", "Which one, once more?")
        for wrong, status in (("no address", 422), (talk.id, 409), ("01KAQ4ZT9N8YV3W2Q6JX5R7D03", 409)):
            answer = admin.post(page_of(talk, "merge/"), {"confirmed": "1", "into": wrong})
            assert answer.status_code == status and wrong in text(answer), wrong
        admin.post(page_of(talk, "merge/"), {"confirmed": "1", "into": f"https://x.org/p/{other.id}/1/"})
        assert now(other).post_count == 2 and now(talk).moved_to == f"aws/{other.id}"

    def test_only_moderators_of_the_forum_are_offered_it(self, talk: Thread) -> None:
        """Staff who may change posts everywhere moderate no forum by that."""
        clerk = make_member("clerk", is_staff=True)
        clerk.groups.clear()
        give(clerk, "view_post", "change_post")
        browser = signed_in(clerk)
        page = text(browser.get(page_of(talk)))
        assert 'href="lock/"' in page and not re.search(r'href="[^"]*(?:move|merge|split)/"', page)
        assert browser.post(page_of(talk, "move/"), {"confirmed": "1", "forum": "aws"}).status_code == 403


def test_moderators_see_their_own_forums_threads_only(talk: Thread, ada: User) -> None:
    tea = make_forum("tea", read_access="groups")
    pot = start_thread_in_private(ada, tea)
    browser = signed_in(make_moderator("teapot", tea))
    assert titles(text(browser.get(PAGE))) == ["A pot of tea"]
    assert browser.get(page_of(pot)).status_code == 200
    assert browser.get(page_of(talk)).status_code == 404
    assert browser.post(page_of(talk, "lock/"), {"confirmed": "1"}).status_code == 404


def start_thread_in_private(user: User, forum: Forum) -> Thread:
    """A thread in a forum that its author could not write in."""
    from forum.tables.keys import Nonce
    from forum.tables.posts import put_thread

    return put_thread(forum.name, 1, str(user.pk), "A pot of tea", "Earl Grey.", Nonce.new())
