"""What members read, counted in every process and summed in Redis."""

import time
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from redis.connection import AbstractConnection
from redis.exceptions import ConnectionError as Refused

from forum import redis as stores
from forum.cache import visits
from forum.cache.visits import Visits, count, flush, of_member
from forum.models import Forum, User
from tests.fast.test_answers import Browser
from tests.helpers import cost


@pytest.fixture(autouse=True)
def nothing_counted(redis_server: None) -> Iterator[None]:
    visits.forget()
    yield
    visits.forget()


def days_later(n: int) -> "patch[float]":  # type: ignore[type-arg]
    return patch("forum.cache.visits.time.time", return_value=time.time() + n * 86400)


def today() -> int:
    """In days since 1970."""
    return int(time.time() // 86400)


def test_pages_are_summed_and_days_counted_once() -> None:
    for day in range(3):
        with days_later(day):
            for _ in range(4):
                count("1")
                flush()
    assert of_member("1") == Visits(days=3, pages=12, last=today() + 2) and of_member("2") == Visits()


def test_the_signed_out_are_not_counted() -> None:
    count("")
    with cost() as spent:
        flush()
    assert spent.redis == 0


def test_many_members_are_sent_in_one_round_trip() -> None:
    count("0")
    flush()
    for member in range(400):
        count(str(member))
    with cost() as spent:
        flush()
    assert spent.redis == 1 and of_member("399").pages == 1


def test_what_a_server_could_not_take_is_sent_later() -> None:
    count("1")
    with patch.object(AbstractConnection, "send_packed_command", side_effect=Refused("refused")):
        flush()
        count("1")
    stores.forget_failures()
    flush()
    assert of_member("1") == Visits(1, 2, today())


def test_what_waits_for_a_server_is_bounded() -> None:
    for member in range(visits.MOST_WAITING + 50):
        count(str(member))
    with patch.object(AbstractConnection, "send_packed_command", side_effect=Refused("refused")):
        flush()
    stores.forget_failures()
    assert len(visits._pages) == visits.MOST_WAITING


def test_it_is_forgotten_a_year_after_the_last_visit() -> None:
    count("1")
    flush()
    assert 364 * 86400 < stores.client().ttl("reads:{1}") <= 365 * 86400


@pytest.mark.django_db(transaction=True)
def test_every_page_counts_in_django_and_before_it(aws: Forum, ada: User) -> None:
    browser = Browser(ada)
    browser.warm("/")
    visits.forget()
    assert browser.get("/").fast and not browser.get("/?").fast
    Browser().warm("/")
    assert visits._pages == {str(ada.pk): 2}
