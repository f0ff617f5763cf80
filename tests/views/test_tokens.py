"""Personal tokens: made with the password, shown once, kept as a digest, ended by their owner and with the account."""

import json
import re
import zipfile
from typing import Any

import pytest

from forum import jobs
from forum.actions import leaving, members, tokens
from forum.cache import uses
from forum.models import ApiToken, User
from tests.helpers import make_member, signed_in

PASSWORD = "correct horse"


@pytest.fixture(autouse=True)
def nothing_noted() -> None:
    uses.forget()


def form(**changed: Any) -> dict[str, Any]:
    return {"name": "My script", "scopes": ["read", "write"], "days": "30", "password": PASSWORD, **changed}


def text(answer: Any) -> str:
    return str(answer.content.decode())


class TestMaking:
    def test_shows_the_token_once_and_keeps_no_more_than_a_digest(self, bob: User) -> None:
        browser = signed_in(bob)
        answer = browser.post("/settings/tokens/", form())
        [shown] = re.findall(r"fpt_[\w-]{43}", text(answer))
        assert answer["Cache-Control"] == "no-store"
        stored = ApiToken.objects.get()
        assert stored.digest == tokens.digest_of(shown) and shown not in str(ApiToken.objects.values())
        assert stored.scopes == "read write" and stored.expires is not None
        listed = text(browser.get("/settings/tokens/"))
        assert "My script" in listed and shown not in listed and "Changing your password does not" in listed

    def test_is_in_the_menu_of_the_settings(self, bob: User) -> None:
        browser, entry = signed_in(bob), '<li><a href="/settings/tokens/"'
        assert f"{entry}>Tokens</a>" in text(browser.get("/settings/profile/"))
        assert f'{entry} aria-current="page">Tokens</a>' in text(browser.get("/settings/tokens/"))

    def test_asks_for_the_password_again(self, bob: User) -> None:
        answer = signed_in(bob).post("/settings/tokens/", form(password="wrong horse"))
        assert answer.status_code == 422 and "My script" in text(answer)
        assert not ApiToken.objects.exists()

    @pytest.mark.parametrize(
        "wrong", [{"name": ""}, {"name": "x" * 61}, {"scopes": []}, {"scopes": ["everything"]}, {"days": "soon"}]
    )
    def test_refuses_what_is_no_token(self, wrong: dict[str, Any], bob: User) -> None:
        assert signed_in(bob).post("/settings/tokens/", form(**wrong)).status_code == 422
        assert not ApiToken.objects.exists()

    def test_ends_at_some_number(self, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tokens, "MOST", 1)
        browser = signed_in(bob)
        browser.post("/settings/tokens/", form())
        answer = browser.post("/settings/tokens/", form(name="Another"))
        assert answer.status_code == 403 and "revoke one" in text(answer) and "Another" in text(answer)

    def test_is_told_to_the_member(self, bob: User) -> None:
        browser = signed_in(bob)
        browser.post("/settings/tokens/", form())
        assert "A personal token was made for your account" in text(browser.get("/notifications/"))


class TestEnding:
    def test_is_for_the_owner_alone(self, bob: User) -> None:
        token, secret = tokens.make(bob, "Script", ["read"], None)
        assert signed_in(make_member("cat")).post(f"/settings/tokens/{token.pk}/revoke/").status_code == 404
        assert tokens.find(secret) is not None
        assert signed_in(bob).post(f"/settings/tokens/{token.pk}/revoke/").status_code == 302
        assert tokens.find(secret) is None

    def test_comes_with_the_account(self, bob: User) -> None:
        _, secret = tokens.make(bob, "Script", ["read"], None)
        members.close_account(bob)
        assert tokens.find(secret) is None and not ApiToken.objects.exists()


def test_the_export_tells_of_tokens_and_not_how_they_read(bob: User, settings: Any, tmp_path: Any) -> None:
    settings.EXPORTS_DIR = tmp_path
    _, secret = tokens.make(bob, "Script", ["read"], None)
    job = jobs.run(leaving.start_export(bob).pk, 10)
    archive = leaving.archive_of(job)
    assert archive is not None
    account = zipfile.ZipFile(archive).read("account.json").decode()
    assert json.loads(account)["tokens"][0]["name"] == "Script"
    assert tokens.digest_of(secret) not in account and secret not in account


def test_when_it_was_used_is_saved_by_the_worker(bob: User) -> None:
    token, secret = tokens.make(bob, "Script", ["read"], None)
    tokens.find(secret)
    assert ApiToken.objects.get().last_used is None, "a request writes nothing to the database"
    tokens.save_uses()
    assert ApiToken.objects.get().last_used is not None
