"""An absent, slow, overloaded or unprepared DynamoDB: always the same kind of error, never a long wait."""

import socket
import time
from collections.abc import Iterator

import pytest
from botocore.exceptions import NoCredentialsError
from pynamodb.exceptions import QueryError, TransactWriteError

from forum.errors import Busy, Unavailable
from forum.local.ports import free_port, listener
from forum.tables import base, threads

from .acts import FORUM, all_posts, delete, reply, start
from .faults import answering, error

GHOST = "01KAQ4ZT9N8YV3W2Q6JX5R7D00"
# Two calls of READ_SECONDS and a pause are 4.3 s; on a machine busy with other tests it may be more, but
# nothing like the minute after which botocore itself gives up, and then asks again.
LONGEST_WAIT_SECONDS = 12.0

READS = {
    "GetItem": lambda: threads.get_thread(FORUM, GHOST),
    "Query": lambda: threads.list_by_activity(FORUM, 1, 10),
}


@pytest.fixture
def leads_to(settings) -> Iterator[object]:
    """Lead the connection to a URL, and back when the test ends."""
    before = base._connection

    def lead(url: str) -> None:
        settings.DYNAMODB_ENDPOINT_URL = url
        base.warm_up()

    yield lead
    base._connection = before


def waited(act) -> float:
    """How long something took that must end in Unavailable, in seconds."""
    started = time.monotonic()
    with pytest.raises(Unavailable) as raised:
        act()
    assert raised.value.status == 503
    assert raised.value.retry_after
    assert raised.value.message.endswith((".", ".)"))
    return time.monotonic() - started


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_refused_connection_is_said_to_be_out_of_reach(leads_to, read):
    leads_to(f"http://127.0.0.1:{free_port()}")
    assert waited(read) < LONGEST_WAIT_SECONDS


def test_a_server_that_never_answers_is_given_up_in_time(leads_to):
    with listener("127.0.0.1", 0) as silent:
        silent.listen()
        leads_to(f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert waited(READS["GetItem"]) < LONGEST_WAIT_SECONDS


def test_a_server_that_takes_no_connections_is_given_up_in_time(leads_to):
    with listener("127.0.0.1", 0) as full:
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        leads_to(f"http://127.0.0.1:{address[1]}")
        took = waited(READS["GetItem"])
        for one in waiting:
            one.close()
    assert took < LONGEST_WAIT_SECONDS


def test_a_request_that_has_waited_long_makes_no_further_call(stored):
    thread = start()
    with base.counting(patience=0.5) as ledger:
        ledger.seconds = 0.6
        with pytest.raises(Unavailable, match="slow"):
            all_posts(thread)
    assert ledger.calls == []


def test_a_reply_in_a_slow_store_is_given_up_in_time(stored):
    thread = start()
    lost = error("TransactionCanceledException") | {"CancellationReasons": [{"Code": "TransactionConflict"}] * 2}

    def slowly(request):
        time.sleep(0.3)
        return lost

    with answering("TransactWriteItems", 400, slowly), base.counting(patience=base.REQUEST_SECONDS):
        assert waited(lambda: reply(thread)) < LONGEST_WAIT_SECONDS


def test_a_write_to_a_server_that_never_answers_is_given_up_in_time(leads_to):
    with listener("127.0.0.1", 0) as silent:
        silent.listen()
        leads_to(f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert waited(start) < LONGEST_WAIT_SECONDS


def test_missing_tables_are_the_operators_to_make(engine):
    with pytest.raises(Unavailable, match="manage.py tables create"):
        threads.get_thread(FORUM, GHOST)
    with pytest.raises(Unavailable, match="manage.py tables create"):
        threads.list_by_activity(FORUM, 1, 10)


def test_missing_tables_are_named_for_writes_too(engine):
    with pytest.raises(Unavailable, match="manage.py tables create"):
        start()


OVERLOADS = {
    "throttled": (400, error("ThrottlingException", "Rate exceeded")),
    "out of capacity": (400, error("ProvisionedThroughputExceededException", "slow down")),
    "too many requests": (400, error("RequestLimitExceeded", "slow down")),
    "broken inside": (500, error("InternalServerError", "oops")),
    "a proxy's page": (503, "<html>Service Unavailable</html>"),
    "a gateway's code": (502, error("Whatever", "bad gateway")),
}


@pytest.mark.parametrize("overload", OVERLOADS.values(), ids=OVERLOADS)
@pytest.mark.parametrize("operation", READS)
def test_an_overloaded_store_is_tried_twice_and_then_reported(stored, operation, overload):
    with answering(operation, *overload) as asked:
        assert waited(READS[operation]) < LONGEST_WAIT_SECONDS
    assert len(asked) == base.ATTEMPTS


def test_one_throttled_answer_is_not_noticed(stored):
    thread = start()
    with answering("Query", 400, error("ThrottlingException"), times=1) as asked:
        assert len(all_posts(thread)) == 1
    assert len(asked) == 1


def test_a_write_that_is_tried_again_carries_the_same_token(stored):
    thread = start()
    sent = []

    def refuse(request):
        sent.append(request["ClientRequestToken"])
        return error("ThrottlingException")

    for act in (start, lambda: reply(thread), lambda: delete(thread, 1)):
        with answering("TransactWriteItems", 400, refuse):
            waited(act)
        first, second = sent[-2:]
        assert first == second
    assert len(set(sent)) == 3


@pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_cancelled_by_throttling_is_overload(stored, code):
    cancelled = error("TransactionCanceledException") | {"CancellationReasons": [{"Code": code}, {"Code": "None"}]}
    with answering("TransactWriteItems", 400, cancelled):
        waited(start)


def test_a_reply_that_loses_every_race_is_told_so_in_time(stored):
    thread = start()
    lost = error("TransactionCanceledException") | {
        "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}]
    }
    started = time.monotonic()
    with answering("TransactWriteItems", 400, lost) as asked, pytest.raises(Busy):
        reply(thread)
    assert time.monotonic() - started < LONGEST_WAIT_SECONDS
    assert len(asked) > 5, "it was tried again and again"


def test_errors_that_are_bugs_stay_what_they_are(stored):
    with (
        answering("Query", 400, error("ValidationException", "nonsense")),
        pytest.raises(QueryError, match="nonsense") as raised,
    ):
        threads.list_by_activity(FORUM, 1, 10)
    assert raised.value.cause is not raised.value.cause.__cause__
    with answering("TransactWriteItems", 400, error("ValidationException")), pytest.raises(TransactWriteError):
        start()


def test_missing_credentials_are_the_operators_to_set():
    assert "credentials" in base.unavailable(NoCredentialsError()).message
