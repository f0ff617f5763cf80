"""How many cases wait stands at the menu of their moderators, at once, and costs their pages nothing."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from forum.actions import reporting
from forum.cache import queues
from forum.models import Forum, User
from forum.redis import client as redis_client
from forum.tables import cases
from forum.tables.threads import Thread
from tests.helpers import cost, make_forum, make_member, page_url, renew, reply, signed_in, start_thread, token

pytestmark = pytest.mark.django_db(transaction=True)
BADGE = re.compile(r"data-cases( hidden)?>(?:<svg.*?</svg>)?<span>([^<]*)<")
QUEUE = "/admin/moderation/queue/"


@pytest.fixture
def thread(aws: Forum, ada: User, bob: User) -> Thread:
    thread = start_thread(ada, aws)
    reply(bob, thread, "Buy my cheap watches.")
    return thread


@pytest.fixture
def guide(aws: Forum) -> User:
    """Who moderates this one forum."""
    group = Group.objects.create(name="Guides")
    aws.moderator_groups.add(group)
    guide = make_member("guide")
    guide.groups.add(group)
    renew()
    return guide


def report(member: User, thread: Thread, number: int = 2) -> None:
    url = f"/f/{thread.forum}/{thread.id}/{number}/report/"
    assert signed_in(member).post(url, {"kind": "Spam"}).status_code == 302


def shown(user: User | Client, url: str = "/") -> str:
    """The number at the menu; "" where none is shown, "none" where nothing could show one."""
    browser = user if isinstance(user, Client) else signed_in(user)
    found = {"" if hidden else number for hidden, number in BADGE.findall(browser.get(url).content.decode())}
    assert len(found) < 2, "the badges of one page say the same"
    return found.pop() if found else "none"


class TestTheNumber:
    def test_is_there_with_the_report_and_gone_with_the_decision(
        self, thread: Thread, ada: User, mod: User, guide: User
    ) -> None:
        assert (shown(mod), shown(guide)) == ("", "")
        report(ada, thread)
        assert (shown(mod), shown(guide, page_url(thread))) == ("1", "1")
        answer = signed_in(mod).post(f"/f/aws/{thread.id}/2/hide/", {"reason": "Spam"})
        assert answer.status_code == 302 and (shown(mod), shown(guide)) == ("", "")

    def test_counts_a_post_once_however_often_it_is_reported(
        self, thread: Thread, ada: User, mod: User, guide: User
    ) -> None:
        assert shown(mod) == ""
        for member in (ada, make_member("cleo"), guide):
            report(member, thread)
        assert shown(mod) == "1"

    def test_is_right_where_nobody_has_counted_before(self, thread: Thread, ada: User, mod: User) -> None:
        report(ada, thread)
        redis_client().delete(queues._key("aws"))
        assert shown(mod) == "1"

    def test_is_shown_to_no_member_and_to_nobody_who_is_signed_out(self, thread: Thread, ada: User) -> None:
        report(ada, thread)
        for who in (ada, Client()):
            assert shown(who) == shown(who, page_url(thread)) == "none"
            browser = who if isinstance(who, Client) else signed_in(who)
            assert "cases" not in browser.get(f"/f/aws/{thread.id}/live/").json()

    def test_counts_only_forums_that_one_moderates(
        self, thread: Thread, ada: User, bob: User, mod: User, guide: User
    ) -> None:
        tea = start_thread(ada, make_forum("tea"))
        report(bob, tea, 1)
        assert (shown(guide), shown(mod)) == ("", "1")
        report(ada, thread)
        assert (shown(guide), shown(mod)) == ("1", "2")

    def test_goes_along_when_a_thread_moves(self, thread: Thread, ada: User, mod: User, guide: User) -> None:
        make_forum("tea")
        report(ada, thread)
        assert shown(guide) == "1"
        assert signed_in(mod).post(f"/f/aws/{thread.id}/move/", {"forum": "tea", "reason": ""}).status_code == 302
        assert (shown(guide), shown(mod)) == ("", "1")

    def test_counts_texts_that_wait_for_approval(
        self, thread: Thread, ada: User, mod: User, guide: User, settings: Any
    ) -> None:
        settings.APPROVE_FIRST_POSTS = 5
        assert shown(guide) == ""
        for word in ("One", "Two", "Three"):
            reply(ada, thread, f"{word} more.")
        assert shown(guide) == "3"
        found = re.findall(r'name="subject" value="([^"]+)"', signed_in(guide).get(QUEUE).content.decode())
        first, second = list(dict.fromkeys(found))[:2]
        fields = {"forum_of": "aws", "reason": "Not here."}
        signed_in(guide).post(QUEUE, {"subject": first, "act": "approve", **fields})
        signed_in(guide).post(QUEUE, {"subject": second, "act": "refuse", **fields})
        assert shown(guide) == shown(mod) == "1"
        nonce = list(dict.fromkeys(found))[2].removeprefix("PENDING#")
        assert signed_in(ada).post(f"/pending/{nonce}/withdraw/").status_code == 302 and shown(guide) == ""

    def test_is_told_to_open_pages(self, thread: Thread, ada: User, guide: User) -> None:
        browser, url = signed_in(guide), f"/f/aws/{thread.id}/live/"
        before = browser.get(url)
        assert before.json()["cases"] == "0"
        report(ada, thread)
        assert browser.get(url, HTTP_IF_NONE_MATCH=before["ETag"]).json()["cases"] == "1"

    def test_stands_in_the_administration_beside_the_way_there(self, thread: Thread, ada: User, guide: User) -> None:
        assert "Reports and approvals (" not in signed_in(guide).get("/admin/").content.decode()
        report(ada, thread)
        assert "Reports and approvals (1)" in signed_in(guide).get("/admin/").content.decode()

    def test_counts_a_private_message_for_those_who_moderate_all_forums(
        self, aws: Forum, ada: User, bob: User, mod: User, guide: User
    ) -> None:
        sent = {"to": "Bob", "title": "Plans", "body": "Buy my watches.", "token": token(ada)}
        url = signed_in(ada).post("/messages/new/", sent)["Location"]
        assert signed_in(bob).post(f"{url}1/report/", {"kind": "Spam"}).status_code == 302
        assert (shown(mod), shown(guide), shown(ada)) == ("1", "", "none")
        case = cases.list_open(["~messages"], 1)[0][0]
        sent = {"subject": case.subject, "seen": reporting.seen_as(case), "forum_of": "~messages", "act": "ignore"}
        assert signed_in(mod).post(QUEUE, sent).status_code == 302 and shown(mod) == ""


class TestWhatItCosts:
    def test_is_nothing_for_a_page_from_memory(self, thread: Thread, ada: User, guide: User) -> None:
        report(ada, thread)
        browser = signed_in(guide)
        for __ in range(3):
            assert shown(browser) == "1"
        with cost() as told:
            assert shown(browser) == "1"
        assert told.all == ([], 0, 0)

    def test_is_two_round_trips_after_a_change(self, thread: Thread, ada: User, guide: User) -> None:
        browser = signed_in(guide)
        for __ in range(3):
            shown(browser)
        report(ada, thread)
        with cost() as told:
            assert shown(browser) == "1"
        assert told.dynamodb.calls == [] and told.sql == 0 and told.redis <= 2
