"""Silence and suspension as the member meets them, at once and until their time is over, over both paths."""

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail
from django.test import Client
from django.utils import timezone

from forum import permissions
from forum.actions import sanctions
from forum.models import Forum, User
from forum.permissions import FOREVER, Reader
from forum.tables.threads import Thread
from tests.fast.test_answers import Browser
from tests.helpers import page_url, reply, signed_in, start_thread, token

pytestmark = pytest.mark.django_db(transaction=True)

SYSTEM = Reader(id="", name="the forum", moderates_all=True)
WHY = "Too many adverts."
LONG_AFTER = datetime(2990, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def thread(aws: Forum, bob: User) -> Thread:
    return start_thread(bob, aws)


def silence(user: User, until: datetime = LONG_AFTER) -> None:
    sanctions.silence(SYSTEM, user, until, WHY)


def suspend(user: User, until: datetime = LONG_AFTER) -> None:
    sanctions.suspend(SYSTEM, user, until, WHY)


def text(client: Client, url: str) -> str:
    return client.get(url).content.decode()


class TestSilence:
    def test_shows_in_the_place_of_the_form_at_once_until_when_and_why(self, thread: Thread, ada: User) -> None:
        member = signed_in(ada)
        url = page_url(thread)
        assert 'name="body"' in text(member, url) and 'name="body"' in text(member, url)
        silence(ada)
        page = text(member, url)
        assert "You may read but not post until 4 May 2990, 12:00 UTC. The reason: Too many adverts." in page
        assert 'name="body"' not in page and "/new/" not in text(member, "/f/aws/")

    def test_lets_nothing_be_written(self, thread: Thread, ada: User, aws: Forum) -> None:
        own = start_thread(ada, aws)
        silence(ada)
        member = signed_in(ada)
        base = f"/f/aws/{own.id}"
        answers = [
            reply(ada, thread, "Words that are kept."),
            member.get("/f/aws/new/"),
            member.post("/f/aws/new/", {"title": "A title", "body": "Words.", "token": token(ada)}),
            member.get(f"{base}/1/edit/"),
            member.post(f"{base}/1/edit/", {"body": "Words.", "revision": 1, "title": "A title"}),
            member.post(f"{base}/1/delete/"),
        ]
        for answer in answers:
            page = answer.content.decode()
            assert answer.status_code == 403 and "until 4 May 2990" in page and "Too many adverts." in page
        assert "Words that are kept." in answers[0].content.decode()

    def test_lets_everything_be_read(self, thread: Thread, ada: User) -> None:
        silence(ada)
        member = signed_in(ada)
        for url in ("/", "/f/aws/", page_url(thread), "/u/ada/", "/settings/", "/notifications/"):
            assert member.get(url).status_code == 200

    def test_ends_with_its_time_although_nobody_does_anything(self, thread: Thread, ada: User) -> None:
        url, browser = page_url(thread), Browser(ada)
        browser.warm(url)
        silence(ada, timezone.now() + timedelta(seconds=2.5))
        for _ in range(4):
            answer = browser.get(url)
            assert "You may read but not post" in answer.text and not answer.fast, "such an answer is not kept"
        time.sleep(2.6)
        assert 'name="body"' in browser.get(url).text
        assert 'name="body"' in browser.warm(url).text
        assert reply(ada, thread).status_code == 302

    def test_ends_at_once_when_it_is_lifted(self, thread: Thread, ada: User) -> None:
        silence(ada)
        browser = Browser(ada)
        assert 'name="body"' not in browser.get(page_url(thread)).text
        sanctions.unsilence(SYSTEM, ada)
        assert 'name="body"' in browser.get(page_url(thread)).text

    @pytest.mark.parametrize(("reason", "words"), [("", "UTC."), ("Why not.", "UTC. The reason: Why not.")])
    def test_is_said_to_last_no_shorter_than_it_does(self, reason: str, words: str) -> None:
        until = datetime(2990, 5, 4, 12, 30, 1, tzinfo=UTC).timestamp()
        said = permissions.silence_in_words(Reader("1", "ada", silenced_until=until, silence_reason=reason))
        assert said == f"You may read but not post until 4 May 2990, 12:31 {words}"


class TestSuspensionEndsSessions:
    @pytest.mark.parametrize("url", ["/", "/f/aws/", "thread", "/u/Bob/"])
    def test_before_django_and_in_it_at_once(self, url: str, thread: Thread, ada: User) -> None:
        url = page_url(thread) if url == "thread" else url
        here, there = Browser(ada), signed_in(ada)
        assert ">ada</span>" in here.warm(url).text and ">ada</span>" in text(there, url)
        suspend(ada)
        answer = here.get(url)
        assert not answer.fast and ">ada</span>" not in answer.text and "Sign in" in answer.text
        assert ">ada</span>" not in text(there, url)
        assert there.get("/settings/").status_code == 302

    def test_whose_next_act_would_have_been_a_post(self, thread: Thread, ada: User) -> None:
        member = signed_in(ada)
        member.get(page_url(thread))
        suspend(ada)
        answer = member.post(f"/f/aws/{thread.id}/reply/", {"body": "Words.", "token": token(ada)})
        assert answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")

    def test_for_ever_also_when_the_suspension_is_over(self, ada: User) -> None:
        member = signed_in(ada)
        suspend(ada)
        sanctions.unsuspend(SYSTEM, ada)
        assert member.get("/settings/").status_code == 302
        assert signed_in(User.objects.get(pk=ada.pk)).get("/settings/").status_code == 200

    def test_of_that_member_alone(self, ada: User, bob: User) -> None:
        suspend(ada)
        assert signed_in(bob).get("/settings/").status_code == 200


PASSWORD = "correct horse"


def sign_in(client: Client, **fields: str) -> Any:
    return client.post("/accounts/login/", {"login": "ada", "password": PASSWORD, **fields}, follow=True)


def is_refused(answer: Any, client: Client) -> bool:
    page = answer.content.decode()
    words = "This account is suspended until 4 May 2990, 12:00 UTC. The reason: Too many adverts."
    return answer.status_code == 403 and words in page and client.get("/settings/").status_code == 302


class TestSigningIn:
    def test_is_refused_with_the_reason(self, ada: User, client: Client) -> None:
        suspend(ada)
        assert is_refused(sign_in(client), client)

    def test_tells_nothing_to_who_does_not_know_the_password(self, ada: User, client: Client) -> None:
        suspend(ada)
        answer = sign_in(client, password="wrong")
        assert answer.status_code == 200 and "suspended" not in answer.content.decode()

    def test_is_refused_for_good(self, ada: User, client: Client) -> None:
        suspend(ada, FOREVER)
        page = sign_in(client).content.decode()
        assert "This account is suspended for good." in page and "9000" not in page

    def test_works_again_when_the_time_is_over(self, ada: User, client: Client) -> None:
        suspend(ada, timezone.now() + timedelta(seconds=0.5))
        time.sleep(0.6)
        assert sign_in(client).status_code == 200 and client.get("/settings/").status_code == 200

    def test_is_refused_in_the_administration_too(self, ada: User, client: Client) -> None:
        ada.is_staff = True
        ada.save()
        suspend_directly(ada)
        answer = client.post("/admin/login/?next=/admin/", {"username": "ada", "password": PASSWORD}, follow=True)
        assert "_auth_user_id" not in client.session and answer.status_code == 200
        assert is_refused(sign_in(client, next="/admin/"), client)

    def test_is_refused_after_a_password_reset(self, ada: User, client: Client, settings: Any) -> None:
        settings.ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
        ada.email = "ada@example.org"
        ada.save()
        suspend(ada)
        client.post("/accounts/password/reset/", {"email": "ada@example.org"})
        link = re.findall(r"https?://[^/\s]+(/accounts/\S+)", str(mail.outbox[-1].body))[0]
        form = client.get(link, follow=True).redirect_chain[-1][0]
        new = {"password1": "battery staple 7", "password2": "battery staple 7"}
        assert is_refused(client.post(form, new, follow=True), client)
        now = User.objects.get(pk=ada.pk)
        assert now.check_password("battery staple 7") and now.suspended and now.session_epoch == 1

    def test_is_refused_between_the_password_and_the_code(self, ada: User, client: Client) -> None:
        TOTP.activate(ada, generate_totp_secret())
        codes = RecoveryCodes.activate(ada).get_unused_codes()
        assert sign_in(client).redirect_chain[-1][0].startswith("/accounts/two-factor/")
        suspend(ada)
        assert is_refused(client.post("/accounts/two-factor/authenticate/", {"code": codes[0]}, follow=True), client)

    def test_is_refused_after_confirming_an_address(self, ada: User, client: Client, settings: Any) -> None:
        settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
        settings.ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
        settings.ACCOUNT_CONFIRM_EMAIL_ON_GET = True
        EmailAddress.objects.create(user=ada, email="ada@example.org", verified=False, primary=True)
        sign_in(client)
        link = re.findall(r"https?://[^/\s]+(/accounts/\S+)", str(mail.outbox[-1].body))[0]
        suspend(ada)
        client.get(link, follow=True)
        assert client.get("/settings/").status_code == 302
        assert is_refused(sign_in(client), client)

    def test_that_was_under_way_opens_nothing(self, ada: User, client: Client) -> None:
        """The account was read before the suspension, and the session is stored after it."""
        before = User.objects.get(pk=ada.pk)
        suspend(ada)
        client.force_login(before)
        assert client.get("/settings/").status_code == 302

    def test_a_password_that_is_changed_at_this_moment_ends_no_suspension(self, ada: User) -> None:
        from allauth.account.adapter import get_adapter

        before = User.objects.get(pk=ada.pk)
        suspend(ada)
        get_adapter().set_password(before, "battery staple 7")
        now = User.objects.get(pk=ada.pk)
        assert now.suspended and now.session_epoch == 1 and now.check_password("battery staple 7")


def suspend_directly(user: User) -> None:
    """Of a moderator, as an administrator would."""
    root = User.objects.create_superuser("root", "root@example.org", "root", pk=1_000_000)
    sanctions.suspend(Reader(str(root.pk)), user, LONG_AFTER, WHY, may=True)
