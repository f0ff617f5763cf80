"""Text that was sent after the session had ended: its writer finds it again, and nobody else does."""

import re
from datetime import date
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from forum.models import Forum, User
from forum.permissions import FOREVER
from forum.tables import posts, threads
from forum.tables.threads import Thread
from tests.helpers import reply, signed_in, start_thread, token

MESSAGE = {"to": "Bob", "title": "Between us", "body": "Nobody else may read this."}


def sends_too_late(user: User, url: str, **fields: Any) -> tuple[Client, str]:
    """The browser in which a form was sent after its session had ended, and the sign-in page that it was led to."""
    browser = signed_in(user)
    browser.get(url)
    del browser.cookies[settings.SESSION_COOKIE_NAME]
    answer = browser.post(url, fields)
    assert answer.status_code == 302 and "/login/?next=" in answer["Location"], answer
    place = answer["Location"]
    # The administration has a sign-in page that leads to the site's.
    return browser, browser.get(place)["Location"] if place.startswith("/admin/") else place


def signs_in(browser: Client, sign_in_url: str, user: User) -> HttpResponse:
    """The page that signing in leads to."""
    return browser.post(sign_in_url, {"login": user.username, "password": "correct horse"}, follow=True)


def text(answer: HttpResponse) -> str:
    return answer.content.decode()


def ticked(answer: HttpResponse) -> str:
    """The boxes of a page that are ticked, each as name=value."""
    boxes = [box for box in re.findall(r"<input[^>]*>", text(answer)) if re.search(r"\schecked\b", box)]
    found = [dict(re.findall(r'(\w+)="([^"]*)"', box)) for box in boxes]
    return " ".join(f"{box['name']}={box.get('value', 'on')}" for box in found)


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


class TestOtherForms:
    """What moderators and those who report type is no less work than a post."""

    @pytest.fixture
    def thread(self, aws: Forum, ada: User, bob: User) -> Thread:
        begun = start_thread(ada, aws, "The thread", "The first post.")
        reply(bob, begun, "Bob sells pills.")
        reply(bob, begun, "And watches.")
        return threads.get_thread("aws", begun.id)

    @pytest.mark.parametrize(
        ("page", "fields"),
        [
            ("/f/aws/{thread}/2/hide/", {"ready": "Spam or advertising", "reason": "For the third time."}),
            ("/f/aws/{thread}/hide/", {"reason": "For the third time."}),
            ("/f/aws/{thread}/rename/", {"title": "A better name", "reason": "For the third time."}),
            ("/f/aws/{thread}/split/", {"title": "A better name", "reason": "For the third time.", "post": ["2", "3"]}),
            ("/f/aws/{thread}/merge/", {"into": "nowhere at all", "reason": "For the third time."}),
            ("/admin/posts/{thread}-2/hide/", {"reason": "For the third time."}),
            ("/admin/threads/{thread}/rename/", {"title": "A better name", "reason": "For the third time."}),
            ("/admin/forum/user/{member}/moderation/warn/", {"reason": "For the third time."}),
            ("/admin/forum/user/{member}/moderation/note/", {"reason": "For the third time."}),
            ("/admin/forum/user/{member}/moderation/silence/", {"lasts": "14", "reason": "For the third time."}),
            ("/admin/forum/user/{member}/nuke/", {"reason": "For the third time."}),
            ("/admin/tags/", {"old": "dynamodb", "new": "dynamo", "reason": "For the third time."}),
        ],
    )
    def test_give_a_moderators_words_back(
        self, thread: Thread, mod: User, bob: User, page: str, fields: dict[str, Any]
    ) -> None:
        url = page.format(thread=thread.id, member=bob.pk)
        assert signed_in(mod).get(url).status_code == 200, url
        form = text(signed_in(mod).get(url))
        own = form.split('name="token" value="')[1].split('"')[0]
        browser, sign_in = sends_too_late(mod, url, **fields, token=own)
        assert "It is kept: sign in as who wrote it" in text(browser.get(sign_in))
        again = signs_in(browser, sign_in, mod)
        assert again.status_code == 200 and again.wsgi_request.path == url
        for words in fields.values():
            shown = [f'value="{each}" checked' for each in words] if isinstance(words, list) else [words]
            assert all(each in text(again) for each in shown), words
        assert "14" not in fields.get("lasts", "") or 'value="14" selected' in text(again)

    def test_give_a_report_back(self, thread: Thread, ada: User) -> None:
        url = f"/f/aws/{thread.id}/2/report/"
        fields = {"kind": "Something else", "words": "He means no pills.", "token": token(ada)}
        again = text(signs_in(*sends_too_late(ada, url, **fields), ada))
        assert "He means no pills." in again and again.count(" checked") == 1

    def test_give_a_moderators_reason_back_at_its_case(self, thread: Thread, mod: User, ada: User) -> None:
        signed_in(ada).post(f"/f/aws/{thread.id}/2/report/", {"kind": "Something else", "words": "Pills."})
        queue = "/admin/moderation/queue/"
        subject = text(signed_in(mod).get(queue)).split('name="subject" value="')[1].split('"')[0]
        fields = {"subject": subject, "act": "agree", "reason": "He sells pills.", "token": token(mod)}
        again = text(signs_in(*sends_too_late(mod, queue, **fields), mod))
        assert "nothing was done yet" in again and "He sells pills.</textarea>" in again

    def test_give_the_selected_rows_back_with_the_question(self, thread: Thread, mod: User) -> None:
        selected = ["|".join(posts.get_post_of(thread, number).key) for number in (2, 3)]
        fields = {"action": "hide", "_selected_action": selected, "token": token(mod)}
        browser, sign_in = sends_too_late(mod, "/admin/posts/", **fields, reason="Both are spam.")
        again = text(signs_in(browser, sign_in, mod))
        assert "Both are spam." in again and "2 posts are concerned" in again
        assert "Both are spam." not in text(browser.get("/admin/posts/")), "and then the list is the list again"

    def test_hold_it_no_longer_once_it_has_arrived(self, thread: Thread, mod: User) -> None:
        url = f"/f/aws/{thread.id}/2/hide/"
        browser, sign_in = sends_too_late(mod, url, reason="Selling pills.", token=token(mod))
        signs_in(browser, sign_in, mod)
        assert browser.post(url, {"reason": "Selling pills."}).status_code == 302
        assert "Selling pills." not in text(browser.get(f"/f/aws/{thread.id}/2/delete/"))
        assert "kept" not in browser.session

    def test_give_an_edit_back(self, thread: Thread, bob: User) -> None:
        url = f"/f/aws/{thread.id}/2/edit/"
        own = text(signed_in(bob).get(url)).split('name="token" value="')[1].split('"')[0]
        browser, sign_in = sends_too_late(bob, url, body="He sold pills.", revision="1", token=own)
        assert "He sold pills.</textarea>" in text(signs_in(browser, sign_in, bob))
        assert browser.post(url, {"body": "He sold pills.", "revision": "1"}).status_code == 302
        assert (
            "He sold pills." not in text(browser.get(f"/f/aws/{thread.id}/1/edit/")) and "kept" not in browser.session
        )

    def test_give_the_edit_of_a_message_back(self, ada: User, bob: User) -> None:
        sent = signed_in(ada).post("/messages/new/", {**MESSAGE, "token": token(ada)})
        url = sent["Location"].partition("?")[0] + "1/edit/"
        own = text(signed_in(ada).get(url)).split('name="token" value="')[1].split('"')[0]
        again = text(signs_in(*sends_too_late(ada, url, body="On Friday?", revision="1", token=own), ada))
        assert "On Friday?</textarea>" in again

    def test_give_all_that_was_chosen_for_a_poll_back(self, aws: Forum, ada: User) -> None:
        poll = {"poll_question": "Tea?", "poll_options": "Yes\nNo", "poll_several": "on", "poll_shows": "voted"}
        fields = {"title": "Breakfast", "body": "What shall it be?", "poll_closes": str(date.today()), **poll}
        again = signs_in(*sends_too_late(ada, "/f/aws/new/", **fields, token=token(ada, aws)), ada)
        assert "Tea?" in text(again) and ticked(again) == "poll_several=on"
        assert f'value="{date.today()}"' in text(again) and 'value="voted" selected' in text(again)

    def test_give_a_poll_back_as_its_writer_had_changed_it(self, aws: Forum, ada: User) -> None:
        poll = {"poll_question": "Tea?", "poll_options": "Yes\nNo", "poll_several": "on"}
        fields = {"title": "Breakfast", "body": "What shall it be?", "token": token(ada, aws)}
        url = signed_in(ada).post("/f/aws/new/", fields | poll)["Location"].rpartition("/breakfast/")[0] + "/1/edit/"
        sent = {"title": "Breakfast", "body": "Tea?", "poll_question": "Coffee?", "poll_options": "Yes\nNo"}
        again = signs_in(*sends_too_late(ada, url, **sent, revision="1", token=token(ada)), ada)
        assert "Coffee?" in text(again) and ticked(again) == "", "several may be chosen no longer"
        assert 'name="revision" value="1"' in text(again)


class TestSettings:
    """Also what is chosen in a form comes back, and what is chosen no longer."""

    @pytest.mark.parametrize(
        ("url", "fields", "shown"),
        [
            ("/settings/username/", {"username": "ada.lovelace"}, ['value="ada.lovelace"']),
            (
                "/settings/profile/",
                {"about": "I count.", "pronouns": "she", "location": "London", "website": "https://ada.example"},
                ["I count.</textarea>", 'value="she"', 'value="London"', 'value="https://ada.example"'],
            ),
            (
                "/settings/tokens/",
                {"name": "Backup", "scopes": ["write", "moderate"], "days": "365", "password": "correct horse"},
                ['value="Backup"', 'value="365" selected', "scopes=write", "scopes=moderate"],
            ),
            ("/settings/time-zone/", {"zone": "Asia/Tokyo"}, ['value="Asia/Tokyo" selected']),
            (
                "/settings/notifications/",
                {"mail": "never", "kinds": ["like"], "takes_messages": "nobody"},
                ["mail=never", "kinds=like", "takes_messages=nobody"],
            ),
            ("/accounts/email/", {"email": "ada@lovelace.example", "action_add": ""}, ['value="ada@lovelace.example"']),
        ],
    )
    def test_wait_for_their_member(
        self, ada: User, bob: User, url: str, fields: dict[str, Any], shown: list[str]
    ) -> None:
        own = text(signed_in(ada).get(url)).split('name="token" value="')[1].split('"')[0]
        browser, sign_in = sends_too_late(ada, url, **fields, token=own)
        assert "It is kept: sign in as who wrote it" in text(browser.get(sign_in))
        again = signs_in(browser, sign_in, ada)
        assert again.wsgi_request.path == url
        assert all(words in text(again) + ticked(again) for words in shown)
        assert "correct horse" not in text(again)
        answer = signs_in(*sends_too_late(ada, url, **fields, token=own), bob)
        other = text(answer) + ticked(answer)
        assert not any(words in other for words in shown), "it is nobody else's"

    def test_are_ticked_as_they_were(self, ada: User) -> None:
        fields = {"mail": "daily", "kinds": ["like", "reply"], "takes_messages": "everybody", "token": token(ada)}
        again = signs_in(*sends_too_late(ada, "/settings/notifications/", **fields), ada)
        assert ticked(again) == "mail=daily kinds=reply kinds=like takes_messages=everybody"

    def test_are_not_given_back_once_they_are_saved(self, ada: User) -> None:
        fields = {"name": "Backup", "scopes": "read", "days": "30", "password": "correct horse", "token": token(ada)}
        browser, sign_in = sends_too_late(ada, "/settings/tokens/", **fields)
        signs_in(browser, sign_in, ada)
        made = browser.post("/settings/tokens/", fields)
        assert "is shown this once" in text(made) and 'value="Backup"' not in text(made)
        assert "kept" not in browser.session

    def test_are_offered_again_where_the_security_token_is_old(self, ada: User) -> None:
        browser = signed_in(ada, enforce_csrf_checks=True)
        fields = {"about": "I count.", "website": "https://ada.example", "hides_online": "on", "token": token(ada)}
        answer = browser.post("/settings/profile/", fields)
        assert answer.status_code == 403 and "I count.</textarea>" in text(answer)
        assert 'type="hidden" name="hides_online" value="on"' in text(answer)


class TestAButton:
    """Nothing was typed that could wait: one is back where the button is."""

    @pytest.mark.parametrize(
        ("url", "page"),
        [
            ("/read/", "/"),
            ("/f/aws/read/", "/f/aws/"),
            ("/notifications/read/", "/notifications/?show=unread"),
            ("/settings/profile/avatar/", "/settings/profile/"),
            ("/settings/tokens/1/revoke/", "/settings/tokens/"),
            ("/drafts/discard/", "/drafts/"),
        ],
    )
    def test_leads_back_to_its_page(self, aws: Forum, ada: User, url: str, page: str) -> None:
        answer = Client().post(url, HTTP_REFERER=f"http://testserver{page}")
        again = Client().post(answer["Location"], {"login": "ada", "password": "correct horse"}, follow=True)
        assert again.status_code == 200 and again.wsgi_request.get_full_path() == page

    def test_at_a_post_leads_back_to_the_post(self, aws: Forum, ada: User) -> None:
        thread = start_thread(ada, aws)
        answer = Client().post(f"/f/aws/{thread.id}/1/like/", {"on": "1"}, HTTP_REFERER="http://testserver/f/aws/")
        again = Client().post(answer["Location"], {"login": "ada", "password": "correct horse"}, follow=True)
        assert again.redirect_chain[-1][0].endswith("#post-1")

    def test_leads_to_no_other_site(self, aws: Forum) -> None:
        answer = Client().post("/read/", HTTP_REFERER="https://evil.example/")
        assert answer["Location"] == "/accounts/login/?next=%2Fread%2F"


def test_a_page_that_is_for_members_is_there_afterwards_with_all_of_its_address(ada: User, bob: User) -> None:
    answer = Client().get(f"/messages/new/?member={bob.pk}")
    again = Client().post(answer["Location"], {"login": "ada", "password": "correct horse"}, follow=True)
    assert again.wsgi_request.get_full_path() == f"/messages/new/?member={bob.pk}" and 'value="Bob"' in text(again)


class TestAFormThatFails:
    def test_offers_a_reason_when_somebody_else_was_faster(self, aws: Forum, ada: User, bob: User, mod: User) -> None:
        thread = start_thread(ada, aws)
        reply(bob, thread)
        url = f"/f/aws/{thread.id}/2/hide/"
        browser = signed_in(mod)
        assert browser.post(url, {"reason": "Selling pills."}).status_code == 302
        answer = browser.post(url, {"reason": "Sells watches, too.", "token": token(mod)})
        assert answer.status_code == 409 and "Sells watches, too." in text(answer)

    def test_with_an_old_security_token_offers_a_moderators_words_but_no_strangers(
        self, aws: Forum, ada: User, bob: User, mod: User
    ) -> None:
        thread = start_thread(ada, aws)
        reply(bob, thread)
        url, browser = f"/f/aws/{thread.id}/2/hide/", signed_in(mod, enforce_csrf_checks=True)
        fields = {"ready": "Off topic", "reason": "Selling pills."}
        answer = browser.post(url, {**fields, "token": token(mod)})
        assert answer.status_code == 403 and "Please send it again." in text(answer)
        assert "Selling pills." in text(answer) and 'name="ready" value="Off topic"' in text(answer)
        for strange in ({}, {"token": token(bob)}):
            answer = browser.post(url, {**fields, **strange})
            assert answer.status_code == 403 and "Selling pills." not in text(answer)
            assert "send it again" not in text(answer), "there is nothing to send"

    def test_to_sign_in_is_not_offered_again_to_whoever_is_suspended(self, mod: User, ada: User) -> None:
        User.objects.filter(pk=ada.pk).update(suspended_until=FOREVER, suspension_reason="Pills.")
        answer = Client().post("/accounts/login/", {"login": "ada", "password": "correct horse"})
        assert answer.status_code == 403 and "Pills." in text(answer)
        assert "Your text is safe" not in text(answer) and 'type="password"' not in text(answer)
