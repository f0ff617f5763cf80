"""Reports: anyone signed in can report a post once, enough reports hide it, and moderators close the case."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from forum.actions import moderating, reporting
from forum.cache import limits
from forum.errors import BadRequest, Conflict, NotAllowed
from forum.models import Forum, User
from forum.tables import cases, members, moderation, posts, threads
from forum.tables.moderation import Record, post_subject
from forum.tables.posts import Post
from forum.tables.threads import Thread
from forum.told import sentence
from tests.helpers import make_forum, make_member, page_url, reader, reply, rules, signed_in, start_thread


def text(response: HttpResponse) -> str:
    return response.content.decode()


@pytest.fixture
def thread(aws: Forum, ada: User, bob: User) -> Thread:
    """A thread of Ada's with one reply, by Bob."""
    thread = start_thread(ada, aws)
    reply(bob, thread, "Buy my cheap watches.")
    return threads.get_thread("aws", thread.id)


def report(member: User, thread: Thread, number: int = 2, **fields: str) -> HttpResponse:
    url = f"/f/{thread.forum}/{thread.id}/{number}/report/"
    return signed_in(member).post(url, fields or {"kind": "Spam", "words": ""})


def the_case(thread: Thread, number: int = 2) -> Record:
    return cases.get_case(post_subject(thread.id, number))


def the_post(thread: Thread, number: int = 2) -> Post:
    return posts.get_post_of(threads.get_thread(thread.forum, thread.id), number)


def queue(*forums: str) -> list[str]:
    return [case.subject for case in cases.list_open(forums or ("aws",), 50)[0]]


def resolve(
    mod: User, forum: Forum, thread: Thread, outcome: str, reason: str = "", case: Record | None = None
) -> None:
    place = (rules(forum), threads.get_thread(thread.forum, thread.id), the_post(thread))
    reporting.resolve(reader(mod), rules(forum), case or the_case(thread), outcome, reason, place=place)


def notes(member: User) -> list[str]:
    found = members.Item.query(str(member.pk), members.Item.item.startswith(members.NOTE), consistent_read=True)
    return [f"{note.kind}: {sentence(note)}" for note in found]


def test_a_posts_history_tells_of_its_reports_in_words(thread: Thread, ada: User, mod: User) -> None:
    report(ada, thread)
    case, queue_url = the_case(thread), "/admin/moderation/queue/"
    for act in ("claim", "release", "ignore"):
        sent = {"subject": case.subject, "forum_of": "aws", "act": act, "seen": reporting.seen_as(case)}
        assert signed_in(mod).post(queue_url, sent).status_code == 302
    report(ada, thread)
    assert signed_in(mod).post(f"/f/aws/{thread.id}/2/hide/", {"reason": "Spam"}).status_code == 302
    page = re.sub(r"<[^>]+>|\s+", " ", text(signed_in(mod).get(f"/f/aws/{thread.id}/2/history/")))
    steps = re.findall(r" (ada|mod) +(moderator)? *([a-z][a-z ]+?) +\d", page)
    assert sorted(steps) == [
        ("ada", "", "reported it"),
        ("ada", "", "reported it"),
        ("mod", "moderator", "agreed with its reports"),
        ("mod", "moderator", "claimed its reports"),
        ("mod", "moderator", "hid it"),
        ("mod", "moderator", "ignored its reports"),
        ("mod", "moderator", "left its reports to others"),
    ]


class TestReporting:
    def test_the_form_quotes_the_post_and_says_thanks(self, thread: Thread, ada: User) -> None:
        client = signed_in(ada)
        page = text(client.get(f"/f/aws/{thread.id}/2/report/"))
        assert "Buy my cheap watches." in page and "What is wrong with it?" in page
        answer = client.post(f"/f/aws/{thread.id}/2/report/", {"kind": "Spam"}, follow=True)
        assert answer.status_code == 200 and "Thank you for your report" in text(answer)
        assert queue() == [post_subject(thread.id, 2)]
        (record,) = cases.list_reports([the_case(thread)])[post_subject(thread.id, 2)]
        assert (record.kind, record.user_id, record.reason) == ("report", str(ada.pk), "Spam")

    def test_the_way_there_is_shown_to_members_at_posts_of_others(
        self, thread: Thread, ada: User, mod: User, client: Client
    ) -> None:
        way = f'href="/f/aws/{thread.id}/2/report/"'
        assert way in text(signed_in(ada).get(page_url(thread)))
        assert f"/{thread.id}/1/report/" not in text(signed_in(ada).get(page_url(thread)))
        assert way not in text(client.get(page_url(thread)))
        assert "/admin/moderation/queue/" in text(signed_in(mod).get(page_url(thread)))
        assert "/admin/moderation/queue/" not in text(signed_in(ada).get(page_url(thread)))

    def test_nobody_but_moderators_learns_who_reported(
        self, thread: Thread, ada: User, bob: User, client: Client
    ) -> None:
        carl = make_member("carl", trust=1)
        report(carl, thread)
        for browser in (client, signed_in(ada), signed_in(bob)):
            assert "carl" not in text(browser.get(page_url(thread)))
        assert not any("carl" in note for note in notes(bob))

    def test_a_member_reports_a_post_once_while_its_case_is_open(
        self, aws: Forum, thread: Thread, ada: User, mod: User
    ) -> None:
        assert report(ada, thread).status_code == 302
        again = report(ada, thread)
        assert again.status_code == 409 and "You have reported this post" in text(again)
        resolve(mod, aws, thread, "ignore")
        assert report(ada, thread).status_code == 302

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"kind": ""}, "Please choose what is wrong"),
            ({"kind": "Ugly"}, "Please choose one"),
            ({"kind": "Something else", "words": "  "}, "Please say in a few words"),
            ({"kind": "Something else", "words": "Kept words. " * 40}, "400 is the most"),
        ],
    )
    def test_a_form_that_is_not_right_comes_back_with_its_text(
        self, fields: dict[str, str], said: str, thread: Thread, ada: User
    ) -> None:
        answer = report(ada, thread, **fields)
        assert answer.status_code == 422 and said in text(answer)
        assert fields.get("words", "").strip() in text(answer)
        assert queue() == []

    def test_something_else_is_said_in_words(self, thread: Thread, ada: User) -> None:
        assert report(ada, thread, kind="Something else", words="It is a copy.").status_code == 302
        (record,) = cases.list_reports([the_case(thread)])[post_subject(thread.id, 2)]
        assert record.reason == "Something else: It is a copy."

    def test_who_is_signed_out_is_asked_to_sign_in(self, thread: Thread, client: Client) -> None:
        answer = client.get(f"/f/aws/{thread.id}/2/report/")
        assert answer.status_code == 302 and "/accounts/login/" in answer["Location"]

    def test_ones_own_post_and_one_that_is_gone_cannot_be_reported(
        self, aws: Forum, thread: Thread, ada: User, bob: User, mod: User
    ) -> None:
        assert report(bob, thread).status_code == 403
        head = threads.get_thread("aws", thread.id)
        moderating.hide_post(reader(mod), rules(aws), head, the_post(thread), "Spam it is.")
        assert report(ada, thread).status_code == 409
        assert report(ada, thread, 3).status_code == 404

    def test_the_silenced_and_those_who_may_not_read_cannot_report(
        self, site: None, thread: Thread, ada: User, mod: User
    ) -> None:
        from django.utils import timezone

        silenced = make_member("silent", silenced_until=timezone.now() + timezone.timedelta(days=1))
        assert report(silenced, thread).status_code == 403
        staff_only = make_forum("secret", read_access="groups")
        hidden = start_thread(mod, staff_only)
        assert report(ada, hidden, 1).status_code == 404

    def test_reports_are_limited(self, thread: Thread, ada: User, settings: Any) -> None:
        settings.REPORTS_PER_HOUR = 1
        limits.forget()
        reply(make_member("carl"), thread, "Other words.")
        assert report(ada, thread).status_code == 302
        answer = report(ada, thread, 3)
        assert answer.status_code == 429 and int(answer["Retry-After"]) > 3000
        assert "You can report 1 post an hour. Please wait 60 minutes" in text(answer)


class TestEnoughReports:
    def test_hide_the_post_and_tell_its_author(self, thread: Thread, bob: User, client: Client) -> None:
        client.get(page_url(thread))
        for name in ("r1", "r2"):
            report(make_member(name, trust=1), thread)
        assert "Buy my cheap watches." in text(client.get(page_url(thread)))
        report(make_member("r3", trust=1), thread)
        assert the_post(thread).status == "hidden"
        assert "Buy my cheap watches." not in text(client.get(page_url(thread)))
        assert any(note.startswith("hide: Your post") for note in notes(bob))

    def test_count_only_members_of_some_trust(self, thread: Thread) -> None:
        for name in ("r1", "r2", "r3", "r4"):
            report(make_member(name), thread)
        assert the_post(thread).status == "visible"
        assert len(the_case(thread).reporters or ()) == 4

    def test_never_when_the_setting_says_so(self, thread: Thread, settings: Any) -> None:
        settings.REPORTS_TO_HIDE = 0
        for name in ("r1", "r2", "r3"):
            report(make_member(name, trust=1), thread)
        assert the_post(thread).status == "visible"

    def test_do_not_hide_again_what_a_moderator_has_shown(
        self, aws: Forum, thread: Thread, mod: User, settings: Any
    ) -> None:
        settings.REPORTS_TO_HIDE = 1
        report(make_member("r1", trust=1), thread)
        head = threads.get_thread("aws", thread.id)
        moderating.show_post(reader(mod), rules(aws), head, the_post(thread))
        report(make_member("r2", trust=1), thread)
        assert the_post(thread).status == "visible"

    def test_a_first_post_takes_its_thread_along_and_the_reporter_is_led_to_the_forum(
        self, aws: Forum, ada: User, settings: Any
    ) -> None:
        settings.REPORTS_TO_HIDE = 1
        alone = start_thread(ada, aws)
        answer = report(make_member("r1", trust=1), alone, 1)
        assert answer["Location"] == "/f/aws/"


class TestClosing:
    def test_agreeing_hides_the_post_and_tells_reporters_and_author(
        self, aws: Forum, thread: Thread, ada: User, bob: User, mod: User
    ) -> None:
        report(ada, thread)
        resolve(mod, aws, thread, "agree", "Advertising is not wanted here.")
        assert the_post(thread).status == "hidden"
        assert queue() == [] and not the_case(thread).reporters
        kinds = [act.kind for act in moderation.list_records(post_subject(thread.id, 2))]
        assert sorted(kinds) == ["agree", "hide", "report"]
        assert any("agree" in note for note in notes(ada))
        assert any("Advertising is not wanted" in note for note in notes(bob))

    def test_agreeing_takes_a_reason(self, aws: Forum, thread: Thread, ada: User, mod: User) -> None:
        report(ada, thread)
        with pytest.raises(BadRequest):
            resolve(mod, aws, thread, "agree", " ")
        assert queue() != []

    def test_disagreeing_shows_what_reports_have_hidden(
        self, aws: Forum, thread: Thread, mod: User, settings: Any, client: Client
    ) -> None:
        settings.REPORTS_TO_HIDE = 1
        report(make_member("r1", trust=1), thread)
        resolve(mod, aws, thread, "disagree")
        assert the_post(thread).status == "visible"
        assert "Buy my cheap watches." in text(client.get(page_url(thread)))

    def test_disagreeing_does_not_show_what_a_moderator_has_hidden(
        self, aws: Forum, thread: Thread, ada: User, mod: User
    ) -> None:
        seen, head = the_post(thread), threads.get_thread("aws", thread.id)
        moderating.hide_post(reader(mod), rules(aws), head, seen, "For another reason.")
        # A report that was on its way when the post was hidden.
        late = moderation.new_act(seen.subject, "report", str(ada.pk), "Spam", forum="aws")
        cases.put_report(late, seen, "aws", trusted=True)
        resolve(mod, aws, thread, "disagree")
        assert the_post(thread).status == "hidden" and queue() == []

    def test_the_second_moderator_is_told_who_did_what(self, aws: Forum, thread: Thread, ada: User, mod: User) -> None:
        report(ada, thread)
        seen = the_case(thread)
        resolve(mod, aws, thread, "ignore", "It is harmless.")
        other = make_member("mod2", is_staff=True)
        with pytest.raises(Conflict, match="mod has ignored the reports: It is harmless"):
            resolve(other, aws, thread, "agree", "Spam it is.", seen)
        assert the_post(thread).status == "visible"

    def test_two_moderators_at_the_same_moment_decide_once(
        self, transactional_db: None, aws: Forum, thread: Thread, ada: User, mod: User
    ) -> None:
        report(ada, thread)
        seen, where = the_case(thread), rules(aws)
        place = (where, threads.get_thread("aws", thread.id), the_post(thread))
        people = [reader(mod), reader(make_member("mod2", is_staff=True))]

        def decide(outcome: str) -> str:
            who = people[outcome == "agree"]
            try:
                reporting.resolve(who, where, seen, outcome, "Because I say so.", place=place)
            except Conflict:
                return "told"
            return outcome

        with ThreadPoolExecutor(2) as pool:
            outcomes = list(pool.map(decide, ["agree", "ignore"]))
        assert sorted(outcomes)[-1] == "told"
        done = next(outcome for outcome in outcomes if outcome != "told")
        kinds = [act.kind for act in moderation.list_records(seen.subject) if act.kind in reporting.OUTCOMES]
        assert kinds == [done]
        assert the_post(thread).status == ("hidden" if done == "agree" else "visible")

    def test_a_report_that_came_meanwhile_is_looked_at_first(
        self, aws: Forum, thread: Thread, ada: User, mod: User
    ) -> None:
        report(ada, thread)
        seen = the_case(thread)
        report(make_member("carl"), thread)
        with pytest.raises(Conflict, match="Another report"):
            resolve(mod, aws, thread, "ignore", case=seen)

    def test_a_member_decides_nothing(self, aws: Forum, thread: Thread, ada: User, bob: User) -> None:
        report(ada, thread)
        with pytest.raises(NotAllowed):
            resolve(bob, aws, thread, "ignore")


class TestClaiming:
    def test_a_claimed_case_is_decided_by_who_claimed_it_or_takes_it_over(
        self, aws: Forum, thread: Thread, ada: User, mod: User
    ) -> None:
        report(ada, thread)
        reporting.claim(reader(mod), rules(aws), the_case(thread))
        other = make_member("mod2", is_staff=True)
        with pytest.raises(Conflict, match="mod is at this case"):
            resolve(other, aws, thread, "ignore")
        with pytest.raises(Conflict, match="mod is at this case"):
            reporting.claim(reader(other), rules(aws), the_case(thread))
        reporting.claim(reader(other), rules(aws), the_case(thread), take_over=True)
        resolve(other, aws, thread, "ignore")
        assert queue() == []

    def test_a_claim_can_be_left_to_others(self, aws: Forum, thread: Thread, ada: User, mod: User) -> None:
        report(ada, thread)
        reporting.claim(reader(mod), rules(aws), the_case(thread))
        reporting.release(reader(mod), rules(aws), the_case(thread))
        reporting.claim(reader(make_member("mod2", is_staff=True)), rules(aws), the_case(thread))


class TestAtTheSameMoment:
    def test_two_members_are_both_heard(self, transactional_db: None, aws: Forum, thread: Thread, ada: User) -> None:
        where, head, post = rules(aws), threads.get_thread("aws", thread.id), the_post(thread)
        people = [reader(make_member(f"r{number}", trust=1)) for number in range(6)]

        def tells(who: Any) -> None:
            reporting.report(who, where, head, post, "Spam")

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(tells, people))
        case = the_case(thread)
        assert case.reporters == {who.id for who in people} and len(case.reports or ()) == 6
        assert the_post(thread).status == "hidden"

    def test_one_member_twice_is_heard_once(self, transactional_db: None, aws: Forum, thread: Thread) -> None:
        where, head, post = rules(aws), threads.get_thread("aws", thread.id), the_post(thread)
        who = reader(make_member("carl", trust=1))

        def tells(_: int) -> bool:
            try:
                reporting.report(who, where, head, post, "Spam")
            except Conflict:
                return False
            return True

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(tells, range(4))) == 1
        assert the_case(thread).trusted_reports == 1


class TestTheQueue:
    def test_goes_on_exactly_where_a_page_ended(self, aws: Forum, bob: User, ada: User) -> None:
        other = make_forum("django")
        expected = []
        for number in range(7):
            thread = start_thread(bob, (aws, other)[number % 2], f"Thread {number}")
            report(ada, thread, 1)
            expected.append(post_subject(thread.id, 1))
        seen, after = [], ""
        while True:
            found, after = cases.list_open(["aws", "django"], 3, after)
            seen += [case.subject for case in found]
            if not after:
                break
        assert seen == expected
        assert len(queue("aws")) == 4
