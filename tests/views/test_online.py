"""Who is here now: on the home page and on members' pages, right on the fast path, and hidden by who wants it."""

import time
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client

from forum import redis as stores
from forum.cache import guests, presence, stats, visits
from forum.models import Forum, User
from tests.fast.test_answers import Browser
from tests.helpers import cost, make_member, renew, signed_in

WORDS = {"about": "", "pronouns": "", "location": "", "website": ""}


@pytest.fixture(autouse=True)
def nobody(site: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(stats, "_due", float("inf"))
    visits.forget()
    presence.forget()
    yield
    visits.forget()
    presence.forget()


def tell() -> None:
    """What each process does every five seconds."""
    visits.flush()
    presence._told -= presence.LOOK_SECONDS
    presence.look_if_due()


def later(seconds: float) -> Any:
    return patch("forum.cache.presence.time.monotonic", return_value=time.monotonic() + seconds)


def home(user: User | None = None) -> str:
    return str((signed_in(user) if user else Client()).get("/").content.decode())


def test_the_home_page_says_who_is_here(ada: User, bob: User, aws: Forum) -> None:
    assert "Here now" not in home()
    home(ada)
    home(bob)
    tell()
    text = home()
    assert "Here now" in text and "2 members online" in text
    assert '<a class="author" href="/u/ada/">' in text.partition("online-list")[2].partition("</ul>")[0]


def test_a_members_page_has_a_dot(ada: User, bob: User) -> None:
    home(ada)
    tell()
    assert "online-dot" in Client().get("/u/ada/").content.decode()
    assert "online-dot" not in Client().get("/u/Bob/").content.decode()


def test_after_five_minutes_nobody_is_here(ada: User) -> None:
    home(ada)
    tell()
    with patch("forum.cache.presence.SECONDS", 0):
        time.sleep(1.1)
        tell()
    assert "Here now" not in home()


def test_who_hides_is_not_shown_and_counted_nowhere(ada: User, bob: User) -> None:
    home(ada)
    home(bob)
    tell()
    assert "2 members online" in home()
    answer = signed_in(ada).post("/settings/profile/", {**WORDS, "hides_online": "on"})
    assert answer.status_code == 302
    renew()
    home(ada)
    tell()
    text = home()
    assert "1 member online" in text and "/u/ada/" not in text
    assert "online-dot" not in Client().get("/u/ada/").content.decode()


def test_a_closed_account_is_not_here(ada: User) -> None:
    home(ada)
    User.objects.filter(pk=ada.pk).update(is_active=False)
    tell()
    assert "Here now" not in home()


def test_a_name_leads_where_it_is_now(ada: User) -> None:
    home(ada)
    tell()
    home()
    User.objects.filter(pk=ada.pk).update(username="lovelace")
    renew()
    assert "/u/lovelace/" in home()


def test_answers_from_memory_say_who_is_here_now(ada: User, bob: User, aws: Forum) -> None:
    reader = Browser(bob)
    for _ in range(4):
        before = reader.get("/")
    assert before.fast and b"Here now" not in before.body
    home(ada)
    tell()
    page = home(bob)
    assert "Here now" in page
    after = reader.get("/")
    assert not after.fast, "what was kept showed nobody"
    assert reader.get("/").fast


def test_they_are_kept_no_longer_than_half_a_minute(ada: User, aws: Forum) -> None:
    home(ada)
    tell()
    stranger = Browser()
    for _ in range(4):
        stranger.get("/")
    assert stranger.get("/").fast
    with later(31):
        assert not stranger.get("/").fast


def test_pages_never_ask_who_is_here(ada: User, aws: Forum) -> None:
    home(ada)
    tell()
    home()
    with cost() as spent:
        home()
    assert spent.all == ([], 0, 0)


def test_telling_costs_one_round_trip_however_many_read(site: None) -> None:
    for number in range(300):
        visits.count(str(number))
    visits.flush()
    for number in range(300):
        visits.count(str(number))
    with cost() as spent:
        visits.flush()
        presence.look_if_due()
    assert spent.redis == 1
    assert presence.here()[0] == 300 and len(presence.here()[1]) == presence.MOST


def test_many_are_counted_and_some_named(site: None) -> None:
    for number in range(70):
        visits.count(str(make_member(f"member{number}").pk))
    tell()
    text = home()
    assert "70 members online" in text and "and 10 more" in text


def test_without_redis_nobody_is_said_to_be_here(ada: User) -> None:
    home(ada)
    tell()
    with later(61):
        assert presence.here() == (0, frozenset())


class TestGuests:
    """Those who are not signed in are counted, and nobody can find out who they were."""

    FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

    @pytest.fixture(autouse=True)
    def salted(self, site: None) -> None:
        """The salt of the day is known after the first telling."""
        tell()

    def comes(self, address: str = "192.0.2.1", agent: str = FIREFOX, url: str = "/", **more: str) -> None:
        headers = {"REMOTE_ADDR": address, "HTTP_USER_AGENT": agent, **more}
        assert Client().get(url, **headers).status_code == 200

    def test_are_counted_by_address_and_browser(self, ada: User, aws: Forum) -> None:
        for address, agent in (("192.0.2.1", self.FIREFOX), ("192.0.2.1", "Lynx/2.9"), ("192.0.2.2", self.FIREFOX)):
            for _ in range(3):
                self.comes(address, agent)
        tell()
        assert "3 guests online" in home()
        home(ada)
        tell()
        assert "1 member and 3 guests online" in home()

    def test_of_one_household_with_one_browser_are_one(self) -> None:
        self.comes("2001:db8::1")
        self.comes("2001:db8::2")
        tell()
        assert "1 guest online" in home()

    def test_are_told_apart_behind_a_proxy(self, settings: Any) -> None:
        settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
        for address in ("192.0.2.7", "192.0.2.8"):
            self.comes("10.0.0.1", HTTP_X_FORWARDED_FOR=f"203.0.113.5, {address}")
        tell()
        assert "2 guests online" in home()

    @pytest.mark.parametrize("agent", ["", "Googlebot/2.1", "curl/8.5.0", "python-requests/2.32", "Feedly/1.0"])
    def test_are_no_programs(self, agent: str) -> None:
        self.comes(agent=agent)
        tell()
        assert "Here now" not in home()

    def test_are_counted_before_django_too(self, aws: Forum) -> None:
        stranger = Browser()
        for _ in range(4):
            stranger.get("/f/aws/")
        assert stranger.get("/f/aws/", HTTP_USER_AGENT="Lynx/2.9", REMOTE_ADDR="192.0.2.9").fast
        tell()
        assert "1 guest online" in home()

    def test_are_no_members_and_none_who_ask_in_the_background(self, ada: User, aws: Forum) -> None:
        signed_in(ada).get("/", HTTP_USER_AGENT=self.FIREFOX)
        self.comes(url="/f/aws/live/")
        tell()
        assert "1 member online" in home()

    def test_change_what_is_shown_each_half_minute_at_most(self) -> None:
        self.comes("192.0.2.1")
        tell()
        assert "1 guest online" in home()
        before = presence.stamp()
        self.comes("192.0.2.2")
        tell()
        assert presence.stamp() == before and guests.count == 2
        with later(31):
            presence.look_if_due()
            assert presence.guests_here() == 2

    def test_are_gone_after_some_minutes(self) -> None:
        self.comes()
        tell()
        with patch("forum.cache.guests.time.time", return_value=time.time() + 6 * 60):
            tell()
        assert guests.count == 0

    def test_at_midnight_are_not_counted_twice(self) -> None:
        midnight = 20_500 * 86_400
        for now in (midnight - 30, midnight + 30, midnight + 31):
            with patch("forum.cache.guests.time.time", return_value=now):
                tell()
                self.comes()
                tell()
        assert guests.count == 1

    def test_are_kept_nowhere_and_cost_no_round_trip_more(self, aws: Forum) -> None:
        for number in range(250):
            guests.note(f"192.0.2.{number} {self.FIREFOX}")
        presence._told -= presence.LOOK_SECONDS
        with cost() as spent:
            presence.look_if_due()
        assert spent.redis == 1 and 240 <= guests.count <= 260
        keys = [key.decode() for key in stores.client().keys("guests:*")]
        assert 0 < len(keys) <= guests.MINUTES + 2 and all(
            0 < stores.client().ttl(key) <= guests.SALT_SECONDS for key in keys
        )
        assert not any(b"192.0.2" in (stores.client().dump(key) or b"") for key in keys)

    def test_make_no_server_wait_when_they_are_very_many(self) -> None:
        for number in range(guests.MOST + 10):
            guests.note(f"{number}")
        assert len(guests._seen) == guests.MOST
        tell()
        assert abs(guests.count - guests.MOST) < guests.MOST / 50
