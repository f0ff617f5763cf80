"""What becomes of reports when their post is hidden or deleted elsewhere than in the queue, and what the forum may
hide by itself after a moderator has looked."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission

from forum.actions import closing, moderating, nuking, reporting
from forum.errors import Conflict
from forum.models import Forum, User
from forum.tables import cases, changes, moderation, posts, threads
from forum.tables.moderation import Record
from forum.tables.posts import Post
from forum.tables.threads import Thread
from tests.dying import jobs_go_on
from tests.helpers import make_forum, make_member, reader, renew, reply, rules, signed_in, start_thread

AGREED = "a moderator agreed, and the post is {}."


def text(response: Any) -> str:
    return str(response.content.decode())


@pytest.fixture
def thread(aws: Forum, ada: User, bob: User) -> Thread:
    """A thread of Ada's with a reply by Bob, which Ada has reported."""
    begun = start_thread(ada, aws)
    reply(bob, begun, "Buy my cheap watches.")
    report(ada, begun)
    return begun


def report(member: User, thread: Thread, number: int = 2) -> None:
    answer = signed_in(member).post(f"/f/{thread.forum}/{thread.id}/{number}/report/", {"kind": "Spam"})
    assert answer.status_code == 302


def head_of(thread: Thread) -> Thread:
    return threads.get_thread(thread.forum, thread.id)


def the_post(thread: Thread, number: int = 2) -> Post:
    return posts.get_post_of(head_of(thread), number)


def the_case(thread: Thread, number: int = 2) -> Record:
    return cases.get_case(the_post(thread, number).subject)


def is_open(thread: Thread, number: int = 2) -> bool:
    return the_post(thread, number).subject in [case.subject for case in cases.list_open(["aws"], 50)[0]]


def act(user: User, thread: Thread, way: str, number: int = 2) -> None:
    fields = {"reason": "Not wanted here."}
    assert signed_in(user).post(f"/f/aws/{thread.id}/{number}/{way}/", fields).status_code == 302


def notes(member: User) -> str:
    return text(signed_in(member).get("/notifications/"))


def kinds(thread: Thread, number: int = 2) -> list[str]:
    return sorted(record.kind for record in moderation.list_records(the_post(thread, number).subject))


class TestAnActOnAReportedPost:
    @pytest.mark.parametrize(("way", "did"), [("hide", "hidden"), ("delete", "deleted"), ("purge", "deleted")])
    def test_agrees_with_the_reports_and_tells_who_reported_it(
        self, way: str, did: str, thread: Thread, ada: User, bob: User, mod: User
    ) -> None:
        mod.user_permissions.add(Permission.objects.get(codename="delete_post"))
        act(mod, thread, way)
        assert not is_open(thread) and not the_case(thread).reporters
        assert {"agree", way, "report"} <= set(kinds(thread))
        assert AGREED.format(did) in notes(ada)
        assert "Not wanted here." in notes(bob)

    def test_in_the_administration_too(self, thread: Thread, ada: User, mod: User) -> None:
        url = f"/admin/posts/{thread.id}-2/hide/"
        answer = signed_in(mod).post(url, {"reason": "Not wanted here.", "confirmed": "1"})
        assert answer.status_code == 302 and the_post(thread).status == "hidden"
        assert not is_open(thread) and AGREED.format("hidden") in notes(ada)

    def test_closes_a_case_that_another_moderator_claims(self, aws: Forum, thread: Thread, mod: User) -> None:
        other = make_member("mod2", is_staff=True)
        reporting.claim(reader(other), rules(aws), the_case(thread))
        seen = the_case(thread)
        act(mod, thread, "hide")
        assert not is_open(thread)
        with pytest.raises(Conflict, match="mod has agreed with the reports: Not wanted here"):
            reporting.resolve(reader(other), rules(aws), seen, "ignore")

    def test_tells_nothing_to_the_moderator_who_had_reported_it(self, thread: Thread, ada: User, mod: User) -> None:
        report(mod, thread)
        act(mod, thread, "hide")
        assert "a moderator agreed" in notes(ada) and "a moderator agreed" not in notes(mod)

    def test_by_its_author_leaves_the_case_to_a_moderator(self, thread: Thread, ada: User, bob: User) -> None:
        assert signed_in(bob).post(f"/f/aws/{thread.id}/2/delete/").status_code == 302
        assert is_open(thread) and "a moderator agreed" not in notes(ada)

    def test_by_the_forum_itself_leaves_the_case_open(self, thread: Thread, settings: Any) -> None:
        settings.REPORTS_TO_HIDE = 1
        report(make_member("r1", trust=1), thread)
        assert the_post(thread).status == "hidden" and is_open(thread)

    def test_hears_of_a_report_that_comes_at_the_same_moment(
        self, aws: Forum, thread: Thread, mod: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        carl, agreeing = make_member("carl"), closing.agreeing

        def meanwhile(case: Record | None, done: Record) -> changes.Also:
            """The case has been read, and the act not been stored."""
            if case is not None and len(case.reports or ()) == 1:
                report(carl, thread)
            return agreeing(case, done)

        monkeypatch.setattr(closing, "agreeing", meanwhile)
        moderating.hide_post(reader(mod), rules(aws), head_of(thread), the_post(thread), "Not wanted here.")
        assert not is_open(thread) and "a moderator agreed" in notes(carl)
        assert kinds(thread) == ["agree", "hide", "report", "report"]


class TestHidingAll:
    def test_closes_the_cases_of_what_it_hides_and_of_what_was_hidden_before(
        self, aws: Forum, thread: Thread, ada: User, bob: User, mod: User, settings: Any
    ) -> None:
        reply(bob, thread, "And these.")
        carl = make_member("carl", trust=1)
        settings.REPORTS_TO_HIDE = 1
        report(carl, thread, 3)
        assert the_post(thread, 3).status == "hidden"
        other = start_thread(ada, aws, "Of somebody else")
        report(carl, other, 1)

        nuking.nuke(reader(mod), bob, "Sells watches.", may=True)
        jobs_go_on()
        assert not is_open(thread) and not is_open(thread, 3) and is_open(other, 1)
        assert kinds(thread) == ["agree", "hide", "report"]
        for reporter in (ada, carl):
            assert notes(reporter).count("a moderator agreed") == 1

    def test_of_very_many_reported_posts_fits_its_transactions(
        self, thread: Thread, ada: User, bob: User, mod: User, aws: Forum, settings: Any
    ) -> None:
        settings.POSTS_PER_HOUR = settings.NEW_MEMBER_POSTS_PER_HOUR = settings.REPORTS_PER_HOUR = 0
        begun = [start_thread(bob, aws, f"Watches {number}") for number in range(22)]
        for each in begun:
            report(ada, each, 1)
        nuking.nuke(reader(mod), bob, "Sells watches.", may=True)
        jobs_go_on()
        assert cases.list_open(["aws"], 50) == ([], "")
        assert {head_of(each).status for each in begun} == {"hidden"}


class TestWhatAModeratorHasShown:
    def test_stays_however_much_is_recorded_after_it(
        self, aws: Forum, thread: Thread, mod: User, settings: Any
    ) -> None:
        settings.REPORTS_TO_HIDE = 1
        report(make_member("r1", trust=1), thread)
        moderating.show_post(reader(mod), rules(aws), head_of(thread), the_post(thread))
        for _ in range(30):
            reporting.claim(reader(mod), rules(aws), the_case(thread))
            reporting.release(reader(mod), rules(aws), the_case(thread))
        report(make_member("r2", trust=1), thread)
        assert the_post(thread).status == "visible"

    def test_can_be_hidden_again_once_a_new_case_is_open(
        self, aws: Forum, thread: Thread, mod: User, settings: Any
    ) -> None:
        settings.REPORTS_TO_HIDE = 1
        report(make_member("r1", trust=1), thread)
        place = (rules(aws), head_of(thread), the_post(thread))
        reporting.resolve(reader(mod), rules(aws), the_case(thread), "disagree", place=place)
        assert the_post(thread).status == "visible"
        report(make_member("r2", trust=1), thread)
        assert the_post(thread).status == "hidden"

    def test_comes_back_by_disagreeing_however_much_is_recorded_in_between(
        self, aws: Forum, thread: Thread, mod: User, settings: Any
    ) -> None:
        settings.REPORTS_TO_HIDE = 1
        report(make_member("r1", trust=1), thread)
        for _ in range(30):
            reporting.claim(reader(mod), rules(aws), the_case(thread))
            reporting.release(reader(mod), rules(aws), the_case(thread))
        place = (rules(aws), head_of(thread), the_post(thread))
        reporting.resolve(reader(mod), rules(aws), the_case(thread), "disagree", place=place)
        assert the_post(thread).status == "visible"


class TestEarlierActs:
    def test_in_forums_that_a_moderator_may_not_see_are_not_counted_for_them(
        self, aws: Forum, thread: Thread, ada: User, bob: User, mod: User
    ) -> None:
        secret, group = make_forum("secret", read_access="groups"), Group.objects.create(name="Warders")
        aws.moderator_groups.add(group)
        warder = make_member("warder")
        warder.groups.add(group)
        renew()
        hurt: dict[str, Any] = {"member_id": str(bob.pk)}
        for record in (
            moderation.new_act("USER#1", "silence", str(mod.pk), "Too loud.", **hurt),
            moderation.new_act("THREAD#1", "hide thread", str(mod.pk), "Spam.", forum=secret.name, **hurt),
            moderation.new_act("THREAD#2", "hide thread", str(mod.pk), "Spam.", forum="aws", **hurt),
        ):
            changes.commit_between(puts=[(record, None)])
        queue = "/admin/moderation/queue/"
        assert "1 earlier act<" in text(signed_in(warder).get(queue))
        admin = make_member("root-of-all", is_staff=True, is_superuser=True)
        assert "3 earlier acts<" in text(signed_in(admin).get(queue))
