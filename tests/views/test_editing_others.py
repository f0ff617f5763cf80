"""Editing what somebody else wrote, and going back to what a post said before."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission

from forum.models import Forum, User
from forum.tables.moderation import list_records, post_subject
from forum.tables.posts import get_post
from forum.tables.threads import Thread
from tests.helpers import make_member, renew, reply, signed_in, start_thread

EDIT = {"body": "Bob says hello.", "revision": "1"}
WHY = {"reason": "No advertising here."}


@pytest.fixture
def thread(aws: Forum, ada: User, bob: User) -> Thread:
    thread = start_thread(ada, aws, "What is sold")
    reply(bob, thread, "Bob sells pills.")
    return thread


def text(answer: Any) -> str:
    return str(answer.content.decode())


def edit(user: User, thread: Thread, **fields: str) -> Any:
    return signed_in(user).post(f"/f/aws/{thread.id}/2/edit/", fields)


def history(user: User, thread: Thread) -> str:
    return text(signed_in(user).get(f"/f/aws/{thread.id}/2/history/"))


def ways_back(user: User, thread: Thread) -> list[str]:
    return re.findall(r'href="([^"]+restore=[^"]+)"', history(user, thread))


class TestWhy:
    def test_a_moderator_says_why(self, thread: Thread, mod: User) -> None:
        page = text(signed_in(mod).get(f"/f/aws/{thread.id}/2/edit/"))
        assert "Why you edit it" in page and "The post</label>" in page and "Your post<" not in page
        for reason, words in (("", "The reason is empty."), ("no", "Please say why, in 3 characters at least.")):
            answer = edit(mod, thread, **EDIT, reason=reason)
            assert answer.status_code == 422 and words in text(answer) and "Bob says hello." in text(answer)
        assert get_post(thread.id, 2).body == "Bob sells pills."
        assert edit(mod, thread, **EDIT, **WHY).status_code == 302
        assert get_post(thread.id, 2).body == "Bob says hello."

    def test_everybody_reads_it_in_the_history_and_moderators_in_the_log(
        self, thread: Thread, mod: User, ada: User
    ) -> None:
        edit(mod, thread, **EDIT, **WHY)
        assert WHY["reason"] in history(ada, thread)
        assert WHY["reason"] in text(signed_in(mod).get("/admin/log/"))

    def test_the_author_is_told(self, thread: Thread, mod: User, bob: User, ada: User) -> None:
        edit(mod, thread, **EDIT, **WHY)
        notes = text(signed_in(bob).get("/notifications/"))
        assert "Your post #2 in “What is sold” was edited by a moderator" in notes and WHY["reason"] in notes
        assert "edited by a moderator" not in text(signed_in(ada).get("/notifications/"))

    def test_nobody_is_asked_about_their_own(self, thread: Thread, bob: User) -> None:
        assert "Why you edit it" not in text(signed_in(bob).get(f"/f/aws/{thread.id}/2/edit/"))
        assert edit(bob, thread, **EDIT).status_code == 302
        assert "edited by a moderator" not in text(signed_in(bob).get("/notifications/"))
        [record] = list_records(post_subject(thread.id, 2))
        assert (record.month, record.reason) == (None, None)

    def test_the_reason_is_kept_where_somebody_was_faster(self, thread: Thread, mod: User, bob: User) -> None:
        edit(bob, thread, body="Bob sells flowers.", revision="1")
        answer = edit(mod, thread, **EDIT, **WHY)
        assert answer.status_code == 409 and WHY["reason"] in text(answer) and "Bob sells flowers." in text(answer)


class TestGoingBack:
    def test_to_an_earlier_text(self, thread: Thread, bob: User) -> None:
        """The form has it, to be looked at and saved like any edit."""
        edit(bob, thread, **EDIT)
        edit(bob, thread, body="Bob is gone.", revision="2")
        newer, older = ways_back(bob, thread)
        for url, words in ((newer, "Bob says hello."), (older, "Bob sells pills.")):
            page = text(signed_in(bob).get(url))
            assert words in page and "This is an earlier text of the post." in page
        assert get_post(thread.id, 2).body == "Bob is gone."
        [revision] = re.findall(r'name="revision" value="(\d+)"', text(signed_in(bob).get(older)))
        assert edit(bob, thread, body="Bob sells pills.", revision=revision).status_code == 302
        assert len(ways_back(bob, thread)) == 3

    def test_moderators_may_and_say_why(self, thread: Thread, mod: User, bob: User) -> None:
        edit(bob, thread, **EDIT)
        [url] = ways_back(mod, thread)
        page = text(signed_in(mod).get(url))
        assert "Bob sells pills." in page and "Why you edit it" in page

    def test_others_are_not_offered_it_and_get_no_text_by_it(self, thread: Thread, ada: User, bob: User) -> None:
        edit(bob, thread, **EDIT)
        [url] = ways_back(bob, thread)
        assert ways_back(ada, thread) == []
        answer = signed_in(ada).get(url)
        assert answer.status_code == 403 and "pills" not in text(answer)

    def test_not_while_the_post_cannot_be_edited(self, thread: Thread, mod: User, bob: User) -> None:
        edit(bob, thread, **EDIT)
        signed_in(mod).post(f"/f/aws/{thread.id}/2/hide/", {"ready": "Spam or advertising"})
        assert ways_back(mod, thread) == []

    def test_not_to_what_was_deleted_for_good(self, thread: Thread, mod: User, bob: User) -> None:
        edit(bob, thread, **EDIT)
        [url] = ways_back(bob, thread)
        mod.user_permissions.add(Permission.objects.get(codename="delete_post"))
        renew()
        signed_in(mod).post(f"/f/aws/{thread.id}/2/purge/", {"ready": "Spam or advertising"})
        for user in (bob, mod, make_member("eve", is_staff=True)):
            answer = signed_in(user).get(url)
            assert answer.status_code >= 400 and "pills" not in text(answer)

    @pytest.mark.parametrize(
        ("cursor", "status"), [("x", 400), ("2026-11-24T00:00:00.000000Z~aaaaaaaa", 404), ("CASE", 400)]
    )
    def test_what_makes_no_sense(self, cursor: str, status: int, thread: Thread, bob: User) -> None:
        assert signed_in(bob).get(f"/f/aws/{thread.id}/2/edit/", {"restore": cursor}).status_code == status
