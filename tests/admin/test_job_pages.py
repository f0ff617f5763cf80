"""Background jobs in the admin: who sees which, how far they are, stopping and resuming them."""

from collections.abc import Iterator

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission

from forum import jobs
from forum.actions import holding
from forum.admin.jobs import JOBS_PER_PAGE
from forum.jobs import Progress
from forum.models import Job, User
from tests.helpers import cost, make_forum, make_member, signed_in

JOBS = "/admin/jobs/"


def text(response) -> str:  # type: ignore[no-untyped-def]
    return response.content.decode()


@pytest.fixture(autouse=True)
def kind() -> Iterator[None]:
    """A kind of jobs that count to three, and then wait to be looked at once more."""

    def count(job: Job) -> Progress:
        n = job.state.get("n", 0) + 1
        return Progress({"n": n}, done=n * 1000, total=3000, finished=n == 3, message=f"Counted to {n}.")

    jobs.kind("count")(count)
    yield
    del jobs.KINDS["count"]


@pytest.fixture
def operator(site) -> User:
    user = make_member("opal", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_operations"))
    return user


@pytest.fixture
def moderator(site) -> User:
    """Moderates one forum, and is no staff."""
    user = make_member("mo")
    group = Group.objects.create(name="Gardeners")
    user.groups.add(group)
    make_forum("garden").moderator_groups.add(group)
    return user


def start(user: User, title: str = "Count to three", **options) -> Job:  # type: ignore[no-untyped-def]
    return jobs.start("count", title, {}, user_id=str(user.pk), total=3000, seconds=0, **options)


def url(job: Job) -> str:
    return f"{JOBS}{job.pk}/"


class TestTheList:
    def test_shows_all_jobs_newest_first_to_who_looks_after_operations(self, operator, moderator):
        start(moderator, "The first")
        start(operator, "The second")
        page = text(signed_in(operator).get(JOBS))
        assert page.index("The second") < page.index("The first")
        assert "mo</td>" in page and "<progress" in page and 'http-equiv="refresh"' in page

    def test_shows_others_only_what_they_started(self, operator, moderator):
        start(moderator, "Mine")
        start(operator, "Not mine")
        page = text(signed_in(moderator).get(JOBS))
        assert "Mine" in page and "Not mine" not in page

    def test_is_filtered_by_status_and_goes_on_in_pages(self, operator):
        for number in range(JOBS_PER_PAGE + 2):
            start(operator, f"Job number {number:03}")
        jobs.stop(Job.objects.latest("pk").pk)
        client = signed_in(operator)
        page = text(client.get(JOBS, {"status": "waiting"}))
        assert f"Job number {JOBS_PER_PAGE:03}" in page and f"Job number {JOBS_PER_PAGE + 1:03}" not in page
        older = Job.objects.order_by("-pk")[JOBS_PER_PAGE].pk
        assert f"?status=waiting&amp;before={older}" in page
        assert "Job number 000" in text(client.get(JOBS, {"status": "waiting", "before": older}))
        assert "There are no such jobs." in text(client.get(JOBS, {"status": "failed"}))

    def test_costs_the_same_however_many_jobs_there_are(self, operator):
        client = signed_in(operator)
        start(operator)
        client.get(JOBS)
        with cost() as one:
            client.get(JOBS)
        for _ in range(20):
            start(operator)
        with cost() as many:
            client.get(JOBS)
        assert one.sql == many.sql

    @pytest.mark.parametrize("query", ["status=nonsense", "before=x", "before=-1", "before=" + "9" * 40, "before=%00"])
    def test_a_damaged_link_is_told(self, operator, query):
        assert signed_in(operator).get(f"{JOBS}?{query}").status_code == 400

    def test_is_for_nobody_else(self, ada, client):
        assert client.get(JOBS).status_code == 302
        assert signed_in(ada).get(JOBS).status_code in (302, 403)


class TestAJob:
    def test_shows_how_far_it_is_and_looks_again_by_itself_while_it_is_at_work(self, operator, ada):
        job = start(operator, member_id=str(ada.pk))
        jobs.run(job.pk, seconds=0)
        page = text(signed_in(operator).get(url(job)))
        assert '<progress value="1000" max="3000"' in page and "1,000 of 3,000" in page
        assert "Counted to 1." in page and "opal" in page and "ada" in page
        assert 'http-equiv="refresh"' in page and 'value="stop"' in page

        jobs.run(job.pk, seconds=10)
        page = text(signed_in(operator).get(url(job)))
        assert "3,000 done" in page and 'http-equiv="refresh"' not in page
        assert 'value="stop"' not in page and 'value="resume"' not in page

    def test_is_stopped_and_resumed_and_the_history_says_by_whom(self, operator, moderator):
        job, client = start(moderator), signed_in(operator)
        assert "This job is stopped now." in text(client.post(url(job), {"act": "stop"}, follow=True))
        assert Job.objects.get(pk=job.pk).status == Job.Status.STOPPED
        assert "This job is done now." in text(client.post(url(job), {"act": "resume"}, follow=True))
        assert [entry.change_message for entry in LogEntry.objects.order_by("pk")] == ["Stopped.", "Resumed."]

    def test_stopping_what_is_over_changes_nothing_and_says_so(self, operator):
        job, client = start(operator), signed_in(operator)
        jobs.run(job.pk, seconds=10)
        for act in ("stop", "resume"):
            assert "this job is done already" in text(client.post(url(job), {"act": act}, follow=True))
        assert not LogEntry.objects.exists()

    def test_is_in_the_hands_of_who_started_it_too_and_of_no_other_moderator(self, operator, moderator):
        own, other = start(moderator), start(operator)
        client = signed_in(moderator)
        assert client.get(url(own)).status_code == 200
        assert client.post(url(own), {"act": "stop"}).status_code == 302
        assert client.get(url(other)).status_code == 403
        assert client.post(url(other), {"act": "stop"}).status_code == 403
        assert Job.objects.get(pk=other.pk).status == Job.Status.WAITING

    def test_that_takes_posts_out_of_a_moderators_forum_is_in_their_hands_too(self, operator, moderator):
        make_forum("cellar", read_access="groups")
        shed = make_forum("shed")

        def of(source: str, target: str) -> Job:
            state = {"thread": "01KAQ4ZT9N8YV3W2Q6JX5R7D03", "into": "01KAQ4ZT9N8YV3W2Q6JX5R7D04"}
            state |= {"source": source, "target": target, "event": "2026"}
            return jobs.start(holding.MERGE, "Merge", state, user_id=str(operator.pk), seconds=0)

        client = signed_in(moderator)
        theirs = of("garden", shed.name)
        assert url(theirs) in text(client.get(JOBS))
        assert client.post(url(theirs), {"act": "stop"}).status_code == 302
        assert Job.objects.get(pk=theirs.pk).status == Job.Status.STOPPED
        for other in (of("shed", "shed"), of("garden", "cellar")):
            assert client.get(url(other)).status_code == 403 and url(other) not in text(client.get(JOBS))

    def test_that_moves_posts_and_came_to_a_halt_is_given_up(self, operator):
        state = {"thread": "01KAQ4ZT9N8YV3W2Q6JX5R7D03", "into": "01KAQ4ZT9N8YV3W2Q6JX5R7D04", "event": "2026"}
        state |= {"source": "aws", "target": "aws"}
        job = jobs.start(holding.MERGE, "Merge", state, user_id=str(operator.pk), seconds=0)
        client = signed_in(operator)
        assert "this job is waiting already" in text(client.post(url(job), {"act": "give_up"}, follow=True))
        jobs.stop(job.pk)
        assert 'value="give_up"' in text(client.get(url(job)))
        page = text(client.post(url(job), {"act": "give_up"}, follow=True))
        assert "It was given up: what has moved stays where it is" in page and "closed" not in page
        assert ">Given up</h2>" in page and "<td>Given up</td>" in text(client.get(JOBS))
        assert 'value="resume"' not in page and not list(holding.unfinished({state["thread"]}))
        assert [entry.change_message for entry in LogEntry.objects.all()] == ["Given up."]

    @pytest.mark.parametrize("fields", [{}, {"act": "explode"}, {"act": "stop\x00"}, {"act": "give_up"}])
    def test_only_stops_and_resumes(self, operator, fields):
        assert signed_in(operator).post(url(start(operator)), fields).status_code == 400

    def test_that_is_not_there_is_not_found(self, operator):
        for number in ("0", "424242", "9" * 30):
            assert signed_in(operator).get(f"{JOBS}{number}/").status_code == 404

    def test_whose_title_is_markup_shows_it_as_text(self, operator):
        page = text(signed_in(operator).get(url(start(operator, "<script>alert(1)</script>"))))
        assert "<script>alert(1)" not in page
