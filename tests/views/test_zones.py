"""Times in the zone that a member has chosen: where a page is for them alone; never in what all readers share."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from forum import zones
from forum.actions import sanctions
from forum.models import Forum, Job, User
from forum.tables.threads import Thread
from tests.helpers import page_url, reader, renew, signed_in, start_thread

NEPAL = "Asia/Kathmandu"  # 5 h 45 min before UTC, the whole year.


@pytest.fixture
def thread(aws: Forum, ada: User) -> Thread:
    return start_thread(ada, aws, "A thread", "Words.")


def chooses(user: User, zone: str) -> Any:
    answer = signed_in(user).post("/settings/time-zone/", {"zone": zone})
    renew()
    return answer


def text(url: str, browser: Client) -> str:
    return browser.get(url).content.decode()


def times(page: str) -> set[str]:
    """The full times on a page, as they are told when pointed at."""
    return set(re.findall(r'<time datetime="[^"]*" title="([^"]*)"', page))


class TestChoosing:
    def test_is_done_in_the_settings(self, bob: User) -> None:
        browser = signed_in(bob)
        assert "As your device says." in text("/settings/", browser)
        answer = browser.post("/settings/time-zone/", {"zone": NEPAL}, follow=True)
        assert "Your time zone is saved." in answer.content.decode() and NEPAL in text("/settings/", browser)
        assert f'<option value="{NEPAL}" selected>Kathmandu</option>' in text("/settings/time-zone/", browser)
        chooses(bob, "")
        assert "As your device says." in text("/settings/", browser)

    @pytest.mark.parametrize("zone", ["Mars/Olympus", "/etc/passwd", "../UTC", "x" * 200])
    def test_refuses_what_is_no_zone(self, zone: str, bob: User) -> None:
        answer = chooses(bob, zone)
        assert answer.status_code == 422 and "is not one of the available choices" in answer.content.decode()
        assert User.objects.get(pk=bob.pk).time_zone == ""

    def test_is_for_members(self, client: Client) -> None:
        assert client.get("/settings/time-zone/").status_code == 302

    def test_offers_every_zone_but_no_abbreviations(self) -> None:
        assert {NEPAL, "Europe/Vienna", "America/Argentina/Ushuaia", "UTC"} <= zones.names()
        assert zones.names().isdisjoint({"EST", "Etc/GMT+3", "localtime", ""})

    def test_a_zone_that_is_not_known_any_more_is_utc(self, bob: User, thread: Thread) -> None:
        bob.time_zone = "Atlantis/Capital"
        bob.save()
        assert signed_in(bob).get("/notifications/").status_code == 200


class TestPagesThatAllShare:
    def test_hold_times_in_utc_whoever_has_them_made(self, bob: User, thread: Thread, client: Client) -> None:
        chooses(bob, NEPAL)
        browser = signed_in(bob)
        for url in ("/", "/f/aws/", page_url(thread), "/u/ada/"):
            first = browser.get(url)
            assert first["X-Cache"] == "miss", url
            assert all(each.endswith(" UTC") for each in times(first.content.decode())), url
            assert client.get(url)["X-Cache"] == "hit", url
            assert times(text(url, client)) == times(first.content.decode()), url

    def test_tell_the_browser_the_readers_zone_and_nobody_elses(
        self, bob: User, ada: User, thread: Thread, client: Client
    ) -> None:
        chooses(bob, NEPAL)
        for _ in range(2):
            assert f'data-zone="{NEPAL}"' in text(page_url(thread), signed_in(bob))
            assert "data-zone" not in text(page_url(thread), signed_in(ada))
            assert "data-zone" not in text(page_url(thread), client)

    def test_tell_it_at_once_when_it_is_another(self, bob: User, thread: Thread) -> None:
        browser = signed_in(bob)
        for zone in (NEPAL, "Europe/Vienna"):
            chooses(bob, zone)
            assert f'data-zone="{zone}"' in text(page_url(thread), browser)


class TestWhatIsForOneReader:
    def test_a_page_of_ones_own_is_in_ones_zone(self, bob: User, thread: Thread) -> None:
        chooses(bob, NEPAL)
        browser = signed_in(bob)
        browser.post(f"/f/aws/{thread.id}/1/bookmark/", {"on": "1"})
        [shown] = times(text("/bookmarks/", browser))
        assert shown.endswith(" +0545")
        now = datetime.now(UTC) + timedelta(hours=5, minutes=45)
        assert abs(datetime.strptime(shown, "%d %b %Y, %H:%M %z").replace(tzinfo=UTC) - now) < timedelta(minutes=2)

    def test_a_silence_ends_in_the_members_zone_wherever_they_are_told(self, bob: User, mod: User, aws: Forum) -> None:
        chooses(bob, NEPAL)
        until = datetime(2999, 3, 1, 20, 0, tzinfo=UTC)
        told = "until 2 March 2999, 01:45 +0545."
        sanctions.silence(reader(mod), User.objects.get(pk=bob.pk), until, "Too loud.", may=True)
        renew()
        for url in ("/notifications/", "/f/aws/new/"):
            assert told in text(url, signed_in(bob)), url

    def test_a_suspension_ends_in_the_zone_of_who_may_not_sign_in(self, bob: User, mod: User) -> None:
        chooses(bob, NEPAL)
        until = datetime(2999, 3, 1, 20, 0, tzinfo=UTC)
        sanctions.suspend(reader(mod), User.objects.get(pk=bob.pk), until, "Too loud.", may=True)
        answer = Client().post("/accounts/login/", {"login": bob.username, "password": "correct horse"})
        assert "until 2 March 2999, 01:45 +0545." in answer.content.decode()

    def test_a_moderator_sees_and_sets_times_in_theirs(self, bob: User, mod: User) -> None:
        chooses(mod, NEPAL)
        browser, page = signed_in(mod), f"/admin/forum/user/{bob.pk}/moderation/"
        fields = {"lasts": "date", "day": "2999-03-02", "reason": "Too loud.", "confirmed": "1"}
        answer = browser.post(f"{page}silence/", fields)
        assert answer.status_code == 302, answer.content.decode()
        until = User.objects.get(pk=bob.pk).silenced_until
        assert until == datetime(2999, 3, 1, 18, 15, tzinfo=UTC)
        assert "until 2 March 2999, 00:00 +0545" in text(page, browser)

    def test_the_administration_finds_a_day_and_writes_a_time_where_the_moderator_is(
        self, mod: User, aws: Forum
    ) -> None:
        chooses(mod, NEPAL)
        browser = signed_in(mod)
        for page in ("posts", "threads", "log"):
            where = browser.get(f"/admin/{page}/", {"q": "2026-11-23"})["Location"]
            assert "before=2026-11-23T18%3A15%3A00.000000Z" in where
        job = Job.objects.create(kind="move", title="Move “A thread”", user_id=str(mod.pk))
        at = timezone.localtime(job.created, ZoneInfo(NEPAL))
        shown = text(f"/admin/jobs/{job.pk}/", browser)
        assert shown.count(f"{at:%H:%M} +0545") == 2

    def test_nothing_of_it_is_left_for_the_next_request(self, bob: User, thread: Thread, client: Client) -> None:
        chooses(bob, NEPAL)
        signed_in(bob).get("/bookmarks/")
        assert timezone.get_current_timezone_name() == "UTC"
