"""First posts of new members, and posts with certain words, wait until a moderator approves of them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from forum.actions import approving, moderating, moving, waiting
from forum.errors import BadRequest, Conflict, NotAllowed
from forum.models import BlockedText, Forum, User
from forum.tables import cases, members, moderation, posts, threads
from forum.tables.moderation import Record
from forum.tables.threads import Thread
from forum.told import sentence
from tests.helpers import make_forum, make_member, page_url, reader, renew, reply, rules, signed_in, start_thread, token


def text(response: HttpResponse) -> str:
    return response.content.decode()


@pytest.fixture(autouse=True)
def first_posts_wait(settings: Any) -> None:
    settings.APPROVE_FIRST_POSTS = 1


@pytest.fixture
def thread(aws: Forum, bob: User) -> Thread:
    bob.trust = 1
    bob.save()
    renew()
    return start_thread(bob, aws)


def waiting_cases() -> list[Record]:
    return cases.list_open(["aws"], 50)[0]


def approve(mod: User, aws: Forum, case: Record) -> str:
    from forum.models import User as Members

    return approving.approve(reader(mod), rules(aws), case, reader(Members.objects.get(pk=case.user_id)))


def notes(member: User) -> list[str]:
    found = members.Item.query(str(member.pk), members.Item.item.startswith(members.NOTE), consistent_read=True)
    return [f"{note.kind}: {sentence(note)}" for note in found]


QUEUE = "/admin/moderation/queue/"


def decide(user: User, case: Record, act: str) -> str:
    """What is said after a button of the queue."""
    sent = {"subject": case.subject, "forum_of": "aws", "act": act, "reason": "Not here."}
    return text(signed_in(user).post(QUEUE, sent, follow=True))


class TestWords:
    @pytest.fixture
    def case(self, thread: Thread, ada: User) -> Record:
        signed_in(ada).post(f"/f/aws/{thread.id}/reply/", {"body": "First words.", "token": token(ada)})
        return waiting_cases()[0]

    @pytest.mark.parametrize(("act", "done"), [("refuse", "refused it"), ("approve", "approved of it")])
    def test_the_second_is_told_who_decided(self, act: str, done: str, case: Record, mod: User) -> None:
        decide(mod, case, act)
        assert "You have decided on this already." in decide(mod, case, act)
        other = make_member("colleague", is_staff=True, is_superuser=True)
        assert f"mod has {done} in the meantime." in decide(other, case, "refuse")

    def test_whoever_withdraws_twice_is_told_so(self, case: Record, ada: User, mod: User) -> None:
        url = f"/pending/{cases.nonce_of(case).text}/withdraw/"
        signed_in(ada).post(url)
        assert "has been taken back already" in text(signed_in(ada).post(url))
        assert "Its writer has taken it back" in decide(mod, case, "refuse")

    def test_that_the_author_is_silenced_is_told_as_such(self, case: Record, ada: User, mod: User) -> None:
        User.objects.filter(pk=ada.pk).update(silenced_until=timezone.now() + timedelta(days=1))
        said = decide(mod, case, "approve")
        assert "Its author is silenced until" in said and "You may read but not post" not in said


class TestWaiting:
    def test_a_new_members_first_reply_is_no_post_yet(
        self, aws: Forum, thread: Thread, ada: User, client: Client
    ) -> None:
        fields = {"body": "My very first words.", "token": token(ada)}
        answer = signed_in(ada).post(f"/f/aws/{thread.id}/reply/", fields, follow=True)
        assert answer.status_code == 200 and answer.redirect_chain[-1][0] == "/pending/"
        assert "A moderator will look at your post" in text(answer) and "My very first words." in text(answer)
        assert "My very first words." not in text(client.get(page_url(thread)))
        assert threads.get_thread("aws", thread.id).last_post_number == 1
        (case,) = waiting_cases()
        assert (case.body, case.user_id, case.thread_id) == ("My very first words.", str(ada.pk), thread.id)

    def test_a_first_thread_waits_with_its_title(self, aws: Forum, ada: User) -> None:
        fields = {"title": "My first thread", "body": "Hello.", "token": token(ada)}
        answer = signed_in(ada).post("/f/aws/new/", fields, follow=True)
        assert "My first thread" in text(answer)
        assert threads.list_by_activity("aws", 1, 10) == []

    def test_sent_twice_it_waits_once(self, aws: Forum, thread: Thread, ada: User) -> None:
        fields = {"body": "Once.", "token": token(ada)}
        for _ in range(2):
            signed_in(ada).post(f"/f/aws/{thread.id}/reply/", fields)
        assert len(waiting_cases()) == 1

    def test_words_can_let_anybodys_post_wait(self, aws: Forum, thread: Thread, bob: User) -> None:
        BlockedText.objects.create(text="crypto", answer=BlockedText.Answer.APPROVE)
        renew()
        assert reply(bob, thread, "Crypto!")["Location"] == "/pending/"
        assert waiting_cases()[0].reason == "It holds “crypto”."

    def test_others_do_not_wait(self, aws: Forum, thread: Thread, bob: User, mod: User, settings: Any) -> None:
        assert "#post-2" in reply(bob, thread)["Location"]
        assert "#post-3" in reply(mod, thread)["Location"]
        settings.APPROVE_FIRST_POSTS = 0
        assert "#post-4" in reply(make_member("new"), thread)["Location"]

    def test_in_a_closed_thread_it_is_refused_at_once(self, aws: Forum, thread: Thread, ada: User, mod: User) -> None:
        moderating.set_locked(reader(mod), rules(aws), thread, True)
        answer = reply(ada, thread, "Too late, kept.")
        assert answer.status_code == 409 and "Too late, kept." in text(answer)
        assert waiting_cases() == []

    def test_only_its_writer_sees_it(self, aws: Forum, thread: Thread, ada: User, bob: User, client: Client) -> None:
        reply(ada, thread, "My very first words.")
        assert "My very first words." not in text(signed_in(bob).get("/pending/"))
        assert client.get("/pending/").status_code == 302
        nonce = cases.nonce_of(waiting_cases()[0]).text
        assert signed_in(bob).post(f"/pending/{nonce}/withdraw/").status_code == 404
        assert signed_in(bob).post(f"/pending/{token(bob)[:26]}/withdraw/").status_code == 404

    def test_its_writer_can_take_it_back(self, aws: Forum, thread: Thread, ada: User, mod: User) -> None:
        reply(ada, thread)
        (case,) = waiting_cases()
        nonce = cases.nonce_of(case).text
        answer = signed_in(ada).post(f"/pending/{nonce}/withdraw/", follow=True)
        assert answer.status_code == 200 and "Taken back" in text(answer)
        assert waiting_cases() == []
        with pytest.raises(Conflict):
            approve(mod, aws, case)
        assert signed_in(ada).post(f"/pending/{nonce}/withdraw/").status_code == 409


class TestDeciding:
    def test_approved_it_is_a_post_of_its_writer_and_the_next_does_not_wait(
        self, aws: Forum, thread: Thread, ada: User, mod: User, client: Client
    ) -> None:
        client.get(page_url(thread))
        reply(ada, thread, "My very first words.")
        url = approve(mod, aws, waiting_cases()[0])
        page = text(client.get(url, follow=True))
        assert "My very first words." in page and "ada" in page
        assert waiting_cases() == []
        assert any(note.startswith("approve") for note in notes(ada))
        assert "Approved" in text(signed_in(ada).get("/pending/"))
        assert "#post-3" in reply(ada, thread)["Location"]
        (act,) = moderation.list_records(moderation.post_subject(thread.id, 2))
        assert (act.kind, act.user_id, act.member_id) == ("approve", str(mod.pk), str(ada.pk))

    def test_an_approved_thread_starts(self, aws: Forum, ada: User, mod: User, client: Client) -> None:
        signed_in(ada).post("/f/aws/new/", {"title": "My first thread", "body": "Hello.", "token": token(ada)})
        approve(mod, aws, waiting_cases()[0])
        assert "My first thread" in text(client.get("/f/aws/"))

    def test_approved_twice_it_is_one_post(self, aws: Forum, thread: Thread, ada: User, mod: User) -> None:
        reply(ada, thread)
        (case,) = waiting_cases()
        approve(mod, aws, case)
        with pytest.raises(Conflict, match="decided on this already"):
            approve(mod, aws, cases.get_case(case.subject))
        assert threads.get_thread("aws", thread.id).last_post_number == 2

    def test_by_two_at_the_same_moment_it_is_one_post(
        self, transactional_db: None, aws: Forum, thread: Thread, ada: User, mod: User
    ) -> None:
        reply(ada, thread)
        (case,), where, author = waiting_cases(), rules(aws), reader(ada)
        people = [reader(mod), reader(make_member("mod2", is_staff=True))]

        def decide(who: Any) -> bool:
            try:
                return bool(approving.approve(who, where, case, author))
            except Conflict:
                return False

        with ThreadPoolExecutor(2) as pool:
            assert any(pool.map(decide, people))
        assert threads.get_thread("aws", thread.id).last_post_number == 2
        assert waiting_cases() == []
        assert len(moderation.list_records(moderation.post_subject(thread.id, 2))) == 1

    def test_whoever_dies_half_way_leaves_a_case_that_can_be_approved_again(
        self, aws: Forum, thread: Thread, ada: User, mod: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reply(ada, thread)
        (case,) = waiting_cases()
        with monkeypatch.context() as patch:
            patch.setattr(cases, "change_pending", lambda *_: exit())
            with pytest.raises(SystemExit):
                approve(mod, aws, case)
        (case,) = waiting_cases()
        with pytest.raises(Conflict, match="being published"):
            approving.refuse(reader(mod), rules(aws), case, "Spam it is.")
        approve(mod, aws, case)
        assert threads.get_thread("aws", thread.id).last_post_number == 2 and waiting_cases() == []

    def test_what_can_be_no_post_any_more_can_still_be_refused(
        self, aws: Forum, thread: Thread, ada: User, mod: User
    ) -> None:
        reply(ada, thread)
        moderating.set_locked(reader(mod), rules(aws), thread, True)
        with pytest.raises(Conflict, match="This thread is locked"):
            approve(mod, aws, waiting_cases()[0])
        approving.refuse(reader(mod), rules(aws), waiting_cases()[0], "The thread is closed.")
        assert waiting_cases() == []

    def test_a_reply_is_published_where_its_thread_is_now(
        self, aws: Forum, thread: Thread, ada: User, mod: User, client: Client
    ) -> None:
        django = make_forum("django")
        reply(ada, thread, "Sent before the move.")
        moving.move_thread(reader(mod), rules(aws), rules(django), thread, seconds=60)
        url = approve(mod, aws, waiting_cases()[0])
        answer = client.get(url, follow=True)
        assert answer.redirect_chain[-1][0].startswith(f"/f/django/{thread.id}/")
        assert "Sent before the move." in text(answer) and waiting_cases() == []
        assert threads.get_thread("django", thread.id).last_post_number == 2

    def test_a_reply_is_not_published_where_its_approver_moderates_nothing(
        self, aws: Forum, thread: Thread, ada: User, mod: User
    ) -> None:
        django, hand = make_forum("django", title="All about Django"), make_member("hand")
        hand.groups.add(Group.objects.create(name="hands"))
        aws.moderator_groups.add(Group.objects.get(name="hands"))
        renew()
        reply(ada, thread, "Sent before the move.")
        moving.move_thread(reader(mod), rules(aws), rules(django), thread, seconds=60)
        with pytest.raises(Conflict, match="moved to All about Django. Who moderates there as well can approve"):
            approve(hand, aws, waiting_cases()[0])
        Forum.objects.filter(name="django").update(read_access="groups")
        renew()
        signed_in(hand).get("/")
        with pytest.raises(Conflict, match="a forum that you may not read"):
            approve(hand, aws, waiting_cases()[0])
        assert waiting_cases()[0].kind == cases.WAITING and "Sent before" not in text(signed_in(mod).get("/f/django/"))

    def test_a_reply_is_not_published_where_its_writer_may_not_post(
        self, aws: Forum, thread: Thread, ada: User, mod: User
    ) -> None:
        django = make_forum("django", title="Staff only", post_access="groups")
        reply(ada, thread, "Sent before the move.")
        moving.move_thread(reader(mod), rules(aws), rules(django), thread, seconds=60)
        sent = {"subject": waiting_cases()[0].subject, "act": "approve", "forum_of": "aws"}
        answer = signed_in(mod).post("/admin/moderation/queue/", sent)
        assert answer.status_code == 409 and "moved to Staff only, where the writer of this reply may not" in text(
            answer
        )
        approving.refuse(reader(mod), rules(aws), waiting_cases()[0], "Too late.")
        assert waiting_cases() == []

    def test_refused_it_is_none_and_its_writer_is_told_why(
        self, aws: Forum, thread: Thread, ada: User, mod: User
    ) -> None:
        reply(ada, thread, "My very first words.")
        with pytest.raises(BadRequest):
            approving.refuse(reader(mod), rules(aws), waiting_cases()[0], "")
        approving.refuse(reader(mod), rules(aws), waiting_cases()[0], "Please write in English.")
        assert any("Please write in English." in note for note in notes(ada))
        page = text(signed_in(ada).get("/pending/"))
        assert "Please write in English." in page and "My very first words." in page
        assert [post.number for post in posts.list_of_thread(threads.get_thread("aws", thread.id), 1, 9)] == [1]

    def test_members_decide_nothing(self, aws: Forum, thread: Thread, ada: User, bob: User) -> None:
        reply(ada, thread)
        (case,) = waiting_cases()
        for act in (lambda: approve(bob, aws, case), lambda: approving.refuse(reader(bob), rules(aws), case, "No no")):
            with pytest.raises(NotAllowed):
                act()
        with pytest.raises(NotAllowed):
            waiting.withdraw(reader(bob), case)
