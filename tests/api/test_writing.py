"""What programs write: once however often it is sent, by the rules of the pages, and only with what lets them."""

from typing import Any

import pytest
from django.test import Client

from forum.actions import members, tokens
from forum.cache import limits, once
from forum.models import Forum, User
from forum.tables import bookmarks, posts, threads, watches
from forum.tables.threads import Thread
from tests.api.conftest import Comes, Program
from tests.helpers import make_forum, make_member, renew, signed_in


def told(answer: Any) -> Any:
    return answer.json()


class TestPosting:
    def test_a_thread(self, aws: Forum, bob: User, comes: Comes) -> None:
        sent = {"title": "  From a script ", "body": "Its text.", "tags": ["dynamodb"]}
        answer = comes(bob).asks("POST", "/forums/aws/threads", sent)
        assert answer.status_code == 201
        made = told(answer)
        assert made["title"] == "From a script" and made["author"]["name"] == "Bob" and made["tags"] == ["dynamodb"]
        assert answer["Location"].endswith(f"/api/forums/aws/threads/{made['id']}")
        assert "From a script" in Client().get("/f/aws/").content.decode(), "the pages show it at once"

    def test_a_reply(self, thread: Thread, bob: User, comes: Comes) -> None:
        answer = comes(bob).asks("POST", f"/forums/aws/threads/{thread.id}/posts", {"body": "From a script."})
        assert answer.status_code == 201 and told(answer)["number"] == 3
        assert told(answer)["text"] == "From a script."

    def test_one_key_stores_one_post(self, thread: Thread, bob: User, comes: Comes) -> None:
        program, path = comes(bob), f"/forums/aws/threads/{thread.id}/posts"
        answers = [program.asks("POST", path, {"body": "Once."}, Idempotency_Key="a1") for _ in range(3)]
        assert [told(answer)["number"] for answer in answers] == [3, 3, 3]
        assert threads.get_thread("aws", thread.id).last_post_number == 3
        assert told(program.asks("POST", path, {"body": "Once."}, Idempotency_Key="a2"))["number"] == 4
        assert told(program.asks("POST", path, {"body": "Once."}))["number"] == 5

    def test_one_key_starts_one_thread(self, aws: Forum, bob: User, comes: Comes) -> None:
        program, sent = comes(bob), {"title": "Only one", "body": "Text."}
        ids = {told(program.asks("POST", "/forums/aws/threads", sent, Idempotency_Key="k"))["id"] for _ in range(2)}
        assert len(ids) == 1

    def test_also_where_the_forum_was_spread_in_between(self, aws: Forum, bob: User, comes: Comes) -> None:
        program, sent, ids = comes(bob), {"title": "Only one", "body": "Text."}, set()
        for shards in (3, 7, 32):
            Forum.objects.update(shards=shards)
            renew()
            ids.add(told(program.asks("POST", "/forums/aws/threads", sent, Idempotency_Key="k"))["id"])
        assert len(ids) == 1

    def test_a_key_is_for_one_request_and_one_member(self, thread: Thread, ada: User, bob: User, comes: Comes) -> None:
        program, path = comes(bob), f"/forums/aws/threads/{thread.id}/posts"
        program.asks("POST", path, {"body": "One."}, Idempotency_Key="k")
        other = program.asks("POST", path, {"body": "Another."}, Idempotency_Key="k")
        assert other.status_code == 422 and "Idempotency-Key" in told(other)["detail"]
        assert told(comes(ada).asks("POST", path, {"body": "One."}, Idempotency_Key="k"))["number"] == 4
        assert program.asks("POST", path, {"body": "One."}, Idempotency_Key="k" * 201).status_code == 400

    def test_a_key_that_cannot_be_remembered_stores_nothing(
        self, thread: Thread, bob: User, comes: Comes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from forum.redis import Down

        def down(*_: Any) -> None:
            raise Down("sessions")

        program = comes(bob)
        monkeypatch.setattr(once, "run", down)
        answer = program.asks("POST", f"/forums/aws/threads/{thread.id}/posts", {"body": "x"}, Idempotency_Key="k")
        assert answer.status_code == 503 and "Retry-After" in answer
        assert threads.get_thread("aws", thread.id).last_post_number == 2

    @pytest.mark.parametrize(
        ("sent", "field"),
        [
            ({"title": "Title", "body": ""}, "body"),
            ({"title": "x", "body": "Text."}, "title"),
            ({"title": "Title"}, "body"),
            ({"title": ["Title"], "body": "Text."}, "title"),
            ({"title": "Title", "body": "x" * 40_001}, "body"),
            ({"title": "Title", "body": "a\x00b"}, "body"),
            ({"title": "Title", "body": "Text.", "tags": ["no tag!"]}, "tags"),
            ({"title": "Title", "body": "Text.", "tags": "one"}, "tags"),
        ],
    )
    def test_what_is_not_right_is_said_by_field(
        self, sent: dict[str, Any], field: str, aws: Forum, bob: User, comes: Comes
    ) -> None:
        answer = comes(bob).asks("POST", "/forums/aws/threads", sent)
        assert answer.status_code == 422 and answer["Content-Type"] == "application/problem+json"
        assert list(told(answer)["fields"]) == [field]

    @pytest.mark.parametrize("body", ["{", "[]", '"text"', "", "\ud83d".encode("utf-8", "surrogatepass"), b"\xff\xfe"])
    def test_what_is_no_json_is_never_an_error_of_ours(self, body: Any, aws: Forum, bob: User, comes: Comes) -> None:
        headers = {"Authorization": f"Bearer {comes(bob).token}"}
        answer = Client().generic("POST", "/api/forums/aws/threads", body, "application/json", headers=headers)
        assert answer.status_code in (400, 422) and answer["Content-Type"] == "application/problem+json"

    def test_what_waits_for_a_moderator_says_so(self, aws: Forum, bob: User, comes: Comes, settings: Any) -> None:
        settings.APPROVE_FIRST_POSTS = 1
        answer = comes(bob).asks("POST", "/forums/aws/threads", {"title": "A title", "body": "Text."})
        assert answer.status_code == 202 and "moderator" in told(answer)["detail"]

    def test_closed_threads_conflict(self, thread: Thread, bob: User, mod: User, comes: Comes) -> None:
        signed_in(mod).post(f"/f/aws/{thread.id}/lock/", {"locked": "1"})
        answer = comes(bob).asks("POST", f"/forums/aws/threads/{thread.id}/posts", {"body": "Late."})
        assert answer.status_code == 409 and "locked" in told(answer)["detail"]


class TestChanging:
    def path(self, thread: Thread, number: int = 2) -> str:
        return f"/forums/aws/threads/{thread.id}/posts/{number}"

    def test_an_edit_and_a_conflict(self, thread: Thread, ada: User, comes: Comes) -> None:
        program = comes(ada)
        answer = program.asks("PATCH", self.path(thread), {"body": "Better.", "revision": 1})
        assert answer.status_code == 200 and told(answer)["text"] == "Better." and told(answer)["revision"] == 2
        assert program.asks("PATCH", self.path(thread), {"body": "Late.", "revision": 1}).status_code == 409

    def test_of_the_first_post_may_rename_and_keeps_what_it_does_not_name(
        self, thread: Thread, ada: User, comes: Comes
    ) -> None:
        program = comes(ada)
        program.asks("PATCH", self.path(thread, 1), {"body": "b", "revision": 1, "tags": ["keys"]})
        program.asks("PATCH", self.path(thread, 1), {"body": "c", "revision": 2, "title": "Another title"})
        head = threads.get_thread("aws", thread.id)
        assert (head.title, head.tags) == ("Another title", ["keys"])

    def test_others_may_not(self, thread: Thread, bob: User, comes: Comes) -> None:
        assert comes(bob).asks("PATCH", self.path(thread), {"body": "Mine.", "revision": 1}).status_code == 403
        assert comes(bob).asks("DELETE", self.path(thread)).status_code == 403

    def test_deleting_ones_own(self, thread: Thread, ada: User, comes: Comes) -> None:
        program = comes(ada)
        assert program.asks("DELETE", self.path(thread, 1)).status_code == 409, "others have replied"
        assert program.asks("DELETE", self.path(thread)).status_code == 204
        assert posts.get_post_of(threads.get_thread("aws", thread.id), 2).deleted

    def test_a_like_and_its_end(self, thread: Thread, bob: User, comes: Comes) -> None:
        program, path = comes(bob), f"{self.path(thread)}/like"
        assert [told(program.asks("PUT", path))["likes"] for _ in range(2)] == [1, 1]
        assert [told(program.asks("DELETE", path))["likes"] for _ in range(2)] == [0, 0]

    def test_bookmarks_and_watches_and_marks(self, thread: Thread, bob: User, comes: Comes) -> None:
        program, user_id = comes(bob), str(bob.pk)
        assert program.asks("PUT", f"{self.path(thread)}/bookmark").status_code == 204
        assert [each.note for each in bookmarks.list_bookmarks(user_id, 5)] == [""]
        for note, status in (("Read again.", 204), ("x" * 501, 422)):
            assert program.asks("PUT", f"{self.path(thread)}/bookmark", {"note": note}).status_code == status
        assert program.asks("PUT", f"{self.path(thread)}/bookmark", {}).status_code == 204
        assert [each.note for each in bookmarks.list_bookmarks(user_id, 5)] == ["Read again."]
        assert program.asks("DELETE", f"{self.path(thread)}/bookmark").status_code == 204
        assert bookmarks.list_bookmarks(user_id, 5) == []
        head = f"/forums/aws/threads/{thread.id}"
        assert program.asks("PUT", f"{head}/watch", {"level": "muted"}).status_code == 204
        assert watches.get_level(user_id, watches.of_thread(thread.id)) == "muted"
        assert program.asks("PUT", f"{head}/watch", {"level": "sometimes"}).status_code == 400
        assert program.asks("PUT", "/forums/aws/watch", {"level": "watching"}).status_code == 204
        assert program.asks("POST", f"{head}/read", {"number": 2}).status_code == 204
        for path in ("/read", "/forums/aws/read"):
            assert program.asks("POST", path).status_code == 204


class TestScopes:
    def test_reading_does_not_write(self, thread: Thread, ada: User, comes: Comes) -> None:
        program = comes(ada, "read")
        for method, path, sent in [
            ("POST", "/forums/aws/threads", {"title": "Title", "body": "Text."}),
            ("PUT", f"/forums/aws/threads/{thread.id}/posts/2/like", None),
            ("DELETE", f"/forums/aws/threads/{thread.id}/posts/2", None),
            ("POST", "/read", None),
        ]:
            answer = program.asks(method, path, sent)
            assert answer.status_code == 403 and "may not write" in told(answer)["detail"]

    def test_writing_does_not_read(self, thread: Thread, ada: User, comes: Comes) -> None:
        assert comes(ada, "write").asks("GET", "/forums").status_code == 403

    def test_writing_does_not_moderate(self, thread: Thread, mod: User, comes: Comes) -> None:
        path = f"/forums/aws/threads/{thread.id}/posts/2"
        writes, moderates = comes(mod), comes(mod, "read", "write", "moderate")
        assert writes.asks("PATCH", path, {"body": "Mine.", "revision": 1}).status_code == 403
        assert writes.asks("DELETE", f"{path}?reason=Spam").status_code == 403
        assert writes.asks("POST", f"{path}/hide", {"reason": "Spam"}).status_code == 403
        sent = {"body": "Tidied up.", "revision": 1}
        assert moderates.asks("PATCH", path, sent).status_code == 400, "a reason is needed"
        assert moderates.asks("PATCH", path, {**sent, "reason": "Shouting"}).status_code == 200
        assert moderates.asks("POST", f"{path}/hide", {"reason": "Spam"}).status_code == 204
        assert moderates.asks("POST", f"{path}/show", {}).status_code == 204
        assert moderates.asks("DELETE", path).status_code == 400, "a reason is needed"
        assert moderates.asks("DELETE", f"{path}?reason=Spam").status_code == 204

    def test_moderating_gives_a_member_no_more_rights(self, thread: Thread, bob: User, comes: Comes) -> None:
        program = comes(bob, "read", "write", "moderate")
        path = f"/forums/aws/threads/{thread.id}/posts/2"
        assert program.asks("POST", f"{path}/hide", {"reason": "Spam"}).status_code == 403
        assert program.asks("DELETE", f"{path}?reason=Spam").status_code == 403

    def test_silenced_members_read_only(self, thread: Thread, bob: User, mod: User, comes: Comes) -> None:
        from datetime import timedelta

        from django.utils import timezone

        program = comes(bob)
        bob.silenced_until = timezone.now() + timedelta(days=1)
        bob.save()
        renew()
        answer = program.asks("POST", f"/forums/aws/threads/{thread.id}/posts", {"body": "Loud."})
        assert answer.status_code == 403 and "may read but not post" in told(answer)["detail"]
        assert program.asks("GET", "/forums").status_code == 200


class TestTheDoor:
    @pytest.mark.parametrize(
        "header", ["Bearer", "Bearer x", f"Bearer fpt_{'x' * 43}", "Basic YTpi", f"fpt_{'x' * 43}"]
    )
    def test_is_closed_to_what_is_no_token(self, header: str, aws: Forum) -> None:
        answer = Client().get("/api/forums", headers={"Authorization": header})
        assert answer.status_code == 401 and answer["WWW-Authenticate"] == "Bearer"
        assert answer["Content-Type"] == "application/problem+json"

    def test_closes_at_once(self, aws: Forum, bob: User, comes: Comes) -> None:
        program = comes(bob)
        assert program.asks("GET", "/me").status_code == 200
        tokens.revoke(bob, bob.api_tokens.get().pk)
        assert program.asks("GET", "/me").status_code == 401

    def test_is_closed_to_the_suspended_and_says_until_when(self, aws: Forum, bob: User, comes: Comes) -> None:
        from datetime import timedelta

        from django.utils import timezone

        program = comes(bob)
        User.objects.filter(pk=bob.pk).update(suspended_until=timezone.now() + timedelta(days=2))
        answer = program.asks("GET", "/me")
        assert answer.status_code == 403 and "suspended until" in told(answer)["detail"]
        User.objects.filter(pk=bob.pk).update(suspended_until=None)
        assert program.asks("GET", "/me").status_code == 200

    def test_is_closed_to_closed_accounts_and_ended_tokens(
        self, aws: Forum, bob: User, ada: User, comes: Comes
    ) -> None:
        from django.utils import timezone

        program, other = comes(bob), comes(ada)
        members.close_account(bob)
        ada.api_tokens.update(expires=timezone.now())
        assert [each.asks("GET", "/me").status_code for each in (program, other)] == [401, 401]

    def test_another_password_changes_nothing(self, aws: Forum, bob: User, comes: Comes) -> None:
        program = comes(bob)
        bob.set_password("battery staple 7")
        bob.save()
        assert program.asks("GET", "/me").status_code == 200

    def test_a_token_is_no_session(self, thread: Thread, bob: User, comes: Comes) -> None:
        """Pages know nothing of it, and a session beside it changes nothing."""
        token = comes(bob).token
        page = Client().get("/", headers={"Authorization": f"Bearer {token}"}).content.decode()
        assert "Log in" in page or "Sign in" in page
        ada = signed_in(make_member("cat"))
        assert told(Program(token, ada).asks("GET", "/me"))["name"] == "Bob"

    def test_what_a_token_was_given_is_given_to_no_other(self, thread: Thread, bob: User, comes: Comes) -> None:
        make_forum("club", read_access="members")
        path = "/forums"
        assert len(comes(bob).gets(path)["items"]) == 2
        assert len(Program().gets(path)["items"]) == 1

    def test_a_session_writes_with_its_csrf_token_alone(self, thread: Thread, bob: User) -> None:
        browser = signed_in(bob, enforce_csrf_checks=True)
        path = f"/forums/aws/threads/{thread.id}/posts/2/like"
        refused = Program(client=browser).asks("PUT", path)
        assert refused.status_code == 403 and "X-CSRFToken" in told(refused)["detail"]
        browser.get("/settings/profile/")
        cookie = browser.cookies["csrftoken"].value
        assert Program(client=browser).asks("PUT", path, X_CSRFToken=cookie).status_code == 200

    def test_strangers_do_not_write(self, thread: Thread, stranger: Program) -> None:
        answer = stranger.asks("POST", f"/forums/aws/threads/{thread.id}/posts", {"body": "Hello."})
        assert answer.status_code == 401


class TestLimits:
    @pytest.fixture(autouse=True)
    def two_a_minute(self, settings: Any) -> None:
        limits.forget()
        settings.RATE_LIMITS = {**settings.RATE_LIMITS, "api": "2/2/2/3/2"}

    def test_of_a_member_count_all_their_tokens(self, aws: Forum, bob: User, comes: Comes) -> None:
        one, other = comes(bob), comes(bob)
        answers = [who.asks("GET", "/forums") for who in (one, other, one)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert "Please wait" in told(answers[2])["detail"] and int(answers[2]["Retry-After"]) > 0

    def test_of_an_address_count_all_members(self, aws: Forum, ada: User, bob: User, comes: Comes) -> None:
        one, other = comes(ada), comes(bob)
        assert [who.asks("GET", "/forums").status_code for who in (one, one, other, other)] == [200, 200, 200, 429]

    def test_of_strangers_count_by_address_and_tokens_that_are_none(self, aws: Forum, stranger: Program) -> None:
        wrong = Program("fpt_" + "x" * 43)
        assert [who.asks("GET", "/forums").status_code for who in (wrong, stranger, wrong)] == [401, 200, 429]

    def test_of_acts_are_those_of_the_pages(self, thread: Thread, bob: User, comes: Comes, settings: Any) -> None:
        settings.RATE_LIMITS = {**settings.RATE_LIMITS, "api": "off", "likes": "1/1/1/0"}
        program, path = comes(bob), f"/forums/aws/threads/{thread.id}/posts/2/like"
        assert [program.asks(method, path).status_code for method in ("PUT", "DELETE")] == [200, 429]


def test_tokens_are_not_logged(thread: Thread, bob: User, comes: Comes, caplog: pytest.LogCaptureFixture) -> None:
    program = comes(bob)
    program.asks("GET", "/nothing")
    program.asks("POST", "/forums/aws/threads", {"title": ""})
    assert program.token not in caplog.text
