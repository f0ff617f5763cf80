"""A name that a member has given up: nobody else may take it, and it leads to the member."""

from typing import Any

import pytest
from django.test import Client

from forum.actions import members
from forum.models import FormerName, Forum, User
from tests.helpers import make_member, page_url, reply, signed_in, start_thread, token
from tests.views.test_admin import change

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def renamed(ada: User) -> User:
    assert signed_in(ada).post("/settings/username/", {"username": "Countess"}).status_code == 302
    return User.objects.get(pk=ada.pk)


def sign_up(name: str) -> Any:
    fields = {"username": name, "email": "new@example.org", "password1": "battery staple 7"}
    return Client().post("/accounts/signup/", fields)


@pytest.mark.parametrize("name", ["ada", "ADA"])
def test_nobody_else_takes_it(renamed: User, bob: User, name: str) -> None:
    assert "Somebody has this name already" in sign_up(name).content.decode()
    answer = signed_in(bob).post("/settings/username/", {"username": name})
    assert "Somebody has this name already" in answer.content.decode()
    assert User.objects.filter(username__iexact=name).count() == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/u/ada/", "/u/Countess/"),
        ("/u/Ada/threads/", "/u/Countess/threads/"),
        ("/feeds/member/ada.atom", "/feeds/member/Countess.atom"),
    ],
)
def test_it_leads_to_the_member(renamed: User, client: Client, old: str, new: str) -> None:
    answer = client.get(old)
    assert (answer.status_code, answer["Location"]) == (301, new)
    assert client.get(new).status_code == 200


def test_the_form_says_that_it_will(ada: User) -> None:
    assert "Your old one still leads to you" in signed_in(ada).get("/settings/username/").content.decode()


def test_its_page_that_was_kept_is_not_shown_any_more(ada: User, client: Client) -> None:
    assert client.get("/u/ada/").status_code == 200
    members.change_username(ada, "Countess")
    assert client.get("/u/ada/").status_code == 301


def test_its_member_may_have_it_back(renamed: User, client: Client) -> None:
    assert signed_in(renamed).post("/settings/username/", {"username": "ada"}).status_code == 302
    assert client.get("/u/ada/").status_code == 200 and client.get("/u/Countess/").status_code == 301
    assert list(FormerName.objects.values_list("name", flat=True)) == ["countess"]


def test_a_name_that_was_changed_in_the_admin_leads_to_the_member_too(ada: User, client: Client) -> None:
    root = signed_in(make_member("root_", is_staff=True, is_superuser=True))
    for name in ("Countess", "ada", "Countess"):
        assert change(root, User.objects.get(pk=ada.pk), username=name).status_code == 302, name
    assert client.get("/u/ada/")["Location"] == "/u/Countess/"


def test_another_capitalisation_leaves_none(ada: User) -> None:
    assert signed_in(ada).post("/settings/username/", {"username": "ADA"}).status_code == 302
    assert not FormerName.objects.exists()


def test_words_quoted_under_it_stay_hidden_from_who_ignores_the_member(aws: Forum, ada: User, bob: User) -> None:
    thread = start_thread(ada, aws)
    cleo = make_member("cleo")
    reply(cleo, thread, f"> @ada wrote in [#1](/p/{thread.id}/1/):\n>\n> Old words.\n\nSo.")
    signed_in(bob).post(f"/members/{ada.pk}/ignore/", {"on": "1"})
    members.change_username(ada, "Countess")
    assert "quote is-ignored" in signed_in(bob).get(page_url(thread)).content.decode()


def test_it_is_free_when_the_account_is_closed(renamed: User) -> None:
    members.close_account(renamed)
    assert not FormerName.objects.exists()
    assert sign_up("ada").status_code == 302


def test_who_writes_it_speaks_to_the_member(aws: Forum, renamed: User, bob: User) -> None:
    thread = start_thread(bob, aws, body="What do you say, @ada? @ADA!")
    page = signed_in(renamed).get("/notifications/").content.decode()
    assert page.count("mentioned you in") == 1 and thread.title in page


def test_a_message_to_it_reaches_the_member_once(renamed: User, bob: User) -> None:
    sent = {"to": "ada, Countess", "title": "Good news", "body": "Read this.", "token": token(bob)}
    answer = signed_in(bob).post("/messages/new/", sent)
    assert answer.status_code == 302, answer.content.decode()
    assert "Good news" in signed_in(renamed).get("/messages/").content.decode()


def test_nobody_writes_to_themselves_under_it(renamed: User) -> None:
    sent = {"to": "ada", "title": "Good news", "body": "Read this.", "token": token(renamed)}
    answer = signed_in(renamed).post("/messages/new/", sent)
    assert answer.status_code == 422 and "Please say to whom" in answer.content.decode()
