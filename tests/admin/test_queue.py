"""The queue of reports and approvals in the administration."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.test import Client

from forum.actions import moderating, moving, reporting
from forum.models import Forum, User
from forum.tables import cases, posts, threads
from forum.tables.moderation import Record, post_subject
from forum.tables.threads import Thread
from tests.helpers import (
    cost,
    make_forum,
    make_member,
    reader,
    renew,
    reply,
    rules,
    signed_in,
    start_thread,
)

QUEUE = "/admin/moderation/queue/"


def text(response: HttpResponse) -> str:
    return response.content.decode()


@pytest.fixture
def thread(aws: Forum, ada: User, bob: User) -> Thread:
    """A thread of Ada's with a reply by Bob, which Ada has reported."""
    thread = start_thread(ada, aws)
    reply(bob, thread, "Buy my cheap watches.")
    report(ada, thread)
    return thread


def report(member: User, thread: Thread, number: int = 2, kind: str = "Spam") -> None:
    answer = signed_in(member).post(f"/f/{thread.forum}/{thread.id}/{number}/report/", {"kind": kind})
    assert answer.status_code == 302


def the_case(thread: Thread, number: int = 2) -> Record:
    return cases.get_case(post_subject(thread.id, number))


def act(client: Client, case: Record, name: str, **fields: str) -> HttpResponse:
    """What the buttons of the page send."""
    sent = {"subject": case.subject, "seen": reporting.seen_as(case), "forum_of": "aws", "act": name} | fields
    return client.post(QUEUE, sent, follow=True)


def status(thread: Thread, number: int = 2) -> str:
    return str(posts.get_post_of(threads.get_thread(thread.forum, thread.id), number).status)


class TestTheQueue:
    def test_shows_each_post_once_with_all_its_reports(self, thread: Thread, mod: User) -> None:
        report(make_member("carl", trust=1), thread, kind="Offensive")
        page = text(signed_in(mod).get(QUEUE))
        assert page.count("Buy my cheap watches.") == 1 and "2 reports" in page
        assert all(word in page for word in ("ada", "carl", "Spam", "Offensive", "Bob", "New"))

    def test_says_where_the_links_lead(self, aws: Forum, bob: User, ada: User, mod: User) -> None:
        report(ada, start_thread(bob, aws, body="[Ours](https://watches.example/x) are cheap."), 1)
        assert "Links to watches.example" in text(signed_in(mod).get(QUEUE))

    def test_says_so_when_nothing_waits(self, aws: Forum, mod: User) -> None:
        assert "Nothing waits." in text(signed_in(mod).get(QUEUE))

    def test_counts_what_was_done_about_the_author_before(
        self, aws: Forum, thread: Thread, bob: User, mod: User
    ) -> None:
        reply(bob, thread, "Old spam.")
        head = threads.get_thread("aws", thread.id)
        moderating.hide_post(reader(mod), rules(aws), head, posts.get_post_of(head, 3), "It was spam.")
        assert "1 earlier act" in text(signed_in(mod).get(QUEUE))

    def test_is_in_the_index_of_the_administration(self, aws: Forum, mod: User) -> None:
        assert "Reports and approvals" in text(signed_in(mod).get("/admin/"))

    def test_goes_on_by_pages(self, aws: Forum, bob: User, ada: User, mod: User) -> None:
        for number in range(12):
            report(ada, start_thread(bob, aws, f"Spam number {number:02}"), 1)
        client = signed_in(mod)
        first = text(client.get(QUEUE))
        assert "Spam number 09" in first and "Spam number 10" not in first
        following = first.split(f'href="{QUEUE}?after=')[1].split('"')[0]
        second = text(client.get(f"{QUEUE}?after={following}"))
        assert "Spam number 10" in second and "Spam number 11" in second and "Next page" not in second
        assert client.get(f"{QUEUE}?after=nonsense").status_code == 400

    def test_costs_the_same_calls_however_many_reports_there_are(self, thread: Thread, mod: User) -> None:
        client = signed_in(mod)
        client.get(QUEUE)
        for number in range(8):
            report(make_member(f"r{number}"), thread)
        with cost() as spent:
            client.get(QUEUE)
        assert spent.dynamodb.calls == ["Query", "Query", *["BatchGetItem"] * 4, "Query"], (
            "the forum's, and of messages"
        )


class TestWhoMay:
    def test_moderators_of_a_forum_see_their_own_and_decide_nothing_else(
        self, aws: Forum, thread: Thread, ada: User, bob: User
    ) -> None:
        group = Group.objects.create(name="Django people")
        other = make_forum("django")
        other.moderator_groups.add(group)
        theirs = start_thread(bob, other, "Theirs")
        report(ada, theirs, 1)
        helper = make_member("helper")
        helper.groups.add(group)
        renew()
        client = signed_in(helper)
        page = text(client.get(QUEUE))
        assert "Theirs" in page and "cheap watches" not in page
        assert act(client, the_case(thread), "ignore").status_code == 404
        assert client.get(f"{QUEUE}?forum=aws").status_code == 404
        assert act(client, the_case(theirs, 1), "agree", reason="Spam it is.").status_code == 200
        assert status(theirs, 1) == "hidden"

    def test_cases_of_others_are_to_nobody_else_as_if_they_never_were(
        self, aws: Forum, thread: Thread, bob: User, mod: User
    ) -> None:
        group = Group.objects.create(name="Django people")
        make_forum("django").moderator_groups.add(group)
        helper = make_member("helper")
        helper.groups.add(group)
        renew()
        client = signed_in(helper)
        case = the_case(thread)
        asked = [{"act": name, "forum_of": forum} for name in ("claim", "ignore") for forum in ("django", "aws")]
        while_open = [act(client, case, each["act"], forum_of=each["forum_of"]) for each in asked]
        act(signed_in(mod), case, "agree", reason="No advertising.")
        since = [act(client, case, each["act"], forum_of=each["forum_of"]) for each in asked]
        never = Record(post_subject(thread.id, 7), "CASE")
        unknown = [act(client, never, each["act"], forum_of=each["forum_of"]) for each in asked]
        for answer in [*while_open, *since, *unknown]:
            assert answer.status_code == 404 and "Nothing waits here" in text(answer)
            assert "advertising" not in text(answer) and "has moved" not in text(answer)

    def test_members_and_the_signed_out_do_not_come_in(self, thread: Thread, ada: User, client: Client) -> None:
        assert client.get(QUEUE).status_code == 302
        answer = signed_in(ada).get(QUEUE)
        assert answer.status_code in (302, 403) and b"watches" not in answer.content

    @pytest.mark.parametrize(
        "fields", [{}, {"subject": "POST#x#1", "act": "agree"}, {"subject": "USER#1", "act": "agree"}, {"act": "drop"}]
    )
    def test_a_form_that_is_not_ours_is_refused(self, fields: dict[str, str], aws: Forum, mod: User) -> None:
        assert signed_in(mod).post(QUEUE, fields).status_code == 400


class TestDeciding:
    def test_agreeing_hides_the_post(self, thread: Thread, mod: User) -> None:
        page = text(act(signed_in(mod), the_case(thread), "agree", reason="No advertising."))
        assert "The post is hidden and the case is closed." in page and "Nothing waits." in page
        assert status(thread) == "hidden"

    def test_agreeing_without_a_reason_shows_the_case_again(self, thread: Thread, mod: User) -> None:
        answer = act(signed_in(mod), the_case(thread), "agree", reason="x")
        assert answer.status_code == 422 and "Please say why" in text(answer) and ">x</textarea>" in text(answer)
        assert act(signed_in(mod), the_case(thread), "agree", reason="\u200b" * 5).status_code == 422

    @pytest.mark.parametrize("name", ["agree", "disagree", "ignore"])
    @pytest.mark.parametrize(
        ("reason", "said"), [("Spam\0it is.", "cannot be shown"), ("x" * 501, "500 is the most"), ("\x1b[2J Spam", "")]
    )
    def test_a_reason_that_cannot_be_kept_comes_back(
        self, name: str, reason: str, said: str, thread: Thread, mod: User
    ) -> None:
        answer = act(signed_in(mod), the_case(thread), name, reason=reason)
        assert answer.status_code == 422 and said in text(answer)
        kept = reason.replace("\0", "\ufffd").replace("\x1b", "\ufffd")
        assert f">{kept}</textarea>" in text(answer)
        assert the_case(thread).open_in == "aws" and status(thread) == "visible"

    def test_disagreeing_and_ignoring_leave_the_post(self, thread: Thread, ada: User, mod: User) -> None:
        client = signed_in(mod)
        for name in ("disagree", "ignore"):
            assert act(client, the_case(thread), name).status_code == 200
            assert status(thread) == "visible" and the_case(thread).open_in is None
            report(ada, thread)

    def test_the_second_moderator_is_told_who_was_first_and_keeps_the_reason(self, thread: Thread, mod: User) -> None:
        case = the_case(thread)
        act(signed_in(mod), case, "ignore")
        answer = act(signed_in(make_member("mod2", is_staff=True)), case, "agree", reason="Spam it is.")
        assert answer.status_code == 409 and "mod has ignored the reports" in text(answer)

    def test_a_report_that_came_after_the_page_was_opened_is_shown_first(self, thread: Thread, mod: User) -> None:
        case = the_case(thread)
        report(make_member("carl"), thread, kind="Illegal")
        answer = act(signed_in(mod), case, "ignore", reason="Harmless.")
        assert answer.status_code == 409 and "Another report has come in" in text(answer)
        assert "Illegal" in text(answer) and ">Harmless.</textarea>" in text(answer)

    def test_claiming_keeps_others_out_until_they_take_over(self, thread: Thread, mod: User) -> None:
        assert "This case is yours." in text(act(signed_in(mod), the_case(thread), "claim"))
        other = signed_in(make_member("mod2", is_staff=True))
        page = text(other.get(QUEUE))
        assert "mod is at this case" in page and "Agree and hide" not in page
        assert act(other, the_case(thread), "agree", reason="Spam it is.").status_code == 409
        act(other, the_case(thread), "take_over")
        assert "Agree and hide" in text(other.get(QUEUE))
        assert act(other, the_case(thread), "release").status_code == 200

    @pytest.mark.parametrize("name", ["agree", "disagree", "ignore"])
    def test_a_text_that_changed_since_the_page_was_opened_is_shown_first(
        self, name: str, thread: Thread, bob: User, mod: User
    ) -> None:
        client = signed_in(mod)
        assert 'name="edited" value=""' in text(client.get(QUEUE))
        signed_in(bob).post(f"/f/aws/{thread.id}/2/edit/", {"body": "I am sorry.", "revision": "1"})
        late = act(client, the_case(thread), name, edited="", reason="Advertising.")
        assert late.status_code == 409 and "has just changed" in text(late) and "I am sorry." in text(late)
        assert ">Advertising.</textarea>" in text(late) and the_case(thread).open_in and status(thread) == "visible"
        edited = str(posts.get_post_of(threads.get_thread("aws", thread.id), 2).edited_at)
        assert f'name="edited" value="{edited}"' in text(late)
        assert act(client, the_case(thread), name, edited=edited, reason="Advertising.").status_code == 200

    def test_a_post_whose_thread_has_moved_is_hidden_where_it_is_now(
        self, aws: Forum, thread: Thread, mod: User
    ) -> None:
        target = make_forum("django")
        head = threads.get_thread("aws", thread.id)
        moving.move_thread(reader(mod), rules(aws), rules(target), head)
        client = signed_in(mod)
        assert "Buy my cheap watches." in text(client.get(QUEUE))
        assert act(client, the_case(thread), "agree", reason="No advertising.").status_code == 200
        now = threads.get_thread("django", thread.id)
        assert posts.get_post_of(now, 2).status == "hidden" and the_case(thread).open_in is None

    def test_what_has_moved_where_the_moderator_may_not_read_is_not_shown(
        self, aws: Forum, thread: Thread, mod: User
    ) -> None:
        group = Group.objects.create(name="Helpers")
        aws.moderator_groups.add(group)
        helper = make_member("helper")
        helper.groups.add(group)
        target = make_forum("crew", read_access="groups")
        moving.move_thread(reader(mod), rules(aws), rules(target), threads.get_thread("aws", thread.id))
        client = signed_in(helper)
        page = text(client.get(QUEUE))
        assert "Nothing waits." in page and "watches" not in page
        late = act(client, the_case(thread), "ignore")
        assert late.status_code == 409 and "moderators there decide now" in text(late) and "crew" not in text(late)
        assert the_case(thread).open_in == "crew"

    def test_a_deleted_post_can_still_be_closed(self, thread: Thread, bob: User, mod: User) -> None:
        signed_in(bob).post(f"/f/aws/{thread.id}/2/delete/")
        client = signed_in(mod)
        assert "deleted" in text(client.get(QUEUE))
        assert act(client, the_case(thread), "agree", reason="Deleted already.").status_code == 200
        assert status(thread) == "deleted"


class TestApprovals:
    @pytest.fixture(autouse=True)
    def first_posts_wait(self, settings: Any) -> None:
        settings.APPROVE_FIRST_POSTS = 1

    def test_wait_in_the_same_queue_and_are_approved_or_refused(self, aws: Forum, mod: User, client: Client) -> None:
        thread = start_thread(mod, aws)
        for name in ("new1", "new2"):
            reply(make_member(name), thread, f"First words of {name}.")
        moderator = signed_in(mod)
        page = text(moderator.get(QUEUE))
        assert f"A reply in “{thread.title}”" in page
        assert "First words of new1." in page and "one of a new member" in page and "To approve" in page
        first, second = cases.list_open(["aws"], 10)[0]
        assert "The post is published." in text(act(moderator, first, "approve"))
        for no_reason in ("", "\u200b" * 3, "No\0English"):
            assert act(moderator, second, "refuse", reason=no_reason).status_code == 422
        assert "The post is refused" in text(act(moderator, second, "refuse", reason="Not in English."))
        assert act(moderator, first, "approve").status_code == 409
        page = text(client.get(f"/p/{thread.id}/2/", follow=True))
        assert "First words of new1." in page and "First words of new2." not in page

    def test_of_a_suspended_author_can_only_be_refused(self, aws: Forum, mod: User) -> None:
        from django.utils import timezone

        thread, new = start_thread(mod, aws), make_member("new")
        reply(new, thread)
        new.suspended_until = timezone.now() + timezone.timedelta(days=1)
        new.save()
        renew()
        (case,) = cases.list_open(["aws"], 10)[0]
        answer = act(signed_in(mod), case, "approve")
        assert answer.status_code == 409 and "closed or suspended" in text(answer)
        assert act(signed_in(mod), cases.get_case(case.subject), "refuse", reason="Spam.").status_code == 200
