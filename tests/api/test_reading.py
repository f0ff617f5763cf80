"""What programs read: what the pages show, to whom they show it, in pages that go on at `next`."""

from typing import Any

import pytest

from forum.models import Forum, User
from forum.tables.threads import Thread
from forum.views import members
from tests.api.conftest import Comes, Program
from tests.helpers import make_forum, make_member, renew, reply, signed_in, start_thread


class TestWhatEverybodyReads:
    def test_forums(self, thread: Thread, stranger: Program) -> None:
        [forum] = stranger.gets("/forums")["items"]
        assert forum["name"] == "aws" and forum["title"] == "AWS in practice" and forum["public"] is True
        assert stranger.gets("/forums/aws") == forum

    def test_threads_of_a_forum(self, thread: Thread, stranger: Program) -> None:
        listed = stranger.gets("/forums/aws/threads")
        [head] = listed["items"]
        assert head["id"] == thread.id and head["author"]["name"] == "ada" and head["last_number"] == 2
        assert listed["next"] is None

    def test_a_thread_with_its_posts(self, thread: Thread, stranger: Program) -> None:
        head = stranger.gets(f"/forums/aws/threads/{thread.id}")
        assert head["title"] == "About keys" and head["solved"] is None and head["tags"] == []
        first, second = stranger.gets(f"/forums/aws/threads/{thread.id}/posts")["items"]
        assert first["text"] == "Which **key**?" and "<strong>key</strong>" in first["html"]
        assert (first["number"], second["number"], second["revision"]) == (1, 2, 1)
        assert stranger.gets(f"/forums/aws/threads/{thread.id}/posts/2") == second

    def test_newest_posts_of_a_forum_and_of_a_member(self, thread: Thread, stranger: Program) -> None:
        assert [post["number"] for post in stranger.gets("/forums/aws/posts")["items"]] == [2, 1]
        assert [post["number"] for post in stranger.gets("/members/ada/posts")["items"]] == [2, 1]
        assert stranger.gets("/members/ADA")["name"] == "ada"

    def test_tags(self, aws: Forum, ada: User, stranger: Program) -> None:
        fields = {"title": "Tagged thread", "body": "Text.", "tags": "dynamodb"}
        from tests.helpers import token

        signed_in(ada).post("/f/aws/new/", {**fields, "token": token(ada)})
        assert stranger.gets("/tags")["items"][0]["name"] == "dynamodb"
        assert [head["title"] for head in stranger.gets("/tags/dynamodb/threads")["items"]] == ["Tagged thread"]

    def test_search(self, thread: Thread, stranger: Program) -> None:
        found = stranger.gets("/search?q=keys")
        assert found["items"][0]["thread"] == thread.id and "<mark>" in found["items"][0]["title"]


class TestPages:
    def test_of_threads_go_on_at_next(
        self, aws: Forum, ada: User, stranger: Program, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("forum.api.reading.THREADS_PER_PAGE", 2)
        for number in range(3):
            start_thread(ada, aws, f"Thread {number}")
        first = stranger.gets("/forums/aws/threads")
        second = stranger.asks("GET", first["next"].removeprefix("http://127.0.0.1:8000/api")).json()  # type: ignore[attr-defined]
        assert [head["title"] for head in [*first["items"], *second["items"]]] == ["Thread 2", "Thread 1", "Thread 0"]
        assert second["next"] is None

    def test_of_a_thread_are_the_sites_or_any_range(
        self, thread: Thread, ada: User, stranger: Program, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("forum.links.POSTS_PER_PAGE", 2)
        reply(ada, thread, "Third.")
        posts = f"/forums/aws/threads/{thread.id}/posts"
        first = stranger.gets(posts)
        assert first["next"].endswith(f"{posts}?page=2")
        assert [post["number"] for post in stranger.gets(f"{posts}?page=2")["items"]] == [3]
        assert [post["number"] for post in stranger.gets(f"{posts}?first=2&last=3")["items"]] == [2, 3]
        assert stranger.gets(f"{posts}?first=1&last=1")["next"].endswith("?first=2&last=101")

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ("page=0", 404),
            ("page=x", 404),
            ("page=9", 404),
            ("first=0", 422),
            ("first=x", 422),
            ("first=3&last=2", 400),
            ("first=1&last=101", 400),
            ("page=1&first=1", 400),
            ("first=99999999999999999999999999", 404),
        ],
    )
    def test_that_cannot_be_are_said_to_be_wrong(
        self, query: str, status: int, thread: Thread, stranger: Program
    ) -> None:
        answer = stranger.asks("GET", f"/forums/aws/threads/{thread.id}/posts?{query}")
        assert answer.status_code == status, answer.content
        assert answer["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize(
        "path", ["/forums/aws/threads", "/forums/aws/posts", "/members/ada/posts", "/tags/x1/threads"]
    )
    def test_damaged_cursors_too(self, path: str, thread: Thread, stranger: Program) -> None:
        assert stranger.asks("GET", f"{path}?before=nonsense").status_code == 400


class TestFreshness:
    def test_an_answer_is_kept_until_something_is_written(self, thread: Thread, ada: User, stranger: Program) -> None:
        path = f"/forums/aws/threads/{thread.id}/posts"
        kept = [stranger.asks("GET", path)["X-Cache"] for _ in range(2)]
        assert kept == ["miss", "hit"]
        reply(ada, thread, "News.")
        assert stranger.gets(path)["items"][-1]["text"] == "News."

    def test_a_tag_says_that_nothing_is_new(self, thread: Thread, stranger: Program) -> None:
        path = f"/forums/aws/threads/{thread.id}/posts"
        first = stranger.asks("GET", path)
        assert stranger.asks("GET", path, **{"If-None-Match": first["ETag"]}).status_code == 304
        assert "Authorization" in first["Vary"]

    def test_what_is_hidden_is_not_read(self, thread: Thread, mod: User, stranger: Program) -> None:
        signed_in(mod).post(f"/f/aws/{thread.id}/2/hide/", {"ready": "Spam or advertising", "reason": "Spam"})
        second = stranger.gets(f"/forums/aws/threads/{thread.id}/posts")["items"][1]
        assert (second["status"], second["text"], second["html"]) == ("hidden", "", "")
        assert [post["number"] for post in stranger.gets("/forums/aws/posts")["items"]] == [1]


class TestPrivateForums:
    PATHS = ("", "/threads", "/posts", "/threads/{}", "/threads/{}/posts", "/threads/{}/posts/1")

    @pytest.fixture
    def secret(self, site: None, mod: User) -> Thread:
        forum = make_forum("vault", read_access="groups")
        return start_thread(mod, forum, "Hidden words", "Hidden words too.")

    @pytest.mark.parametrize("path", PATHS)
    def test_are_not_there_for_others(
        self, path: str, secret: Thread, mod: User, bob: User, comes: Comes, stranger: Program
    ) -> None:
        path = f"/forums/vault{path}".format(secret.id)
        insider, outsider = comes(mod, "read", "moderate"), comes(bob)
        for _ in range(2):
            assert insider.asks("GET", path).status_code == 200
            for who in (outsider, stranger):
                answer = who.asks("GET", path)
                assert answer.status_code == 404 and "Hidden" not in answer.content.decode()

    @pytest.mark.parametrize("path", ["/members/mod/posts", "/search?q=hidden", "/forums"])
    def test_nor_in_any_list(
        self, path: str, secret: Thread, mod: User, bob: User, comes: Comes, stranger: Program
    ) -> None:
        told = {"mod": comes(mod, "read", "moderate"), "bob": comes(bob), "": stranger}
        for _ in range(2):
            shown = {name: who.asks("GET", path).content.decode() for name, who in told.items()}
            assert "vault" in shown["mod"] and "vault" not in shown["bob"] + shown[""]

    def test_of_members_ask_for_a_token(self, bob: User, comes: Comes, stranger: Program) -> None:
        make_forum("club", read_access="members")
        answer = stranger.asks("GET", "/forums/club/threads")
        assert answer.status_code == 401 and answer["WWW-Authenticate"] == "Bearer"
        assert comes(bob).asks("GET", "/forums/club/threads").status_code == 200

    def test_what_a_moderator_alone_may_read_is_not_for_a_token_that_may_not_moderate(
        self, secret: Thread, mod: User, comes: Comes
    ) -> None:
        assert comes(mod, "read").asks("GET", "/forums/vault").status_code == 404
        assert comes(mod, "read", "moderate").asks("GET", "/forums/vault").status_code == 200

    def test_who_loses_the_right_loses_it_at_once(self, site: None, ada: User, bob: User, comes: Comes) -> None:
        from django.contrib.auth.models import Group

        forum, group = make_forum("crew", read_access="groups"), Group.objects.create(name="crew")
        forum.read_groups.add(group)
        bob.groups.add(group)
        renew()
        program = comes(bob)
        assert program.asks("GET", "/forums/crew/threads").status_code == 200
        bob.groups.remove(group)
        renew()
        assert program.asks("GET", "/forums/crew/threads").status_code == 404


class TestNotThere:
    @pytest.mark.parametrize(
        "path",
        [
            "/nothing",
            "/forums/none",
            "/forums/AWS!",
            "/forums/aws/threads/01J00000000000000000000000",
            "/forums/aws/threads/x",
            "/members/nobody",
            "/forums/aws/threads/01J00000000000000000000000/posts",
        ],
    )
    def test_is_a_problem_in_json(self, path: str, aws: Forum, stranger: Program) -> None:
        answer = stranger.asks("GET", path)
        told: Any = answer.json()  # type: ignore[attr-defined]
        assert answer.status_code == told["status"] == 404
        assert answer["Content-Type"] == "application/problem+json" and told["detail"]

    def test_wrong_methods_are(self, aws: Forum, stranger: Program) -> None:
        answer = stranger.asks("DELETE", "/forums")
        assert answer.status_code == 405 and answer["Allow"] == "GET, HEAD"
        assert answer["Content-Type"] == "application/problem+json"


class TestHead:
    @pytest.mark.parametrize("path", ["/forums", "/forums/aws/threads", "/members/ada/posts", "/me", "/openapi.json"])
    def test_is_answered_as_get_without_the_body(self, path: str, thread: Thread, bob: User, comes: Comes) -> None:
        program = comes(bob)
        got = program.asks("GET", path)
        asked = program.asks("HEAD", path)
        assert asked.status_code == got.status_code == 200 and asked.content == b"" != got.content
        assert asked["Content-Length"] == str(len(got.content)) and asked["Content-Type"] == got["Content-Type"]

    def test_of_what_is_not_there_or_not_for_strangers_says_so(self, aws: Forum, stranger: Program) -> None:
        assert stranger.asks("HEAD", "/forums/none").status_code == 404
        assert stranger.asks("HEAD", "/me").status_code == 401
        refused = stranger.asks("HEAD", "/notifications/read")
        assert refused.status_code == 405 and "HEAD" not in refused["Allow"]

    def test_counts_like_any_question(self, aws: Forum, stranger: Program, settings: Any) -> None:
        settings.RATE_LIMITS = {**settings.RATE_LIMITS, "api": "1/1/1/0/1"}
        assert [stranger.asks("HEAD", "/forums").status_code for _ in range(2)] == [200, 429]


class TestIgnoring:
    @pytest.fixture
    def reader(self, thread: Thread, ada: User, bob: User, comes: Comes) -> Program:
        """Bob's program, who ignores Ada."""
        assert signed_in(bob).post(f"/members/{ada.pk}/ignore/", {"on": "1"}).status_code == 302
        return comes(bob)

    def test_marks_posts_in_a_thread_and_leaves_them_out_of_lists(
        self, reader: Program, thread: Thread, aws: Forum, bob: User, stranger: Program
    ) -> None:
        reply(bob, thread, "My own")
        mine = start_thread(bob, aws, "Mine")
        at = f"/forums/aws/threads/{thread.id}/posts"
        assert [post["ignored"] for post in reader.gets(at)["items"]] == [True, True, False]
        assert reader.gets(f"{at}/1")["ignored"] is True and "Which" in reader.gets(f"{at}/1")["text"]
        assert [each["id"] for each in reader.gets("/forums/aws/threads")["items"]] == [mine.id]
        assert {post["author"]["name"] for post in reader.gets("/forums/aws/posts")["items"]} == {"Bob"}
        assert [each["number"] for each in reader.gets("/search?q=which+own+-nothing&forum=aws")["items"]] == []
        assert reader.gets("/search?q=key")["items"] == [] != stranger.gets("/search?q=key")["items"]
        assert len(reader.gets("/members/ada/posts")["items"]) == 2, "whoever asks for these wants them"

    def test_changes_nothing_for_others_nor_what_is_kept_for_them(
        self, reader: Program, thread: Thread, stranger: Program
    ) -> None:
        at = f"/forums/aws/threads/{thread.id}/posts"
        for program in (stranger, reader, stranger):
            marks = [post["ignored"] for post in program.gets(at)["items"]]
            assert marks == [program is reader] * 2
        assert stranger.asks("GET", at)["X-Cache"] == "hit" and reader.asks("GET", at)["X-Cache"] == "bypass"

    def test_leaves_out_what_they_did_from_notifications(
        self, thread: Thread, ada: User, bob: User, comes: Comes
    ) -> None:
        reply(ada, thread, "Look here, @Bob.")
        program = comes(bob)
        assert [note["kind"] for note in program.gets("/notifications?show=mentions")["items"]] == ["mention"]
        signed_in(bob).post(f"/members/{ada.pk}/ignore/", {"on": "1"})
        assert program.gets("/notifications?show=mentions")["items"] == []


class TestMembers:
    def test_their_threads_where_they_may_be_read(
        self, thread: Thread, aws: Forum, mod: User, comes: Comes, stranger: Program
    ) -> None:
        vault = make_forum("vault", read_access="groups")
        renew()
        older, secret, newer = (start_thread(mod, forum) for forum in (aws, vault, aws))
        assert [each["id"] for each in stranger.gets("/members/mod/threads")["items"]] == [newer.id, older.id]
        moderator = comes(mod, "read", "moderate").gets("/members/mod/threads")["items"]
        assert [each["id"] for each in moderator] == [newer.id, secret.id, older.id]
        assert stranger.asks("GET", "/members/nobody/threads").status_code == 404
        assert stranger.asks("GET", "/members/ada/threads?before=x").status_code == 400

    def test_their_threads_page_by_page(
        self, aws: Forum, ada: User, stranger: Program, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(members, "THREADS_PER_PAGE", 2)
        ids = [start_thread(ada, aws, f"Thread {number}").id for number in range(5)]
        found, path = [], "/members/ada/threads"
        while path:
            page = stranger.gets(path)
            found += [each["id"] for each in page["items"]]
            path = page["next"]
        assert found == ids[::-1]

    def test_their_numbers(self, thread: Thread, ada: User, bob: User, stranger: Program) -> None:
        reply(bob, thread)
        signed_in(bob).post(f"/f/aws/{thread.id}/1/like/", {"on": "1"})
        signed_in(ada).post(f"/f/aws/{thread.id}/3/answer/", {"on": "1"})
        told = {name: stranger.gets(f"/members/{name}") for name in ("ada", "Bob")}
        numbers = {name: [each[key] for key in ("posts", "threads", "likes", "answers")] for name, each in told.items()}
        assert numbers == {"ada": [2, 1, 1, 0], "Bob": [1, 0, 0, 1]}


class TestSearch:
    def test_with_its_filters(self, thread: Thread, aws: Forum, bob: User, stranger: Program) -> None:
        reply(bob, thread, "Another key.")
        found = {
            query: [each["number"] for each in stranger.gets(f"/search?{query}")["items"]]
            for query in (
                "q=key&author=bob", "author=ada&forum=aws&sort=newest", f"q=key&thread={thread.id}&author=ada",
                "q=key&from=2020-01-01&to=2020-01-02", "q=key&solved=true", "q=key&tag=gsi",
                "q=key&solved=false&author=bob",
            )
        }  # fmt: skip
        assert list(found.values()) == [[3], [2, 1], [1], [], [], [], [3]]

    @pytest.mark.parametrize(
        "sent", ["from=yesterday", "to=2026-02-30", "forum=%C3%9C", "thread=x", "tag=a/b", "solved=x"]
    )
    def test_names_the_filter_that_makes_no_sense(self, sent: str, aws: Forum, stranger: Program) -> None:
        answer = stranger.asks("GET", f"/search?q=key&{sent}")
        told: Any = answer.json()  # type: ignore[attr-defined]
        assert answer.status_code == 422 and list(told["fields"]) == [sent.partition("=")[0]]
        assert answer["Content-Type"] == "application/problem+json"

    def test_goes_on_with_them(self, aws: Forum, ada: User, bob: User, stranger: Program) -> None:
        thread = start_thread(ada, aws, "Title", "word")
        for _ in range(24):
            reply(ada, thread, "word")
        reply(bob, thread, "word")
        first = stranger.gets("/search?q=word&author=ada&from=2020-01-01&sort=newest")
        second = stranger.gets(first["next"])
        numbers = [each["number"] for each in first["items"] + second["items"]]
        assert numbers == list(range(25, 0, -1)) and second["next"] is None


class TestDescription:
    def test_says_all_that_there_is(self, aws: Forum, stranger: Program) -> None:
        paths = stranger.gets("/openapi.json")["paths"]
        post = "/api/forums/{name}/threads/{thread_id}/posts/{number}"
        assert "get" in paths[f"{post}/poll"] and {"put", "delete"} == paths[f"{post}/poll/vote"].keys()
        assert "get" in paths["/api/members/{username}/threads"]
        names = {each["name"] for each in paths["/api/search"]["get"]["parameters"]}
        assert {"forum", "author", "tag", "from", "to", "solved", "thread", "q", "sort"} <= names
        assert all("head" not in methods for methods in paths.values())

    def test_is_there_for_machines_and_people(self, aws: Forum, stranger: Program) -> None:
        schema = stranger.gets("/openapi.json")
        assert schema["openapi"].startswith("3.") and "/api/forums" in schema["paths"]
        page = stranger.asks("GET", "/docs").content.decode()
        assert "/api/forums/{name}/threads/{thread_id}/posts" in page and "Idempotency-Key" in page

    def test_has_no_two_operations_of_one_name(self, aws: Forum, stranger: Program) -> None:
        paths = stranger.gets("/openapi.json")["paths"].values()
        names = [operation["operationId"] for methods in paths for operation in methods.values()]
        assert len(names) == len(set(names))


def test_members_may_be_asked_who_they_are(bob: User, comes: Comes, stranger: Program) -> None:
    assert comes(bob, "read").gets("/me") == {
        "name": "Bob",
        "url": "http://127.0.0.1:8000/u/Bob/",
        "trust": 0,
        "unread": 1,
        "scopes": ["read"],
    }
    assert stranger.asks("GET", "/me").status_code == 401


def test_notifications(thread: Thread, bob: User, comes: Comes) -> None:
    program = comes(bob)
    reply(make_member("cat"), thread, "Look here, @Bob.")
    told = program.gets("/notifications")
    assert told["unread"] == 2 and told["items"][0]["by"]["name"] == "cat"
    assert [note["kind"] for note in program.gets("/notifications?show=mentions")["items"]] == ["mention"]
    assert program.asks("POST", "/notifications/read", {"cursor": told["items"][0]["cursor"]}).status_code == 204
    assert program.gets("/notifications")["unread"] == 0
