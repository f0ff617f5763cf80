"""Moderating on the pages themselves: what is done, to whom it is shown, and who may not."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from forum.actions import moderating, posting
from forum.errors import BadRequest, Conflict, ForumError, NotAllowed
from forum.models import Forum, User
from forum.tables import posts, threads
from forum.tables.keys import Nonce
from forum.tables.moderation import Record, list_records, post_subject, thread_subject
from forum.tables.posts import Post
from forum.tables.threads import Thread
from tests.helpers import make_forum, make_member, page_url, reader, renew, reply, rules, signed_in, start_thread

SPAM = {"ready": "Spam or advertising"}


def text(response) -> str:  # type: ignore[no-untyped-def]
    return response.content.decode()


@pytest.fixture
def thread(aws: Forum, ada: User, bob: User) -> Thread:
    """A thread by ada with a reply by Bob."""
    begun = start_thread(ada, aws, "The thread", "The first post.")
    reply(bob, begun, "Bob sells pills.")
    return begun


def post_of(thread: Thread, number: int) -> Post:
    return posts.get_post_of(head_of(thread), number)


def head_of(thread: Thread) -> Thread:
    return threads.get_thread("aws", thread.id)


def latest(subject: str) -> Record:
    return list_records(subject)[0]


def act(user: User, thread: Thread, path: str, **fields: str):  # type: ignore[no-untyped-def]
    return signed_in(user).post(f"/f/aws/{thread.id}/{path}/", fields)


class TestPosts:
    def test_a_moderator_hides_a_post_and_shows_it_again(self, thread: Thread, mod: User, client: Client) -> None:
        page = text(signed_in(mod).get(f"/f/aws/{thread.id}/2/hide/"))
        assert "Bob sells pills." in page and "Spam or advertising" in page
        answer = act(mod, thread, "2/hide", **SPAM, reason="Third time.")
        assert answer.status_code == 302 and answer["Location"] == f"{page_url(thread)}#post-2"
        page = text(client.get(page_url(thread)))
        assert "hidden by a moderator" in page and "Spam or advertising: Third time." in page
        assert "pills" not in page
        record = latest(post_subject(thread.id, 2))
        assert (record.kind, record.reason, record.forum) == ("hide", "Spam or advertising: Third time.", "aws")
        assert act(mod, thread, "2/show").status_code == 302
        assert "Bob sells pills." in text(client.get(page_url(thread)))

    def test_no_page_shows_what_is_hidden(self, thread: Thread, mod: User, ada: User, bob: User) -> None:
        act(mod, thread, "2/hide", **SPAM)
        urls = ("/", "/f/aws/", "/f/aws/latest/", page_url(thread), "/u/Bob/", f"/f/aws/{thread.id}/2/history/")
        for who in (Client(), signed_in(ada), signed_in(bob)):
            for url in (*urls, f"/f/aws/{thread.id}/2/edit/"):
                assert "pills" not in text(who.get(url)), url
        assert "pills" in text(signed_in(mod).get(f"/f/aws/{thread.id}/2/history/"))

    def test_a_moderator_deletes_a_post_with_a_reason_and_brings_it_back(
        self, thread: Thread, mod: User, client: Client
    ) -> None:
        assert act(mod, thread, "2/delete").status_code == 422
        assert act(mod, thread, "2/delete", reason="Not here.").status_code == 302
        page = text(client.get(page_url(thread)))
        assert "was deleted" in page and "Not here." in page and "pills" not in page
        assert "Bob sells pills." in text(signed_in(mod).get(f"/f/aws/{thread.id}/2/undelete/"))
        assert act(mod, thread, "2/undelete").status_code == 302
        assert "Bob sells pills." in text(client.get(page_url(thread)))
        assert (head_of(thread).post_count, post_of(thread, 2).status_reason) == (2, None)

    def test_an_author_needs_no_reason_and_is_not_in_the_log(self, thread: Thread, bob: User) -> None:
        assert act(bob, thread, "2/delete").status_code == 302
        record = latest(post_subject(thread.id, 2))
        assert (record.kind, record.month, record.reason) == ("delete", None, None)

    def test_a_moderators_edit_is_in_the_log(self, thread: Thread, mod: User) -> None:
        edit = {"body": "Bob says hello.", "revision": "1", "reason": "No advertising."}
        assert act(mod, thread, "2/edit", **edit).status_code == 302
        record = latest(post_subject(thread.id, 2))
        assert (record.kind, record.body, record.member_id) == ("edit", "Bob sells pills.", post_of(thread, 2).user_id)
        assert record.month and record.reason == "No advertising."

    def test_the_first_post_takes_the_thread_along_and_back(self, thread: Thread, mod: User, client: Client) -> None:
        assert "whole thread" in text(signed_in(mod).get(f"/f/aws/{thread.id}/1/hide/"))
        answer = signed_in(mod).post(f"/f/aws/{thread.id}/1/hide/", SPAM, follow=True)
        assert answer.redirect_chain == [("/f/aws/", 302)]
        assert f'href="/f/aws/{thread.id}/1/show/">Undo</a>' in text(answer)
        assert client.get(page_url(thread)).status_code == 404
        there = f"/admin/threads/{thread.id}/"
        assert there in text(signed_in(mod).get(page_url(thread))) and there not in text(client.get(page_url(thread)))
        assert "The thread" in text(signed_in(mod).get(there))
        assert "The thread" not in text(client.get("/f/aws/"))
        assert act(mod, thread, "1/show").status_code == 302
        assert client.get(page_url(thread)).status_code == 200
        assert "The thread" in text(client.get("/f/aws/"))

    @pytest.mark.parametrize("reason", ["", "  ", "no", "x" * 501])
    def test_a_reason_that_is_none_is_asked_for_again(self, reason: str, thread: Thread, mod: User) -> None:
        for path in ("2/hide", "2/delete", "hide", "delete"):
            answer = act(mod, thread, path, reason=reason)
            assert answer.status_code == 422 and "Please look at this again" in text(answer)
            assert reason.strip() in text(answer)
        assert post_of(thread, 2).status == "visible"
        with pytest.raises(BadRequest):
            moderating.hide_post(reader(mod), rules_of(), head_of(thread), post_of(thread, 2), reason)

    def test_the_author_is_told_why(self, thread: Thread, mod: User, bob: User) -> None:
        act(mod, thread, "2/hide", **SPAM)
        assert "Spam or advertising" in text(signed_in(bob).get("/notifications/"))

    def test_tools_are_for_those_who_may(self, thread: Thread, mod: User, ada: User, bob: User) -> None:
        shown = {user: text(signed_in(user).get(page_url(thread))) for user in (mod, ada, bob)}
        for url in (f"/f/aws/{thread.id}/2/hide/", f"/f/aws/{thread.id}/rename/", f"/f/aws/{thread.id}/1/history/"):
            assert url in shown[mod] and url not in shown[ada] and url not in shown[bob]
        assert f"/f/aws/{thread.id}/2/edit/" in shown[bob] and f"/f/aws/{thread.id}/2/edit/" not in shown[ada]
        act(mod, thread, "2/hide", **SPAM)
        page = text(signed_in(mod).get(page_url(thread)))
        assert f"/f/aws/{thread.id}/2/show/" in page and f"/f/aws/{thread.id}/2/edit/" not in page
        assert f"/f/aws/{thread.id}/2/" not in text(signed_in(bob).get(page_url(thread))).replace("/2/edit/", "x/")


def rules_of(name: str = "aws"):  # type: ignore[no-untyped-def]
    return rules(Forum.objects.get(name=name))


class TestForGood:
    @pytest.fixture
    def purger(self, mod: User) -> User:
        mod.user_permissions.add(Permission.objects.get(codename="delete_post"))
        return User.objects.get(pk=mod.pk)

    def test_it_takes_a_right_of_its_own(self, thread: Thread, mod: User) -> None:
        assert act(mod, thread, "2/purge", **SPAM).status_code == 403
        assert post_of(thread, 2).status == "visible"

    def test_nobody_else_reads_it_again(self, thread: Thread, purger: User, bob: User, client: Client) -> None:
        act(bob, thread, "2/edit", body="Bob sells more pills.", revision="1")
        assert act(purger, thread, "2/purge", reason="A court says so.").status_code == 302
        other = make_member("other", is_staff=True)
        for who in (client, signed_in(bob), signed_in(other)):
            for url in (page_url(thread), f"/f/aws/{thread.id}/2/history/"):
                assert "pills" not in text(who.get(url)), url
        assert "Bob sells pills." in text(signed_in(purger).get(f"/f/aws/{thread.id}/2/history/"))
        answer = act(purger, thread, "2/undelete")
        assert answer.status_code == 409 and "for good" in text(answer)
        assert act(purger, thread, "2/purge", **SPAM).status_code == 409

    def test_nothing_offers_to_bring_it_back(self, thread: Thread, purger: User) -> None:
        act(purger, thread, "2/purge", **SPAM)
        office = signed_in(purger)
        urls = [page_url(thread), f"/f/aws/{thread.id}/2/history/", f"/admin/posts/{thread.id}-2/"]
        for page in [text(office.get(url)) for url in urls]:
            assert "2/undelete/" not in page and "2/purge/" not in page
        assert "deleted for good" in page

    @pytest.mark.parametrize("before", [[], ["delete"], ["hide"], ["1/delete"]])
    def test_a_thread_goes_for_good_with_its_first_post(
        self, before: list[str], thread: Thread, purger: User, client: Client
    ) -> None:
        other = make_member("other", is_staff=True)
        for path in before:
            act(other, thread, path, **SPAM)
        url = f"/f/aws/{thread.id}/1/purge/"
        assert "The thread is deleted for good." in text(signed_in(purger).post(url, SPAM, follow=True))
        for who in (other, purger):
            for path in ("undelete", "1/undelete"):
                answer = act(who, thread, path)
                assert answer.status_code == 409 and "for good" in text(answer)
            office = signed_in(who)
            for page in (f"/f/aws/{thread.id}/history/", f"/f/aws/{thread.id}/1/history/"):
                assert "undelete/" not in text(office.get(page))
            assert "Bring back" not in text(office.get(f"/admin/threads/{thread.id}/"))
        assert "deleted for good" in text(office.get(f"/f/aws/{thread.id}/history/"))
        assert client.get(page_url(thread)).status_code == 404 and head_of(thread).purged


class TestThreads:
    @pytest.mark.parametrize(
        ("path", "field", "kinds"),
        [
            ("lock", "locked", ("lock", "unlock")),
            ("pin", "pinned", ("pin", "unpin")),
            ("archive", "archived", ("archive", "unarchive")),
        ],
    )
    def test_switches(
        self, path: str, field: str, kinds: tuple[str, str], thread: Thread, mod: User, client: Client
    ) -> None:
        for kind, value in zip(kinds, ("1", "0"), strict=True):
            answer = act(mod, thread, path, **{field: value})
            assert answer.status_code == 302 and answer["Location"] == page_url(thread)
            assert getattr(head_of(thread), field) is (value == "1")
            record = latest(thread_subject(thread.id))
            assert (record.kind, record.changes) == (kind, {field: (value != "1", value == "1")})
            page = text(client.get(page_url(thread)))
            assert (f"{field.capitalize()}</span>" in page) is (value == "1")

    def test_an_archived_thread_takes_no_changes_by_its_authors(
        self, thread: Thread, mod: User, ada: User, bob: User
    ) -> None:
        act(mod, thread, "archive", archived="1")
        answer = reply(bob, thread, "Too late.")
        assert answer.status_code == 409 and "Too late." in text(answer) and "archived" in text(answer)
        assert "nothing in it changes" in text(signed_in(bob).get(page_url(thread)))
        for path, fields in (("2/edit", {"body": "New", "revision": "1"}), ("2/delete", {})):
            assert act(bob, thread, path, **fields).status_code == 403
        assert f"{thread.id}/2/edit/" not in text(signed_in(bob).get(page_url(thread)))
        assert act(mod, thread, "2/hide", **SPAM).status_code == 302

    def test_a_pinned_thread_stands_first(self, aws: Forum, thread: Thread, ada: User, mod: User) -> None:
        newer = start_thread(ada, aws, "Newer")
        act(mod, thread, "pin", pinned="1")
        page = text(Client().get("/f/aws/"))
        assert page.index(thread.id) < page.index(newer.id)
        assert page.index(f"{thread.id}/") > page.index("Pinned:") > 0

    def test_a_thread_is_renamed(self, thread: Thread, mod: User, client: Client) -> None:
        assert "The thread" in text(signed_in(mod).get(f"/f/aws/{thread.id}/rename/"))
        old = page_url(thread)
        answer = act(mod, thread, "rename", title="What it is about", edited="The thread")
        assert answer.status_code == 302 and answer["Location"].endswith("/what-it-is-about/")
        assert client.get(old)["Location"] == answer["Location"]
        record = latest(thread_subject(thread.id))
        assert record.changes == {"title": ("The thread", "What it is about")}
        assert act(mod, thread, "rename", title="x").status_code == 422

    def test_who_renames_a_thread_that_has_just_been_renamed_is_told(self, thread: Thread, mod: User) -> None:
        act(mod, thread, "rename", title="By another", edited="The thread")
        answer = act(mod, thread, "rename", title="Mine", edited="The thread")
        assert answer.status_code == 409 and "By another" in text(answer) and 'value="Mine"' in text(answer)

    @pytest.mark.parametrize(("away", "back"), [("hide", "show"), ("delete", "undelete")])
    def test_a_thread_goes_and_comes_back(
        self, away: str, back: str, thread: Thread, mod: User, client: Client
    ) -> None:
        answer = signed_in(mod).post(f"/f/aws/{thread.id}/{away}/", SPAM, follow=True)
        assert f'href="/f/aws/{thread.id}/{back}/">Undo</a>' in text(answer)
        gone = client.get(page_url(thread))
        assert gone.status_code == 404 and "history" not in text(gone)
        assert "The thread" not in text(client.get("/f/aws/")) + text(client.get("/u/ada/"))
        assert "Bob sells pills." not in text(client.get("/f/aws/latest/"))
        found = signed_in(mod).get(page_url(thread))
        assert found.status_code == 404 and f"/f/aws/{thread.id}/history/" in text(found), "the way back"
        history = text(signed_in(mod).get(f"/f/aws/{thread.id}/history/"))
        assert f"/f/aws/{thread.id}/{back}/" in history and "Spam or advertising" in history
        assert act(mod, thread, back).status_code == 302
        assert client.get(page_url(thread)).status_code == 200
        assert "The thread" in text(client.get("/f/aws/"))

    def test_a_thread_that_went_with_its_first_post_comes_back_with_it(self, thread: Thread, mod: User) -> None:
        for away, back in (("1/delete", "undelete"), ("1/hide", "show")):
            act(mod, thread, away, **SPAM)
            assert act(mod, thread, back).status_code == 302
            assert (head_of(thread).status, post_of(thread, 1).status) == ("visible", "visible")
            assert post_of(thread, 1).body == "The first post."


class TestTwoModerators:
    def test_the_second_is_told_what_the_first_did(self, thread: Thread, mod: User) -> None:
        second = make_member("second", is_staff=True)
        assert signed_in(second).get(f"/f/aws/{thread.id}/2/hide/").status_code == 200
        act(mod, thread, "2/hide", reason="First come.")
        answer = act(second, thread, "2/hide", **SPAM)
        assert answer.status_code == 409
        assert "mod has hidden it: First come." in text(answer)
        assert len(list_records(post_subject(thread.id, 2))) == 1

    @pytest.mark.django_db(transaction=True)
    def test_at_the_same_moment_one_act_is_done(self, aws: Forum, thread: Thread, mod: User) -> None:
        forum, who = rules(aws), [reader(make_member(f"mod{n}", is_staff=True)) for n in range(8)]
        head, post = head_of(thread), post_of(thread, 2)

        def one(number: int) -> str:
            try:
                if number % 2:
                    moderating.hide_post(who[number], forum, head, post, "Hidden first.")
                else:
                    moderating.delete_post(who[number], forum, head, post, "Deleted first.")
            except ForumError as error:
                return type(error).__name__
            return "done"

        with ThreadPoolExecutor(8) as pool:
            outcomes = list(pool.map(one, range(8)))
        # A hidden post may still be deleted; nothing else may follow.
        assert outcomes.count("done") in (1, 2) and set(outcomes) == {"done", "Conflict"}
        assert len(list_records(post_subject(thread.id, 2))) == outcomes.count("done")
        assert head_of(thread).post_count == 1

    def test_of_two_locks_the_second_is_told(self, thread: Thread, mod: User) -> None:
        act(mod, thread, "lock", locked="1")
        answer = act(mod, thread, "lock", locked="1")
        assert answer.status_code == 409 and "mod has locked it" in text(answer)

    def test_who_hides_while_the_author_edits_sees_the_new_text_first(
        self, thread: Thread, mod: User, bob: User
    ) -> None:
        act(bob, thread, "2/edit", body="Bob sells flowers.", revision="1")
        answer = act(mod, thread, "2/hide", **SPAM, reason="Pills again.", edited="")
        page = text(answer)
        assert answer.status_code == 409 and "Bob sells flowers." in page and "Pills again." in page
        assert post_of(thread, 2).status == "visible"
        edited = re.search('name="edited" value="([^"]+)"', page)
        assert edited and act(mod, thread, "2/hide", **SPAM, edited=edited[1]).status_code == 302

    def test_and_the_author_who_edits_what_was_hidden_keeps_the_text(
        self, thread: Thread, mod: User, bob: User
    ) -> None:
        act(mod, thread, "2/hide", **SPAM)
        answer = act(bob, thread, "2/edit", body="An hour of work.", revision="1")
        assert answer.status_code == 409 and "An hour of work." in text(answer) and "hidden" in text(answer)

    def test_an_edit_that_comes_between_the_look_and_the_write_is_not_hidden_unseen(
        self, aws: Forum, thread: Thread, mod: User, bob: User
    ) -> None:
        head, seen = head_of(thread), post_of(thread, 2)
        posting.edit(reader(bob), rules(aws), head, seen, 1, "Bob sells flowers.", None)
        with pytest.raises(Conflict, match="just changed. Bob has edited it"):
            moderating.hide_post(reader(mod), rules(aws), head, seen, "Pills.")
        assert post_of(thread, 2).status == "visible"

    @pytest.mark.django_db(transaction=True)
    def test_pinning_hiding_and_replying_at_once_loses_nothing(self, aws: Forum, thread: Thread, mod: User) -> None:
        forum, people = rules(aws), [reader(make_member(f"member{n}")) for n in range(12)]
        staff, head = reader(mod), head_of(thread)

        def one(number: int) -> None:
            if number == 5:
                moderating.set_pinned(staff, forum, head, True)
            elif number == 8:
                moderating.hide_post(staff, forum, head, post_of(thread, 2), "Pills.")
            else:
                posting.reply(people[number], forum, thread.id, f"Reply {number}", Nonce.new())

        with ThreadPoolExecutor(12) as pool:
            list(pool.map(one, range(12)))
        now = head_of(thread)
        assert (now.last_post_number, now.post_count, now.pinned) == (12, 11, True)
        # Ten replies within a second make it hot: it may stand where it stood a moment before.
        assert now.last_post_timestamp.startswith("p") and now.stands_for(now.newest_key)


class TestWhoMay:
    PATHS = [
        "2/hide", "2/show", "2/delete", "2/undelete", "2/purge", "lock", "pin", "archive", "rename", "hide", "show",
        "delete", "undelete",
    ]  # fmt: skip

    @pytest.mark.parametrize("path", PATHS)
    def test_nobody_but_the_forums_moderators(self, path: str, thread: Thread, ada: User) -> None:
        before = (head_of(thread).attribute_values, post_of(thread, 2).attribute_values)
        fields = {**SPAM, "locked": "1", "pinned": "1", "archived": "1", "title": "Taken over"}
        assert act(ada, thread, path, **fields).status_code == 403
        answer = Client().post(f"/f/aws/{thread.id}/{path}/", fields)
        assert answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")
        assert (head_of(thread).attribute_values, post_of(thread, 2).attribute_values) == before

    def test_a_forums_own_moderators_act_there_and_nowhere_else(self, aws: Forum, thread: Thread, ada: User) -> None:
        own = make_member("own")
        group = Group.objects.create(name="keepers of aws")
        own.groups.add(group)
        aws.moderator_groups.add(group)
        elsewhere = make_forum("django")
        renew()
        other = start_thread(ada, elsewhere, "Elsewhere")
        assert act(own, thread, "2/hide", **SPAM).status_code == 302
        assert act(own, thread, "lock", locked="1").status_code == 302
        assert f"/f/aws/{thread.id}/rename/" in text(signed_in(own).get(page_url(thread)))
        client = signed_in(own)
        for path in ("1/hide", "lock", "rename", "history"):
            url = f"/f/django/{other.id}/{path}/"
            answer = client.get(url) if path == "history" else client.post(url, {**SPAM, "locked": "1"})
            assert answer.status_code == 403, path
        assert client.post(f"/f/aws/{other.id}/1/hide/", SPAM).status_code == 404

    def test_nobody_in_an_archived_forum_but_the_forum_itself(self, aws: Forum, thread: Thread, mod: User) -> None:
        Forum.objects.update(archived=True)
        renew()
        assert act(mod, thread, "2/hide", **SPAM).status_code == 403
        forum = rules_of()
        with pytest.raises(NotAllowed):
            moderating.set_locked(reader(mod), forum, head_of(thread), True)
        moderating.hide_post(moderating.SYSTEM, forum, head_of(thread), post_of(thread, 2), "Many reports.")
        assert latest(post_subject(thread.id, 2)).user_id == ""

    def test_pages_of_what_is_not_there(self, thread: Thread, mod: User) -> None:
        client = signed_in(mod)
        for path in ("9/hide", "9/history", "9/purge"):
            assert client.get(f"/f/aws/{thread.id}/{path}/").status_code == 404
        assert client.get(f"/f/aws/{thread.id}/2/show/").status_code == 409, "it is not hidden"
        assert client.get("/f/aws/01KAQ4ZT9N8YV3W2Q6JX5R7D00/hide/").status_code == 404


class TestHistory:
    def test_everybody_sees_how_an_author_changed_a_post(self, thread: Thread, bob: User, client: Client) -> None:
        act(bob, thread, "2/edit", body="Bob sells <b>flowers</b>.", revision="1")
        assert f'href="/f/aws/{thread.id}/2/history/"' in text(client.get(page_url(thread)))
        page = text(client.get(f"/f/aws/{thread.id}/2/history/"))
        assert "<del>Bob sells pills.</del>" in page
        assert "<ins>Bob sells &lt;b&gt;flowers&lt;/b&gt;.</ins>" in page

    def test_what_a_moderator_edited_away_is_for_the_author_and_moderators(
        self, thread: Thread, ada: User, bob: User, mod: User, client: Client
    ) -> None:
        act(bob, thread, "2/edit", body="Bob lives at 1 Street.", revision="1")
        act(mod, thread, "2/edit", body="Bob lives.", revision="2", reason="Personal data.")
        act(bob, thread, "2/edit", body="Bob lives on.", revision="3")
        url = f"/f/aws/{thread.id}/2/history/"
        for who, sees in ((client, False), (signed_in(ada), False), (signed_in(bob), True), (signed_in(mod), True)):
            page = text(who.get(url))
            assert "<ins>Bob lives on.</ins>" in page
            assert ("1 Street" in page) is sees and ("pills" in page) is sees

    def test_moderators_see_every_act_with_who_and_why(self, thread: Thread, mod: User, bob: User) -> None:
        act(mod, thread, "2/hide", reason="A first look.")
        act(mod, thread, "2/show", reason="A second one.")
        page = text(signed_in(mod).get(f"/f/aws/{thread.id}/2/history/"))
        assert "A first look." in page and "A second one." in page and "hid it" in page
        assert "A first look." not in text(signed_in(bob).get(f"/f/aws/{thread.id}/2/history/"))

    def test_the_history_of_a_private_forum_is_private(self, ada: User, client: Client) -> None:
        crew = make_forum("crew", read_access="groups")
        group = Group.objects.create(name="crew")
        crew.read_groups.add(group)
        ada.groups.add(group)
        renew()
        thread = start_thread(ada, crew)
        url = f"/f/crew/{thread.id}/1/history/"
        assert client.get(url).status_code == 404
        assert signed_in(ada).get(url).status_code == 200

    def test_a_hostile_diff_is_bounded(self, thread: Thread, bob: User, client: Client) -> None:
        lines = [f"{n}" for n in range(5_000)]
        act(bob, thread, "2/edit", body="\n".join(lines), revision="1")
        act(bob, thread, "2/edit", body="\n".join(reversed(lines)), revision="2")
        assert client.get(f"/f/aws/{thread.id}/2/history/").status_code == 200


def test_a_moved_post_leads_to_its_new_place(thread: Thread, mod: User, client: Client) -> None:
    post = post_of(thread, 2)
    post.update([Post.status.set("moved"), Post.moved_to.set("01KAQ4ZT9N8YV3W2Q6JX5R7D00/3"), Post.revision.add(1)])
    page = text(client.get(page_url(thread)))
    assert 'href="/p/01KAQ4ZT9N8YV3W2Q6JX5R7D00/3/"' in page and "pills" not in page
    answer = act(mod, thread, "2/hide", **SPAM)
    assert answer.status_code == 409 and f"/p/{thread.id}/2/" in text(answer)
