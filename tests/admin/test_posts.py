"""Posts in the administration: lists, cursors, jumps, acts on one and on many, and who may what."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from forum import directory
from forum.actions import moderating, sanctions
from forum.models import Forum, User
from forum.tables import base
from forum.tables.keys import cursor
from forum.tables.moderation import list_records, post_subject
from forum.tables.posts import Post, get_post_of, list_of_user
from forum.tables.threads import Thread, get_thread
from tests.helpers import Cost, cost, make_forum, make_member, reader, renew, reply, rules, signed_in, start_thread

PAGE = "/admin/posts/"


def text(answer: Any) -> str:
    page: str = answer.content.decode()
    return page


def numbers(page: str) -> list[int]:
    """The numbers of the listed posts, in their order."""
    return [int(n) for n in re.findall(r'<span class="quiet">#(\d+)</span>', page)]


def tokens(page: str) -> list[str]:
    return re.findall(r'name="_selected_action" value="([^"]+)"', page)


def way(page: str, rel: str) -> str:
    """Where the link to the newer ("prev") or the older ("next") page leads; "" where there is none."""
    found = re.findall(rf'<a rel="{rel}" href="([^"]+)">', page)
    return found[0].replace("&amp;", "&") if found else ""


def shown(page: str) -> dict[str, str]:
    """What a form says of how the things were that it is about."""
    return dict(re.findall(r'name="(seen [^"]+)" value="([^"]*)"', page))


def offered(page: str) -> list[str]:
    """The acts on selected rows."""
    return re.findall(r'<option value="(\w+)">', page)


def stored(thread: Thread, number: int) -> Post:
    return get_post_of(get_thread(thread.forum, thread.id), number)


def page_of(thread: Thread, number: int, act: str = "") -> str:
    return f"{PAGE}{thread.id}-{number}/{act}"


def give(user: User, *permissions: str) -> None:
    user.user_permissions.add(*Permission.objects.filter(codename__in=permissions))
    renew()


def make_moderator(name: str, forum: Forum) -> User:
    """Who moderates one forum, and is no staff."""
    group = Group.objects.create(name=f"{name}s")
    forum.moderator_groups.add(group)
    user = make_member(name)
    user.groups.add(group)
    renew()
    return user


@pytest.fixture
def talk(aws: Forum, ada: User) -> Thread:
    """A thread of five posts."""
    thread = start_thread(ada, aws, "Lambda or not", "Which one?")
    for n in range(2, 6):
        reply(ada, thread, f"Reply number {n}.")
    return thread


@pytest.fixture
def admin(mod: User) -> Client:
    return signed_in(mod)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    from forum.admin.posts import Posts

    monkeypatch.setattr(Posts, "per_page", 2)


class TestLists:
    def test_posts_of_a_forum_newest_first(self, admin: Client, talk: Thread) -> None:
        admin.get(PAGE)
        page = text(admin.get(PAGE, {"forum": "aws"}))
        assert numbers(page) == [5, 4, 3, 2, 1]
        assert "Reply number 3." in page and "Lambda or not" in page
        assert "This page cost 2 calls to DynamoDB" in page

    def test_of_a_thread_and_of_a_member(self, admin: Client, talk: Thread, aws: Forum, ada: User, bob: User) -> None:
        start_thread(bob, aws, "Another one")
        assert numbers(text(admin.get(PAGE, {"thread": talk.id}))) == [5, 4, 3, 2, 1]
        for who in ("Bob", "bob", "@bob", str(bob.pk)):
            page = text(admin.get(PAGE, {"member": who}))
            assert numbers(page) == [1] and "Posts by Bob" in page

    def test_of_a_member_lead_to_their_moderation_whoever_may(
        self, admin: Client, talk: Thread, aws: Forum, ada: User
    ) -> None:
        office, query = f'href="/admin/forum/user/{ada.pk}/moderation/"', {"member": str(ada.pk)}
        assert office in text(admin.get(PAGE, query))
        assert office not in text(signed_in(make_moderator("helper", aws)).get(PAGE, query))

    def test_the_first_forum_is_shown_where_nothing_is_chosen(self, admin: Client, talk: Thread) -> None:
        assert "Posts in AWS in practice" in text(admin.get(PAGE))

    def test_it_says_so_where_there_is_no_forum_at_all(self, admin: Client) -> None:
        assert "There are no posts here." in text(admin.get(PAGE))

    def test_what_people_write_is_shown_as_text(self, admin: Client, aws: Forum, ada: User) -> None:
        start_thread(ada, aws, "<script>x</script>", "<img src=x onerror=alert(1)>")
        page = text(admin.get(PAGE))
        assert "<script>x" not in page and "<img src=x" not in page


@pytest.mark.parametrize("where", ["forum", "thread", "member"])
@pytest.mark.usefixtures("small_pages")
def test_pages_follow_each_other_in_both_directions(where: str, admin: Client, talk: Thread) -> None:
    chosen = {"forum": "aws", "thread": talk.id, "member": talk.user_id}[where]
    first = text(admin.get(PAGE, {where: chosen}))
    second = text(admin.get(PAGE + way(first, "next")))
    third = text(admin.get(PAGE + way(second, "next")))
    assert [numbers(page) for page in (first, second, third)] == [[5, 4], [3, 2], [1]]
    assert not way(first, "prev") and not way(third, "next")
    back = text(admin.get(PAGE + way(third, "prev")))
    assert numbers(back) == [3, 2]
    top = text(admin.get(PAGE + way(back, "prev")))
    assert numbers(top) == [5, 4] and not way(top, "prev")


@pytest.mark.usefixtures("small_pages")
def test_a_sharded_forum_is_one_list(admin: Client, ada: User) -> None:
    wide = make_forum("wide", shards=3)
    threads = [start_thread(ada, wide, f"Thread {n}") for n in range(6)]
    assert len({thread.partition for thread in threads}) > 1
    seen, query = [], "?forum=wide"
    for _ in range(3):
        page = text(admin.get(PAGE + query))
        seen += re.findall(r">(Thread \d)</a> <span", page)
        query = way(page, "next")
    assert seen == [f"Thread {n}" for n in range(5, -1, -1)] and query == ""


@pytest.mark.usefixtures("small_pages")
def test_the_list_costs_the_same_however_many_posts_there_are(admin: Client, talk: Thread, ada: User) -> None:
    admin.get(PAGE)
    with cost() as few:
        admin.get(PAGE)
    for n in range(20):
        reply(ada, talk, f"More of it: {n}.")
    admin.get(PAGE)
    with cost() as many:
        page = text(admin.get(PAGE))
    assert many.dynamodb.calls == few.dynamodb.calls == ["Query", "BatchGetItem"] and many.sql == few.sql
    with cost() as deep:
        admin.get(PAGE + way(page, "next"))
    assert deep.dynamodb.calls == few.dynamodb.calls


@pytest.mark.usefixtures("small_pages")
def test_a_members_list_costs_the_same_for_many_posts_as_for_few_and_at_both_ends(
    admin: Client, talk: Thread, bob: User
) -> None:
    """With 100,000 posts: `python -m bench.nuke`."""
    many = make_member("chatterbox")
    for n in range(3):
        reply(bob, talk, f"Few words: {n}.")
    for n in range(30):
        reply(many, talk, f"So much to say: {n}.")
    stamps = sorted(post.timestamp for post in list_of_user(str(many.pk), 100))
    last = {"member": str(many.pk), "before": cursor(stamps[3])}
    asked = {"few": {"member": str(bob.pk)}, "many": {"member": str(many.pk)}, "the oldest of many": last}
    spent = {name: cheapest(admin, query) for name, query in asked.items()}
    assert spent["few"] == (["Query", "BatchGetItem"], spent["few"][1], 2)
    assert spent["many"] == spent["the oldest of many"] == spent["few"]


def cheapest(admin: Client, query: dict[str, str]) -> tuple[list[str], int, int]:
    """DynamoDB's calls, SQL statements and rows of a list; the least of three times, since a process also
    saves now and then what members have read (`actions.remembering`)."""
    found = []
    for _ in range(3):
        with cost() as spent:
            page = text(admin.get(PAGE, query))
        found.append((spent.dynamodb.calls, spent.sql, len(numbers(page))))
    return min(found, key=lambda each: len(each[0]))


@pytest.mark.parametrize("path", ["/admin/forum/user/{}/moderation/", "/admin/log/?member={}"])
def test_a_members_page_and_log_cost_the_same_however_much_was_done(
    path: str, admin: Client, mod: User, ada: User
) -> None:
    give(mod, "moderate_user", "view_log")
    path = path.format(ada.pk)

    def opened() -> Cost:
        admin.get(path)
        with cost() as spent:
            assert admin.get(path).status_code == 200
        return spent

    sanctions.warn(reader(mod), ada, "Once.", may=True)
    few = opened()
    for n in range(60):
        sanctions.add_note(reader(mod), ada, f"Note {n}", may=True)
    many = opened()
    assert many.dynamodb.calls == few.dynamodb.calls == ["Query"] and many.sql == few.sql


class TestJumping:
    @pytest.mark.parametrize(
        "typed",
        ["{id}-2", "{id}/2", "{id}#2", "http://testserver/p/{id}/2/", "/p/{id}/2", "/f/aws/{id}/lambda/#post-2",
         "https://forum.example.org/f/aws/{id}/lambda/?page=1#post-2", "/f/aws/{id}/2/edit/", "  {id}-2  "],
    )  # fmt: skip
    def test_to_a_post(self, typed: str, admin: Client, talk: Thread) -> None:
        answer = admin.get(PAGE, {"q": typed.format(id=talk.id)})
        assert answer["Location"] == page_of(talk, 2)

    def test_to_a_thread_and_to_a_member(self, admin: Client, talk: Thread) -> None:
        assert admin.get(PAGE, {"q": talk.id})["Location"] == f"{PAGE}?thread={talk.id}"
        for typed in ("@ada", "/u/ada/", "https://forum.example.org/u/ada/?x=1"):
            assert admin.get(PAGE, {"q": typed})["Location"] == f"{PAGE}?member={talk.user_id}"

    def test_to_a_day(self, admin: Client, talk: Thread) -> None:
        """Everything of that day and before; a day before all posts is an empty page with a way up."""
        today = f"{talk.created:%Y-%m-%d}"
        found = text(admin.get(PAGE, {"q": today, "forum": "aws"}, follow=True))
        assert numbers(found) == [5, 4, 3, 2, 1]
        before = text(admin.get(PAGE, {"q": "2001-02-03", "forum": "aws"}, follow=True))
        assert numbers(before) == [] and way(before, "prev") == "?forum=aws"

    @pytest.mark.parametrize(
        ("typed", "status", "sentence"),
        [
            ("nonsense", 400, "This is no post"),
            ("2026-02-31", 400, "There is no such day"),
            ("9999-12-31", 400, "There is no such day"),
            ("0000-00-00", 400, "There is no such day"),
            ("@nobody", 404, "There is no member"),
            ("01KAQ4ZT9N8YV3W2Q6JX5R7D03-7", 404, "There is no such"),
            ("https://elsewhere.example/", 400, "This is no post"),
            ("<script>alert(1)</script>", 400, "This is no post"),
            ("x" * 5000, 400, "This is no post"),
        ],
    )
    def test_what_leads_nowhere_is_told_above_the_list(
        self, typed: str, status: int, sentence: str, admin: Client, talk: Thread
    ) -> None:
        answer = admin.get(PAGE, {"q": typed})
        assert answer.status_code == status and sentence in text(answer)
        assert numbers(text(answer)) == [5, 4, 3, 2, 1] and "<script>alert" not in text(answer)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?before=yesterday", 400),
        ("?after=2026-13-45T99:99:99.000000Z~00000000", 400),
        ("?before=2026-11-23T08:44:12.123456Z~abcdefgh&after=2026-11-23T08:44:12.123456Z~abcdefgh", 400),
        ("?thread=01KAQ4ZT9N8YV3W2Q6JX5R7D03&before=0", 400),
        ("?forum=nowhere", 404),
        ("?forum=%00", 400),
        ("?member=nobody", 404),
        ("?member=%F0%9F%90%9F", 404),
        ("?thread=12", 404),
        ("nonsense/", 404),
        ("01KAQ4ZT9N8YV3W2Q6JX5R7D03-1/", 404),
        ("01KAQ4ZT9N8YV3W2Q6JX5R7D03-1/explode/", 404),
    ],
)
def test_addresses_that_make_no_sense_are_told_so_in_the_administration(
    query: str, status: int, admin: Client, talk: Thread
) -> None:
    answer = admin.get(PAGE + query)
    assert answer.status_code == status
    assert "errornote" in text(answer) and 'id="site-name"' in text(answer)


class TestOnePost:
    def test_its_page(self, admin: Client, talk: Thread) -> None:
        page = text(admin.get(page_of(talk, 2)))
        for words in ("Post 2 by ada", "Reply number 2.", "Lambda or not", "Nobody has reported", "Nothing was done"):
            assert words in page
        assert f'href="/p/{talk.id}/2/"' in page and f"/f/aws/{talk.id}/2/edit/" in page

    def test_its_revisions_and_its_log(self, admin: Client, talk: Thread, ada: User, mod: User) -> None:
        edit = {"body": "A better answer.", "revision": "1"}
        signed_in(ada).post(f"/f/aws/{talk.id}/2/edit/", edit)
        admin.post(page_of(talk, 2, "hide/"), {"reason": "Not nice", "confirmed": "Hide"})
        page = text(admin.get(page_of(talk, 2)))
        assert "<del>Reply number 2.</del>" in page and "<ins>A better answer.</ins>" in page
        assert "Edited by ada" in page and "Not nice" in page and "hid <a" in page

    def test_what_it_costs(self, admin: Client, talk: Thread) -> None:
        admin.get(page_of(talk, 2))
        with cost() as spent:
            admin.get(page_of(talk, 2))
        assert spent.dynamodb.calls == ["Query", "GetItem", "GetItem", "Query"]

    def test_hiding_asks_for_a_reason_first(self, admin: Client, talk: Thread) -> None:
        question = text(admin.get(page_of(talk, 2, "hide/")))
        assert "Hide this post?" in question and "Post 2 by ada in “Lambda or not”" in question
        for reason, why in (
            ("", "Please say why."),
            ("x", "3 characters at least"),
            ("y" * 501, "500 is the most"),
        ):
            answer = admin.post(page_of(talk, 2, "hide/"), {"reason": reason, "confirmed": "Hide"})
            assert answer.status_code == 422 and why in text(answer) and reason in text(answer)
        assert stored(talk, 2).status == "visible"

    def test_hiding_and_showing_again(self, admin: Client, talk: Thread) -> None:
        answer = admin.post(page_of(talk, 2, "hide/"), {"reason": "Off topic", "confirmed": "Hide"}, follow=True)
        assert answer.redirect_chain == [(page_of(talk, 2), 302)]
        assert "1 post was hidden." in text(answer) and stored(talk, 2).status == "hidden"
        answer = admin.post(page_of(talk, 2, "show/"), {"confirmed": "Show again"}, follow=True)
        assert "1 post was shown again." in text(answer) and stored(talk, 2).status == "visible"

    def test_a_second_moderator_is_told_who_was_first(self, admin: Client, talk: Thread, aws: Forum) -> None:
        eve = make_member("eve", is_staff=True)
        moderating.hide_post(reader(eve), rules(aws), get_thread("aws", talk.id), stored(talk, 2), "Spam")
        assert "It cannot be hidden as it is now." in text(admin.get(page_of(talk, 2, "hide/")))
        answer = admin.post(page_of(talk, 2, "hide/"), {"reason": "Also spam", "confirmed": "Hide"})
        assert answer.status_code == 409
        assert "eve has hidden it: Spam" in text(answer) and "Also spam" in text(answer)

    def test_a_text_that_changed_since_is_shown_first(self, admin: Client, talk: Thread, ada: User) -> None:
        for act in ("hide", "delete", "purge"):
            give(User.objects.get(username="mod"), "delete_post")
            question = text(admin.get(page_of(talk, 2, f"{act}/")))
            revision, body = int(stored(talk, 2).revision), f"Better before the {act}."
            assert stored(talk, 2).body in question
            signed_in(ada).post(f"/f/aws/{talk.id}/2/edit/", {"body": body, "revision": revision})
            late = admin.post(page_of(talk, 2, f"{act}/"), {"reason": "Too short", "confirmed": "1", **shown(question)})
            assert late.status_code == 409 and "has just changed" in text(late) and body in text(late)
            assert "Too short" in text(late) and stored(talk, 2).status == "visible"
        sent = {"reason": "Too short", "confirmed": "1", **shown(text(late))}
        assert admin.post(page_of(talk, 2, "hide/"), sent).status_code == 302

    def test_deleting_for_good_is_for_those_with_the_right_to(self, admin: Client, talk: Thread, mod: User) -> None:
        sent = {"reason": "Personal data", "confirmed": "Delete for good"}
        assert "Delete for good" not in text(admin.get(page_of(talk, 2)))
        assert admin.post(page_of(talk, 2, "purge/"), sent).status_code == 403
        give(mod, "delete_post")
        assert admin.post(page_of(talk, 2, "purge/"), sent).status_code == 302
        assert stored(talk, 2).status == "deleted"
        assert "Reply number 2." in text(admin.get(page_of(talk, 2)))
        eve = signed_in(make_member("eve", is_staff=True))
        assert "Reply number 2." not in text(eve.get(page_of(talk, 2)))

    def test_after_its_days_nobody_reads_what_was_deleted_for_good(
        self, admin: Client, talk: Thread, mod: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Also where the store has not removed it yet: here no more than on the history page."""
        give(mod, "delete_post")
        monkeypatch.setattr("forum.tables.changes.GRACE", timedelta(seconds=-1))
        admin.post(page_of(talk, 2, "purge/"), {"reason": "Personal data", "confirmed": "Delete for good"})
        for url in (page_of(talk, 2), f"/f/aws/{talk.id}/2/history/"):
            page = text(admin.get(url))
            assert "Personal data" in page and "Reply number 2." not in page, url


class TestManyPosts:
    def select(self, admin: Client, thread: Thread, action: str, *chosen: int, **more: str) -> Any:
        page = text(admin.get(PAGE, {"thread": thread.id}))
        selected = [token for number, token in zip(numbers(page), tokens(page), strict=True) if number in chosen]
        fields = {"action": action, "_selected_action": selected, **more}
        return admin.post(f"{PAGE}?thread={thread.id}", fields, follow=True)

    def test_the_question_lists_what_is_concerned(self, admin: Client, talk: Thread) -> None:
        answer = self.select(admin, talk, "hide", 2, 4)
        assert answer.status_code == 200 and "Hide 2 posts?" in text(answer)
        assert "Post 2 by ada" in text(answer) and "Post 4 by ada" in text(answer) and "Post 3" not in text(answer)
        assert stored(talk, 2).status == "visible"

    def test_one_alone_is_asked_about_and_done_as_many_are(self, admin: Client, talk: Thread) -> None:
        asked = text(self.select(admin, talk, "hide", 3))
        assert "Hide this post?" in asked
        sent = re.findall(r'<input type="hidden" name="(action|_selected_action)" value="([^"]+)"', asked)
        fields = {**dict(sent), "confirmed": "Hide", "reason": "Spam"}
        assert "1 post was hidden." in text(admin.post(f"{PAGE}?thread={talk.id}", fields, follow=True))
        assert stored(talk, 3).status == "hidden"

    def test_the_deed_is_one_transaction_for_each(self, admin: Client, talk: Thread) -> None:
        with cost() as spent:
            answer = self.select(admin, talk, "hide", 2, 4, confirmed="Hide", reason="Spam")
        assert "2 posts were hidden." in text(answer)
        assert [stored(talk, n).status for n in range(1, 6)] == ["visible", "hidden", "visible", "hidden", "visible"]
        assert get_thread("aws", talk.id).post_count == 3
        # One for each post with its record, and one for the note to its author.
        assert spent.dynamodb.calls.count("TransactWriteItems") == 4
        [record] = list_records(post_subject(talk.id, 4))
        assert (record.kind, record.reason, record.forum) == ("hide", "Spam", "aws")

    def test_offered_is_what_one_may_do_with_some_of_them(self, admin: Client, talk: Thread, mod: User) -> None:
        here = f"{PAGE}?thread={talk.id}"
        assert offered(text(admin.get(here))) == ["hide", "delete", "split"]
        self.select(admin, talk, "hide", 2, confirmed="Hide", reason="Spam")
        assert offered(text(admin.get(here))) == ["hide", "show", "delete", "split"]
        self.select(admin, talk, "delete", 3, confirmed="Delete", reason="Spam")
        give(mod, "delete_post")
        assert offered(text(admin.get(here))) == ["hide", "show", "delete", "undelete", "purge", "split"]

    def test_what_was_not_done_is_told_with_the_reason(self, admin: Client, talk: Thread, aws: Forum) -> None:
        eve = make_member("eve", is_staff=True)
        moderating.hide_post(reader(eve), rules(aws), get_thread("aws", talk.id), stored(talk, 2), "Spam")
        answer = self.select(admin, talk, "hide", 2, 3, confirmed="Hide", reason="Rude")
        assert "1 post was hidden." in text(answer)
        assert "Post 2 by ada in “Lambda or not” was not hidden" in text(answer)
        assert "eve has hidden it: Spam" in text(answer)

    def test_one_whose_text_changed_since_is_left(self, admin: Client, talk: Thread, ada: User) -> None:
        question = text(self.select(admin, talk, "hide", 2, 3))
        signed_in(ada).post(f"/f/aws/{talk.id}/2/edit/", {"body": "A better answer.", "revision": "1"})
        answer = self.select(admin, talk, "hide", 2, 3, confirmed="Hide", reason="Spam", **shown(question))
        assert "1 post was hidden." in text(answer)
        assert "was not hidden: The text of this post has just changed." in text(answer)
        assert [stored(talk, number).status for number in (2, 3)] == ["visible", "hidden"]

    def test_without_a_reason_it_asks_again_and_keeps_the_selection(self, admin: Client, talk: Thread) -> None:
        answer = self.select(admin, talk, "delete", 2, 4, confirmed="Delete", reason=" ")
        assert answer.status_code == 422 and len(tokens(text(answer))) == 2
        assert stored(talk, 2).status == "visible"

    def test_nothing_selected_or_nothing_to_do(self, admin: Client, talk: Thread) -> None:
        nothing, no_act = self.select(admin, talk, "hide"), self.select(admin, talk, "", 2)
        assert (nothing.status_code, no_act.status_code) == (400, 400)
        assert "Select at least one" in text(nothing) and "Choose what to do" in text(no_act)

    @pytest.mark.parametrize("token", ["x", "aws|x", "aws#1|2026-11-23T08:44:12.123456Z#abcdefgh|y", "|", "a" * 5000])
    def test_a_damaged_selection(self, token: str, admin: Client, talk: Thread) -> None:
        answer = admin.post(PAGE, {"action": "hide", "_selected_action": [token]})
        assert answer.status_code == 400 and "Please select them again" in text(answer)

    def test_posts_that_are_gone_meanwhile(self, admin: Client, talk: Thread) -> None:
        token = "aws|2001-11-23T08:44:12.123456Z#abcdefgh"
        answer = admin.post(PAGE, {"action": "hide", "_selected_action": [token]})
        assert answer.status_code == 200 and "not there any more" in text(answer)
        answer = admin.post(
            PAGE, {"action": "hide", "_selected_action": [token], "confirmed": "Hide", "reason": "Spam"}
        )
        assert answer.status_code == 409 and "not there any more" in text(answer), "nothing was done"
        assert '<pre class="source">Spam</pre>' in text(answer), "and what was typed is not lost"

    def test_some_that_are_gone_meanwhile_are_told_of(self, admin: Client, talk: Thread) -> None:
        token = "aws|2001-11-23T08:44:12.123456Z#abcdefgh"
        chosen = {"action": "hide", "_selected_action": ["|".join(stored(talk, 2).key), token]}
        question = text(admin.post(PAGE, chosen))
        assert "1 of what you selected is not there any more." in question and len(tokens(question)) == 1
        answer = admin.post(PAGE, {**chosen, "confirmed": "Hide", "reason": "Spam"}, follow=True)
        assert "1 post was hidden." in text(answer) and "1 of what you selected is not there" in text(answer)

    def test_too_many(self, admin: Client, talk: Thread) -> None:
        many = [f"aws|2001-11-23T08:44:12.{n:06}Z#abcdefgh" for n in range(101)]
        assert admin.post(PAGE, {"action": "hide", "_selected_action": many}).status_code == 400


class TestWhoMay:
    def test_members_and_strangers_may_not(self, ada: User, talk: Thread, client: Client) -> None:
        for path in (PAGE, page_of(talk, 1), page_of(talk, 1, "hide/")):
            assert signed_in(ada).get(path, follow=True).status_code == 403
            assert client.get(path)["Location"].startswith("/admin/login/")

    def test_staff_without_rights_are_told_so(self, talk: Thread) -> None:
        plain = make_member("plain", is_staff=True)
        plain.groups.clear()
        renew()
        browser = signed_in(plain)
        assert PAGE not in text(browser.get("/admin/"))
        assert browser.get(PAGE).status_code == 403

    def test_the_right_to_view_shows_what_one_may_read_and_no_more(self, talk: Thread, ada: User) -> None:
        viewer = make_member("viewer", is_staff=True)
        viewer.groups.clear()
        give(viewer, "view_post")
        secret = make_forum("secret", read_access="groups", title="Top secret")
        browser = signed_in(viewer)
        page = text(browser.get(PAGE))
        assert numbers(page) == [5, 4, 3, 2, 1] and "Top secret" not in page
        assert browser.get(PAGE, {"forum": secret.name}).status_code == 404
        assert page_of(talk, 2, "hide/") not in text(browser.get(page_of(talk, 2)))
        sent = {"reason": "Because", "confirmed": "Hide"}
        assert browser.post(page_of(talk, 2, "hide/"), sent).status_code == 403
        give(viewer, "change_post")
        assert browser.post(page_of(talk, 2, "hide/"), sent).status_code == 302

    def test_a_moderator_of_one_forum_finds_it_and_no_other(self, talk: Thread, bob: User) -> None:
        tea = make_forum("tea")
        pot = start_thread(bob, tea, "A pot of tea")
        browser = signed_in(make_moderator("teapot", tea))
        index = text(browser.get("/admin/"))
        assert PAGE in index and "/admin/forum/user/" not in index
        page = text(browser.get(PAGE))
        assert "A pot of tea" in page and "AWS in practice" not in page
        assert browser.get(PAGE, {"forum": "aws"}).status_code == 404
        assert browser.get(page_of(talk, 1)).status_code == 404
        sent = {"reason": "No milk first", "confirmed": "Hide"}
        assert browser.post(page_of(pot, 1, "hide/"), sent).status_code == 302
        token = f"{talk.partition}|{talk.created_at}"
        answer = browser.post(PAGE, {"action": "hide", "_selected_action": token, **sent})
        assert "not there any more" in text(answer) and stored(talk, 1).status == "visible"

    def test_what_a_member_wrote_elsewhere_is_left_out(self, talk: Thread, ada: User) -> None:
        tea = make_forum("tea")
        start_thread(ada, tea, "A pot of tea")
        page = text(signed_in(make_moderator("teapot", tea)).get(PAGE, {"member": "ada"}))
        assert numbers(page) == [1] and "Lambda or not" not in page

    def test_a_moderator_who_is_no_staff_gets_at_no_model_whatever_the_rights(self, aws: Forum, ada: User) -> None:
        eve = make_moderator("eve", aws)
        give(eve, "view_user", "change_user", "view_forum")
        browser = signed_in(eve)
        assert "/admin/forum/user/" not in text(browser.get("/admin/"))
        for path in (
            "/admin/forum/user/",
            f"/admin/forum/user/{ada.pk}/change/",
            "/admin/forum/forum/",
            "/admin/forum/",
        ):
            assert browser.get(path).status_code == 403

    def test_nothing_can_be_done_in_an_archived_forum(self, admin: Client, talk: Thread, aws: Forum) -> None:
        aws.archived = True
        aws.save()
        renew()
        directory.forget()
        assert page_of(talk, 2, "hide/") not in text(admin.get(page_of(talk, 2)))
        sent = {"reason": "Because", "confirmed": "Hide"}
        assert admin.post(page_of(talk, 2, "hide/"), sent).status_code == 403

    def test_a_form_from_elsewhere_does_nothing(self, mod: User, talk: Thread) -> None:
        browser = signed_in(mod, enforce_csrf_checks=True)
        assert browser.post(page_of(talk, 2, "hide/"), {"reason": "Because", "confirmed": "1"}).status_code == 403
        assert stored(talk, 2).status == "visible"


@pytest.fixture
def dynamodb_down(talk: Thread, tables: None, settings: Any) -> Iterator[None]:
    there, settings.DYNAMODB_ENDPOINT_URL = settings.DYNAMODB_ENDPOINT_URL, "http://127.0.0.1:9"
    base.reset_connection()
    yield
    settings.DYNAMODB_ENDPOINT_URL = there
    base.reset_connection()


def test_with_dynamodb_down_the_administration_says_so(admin: Client, talk: Thread, dynamodb_down: None) -> None:
    for path in (PAGE, page_of(talk, 2), page_of(talk, 2, "hide/"), "/admin/threads/", "/admin/log/"):
        answer = admin.get(path)
        assert answer.status_code == 503 and answer["Retry-After"]
        assert "does not answer" in text(answer) and 'id="site-name"' in text(answer)
