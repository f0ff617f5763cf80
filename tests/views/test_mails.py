"""Mails about notes: to whom, about what, when, how often, and how to stop them."""

import re
from datetime import UTC, datetime, timedelta
from smtplib import SMTPRecipientsRefused
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail as outbox
from django.core.mail import BadHeaderError, EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client

from forum import mail, unsubscribing
from forum.actions import notes, watching
from forum.errors import Unavailable
from forum.models import Forum, User
from forum.tables import mails, watches
from forum.tables.members import Item
from forum.tables.threads import Thread
from tests.helpers import page_url, renew, reply, signed_in, start_thread

pytestmark = pytest.mark.django_db(transaction=True)


def later(**time: float) -> datetime:
    return datetime.now(UTC) + timedelta(**(time or {"minutes": 6}))


def sent(**time: float) -> list[Any]:
    """What goes out by then."""
    outbox.outbox.clear()
    mail.deliver(later(**time))
    return list(outbox.outbox)


def waits(**time: float) -> list[Item]:
    """What waits to be sent until then."""
    return [each for number in range(mails.PARTITIONS) for each in mails.list_due(number, later(**time), 200)]


def choose(user: User, mode: str, *kinds: str) -> None:
    fields = {"mail": mode, "kinds": kinds or ("mention", "quote", "reply", "like", "moderation"), "watches_own": "on"}
    assert signed_in(user).post("/settings/notifications/", fields).status_code == 302


@pytest.fixture
def ada(ada: User) -> User:
    """With a confirmed address."""
    EmailAddress.objects.create(user=ada, email=ada.email, verified=True, primary=True)
    return ada


@pytest.fixture
def thread(aws: Forum, ada: User) -> Thread:
    return start_thread(ada, aws, "Grinders")


class TestAMail:
    def test_tells_what_happened_and_shows_the_post(self, thread: Thread, ada: User, bob: User) -> None:
        reply(bob, thread, "Mine is <b>loud</b>.")
        [message] = sent()
        assert message.to == [ada.email] and message.subject.endswith("Bob replied in your thread “Grinders”")
        assert "Mine is <b>loud</b>." in message.body and f"/p/{thread.id}/2/" in message.body
        html = message.alternatives[0][0]
        assert "&lt;b&gt;loud" in html and "<b>" not in html

    def test_goes_out_once(self, thread: Thread, bob: User) -> None:
        reply(bob, thread)
        assert len(sent()) == 1 and sent() == [] and sent(days=1) == []

    def test_waits_some_minutes(self, thread: Thread, bob: User) -> None:
        reply(bob, thread)
        assert sent(minutes=4) == [] and len(sent()) == 1

    def test_belongs_to_its_thread(self, thread: Thread, bob: User) -> None:
        reply(bob, thread)
        reply(bob, thread, "And you, @ada?")
        first, second = sent()
        assert (
            first.extra_headers["References"]
            == second.extra_headers["References"]
            == (f"<thread-{thread.id}@127.0.0.1>")
        )
        assert first.extra_headers["Message-ID"] != second.extra_headers["Message-ID"]

    def test_is_one_for_what_is_gathered(self, thread: Thread, bob: User, mod: User) -> None:
        reply(bob, thread)
        reply(mod, thread)
        [message] = sent()
        assert "mod and 1 other replied" in message.body

    def test_about_moderation_is_sent_too(self, ada: User) -> None:
        notes.tell(str(ada.pk), "warn", "Please be kind.")
        [message] = sent()
        assert "Please be kind." in message.body and "/notifications/" in message.body


class TestNoMail:
    def test_is_sent_about_what_was_read(self, thread: Thread, ada: User, bob: User) -> None:
        reply(bob, thread)
        page = signed_in(ada).get("/notifications/").content.decode()
        signed_in(ada).get(re.findall(r'href="(/notifications/2[^"]+)"', page)[0])
        assert sent() == []

    def test_is_sent_to_whom_it_may_not(self, thread: Thread, ada: User, bob: User) -> None:
        for change in ({"is_active": False}, {"suspended_until": later(days=3)}, {"email": "other@example.org"}):
            before = {name: getattr(ada, name) for name in change}
            notes.tell(str(ada.pk), "warn", "Hello.")
            User.objects.filter(pk=ada.pk).update(**change)
            assert sent() == [], change
            User.objects.filter(pk=ada.pk).update(**before)
        EmailAddress.objects.update(verified=False)
        notes.tell(str(ada.pk), "warn", "Hello.")
        assert sent() == []

    def test_is_sent_about_a_forum_that_the_member_may_not_read_any_more(
        self, thread: Thread, aws: Forum, bob: User
    ) -> None:
        reply(bob, thread)
        aws.read_access = "groups"
        aws.save()
        renew()
        assert sent() == []

    def test_is_sent_about_a_post_that_is_gone(self, thread: Thread, bob: User) -> None:
        reply(bob, thread)
        assert signed_in(bob).post(f"/f/aws/{thread.id}/2/delete/").status_code == 302
        assert sent() == []

    def test_is_sent_of_a_kind_or_at_all_if_the_member_says_so(self, thread: Thread, ada: User, bob: User) -> None:
        choose(ada, "each", "mention")
        reply(bob, thread)
        assert sent() == []
        choose(ada, "never")
        reply(bob, thread, "@ada!")
        assert sent() == []


class TestTheMailOfTheDay:
    def test_holds_what_was_not_read(self, thread: Thread, ada: User, bob: User) -> None:
        choose(ada, "daily")
        reply(bob, thread)
        reply(bob, thread, "And you, @ada?")
        assert sent() == []
        [message] = sent(hours=24)
        assert "mentioned you" in message.body and "replied in your thread" in message.body
        assert sent(hours=25) == []

    def test_holds_what_is_new_in_watched_threads(self, aws: Forum, ada: User, bob: User) -> None:
        thread = start_thread(bob, aws, "Beans")
        signed_in(ada).post(f"/f/aws/{thread.id}/watch/", {"level": "watching"})
        choose(ada, "daily", "watched")
        reply(bob, thread)
        [message] = sent(hours=24)
        assert "“Beans”" in message.body

    def test_comes_again_after_a_day_on_which_it_could_not(self, ada: User) -> None:
        """Nothing is written when somebody posts in what is watched, so nothing else would begin it again."""
        choose(ada, "daily", "watched")
        User.objects.filter(pk=ada.pk).update(suspended_until=later(hours=30))
        assert sent(hours=24) == []
        assert [mails.subject_of(each) for each in waits(hours=48)] == ["daily"]

    def test_comes_again_after_a_worker_was_away_for_a_week(self, aws: Forum, ada: User, bob: User) -> None:
        thread = start_thread(bob, aws, "Beans")
        signed_in(ada).post(f"/f/aws/{thread.id}/watch/", {"level": "watching"})
        choose(ada, "daily", "watched")
        old = datetime.now(UTC) - timedelta(days=7)
        for waiting in waits(days=2):
            mails.remove(waiting)
        mails.put_next(str(ada.pk), mails.SUMMARY, old)
        assert sent(minutes=0) == [], "too old to be sent"
        [waiting] = waits(days=2)
        assert mails.due_of(waiting) > datetime.now(UTC)
        reply(bob, thread)
        assert len(sent(days=1)) == 1

    def test_ends_with_the_account_and_with_the_wish(self, ada: User) -> None:
        choose(ada, "daily", "watched")
        User.objects.filter(pk=ada.pk).update(is_active=False)
        assert sent(hours=24) == [] and waits(days=9) == []
        User.objects.filter(pk=ada.pk).update(is_active=True)
        choose(ada, "daily", "watched")
        choose(ada, "never")
        assert sent(hours=24) == [] and waits(days=9) == []

    def test_holds_what_is_new_in_watched_forums(self, aws: Forum, ada: User, bob: User) -> None:
        signed_in(ada).post("/f/aws/watch/", {"level": "watching"})
        choose(ada, "daily", "watched")
        start_thread(bob, aws, "Kettles")
        quiet = start_thread(bob, aws, "Tea")
        signed_in(ada).post(f"/f/aws/{quiet.id}/watch/", {"level": "muted"})
        [message] = sent(hours=24)
        assert "“Kettles”" in message.body and "“Tea”" not in message.body


class TestTheMailOfTheHour:
    """About what is watched, for those who want a mail for each thing."""

    def test_holds_what_is_new_and_not_read(self, aws: Forum, ada: User, bob: User) -> None:
        thread = start_thread(bob, aws, "Beans")
        signed_in(ada).post(f"/f/aws/{thread.id}/watch/", {"level": "watching"})
        choose(ada, "each", "watched")
        reply(bob, thread)
        [message] = sent(hours=1)
        assert message.subject.endswith("in “Beans”") and f"/f/aws/{thread.id}/unread/" in message.body
        assert sent(hours=2) == [] and len(waits(hours=4)) == 1, "nothing is new, and the next hour is looked at"
        reply(bob, thread)
        signed_in(ada).get(page_url(thread))
        assert sent(hours=3) == [], "it has been read"

    def test_is_for_whom_has_chosen_it(self, thread: Thread, ada: User, bob: User) -> None:
        choose(ada, "each")
        assert [mails.subject_of(each) for each in waits(hours=2)] == []


class TestStopping:
    def stop_url(self, message: Any) -> str:
        assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        return "/" + message.extra_headers["List-Unsubscribe"].strip("<>").split("/", 3)[3]

    def test_takes_one_click_without_signing_in(self, thread: Thread, ada: User, bob: User) -> None:
        reply(bob, thread)
        url = self.stop_url(sent()[0])
        stranger = Client(enforce_csrf_checks=True)
        page = stranger.get(url).content.decode()
        assert "Stop these mails?" in page and "replies in a thread of yours" in page
        notes.tell(str(ada.pk), "warn", "Hello.")
        assert len(sent()) == 1, "looking has changed nothing"
        assert stranger.post(url, {"List-Unsubscribe": "One-Click"}).status_code == 200
        signed_in(ada).post("/notifications/read/", {"newest": "2036-01-01T00:00:00.000000Z~aaaaaaaa"})
        page = signed_in(ada).get("/settings/notifications/").content.decode()
        assert re.search(r'value="reply"[^>]*checked', page) is None and re.search(r'value="mention"[^>]*checked', page)

    def test_at_the_same_moment_as_a_mail_comes_back_loses_neither(
        self, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        user_id, before = str(ada.pk), watches.get_settings(str(ada.pk))
        watching.note_bounced(user_id, ada.email)
        with monkeypatch.context() as patched:
            patched.setattr(watches, "get_settings", lambda _: before)
            watching.stop_mails(user_id, "reply")
            watching.stop_mails(user_id, "mention")
            watching.stop_mails(user_id, "all")
        now = watches.get_settings(user_id)
        assert (now.mail, now.bounced) == ("never", ada.email)
        assert now.mail_kinds == before.mail_kinds - {"reply", "mention"}

    @pytest.mark.parametrize("kind", ["reply", "all"])
    def test_page_asks_until_they_are_stopped(self, kind: str, ada: User) -> None:
        url = f"/unsubscribe/{unsubscribing.token(str(ada.pk), kind)}/"
        assert "Stop these mails?" in Client().get(url).content.decode()
        Client().post(url)
        assert "You get no more of these mails" in Client().get(url).content.decode()

    def test_stores_nothing_of_a_closed_account(self, thread: Thread, ada: User, bob: User) -> None:
        reply(bob, thread)
        url = self.stop_url(sent()[0])
        form = {"password": "correct horse", "posts": "keep"}
        assert signed_in(ada).post("/settings/close/", form).status_code == 302
        for kind in (url, url.replace("reply", "all")):
            Client().post(kind)
        watching.note_bounced(str(ada.pk), ada.email)
        assert list(Item.query(str(ada.pk))) == []

    def test_takes_the_right_signature(self, ada: User) -> None:
        assert Client().post("/unsubscribe/1.all/").status_code == 404
        assert Client().get(f"/unsubscribe/{ada.pk}.all:abc/").status_code == 404


class TestTheServer:
    def test_that_is_away_gets_the_mail_later(self, thread: Thread, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
        def away(self: Any) -> None:
            raise ConnectionRefusedError("nobody there")

        reply(bob, thread)
        with monkeypatch.context() as patched:
            patched.setattr(EmailBackend, "open", away, raising=False)
            assert sent() == []
        assert sent() == [] and len(sent(minutes=20)) == 1

    def test_that_is_away_is_asked_once(self, thread: Thread, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[int] = []

        def away(self: Any) -> None:
            asked.append(1)
            raise ConnectionRefusedError("nobody there")

        reply(bob, thread)
        reply(bob, thread, "And you, @ada?")
        with monkeypatch.context() as patched:
            patched.setattr(EmailBackend, "open", away, raising=False)
            assert not mail.deliver(later()) and len(asked) == 1
        assert len(sent(minutes=20)) == 2

    def test_and_the_store_away_together_cost_one_mail(
        self, thread: Thread, bob: User, monkeypatch: pytest.MonkeyPatch, caplog: Any
    ) -> None:
        def away(*_: object) -> None:
            raise SMTPRecipientsRefused({"ada": (451, b"later")})

        def broken(*_: object) -> None:
            raise Unavailable("The post store does not answer.")

        reply(bob, thread)
        reply(bob, thread, "And you, @ada?")
        with monkeypatch.context() as patched:
            patched.setattr(EmailMessage, "send", away)
            patched.setattr(mails, "put_again", broken)
            assert mail.deliver(later()), "it went through both"
        assert caplog.text.count("is lost") == 2

    def test_that_knows_no_such_address_is_not_asked_again(
        self, thread: Thread, ada: User, bob: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refused(self: EmailMessage, fail_silently: bool = False) -> int:
            raise SMTPRecipientsRefused({ada.email: (550, b"no such user")})

        reply(bob, thread)
        with monkeypatch.context() as patched:
            patched.setattr(EmailMessage, "send", refused)
            assert sent() == []
        notes.tell(str(ada.pk), "warn", "Hello.")
        assert sent() == []
        assert "came back" in signed_in(ada).get("/settings/notifications/").content.decode()
        choose(ada, "each")
        notes.tell(str(ada.pk), "warn", "Hello again.")
        assert len(sent()) == 1


def test_a_mail_that_cannot_be_made_is_no_other_mails_fault(
    thread: Thread, bob: User, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    made = mail._message

    def broken_once(*arguments: Any) -> Any:
        monkeypatch.setattr(mail, "_message", made)
        raise BadHeaderError("a newline")

    reply(bob, thread)
    reply(bob, thread, "And you, @ada?")
    monkeypatch.setattr(mail, "_message", broken_once)
    assert len(sent()) == 1 and "could not be made" in caplog.text


def test_mails_that_have_expired_do_not_stand_in_the_way(thread: Thread, ada: User, bob: User) -> None:
    """The embedded engine keeps them for ever."""
    old = datetime.now(UTC) - timedelta(days=9)
    for number in range(120):
        mails_of = f"MAIL#{ada.pk % mails.PARTITIONS}"
        due = old + timedelta(seconds=number)
        Item(mails_of, f"{due:%Y-%m-%dT%H:%M:%S.%fZ}#{ada.pk}#abcdefgh", expires_at=due + mails.LIFE).save()
    reply(bob, thread)
    assert len(sent()) == 1 and waits() == []


def test_of_two_senders_one_sends(thread: Thread, bob: User) -> None:
    reply(bob, thread)
    [waiting] = waits()
    assert mails.remove(waiting) and not mails.remove(waiting)
    assert sent() == []


class TestSettings:
    def test_say_what_is_wrong(self, ada: User) -> None:
        answer = signed_in(ada).post("/settings/notifications/", {"mail": "hourly", "kinds": ["gossip"]})
        assert answer.status_code == 422 and "Please look at this again" in answer.content.decode()

    def test_need_a_member(self, site: None) -> None:
        assert Client().get("/settings/notifications/")["Location"].startswith("/accounts/login/")
