"""`/metrics`: what it tells, and to whom."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from forum import checks
from forum import redis as stores
from forum.cache import stats, units
from forum.models import Forum, User
from forum.views import metrics
from tests.helpers import make_member, page_url, signed_in, start_thread

SAMPLE = re.compile(r'[a-z_]+(\{([a-z]+="(\\.|[^"\\\n])*",?)+\})? [0-9.e+-]+')
TOKEN = "a long secret that Prometheus has in a file"


@pytest.fixture(autouse=True)
def nobody_is_near(settings: Any) -> Iterator[None]:
    """As in a deployment: no token, no addresses."""
    settings.METRICS_TOKEN, settings.METRICS_ADDRESSES = "", []
    units.forget()
    yield


@pytest.fixture
def operator(site: None) -> User:
    user = make_member("opal", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_operations"))
    return user


def read(client: Client) -> dict[str, float]:
    """The samples, by name and labels."""
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.content.decode()
    lines = answer.content.decode().splitlines()
    assert all(line.startswith("# ") or SAMPLE.fullmatch(line) for line in lines), lines
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


# -- Who may --------------------------------------------------------------------------------------


class TestWhoMay:
    def test_in_a_deployment_where_nothing_is_set_nobody_but_operators(
        self, operator: User, mod: User, ada: User, client: Client
    ) -> None:
        assert signed_in(operator).get("/metrics").status_code == 200
        for other in (client, signed_in(ada), signed_in(mod)):
            answer = other.get("/metrics")
            assert (answer.status_code, answer["Content-Type"]) == (403, "text/plain; charset=utf-8")
            assert b"forumposts" not in answer.content

    def test_whoever_has_the_token(self, site: None, client: Client, settings: Any) -> None:
        settings.METRICS_TOKEN = TOKEN
        assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
        assert client.get("/metrics").status_code == 403

    @pytest.mark.parametrize("sent", ["Bearer wrong", "Bearer ", f"Basic {TOKEN}", TOKEN, "Bearer ünsafe"])
    def test_nobody_with_another(self, sent: str, site: None, client: Client, settings: Any) -> None:
        settings.METRICS_TOKEN = TOKEN
        answer = client.get("/metrics", headers={"Authorization": sent})
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")

    def test_an_empty_token_opens_nothing(self, site: None, client: Client) -> None:
        assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401

    @pytest.mark.parametrize(("address", "status"), [("10.1.2.3", 200), ("10.2.2.3", 403), ("::1", 403), ("", 403)])
    def test_whoever_asks_from_a_network_of_the_settings(
        self, address: str, status: int, site: None, client: Client, settings: Any
    ) -> None:
        settings.METRICS_ADDRESSES = ["10.1.0.0/16"]
        assert client.get("/metrics", REMOTE_ADDR=address).status_code == status

    def test_what_a_client_says_of_its_address_is_not_believed(self, site: None, client: Client, settings: Any) -> None:
        settings.METRICS_ADDRESSES = ["10.1.0.0/16"]
        assert client.get("/metrics", headers={"X-Forwarded-For": "10.1.2.3"}).status_code == 403

    def test_a_setting_that_cannot_be_is_found_before_the_server_starts(self, settings: Any) -> None:
        assert checks.metrics_settings(None) == []
        settings.METRICS_ADDRESSES, settings.METRICS_TOKEN = ["10.1.0.0/16", "my-prometheus"], "short"
        address, token = checks.metrics_settings(None)
        assert "my-prometheus" in str(address.msg) and "METRICS_TOKEN" in str(token.msg)


# -- What is told ---------------------------------------------------------------------------------


class TestWhatIsTold:
    def test_requests_calls_and_units_by_page_table_and_index(self, operator: User, ada: User, aws: Forum) -> None:
        thread = start_thread(ada, aws)
        Client().get(page_url(thread))
        units.flush()
        stats.flush()
        found = read(signed_in(operator))
        assert found['forumposts_requests_total{page="thread"}'] == 1
        assert found['forumposts_dynamodb_calls_total{page="thread"}'] == 2
        part = 'page="thread",table="ForumPosts",index="ThreadPosts",kind="read"'
        assert found[f"forumposts_dynamodb_units_total{{{part}}}"] == 0.5
        part = 'page="act: new_thread",table="ForumPosts",index="",kind="write"'
        assert found[f"forumposts_dynamodb_units_total{{{part}}}"] == 2
        assert found['forumposts_cache_events_total{event="miss"}'] >= 1
        assert found['forumposts_jobs{status="waiting"}'] == 0

    def test_counters_never_fall(self, operator: User) -> None:
        client = signed_in(operator)
        for n in (1, 2):
            units.count("home", 1, {"ForumPosts": (0.5, 0)})
            units.flush()
            assert read(client)['forumposts_requests_total{page="home"}'] == n

    def test_a_name_cannot_break_out_of_its_quotes(self) -> None:
        family = metrics.Family("x_total", "counter", "X.", [({"page": 'a"b\\c\nd'}, 1)])
        assert str(family).splitlines()[2:] == ['x_total{page="a\\"b\\\\c\\nd"} 1']

    def test_while_redis_is_down_there_is_nothing_to_tell(
        self, client: Client, site: None, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.METRICS_TOKEN = TOKEN
        monkeypatch.setattr(stores, "_down_until", {"default": float("inf")})
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert (answer.status_code, answer["Content-Type"]) == (503, "text/plain; charset=utf-8")

    def test_takes_no_forms(self, site: None, client: Client) -> None:
        assert client.post("/metrics").status_code == 405
