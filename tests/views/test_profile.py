"""What members say of themselves: written by them, shown on their page, taken off by moderators."""

from typing import Any

import pytest
from django.test import Client

from forum.models import User
from tests.helpers import cost, make_member, renew, signed_in

WORDS = {"about": "I like **keys**.", "pronouns": "they/them", "location": "Graz", "website": "https://ada.example/"}


@pytest.fixture
def carol(site: None) -> User:
    return make_member("carol", trust=User.Trust.BASIC)


def page(url: str, browser: Client | None = None) -> str:
    answer = (browser or Client()).get(url)
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


def save(user: User, **fields: str) -> Any:
    answer = signed_in(user).post("/settings/profile/", {**WORDS, **fields})
    renew()
    return answer


def test_a_profile_is_shown_on_the_members_page(carol: User) -> None:
    assert save(carol)["Location"] == "/u/carol/"
    text = page("/u/carol/")
    assert "<strong>keys</strong>" in text and "they/them" in text and "Graz" in text
    assert '<a href="https://ada.example/" rel="nofollow ugc noopener"><bdi>ada.example</bdi></a>' in text
    assert "trust level basic" in text


def test_the_form_shows_what_is_stored(carol: User) -> None:
    save(carol)
    form = page("/settings/profile/", signed_in(carol))
    assert "I like **keys**." in form and 'value="https://ada.example/"' in form


def test_new_members_show_neither_text_nor_link(bob: User) -> None:
    save(bob)
    text = page("/u/Bob/")
    assert "<strong>keys" not in text and "ada.example" not in text and "Graz" in text
    assert "once you have read and written here" in page("/settings/profile/", signed_in(bob))


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("about", "x" * 501, "501 characters"),
        ("location", "x" * 61, "61 characters"),
        ("pronouns", "x" * 31, "31 characters"),
        ("website", "http://ada.example/", "https://"),
        ("website", "javascript:alert(1)", "https://"),
        ("website", "https://" + "a" * 300 + ".example", "200"),
        ("about", "a\x07b", "cannot"),
    ],
)
def test_what_cannot_be_stored_is_refused_and_kept(field: str, text: str, words: str, carol: User) -> None:
    answer = save(carol, **{field: text})
    assert answer.status_code == 422 and words in answer.content.decode()
    assert User.objects.get(pk=carol.pk).location == ""


@pytest.mark.parametrize(
    "website", ["http://x.org", "javascript:alert(1)", "not an address", "https://", "https://[", "ftp://a.b"]
)
def test_what_a_website_has_to_be_is_said_once(website: str, carol: User) -> None:
    html = save(carol, website=website).content.decode()
    said = html.partition('id="id_website_error">')[2].partition("<")[0]
    assert said == "Please give a whole address that begins with https://, like https://example.org."


def test_no_script_gets_in(carol: User) -> None:
    save(carol, about="<script>alert(1)</script> [x](javascript:alert(1))", location="<b>Graz")
    text = page("/u/carol/")
    assert "<script>alert" not in text and 'href="javascript' not in text and "&lt;b&gt;Graz" in text


def test_only_who_is_signed_in_has_one(client: Client, site: None) -> None:
    assert client.get("/settings/profile/")["Location"].startswith("/accounts/login/")


@pytest.mark.django_db(transaction=True)
def test_the_page_is_renewed_at_once_and_no_other(redis_server: None, tables: None) -> None:
    carol, dora = (make_member(name, trust=1) for name in ("carol", "dora"))
    for user in (carol, dora):
        for _ in range(2):
            Client().get(f"/u/{user.username}/")
    signed_in(carol).post("/settings/profile/", WORDS)
    assert "Graz" in page("/u/carol/")
    assert Client().get("/u/dora/")["X-Cache"] == "hit"


def test_signing_in_renews_no_page(carol: User) -> None:
    for _ in range(2):
        Client().get("/u/carol/")
    signed_in(carol)
    assert Client().get("/u/carol/")["X-Cache"] == "hit"


class TestModerators:
    def test_clear_a_profile_and_say_why(self, carol: User, mod: User) -> None:
        save(carol)
        url = f"/members/{carol.pk}/clear-profile/"
        assert url in page("/u/carol/", signed_in(mod))
        assert page(url, signed_in(mod))
        assert signed_in(mod).post(url, {"reason": "Advertising."})["Location"] == "/u/carol/"
        renew()
        text = page("/u/carol/")
        assert "<strong>keys" not in text and "Graz" not in text and "ada.example" not in text
        assert "cleared your profile" in page("/notifications/", signed_in(carol))

    def test_have_to_say_why(self, carol: User, mod: User) -> None:
        assert signed_in(mod).post(f"/members/{carol.pk}/clear-profile/", {"reason": ""}).status_code == 422

    def test_are_the_only_ones_who_may(self, carol: User, bob: User, client: Client) -> None:
        url = f"/members/{carol.pk}/clear-profile/"
        assert signed_in(bob).get(url).status_code == signed_in(bob).post(url, {"reason": "No."}).status_code == 403
        assert client.get(url).status_code == 302
        assert "clear-profile" not in page("/u/carol/", signed_in(bob))


def test_it_costs_the_page_nothing(carol: User, client: Client) -> None:
    save(carol)
    client.get("/")
    with cost() as spent:
        client.get("/u/carol/")
    assert spent.all == (["Query", "GetItem"], 1, 3), "as without one: the posts, the numbers, who is here"
