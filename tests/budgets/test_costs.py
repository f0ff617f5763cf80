"""Each page and act costs what is written of it, in calls and capacity units, and the document says the same."""

import os
from collections.abc import Iterator
from functools import partial
from unittest.mock import patch

import pytest

from forum import readers
from forum import redis as stores
from forum.cache import changed, local, tracking
from forum.search import feeding
from tests.budgets import measured
from tests.budgets.measured import Measured, Rows, measure
from tests.budgets.scenarios import ACTS, PAGES, Scenario
from tests.budgets.world import World, build, patiently
from tests.helpers import cost

PATIENCE_SECONDS = 5.0
WRITING = "FORUM_WRITE_BUDGETS" in os.environ
AGAIN = "`python -m tests.budgets --write` measures anew; say in the change why it has to be more."


@pytest.fixture
def world(site: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """What a process does when Redis is slow is another matter (tests/cache), and a machine that tests other things
    meanwhile makes it slow: here it is waited for."""
    monkeypatch.setattr(tracking, "REVIVE_SECONDS", PATIENCE_SECONDS)
    # What is noted every few seconds, whoever asks just then, is no page's.
    monkeypatch.setattr(local, "also", [])
    pools = [stores.client(alias).connection_pool for alias in ("default", "sessions")]
    for pool in pools:
        monkeypatch.setitem(pool.connection_kwargs, "socket_timeout", PATIENCE_SECONDS)
        monkeypatch.setitem(pool.connection_kwargs, "socket_connect_timeout", PATIENCE_SECONDS)
        pool.reset()
    yield build()
    monkeypatch.undo()
    for pool in pools:
        pool.reset()


def test_every_page_and_act_costs_what_is_written(world: World) -> None:
    after = {"search index": indexing(world), "account": account(world)}
    found: Rows = {
        name: patiently(partial(cost_of, prepare, world)) for name, prepare in (PAGES | ACTS).items()
    } | after
    if WRITING:
        measured.write(found)
    promised = measured.written()
    dearer = {name: (row, promised.get(name)) for name, row in found.items() if row.exceeds(promised.get(name))}
    assert dearer == {}, f"These cost more than docs/access-patterns.md says. {AGAIN}"
    assert found == promised, f"These cost less, or others than are written. {AGAIN}"


def account(world: World) -> Measured:
    with cost() as spent:
        readers.with_inbox(world.bob)
    return measured.of_ledger(spent.dynamodb)


def cost_of(prepare: Scenario, world: World) -> Measured:
    with patch.object(changed, "take", dict):
        return measure(prepare(world))


def indexing(world: World) -> Measured:
    """What is asked after the answer to a reply, for the search index; posting itself leaves that to the signal."""
    with patch.object(changed, "take", dict):
        patiently(lambda: ACTS["act: reply"](world)())
    return measure(feeding.after_answer)


def test_the_document_shows_what_is_written() -> None:
    assert measured.in_document() == measured.markdown(measured.written()), AGAIN


ROW = Measured({"Query": 1}, {"T": [1.0, 0.0], "T/I": [0.0, 2.0]})


@pytest.mark.parametrize(
    "dearer",
    [
        Measured({"Query": 1, "GetItem": 1}, ROW.units),
        Measured(ROW.calls, {"T": [1.5, 0.0]}),
        Measured(ROW.calls, {"T/I": [0.0, 2.5]}),
        Measured(ROW.calls, {"T/J": [0.5, 0.0]}),
    ],
)
def test_what_costs_more_is_found(dearer: Measured) -> None:
    assert dearer.exceeds(ROW) and ROW.exceeds(None)
    assert not ROW.exceeds(ROW) and not Measured({}, {}).exceeds(ROW)
