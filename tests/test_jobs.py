"""Background jobs: steps, stopping, resuming, failing, several runners, runners that die, `manage.py work`."""

import io
import os
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as real
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone

from forum import jobs
from forum.actions import kinds, remembering
from forum.errors import Conflict, Unavailable
from forum.jobs import Progress
from forum.models import Job
from forum.search import feeding
from forum.tables import base

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tables")]

LAST = 4


@pytest.fixture
def kind() -> Iterator[Callable[..., None]]:
    """Registers the step of the kind "count", and forgets it again."""

    def register(step: jobs.Step) -> None:
        jobs.kind("count")(step)

    register(count)
    yield register
    jobs.KINDS.pop("count", None)


def count(job: Job) -> Progress:
    """One more, of LAST."""
    n = job.state.get("n", 0) + 1
    return Progress({"n": n}, done=n, total=LAST, finished=n == LAST, message=f"{n} counted")


def start(seconds: float = 0) -> Job:
    return jobs.start("count", "Count to four", {}, user_id="7", member_id="8", seconds=seconds)


def stored(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


# -- The course of a job --------------------------------------------------------------------------


def test_a_small_job_is_done_within_the_request(kind):
    job = start(seconds=10)
    assert (job.status, job.done, job.total, job.message) == (Job.Status.DONE, 4, 4, "4 counted")
    assert (job.user_id, job.member_id, job.runner, job.leased_until) == ("7", "8", "", None)


def test_what_is_left_of_a_large_one_waits_for_a_worker(kind):
    job = jobs.run(start().pk, seconds=0)
    assert (job.status, job.state, job.leased_until) == (Job.Status.WAITING, {"n": 1}, None)
    assert jobs.work() and stored(job).status == Job.Status.DONE
    assert not jobs.work()


def test_a_title_is_cut_and_an_unknown_kind_is_refused(kind):
    assert len(jobs.start("count", "x" * 999, {}, seconds=0).title) == 300
    with pytest.raises(ValueError, match="there is no kind of job called nonsense"):
        jobs.start("nonsense", "What?", {})


def test_jobs_take_turns(kind):
    first, second = start(), start()
    jobs.work(seconds=0)
    jobs.work(seconds=0)
    assert (stored(first).done, stored(second).done) == (1, 1)


def test_a_worker_leaves_what_only_another_release_knows(kind):
    job = start()
    Job.objects.filter(pk=job.pk).update(kind="brewed later")
    assert not jobs.work()
    assert jobs.run(job.pk, 1).status == Job.Status.WAITING


# -- Stopping and resuming ------------------------------------------------------------------------


def test_a_job_that_is_stopped_rests_where_it_is_until_it_is_resumed(kind):
    job = jobs.run(start().pk, seconds=0)
    assert jobs.stop(job.pk).status == Job.Status.STOPPED
    assert not jobs.work() and stored(job).state == {"n": 1}
    assert jobs.resume(job.pk, seconds=10).status == Job.Status.DONE


def test_stopping_lets_the_step_under_way_finish_and_notes_it(kind):
    job = start()

    def stopped_meanwhile(job: Job) -> Progress:
        jobs.stop(job.pk)
        return count(job)

    kind(stopped_meanwhile)
    halted = jobs.run(job.pk, seconds=10)
    assert (halted.status, halted.state, halted.leased_until) == (Job.Status.STOPPED, {"n": 1}, None)


def test_resuming_while_the_last_step_is_under_way_does_not_take_it_twice(kind):
    job = start()
    resumed: list[str] = []

    def impatient(job: Job) -> Progress:
        if not resumed:
            jobs.stop(job.pk)
            resumed.append(jobs.resume(job.pk).status)
        return count(job)

    kind(impatient)
    assert jobs.run(job.pk, seconds=10).state == {"n": 1}
    assert resumed == [Job.Status.WAITING]
    assert jobs.work() and stored(job).status == Job.Status.DONE


def test_what_is_done_is_neither_stopped_nor_resumed(kind):
    job = start(seconds=10)
    assert jobs.stop(job.pk).status == jobs.resume(job.pk).status == Job.Status.DONE
    assert stored(job).done == LAST


# -- Failing --------------------------------------------------------------------------------------


def failing(error: Exception, at: int) -> jobs.Step:
    def step(job: Job) -> Progress:
        if job.state.get("n", 0) + 1 == at:
            raise error
        return count(job)

    return step


@pytest.mark.parametrize(
    ("error", "said"),
    [(Conflict("The thread is gone."), "The thread is gone."), (KeyError("n"), "It failed: KeyError.")],
)
def test_a_step_that_fails_leaves_the_state_of_the_one_before_and_a_sentence(kind, error, said):
    kind(failing(error, at=3))
    job = start(seconds=10)
    assert (job.status, job.state, job.message, job.leased_until) == (Job.Status.FAILED, {"n": 2}, said, None)
    assert not jobs.work()
    kind(count)
    done = jobs.resume(job.pk, seconds=10)
    assert (done.status, done.message) == (Job.Status.DONE, "4 counted")


def test_while_a_store_is_down_a_job_rests_and_then_goes_on(kind):
    kind(failing(Unavailable("The post store does not answer just now."), at=2))
    job = start(seconds=10)
    assert (job.status, job.state) == (Job.Status.WAITING, {"n": 1})
    assert job.message == "The post store does not answer just now."
    assert job.leased_until > timezone.now()
    assert not jobs.work()

    kind(count)
    Job.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert jobs.work() and stored(job).status == Job.Status.DONE


def test_a_job_that_was_stopped_while_a_store_is_down_stays_so(kind):
    def stopped_and_down(job: Job) -> Progress:
        jobs.stop(job.pk)
        raise Unavailable("Not now.")

    kind(stopped_and_down)
    assert start(seconds=10).status == Job.Status.STOPPED


def test_a_worker_waits_for_dynamodb_within_bounds_and_may_not_scan(kind):
    seen: list[base.Ledger] = []

    def look(job: Job) -> Progress:
        seen.append(base._ledger.get())
        seen[-1].seconds += 30
        assert seen[-1].patience - seen[-1].seconds <= jobs.PATIENCE_SECONDS
        assert not seen[-1].scans_allowed
        return count(job)

    kind(look)
    job = start()
    jobs.work()
    assert stored(job).status == Job.Status.DONE, stored(job).message
    assert len(seen) == LAST


# -- Several runners ------------------------------------------------------------------------------


def test_nobody_else_gets_at_a_job_that_is_leased(kind):
    others: list[Job] = []

    def two_at_once(job: Job) -> Progress:
        others.append(jobs.run(job.pk, seconds=10))
        assert not jobs.work()
        return count(job)

    kind(two_at_once)
    job = start(seconds=10)
    assert (job.status, job.done) == (Job.Status.DONE, LAST)
    assert [other.done for other in others] == [0, 1, 2, 3]


def test_a_job_whose_runner_died_is_taken_over(kind):
    job = start()
    dead = {"status": Job.Status.RUNNING, "runner": "gone:1:abc", "state": {"n": 2}}
    Job.objects.update(**dead, leased_until=timezone.now() + timedelta(seconds=5))
    assert not jobs.work()
    Job.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert jobs.work()
    assert (stored(job).status, stored(job).done) == (Job.Status.DONE, LAST)


def test_a_runner_that_was_taken_for_dead_changes_nothing_any_more(kind):
    def slow(job: Job) -> Progress:
        kind(count)
        Job.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
        assert jobs.work(seconds=0)
        return Progress({"n": 99}, done=99)

    kind(slow)
    assert start(seconds=10).state == {"n": 1}


RUNNER = textwrap.dedent(
    """
    import os, pathlib, signal, sys, time
    from datetime import timedelta
    import django
    django.setup()
    from forum import jobs
    from forum.models import Job

    notes, doomed = pathlib.Path(sys.argv[1]), sys.argv[2] == "doomed"
    jobs.LEASE = timedelta(seconds=2)

    @jobs.kind("count")
    def count(job):
        n = job.state.get("n", 0) + 1
        with notes.open("a") as file:
            file.write(f"{job.pk} {n}\\n")
        if doomed and n == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        Job.objects.create(kind="note", title="Another writer")
        return jobs.Progress({"n": n}, done=n, total=10, finished=n == 10)

    until = time.monotonic() + 40
    while Job.objects.filter(kind="count").exclude(status="done").exists() and time.monotonic() < until:
        jobs.work(seconds=0.02) or time.sleep(0.05)
    """
)


def test_several_workers_on_one_sqlite_file_do_every_step_once_also_when_one_is_killed(tmp_path):
    environment = os.environ | {"DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "forum_site.settings"}

    def python(script: str, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", script, *arguments], cwd=real.BASE_DIR, env=environment)

    prepare = """
import django; django.setup()
from django.db import connection
from forum.models import Job
with connection.schema_editor() as editor: editor.create_model(Job)
for number in range(6): Job.objects.create(kind="count", title=f"Job {number}")
"""
    assert python(prepare).wait(30) == 0
    notes = tmp_path / "notes"
    assert python(RUNNER, str(notes), "doomed").wait(30) == -signal.SIGKILL
    runners = [python(RUNNER, str(notes), "steady") for _ in range(3)]
    assert [runner.wait(60) for runner in runners] == [0, 0, 0]

    taken = Counter(tuple(map(int, line.split())) for line in Path(notes).read_text().splitlines())
    assert set(taken) == {(pk, n) for pk in range(1, 7) for n in range(1, 11)}
    assert sorted(taken.values()) == [1] * 59 + [2], "only the step in which one was killed is taken again"


# -- manage.py work -------------------------------------------------------------------------------


def work(**options: bool) -> str:
    said = io.StringIO()
    call_command("work", stdout=said, stderr=said, **options)
    return said.getvalue()


@pytest.mark.usefixtures("tables")
def test_work_once_does_what_waits_and_ends(kind):
    waiting = [start(), start()]
    assert work(once=True) == "Nothing waits.\n"
    assert {stored(job).status for job in waiting} == {Job.Status.DONE}


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_worker_after_the_step_under_way(kind, number):
    def interrupted(job: Job) -> Progress:
        os.kill(os.getpid(), number)
        return count(job)

    kind(interrupted)
    job = start()
    handlers = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    assert work() == "Waiting for jobs.\nStopped. What is not finished goes on when a worker starts again.\n"
    assert (stored(job).status, stored(job).state, stored(job).leased_until) == (Job.Status.WAITING, {"n": 1}, None)
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == handlers


def test_a_worker_says_that_the_database_fails_and_goes_on(kind, monkeypatch):
    def fails_once() -> None:
        monkeypatch.setattr(kinds, "tidy", lambda: os.kill(os.getpid(), signal.SIGTERM))
        monkeypatch.setattr("forum.management.commands.work.TIDY_SECONDS", 0.0)
        raise OperationalError("disk I/O error")

    monkeypatch.setattr("forum.management.commands.work.PAUSE_SECONDS", 0.0)
    monkeypatch.setattr("forum.management.commands.work.connections.close_all", lambda: None)
    monkeypatch.setattr(kinds, "tidy", fails_once)
    assert "The database: disk I/O error. Trying again in 0 seconds.\n" in work()


@pytest.mark.usefixtures("tables")
def test_a_worker_outlives_a_fault_of_one_step(kind, monkeypatch, caplog):
    """Which would end the sending of mails, the saving of marks and the mending of the index with it."""
    done: list[str] = []

    def broken() -> None:
        raise ValueError("a template of ours")

    monkeypatch.setattr("forum.management.commands.work.PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(kinds, "tidy", broken)
    monkeypatch.setattr(remembering, "save_marks", lambda: done.append("marks"))
    monkeypatch.setattr(feeding, "mend", lambda: (done.append("index"), os.kill(os.getpid(), signal.SIGTERM)))
    work()
    assert done == ["marks", "index"] and "A worker's step failed" in caplog.text


def test_work_once_ends_with_a_sentence_when_the_database_fails(monkeypatch):
    def fails() -> None:
        raise OperationalError("disk I/O error")

    monkeypatch.setattr(kinds, "tidy", fails)
    with pytest.raises(CommandError, match=r"^It ended early: The database: disk I/O error\.$"):
        work(once=True)
