"""A member's page for moderators: what it shows, what can be done there, and who may."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from forum.models import User
from forum.tables import members
from forum.tables.browsing import TOP, list_member_log
from tests.helpers import cost, make_forum, make_member, signed_in

pytestmark = pytest.mark.django_db(transaction=True)

WHY = "Too many adverts."


@pytest.fixture
def office(mod: User) -> Client:
    return signed_in(mod)


@pytest.fixture
def root(site: None) -> User:
    return make_member("root", is_staff=True, is_superuser=True)


def page(user: User, act: str = "") -> str:
    return f"/admin/forum/user/{user.pk}/moderation/{f'{act}/' if act else ''}"


def text(browser: Client, url: str) -> str:
    answer = browser.get(url)
    assert answer.status_code == 200, url
    return answer.content.decode()


def now(user: User) -> User:
    return User.objects.get(pk=user.pk)


def kinds(user: User) -> list[str]:
    return [record.kind for record in list_member_log(str(user.pk), TOP, 50)]


class TestActs:
    @pytest.mark.parametrize("act", ["warn", "silence", "suspend", "note", "trust"])
    def test_each_is_done_on_a_page_that_says_what_it_does(self, act: str, office: Client, ada: User) -> None:
        assert page(ada, act) in text(office, page(ada))
        form = text(office, page(ada, act))
        assert "<textarea" in form and "csrfmiddlewaretoken" in form
        answer = office.post(page(ada, act), {"reason": WHY, "lasts": "7", "level": "4"}, follow=True)
        assert answer.redirect_chain == [(page(ada), 302)] and WHY in answer.content.decode()
        assert kinds(ada) == [act]

    @pytest.mark.parametrize("act", ["warn", "note"])
    def test_a_form_sent_twice_says_it_once_and_other_words_besides(self, act: str, office: Client, ada: User) -> None:
        own = text(office, page(ada, act)).split('name="token" value="')[1].split('"')[0]
        for reason in (WHY, WHY, "And bad manners."):
            assert office.post(page(ada, act), {"reason": reason, "token": own}).status_code == 302
        assert kinds(ada) == [act, act]
        told = text(signed_in(ada), "/notifications/")
        assert told.count(WHY) == told.count("And bad manners.") == (act == "warn")

    def test_all_sessions_end_at_once_and_others_begin(self, office: Client, ada: User) -> None:
        at_home, at_work = signed_in(ada), signed_in(ada)
        assert office.post(page(ada, "end_sessions"), {"reason": "x"}).status_code == 422
        assert at_home.get("/settings/").status_code == 200
        office.post(page(ada, "end_sessions"), {"reason": "A lost telephone."})
        for browser in (at_home, at_work):
            assert "/login/" in browser.get("/settings/")["Location"]
        assert kinds(ada) == ["end sessions"] and not now(ada).suspended
        assert "signed you out everywhere" in text(signed_in(now(ada)), "/notifications/")
        assert "ended all sessions of" in text(office, f"/admin/log/?member={ada.pk}")

    def test_a_silence_lasts_as_long_as_it_was_said(self, office: Client, ada: User) -> None:
        office.post(page(ada, "silence"), {"reason": WHY, "lasts": "7"})
        left = (now(ada).silenced_until or timezone.now()) - timezone.now()
        assert timedelta(days=6, hours=23) < left < timedelta(days=7)
        assert WHY in text(office, page(ada)) and page(ada, "unsilence") in text(office, page(ada))
        office.post(page(ada, "unsilence"), {"seen": seen_by(office, page(ada, "unsilence"))})
        assert not now(ada).silenced and kinds(ada) == ["unsilence", "silence"]
        assert page(ada, "unsilence") not in text(office, page(ada))

    def test_a_suspension_until_a_day_or_for_good(self, office: Client, ada: User) -> None:
        office.post(page(ada, "suspend"), {"reason": WHY, "lasts": "date", "day": "2990-05-04"})
        assert now(ada).suspended_until == datetime(2990, 5, 4, tzinfo=UTC)
        seen = seen_by(office, page(ada, "suspend"))
        office.post(page(ada, "suspend"), {"reason": WHY, "lasts": "good", "seen": seen})
        assert "suspended until: 4 May 2990, 00:00 UTC → for good" in text(office, page(ada))
        assert now(ada).session_epoch == 2
        seen = seen_by(office, page(ada, "unsuspend"))
        office.post(page(ada, "unsuspend"), {"reason": "A mistake.", "seen": seen})
        assert not now(ada).suspended and kinds(ada) == ["unsuspend", "suspend", "suspend"]

    def test_trust_is_set_to_stay_or_to_rise(self, office: Client, ada: User) -> None:
        office.post(page(ada, "trust"), {"reason": WHY, "level": "2", "fixed": "on"})
        assert (now(ada).trust, now(ada).trust_fixed) == (2, True)
        assert "Member, fixed by hand" in text(office, page(ada))
        office.post(page(ada, "trust"), {"reason": WHY, "level": "1"})
        assert (now(ada).trust, now(ada).trust_fixed) == (1, False)

    def test_a_note_is_for_moderators_alone(self, office: Client, ada: User) -> None:
        office.post(page(ada, "note"), {"reason": "Knows the founder."})
        assert "Knows the founder." in text(office, page(ada))
        member = signed_in(ada)
        assert all(
            "Knows the founder." not in text(member, url) for url in ("/notifications/", "/u/ada/", "/settings/")
        )
        assert members.get_inbox(str(ada.pk)).unread == 0


class TestWhatIsRefused:
    @pytest.mark.parametrize("act", ["warn", "silence", "suspend", "note", "trust"])
    @pytest.mark.parametrize("reason", ["", "no", "x" * 501, "   "])
    def test_no_reason(self, act: str, reason: str, office: Client, ada: User) -> None:
        answer = office.post(page(ada, act), {"reason": reason, "lasts": "7", "level": "1"})
        assert answer.status_code == 422 and reason in answer.content.decode() and kinds(ada) == []

    @pytest.mark.parametrize("act", ["warn", "silence", "suspend", "note", "end_sessions", "trust"])
    @pytest.mark.parametrize("reason", ["\u200b" * 5, "Spam\x07it is", "\u2800\u2800\u2800"])
    def test_a_reason_that_cannot_be_seen(self, act: str, reason: str, office: Client, ada: User) -> None:
        answer = office.post(page(ada, act), {"reason": reason, "lasts": "7", "level": "1"})
        assert answer.status_code == 422 and kinds(ada) == []

    @pytest.mark.parametrize(
        "sent",
        [
            {"lasts": "date"},
            {"lasts": "date", "day": "2001-01-01"},
            {"lasts": "date", "day": "9999-12-31"},
            {"lasts": "date", "day": "tomorrow"},
            {"lasts": "0"},
            {"lasts": "-7"},
            {"lasts": ""},
            {"lasts": "good"},
        ],
    )
    def test_no_length_that_makes_sense(self, sent: dict[str, str], office: Client, ada: User) -> None:
        answer = office.post(page(ada, "silence"), {"reason": WHY, **sent})
        assert answer.status_code == 422 and WHY in answer.content.decode() and not now(ada).silenced

    @pytest.mark.parametrize("level", ["", "5", "-1", "x"])
    def test_no_level_that_there_is(self, level: str, office: Client, ada: User) -> None:
        assert office.post(page(ada, "trust"), {"reason": WHY, "level": level}).status_code == 422

    def test_ending_what_has_ended(self, office: Client, ada: User) -> None:
        for act in ("unsilence", "unsuspend"):
            assert office.post(page(ada, act), {}).status_code == 409

    def test_what_is_not_there(self, office: Client, ada: User) -> None:
        for url in (page(ada, "promote"), "/admin/forum/user/999999999/moderation/"):
            assert office.get(url).status_code == 404
        assert office.get(page(ada), {"before": "x"}).status_code == 400
        assert office.post(page(ada)).status_code == 405


class TestTwoModeratorsAtOneMember:
    @pytest.mark.parametrize("act", ["silence", "suspend"])
    def test_the_second_is_told_what_stands_and_nothing_is_lost(self, act: str, office: Client, ada: User) -> None:
        second = signed_in(make_member("colleague", is_staff=True, is_superuser=True))
        seen = seen_by(second, page(ada, act))
        office.post(page(ada, act), {"reason": "Adverts for watches.", "lasts": "90", "seen": seen})
        stands = now(ada)

        late = second.post(page(ada, act), {"reason": "A bit rude.", "lasts": "1", "seen": seen})
        told = late.content.decode()
        assert late.status_code == 409 and "mod has" in told and "Adverts for watches." in told
        assert "A bit rude." in told and "At present:" in told
        assert sanction(now(ada)) == sanction(stands) and kinds(ada) == [act]

        after = {"reason": "A bit rude.", "lasts": "1", "seen": hidden(told)}
        assert second.post(page(ada, act), after).status_code == 302
        assert sanction(now(ada)) != sanction(stands) and kinds(ada) == [act, act]

    def test_the_same_length_for_another_reason_is_another(self, office: Client, ada: User) -> None:
        office.post(page(ada, "suspend"), {"reason": "Adverts.", "lasts": "good"})
        late = office.post(page(ada, "suspend"), {"reason": "Spite.", "lasts": "good"})
        assert late.status_code == 409 and now(ada).suspension_reason == "Adverts."

    def test_nobody_ends_what_they_have_not_seen(self, office: Client, ada: User) -> None:
        office.post(page(ada, "suspend"), {"reason": "Rude.", "lasts": "1"})
        seen = seen_by(office, page(ada, "unsuspend"))
        longer = {"reason": "Very rude.", "lasts": "good", "seen": seen_by(office, page(ada, "suspend"))}
        assert office.post(page(ada, "suspend"), longer).status_code == 302
        assert office.post(page(ada, "unsuspend"), {"seen": seen}).status_code == 409 and now(ada).suspended


def seen_by(browser: Client, url: str) -> str:
    return hidden(text(browser, url))


def hidden(shown: str) -> str:
    """What a form says it has seen of the sanction that stands."""
    field = re.findall(r'<input[^>]*name="seen"[^>]*>', shown)[0]
    return "".join(re.findall(r'value="(.*?)"', field))


def sanction(user: User) -> tuple[Any, ...]:
    return user.silenced_until, user.silence_reason, user.suspended_until, user.suspension_reason


class TestWhoMay:
    def test_moderators_who_may_not_touch_accounts(self, office: Client, mod: User, ada: User) -> None:
        assert not mod.has_perm("forum.view_user")
        shown = text(office, page(ada))
        assert ada.email not in shown and f"/admin/forum/user/{ada.pk}/change/" not in shown
        assert office.get(f"/admin/forum/user/{ada.pk}/change/").status_code == 403

    def test_not_members_nor_moderators_of_one_forum(self, ada: User, bob: User) -> None:
        watch = Group.objects.create(name="watch")
        make_forum("watched").moderator_groups.add(watch)
        bob.groups.add(watch)
        for who in (ada, bob):
            for url in (page(ada), page(ada, "warn")):
                answer = signed_in(who).get(url, follow=True)
                assert answer.status_code == 403
                assert signed_in(who).post(url, {"reason": WHY}, follow=True).status_code == 403
        assert Client().get(page(ada)).status_code == 302 and kinds(ada) == []

    def test_staff_without_the_right_may_not(self, mod: User, ada: User) -> None:
        mod.groups.clear()
        assert signed_in(mod).get(page(ada)).status_code == 403

    @pytest.mark.parametrize("whom", ["mod", "root", "other"])
    def test_nobody_to_themselves_or_to_their_like(self, whom: str, office: Client, mod: User, root: User) -> None:
        user = {"mod": mod, "root": root, "other": make_member("other", is_staff=True)}[whom]
        assert "What you can do" in text(office, page(user)) and page(user, "warn") not in text(office, page(user))
        assert office.get(page(user, "warn")).status_code == 403
        assert office.post(page(user, "warn"), {"reason": WHY}).status_code == 403
        assert kinds(user) == []

    def test_an_administrator_to_moderators(self, root: User, mod: User) -> None:
        assert signed_in(root).post(page(mod, "warn"), {"reason": WHY}).status_code == 302
        assert kinds(mod) == ["warn"]


class TestWays:
    def test_from_the_members_public_page_for_moderators_alone(self, office: Client, ada: User, bob: User) -> None:
        for _ in range(2):
            assert page(ada) in text(office, "/u/ada/")
            assert page(ada) not in text(signed_in(bob), "/u/ada/")
            assert page(ada) not in text(Client(), "/u/ada/")

    def test_from_the_account_in_the_administration(self, root: User, ada: User) -> None:
        browser = signed_in(root)
        assert page(ada) in text(browser, f"/admin/forum/user/{ada.pk}/change/")
        assert f"/admin/forum/user/{ada.pk}/change/" in text(browser, page(ada))

    def test_accounts_are_listed_by_standing(self, root: User, ada: User, bob: User) -> None:
        browser = signed_in(root)
        browser.post(page(ada, "silence"), {"reason": WHY, "lasts": "7"})
        rows = re.compile(r'<th class="field-username">.*?>(\w+)</a>')
        assert rows.findall(text(browser, "/admin/forum/user/?standing=silenced")) == ["ada"]
        assert rows.findall(text(browser, "/admin/forum/user/?standing=suspended")) == []
        assert {"ada", "Bob"} <= set(rows.findall(text(browser, "/admin/forum/user/?trust__exact=0")))


class TestStanding:
    def test_lists_who_is_silenced_or_suspended_now(self, office: Client, ada: User, bob: User, mod: User) -> None:
        assert "Nobody is silenced or suspended now." in text(office, "/admin/standing/")
        office.post(page(ada, "silence"), {"reason": "Too many adverts.", "lasts": "7"})
        office.post(page(bob, "suspend"), {"reason": "Threats.", "lasts": "good"})
        User.objects.filter(pk=mod.pk).update(silenced_until=timezone.now() - timedelta(days=1))
        shown = text(office, "/admin/standing/")
        assert page(ada) in shown and "Too many adverts." in shown and "for good: Threats." in shown
        assert page(mod) not in shown and "/admin/standing/" in text(office, "/admin/")


class TestHistory:
    def test_goes_on_page_by_page(self, office: Client, ada: User) -> None:
        for number in range(28):
            office.post(page(ada, "note"), {"reason": f"Note {number}."})
        first = text(office, page(ada))
        assert "Note 27." in first and "Note 3." in first and "Note 2." not in first
        older = re.findall(r'href="(\?before=[^"]+)">Older', first)[0]
        assert "Note 2." in text(office, page(ada) + older) and "Note 3." not in text(office, page(ada) + older)

    def test_costs_one_query(self, office: Client, ada: User) -> None:
        office.get(page(ada))
        with cost() as spent:
            office.get(page(ada))
        assert spent.dynamodb.calls == ["Query"]

    def test_names_nothing_of_a_forum_that_the_moderator_may_not_read(self, ada: User, site: None, mod: User) -> None:
        from forum.tables.base import commit
        from forum.tables.moderation import new_act, post_subject

        make_forum("secret", read_access="groups")
        act: Any = new_act(post_subject("0" * 26, 1), "hide", "", "A secret.", forum="secret", member_id=str(ada.pk))
        commit(puts=[(act, None)])
        assert "A secret." in text(signed_in(mod), page(ada)), "moderators of all forums read them"
        rights = mod.groups.get().permissions.all()
        mod.user_permissions.set(rights.exclude(codename="moderate_forum"))
        mod.groups.clear()
        assert "A secret." not in text(signed_in(now(mod)), page(ada))

    def test_is_there_when_the_account_is_closed(self, office: Client, ada: User) -> None:
        ada.is_active = False
        ada.save()
        shown = text(office, page(ada))
        assert "closed" in shown and page(ada, "note") in shown and page(ada, "silence") not in shown
