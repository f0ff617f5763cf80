"""Tags: given to threads by their authors, with a page and a feed for each, where nobody finds what they may not."""

import re
from typing import Any
from urllib.parse import quote

import pytest
from django.core.management import call_command
from django.test import Client

from forum.actions import approving, flushing, tagging
from forum.models import BlockedText, Forum, Job, ThreadTag, User
from forum.pulse import views
from forum.tables import cases, threads
from forum.tables.threads import Thread
from forum.views import tagged as view
from tests.helpers import cost, make_forum, page_url, reader, renew, reply, rules, signed_in, token


def start(user: User, forum: Forum, tags: str, title: str = "A thread") -> Thread:
    fields = {"title": title, "body": "Words.", "tags": tags, "token": token(user)}
    answer = signed_in(user).post(f"/f/{forum.name}/new/", fields)
    assert answer.status_code == 302, answer.content.decode()
    return threads.get_thread(forum.name, answer["Location"].split("/")[3])


def edit(user: User, thread: Thread, tags: str, revision: int = 1) -> Any:
    fields = {"title": thread.title, "body": "Words.", "tags": tags, "revision": revision}
    return signed_in(user).post(f"/f/{thread.forum}/{thread.id}/1/edit/", fields)


def page(url: str, browser: Client | None = None) -> str:
    answer = (browser or Client()).get(url)
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


def found(tag: str, browser: Client | None = None) -> list[str]:
    """The titles of the threads that the page of a tag shows."""
    answer = (browser or Client()).get(f"/tag/{quote(tag)}/")
    if answer.status_code == 404:
        return []
    return re.findall(
        r'class="thread-title">.*?<a href="/f/[^"]*" dir="auto">([^<]*)</a>', answer.content.decode(), re.S
    )


@pytest.fixture
def tagged(aws: Forum, ada: User) -> Thread:
    return start(ada, aws, "DynamoDB, Page Numbers")


def test_lists_show_a_threads_tags_whether_it_is_solved_and_how_often_it_was_read(
    tagged: Thread, ada: User, bob: User
) -> None:
    reply(bob, tagged)
    for url in ("/", "/f/aws/"):
        assert "mark-solved" not in page(url) and ">0</span>" in page(url)
    views.count(f"aws/{tagged.id}", "7")
    views.flush()
    flushing.save()
    assert signed_in(ada).post(f"/f/aws/{tagged.id}/2/answer/", {"on": "1"}).status_code == 302
    for url in ("/", "/f/aws/"):
        text = page(url)
        assert "mark-solved" in text and '<a class="row-tag" href="/tag/dynamodb/">' in text
        assert '<span class="count">1</span> <span class="unit">view</span>' in text


@pytest.mark.parametrize(
    ("spelt", "own"), [("DynamoDB", "dynamodb"), ("Page%20Numbers", "page-numbers"), ("page_numbers", "page-numbers")]
)
def test_a_tag_has_one_address_however_it_is_spelt(spelt: str, own: str, tagged: Thread) -> None:
    answer = Client().get(f"/tag/{spelt}/")
    assert (answer.status_code, answer["Location"]) == (301, f"/tag/{own}/")
    assert Client().get(answer["Location"]).status_code == 200


# -- Giving them ----------------------------------------------------------------------------------


def test_a_new_thread_shows_its_tags_and_is_found_by_them(tagged: Thread) -> None:
    text = page(page_url(tagged))
    assert 'href="/tag/dynamodb/"' in text and 'href="/tag/page-numbers/"' in text
    assert found("dynamodb") == found("page-numbers") == ["A thread"]


@pytest.mark.parametrize("tags", ["a, b", "one two, c++", "a1,b1,c1,d1,e1,f1", "x" * 31])
def test_what_cannot_be_tags_is_refused_and_the_text_kept(tags: str, aws: Forum, ada: User) -> None:
    fields = {"title": "A title", "body": "Words.", "tags": tags, "token": token(ada)}
    answer = signed_in(ada).post("/f/aws/new/", fields)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "tag" in text and f'value="{tags}"' in text and "Words." in text
    assert not ThreadTag.objects.exists()


def test_tags_are_changed_with_the_first_post(tagged: Thread, ada: User) -> None:
    assert found("dynamodb")
    form = page(f"/f/aws/{tagged.id}/1/edit/", signed_in(ada))
    assert 'value="dynamodb, page-numbers"' in form
    assert edit(ada, tagged, "dynamodb, 分页").status_code == 302
    assert found("分页") == ["A thread"] and found("page-numbers") == []
    assert quote("/tag/分页/") in page(page_url(tagged))


def test_they_can_all_be_taken_off(tagged: Thread, ada: User) -> None:
    assert edit(ada, tagged, "").status_code == 302
    assert found("dynamodb") == [] and "tag-list" not in page(page_url(tagged))


def test_a_reply_has_none(tagged: Thread, ada: User) -> None:
    reply(ada, tagged)
    assert 'name="tags"' not in page(f"/f/aws/{tagged.id}/2/edit/", signed_in(ada))


def test_a_blocked_word_is_no_tag_either(tagged: Thread, ada: User, aws: Forum) -> None:
    BlockedText.objects.create(text="casino")
    renew()
    fields = {"title": "A title", "body": "Words.", "tags": "casino", "token": token(ada)}
    assert signed_in(ada).post("/f/aws/new/", fields).status_code in (403, 422)


def test_writers_are_offered_what_is_used(tagged: Thread, ada: User) -> None:
    assert '<option value="dynamodb">' in page("/f/aws/new/", signed_in(ada))


def test_a_text_that_waits_keeps_its_tags(aws: Forum, bob: User, mod: User, settings: Any) -> None:
    settings.APPROVE_FIRST_POSTS = 1
    fields = {"title": "A first thread", "body": "Words.", "tags": "first", "token": token(bob)}
    assert signed_in(bob).post("/f/aws/new/", fields)["Location"] == "/pending/"
    assert found("first") == []
    case = cases.list_open(["aws"], 10)[0][0]
    approving.approve(reader(mod), rules(aws), case, reader(bob))
    assert found("first") == ["A first thread"]


# -- Finding threads ------------------------------------------------------------------------------


def test_the_newest_thread_comes_first_and_pages_meet(aws: Forum, ada: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(view, "THREADS_PER_PAGE", 2)
    for number in range(5):
        start(ada, aws, "many", f"Thread {number}")
    first = page("/tag/many/")
    assert found("many") == ["Thread 4", "Thread 3"]
    older = re.findall(r'href="(/tag/many/\?before=[^"]*)"', first)[0]
    assert "Thread 2" in page(older) and "Thread 1" in page(older) and "Thread 3" not in page(older)


def test_a_reply_shows_at_once(tagged: Thread, ada: User) -> None:
    assert ">0</span>" in page("/tag/dynamodb/")
    reply(ada, tagged)
    assert ">1</span>" in page("/tag/dynamodb/")


@pytest.mark.parametrize("act", ["hide", "delete"])
def test_what_is_removed_vanishes_at_once(act: str, tagged: Thread, mod: User) -> None:
    assert found("dynamodb")
    signed_in(mod).post(f"/f/aws/{tagged.id}/{act}/", {"reason": "No."})
    assert found("dynamodb") == []
    assert Client().get("/feeds/tag/dynamodb.atom").status_code == 404


def test_a_thread_takes_its_tags_along(tagged: Thread, mod: User) -> None:
    make_forum("django")
    assert found("dynamodb")
    answer = signed_in(mod).post(f"/f/aws/{tagged.id}/move/", {"forum": "django", "reason": "There."})
    assert answer.status_code == 302, answer.content.decode()
    assert found("dynamodb") == ["A thread"] and "/f/django/" in page("/tag/dynamodb/")
    assert ThreadTag.objects.filter(forum="django").count() == 2


class TestPrivateForums:
    @pytest.fixture
    def secret(self, aws: Forum, ada: User) -> Forum:
        forum = make_forum("secret")
        start(ada, forum, "hush, shared", "Secret title")
        forum.read_access = "members"
        forum.save()
        renew()
        return forum

    def test_show_their_threads_only_to_those_who_may_read_them(self, secret: Forum, tagged: Thread, bob: User) -> None:
        assert found("hush") == [] and found("hush", signed_in(bob)) == ["Secret title"]
        assert found("hush") == [], "also from the cache"

    def test_are_not_counted_nor_suggested_elsewhere(self, secret: Forum, tagged: Thread, ada: User) -> None:
        assert "hush" not in page("/tags/") and "dynamodb" in page("/tags/")
        assert "hush" not in page("/f/aws/new/", signed_in(ada))
        assert "hush" in page("/f/secret/new/", signed_in(ada))

    def test_are_in_no_feed(self, secret: Forum, tagged: Thread, ada: User) -> None:
        assert signed_in(ada).get("/feeds/tag/hush.atom").status_code == 404
        assert "Secret" not in page("/feeds/tag/dynamodb.atom")

    def test_close_at_once(self, tagged: Thread, aws: Forum) -> None:
        assert found("dynamodb") and "dynamodb" in page("/tags/")
        aws.read_access = "groups"
        aws.save()
        renew()
        assert found("dynamodb") == [] and "dynamodb" not in page("/tags/")


@pytest.mark.parametrize("url", ["/tag/nothing/", "/tag/UPPER/", "/tag/a/", "/tag/a--b/", "/feeds/tag/none.atom"])
def test_there_is_no_page_of_what_no_thread_has(url: str, site: None) -> None:
    assert Client().get(url, follow=True).status_code == 404


def test_a_damaged_cursor_is_said_to_be_one(tagged: Thread) -> None:
    assert Client().get("/tag/dynamodb/?before=x").status_code == 400


def test_the_feed_of_a_tag(tagged: Thread) -> None:
    text = page("/feeds/tag/dynamodb.atom")
    assert f"/p/{tagged.id}/1/" in text and "Words." in text
    assert "/feeds/tag/dynamodb.atom" in page("/tag/dynamodb/")


# -- What it costs --------------------------------------------------------------------------------


def test_the_page_of_a_tag_is_kept(tagged: Thread, client: Client) -> None:
    client.get("/f/aws/")
    with cost() as spent:
        assert client.get("/tag/dynamodb/")["X-Cache"] == "miss"
    assert spent.all == (["BatchGetItem"], 2, 2), "which threads, and who wrote them"
    client.get("/tag/dynamodb/")
    with cost() as spent:
        assert client.get("/tag/dynamodb/")["X-Cache"] == "hit"
    assert spent.all == ([], 0, 0)


# -- Looking after them ---------------------------------------------------------------------------


class TestRenaming:
    def test_gives_every_thread_the_other_tag(self, tagged: Thread, aws: Forum, ada: User, mod: User) -> None:
        both = start(ada, aws, "dynamodb, dynamo", "Both")
        assert found("dynamodb") == ["Both", "A thread"]
        job = tagging.rename("dynamodb", "dynamo", str(mod.pk))
        assert job.status == Job.Status.DONE, job.message
        assert found("dynamodb") == [] and found("dynamo") == ["Both", "A thread"]
        assert threads.get_thread("aws", both.id).tags == ["dynamo"]
        assert threads.get_thread("aws", tagged.id).tags == ["dynamo", "page-numbers"]
        assert 'href="/tag/dynamo/"' in page(page_url(tagged))

    def test_is_one_line_in_the_log_and_one_in_the_log_of_each_forum(
        self, tagged: Thread, aws: Forum, ada: User, mod: User
    ) -> None:
        start(ada, aws, "dynamodb", "Both")
        start(ada, make_forum("tea"), "dynamodb", "Leaves")
        User.objects.filter(pk=mod.pk).update(is_superuser=True)
        browser, tag = signed_in(mod), "changed in all threads the tag #dynamodb"
        sent = {"old": "dynamodb", "new": "dynamo", "reason": "One name."}
        assert browser.post("/admin/tags/", sent).status_code == 302

        def lines(where: str) -> list[str]:
            rows = re.findall(r"(?s)<tr.*?</tr>", page(f"/admin/log/?{where}", browser))
            return [re.sub(r"<[^>]+>|\s+", " ", row) for row in rows if "#dynamodb" in row or "the tags of" in row]

        for where, number in (("", 3), ("forum=aws", 2), ("forum=tea", 1)):
            (line,) = lines(where)
            assert tag in line and f"tags: dynamodb → dynamo; threads: {number}" in line and "One name." in line
        assert lines(f"member={ada.pk}") == []
        history = page(f"/f/aws/{tagged.id}/history/", browser)
        assert "changed its tags" in history and "One name." in history

    def test_to_nothing_takes_it_away(self, tagged: Thread, mod: User) -> None:
        tagging.rename("dynamodb", "", str(mod.pk))
        assert threads.get_thread("aws", tagged.id).tags == ["page-numbers"]
        assert "dynamodb" not in page("/tags/")


def test_the_table_can_be_made_anew(tagged: Thread) -> None:
    ThreadTag.objects.all().delete()
    call_command("rebuild_tags", verbosity=0)
    assert found("dynamodb") == ["A thread"]


class TestTheAdministration:
    def test_moderators_merge_tags(self, tagged: Thread, mod: User) -> None:
        browser = signed_in(mod)
        assert "Call it" in page("/admin/tags/", browser)
        answer = browser.post("/admin/tags/", {"old": "DynamoDB", "new": "Dynamo", "reason": "One name."})
        assert answer.status_code == 302 and "/admin/jobs/" in answer["Location"]
        assert found("dynamo") == ["A thread"] and found("dynamodb") == []

    @pytest.mark.parametrize(("old", "new"), [("nothing", "x1"), ("dynamodb", "c++"), ("dynamodb", "dynamodb")])
    def test_what_makes_no_sense_is_refused(self, old: str, new: str, tagged: Thread, mod: User) -> None:
        assert signed_in(mod).post("/admin/tags/", {"old": old, "new": new}).status_code == 422

    def test_others_are_not_let_in(self, tagged: Thread, bob: User) -> None:
        assert signed_in(bob).post("/admin/tags/", {"old": "dynamodb", "new": ""}).status_code in (302, 403)
        assert found("dynamodb") == ["A thread"]
