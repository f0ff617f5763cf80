"""Accounts through the front door: signing up and in, e-mail, passwords, two-factor, name, farewell."""

import base64
import hmac
import re
import struct
import time
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import IntegrityError
from django.http import HttpResponse
from django.test import Client

from forum import accounts
from forum.accounts import AccountAdapter, is_reserved
from forum.actions import members
from forum.models import Forum, User
from tests.helpers import make_member, page_url, signed_in, start_thread

PASSWORD = "correct horse"
NEW_PASSWORD = "battery staple 7"


def text(response: HttpResponse) -> str:
    return response.content.decode()


def sign_up(client: Client, username: str, email: str = "new@example.org", **fields: Any) -> Any:
    fields = {"username": username, "email": email, "password1": NEW_PASSWORD, **fields}
    return client.post("/accounts/signup/", fields)


def sign_in(client: Client, login: str, password: str = PASSWORD, **options: Any) -> Any:
    return client.post("/accounts/login/", {"login": login, "password": password}, **options)


def is_signed_in(client: Client) -> bool:
    return client.get("/settings/").status_code == 200


def verify_email(user: User) -> None:
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)


def link_in(message: mail.EmailMessage) -> str:
    """The path of the one link in a mail."""
    [path] = re.findall(r"https?://[^/\s]+(/accounts/\S+)", str(message.body))
    return str(path)


@pytest.fixture
def bob(bob: User) -> User:
    """Addresses are stored in small letters, as allauth does at sign-up."""
    bob.email = bob.email.lower()
    bob.save()
    return bob


class TestSignUp:
    def test_makes_an_account_and_signs_in(self, site: None, client: Client) -> None:
        assert "Sign up" in text(client.get("/accounts/signup/"))
        assert sign_up(client, "grace.hopper").status_code == 302
        user = User.objects.get(username="grace.hopper")
        assert user.check_password(NEW_PASSWORD) and not user.is_staff
        assert is_signed_in(client)

    @pytest.mark.parametrize("username", ["ada", "Ada", "ADA"])
    def test_of_a_name_that_somebody_has_in_any_case_is_refused(self, ada: User, client: Client, username: str) -> None:
        answer = sign_up(client, username)
        assert answer.status_code == 200 and "Somebody has this name already" in text(answer)
        assert User.objects.count() == 1 and not is_signed_in(client)

    @pytest.mark.parametrize("username", ["admin", "Admin", "ADMIN", "a.d-m_in", "new", "settings", "closed-7"])
    def test_of_a_name_that_is_the_sites_own_is_refused(self, site: None, client: Client, username: str) -> None:
        assert "kept for the site itself" in text(sign_up(client, username))
        assert not User.objects.exists()

    @pytest.mark.parametrize(
        "username",
        [
            "ab",
            "a" * 31,
            ".ada",
            "-ada",
            "_ada",
            "a da",
            "ada!",
            "ada/x",
            "ада",
            "ａｄａ",
            "ad\u200ba",
            "ada\x00",
            "ad\u0131m",
            "👩",
            "",
        ],
        ids=ascii,
    )
    def test_of_a_name_of_another_shape_is_refused(self, site: None, client: Client, username: str) -> None:
        answer = sign_up(client, username)
        assert answer.status_code == 200 and "has-error" in text(answer)
        assert not User.objects.exists()

    @pytest.mark.parametrize("username", ["a", "ab", "a" * 31, "-ada", "a da", "ада"], ids=ascii)
    def test_of_a_name_of_another_shape_says_what_a_name_is(self, site: None, client: Client, username: str) -> None:
        said = text(sign_up(client, username)).partition('id="id_username_error">')[2].partition("<")[0]
        assert said.startswith("Use 3 to 30 characters: letters from a to z, digits")

    @pytest.mark.parametrize("username", ["abc", "a" * 30, "7of9", "Ada_L", "a.b-c_d", "x--", "administratrix"])
    def test_takes_every_other_name(self, site: None, client: Client, username: str) -> None:
        assert sign_up(client, username).status_code == 302
        assert User.objects.get().username == username

    def test_with_an_address_that_is_known_is_refused(self, ada: User, client: Client) -> None:
        assert sign_up(client, "grace", "ADA@example.org").status_code == 200
        assert User.objects.count() == 1

    @pytest.mark.parametrize("password", ["short", "password", "12345678901", "grace-hopper", "", "\x00" * 12])
    def test_with_a_weak_password_is_refused(self, site: None, client: Client, password: str) -> None:
        assert sign_up(client, "grace-hopper", password1=password).status_code == 200
        assert not User.objects.exists()

    def test_that_loses_a_race_for_the_name_says_so(
        self, ada: User, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(AccountAdapter, "clean_username", lambda self, username, shallow=False: username)
        answer = sign_up(client, "ADA")
        assert answer.status_code == 409 and "Somebody took this name a moment ago" in text(answer)


class TestConfirmingTheAddress:
    def test_a_mail_with_a_link_is_sent_and_the_link_confirms(self, site: None, client: Client) -> None:
        sign_up(client, "grace", "grace@example.org")
        [message] = mail.outbox
        assert message.to == ["grace@example.org"] and message.subject.startswith("[ForumPosts] ")
        assert not EmailAddress.objects.get().verified
        path = link_in(message)
        assert client.get(path).status_code == 200
        assert not EmailAddress.objects.get().verified, "a mail program's look at the link confirms nothing"
        assert client.post(path).status_code == 302
        assert EmailAddress.objects.get().verified
        assert "This link has been used already" in text(client.get(path))

    def test_a_site_may_demand_it_before_the_first_sign_in(self, site: None, client: Client, settings: Any) -> None:
        settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
        assert sign_up(client, "grace")["Location"] == "/accounts/confirm-email/"
        assert client.get("/accounts/confirm-email/").status_code == 200
        assert not is_signed_in(client)
        client.post(link_in(mail.outbox[0]))
        sign_in(client, "grace", NEW_PASSWORD)
        assert is_signed_in(client)

    @pytest.mark.parametrize("key", ["x", "MQ:1abc:" + "x" * 43, "%00", "%ED%A0%80", "a" * 2_000])
    def test_a_link_that_is_none_of_ours_is_no_error(self, site: None, client: Client, key: str) -> None:
        assert client.get(f"/accounts/confirm-email/{key}/").status_code in (200, 400, 404)


class TestSignIn:
    @pytest.mark.parametrize("login", ["Bob", "bob", "BOB", "Bob@example.org", "bob@EXAMPLE.org"])
    def test_takes_the_name_or_the_address_in_any_case(self, bob: User, client: Client, login: str) -> None:
        answer = sign_in(client, login)
        assert answer.status_code == 302 and answer["Location"] == "/"
        assert is_signed_in(client)

    def test_leads_to_where_the_member_was_going(self, bob: User, client: Client) -> None:
        assert client.get("/settings/")["Location"] == "/accounts/login/?next=/settings/"
        fields = {"login": "bob", "password": PASSWORD, "next": "/settings/"}
        assert client.post("/accounts/login/", fields)["Location"] == "/settings/"

    @pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil"])
    def test_leads_nowhere_else(self, bob: User, client: Client, elsewhere: str) -> None:
        fields = {"login": "bob", "password": PASSWORD, "next": elsewhere}
        assert client.post("/accounts/login/", fields)["Location"] == "/"

    @pytest.mark.parametrize(
        "login",
        ["bob", "bob@example.org", "nobody", "\x00", "", "x" * 5_000, "x" * 70_000, "@" * 70_000, "б@б.б", "👩"],
    )
    def test_with_a_wrong_password_is_refused_and_says_so(self, bob: User, client: Client, login: str) -> None:
        answer = sign_in(client, login, "wrong horse")
        assert answer.status_code == 200 and "error-summary" in text(answer)
        assert not is_signed_in(client)

    def test_with_a_name_that_is_too_long_for_a_look_up_is_no_fault_of_the_database(self, site: None) -> None:
        sent = {"username": "x" * 70_000, "password": PASSWORD}
        answer = signed_in(make_member("mika", is_staff=True)).post("/admin/login/", sent)
        assert answer.status_code == 400 and "a length that nothing here can have" in text(answer)

    def test_ends_with_sign_out_which_takes_a_form(self, bob: User) -> None:
        client = signed_in(bob)
        assert client.get("/accounts/logout/").status_code == 200 and is_signed_in(client)
        assert client.post("/accounts/logout/")["Location"] == "/"
        assert not is_signed_in(client)

    def test_of_a_member_who_was_shut_out_leads_to_a_page_that_says_so(self, bob: User, client: Client) -> None:
        User.objects.update(is_active=False)
        answer = sign_in(client, "bob", follow=True)
        assert answer.status_code == 200 and not is_signed_in(client)


class TestThrottling:
    def test_after_five_wrong_passwords_even_the_right_one_has_to_wait(self, bob: User, client: Client) -> None:
        for _ in range(5):
            assert "Too many" not in text(sign_in(client, "bob", "wrong horse"))
        answer = sign_in(client, "bob")
        assert answer.status_code == 200 and "Please wait five minutes" in text(answer)
        assert not is_signed_in(client)

    def test_of_one_name_leaves_others_alone(self, ada: User, bob: User, client: Client) -> None:
        for _ in range(6):
            sign_in(client, "bob", "wrong horse")
        assert sign_in(client, "ada").status_code == 302

    def test_of_an_address_is_a_page_with_the_right_status(self, bob: User, client: Client) -> None:
        answers = [sign_in(client, f"nobody-{number}", "wrong horse") for number in range(31)]
        assert [answer.status_code for answer in answers] == [200] * 30 + [429]
        page, wait = text(answers[-1]), int(answers[-1]["Retry-After"])
        assert "Too many requests" in page and f"Please wait {wait} seconds, then send it again." in page
        assert 30 < wait <= 60, "of thirty a minute, the first is not a minute old"
        assert 'name="login" value="nobody-30"' in page and "wrong horse" not in page, "no password is sent back"
        assert '<input type="password" id="kept-password" name="password" value="">' in page

    def test_keeps_what_was_typed_of_a_form_for_signing_up(self, site: None, client: Client, settings: Any) -> None:
        settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "signup": "1/h/ip"}
        fields = {"username": "x", "email": "new@example.org", "password1": "battery staple 7"}
        assert client.post("/accounts/signup/", fields).status_code == 200
        answer = client.post("/accounts/signup/", {**fields, "username": "newcomer"})
        assert answer.status_code == 429 and "Please wait 60 minutes" in text(answer)
        assert 'value="newcomer"' in text(answer) and 'value="new@example.org"' in text(answer)
        assert 'href="/accounts/signup/">Back to the form' in text(answer)

    def test_of_one_address_of_mail_says_how_long_to_wait_for_it(
        self, bob: User, client: Client, settings: Any
    ) -> None:
        settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "reset_password": "20/m/ip,1/2h/key"}
        for email, status in (("a@example.org", 302), ("A@example.org", 429), ("b@example.org", 302)):
            answer = client.post("/accounts/password/reset/", {"email": email})
            assert answer.status_code == status
            assert status == 302 or "Please wait 2 hours" in text(answer)

    def test_is_not_fooled_by_a_forged_address(self, bob: User, client: Client) -> None:
        for number in range(31):
            answer = sign_in(client, f"nobody-{number}", "x", headers={"x-forwarded-for": f"10.0.0.{number}"})
        assert answer.status_code == 429

    def test_counts_the_address_that_a_trusted_proxy_saw(self, bob: User, client: Client, settings: Any) -> None:
        settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
        for number in range(31):
            header = {"x-forwarded-for": f"192.0.2.1, 10.0.0.{number}"}
            answer = sign_in(client, f"nobody-{number}", "x", headers=header)
        assert answer.status_code == 200

    def test_covers_the_password_that_closing_an_account_asks_for(self, bob: User) -> None:
        client = signed_in(bob)
        for _ in range(5):
            client.post("/settings/close/", {"password": "wrong horse"})
        assert "Please wait five minutes" in text(client.post("/settings/close/", {"password": PASSWORD}))
        assert User.objects.get().is_active


class TestForgottenPassword:
    def test_is_replaced_through_a_link_that_works_once(self, bob: User, client: Client) -> None:
        verify_email(bob)
        assert client.get("/accounts/password/reset/").status_code == 200
        assert client.post("/accounts/password/reset/", {"email": "BOB@example.org"}).status_code == 302
        [message] = mail.outbox
        assert message.to == ["bob@example.org"]
        link = link_in(message)
        form = client.get(link, follow=True)
        assert form.status_code == 200 and "password1" in text(form)
        fields = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
        assert client.post(form.redirect_chain[-1][0], fields).status_code == 302
        assert sign_in(client, "bob").status_code == 200
        assert sign_in(client, "bob", NEW_PASSWORD).status_code == 302
        assert "password1" not in text(Client().get(link, follow=True))

    def test_of_an_unknown_address_looks_the_same_and_tells_only_its_owner(self, bob: User, client: Client) -> None:
        answer = client.post("/accounts/password/reset/", {"email": "stranger@example.org"})
        assert answer["Location"] == "/accounts/password/reset/done/"
        [message] = mail.outbox
        assert message.to == ["stranger@example.org"] and "/password/reset/key/" not in str(message.body)

    @pytest.mark.parametrize("key", ["1-x", "zzzzzzzzzzzzzzzz-x", "0-set-password", "9" * 400 + "-x"])
    def test_a_link_that_is_none_of_ours_is_no_error(self, bob: User, client: Client, key: str) -> None:
        assert client.get(f"/accounts/password/reset/key/{key}/").status_code in (200, 302, 404)

    def test_changing_a_known_one_keeps_this_browser_and_ends_the_others(self, bob: User) -> None:
        here, elsewhere = signed_in(bob), signed_in(bob)
        fields = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
        assert here.post("/accounts/password/change/", fields).status_code == 302
        assert is_signed_in(here) and not is_signed_in(elsewhere)


class TestBeingTold:
    """By mail, of what somebody else may have changed."""

    FIELDS = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}

    def test_of_a_new_password(self, bob: User) -> None:
        verify_email(bob)
        browser = signed_in(bob, headers={"accept-language": "de", "user-agent": "A browser"})
        assert browser.post("/accounts/password/change/", self.FIELDS).status_code == 302
        [message] = mail.outbox
        assert message.to == ["bob@example.org"]
        for said in ("Das Passwort deines Kontos wurde geändert.", "127.0.0.1", "A browser", " UTC"):
            assert said in str(message.body)

    def test_of_another_address_at_the_one_before(self, bob: User) -> None:
        verify_email(bob)
        EmailAddress.objects.create(user=bob, email="new@example.org", verified=True)
        browser = signed_in(bob)
        browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
        browser.post("/accounts/email/", {"email": "new@example.org", "action_primary": ""})
        [message] = mail.outbox
        assert message.to == ["bob@example.org"] and "go to new@example.org from now on" in str(message.body)

    @pytest.mark.django_db(transaction=True)
    def test_of_a_second_factor(self, bob: User) -> None:
        TestTwoFactor().activate(bob)
        [message] = mail.outbox
        assert message.to == ["bob@example.org"] and "asks for a code" in str(message.body)

    def test_is_not_needed_for_the_change(self, bob: User, client: Client, settings: Any) -> None:
        verify_email(bob)
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
        assert signed_in(bob).post("/accounts/password/change/", self.FIELDS).status_code == 302
        assert sign_in(client, "bob", NEW_PASSWORD).status_code == 302


def totp(secret: str, step: int = 0) -> str:
    """The code that an authenticator app shows `step` half-minutes from now (RFC 6238)."""
    counter = struct.pack(">Q", int(time.time()) // 30 + step)
    digest = hmac.new(base64.b32decode(secret), counter, "sha1").digest()
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**6:06}"


class TestTwoFactor:
    ACTIVATE = "/accounts/two-factor/totp/activate/"

    def activate(self, user: User) -> tuple[Client, str]:
        """A browser in which the member has just turned it on, and the secret in their phone."""
        verify_email(user)
        client = signed_in(user)
        asked = client.get(self.ACTIVATE)
        assert asked["Location"] == "/accounts/reauthenticate/?next=" + self.ACTIVATE.replace("/", "%2F")
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        secret = client.get(self.ACTIVATE).context["form"].secret
        answer = client.post(self.ACTIVATE, {"code": totp(secret)})
        assert answer.status_code == 302, text(answer)
        return client, secret

    def test_once_on_asks_for_a_code_after_the_password(self, bob: User, client: Client) -> None:
        _, secret = self.activate(bob)
        assert sign_in(client, "bob")["Location"] == "/accounts/two-factor/authenticate/"
        assert client.get("/accounts/two-factor/authenticate/").status_code == 200
        assert not is_signed_in(client), "the password alone is not enough"
        wrong = f"{(int(totp(secret)) + 1) % 10**6:06}"
        assert client.post("/accounts/two-factor/authenticate/", {"code": wrong}).status_code == 200
        assert not is_signed_in(client)
        assert client.post("/accounts/two-factor/authenticate/", {"code": totp(secret)}).status_code == 302
        assert is_signed_in(client)

    def test_takes_a_code_only_once(self, bob: User) -> None:
        _, secret = self.activate(bob)
        code = totp(secret)
        for attempt, expected in ((Client(), True), (Client(), False)):
            sign_in(attempt, "bob")
            attempt.post("/accounts/two-factor/authenticate/", {"code": code})
            assert is_signed_in(attempt) is expected

    def test_takes_each_recovery_code_once_when_the_phone_is_lost(self, bob: User) -> None:
        client, _ = self.activate(bob)
        page = text(client.get("/accounts/two-factor/recovery-codes/"))
        codes = re.findall(r"\b\d{8}\b", page)
        assert len(codes) == 10
        for attempt, expected in ((Client(), True), (Client(), False)):
            sign_in(attempt, "bob")
            attempt.post("/accounts/two-factor/authenticate/", {"code": codes[0]})
            assert is_signed_in(attempt) is expected
        assert "9 of 10 are left" in text(client.get("/accounts/two-factor/recovery-codes/"))

    def test_cannot_be_guessed(self, bob: User, client: Client) -> None:
        _, secret = self.activate(bob)
        sign_in(client, "bob")
        wrong = f"{(int(totp(secret)) + 7) % 10**6:06}"
        for _ in range(5):
            client.post("/accounts/two-factor/authenticate/", {"code": wrong})
        client.post("/accounts/two-factor/authenticate/", {"code": totp(secret)})
        assert not is_signed_in(client)

    def test_may_be_turned_off_again(self, bob: User, client: Client) -> None:
        browser, _ = self.activate(bob)
        assert browser.get("/accounts/two-factor/totp/deactivate/").status_code == 200
        assert browser.post("/accounts/two-factor/totp/deactivate/").status_code == 302
        sign_in(client, "bob")
        assert is_signed_in(client)


class TestSettings:
    @pytest.mark.parametrize("path", ["/settings/", "/settings/username/", "/settings/close/"])
    def test_are_for_members(self, site: None, client: Client, path: str) -> None:
        for answer in (client.get(path), client.post(path)):
            assert answer.status_code in (302, 405)
            assert answer.get("Location", "/accounts/login/").startswith("/accounts/login/")

    def test_lead_to_everything(self, bob: User) -> None:
        page = text(signed_in(bob).get("/settings/"))
        for path in ("/settings/username/", "/settings/close/", "/accounts/email/", "/accounts/two-factor/"):
            assert f'href="{path}"' in page
        assert "Bob" in page and "bob@example.org" in page


class TestChangingTheName:
    def change(self, user: User, username: str) -> Any:
        return signed_in(user).post("/settings/username/", {"username": username})

    def test_gives_the_member_a_new_page_and_the_posts_a_new_name(
        self, aws: Forum, bob: User, client: Client, django_capture_on_commit_callbacks: Any
    ) -> None:
        thread = start_thread(bob, aws)
        assert "/u/Bob/" in text(client.get(page_url(thread)))
        assert 'value="Bob"' in text(signed_in(bob).get("/settings/username/"))
        with django_capture_on_commit_callbacks(execute=True):
            assert self.change(bob, "robert")["Location"] == "/settings/"
        page = text(client.get(page_url(thread)))
        assert "/u/robert/" in page and "/u/Bob/" not in page
        assert client.get("/u/robert/").status_code == 200 and client.get("/u/Bob/")["Location"] == "/u/robert/"

    def test_may_change_the_capitals_of_ones_own(self, bob: User) -> None:
        assert self.change(bob, "bob").status_code == 302
        assert User.objects.get().username == "bob"

    @pytest.mark.parametrize(
        ("username", "sentence"),
        [
            ("ada", "Somebody has this name already"),
            ("ADA", "Somebody has this name already"),
            ("moderator", "kept for the site itself"),
            ("closed-1", "kept for the site itself"),
            ("b", "3 to 30 characters"),
            ("боб", "3 to 30 characters"),
            ("Bob", "This is your username now."),
            ("", "required"),
            ("bo\x00b", "error-summary"),
        ],
        ids=ascii,
    )
    def test_follows_the_rules_of_sign_up(self, ada: User, bob: User, username: str, sentence: str) -> None:
        answer = self.change(bob, username)
        assert answer.status_code == 422 and sentence in text(answer)
        assert User.objects.get(pk=bob.pk).username == "Bob"

    def test_that_loses_a_race_says_so(self, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
        def taken(user: User, username: str) -> None:
            raise IntegrityError

        monkeypatch.setattr(members, "change_username", taken)
        answer = self.change(bob, "robert")
        assert answer.status_code == 422 and "Somebody took this name a moment ago" in text(answer)

    def test_is_possible_a_few_times_a_day(self, bob: User, settings: Any) -> None:
        settings.ACCOUNT_RATE_LIMITS = {"change_username": "2/d/user"}
        statuses = [self.change(bob, f"bob-{number}").status_code for number in range(3)]
        assert statuses == [302, 302, 429]
        assert User.objects.get().username == "bob-1"
        refused = self.change(bob, "robert")
        assert "Please wait 24 hours, then send it again." in text(refused) and 'value="robert"' in text(refused)
        assert int(refused["Retry-After"]) > 80_000


class TestClosingTheAccount:
    def close(self, client: Client, password: str = PASSWORD, **options: Any) -> Any:
        return client.post("/settings/close/", {"password": password, "posts": "keep"}, **options)

    def test_removes_the_person_and_leaves_the_posts(
        self, aws: Forum, bob: User, client: Client, django_capture_on_commit_callbacks: Any
    ) -> None:
        thread = start_thread(bob, aws, body="What Bob wrote.")
        verify_email(bob)
        Authenticator.objects.create(user=bob, type=Authenticator.Type.TOTP, data={"secret": "x"})
        client.get(page_url(thread))
        here, elsewhere = signed_in(bob), signed_in(bob)
        with django_capture_on_commit_callbacks(execute=True):
            answer = self.close(here, follow=True)
        assert answer.redirect_chain == [("/", 302)] and "Your account is closed." in text(answer)
        assert not is_signed_in(here) and not is_signed_in(elsewhere)
        gone = User.objects.get()
        assert gone.username == f"closed-{bob.pk}" and gone.email == "" and not gone.has_usable_password()
        assert not EmailAddress.objects.exists() and not Authenticator.objects.exists()
        page = text(client.get(page_url(thread)))
        assert "What Bob wrote." in page and "Bob</a>" not in page and f"closed-{bob.pk}" not in page

    def test_goes_on_where_somebody_has_the_name_of_the_closed(self, bob: User) -> None:
        for name in (f"closed-{bob.pk}", f"Closed-{bob.pk}-2"):
            make_member(name)
        assert self.close(signed_in(bob)).status_code == 302
        assert User.objects.get(pk=bob.pk).username == f"closed-{bob.pk}-3"

    def test_ends_every_way_back_in(self, bob: User, client: Client) -> None:
        verify_email(bob)
        self.close(signed_in(bob))
        for login in ("bob", "bob@example.org", f"closed-{bob.pk}"):
            sign_in(client, login)
            assert not is_signed_in(client)
        client.post("/accounts/password/reset/", {"email": "bob@example.org"})
        assert all("/password/reset/key/" not in str(message.body) for message in mail.outbox)

    def test_frees_the_name_and_the_address(self, bob: User, client: Client) -> None:
        self.close(signed_in(bob))
        assert sign_up(client, "bob", "bob@example.org").status_code == 302
        assert User.objects.filter(username="bob").exists()

    @pytest.mark.parametrize("password", ["wrong horse", "", "\x00"])
    def test_takes_the_password(self, bob: User, password: str) -> None:
        client = signed_in(bob)
        assert "password" in text(client.get("/settings/close/"))
        assert self.close(client, password).status_code == 422
        assert User.objects.get().is_active and is_signed_in(client)

    def test_is_refused_to_the_only_administrator(self, site: None) -> None:
        root = make_member("root-of-all", is_staff=True, is_superuser=True)
        make_member("gone", is_superuser=True, is_active=False)
        client = signed_in(root)
        for answer in (client.get("/settings/close/"), self.close(client)):
            assert answer.status_code == 403 and "You are the only administrator." in text(answer)
        assert User.objects.get(pk=root.pk).is_active
        make_member("another", is_superuser=True)
        assert self.close(client).status_code == 302


@pytest.mark.parametrize("name", sorted(accounts.RESERVED))
def test_reserved_names_are_written_as_they_are_compared(name: str) -> None:
    assert is_reserved(name) and re.fullmatch("[a-z]+", name)


@pytest.mark.parametrize("name", ["ada", "newton", "administratrix", "helper", "closed", "close-7", "member7"])
def test_names_that_only_begin_like_a_reserved_one_are_free(name: str) -> None:
    assert not is_reserved(name)
