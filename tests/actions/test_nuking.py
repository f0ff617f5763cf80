"""Hiding all that a spammer wrote, and undoing it: also when it is stopped, raced, or killed at any write."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from forum import jobs
from forum.actions import moderating, nuking, sanctions
from forum.errors import BadRequest, Conflict, NotAllowed, NotFound
from forum.models import Job, User
from forum.permissions import FOREVER
from forum.tables import cases, posts, sweeps, threads
from forum.tables.moderation import Record, list_records, post_subject, user_subject
from forum.tables.posts import Post
from forum.tables.threads import Thread
from tests.dying import every_death, jobs_go_on
from tests.helpers import (
    cost,
    make_forum,
    make_member,
    page_url,
    reader,
    reply,
    rules,
    signed_in,
    start_thread,
    token,
)

REASON = "Sells watches."


def text(response) -> str:  # type: ignore[no-untyped-def]
    return response.content.decode()


@pytest.fixture(autouse=True)
def small(monkeypatch, settings) -> None:
    """Batches so small that a few posts make several of them, written as fast as a test wants."""
    settings.POSTS_PER_HOUR = settings.NEW_MEMBER_POSTS_PER_HOUR = 0
    monkeypatch.setattr(sweeps, "BATCH", 4)
    monkeypatch.setattr(sweeps, "PER_TRANSACTION", 2)


@pytest.fixture
def spam(site) -> User:
    return make_member("spam", trust=2)


def nuke(mod: User, user: User, reason: str = REASON, **options: bool) -> Job:
    return finish(nuking.nuke(reader(mod), user, reason, **{"may": True} | options))


def unnuke(mod: User, user: User, job: Job) -> Job:
    return finish(nuking.unnuke(reader(mod), user, job, may=True))


def finish(job: Job) -> Job:
    jobs_go_on()
    return Job.objects.get(pk=job.pk)


def stored(user: User) -> list[Post]:
    return posts.list_of_user(str(user.pk), 1000)


def statuses(user: User) -> set[str]:
    return {post.status for post in stored(user)}


def head_of(thread: Thread) -> Thread:
    return threads.get_thread(thread.forum, thread.id)


def listed(thread: Thread) -> bool:
    return thread.id in {head.id for head in threads.list_by_activity(thread.forum, 1, 50)}


def acts(user: User, kind: str) -> Iterator[Record]:
    """In the histories of the member's posts, and in the log of the member."""
    of_posts = [record for post in stored(user) for record in list_records(post.subject)]
    return (record for record in [*of_posts, *Record.by_member.query(str(user.pk))] if record.kind == kind)


class TestHidingAll:
    def test_hides_replies_and_threads_in_all_forums_and_suspends(self, mod, ada, spam, aws):
        own, hers = start_thread(spam, aws, "Watches"), start_thread(ada, make_forum("garden"), "Roses")
        for number in range(6):
            reply(spam, own, f"Buy {number}")
            reply(spam, hers, f"Buy {number}")
        reply(ada, hers, "Please stop.")

        job = nuke(mod, spam)
        assert (job.status, job.done, job.member_id, job.user_id) == ("done", 13, str(spam.pk), str(mod.pk))
        assert statuses(spam) == {"hidden"} and statuses(ada) == {"visible"}
        assert User.objects.get(pk=spam.pk).suspended_until == FOREVER
        assert not listed(own) and listed(hers)
        assert (head_of(own).status, head_of(own).readable, head_of(hers).readable) == ("hidden", 0, 2)
        page = text(signed_in(ada).get(page_url(hers)))
        assert "Please stop." in page and "Buy " not in page
        assert signed_in(ada).get(page_url(own)).status_code == 404

    def test_a_thread_in_which_somebody_replied_stays_without_its_first_post_and_is_named(self, mod, ada, spam, aws):
        thread = start_thread(spam, aws, "Watches", "Buy these.")
        reply(ada, thread, "What a strange advertisement.")
        job = nuke(mod, spam)
        assert listed(thread) and head_of(thread).status == "visible"
        page = text(signed_in(ada).get(page_url(thread)))
        assert "strange advertisement" in page and "Buy these." not in page
        assert job.state["threads"] == [["Watches", page_url(thread)]]
        replies = '<span class="count">1</span> <span class="unit">reply<'
        assert re.search(r"· 1 reply<", page) and replies in text(Client().get("/f/aws/")), "it still has its one reply"
        unnuke(mod, spam, job)
        assert re.search(r"· 1 reply<", text(Client().get(page_url(thread)))) and replies in text(
            Client().get("/f/aws/")
        )

    def test_every_post_has_a_record_that_names_the_job(self, mod, spam, aws):
        thread = start_thread(spam, aws)
        reply(spam, thread)
        job = nuke(mod, spam)
        for number in (1, 2):
            record = list_records(post_subject(thread.id, number))[0]
            assert (record.kind, record.reason, record.job_id) == ("hide", REASON, str(job.pk))
            assert record.user_id == str(mod.pk) and record.by_moderator
        assert {"nuke", "suspend"} <= {record.kind for record in list_records(user_subject(str(spam.pk)))}

    def test_the_log_has_the_whole_of_it_in_few_lines_and_says_how_many(self, mod, ada, spam, aws, settings):
        settings.PUBLIC_MODERATION_LOG = True
        garden = make_forum("garden")
        start_thread(spam, garden)
        thread = start_thread(ada, aws)
        for number in range(9):
            reply(spam, thread, f"Buy {number}")
        job = nuke(mod, spam)
        office = signed_in(mod)
        of_member = text(office.get(f"/admin/forum/user/{spam.pk}/moderation/"))
        assert of_member.count("by mod") == 4 and "posts: 10" in of_member
        assert "garden, " in of_member and "posts: 1<" in of_member and "posts: 9" in of_member
        assert text(office.get("/admin/log/?forum=aws")).count("posts: 9") == 1
        public = text(signed_in(ada).get("/moderation-log/"))
        assert public.count("everything by") == 1 and "posts: 10" in public and REASON in public
        exported = b"".join(office.get("/admin/log.csv").streaming_content).decode().splitlines()
        [line] = [line for line in exported if ",nuke," in line]
        assert "posts: 10" in line and line.endswith(f",{job.pk}") and not any(",hide," in each for each in exported)
        history = text(office.get(f"/f/aws/{thread.id}/5/history/"))
        assert REASON in history
        unnuke(mod, spam, job)
        assert "posts: 10" in next(
            line for line in text(office.get("/admin/log/")).splitlines() if "showed again" in line
        )

    def test_leaves_what_others_hid_or_deleted(self, mod, spam, aws):
        thread = start_thread(spam, aws)
        reply(spam, thread, "Deleted before.")
        url = f"/f/aws/{thread.id}/2/delete/"
        assert signed_in(spam).post(url, {"reason": "Mine."}).status_code == 302
        job = nuke(mod, spam)
        assert job.done == 1 and statuses(spam) == {"hidden", "deleted"}

    def test_lists_the_domains_that_the_posts_link_to(self, mod, spam, aws, monkeypatch):
        thread = start_thread(
            spam, aws, body="See https://WATCHES.example/a and http://watches.example/b?c=https://x.y"
        )
        reply(spam, thread, "[here](https://user@pills.example:8080/) or https://watches.example.")
        assert nuke(mod, spam).state["domains"] == {"watches.example": 2, "pills.example": 1, "x.y": 1}

    def test_lists_only_so_many_domains(self, mod, spam, aws, monkeypatch):
        monkeypatch.setattr(nuking, "MOST_DOMAINS", 3)
        start_thread(spam, aws, body=" ".join(f"https://shop-{n}.example/" for n in range(9)))
        job = nuke(mod, spam)
        assert len(job.state["domains"]) == 3 and job.state["more_domains"]

    def test_a_member_who_wrote_nothing_is_suspended(self, mod, spam):
        job = nuke(mod, spam)
        assert (job.status, job.done) == ("done", 0)
        assert User.objects.get(pk=spam.pk).suspended_until == FOREVER

    def test_a_closed_account_can_be_dealt_with_too(self, mod, spam, aws):
        start_thread(spam, aws)
        signed_in(spam).post("/settings/close/", {"password": "correct horse", "posts": "keep"})
        assert nuke(mod, User.objects.get(pk=spam.pk)).done == 1

    def test_costs_the_same_calls_for_each_batch(self, mod, spam, aws):
        thread = start_thread(make_member("eve"), aws)
        for number in range(16):
            reply(spam, thread, f"Buy {number}")
        job = nuking.nuke(reader(mod), spam, REASON, may=True)
        spent = []
        while (job := Job.objects.get(pk=job.pk)).state["stage"] == "posts":
            with cost() as one:
                jobs.run(job.pk, seconds=0)
            spent.append(one.dynamodb.calls)
        batches = [calls for calls in spent if "TransactWriteItems" in calls]
        assert all(calls == batches[0] for calls in batches)

    def test_takes_back_what_waits_for_approval(self, mod, aws, settings):
        settings.APPROVE_FIRST_POSTS = 1
        new = make_member("newcomer")
        signed_in(new).post("/f/aws/new/", {"title": "Buy this", "body": "Cheap watches.", "token": token(new)})
        assert len(cases.list_open(["aws"], 10)[0]) == 1
        nuke(mod, new)
        assert cases.list_open(["aws"], 10)[0] == []


class TestStoppingOnTheWay:
    @pytest.fixture(autouse=True)
    def slow(self, monkeypatch):
        """Requests take one step each, the first of which suspends the account."""
        monkeypatch.setattr(jobs, "REQUEST_SECONDS", 0)

    def test_progress_is_told_it_stops_between_batches_and_goes_on_where_it_was(self, mod, spam, ada, aws):
        thread = start_thread(ada, aws)
        for number in range(13):
            reply(spam, thread, f"Buy {number}")
        job = nuking.nuke(reader(mod), spam, REASON, may=True)
        assert [job.done, *(step.done for step in steps(job, 2))] == [0, 4, 8]

        stopped = jobs.stop(job.pk)
        assert (stopped.status, stopped.done, hidden(spam)) == ("stopped", 8, 8)
        jobs_go_on()
        assert (Job.objects.get(pk=job.pk).status, hidden(spam)) == ("stopped", 8)

        assert jobs.resume(job.pk, seconds=0).status == "waiting"
        done = finish(job)
        assert (done.status, done.done, done.total, hidden(spam)) == ("done", 13, 13, 13)
        assert len(list(acts(spam, "hide"))) == 13 and head_of(thread).readable == 1

    def test_the_page_shows_how_far_it_is_and_has_the_buttons(self, mod, spam, aws):
        for number in range(2):
            reply(spam, start_thread(make_member(f"eve{number}"), aws))
        job = nuking.nuke(reader(mod), spam, REASON, may=True)
        list(steps(job, 1))
        browser, page = signed_in(mod), f"/admin/jobs/{job.pk}/"
        at_work = text(browser.get(page))
        assert (
            "2 of 2" in at_work
            and f"/admin/forum/user/{spam.pk}/moderation/" in at_work
            and 'value="stop"' in at_work
            and f'action="{page}undo/"' not in at_work
        )
        stopped = text(browser.post(page, {"act": "stop"}, follow=True))
        assert "2 of 2" in stopped and 'value="resume"' in stopped and f'action="{page}undo/"' in stopped
        done = text(browser.post(page, {"act": "resume"}, follow=True))
        assert "This job is done now." in done and "2 done" in done and 'value="resume"' not in done


def steps(job: Job, count: int) -> Iterator[Job]:
    """The job after each of so many single steps."""
    for _ in range(count):
        yield jobs.run(job.pk, seconds=0)


def hidden(user: User) -> int:
    return sum(post.status == "hidden" for post in stored(user))


class TestWhoMay:
    def test_not_without_the_right(self, ada, bob):
        with pytest.raises(NotAllowed):
            nuking.nuke(reader(ada), bob, REASON, may=False)
        assert not Job.objects.exists()

    def test_not_to_oneself_an_administrator_or_another_moderator(self, mod, ada):
        chief = make_member("chief", is_staff=True, is_superuser=True)
        for victim in (mod, chief, make_member("second", is_staff=True)):
            with pytest.raises(NotAllowed):
                nuking.nuke(reader(mod), victim, REASON, may=True)
        assert not Job.objects.exists()

    @pytest.mark.parametrize("reason", ["", "  ", "x", "x" * 501])
    def test_not_without_a_reason(self, mod, spam, reason):
        with pytest.raises(BadRequest):
            nuking.nuke(reader(mod), spam, reason, may=True)
        assert not User.objects.get(pk=spam.pk).suspended_until


class TestUndoing:
    def test_shows_all_again_as_it_was(self, mod, ada, spam, aws):
        own, hers = start_thread(spam, aws, "Watches"), start_thread(ada, aws, "Roses")
        for number in range(5):
            reply(spam, own, f"Buy {number}")
            reply(spam, hers, f"Buy {number}")
        before = [(post.key, post.status, post.body) for post in stored(spam)]
        heads = [head_of(own).attribute_values, head_of(hers).attribute_values]

        undone = unnuke(mod, spam, nuke(mod, spam))
        assert (undone.status, undone.done) == ("done", 11)
        assert [(post.key, post.status, post.body) for post in stored(spam)] == before
        assert not any(post.hidden_by for post in stored(spam))
        assert [head_of(own).attribute_values, head_of(hers).attribute_values] == heads
        assert listed(own) and User.objects.get(pk=spam.pk).suspended_until is None
        assert "Buy 4" in text(signed_in(ada).get(page_url(hers)))
        assert len(list(acts(spam, "show"))) == 11 and len(list(acts(spam, "unnuke"))) == 1

    def test_leaves_hidden_what_others_hid_before_or_since(self, mod, ada, spam, aws):
        thread = start_thread(ada, aws)
        for _ in range(4):
            reply(spam, thread)

        def act(do, number: int, *reason: str) -> None:  # type: ignore[no-untyped-def]
            head = head_of(thread)
            do(reader(mod), rules(aws), head, posts.get_post_of(head, number), *reason)

        act(moderating.hide_post, 2, "Too loud.")
        job = nuke(mod, spam)
        act(moderating.show_post, 3)
        act(moderating.hide_post, 3, "After all.")
        act(moderating.delete_post, 4, "Illegal.")
        unnuke(mod, spam, job)
        assert {int(post.number): post.status for post in stored(spam)} == {
            2: "hidden",
            3: "hidden",
            4: "deleted",
            5: "visible",
        }

    def test_puts_back_a_suspension_that_was_there_before(self, mod, spam):
        until = timezone.now() + timedelta(days=3)
        sanctions.suspend(reader(mod), spam, until, "Rude.", may=True)
        job = nuke(mod, User.objects.get(pk=spam.pk))
        unnuke(mod, spam, job)
        member = User.objects.get(pk=spam.pk)
        assert (member.suspended_until, member.suspension_reason) == (until, "Rude.")

    def test_of_a_part_shows_that_part(self, mod, spam, ada, aws, monkeypatch):
        thread = start_thread(ada, aws)
        for number in range(10):
            reply(spam, thread, f"Buy {number}")
        monkeypatch.setattr(jobs, "REQUEST_SECONDS", 0)
        started = nuking.nuke(reader(mod), spam, REASON, may=True)
        jobs.run(started.pk, 0)
        job = jobs.stop(started.pk)
        assert job.done == 4
        undone = unnuke(mod, spam, job)
        assert undone.done == 4 and statuses(spam) == {"visible"}
        assert jobs.resume(job.pk).status == "done"
        assert statuses(spam) == {"visible"}

    def test_is_done_once_and_not_while_the_job_is_at_work(self, mod, spam, aws):
        start_thread(spam, aws)
        job = nuke(mod, spam)
        Job.objects.filter(pk=job.pk).update(status="running")
        with pytest.raises(Conflict):
            unnuke(mod, spam, Job.objects.get(pk=job.pk))
        Job.objects.filter(pk=job.pk).update(status="done")
        unnuke(mod, spam, Job.objects.get(pk=job.pk))
        with pytest.raises(Conflict, match="undone already"):
            unnuke(mod, spam, Job.objects.get(pk=job.pk))

    def test_of_two_who_undo_at_once_one_is_told(self, mod, spam, aws):
        start_thread(spam, aws)
        seen = nuke(mod, spam)
        unnuke(mod, spam, seen)
        with pytest.raises(Conflict):
            unnuke(mod, spam, seen)

    def test_another_members_job_is_not_found(self, mod, spam, ada):
        with pytest.raises(NotFound):
            unnuke(mod, ada, nuke(mod, spam))

    def test_not_without_the_right(self, mod, spam, ada):
        job = nuke(mod, spam)
        with pytest.raises(NotAllowed):
            nuking.unnuke(reader(ada), spam, job, may=False)


class TestOthersAtTheSamePosts:
    def test_an_edit_in_between_is_met_with_a_second_look(self, mod, spam, ada, aws, monkeypatch):
        thread = start_thread(ada, aws)
        for number in range(4):
            reply(spam, thread, f"Buy {number}")
        change, times = sweeps.change_statuses, []

        def edited_meanwhile(batch, also) -> None:  # type: ignore[no-untyped-def]
            times.append(len(batch))
            if len(times) == 1:
                post = posts.get_post(thread.id, int(batch[0].found.post.number))
                post.update([Post.revision.add(1), Post.body.set("Edited in the last moment.")])
            change(batch, also)

        monkeypatch.setattr(sweeps, "change_statuses", edited_meanwhile)
        assert nuke(mod, spam).done == 4
        assert statuses(spam) == {"hidden"} and head_of(thread).readable == 1
        assert times == [2, 1, 1, 2]

    def test_a_reply_in_the_last_moment_keeps_the_thread(self, mod, spam, ada, aws, monkeypatch):
        thread = start_thread(spam, aws)
        change, met = sweeps.change_statuses, []

        def replied_meanwhile(batch, also) -> None:  # type: ignore[no-untyped-def]
            if not met:
                met.append(reply(ada, thread, "I wonder."))
            change(batch, also)

        monkeypatch.setattr(sweeps, "change_statuses", replied_meanwhile)
        nuke(mod, spam)
        assert listed(thread) and statuses(spam) == {"hidden"} and statuses(ada) == {"visible"}

    def test_what_was_written_while_it_began_is_hidden_too(self, mod, spam, ada, aws):
        thread = start_thread(ada, aws)
        for number in range(5):
            reply(spam, thread, f"Buy {number}")
        job = jobs.run(nuking.nuke(reader(mod), spam, REASON, may=True).pk, 0)
        if job.status == "done":
            Job.objects.filter(pk=job.pk).update(
                status="waiting", state=job.state | {"stage": "again", "cursor": ""}, leased_until=None
            )
        late = posts.put_reply("aws", thread.id, str(spam.pk), "Too late.", nuking.Nonce.new(), lambda head: None)
        assert finish(job).status == "done"
        assert statuses(spam) == {"hidden"} and late


def world(mod: User, ada: User, aws, name: str) -> tuple[User, Thread, Thread]:  # type: ignore[no-untyped-def]
    spam = make_member(name, trust=2)
    own, hers = start_thread(spam, aws, "Watches"), start_thread(ada, aws, "Roses")
    reply(spam, own, "Buy")
    reply(spam, hers, "Buy")
    return spam, own, hers


def test_killed_at_any_write_it_is_finished_by_another_runner_and_undone_as_a_whole(mod, ada, aws):
    for n, death in enumerate(every_death()):
        spam, own, hers = world(mod, ada, aws, f"spam{n}")
        actor = reader(mod)
        with death.strikes():
            nuking.nuke(actor, spam, REASON, may=True)
        if not death.struck:
            break
        jobs_go_on()
        job = Job.objects.filter(kind="nuke", member_id=str(spam.pk)).first()
        assert job is not None and job.status == "done", death
        assert statuses(spam) == {"hidden"} and not listed(own) and listed(hers), death
        assert (head_of(own).readable, head_of(hers).readable) == (0, 1), death
        assert User.objects.get(pk=spam.pk).suspended_until == FOREVER, death
        assert len(list(acts(spam, "hide"))) == 3 and len(list(acts(spam, "nuke"))) == 1, death
    assert n > 10


def test_undoing_that_is_killed_at_any_write_is_finished_too(mod, ada, aws):
    for n, death in enumerate(every_death()):
        spam, own, hers = world(mod, ada, aws, f"spam{n}")
        job = nuke(mod, spam)
        actor = reader(mod)
        with death.strikes():
            nuking.unnuke(actor, spam, job, may=True)
        if not death.struck:
            break
        jobs_go_on()
        assert statuses(spam) == {"visible"} and listed(own) and listed(hers), death
        assert (head_of(own).readable, head_of(hers).readable) == (2, 2), death
        assert User.objects.get(pk=spam.pk).suspended_until is None, death
        assert len(list(acts(spam, "show"))) == 3, death
    assert n > 10
