"""DAX in front of the indexes, asked by AWS's own client: whatever it keeps, what was written shows."""

import logging
import socket
import time
from collections.abc import Iterator
from threading import Barrier, Event, Thread
from unittest.mock import patch

import pytest

from forum.local.ports import free_port
from forum.tables import base, dax, posts
from forum.tables.overlay import AllWritten
from forum.tables.posts import Post
from tests.dax_client import ABSENT, MAY_BE_LEFT_OUT

from .acts import bodies, delete, edit, head_of, numbers, replied, reply, start
from .faults import lagging_indexes

if MAY_BE_LEFT_OUT:
    pytest.skip(ABSENT, allow_module_level=True)
from bench.hammer.dax import Node, serving  # noqa: E402

NOTHING_NEW = AllWritten()
USER = "2"


@pytest.fixture
def node(dynoxide, settings) -> Iterator[Node]:  # type: ignore[no-untyped-def]
    """DAX in front of the engine; windows change only where a test says so."""
    patient = patch.multiple(dax, CONNECT_SECONDS=5.0, READ_SECONDS=5.0, _window=lambda: 1)
    with serving(settings.DYNAMODB_ENDPOINT_URL) as node, patient:
        lead_to(node.url, settings)
        yield node
        lead_to("", settings)


@pytest.fixture
def silent(node, settings) -> Iterator[None]:  # type: ignore[no-untyped-def]
    """A cluster that takes connections and says nothing."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        patch.multiple(dax, CONNECT_SECONDS=0.1, READ_SECONDS=0.3, LEFT_ALONE_SECONDS=0.5),
    ):
        lead_to(f"dax://127.0.0.1:{listening.getsockname()[1]}", settings)
        yield


@pytest.fixture
def thread(node):  # type: ignore[no-untyped-def]
    """A thread of five posts, all but the first by one member."""
    thread = start("Fast", user="1")
    for number in range(2, 6):
        reply(thread, f"reply {number}", user=USER)
    return thread


def lead_to(url: str, settings) -> None:  # type: ignore[no-untyped-def]
    settings.DAX_ENDPOINT_URL = url
    base.warm_up()


def page(thread, written=NOTHING_NEW):  # type: ignore[no-untyped-def]
    return posts.list_of_thread(head_of(thread), 1, 20, written)


# -- What it is asked -----------------------------------------------------------------------------


def test_what_it_answers_is_what_dynamodb_answers(node, thread):
    edit(thread, 2, "An edit,\nwith *ümläuts* and 🦀.")
    delete(thread, 3)
    by_dax, by_dynamodb = page(thread), posts.list_of_thread(head_of(thread), 1, 20)
    assert node.asked == 1
    assert [vars(post) for post in by_dax] == [vars(post) for post in by_dynamodb]
    by_dax, by_dynamodb = posts.list_of_user(USER, 3, "", NOTHING_NEW), posts.list_of_user(USER, 3)
    assert node.asked == 2 and numbers(by_dax) == [5, 4, 3]
    assert [vars(post) for post in by_dax] == [vars(post) for post in by_dynamodb]


def test_who_makes_the_same_page_a_moment_later_costs_no_read_unit(node, thread):
    with base.counting() as first:
        page(thread)
    with base.counting() as second:
        page(thread)
    assert (node.asked, node.kept) == (2, 1)
    assert first.calls == second.calls == ["GetItem", "Query"]
    assert second.read_units == 1.0, "the head is always read from the table"


def test_it_is_not_asked_where_it_is_not_known_what_was_written(node, thread):
    written = replied(thread, "Just now.")
    page(thread, {})
    page(thread, written)
    posts.list_of_user(USER, 10)
    posts.get_post(thread.id, 2)
    list(Post.by_thread.query(thread.id))
    assert node.asked == 0


# -- What it keeps --------------------------------------------------------------------------------


def test_replies_edits_and_deletions_show_at_once_whatever_it_keeps(node, thread):
    page(thread)
    posts.list_of_user(USER, 10, "", NOTHING_NEW)
    written = AllWritten(replied(thread, "Just now.", user=USER) | edit(thread, 2, "Better.") | delete(thread, 3))
    shown = page(thread, written)
    assert node.kept == 1
    assert bodies(shown)[1] == "Better." and shown[2].deleted and bodies(shown)[-1] == "Just now."
    mine = posts.list_of_user(USER, 10, "", written)
    assert node.kept == 2 and bodies(mine)[0] == "Just now." and bodies(mine)[-1] == "Better."


def test_what_a_killed_writer_left_shows_in_the_next_window(node, thread):
    """Nobody knows what it wrote; the cluster would keep its answer for five minutes."""
    page(thread)
    edit(thread, 2, "And then it was killed.")
    assert bodies(page(thread))[1] == "reply 2"
    with patch.object(dax, "_window", return_value=2):
        assert bodies(page(thread))[1] == "And then it was killed."


def test_a_window_is_over_before_dax_is_asked_again_after_a_write_that_nobody_named():
    from forum.cache.scripts import UNNAMED_SECONDS

    assert dax.WINDOW_SECONDS < UNNAMED_SECONDS


def test_an_index_that_lags_is_no_worse_behind_it(node, thread):
    with lagging_indexes():
        written = AllWritten(replied(thread, "Just now."))
        assert bodies(page(thread, written))[-1] == "Just now."
        assert bodies(page(thread, written))[-1] == "Just now."


# -- When it does not answer ----------------------------------------------------------------------


def test_a_cluster_that_is_not_there_is_asked_once_in_a_while(node, thread, settings, caplog):
    lead_to(f"dax://127.0.0.1:{free_port()}", settings)
    assert numbers(page(thread)) == numbers(page(thread)) == [1, 2, 3, 4, 5]
    assert len([line for line in caplog.messages if line.startswith("DAX did not answer")]) == 1


def test_its_client_does_not_fill_the_log_with_what_is_said_there_already():
    assert not logging.getLogger("amazondax.EndpointHealthChecker").isEnabledFor(logging.WARNING)


def test_a_cluster_that_hangs_costs_one_reader_a_moment(thread, silent):
    assert numbers(page(thread)) == [1, 2, 3, 4, 5]
    with patch.object(dax, "_client", side_effect=AssertionError("it was asked again")):
        assert numbers(page(thread)) == [1, 2, 3, 4, 5]


def test_nobody_waits_for_long_until_a_cluster_is_found(thread, silent):
    """It may have many nodes, of which none answers."""
    at_last = Event()
    with patch.object(dax, "_client", lambda url, dummy: at_last.wait(10) and None):
        started = time.monotonic()
        assert numbers(page(thread)) == numbers(page(thread)) == [1, 2, 3, 4, 5]
        at_last.set()
    assert time.monotonic() - started < 5


def test_one_reader_at_a_time_tries_again_what_did_not_answer(node, thread):
    page(thread)
    tried, here = [], Barrier(4)

    def fails(**arguments):  # type: ignore[no-untyped-def]
        tried.append(arguments)
        time.sleep(0.2)
        raise TimeoutError

    def read() -> None:
        here.wait()
        page(thread)

    with patch.object(dax, "LEFT_ALONE_SECONDS", 0.5), patch.object(base.connection().dax._client, "query", fails):
        page(thread)
        time.sleep(0.6)
        readers = [Thread(target=read) for __ in range(4)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
    assert len(tried) == 2
    time.sleep(0.6)
    before = node.asked
    page(thread)
    page(thread)
    assert node.asked == before + 2


def test_a_node_that_goes_away_is_not_missed(node, thread):
    page(thread)
    node.shutdown()
    node.hang_up()
    assert numbers(page(thread)) == [1, 2, 3, 4, 5]
    assert numbers(page(thread)) == [1, 2, 3, 4, 5]
