"""Searching as readers do: what is written is found at once, by those who may read it, and by nobody else."""

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client

from forum.cache import changed, limits
from forum.models import Forum, User
from forum.search import feeding
from forum.search.backend import index
from forum.tables import posts, threads
from tests.helpers import cost, make_forum, make_member, page_url, renew, reply, signed_in, start_thread, token

# With PostgreSQL the index is where accounts are; elsewhere its statements are not Django's to count.
IN_THE_DATABASE = connection.vendor == "postgresql"


@pytest.fixture(autouse=True)
def nobody_has_asked_yet() -> None:
    limits.forget()


def search(q: str, client: Client | None = None, **fields: object) -> str:
    answer = (client or Client()).get("/search/", {"q": q, **fields})
    assert answer.status_code == 200, answer.content.decode()
    assert answer["X-Cache"] == "bypass"
    return answer.content.decode()


def results(page: str) -> list[str]:
    """The addresses of what was found, in order."""
    return re.findall(r'<h2><a href="(/p/[^"]*)"', page)


def found(q: str, client: Client | None = None, **fields: object) -> list[int]:
    return [int(url.split("/")[3]) for url in results(search(q, client, **fields))]


def test_what_is_written_is_found_at_once_with_its_words_marked(aws: Forum, ada: User, client: Client) -> None:
    thread = start_thread(ada, aws, "Hot partitions", "Each **key** has <one> of them & more.")
    reply(ada, thread, "Sharding a partition helps.")
    page = search("partition key")
    assert results(page) == [f"/p/{thread.id}/1/"]
    assert "Hot <mark>partitions</mark>" in page
    assert "<mark>key</mark> has &lt;one&gt; of them &amp; more." in page
    assert found("partition") == [1, 2], "the title counts for more"
    assert found("partition", sort="newest") == [2, 1]
    assert client.get(results(page)[0]).status_code == 302


def test_an_edit_and_a_new_title_are_found_instead(aws: Forum, ada: User) -> None:
    thread = start_thread(ada, aws, "First title", "First words")
    fields = {"title": "Second title", "body": "Second thoughts", "revision": 1}
    assert signed_in(ada).post(f"/f/aws/{thread.id}/1/edit/", fields).status_code == 302
    assert found("first") == [] and found("second thoughts") == [1]


def test_what_is_hidden_deleted_or_shown_again(aws: Forum, ada: User, mod: User) -> None:
    thread = start_thread(ada, aws, "Title", "An opening")
    reply(ada, thread, "A gem of a reply")
    moderator = signed_in(mod)
    assert moderator.post(f"/f/aws/{thread.id}/2/hide/", {"kind": "Spam", "reason": "Spam"}).status_code == 302
    assert found("gem") == [] and found("opening") == [1]
    assert moderator.post(f"/f/aws/{thread.id}/2/show/").status_code == 302
    assert found("gem") == [2]
    assert moderator.post(f"/f/aws/{thread.id}/hide/", {"kind": "Spam", "reason": "Spam"}).status_code == 302
    assert found("gem") == [] and found("opening") == []
    assert moderator.post(f"/f/aws/{thread.id}/show/").status_code == 302
    assert found("gem") == [2] and found("opening") == [1]
    assert signed_in(ada).post(f"/f/aws/{thread.id}/2/delete/").status_code == 302
    assert found("gem") == []


def test_a_thread_that_moves_is_found_where_it_is(aws: Forum, ada: User, mod: User) -> None:
    crew = make_forum("crew", read_access="groups")
    renew()
    thread = start_thread(ada, aws, "Secret plans", "Words")
    for number in range(15):
        reply(ada, thread, f"Plan {number}")
    moved = signed_in(mod).post(f"/f/aws/{thread.id}/move/", {"forum": crew.name, "reason": ""})
    assert moved.status_code == 302, moved.content.decode()
    assert found("plan") == [] and found("secret") == []
    assert len(found("plan", signed_in(mod))) == 16
    assert found("forum:aws plan", signed_in(mod)) == []


def test_filters(aws: Forum, ada: User, bob: User) -> None:
    redis = make_forum("redis")
    one = start_thread(ada, aws, "One", "word")
    reply(bob, one, "word")
    start_thread(bob, redis, "Two", "word")
    assert len(found("word")) == 3
    assert found("word forum:aws author:bob") == [2]
    assert found("author:BOB forum:redis") == [1] and found("author:nobody") == []
    assert len(found("word after:2020-01-01")) == 3 and found("word before:2020-01-01") == []
    assert sorted(found("word", thread=one.id)) == [1, 2] and sorted(found(f"in:{one.id}")) == [1, 2]
    assert found("word forum:nowhere") == [] and found("word is:solved tag:gsi") == []
    assert "Days are written like before:2026-01-31." in search("word before:then")


def controls(page: str) -> dict[str, str]:
    """What the form shows as set, by the names of its fields."""
    form = page.split("data-search-form>")[1].split("</form>")[0]
    tags = re.findall(r'<input[^>]* name="(\w+)" value="([^"]*)"([^>]*)>', form)
    found = {
        name: unescape(value) for name, value, rest in tags if name not in ("solved", "thread") or "checked" in rest
    }
    for name, options in re.findall(r'<select[^>]* name="(\w+)".*?>(.*?)</select>', form, re.DOTALL):
        found[name] = (re.findall(r'value="([^"]*)" selected', options) or [""])[0]
    return {name: value for name, value in found.items() if value}


def test_the_controls_ask_what_can_be_typed(aws: Forum, ada: User, bob: User) -> None:
    redis = make_forum("redis")
    one = start_thread(ada, aws, "One", "word")
    reply(bob, one, "word")
    start_thread(bob, redis, "Two", "word")
    assert found("word", forum="aws", author="bob") == [2] and found("", author="Bob", forum="redis") == [1]
    assert sorted(found("word", thread=one.id)) == [1, 2] and found("word", solved="1") == []
    assert len(found("word", **{"from": "2020-01-01"})) == 3 and found("word", to="2019-12-31") == []
    for sent in ({"q": "word -two forum:aws author:bob"}, {"q": "word -two", "forum": "aws", "author": "bob"}):
        page = search(**sent)
        assert controls(page) == {"q": "word -two", "forum": "aws", "author": "bob"}
        assert "<details" in page and "2 set" in page


def test_what_is_set_is_shown_and_stays_from_page_to_page(aws: Forum, ada: User) -> None:
    thread = start_thread(ada, aws, "Many", "word 1")
    for number in range(2, 25):
        reply(ada, thread, f"word {number}")
    sent = {"forum": "aws", "author": "ada", "from": "2020-01-31", "to": "2099-12-31", "thread": thread.id}
    page = search("word", sort="newest", **sent)
    assert controls(page) == {"q": "word", "sort": "newest", **sent}
    [link] = re.findall(r'href="(/search/[^"]*)" rel="next"', page)
    older = Client().get(unescape(link)).content.decode()
    assert controls(older) == controls(page) and len(results(older)) == 4
    [everywhere] = re.findall(r'href="([^"]*)">Search everywhere', page)
    assert "thread=" not in everywhere and "forum=aws" in everywhere
    [bare] = re.findall(r'href="([^"]*)">Without filters', page)
    assert unescape(bare) == "/search/?q=word"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("forum", "Über alles", "A forum is named as in its address."),
        ("author", "<b>", "A member is named as in their posts."),
        ("tag", "a/b", "A tag is one word"),
        ("from", "yesterday", "A day is written like 2026-01-31."),
        ("to", "2026-02-30", "A day is written like 2026-01-31."),
        ("solved", "perhaps", "This is ticked (1) or not (0)."),
        ("thread", "that-one", "A thread is named by the id in its address."),
    ],
)
def test_a_control_that_makes_no_sense_is_named_and_the_rest_stays(
    name: str, value: str, words: str, aws: Forum, ada: User
) -> None:
    start_thread(ada, aws, "One", "word")
    kept = {"q": "word", "forum": "aws", "tag": "gsi", "from": "2026-01-31"}
    answer = Client().get("/search/", {**kept, name: value})
    page = answer.content.decode()
    assert answer.status_code == 422 and results(page) == []
    assert words in unescape(page) and 'class="field-error"' in page
    assert {**controls(page), name: ""} == {**kept, name: ""}
    assert unescape(page).count(value) and "<b>" not in page.split("data-search-form>")[1].split("</form>")[0]


def test_who_does_not_exist_and_when_nothing_was_is_said(aws: Forum, ada: User) -> None:
    assert "There is no member called “nobody”." in search("word", author="nobody")
    assert "The last day is before the first." in search("word", **{"from": "2026-02-02", "to": "2026-02-01"})
    for nothing in ("🎉", "!!", "-word"):
        assert "There is no word to look for" in search(nothing)
    assert "There is no word to look for" not in search("") + search("🎉", author=ada.username)
    assert controls(search("word", forum="nowhere"))["forum"] == "nowhere"


def test_a_long_thread_leads_to_a_search_in_it(aws: Forum, ada: User, client: Client) -> None:
    thread, other = start_thread(ada, aws, "Long", "word"), start_thread(ada, aws, "Other", "word")
    for _ in range(20):
        reply(ada, thread, "word")
    page = client.get(page_url(thread)).content.decode()
    [link] = re.findall(r'href="(/search/\?thread=[^"]*)"', page)
    within = client.get(unescape(link)).content.decode()
    assert controls(within) == {"thread": thread.id} and "Only in this thread" in within
    assert other.id not in within and len(results(within)) == 20


def test_what_was_meant(aws: Forum, ada: User) -> None:
    start_thread(ada, aws, "Partition keys", "All about cardinality")
    page = unescape(search("partiton cardinalty author:ada"))
    assert "Did you mean" in page and "partition cardinality author:ada" in page
    assert "Did you mean" not in search("xylophone")


def test_all_pages_of_many_results(aws: Forum, ada: User) -> None:
    thread = start_thread(ada, aws, "Many", "word 1")
    for number in range(2, 46):
        reply(ada, thread, f"word {number}")
    seen: list[str] = []
    page = search("word", sort="newest")
    for _ in range(3):
        seen += results(page)
        link = re.search(r'href="(/search/[^"]*)" rel="next"', page)
        page = Client().get(unescape(link[1])).content.decode() if link else ""
    assert [int(url.split("/")[3]) for url in seen] == list(range(45, 0, -1))
    by_relevance = [*found("word"), *found("word", page=2), *found("word", page=3)]
    assert sorted(by_relevance) == list(range(1, 46))
    assert "There are no more results." in search("word", page=9)


# -- Who may read what ----------------------------------------------------------------------------


@pytest.fixture
def crew(site: None, ada: User) -> Forum:
    group = Group.objects.create(name="crew")
    group.user_set.add(ada)
    crew = make_forum("crew", read_access="groups")
    crew.read_groups.add(group)
    renew()
    start_thread(ada, crew, "Zanzibar operation", "The xylograph is ready")
    return crew


@pytest.mark.parametrize(
    "q", ["zanzibar", "xylograph", "zanz*", "forum:crew", "author:ada", "zanzibar forum:crew", '"is ready"']
)
def test_private_forums_are_found_by_their_readers_alone(q: str, crew: Forum, aws: Forum, ada: User, bob: User) -> None:
    assert found(q, signed_in(ada)) == [1]
    for stranger in (Client(), signed_in(bob)):
        page = search(q, stranger)
        assert results(page) == [] and "Zanzibar operation" not in page and "Crew" not in page


def test_nor_do_their_words_come_up_as_suggestions_or_similar_titles(
    crew: Forum, aws: Forum, ada: User, bob: User
) -> None:
    assert "xylograph" in search("xylograpf", signed_in(ada))
    assert "xylograph" not in search("xylograpf", signed_in(bob))
    similar = "/search/similar/?title=An+operation+in+Zanzibar"
    assert [each["title"] for each in signed_in(ada).get(similar).json()["threads"]] == ["Zanzibar operation"]
    assert signed_in(bob).get(similar).json() == {"threads": []} == Client().get(similar).json()


def test_similar_threads(aws: Forum, ada: User, client: Client) -> None:
    thread = start_thread(ada, aws, "How do I choose a partition key?")
    start_thread(ada, aws, "Something else")
    answer = client.get("/search/similar/", {"title": "choosing partition keys"})
    expected = {"title": "How do I choose a partition key?", "url": f"/p/{thread.id}/1/", "forum": aws.title}
    assert answer.json() == {"threads": [expected]}
    assert client.get("/search/similar/").json() == {"threads": []}


# -- The page -------------------------------------------------------------------------------------


def test_without_a_question_there_are_tips(aws: Forum, client: Client) -> None:
    page = client.get("/search/").content.decode()
    assert "How to find things" in page and "forum:aws" in page and 'content="noindex"' in page
    assert "Nothing was found" in search("nothing")


@pytest.mark.parametrize("sent", ["sort=up", "page=-1", "page=x", "page=99999999999999999999", "before=0", "before=x"])
def test_parameters_that_make_no_sense_are_left_out(sent: str, aws: Forum, client: Client) -> None:
    assert client.get(f"/search/?q=word&{sent}").status_code == 200


HOSTILE = ['"', "' OR 1=1 --", "a\x00b", "\ud800", "{title}: x", "NEAR(a b)", "*", "-", "<script>alert(1)</script>",
           "%", "_", "\\", "forum:", "before:0000-00-00", "ก" * 500, "🎉", "a" * 100_000]  # fmt: skip


@pytest.mark.parametrize("q", HOSTILE)
def test_any_text_gets_an_answer(q: str, aws: Forum, ada: User) -> None:
    page = search(q.encode("utf-8", "surrogatepass").decode("latin-1"))
    assert "<script>alert" not in page


def test_who_asks_too_often_is_told_to_wait(aws: Forum, ada: User, bob: User) -> None:
    stranger = Client()
    for _ in range(30):
        assert stranger.get("/search/?q=word").status_code == 200
    refused = stranger.get("/search/?q=word")
    assert refused.status_code == 429 and "30 times a minute" in refused.content.decode()
    assert int(refused["Retry-After"]) >= 1
    assert stranger.get("/search/").status_code == 200, "looking at the tips is free"
    assert signed_in(bob).get("/search/?q=word").status_code == 200
    assert Client(REMOTE_ADDR="192.0.2.7").get("/search/?q=word").status_code == 200


# -- What it costs, and what happens when it fails ------------------------------------------------


def test_a_page_of_results_costs_no_call_to_dynamodb(aws: Forum, ada: User) -> None:
    start_thread(ada, aws, "Title", "word")
    search("word")
    with cost() as spent:
        search("word")
    assert spent.dynamodb.calls == []
    assert spent.sql == 1 + IN_THE_DATABASE * 2 and spent.redis <= 2, (
        "the authors' names; the limit, what is not indexed"
    )


def test_a_reply_is_indexed_after_its_answer_with_two_reads(aws: Forum, ada: User) -> None:
    thread = start_thread(ada, aws)
    with cost():
        reply(ada, thread, "freshly written")
    with cost() as spent:
        feeding.mend()
    assert spent.dynamodb.calls == ["BatchGetItem"] * 2 and found("freshly") == [2]
    assert changed.waiting(10) == {}


def test_what_could_not_be_indexed_is_mended_later(aws: Forum, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(type(index()), "store", broken)
        thread = start_thread(ada, aws, "Kept", "although it could not be indexed")
    assert threads.get_thread("aws", thread.id).title == "Kept" and posts.get_post(thread.id, 1)
    assert found("indexed") == []
    assert Client().get(page_url(thread)).status_code == 200
    assert feeding.mend() == 1 and found("indexed") == [1]


def test_what_was_hidden_or_moved_away_is_not_found_while_the_index_does_not_know(
    aws: Forum, ada: User, mod: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise OSError("disk full")

    crew = make_forum("crew", read_access="groups")
    hidden, moved = start_thread(ada, aws, "Secret one", "nightjar"), start_thread(ada, aws, "Secret two", "nightjar")
    assert len(results(search("nightjar"))) == 2
    monkeypatch.setattr(type(index()), "store", broken)
    signed_in(mod).post(f"/f/aws/{hidden.id}/1/hide/", {"reason": "Private."})
    signed_in(mod).post(f"/f/aws/{moved.id}/move/", {"forum": crew.name, "reason": "Private.", "confirmed": "1"})
    assert posts.get_post(hidden.id, 1).deleted
    assert threads.get_thread("aws", moved.id).moved_to
    page = Client().get("/search/?q=nightjar").content.decode()
    assert "Secret" not in page and "<mark>" not in page
    assert "Secret" not in Client().get("/search/similar/?title=Secret+one+two").content.decode()


def test_a_post_that_waits_for_approval_is_found_once_it_is_published(aws: Forum, ada: User, settings: Any) -> None:
    settings.APPROVE_FIRST_POSTS = 1
    new = make_member("newcomer")
    signed_in(new).post("/f/aws/new/", {"title": "Waiting", "body": "words", "token": token(new)})
    assert found("waiting") == []
