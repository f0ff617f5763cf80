"""New connections go to the worker that has few, and nobody waits long for one that does not take them."""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from forum_site.balance import LEFT_SECONDS, Balance
from tests.fast.server import Client, Server, eventually


def worker_of(client: Client) -> int:
    return int(client.get("/kept/1").header("X-Process"))


@pytest.fixture(params=["on", "wsgi", "off"])
def two(home: Path, parser: None, request: pytest.FixtureRequest) -> Iterator[Server]:
    """Two workers, answering in their loops, in both ways, and with threads alone."""
    with Server(home, "--workers", "2", FAST_PATH=request.param) as server:
        eventually(lambda: len(workers(server)) == 2, 20)
        yield server


def workers(server: Server) -> set[int]:
    """Those that take connections."""
    with ExitStack() as brief:
        return set(opened(server, brief, 8))


def opened(server: Server, stack: ExitStack, number: int) -> Counter[int]:
    """So many connections, opened as fast as can be and kept; how many each worker has."""
    clients = [stack.enter_context(server.client()) for _ in range(number)]
    return Counter(map(worker_of, clients))


def test_connections_are_shared_out_evenly(two: Server) -> None:
    with ExitStack() as stack:
        shares = opened(two, stack, 24)
        assert len(shares) == 2 and min(shares.values()) >= 8, shares
        more = opened(two, stack, 24)
        assert min((shares + more).values()) >= 18, (shares, more)


def test_a_worker_that_takes_none_costs_others_a_moment(two: Server) -> None:
    with ExitStack() as stack:
        stopped = next(iter(opened(two, stack, 1)))
        os.kill(stopped, signal.SIGSTOP)
        try:
            started = time.monotonic()
            clients = [two.client() for _ in range(6)]
            others = {worker_of(stack.enter_context(client)) for client in clients}
            assert stopped not in others
            assert time.monotonic() - started < 6 * LEFT_SECONDS + 2
        finally:
            os.kill(stopped, signal.SIGCONT)


def test_a_worker_that_was_killed_is_not_waited_for_and_its_successor_gets_a_share(two: Server) -> None:
    with ExitStack() as stack:
        killed = next(iter(opened(two, stack, 1)))
        os.kill(killed, signal.SIGKILL)

        eventually(lambda: len(workers(two) - {killed}) == 2, 20)


class TestNumbers:
    def test_whoever_is_alone_leaves_nothing(self) -> None:
        balance = Balance()
        balance.join(1)
        balance.have(1000)
        assert not balance.leaves(1.0)

    def test_whoever_is_ahead_leaves_one_for_a_moment_and_no_longer(self) -> None:
        balance = two_workers(mine=5, other=1)
        assert balance.leaves(10.0)
        assert balance.leaves(10.0 + LEFT_SECONDS / 2)
        assert not balance.leaves(10.0 + 2 * LEFT_SECONDS)
        assert balance.leaves(10.0 + 3 * LEFT_SECONDS), "the next one is another"

    @pytest.mark.parametrize("other", [4, 5, 9])
    def test_whoever_is_level_takes_it(self, other: int) -> None:
        assert not two_workers(mine=5, other=other).leaves(10.0)

    def test_whoever_has_ended_is_nobody(self) -> None:
        balance = two_workers(mine=5, other=0)
        balance.leave(2)
        assert not balance.leaves(10.0)


def two_workers(mine: int, other: int) -> Balance:
    balance = Balance()
    balance.join(2)
    balance.have(other)
    balance.join(1)
    balance.have(mine)
    return balance
