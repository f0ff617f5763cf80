"""What the API costs: as the page that shows the same, and one Redis round trip to count the question."""

from typing import Any

import pytest

from forum.actions import pace
from forum.models import User
from forum.tables.threads import Thread
from tests.api.conftest import Comes, Program
from tests.helpers import cost


@pytest.fixture(autouse=True)
def counted(settings: Any) -> None:
    """As a site has it."""
    settings.RATE_LIMITS = dict.fromkeys(pace.TABLE.keys() - {"api"}, pace.OFF)


MISSES = [
    ("/forums/aws/threads", ["Query"], 1),
    ("/forums/aws/posts", ["Query", "BatchGetItem"], 1),
    ("/forums/aws/threads/{}", ["GetItem"], 1),
    ("/forums/aws/threads/{}/posts", ["GetItem", "Query"], 1),
    ("/members/ada/posts", ["Query", "BatchGetItem"], 2),
    ("/tags", [], 1),
]


@pytest.mark.parametrize(("path", "calls", "sql"), MISSES)
def test_what_is_not_kept_yet(path: str, calls: list[str], sql: int, thread: Thread, stranger: Program) -> None:
    stranger.gets("/members/ada/posts" if "member" not in path else "/tags")
    stranger.gets("/forums")
    with cost() as spent:
        answer = stranger.asks("GET", path.format(thread.id))
    assert answer["X-Cache"] == "miss"
    assert spent.dynamodb.calls[: len(calls)] == calls and spent.sql == sql
    assert "Scan" not in spent.dynamodb.calls


@pytest.mark.parametrize("path", [path for path, _, _ in MISSES])
def test_what_is_kept(path: str, thread: Thread, stranger: Program) -> None:
    for _ in range(2):
        stranger.gets(path.format(thread.id))
    with cost() as spent:
        answer = stranger.asks("GET", path.format(thread.id))
    assert answer["X-Cache"] == "hit"
    assert spent.all == ([], 0, 1), "the question is counted"


def test_a_token_costs_one_sql_query(thread: Thread, bob: User, comes: Comes) -> None:
    program, path = comes(bob), f"/forums/aws/threads/{thread.id}/posts"
    for _ in range(3):
        program.gets(path)
    with cost() as spent:
        assert program.asks("GET", path)["X-Cache"] == "hit"
    assert spent.all == ([], 1, 1)


def test_a_reply_costs_what_it_costs_on_the_page_and_to_be_read_back(thread: Thread, bob: User, comes: Comes) -> None:
    program, path = comes(bob), f"/forums/aws/threads/{thread.id}/posts"
    program.asks("POST", path, {"body": "First."}, Idempotency_Key="1")
    # The reply has made its writer watch the thread; then the account is read once more.
    program.gets("/me")
    with cost() as spent:
        assert program.asks("POST", path, {"body": "Second."}, Idempotency_Key="2").status_code == 201
    assert spent.dynamodb.calls[:2] == ["GetItem", "TransactWriteItems"]
    assert spent.dynamodb.calls[-2:] == ["GetItem", "GetItem"]
