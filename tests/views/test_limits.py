"""How often members may do what: the wait is said, the text comes back, addresses are counted and not forged."""

from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import Client

from forum.actions import pace
from forum.cache import limits
from forum.models import Forum, User
from forum.permissions import Reader
from forum.tables.threads import Thread
from tests.helpers import cost, make_member, reply, signed_in, start_thread, token
from tests.processes import ROOT


@pytest.fixture
def thread(aws: Forum, ada: User) -> Thread:
    found = start_thread(ada, aws)
    reply(ada, found, "A reply.")
    return found


@pytest.fixture(autouse=True)
def nobody_waits(redis_server: None) -> None:
    limits.forget()


def text(answer: Any) -> str:
    return str(answer.content.decode())


def acts(thread: Thread, user: User) -> dict[str, tuple[str, list[dict[str, str]]]]:
    """The address of each act, and two forms that do it: different ones, since the same sent again is the same."""
    base = f"/f/{thread.forum}/{thread.id}"
    return {
        "threads": (f"/f/{thread.forum}/new/", [new(user, "Our first words"), new(user, "Our second words")]),
        "posts": (f"{base}/reply/", [new(user, "Our first words"), new(user, "Our second words")]),
        "likes": (f"{base}/1/like/", [{"on": "1"}, {"on": "0"}]),
        "bookmarks": (f"{base}/1/bookmark/", [{"on": "1"}, {"on": "0"}]),
        "watches": (f"{base}/watch/", [{"level": "watching"}, {"level": "muted"}]),
        "reports": (f"{base}/{{}}/report/", [complaint("Our first words"), complaint("Our second words")]),
        "profile": ("/settings/profile/", [{"about": "Our first words"}, {"about": "Our second words"}]),
        "previews": ("/preview/", [{"body": "Our first words"}, {"body": "Our second words"}]),
    }


def new(user: User, body: str) -> dict[str, str]:
    return {"title": "A title", "body": body, "token": token(user)}


def complaint(words: str) -> dict[str, str]:
    return {"kind": "Something else", "words": words}


WRITTEN = {"threads", "posts", "reports", "profile"}


@pytest.mark.parametrize("act", ["threads", "posts", "likes", "bookmarks", "watches", "reports", "profile", "previews"])
class TestEachAct:
    def test_is_done_so_often_and_then_told_to_wait(self, act: str, thread: Thread, bob: User, settings: Any) -> None:
        settings.RATE_LIMITS = {**settings.RATE_LIMITS, act: "1/1/1/0"}
        url, forms = acts(thread, bob)[act]
        browser = signed_in(bob)
        done, refused = (browser.post(url.format(number), form) for number, form in enumerate(forms, 1))
        assert done.status_code in (200, 302)
        assert refused.status_code == 429
        assert int(refused["Retry-After"]) > 30
        assert "Please wait " in text(refused)
        if act in WRITTEN:
            assert "Our second words" in text(refused), "what was written is in the form"

    def test_is_not_counted_where_the_setting_says_so(self, act: str, thread: Thread, bob: User, settings: Any) -> None:
        settings.RATE_LIMITS = {**settings.RATE_LIMITS, act: "off"}
        url, forms = acts(thread, bob)[act]
        browser = signed_in(bob)
        answers = [browser.post(url.format(number), form) for number, form in enumerate(forms, 1)]
        assert all(answer.status_code in (200, 302) for answer in answers)


class TestOthers:
    def test_edits_are_counted_by_post_and_text(self, thread: Thread, ada: User, settings: Any) -> None:
        settings.RATE_LIMITS = {**settings.RATE_LIMITS, "edits": "1/1/1/0"}
        browser, url = signed_in(ada), f"/f/aws/{thread.id}/2/edit/"
        assert browser.post(url, {"body": "Better.", "revision": "1"}).status_code == 302
        refused = browser.post(url, {"body": "Even better.", "revision": "2"})
        assert refused.status_code == 429 and "Even better." in text(refused)
        assert "You can change 1 post an hour" in text(refused) or "New members can change 1 post" in text(refused)

    def test_answers_are(self, thread: Thread, ada: User, settings: Any) -> None:
        settings.RATE_LIMITS = {**settings.RATE_LIMITS, "answers": "1/1/1/0"}
        browser, url = signed_in(ada), f"/f/aws/{thread.id}/2/answer/"
        assert [browser.post(url, {"on": on}).status_code for on in "10"] == [302, 429]

    def test_names_are(self, thread: Thread, ada: User, settings: Any) -> None:
        settings.RATE_LIMITS = {**settings.RATE_LIMITS, "names": "1/1/1/0"}
        browser = signed_in(ada)
        assert [browser.get("/mention/?q=a").status_code for _ in range(2)] == [200, 429]

    def test_a_note_comes_back_in_its_form(self, thread: Thread, bob: User, settings: Any) -> None:
        browser = signed_in(bob)
        browser.post(f"/f/aws/{thread.id}/1/bookmark/", {"on": "1"})
        settings.RATE_LIMITS = {**settings.RATE_LIMITS, "bookmarks": "1/1/1/0"}
        url = f"/bookmarks/{thread.id}/1/"
        assert browser.post(url, {"note": "First"}).status_code == 302
        refused = browser.post(url, {"note": "Second"})
        assert refused.status_code == 429 and "Second" in text(refused) and "Please wait" in text(refused)

    def test_the_signed_out_have_few_previews(self, site: None, client: Client, settings: Any) -> None:
        settings.RATE_LIMITS = {}
        answers = [client.post("/preview/", {"body": str(number)}).status_code for number in range(11)]
        assert answers == [200] * 10 + [429]

    def test_trust_and_moderators(self, site: None, settings: Any) -> None:
        settings.RATE_LIMITS = {}
        most = [pace.buckets("likes", Reader("1", trust=trust), "")[0].limit.most for trust in range(5)]
        assert most == [60, 300, 300, 600, 600]
        assert pace.buckets("likes", Reader("1", moderates_all=True, address="192.0.2.1"), "") == []


class TestAddresses:
    @pytest.fixture(autouse=True)
    def two_together(self, settings: Any) -> None:
        settings.RATE_LIMITS = {**settings.RATE_LIMITS, "likes": "2/2/2/3"}

    def like(self, thread: Thread, user: User, on: str = "1", forwarded: str = "") -> Any:
        headers = {"x-forwarded-for": forwarded} if forwarded else {}
        return signed_in(user).post(f"/f/aws/{thread.id}/1/like/", {"on": on}, headers=headers)

    def test_two_members_at_one_address_have_their_own_and_share_one(self, thread: Thread, bob: User) -> None:
        cat = make_member("cat")
        statuses = [self.like(thread, who, on).status_code for who in (bob, cat) for on in "10"]
        assert statuses == [302, 302, 302, 429]
        assert "Many people share your address" in text(self.like(thread, cat, "0"))

    def test_an_address_that_somebody_claims_is_not_believed(self, thread: Thread, bob: User) -> None:
        cat = make_member("cat")
        turns = [(who, on) for who in (bob, cat) for on in "10"]
        statuses = [self.like(thread, who, on, f"192.0.2.{n}").status_code for n, (who, on) in enumerate(turns)]
        assert statuses[-1] == 429

    def test_what_a_trusted_proxy_saw_is(self, thread: Thread, bob: User, settings: Any) -> None:
        settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
        cat = make_member("cat")
        turns = [(who, on) for who in (bob, cat) for on in "10"]
        seen = [f"203.0.113.9, 192.0.2.{n}" for n in range(4)]
        assert [self.like(thread, who, on, at).status_code for (who, on), at in zip(turns, seen, strict=True)] == [
            302
        ] * 4

    def test_a_request_that_came_past_the_proxies_is_counted_by_its_connection(
        self, thread: Thread, bob: User, settings: Any
    ) -> None:
        settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
        assert self.like(thread, bob, "1", "192.0.2.1").status_code == 302
        assert Client().get("/search/?q=words", headers={"x-forwarded-for": "192.0.2.1"}).status_code == 200

    @pytest.mark.parametrize(
        ("one", "other"),
        [("2001:db8::1", "2001:db8::ffff:1"), ("::ffff:192.0.2.1", "192.0.2.1")],
    )
    def test_a_household_is_one_address(self, one: str, other: str) -> None:
        assert pace.network(one) == pace.network(other) != ""


class TestCost:
    def test_a_like_costs_no_round_trip_more(self, thread: Thread, bob: User, settings: Any) -> None:
        browser, url = signed_in(bob), f"/f/aws/{thread.id}/1/like/"
        spent = []
        for on, row in (("1", "off"), ("0", "off"), ("1", "9/9/9/9"), ("0", "9/9/9/9"), ("1", "off"), ("0", "9/9/9/9")):
            settings.RATE_LIMITS = {**settings.RATE_LIMITS, "likes": row}
            with cost() as of_this:
                browser.post(url, {"on": on})
            spent.append(of_this.redis)
        assert spent[-1] == spent[1]


class TestSettings:
    def test_the_documents_have_the_table(self) -> None:
        written = {}
        for line in (ROOT / "docs" / "operating.md").read_text().splitlines():
            act, _, *numbers = [cell.strip() for cell in line.strip("|").split("|")] + ["", ""]
            if act.strip("`") in pace.TABLE:
                written[act.strip("`")] = [int(number or 0) for number in numbers[:5]]
        rows = {act: [row.new, row.member, row.regular, row.address, row.signed_out] for act, row in pace.TABLE.items()}
        assert written == rows

    @pytest.mark.parametrize("text", ["often", "1/2/3", "1/2/3/4/5/6", "-1/1/1/1", ""])
    def test_what_is_no_row_is_said_before_the_server_starts(self, text: str, settings: Any) -> None:
        settings.RATE_LIMITS = {"likes": text}
        assert [each.id for each in run_checks() if each.id and each.id.startswith("forum.E2")] == ["forum.E202"]

    def test_and_what_is_no_act(self, settings: Any) -> None:
        settings.RATE_LIMITS = {"dislikes": "off"}
        assert [each.id for each in run_checks() if each.id and each.id.startswith("forum.E2")] == ["forum.E201"]
