"""What was done with a post goes with it, however often it moves: its history, reports, texts and log."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from forum.models import Forum, User
from forum.tables import cases, posts, sweeps, threads
from forum.tables.moderation import Record
from forum.tables.posts import Post
from forum.tables.threads import Thread
from tests.dying import jobs_go_on
from tests.helpers import make_forum, make_member, page_url, renew, reply, signed_in, start_thread, token

PASSWORD = "correct horse"
QUEUE = "/admin/moderation/queue/"


def text(response: Any) -> str:
    return str(response.content.decode())


@pytest.fixture
def thread(aws: Forum, ada: User, bob: User) -> Thread:
    """A thread of Ada's; Bob has changed what he said in post 2."""
    begun = start_thread(ada, aws, "The thread", "The first post.")
    reply(bob, begun, "Bob sells cheap pills.")
    reply(ada, begun, "Stop it.")
    fields = {"body": "Bob sells cheaper pills.", "revision": 1, "token": token(bob)}
    assert signed_in(bob).post(f"/f/aws/{begun.id}/2/edit/", fields).status_code == 302
    return begun


@pytest.fixture
def other(aws: Forum, ada: User) -> Thread:
    return start_thread(ada, aws, "Another thread", "It is somewhere else.")


@pytest.fixture
def elsewhere(ada: User) -> Thread:
    return start_thread(ada, make_forum("django"), "In another forum", "It is far away.")


def keeper(name: str, forum: Forum) -> User:
    """A moderator of this forum alone."""
    group = Group.objects.create(name=f"Moderators of {forum.name}")
    forum.moderator_groups.add(group)
    user = make_member(name)
    user.groups.add(group)
    renew()
    return User.objects.get(pk=user.pk)


@pytest.fixture
def here(aws: Forum) -> User:
    return keeper("heidi", aws)


@pytest.fixture
def there(db: None) -> User:
    return keeper("ivan", make_forum("django"))


@pytest.fixture
def purger(mod: User) -> User:
    mod.user_permissions.add(Permission.objects.get(codename="delete_post"))
    return User.objects.get(pk=mod.pk)


def place(thread: Thread, number: int) -> tuple[Thread, int]:
    return posts.find_place(thread.id, number, ["aws", "django"])


def now(thread: Thread, number: int = 2) -> Post:
    """A post where it is now, by an address that it had."""
    return posts.get_post_of(*place(thread, number))


def url(thread: Thread, number: int = 2) -> str:
    head, there = place(thread, number)
    return f"/f/{head.forum}/{head.id}/{there}"


def act(user: User, thread: Thread, way: str, number: int = 2, **fields: str) -> None:
    """Do something about a post where it is now."""
    assert signed_in(user).post(f"{url(thread, number)}/{way}/", fields).status_code == 302


def split(mod: User, thread: Thread, number: int = 2, **fields: str) -> None:
    head, there = place(thread, number)
    fields = {"shown": "1", "numbers": str(there), "was": "", "title": "Split off", **fields}
    assert signed_in(mod).post(f"/f/{head.forum}/{head.id}/split/", fields).status_code == 302
    jobs_go_on()
    assert now(thread, number).thread_id != head.id


def merge(mod: User, thread: Thread, into: Thread) -> None:
    answer = signed_in(mod).post(f"/f/{thread.forum}/{thread.id}/merge/", {"into": f"/p/{into.id}/1/"})
    assert answer.status_code == 302
    jobs_go_on()
    assert threads.get_thread(thread.forum, thread.id).moved_to


def move(mod: User, thread: Thread, forum: str) -> None:
    assert signed_in(mod).post(f"/f/{thread.forum}/{thread.id}/move/", {"forum": forum}).status_code == 302
    jobs_go_on()
    assert threads.get_thread(forum, thread.id).status == "visible"


def twice(mod: User, thread: Thread, other: Thread) -> None:
    """Post 2 into a thread of its own, with post 3 after it, and out of that into another one."""
    split(mod, thread, 3)
    split(mod, thread, 2, title="", into=f"/p/{thread.id}/3/")
    split(mod, thread, 2, title="", into=f"/p/{other.id}/1/")
    assert now(thread).moved_to is None and now(thread).thread_id == other.id


def texts() -> list[Record]:
    """All records that hold a text for ever."""
    return [record for record in Record.scan() if record.body is not None and record.expires_at is None]


def notes(member: User) -> str:
    return text(signed_in(member).get("/notifications/"))


class TestTheHistory:
    def test_shows_what_was_changed_before_a_split_and_after(
        self, thread: Thread, other: Thread, mod: User, bob: User, client: Client
    ) -> None:
        twice(mod, thread, other)
        fields = {"body": "Bob sells no pills.", "revision": str(now(thread).text_revision), "token": token(bob)}
        assert signed_in(bob).post(f"{url(thread)}/edit/", fields).status_code == 302
        page = text(client.get(f"{url(thread)}/history/"))
        assert page.count("edited it") == 2 and "cheaper" in page and "Bob sells no pills." in page

    def test_shows_it_after_a_merge(self, thread: Thread, other: Thread, mod: User, client: Client) -> None:
        merge(mod, thread, other)
        page = text(client.get(f"{url(thread)}/history/"))
        assert page.count("edited it") == 1 and "cheaper" in page

    def test_at_an_address_that_the_post_has_left_leads_to_where_it_is(
        self, thread: Thread, other: Thread, mod: User, client: Client
    ) -> None:
        old = f"{url(thread)}/history/"
        twice(mod, thread, other)
        assert client.get(old)["Location"] == f"{url(thread)}/history/"
        merge(mod, thread, other)
        assert client.get(f"/f/aws/{thread.id}/1/history/")["Location"] == f"{url(thread, 1)}/history/"

    def test_says_nothing_of_a_forum_that_one_may_not_read(
        self, thread: Thread, mod: User, ada: User, client: Client
    ) -> None:
        group = Group.objects.create(name="Keepers")
        secret = make_forum("django", read_access="groups")
        secret.read_groups.add(group)
        mod.groups.add(group)
        renew()
        mod = User.objects.get(pk=mod.pk)
        into = start_thread(mod, secret, "Kept apart")
        split(mod, thread, 2, title="", into=f"/p/{into.id}/1/")
        for who in (client, signed_in(ada)):
            answer = who.get(f"/f/aws/{thread.id}/2/history/")
            assert answer.status_code == 404 and "django" not in f"{text(answer)}{answer.headers}"

    def test_is_on_the_page_of_the_administration(self, thread: Thread, other: Thread, mod: User, ada: User) -> None:
        act(ada, thread, "report", kind="Spam")
        act(mod, thread, "hide", reason="First of all.")
        twice(mod, thread, other)
        for ident in (f"{thread.id}-2", f"{other.id}-2"):
            page = text(signed_in(mod).get(f"/admin/posts/{ident}/"))
            assert "Spam" in page and "First of all." in page and "Edited by Bob" in page


class TestADeletedPost:
    def test_that_a_merge_took_along_is_brought_back(
        self, thread: Thread, other: Thread, mod: User, client: Client
    ) -> None:
        act(mod, thread, "delete", reason="Not here.")
        merge(mod, thread, other)
        act(mod, thread, "undelete")
        assert "Bob sells cheaper pills." in text(client.get(page_url(other)))

    def test_is_brought_back_by_whoever_merges_and_splits_and_deletes_in_between(
        self, thread: Thread, other: Thread, mod: User
    ) -> None:
        act(mod, thread, "hide", reason="Not here.")
        split(mod, thread)
        act(mod, thread, "delete", reason="Nor there.")
        merge(mod, place(thread, 2)[0], other)
        act(mod, thread, "undelete")
        assert now(thread).body == "Bob sells cheaper pills." and now(thread).status == "visible"


class TestForGood:
    def test_a_post_that_was_split_off_twice_leaves_no_text(self, thread: Thread, other: Thread, purger: User) -> None:
        assert texts()
        twice(purger, thread, other)
        act(purger, thread, "purge", reason="A court says so.")
        assert texts() == [] and now(thread).body == "-"

    def test_whoever_leaves_after_a_merge_leaves_no_text(
        self, thread: Thread, other: Thread, mod: User, bob: User, ada: User
    ) -> None:
        act(mod, thread, "delete", reason="Not here.")
        own = start_thread(bob, Forum.objects.get(name="aws"), "Bob's own title", "Bob began.")
        reply(bob, own, "And went on.")
        for each in (thread, own):
            merge(mod, each, other)
        answer = signed_in(bob).post("/settings/close/", {"password": PASSWORD, "posts": "delete"})
        jobs_go_on()
        assert answer.status_code == 302 and texts() == []
        bobs = [post for post in Post.scan() if post.user_id == str(bob.pk)]
        assert len(bobs) == 6 and {post.body for post in bobs} == {"-"}
        assert threads.get_thread("aws", own.id).title == "-"
        assert now(thread, 3).body == "Stop it.", "and what is another's stays"

    @pytest.mark.parametrize("function", ["list_batch", "read_again"])
    def test_whose_post_moves_while_they_leave_is_followed(
        self, function: str, thread: Thread, other: Thread, mod: User, bob: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Before the post is read and after the index was asked, or right after it was read."""
        read, moved = getattr(sweeps, function), list[int]()

        def moves(*arguments: Any, **options: Any) -> Any:
            seen, found = posts.list_of_user(str(bob.pk), 10), []
            if function == "read_again":
                found = list(read(*arguments, **options))
            if not moved:
                url = f"/f/aws/{thread.id}/merge/"
                moved.append(signed_in(mod).post(url, {"into": f"/p/{other.id}/1/"}).status_code)
                if function == "list_batch":
                    return list(sweeps.read_again(seen, str(bob.pk), placeholders=True)), ""
            return iter(found) if function == "read_again" else read(*arguments, **options)

        monkeypatch.setattr(sweeps, function, moves)
        signed_in(bob).post("/settings/close/", {"password": PASSWORD, "posts": "delete"})
        jobs_go_on()
        assert moved == [302] and now(thread).body == "-" and texts() == []


class TestReports:
    def test_made_before_a_split_are_resolved_after_it(
        self, thread: Thread, other: Thread, mod: User, ada: User
    ) -> None:
        act(ada, thread, "report", kind="Spam")
        [case], _ = cases.list_open(["aws"], 10)
        twice(mod, thread, other)
        page = text(signed_in(mod).get("/admin/moderation/queue/"))
        assert "Bob sells cheaper pills." in page and f"/p/{other.id}/2/" in page
        sent = {"subject": case.subject, "seen": f"{case.opened_at}/1", "forum_of": "aws", "act": "agree"}
        answer = signed_in(mod).post("/admin/moderation/queue/", {**sent, "reason": "Spam it is."}, follow=True)
        assert "The post is hidden and the case is closed." in text(answer)
        assert now(thread).status == "hidden" and cases.list_open(["aws"], 10) == ([], "")
        assert "a moderator agreed" in notes(ada)

    def test_go_with_the_post_to_the_queue_of_the_other_forum(
        self, thread: Thread, mod: User, ada: User, here: User, there: User
    ) -> None:
        act(ada, thread, "report", kind="Spam")
        [case], _ = cases.list_open(["aws"], 10)
        sent = {"subject": case.subject, "seen": f"{case.opened_at}/1", "forum_of": "aws", "act": "agree"}
        move(mod, thread, "django")
        assert "Bob sells" not in text(signed_in(here).get(QUEUE))
        late = signed_in(here).post(QUEUE, {**sent, "reason": "Spam it is."})
        assert late.status_code == 409 and "moderators there decide now" in text(late) and "Spam it is." in text(late)
        assert now(thread).status == "visible"
        assert "Bob sells cheaper pills." in text(signed_in(there).get(QUEUE))
        answer = signed_in(there).post(QUEUE, {**sent, "forum_of": "django", "reason": "Spam it is."}, follow=True)
        assert "The post is hidden and the case is closed." in text(answer)
        assert now(thread).status == "hidden" and "a moderator agreed" in notes(ada)

    @pytest.mark.parametrize("way", [split, merge])
    def test_go_with_posts_that_go_into_a_thread_of_another_forum(
        self, way: Callable[..., None], thread: Thread, elsewhere: Thread, mod: User, ada: User
    ) -> None:
        act(ada, thread, "report", kind="Spam")
        if way is split:
            split(mod, thread, 2, title="", into=f"/p/{elsewhere.id}/1/")
        else:
            merge(mod, thread, elsewhere)
        [case], _ = cases.list_open(["django"], 10)
        assert case.subject == now(thread).subject and cases.list_open(["aws"], 10) == ([], "")

    def test_stay_where_a_post_is_that_left_the_thread_before(
        self, thread: Thread, other: Thread, elsewhere: Thread, mod: User, ada: User
    ) -> None:
        act(ada, thread, "report", kind="Spam")
        split(mod, thread, 2, title="", into=f"/p/{other.id}/1/")
        merge(mod, thread, elsewhere)
        [case], _ = cases.list_open(["aws"], 10)
        assert case.subject == now(thread).subject and now(thread).thread_id == other.id

    def test_of_a_post_that_is_just_moving_are_asked_for_once_more(
        self, thread: Thread, mod: User, ada: User, there: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The post moves after the reporter's form has read it: the report would wait where it was."""
        put = cases.put_report

        def late(*arguments: Any) -> None:
            move(mod, thread, "django")
            monkeypatch.setattr(cases, "put_report", put)
            put(*arguments)

        monkeypatch.setattr(cases, "put_report", late)
        answer = signed_in(ada).post(f"{url(thread)}/report/", {"kind": "Spam"})
        assert answer.status_code == 409 and "has just been moved" in text(answer)
        assert cases.list_open(["aws", "django"], 10) == ([], "")
        act(ada, thread, "report", kind="Spam")
        assert len(cases.list_open(["django"], 10)[0]) == 1

    def test_before_and_after_a_split_are_of_one_case(self, thread: Thread, mod: User, ada: User) -> None:
        act(ada, thread, "report", kind="Spam")
        split(mod, thread)
        again = signed_in(ada).post(f"{url(thread)}/report/", {"kind": "Spam"})
        assert again.status_code == 409 and "You have reported this post" in text(again)
        act(make_member("carl"), thread, "report", kind="Offensive")
        [case], _ = cases.list_open(["aws"], 10)
        assert len(case.reports or ()) == 2
