"""Text that was sent after the session had ended: its writer finds it again, and nobody else does."""

from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from forum.models import User
from tests.helpers import signed_in, token

MESSAGE = {"to": "Bob", "title": "Between us", "body": "Nobody else may read this."}


def sends_too_late(user: User, url: str, **fields: Any) -> tuple[Client, str]:
    """The browser in which a form was sent after its session had ended, and the sign-in page that it was led to."""
    browser = signed_in(user)
    browser.get(url)
    del browser.cookies[settings.SESSION_COOKIE_NAME]
    answer = browser.post(url, fields)
    assert answer.status_code == 302 and "/login/?next=" in answer["Location"], answer
    return browser, answer["Location"]


def signs_in(browser: Client, sign_in_url: str, user: User) -> HttpResponse:
    """The page that signing in leads to."""
    return browser.post(sign_in_url, {"login": user.username, "password": "correct horse"}, follow=True)


def text(answer: HttpResponse) -> str:
    return answer.content.decode()


@pytest.mark.usefixtures("site")
class TestAMessage:
    def test_waits_for_its_writer(self, ada: User, bob: User) -> None:
        browser, sign_in = sends_too_late(ada, "/messages/new/", **MESSAGE, token=token(ada))
        page = text(signs_in(browser, sign_in, ada))
        assert all(words in page for words in MESSAGE.values())

    def test_is_not_given_to_whoever_signs_in_next(self, ada: User, bob: User) -> None:
        browser, sign_in = sends_too_late(ada, "/messages/new/", **MESSAGE, token=token(ada))
        page = text(signs_in(browser, sign_in, bob))
        assert "Nobody else may read this." not in page and "Between us" not in page
        assert "kept" not in browser.session, "nor is it in the session of another"

    def test_is_not_given_to_anybody_where_the_form_does_not_say_whose_it_is(self, ada: User, bob: User) -> None:
        browser, sign_in = sends_too_late(ada, "/messages/new/", **MESSAGE, token="x")
        assert "Between us" not in text(signs_in(browser, sign_in, ada))
