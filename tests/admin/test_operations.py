"""The operations page, what it counts, and what it and the deployment check warn of."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.checks import run_checks
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from forum import checks, jobs
from forum import redis as stores
from forum.admin import charts, operations
from forum.cache import units
from forum.charging import charged
from forum.errors import NotFound
from forum.jobs import Progress
from forum.models import Forum, Job, User
from forum.sample import SIGN_INS
from forum.tables import base, provision, threads
from tests.helpers import cost, make_member, page_url, reply, signed_in, start_thread

PAGE = "/admin/operations/"
HALF = {"Posts": (0.5, 0.0)}
NAME, PASSWORD, _ = SIGN_INS[1]


def text(response: Any) -> str:
    return str(response.content.decode())


def last_hour() -> list[units.Spent]:
    return units.merged(units.last(60, units.MINUTE)).pages()


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Nothing is counted yet, and DynamoDB is asked again."""
    units.forget()
    operations.forget()
    yield
    operations.forget()


@pytest.fixture
def operator(site: None) -> User:
    user = make_member("opal", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_operations"))
    return user


@pytest.fixture
def nowhere(settings: Any) -> Iterator[None]:
    """A DynamoDB that does not answer."""
    before = settings.DYNAMODB_ENDPOINT_URL
    settings.DYNAMODB_ENDPOINT_URL = "http://127.0.0.1:9"
    base.reset_connection()
    yield
    settings.DYNAMODB_ENDPOINT_URL = before
    base.reset_connection()


# -- The page -------------------------------------------------------------------------------------


class TestThePage:
    def test_shows_tables_and_indexes_with_their_state_and_keys(self, operator: User) -> None:
        page = text(signed_in(operator).get(PAGE))
        for name in (
            "ForumPosts",
            "ForumThreads",
            "ForumMembers",
            "ForumModeration",
            "UserPosts",
            "LastActivity (local)",
        ):
            assert name in page
        assert "ThreadID (S) + PostNumber (N)" in page and "on demand" in page and "active" in page
        assert (
            "Stream: off" in page and "Expiry: " in page and "Backups: " in page and "Protected from deletion" in page
        )

    def test_who_asks_after_somebody_else_has_it_in_their_own_language(self, operator: User) -> None:
        german = text(signed_in(operator).get(PAGE, headers={"accept-language": "de"}))
        assert "nach Bedarf" in german and "mit ihrer Tabelle" in german
        english = text(signed_in(operator).get(PAGE, headers={"accept-language": "en"}))
        assert "on demand" in english and "with its table" in english

    def test_says_what_a_table_lacks(self, operator: User) -> None:
        base.connection().client.delete_table(TableName="ForumMembers")
        assert "ForumMembers does not exist." in text(signed_in(operator).get(PAGE))
        from forum.tables.members import Item
        from tests.helpers import create_tables

        create_tables([Item])

    def test_asks_dynamodb_at_most_every_ten_seconds(self, operator: User, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []
        call = provision.call
        monkeypatch.setattr(provision, "call", lambda name, **rest: asked.append(name) or call(name, **rest))
        client = signed_in(operator)
        client.get(PAGE)
        assert len(asked) == 12
        client.get(PAGE)
        assert len(asked) == 12

    def test_opens_while_dynamodb_does_not_answer(self, operator: User, nowhere: None) -> None:
        answer = signed_in(operator).get(PAGE)
        assert answer.status_code == 200 and "DynamoDB cannot be reached" in text(answer)

    def test_opens_while_redis_does_not_answer(self, operator: User, monkeypatch: pytest.MonkeyPatch) -> None:
        def down(n: int, period: units.Period) -> list[units.Slice]:
            raise stores.Down("default")

        monkeypatch.setattr(units, "last", down)
        assert "Redis does not answer, so nothing is known of what pages cost." in text(signed_in(operator).get(PAGE))

    def test_shows_what_redis_says_of_itself(self, operator: User) -> None:
        page = text(signed_in(operator).get(PAGE))
        assert "Memory in use" in page and "When it is full" in page and "/admin/cache/" not in page
        root = make_member("root-of-all", is_staff=True, is_superuser=True)
        assert 'href="/admin/cache/"' in text(signed_in(root).get(PAGE))

    def test_is_in_the_list_of_who_may_see_it_and_closed_to_all_others(
        self, operator: User, mod: User, ada: User, client: Client
    ) -> None:
        assert PAGE in text(signed_in(operator).get("/admin/"))
        assert PAGE not in text(signed_in(mod).get("/admin/"))
        assert signed_in(mod).get(PAGE).status_code == 403
        assert signed_in(ada).get(PAGE).status_code in (302, 403)
        assert client.get(PAGE).status_code == 302

    def test_takes_no_forms(self, operator: User) -> None:
        assert signed_in(operator).post(PAGE).status_code == 405


class TestJobs:
    @pytest.fixture(autouse=True)
    def kind(self) -> Iterator[None]:
        jobs.kind("nap")(lambda job: Progress(done=5, total=10))
        yield
        del jobs.KINDS["nap"]

    def test_those_under_way_are_shown_and_all_are_counted(self, operator: User) -> None:
        jobs.start("nap", "A long nap", {}, total=10, seconds=0)
        Job.objects.create(kind="nap", title="Over", status="done")
        page = text(signed_in(operator).get(PAGE))
        assert "A long nap" in page and "Waiting: 1" in page and "Done: 1" in page and ">Over<" not in page

    def test_one_that_nobody_takes_up_is_warned_of(self, operator: User) -> None:
        jobs.start("nap", "A long nap", {}, seconds=0)
        assert "Is `manage.py work` running?" not in text(signed_in(operator).get(PAGE))
        Job.objects.update(changed=timezone.now() - timedelta(minutes=2))
        assert "has waited for more than a minute. Is `manage.py work` running?" in text(signed_in(operator).get(PAGE))

    def test_failed_ones_are_warned_of(self, operator: User) -> None:
        Job.objects.create(kind="nap", title="Nightmare", status="failed")
        assert "1 background job has failed." in text(signed_in(operator).get(PAGE))

    def test_what_jobs_cost_is_counted_too(self, operator: User, aws: Forum) -> None:
        jobs.start("nap", "A nap", {}, seconds=0)
        jobs.work(seconds=0)
        units.flush()
        assert "job: nap" in text(signed_in(operator).get(PAGE))


# -- What pages cost ------------------------------------------------------------------------------


class TestWhatPagesCost:
    def test_is_counted_by_the_names_of_routes(self, operator: User, ada: User, aws: Forum, client: Client) -> None:
        thread = start_thread(ada, aws)
        reply(ada, thread)
        client.get(page_url(thread))
        client.get("/no/such/page/")
        units.flush()
        found = {one.page: one for one in last_hour()}
        assert found["act: reply"].requests == 1 and found["act: reply"].write > 0 and found["act: reply"].calls >= 2
        assert found["thread"].read > 0 and found["thread"].write == 0
        assert found["no page"].requests == 1 and found["no page"].read == 0
        page = text(signed_in(operator).get(PAGE))
        assert ">act: reply</th>" in page and page.index(">act: new_thread</th>") < page.index(">no page</th>")

    def test_is_counted_by_table_and_index(self, ada: User, aws: Forum, client: Client) -> None:
        thread = start_thread(ada, aws)
        reply(ada, thread)
        client.get(page_url(thread))
        units.flush()
        found = {one.page: one.parts for one in last_hour()}
        assert found["thread"] == {"ForumThreads": (1.0, 0.0), "ForumPosts/ThreadPosts": (0.5, 0.0)}
        written = {part: write for part, (_, write) in found["act: reply"].items() if write}
        said = "in a transaction, the list by activity loses an entry and gets one, an index of posts gets one"
        expected = {"ForumPosts": 2, "ForumPosts/ThreadPosts": 1, "ForumPosts/UserPosts": 1}
        expected |= {"ForumThreads": 2, "ForumThreads/LastActivity": 2}
        assert {part: write for part, write in written.items() if "Members" not in part} == expected, said

    def test_also_where_something_fails(self, site: None) -> None:
        with pytest.raises(NotFound), charged("a job"):
            threads.get_thread("aws", "01KAQ4ZT9N8YV3W2Q6JX5R7D00")
        assert units._counts["a job|calls"] == 1

    def test_is_a_commands_where_nobody_counts(self, site: None) -> None:
        with pytest.raises(NotFound):
            threads.get_thread("aws", "01KAQ4ZT9N8YV3W2Q6JX5R7D00")
        assert units._counts["command: other|calls"] == 1

    def test_costs_a_request_no_round_trip(self, ada: User, aws: Forum, client: Client) -> None:
        client.get("/theme/")
        with cost() as spent:
            units.count("home", 3, {"Posts": (1.5, 0)})
        assert spent.redis == 0

    def test_adds_up_halves_over_processes_and_flushes(self, site: None) -> None:
        units.count("home", 1, HALF)
        units.flush()
        units.count("home", 2, {"Posts": (1.0, 2)})
        units.flush()
        units.flush()
        # Another process counts from nothing.
        units.forget()
        units.count("home", 1, HALF)
        units.flush()
        (home,) = last_hour()
        assert (home.requests, home.calls, home.read, home.write) == (3, 4, 2.0, 2.0)
        assert home.each == pytest.approx(4 / 3)

    def test_a_flush_is_one_round_trip_and_none_for_nothing(self, site: None) -> None:
        units.count("home", 1, HALF)
        units.count("thread", 1, HALF)
        with cost() as first:
            units.flush()
        with cost() as second:
            units.flush()
        assert (first.redis, second.redis) == (1, 0)

    def test_is_kept_while_redis_is_down(self, site: None, monkeypatch: pytest.MonkeyPatch) -> None:
        units.count("home", 1, HALF)
        with monkeypatch.context() as patched:
            patched.setattr(stores, "_down_until", {"default": float("inf")})
            units.flush()
        units.flush()
        assert [one.requests for one in last_hour()] == [1]

    def test_is_forgotten_in_time(self, site: None) -> None:
        units.count("home", 1, HALF)
        units.flush()
        left = {key.decode().split(":", 2)[2]: stores.client().ttl(key) for key in stores.client().keys("units:*")}
        of_minute = next(seconds for key, seconds in left.items() if key.isdigit())
        assert 0 < of_minute <= 2 * 60 * 60 < left["total"] <= 40 * 24 * 60 * 60
        assert len(left) == 4 and all(seconds > 0 for seconds in left.values()), "by minute, hour, day, and all"

    def test_can_be_asked_for_by_hour_and_day(self, site: None) -> None:
        units.count("home", 1, {"Posts": (0.5, 0), "Posts/ByUser": (0, 3)}, seconds=0.25)
        units.flush()
        for period in (units.MINUTE, units.HOUR, units.DAY):
            *before, now = units.last(3, period)
            assert [each.counts for each in before] == [{}, {}, {}] and now.units == (0.5, 3.0)
            assert [each.seconds for each in before] == [period.seconds] * 3 and now.seconds < period.seconds
        (home,) = units.total().pages()
        assert (home.requests, home.seconds, home.parts) == (1, 0.25, {"Posts": (0.5, 0.0), "Posts/ByUser": (0.0, 3.0)})

    def test_several_threads_flush_at_once_and_nothing_counts_twice(self, site: None) -> None:
        for _ in range(50):
            units.count("home", 1, HALF)
        threads = [threading.Thread(target=units.flush) for _ in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        units.flush()
        assert [one.requests for one in last_hour()] == [50]


class TestOverTime:
    def test_bars_are_as_high_as_what_was_used(self) -> None:
        counts = [{"home|Posts|read": 40}, {}, {"home|Posts|read": 10, "reply|Posts|write": 10}]
        chart = charts.of_units("Units", [units.Slice(60.0 * n, 60, each) for n, each in enumerate(counts)])
        first, last = chart.bars
        assert (chart.most, chart.labels) == (20, ("00:00", "00:02"))
        assert (first.read_height, first.write_height) == (charts.HEIGHT, 0)
        assert (last.read_height, last.write_height) == (charts.HEIGHT / 4, charts.HEIGHT / 4)
        assert last.read_y + last.read_height == charts.HEIGHT and last.write_y + last.write_height == last.read_y
        assert last.x + last.width <= charts.WIDTH and last.says == "00:02: 5 read units, 5 write units"

    def test_where_nothing_was_used_there_are_none(self) -> None:
        assert charts.of_units("Units", [units.Slice(0, 60, {"home|requests": 3})]).bars == []
        assert charts.of_units("Units", []).most == 0

    def test_the_page_draws_the_last_hour_and_the_last_day_without_a_style(self, operator: User) -> None:
        units.count("home", 2, {"ForumPosts": (7, 0), "ForumPosts/UserPosts": (0, 3)})
        units.flush()
        page = text(signed_in(operator).get(PAGE))
        assert page.count("<svg viewBox") == 2 and page.count(": 7 read units, 3 write units</title>") == 2
        assert "style=" not in page.partition("<svg")[2].partition("</svg>")[0]
        assert ">ForumPosts/UserPosts</th>" in page and "The highest bar is 10 units." in page

    def test_a_second_of_the_busiest_minute_is_told_of_each_table_and_index(self, operator: User) -> None:
        units.count("home", 2, {"ForumPosts": (120, 30)})
        units.flush()
        (row,) = operations.spent()["parts"]
        assert (row.name, row.read, row.busiest_read, row.busiest_write) == ("ForumPosts", 120, 2, 0.5)


class TestTheFootOfPages:
    def test_tells_staff_what_making_the_page_took(self, ada: User, mod: User, aws: Forum) -> None:
        thread = start_thread(ada, aws)
        page = text(signed_in(mod).get(page_url(thread)))
        foot = page.partition('class="page-cost"')[2].partition("</details>")[0]
        # Two of them count what waits for a moderator, which nobody had asked for.
        assert "Making this page took 8 calls to DynamoDB: 6.5 read units, 0 write units." in foot
        assert "<li>ForumPosts/ThreadPosts: 0.5 read units, 0 write units</li>" in foot

    def test_tells_nobody_else(self, ada: User, aws: Forum, client: Client) -> None:
        thread = start_thread(ada, aws)
        for other in (signed_in(ada), client):
            assert "page-cost" not in text(other.get(page_url(thread)))


# -- What is unsafe -------------------------------------------------------------------------------


def complaints() -> list[str]:
    return [str(one.msg) for one in run_checks(include_deployment_checks=True) if one.id == "forum.E101"]


class TestKnownPasswords:
    def test_are_warned_of_on_the_page_and_by_the_deployment_check(self, operator: User) -> None:
        member = make_member(NAME)
        assert complaints() == [] and "sign-ins" not in text(signed_in(operator).get(PAGE))
        member.set_password(PASSWORD)
        member.save()
        assert f"The sample community&#x27;s sign-ins ({NAME})" in text(signed_in(operator).get(PAGE))
        (complaint,) = complaints()
        assert complaint.startswith(f"Anybody can sign in as {NAME}: the sample community's passwords are public.")

    def test_of_a_deactivated_member_harm_nobody(self, site: None) -> None:
        member = make_member(NAME, is_active=False)
        member.set_password(PASSWORD)
        member.save()
        assert complaints() == []

    def test_are_not_looked_for_while_the_database_is_down(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def down() -> list[str]:
            raise OperationalError("no such table")

        monkeypatch.setattr(checks, "known_sign_ins", down)
        assert complaints() == []
