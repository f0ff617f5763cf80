"""A member's language: where it is chosen, what comes in it, and what does not change with it."""

import struct
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail as outbox
from django.test import Client

from forum import jobs, mail
from forum.models import Forum, User
from tests.helpers import reply, signed_in, start_thread
from tests.views.test_mails import later

pytestmark = pytest.mark.django_db(transaction=True)

GERMAN = {"accept-language": "de"}
WORDS = {
    "Hello %(name)s,": "Guten Tag, %(name)s!",
    "Stop these mails": "Keine solchen Mails mehr",
    "Take the tag “%(old)s” off all threads": "Allen Themen das Schlagwort „%(old)s“ nehmen",
    "an act\x04%(did)s %(what)s": "%(what)s %(did)s",
}


def catalogue(words: dict[str, str]) -> bytes:
    """A file of translations as gettext reads them.

    https://www.gnu.org/software/gettext/manual/html_node/MO-Files.html
    """
    head = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=n != 1;\n"
    pairs = sorted((key.encode(), word.encode()) for key, word in {"": head, **words}.items())
    tables, texts, at = [b"", b""], b"", 28 + 16 * len(pairs)
    for side in (0, 1):
        for pair in pairs:
            tables[side] += struct.pack("<2I", len(pair[side]), at + len(texts))
            texts += pair[side] + b"\0"
    sizes = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    return sizes + tables[0] + tables[1] + texts


@pytest.fixture
def german(tmp_path: Path, settings: Any) -> None:
    """With these words instead of what the translators have written."""
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.mo").write_bytes(catalogue(WORDS))
    settings.LOCALE_PATHS = [tmp_path]


def choose(client: Client, code: str) -> None:
    assert client.post("/language/", {"language": code}).status_code == 302


def mail_of(user: User, forum: Forum, writer: User) -> Any:
    """What is sent to this member when another one replies to them."""
    EmailAddress.objects.get_or_create(user=user, email=user.email, verified=True, primary=True)
    reply(writer, start_thread(user, forum))
    outbox.outbox.clear()
    mail.deliver(later())
    [message] = outbox.outbox
    return message


class TestChoosingIt:
    def test_at_the_foot_of_a_page_is_for_the_mails_too(self, ada: User) -> None:
        browser = signed_in(ada)
        choose(browser, "de")
        ada.refresh_from_db()
        assert ada.language == "de"
        page = browser.get("/settings/", headers={"accept-language": "en"}).content.decode()
        assert "Mails an dich: Deutsch." in page
        choose(browser, "auto")
        ada.refresh_from_db()
        assert ada.language == ""

    def test_is_nothing_to_others(self, ada: User, bob: User) -> None:
        choose(Client(), "de")
        choose(signed_in(bob), "de")
        ada.refresh_from_db()
        assert ada.language == ""

    def test_takes_nothing_that_there_is_not(self, ada: User) -> None:
        choose(signed_in(ada), "klingon")
        ada.refresh_from_db()
        assert ada.language == ""


class TestAMail:
    def test_is_in_the_members_language(self, german: None, aws: Forum, ada: User, bob: User) -> None:
        choose(signed_in(ada), "de")
        message = mail_of(ada, aws, bob)
        html = message.alternatives[0][0]
        assert "Guten Tag, ada!" in message.body and 'lang="de"' in html and "Keine solchen Mails mehr" in html

    def test_is_in_the_sites_where_none_was_chosen(self, german: None, aws: Forum, ada: User, bob: User) -> None:
        message = mail_of(ada, aws, bob)
        assert "Hello ada," in message.body and 'lang="en"' in message.alternatives[0][0]

    def test_is_in_the_sites_where_theirs_is_gone(self, german: None, aws: Forum, ada: User, bob: User) -> None:
        User.objects.filter(pk=ada.pk).update(language="tlh")
        assert "Hello ada," in mail_of(ada, aws, bob).body


class TestAPage:
    def test_of_an_account_is_in_it(self, ada: User) -> None:
        page = signed_in(ada).get("/accounts/password/change/", headers=GERMAN).content.decode()
        assert '<html lang="de"' in page and "Aktuelles Passwort" in page

    def test_of_the_administration_is_in_it(self, mod: User) -> None:
        User.objects.filter(pk=mod.pk).update(is_superuser=True)
        page = signed_in(mod).get("/admin/forum/forum/add/", headers=GERMAN).content.decode()
        assert 'value="Speichern"' in page and 'value="Save"' not in page

    def test_of_the_log_tells_in_it_what_was_done(self, german: None, aws: Forum, ada: User, mod: User) -> None:
        User.objects.filter(pk=mod.pk).update(is_superuser=True)
        thread = start_thread(ada, aws)
        reply(ada, thread)
        moderator = signed_in(mod)
        moderator.post(f"/admin/posts/{thread.id}-2/hide/", {"reason": "Not nice", "confirmed": "1"})
        what = f'<a href="/admin/posts/{thread.id}-2/">post 2</a> in “{thread.title}”'
        assert f"hid {what}" in moderator.get("/admin/log/").content.decode()
        # The verb comes last there.
        assert f"{what} hid" in moderator.get("/admin/log/", headers=GERMAN).content.decode()

    def test_calls_a_job_by_it_whoever_began_it(self, german: None, mod: User) -> None:
        User.objects.filter(pk=mod.pk).update(is_superuser=True)
        state = {"old": "tea", "new": "", "reason": ""}
        job = jobs.start("retag", "Take the tag “%(old)s” off all threads", state, about={"old": "tea"}, seconds=0)
        assert job.title == "Take the tag “tea” off all threads"
        moderator = signed_in(mod)
        assert "Take the tag “tea” off all threads" in moderator.get(f"/admin/jobs/{job.pk}/").content.decode()
        page = moderator.get(f"/admin/jobs/{job.pk}/", headers=GERMAN).content.decode()
        assert "Allen Themen das Schlagwort „tea“ nehmen" in page

    def test_calls_a_job_of_before_as_it_was_called(self, mod: User) -> None:
        User.objects.filter(pk=mod.pk).update(is_superuser=True)
        job = jobs.start("retag", "Call the tag “tea” “coffee”", {"old": "tea", "new": "coffee", "reason": ""})
        page = signed_in(mod).get(f"/admin/jobs/{job.pk}/", headers=GERMAN).content.decode()
        assert "Call the tag “tea” “coffee”" in page
