"""What helps while somebody writes: quoting, drafts, names of members."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from forum.models import Forum, User
from forum.tables.threads import Thread
from tests.helpers import cost, make_forum, make_member, page_url, reply, signed_in, start_thread, token


@pytest.fixture
def thread(aws: Forum, ada: User, bob: User) -> Thread:
    thread = start_thread(ada, aws, body="The first post.")
    reply(bob, thread, "> an older quotation\n\nBob's **own** words.")
    return thread


def reply_url(thread: Thread) -> str:
    return f"/f/{thread.forum}/{thread.id}/reply/"


def text_of(answer: Any) -> str:
    return str(answer.context["form"]["body"].value())


# -- Quoting --------------------------------------------------------------------------------------


def test_the_reply_page_begins_with_the_posts_that_are_quoted(thread: Thread, ada: User) -> None:
    answer = signed_in(ada).get(f"{reply_url(thread)}?quote=2,1,2")
    assert answer.status_code == 200
    assert text_of(answer) == (
        f"> @Bob wrote in [#2](/p/{thread.id}/2/):\n> Bob's **own** words.\n\n"
        f"\n> @ada wrote in [#1](/p/{thread.id}/1/):\n> The first post.\n\n"
    )
    assert signed_in(ada).get(reply_url(thread)).context["form"]["body"].value() == ""


def test_a_script_gets_the_quotation_alone(thread: Thread, ada: User) -> None:
    answer = signed_in(ada).get(f"{reply_url(thread)}?quote=1&as=text")
    assert answer["Content-Type"].startswith("text/plain")
    assert answer.content.decode() == f"> @ada wrote in [#1](/p/{thread.id}/1/):\n> The first post.\n\n"


@pytest.mark.parametrize("asked", ["", "0", "x", "1;2", "-1", "٣", "9" * 20, "1," * 200, "99"])
def test_what_cannot_be_quoted_is_left_out(asked: str, thread: Thread, ada: User) -> None:
    answer = signed_in(ada).get(reply_url(thread), {"quote": asked})
    assert answer.status_code == 200 and text_of(answer) == ""


def test_at_most_ten_posts_are_quoted(thread: Thread, ada: User) -> None:
    with cost() as spent:
        signed_in(ada).get(f"{reply_url(thread)}?quote={','.join(map(str, range(1, 31)))}")
    assert len(spent.dynamodb.calls) <= 2 + 20


def test_a_deleted_post_is_not_quoted(thread: Thread, ada: User, bob: User) -> None:
    assert signed_in(bob).post(f"/f/aws/{thread.id}/2/delete/").status_code == 302
    assert "own" not in text_of(signed_in(ada).get(f"{reply_url(thread)}?quote=2"))


def test_nobody_quotes_where_they_may_not_read_or_write(thread: Thread, ada: User, bob: User, client: Client) -> None:
    assert "/accounts/login/" in client.get(f"{reply_url(thread)}?quote=1")["Location"]
    secret = make_forum("secret", read_access="groups")
    address = f"/f/secret/{thread.id}/reply/?quote=1"
    assert signed_in(bob).get(address).status_code == 404
    assert secret.name not in signed_in(bob).get(address).content.decode().replace(address, "")


def test_a_locked_thread_says_so(thread: Thread, mod: User, bob: User) -> None:
    assert signed_in(mod).post(f"/f/aws/{thread.id}/lock/", {"locked": "1"}).status_code == 302
    assert signed_in(bob).get(f"{reply_url(thread)}?quote=1").status_code == 409
    assert "data-quote" not in signed_in(bob).get(page_url(thread)).content.decode()


def test_each_post_leads_to_its_quotation(thread: Thread, bob: User, client: Client) -> None:
    assert f'href="{reply_url(thread)}?quote=2"' in signed_in(bob).get(page_url(thread)).content.decode()
    assert "data-quote" not in client.get(page_url(thread)).content.decode()


def quotes(member: User, thread: Thread, **fields: Any) -> Any:
    sent = {"body": "What I wrote.", "token": token(member), "quote": "1", **fields}
    return signed_in(member).post(reply_url(thread), sent)


def test_more_posts_are_quoted_without_scripts_and_the_text_stays(thread: Thread, ada: User) -> None:
    shown = signed_in(ada).get(f"{reply_url(thread)}?quote=1").content.decode()
    assert 'name="also" value="1"' in shown and 'name="also" value="2"' in shown and "Bob&#x27;s own words." in shown
    answer = quotes(ada, thread, also=["1", "2"])
    assert answer.status_code == 200 and text_of(answer) == (
        f"What I wrote.\n\n> @ada wrote in [#1](/p/{thread.id}/1/):\n> The first post.\n\n"
        f"\n> @Bob wrote in [#2](/p/{thread.id}/2/):\n> Bob's **own** words.\n\n"
    )
    sent = {"body": text_of(answer), "token": answer.context["form"]["token"].value()}
    assert "#post-3" in signed_in(ada).post(reply_url(thread), sent)["Location"]


@pytest.mark.parametrize("also", [[], ["0"], ["x"], ["99"], ["1,2; 3"], ["9" * 30]])
def test_ticking_nothing_that_can_be_quoted_changes_nothing(also: list[str], thread: Thread, ada: User) -> None:
    answer = quotes(ada, thread, also=also)
    assert answer.status_code == 200 and text_of(answer) == "What I wrote."


def test_posts_of_other_pages_can_be_chosen_too(thread: Thread, ada: User, bob: User) -> None:
    for number in range(3, 43):
        reply(bob, thread, f"Words number {number}.")
    shown = signed_in(ada).get(f"{reply_url(thread)}?quote=21")
    assert [post.number for post in shown.context["choice"].posts] == list(range(21, 41))
    answer = quotes(ada, thread, quote_page="1")
    assert text_of(answer) == "What I wrote." and answer.context["choice"].newer == 2
    assert [post.number for post in answer.context["choice"].posts] == list(range(1, 21))
    for page in ("0", "x", "99", "³"):
        assert quotes(ada, thread, quote_page=page).context["choice"].page == 3, page


def test_nothing_of_whom_one_ignores_is_offered(thread: Thread, ada: User, bob: User) -> None:
    signed_in(ada).post(f"/members/{bob.pk}/ignore/", {"on": "1"})
    assert [post.number for post in signed_in(ada).get(reply_url(thread)).context["choice"].posts] == [1]


# -- Drafts ---------------------------------------------------------------------------------------


def save(member: Client, path: str, text: str, heading: str = "") -> Any:
    return member.post("/drafts/", {"path": path, "text": text, "heading": heading})


def draft(member: Client, path: str) -> Any:
    return json.loads(member.get("/drafts/", {"path": path}).content)["draft"]


def test_a_draft_is_found_again_on_another_device(thread: Thread, bob: User) -> None:
    path = reply_url(thread)
    with cost() as spent:
        assert save(signed_in(bob), path, "Half a thou").status_code == 204
    assert spent.dynamodb.calls[-1:] == ["PutItem"]
    elsewhere = signed_in(bob)
    assert draft(elsewhere, path)["body"] == "Half a thou"
    page = elsewhere.get(path)
    assert text_of(page) == "Half a thou" and "Discard draft" in page.content.decode()
    listed = elsewhere.get("/drafts/").content.decode()
    assert "Half a thou" in listed and f'href="{path}"' in listed


def test_a_new_thread_begins_with_its_draft(aws: Forum, bob: User) -> None:
    member = signed_in(bob)
    save(member, "/f/aws/new/", "Words.", "A title")
    page = member.get("/f/aws/new/")
    assert (page.context["form"]["title"].value(), text_of(page)) == ("A title", "Words.")
    assert "<bdi>A title</bdi>" in member.get("/drafts/").content.decode()


def test_a_draft_of_a_new_thread_holds_its_tags_and_poll(aws: Forum, bob: User) -> None:
    member = signed_in(bob)
    more = {
        "tags": "grinders, noise",
        "poll_question": "Which one?",
        "poll_options": "This\nThat",
        "poll_several": "on",
    }
    fields = {"path": "/f/aws/new/", "text": "Words.", "heading": "", **more, "csrf": "no field of a draft"}
    assert member.post("/drafts/", fields).status_code == 204
    assert draft(signed_in(bob), "/f/aws/new/")["more"] == more
    form = member.get("/f/aws/new/").context["form"]
    assert {name: form[name].value() for name in more} == more and form.shows_poll
    assert member.post("/drafts/", {**fields, "tags": "x" * 2001}).status_code == 413
    assert member.post("/drafts/", {"path": "/f/aws/new/", "tags": "grinders"}).status_code == 204
    assert draft(member, "/f/aws/new/")["more"] == {"tags": "grinders"}, "which is something typed, too"


def test_a_draft_is_its_writers_alone(thread: Thread, ada: User, bob: User, client: Client) -> None:
    path = reply_url(thread)
    save(signed_in(bob), path, "For my eyes only")
    assert draft(signed_in(ada), path) is None
    assert "my eyes" not in signed_in(ada).get("/drafts/").content.decode()
    for answer in (client.get("/drafts/"), save(client, path, "x"), client.post("/drafts/discard/", {"path": path})):
        assert answer.status_code == 302 and "/accounts/login/" in answer["Location"]
    assert draft(signed_in(bob), path)["body"] == "For my eyes only"


def test_the_draft_goes_when_the_post_has_come(thread: Thread, bob: User) -> None:
    member, path = signed_in(bob), reply_url(thread)
    save(member, path, "Half a thou")
    answer = member.post(path, {"body": "Half a thought.", "token": token(bob), "draft": "stored"})
    assert answer.status_code == 302 and answer.cookies["posted"].value == quote(path, safe="")
    assert draft(member, path) is None


def test_the_draft_stays_when_the_post_was_refused(thread: Thread, bob: User) -> None:
    member, path = signed_in(bob), reply_url(thread)
    save(member, path, "Half a thou")
    answer = member.post(path, {"body": "", "token": token(bob), "draft": "stored"})
    assert answer.status_code == 422 and "posted" not in answer.cookies
    assert draft(member, path) is not None


def test_a_draft_is_discarded(thread: Thread, bob: User) -> None:
    member, path = signed_in(bob), reply_url(thread)
    for discard in (lambda: member.post("/drafts/discard/", {"path": path}), lambda: save(member, path, " \n")):
        save(member, path, "Never mind")
        assert discard().status_code in (302, 204)
        assert draft(member, path) is None
    assert member.post("/drafts/discard/", {"path": path}).status_code == 302


@pytest.mark.parametrize(
    "path", ["", "/", "/settings/", "/f/aws/", "https://a.example/f/aws/new/", "/f/aws/new/?x", "\x00"]
)
def test_only_forms_of_posts_have_drafts(path: str, bob: User, tables: None) -> None:
    assert save(signed_in(bob), path, "Words.").status_code == 400


def test_a_draft_is_no_longer_than_a_post(aws: Forum, bob: User) -> None:
    assert save(signed_in(bob), "/f/aws/new/", "w" * 40_001).status_code == 413
    assert save(signed_in(bob), "/f/aws/new/", "w", "w" * 201).status_code == 413
    assert save(signed_in(bob), "/f/aws/new/", "\U0001f600" * 40_000).status_code == 204


def test_the_list_does_not_name_a_forum_that_its_reader_cannot_read(bob: User, site: None) -> None:
    make_forum("secret", title="Plans", read_access="groups")
    save(signed_in(bob), "/f/secret/new/", "Words.")
    assert "Plans" not in signed_in(bob).get("/drafts/").content.decode()


# -- Names of members -----------------------------------------------------------------------------


def names(member: Client, start: str) -> list[str]:
    answer = member.get("/mention/", {"q": start})
    assert answer.status_code == 200 and answer["Cache-Control"] == "private, max-age=60"
    return list(json.loads(answer.content)["names"])


def test_names_are_completed_for_members(ada: User, bob: User, client: Client, site: None) -> None:
    make_member("Adam")
    make_member("adrian", is_active=False)
    member = signed_in(bob)
    assert names(member, "AD") == ["ada", "Adam"]
    assert names(member, "adam") == ["Adam"]
    assert names(member, "") == names(member, "é") == names(member, "zzz") == names(client, "ad") == []
    with cost() as spent:
        names(member, "ad")
    assert spent.sql == 1
