"""Hiding all that a member wrote, through the administration."""

import pytest

from forum import jobs
from forum.models import Job, User
from forum.permissions import FOREVER
from forum.tables import posts
from tests.dying import jobs_go_on
from tests.helpers import make_member, reply, signed_in, start_thread

REASON = {"reason": "Sells watches.", "sure": "on"}


def text(response) -> str:  # type: ignore[no-untyped-def]
    return response.content.decode()


@pytest.fixture
def spam(site) -> User:
    return make_member("spam", trust=2)


def page(user: User) -> str:
    return f"/admin/forum/user/{user.pk}/nuke/"


def statuses(user: User) -> set[str]:
    return {post.status for post in posts.list_of_user(str(user.pk), 100)}


def test_the_page_says_how_many_posts_it_will_be_and_leads_back(mod, ada, spam, aws):
    thread = start_thread(spam, aws)
    for _ in range(2):
        reply(spam, thread)
    reply(ada, thread)
    shown = text(signed_in(mod).get(page(spam)))
    assert "They are 3 posts." in shown and f'href="/admin/forum/user/{spam.pk}/moderation/"' in shown


def test_the_page_says_what_will_happen_and_changes_nothing(mod, spam):
    answer = signed_in(mod).get(page(spam))
    assert answer.status_code == 200
    assert "is suspended at once" in text(answer) and "It can be undone as a whole" in text(answer)
    assert User.objects.get(pk=spam.pk).suspended_until is None and not Job.objects.exists()


def test_it_is_done_and_undone_with_a_page_that_shows_how_far(mod, ada, spam, aws):
    thread = start_thread(spam, aws, "Watches", "See https://watches.example/")
    reply(ada, thread, "Hm.")
    client = signed_in(mod)
    answer = client.post(page(spam), REASON, follow=True)
    jobs_go_on()
    job = Job.objects.get()
    assert answer.redirect_chain == [(f"/admin/jobs/{job.pk}/", 302)]
    shown = text(client.get(f"/admin/jobs/{job.pk}/"))
    assert "1 done" in shown and "watches.example" in shown and "Threads that stay" in shown and ">Watches</a>" in shown
    assert User.objects.get(pk=spam.pk).suspended_until == FOREVER and statuses(spam) == {"hidden"}
    assert f"/admin/jobs/{job.pk}/" in text(client.get(page(spam)))

    undone = client.post(f"/admin/jobs/{job.pk}/undo/", follow=True)
    jobs_go_on()
    assert "are being shown again" in text(undone)
    assert statuses(spam) == {"visible"} and User.objects.get(pk=spam.pk).suspended_until is None
    assert "This has been undone." in text(client.get(f"/admin/jobs/{job.pk}/"))
    assert client.post(f"/admin/jobs/{job.pk}/undo/").status_code == 409


@pytest.mark.parametrize(
    "fields",
    [{}, {"reason": "Spam."}, {"sure": "on"}, {"reason": "x", "sure": "on"}, {"reason": "x" * 501, "sure": "on"}],
)
def test_without_a_reason_and_a_second_thought_nothing_happens(mod, spam, fields):
    answer = signed_in(mod).post(page(spam), fields)
    assert answer.status_code == 422
    assert fields.get("reason", "") in text(answer)
    assert not Job.objects.exists()


@pytest.mark.parametrize("reason", ["\u200b" * 5, "Sells\x07watches"])
def test_a_reason_that_cannot_be_seen_is_none(mod, spam, reason):
    assert signed_in(mod).post(page(spam), {**REASON, "reason": reason}).status_code == 422
    assert not Job.objects.exists()


def colleague() -> User:
    return make_member("colleague", is_staff=True, is_superuser=True)


def suspend(user: User, reason: str) -> None:
    User.objects.filter(pk=user.pk).update(suspended_until=FOREVER, suspension_reason=reason)


def nuked(client, user: User, reason: str) -> Job:  # type: ignore[no-untyped-def]
    assert client.post(page(user), REASON | {"reason": reason}).status_code == 302
    jobs_go_on()
    return Job.objects.filter(kind="nuke").latest("pk")


def undone(client, job: Job) -> str:  # type: ignore[no-untyped-def]
    shown = text(client.post(f"/admin/jobs/{job.pk}/undo/", follow=True))
    jobs_go_on()
    return shown


def test_of_two_at_one_member_the_second_is_told_and_led_to_the_first(mod, spam, aws, monkeypatch):
    monkeypatch.setattr(jobs, "REQUEST_SECONDS", 0)
    start_thread(spam, aws)
    first, second = signed_in(mod), signed_in(colleague())
    first.post(page(spam), REASON)
    [job] = Job.objects.all()
    for client in (first, second):
        late = client.post(page(spam), REASON)
        assert late.status_code == 409 and f'href="/admin/jobs/{job.pk}/"' in text(late)
        assert f'href="/admin/jobs/{job.pk}/"' in text(client.get(page(spam)))
    first.post(f"/admin/jobs/{job.pk}/", {"act": "stop"})
    assert second.post(page(spam), REASON).status_code == 409, "it goes on from where it was"
    assert list(Job.objects.all()) == [job]


def test_a_colleague_who_may_do_it_looks_at_it_stops_resumes_and_undoes_it(mod, spam, aws, monkeypatch):
    monkeypatch.setattr(jobs, "REQUEST_SECONDS", 0)
    start_thread(spam, aws)
    signed_in(colleague()).post(page(spam), REASON)
    job, client = Job.objects.get(), signed_in(mod)
    url = f"/admin/jobs/{job.pk}/"
    assert not mod.has_perm("forum.view_operations") and url in text(client.get("/admin/jobs/"))
    assert "is stopped now" in text(client.post(url, {"act": "stop"}, follow=True))
    assert "Hide all that spam wrote" in text(client.post(url, {"act": "resume"}, follow=True))
    jobs_go_on()
    assert "are being shown again" in undone(client, job) and statuses(spam) == {"visible"}


def test_undoing_one_leaves_the_suspension_while_another_stands(mod, spam, aws):
    client = signed_in(mod)
    start_thread(spam, aws)
    first = nuked(client, spam, "Sells watches.")
    second = nuked(client, spam, "Sells pills.")
    assert "The account stays suspended" in undone(client, first)
    assert User.objects.get(pk=spam.pk).suspended
    assert "The suspension is lifted" in undone(client, second)
    assert not User.objects.get(pk=spam.pk).suspended


def test_undoing_says_nothing_of_a_suspension_that_others_gave_or_lifted(mod, spam, aws):
    client = signed_in(mod)
    suspend(spam, "Rude.")
    told = undone(client, nuked(client, spam, "Sells watches."))
    assert "The account stays suspended" in told and User.objects.get(pk=spam.pk).suspension_reason == "Rude."
    User.objects.filter(pk=spam.pk).update(suspended_until=None)
    job = nuked(client, spam, "Sells watches.")
    suspend(spam, "Threats.")
    assert "The account stays suspended" in undone(client, job)
    job = nuked(client, spam, "Sells watches.")
    User.objects.filter(pk=spam.pk).update(suspended_until=None)
    told = undone(client, job)
    assert "are being shown again" in told and "suspension is lifted" not in told


def test_moderators_without_the_right_members_and_visitors_are_kept_out(mod, ada, spam, client):
    clerk = make_member("clerk", is_staff=True)
    clerk.groups.clear()
    for visitor in (signed_in(clerk), signed_in(ada), client):
        assert visitor.get(page(spam)).status_code in (302, 403)
        assert visitor.post(page(spam), REASON).status_code in (302, 403)
        assert visitor.post("/admin/jobs/1/undo/").status_code in (302, 403)
    assert not Job.objects.exists()


def test_oneself_and_administrators_are_refused(mod):
    chief = make_member("chief", is_staff=True, is_superuser=True)
    for victim in (mod, chief):
        answer = signed_in(mod).post(page(victim), REASON)
        assert answer.status_code == 403
    assert not Job.objects.exists()


def test_who_or_what_is_not_there_is_not_found(mod):
    client = signed_in(mod)
    for number in ("0", "424242", "9" * 30):
        assert client.get(f"/admin/forum/user/{number}/nuke/").status_code == 404
        assert client.post(f"/admin/jobs/{number}/undo/").status_code == 404
