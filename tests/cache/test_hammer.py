"""The hammer, shortly: real servers, readers and writers, faults; and whether its judgement can be trusted."""

import json
from typing import Any

import pytest

from bench.hammer.ledger import GONE, LOCKED, OPEN, THERE, Ledger, Version
from bench.hammer.seen import DELETED, FORUM, HOME, LATEST, MEMBER, THREAD, Row, Seen
from tests.dax_client import needs_dax
from tests.processes import run_python, said

WITHOUT_STALE_PAGES = ["plain", "lag", "killed-writers", "redis-killed", "spread"]
SECONDS = 3
LONGER = (6, 20)

# -- Over HTTP ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def results() -> dict[str, dict[str, Any]]:
    """What each mode showed."""
    return hammered(*WITHOUT_STALE_PAGES, "naive-lag", seconds=SECONDS)


def hammered(*modes: str, seconds: int) -> dict[str, dict[str, Any]]:
    """All in one process, which starts them one after the other."""
    done = run_python("-m", "bench.hammer", *modes, "--seconds", str(seconds), "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == len(modes), said(done)
    return {row["mode"]: row for row in rows}


@pytest.mark.parametrize("mode", WITHOUT_STALE_PAGES)
def test_no_page_is_older_than_the_last_acknowledged_write(mode: str, results: dict[str, dict[str, Any]]) -> None:
    assert results[mode]["stale"] == 0, "\n".join(results[mode]["examples"])


@pytest.mark.parametrize("mode", WITHOUT_STALE_PAGES)
def test_and_that_means_something(mode: str, results: dict[str, dict[str, Any]]) -> None:
    row = results[mode]
    assert row["complaints"] == []
    assert min(row["reads"], row["hits"], row["writes"]) > 0


def test_while_a_forum_is_spread_everything_is_found_once_in_every_list(results: dict[str, dict[str, Any]]) -> None:
    """In its order, by cursors from before as well: what is wrong is among the complaints."""
    row = results["spread"]
    assert row["broken"] > 0 and row["errors"] == 0 and row["complaints"] == []


def test_what_a_killed_writer_left_behind_shows_in_time(results: dict[str, dict[str, Any]]) -> None:
    row = results["killed-writers"]
    assert row["killed"] > 0
    assert row["worst"] < 3500


@needs_dax
def test_dax_makes_no_page_older_although_indexes_lag_and_some_writers_are_killed() -> None:
    row = hammered("dax", seconds=12)["dax"]
    assert row["complaints"] == [], "\n".join(row["examples"])
    assert min(row["broken"], row["hits"]) > 0 and row["worst"] < 3500


def test_deleting_on_write_does_leave_stale_pages(results: dict[str, dict[str, Any]]) -> None:
    """On a busy machine few pages are read in so short a time: then it has longer to show."""
    stale = results["naive-lag"]["stale"]
    for seconds in LONGER:
        stale = stale or hammered("naive-lag", seconds=seconds)["naive-lag"]["stale"]
    assert stale > 0


# -- Its judgement: times are seconds, and every read takes one ------------------------------------


def version(value: str, done: float, grace: float = 0.0) -> Version:
    return Version(value, done - 0.5, done, grace)


@pytest.fixture
def ledger() -> Ledger:
    """Thread A with three posts and thread B with one, all done by second 14."""
    ledger = Ledger()
    ledger.add_thread("A", "ada", version("title-a", 10), version("a1", 10))
    ledger.add_thread("B", "bob", version("title-b", 12), version("b1", 12))
    ledger.add_post("A", 2, "bob", version("a2", 13))
    ledger.add_post("A", 3, "ada", version("a3", 14))
    return ledger


POSTS = [Row("A", 1, text="a1"), Row("A", 2, text="a2"), Row("A", 3, text="a3")]


def thread(*posts: Row, last: int = 3, title: str = "title-a", locked: bool = False, deleted: int = 0) -> Seen:
    head = Row("A", last, title, locked=locked, deleted=deleted)
    return Seen(THREAD, "A", 1, True, False, (head, *posts))


def listed(*rows: Row, complete: bool = True, kind: str = FORUM) -> Seen:
    return Seen(kind, "", 1, True, complete, rows)


def lacking(ledger: Ledger, seen: Seen, at: float) -> list[str]:
    ledger.close()
    return [found.value for found in ledger.lacking(seen, at, at + 1)]


A = Row("A", 3, "title-a", locked=False, deleted=0)
B = Row("B", 1, "title-b", locked=False, deleted=0)


def test_a_page_with_everything_lacks_nothing(ledger: Ledger) -> None:
    assert lacking(ledger, thread(*POSTS), 20) == []
    assert lacking(ledger, listed(A, B), 20) == []


def test_a_thread_lacks_a_reply_that_was_acknowledged_before(ledger: Ledger) -> None:
    assert lacking(ledger, thread(*POSTS[:2], last=2), 14.5) == ["a3", "a3"]


def test_a_reply_that_was_acknowledged_after_the_request_began_may_show_or_not(ledger: Ledger) -> None:
    assert lacking(ledger, thread(*POSTS[:2], last=2), 13.5) == []
    assert lacking(ledger, thread(*POSTS), 13.5) == []


def test_an_old_text_is_found(ledger: Ledger) -> None:
    ledger.texts["A", 1].versions.append(version("a1-edited", 20))
    assert lacking(ledger, thread(*POSTS), 21) == ["a1-edited"]
    assert lacking(ledger, thread(Row("A", 1, text="a1-edited"), *POSTS[1:]), 21) == []


def test_a_deleted_text_and_its_count_are_found(ledger: Ledger) -> None:
    gone = version(DELETED, 20)
    ledger.texts["A", 2].versions.append(gone)
    ledger.deletions["A"].append(gone)
    assert lacking(ledger, thread(*POSTS), 21) == [DELETED, DELETED]
    assert lacking(ledger, listed(A, B), 21) == [DELETED]
    assert lacking(ledger, listed(A._replace(deleted=1), B), 21) == []


def test_a_lock_that_was_set_and_lifted_is_known_by_its_times(ledger: Ledger) -> None:
    ledger.locks["A"].versions += [version(LOCKED, 20), version(OPEN, 30), version(LOCKED, 40)]
    assert lacking(ledger, thread(*POSTS, locked=False), 21) == [LOCKED]
    assert lacking(ledger, thread(*POSTS, locked=True), 31) == [OPEN]
    assert lacking(ledger, thread(*POSTS, locked=True), 39.5) == []


def test_a_list_lacks_a_thread_and_a_newer_reply(ledger: Ledger) -> None:
    assert lacking(ledger, listed(A), 20) == ["b1"]
    assert lacking(ledger, listed(A._replace(number=2), B), 20) == ["a3"]


def test_a_full_list_need_not_show_what_is_older_than_all_it_shows(ledger: Ledger) -> None:
    assert lacking(ledger, listed(A, complete=False, kind=HOME), 20) == []
    assert lacking(ledger, listed(B, complete=False, kind=HOME), 20) == ["a3"]


def test_a_list_is_in_the_order_of_the_last_posts(ledger: Ledger) -> None:
    assert lacking(ledger, listed(B, A), 20) == ["a3"]


def test_a_thread_that_is_gone_must_not_show(ledger: Ledger) -> None:
    ledger.lives["B"].versions.append(version(GONE, 20))
    assert lacking(ledger, listed(A, B), 21) == [GONE]
    assert lacking(ledger, listed(A), 21) == []


def test_a_thread_that_is_there_must_be_found(ledger: Ledger) -> None:
    assert lacking(ledger, Seen(THREAD, "A", 1, False, False, ()), 20) == [THERE]


def test_a_list_of_newest_posts_lacks_what_is_newer_than_its_last(ledger: Ledger) -> None:
    newest = [Row("A", 3, "title-a", text="a3"), Row("B", 1, "title-b", text="b1")]
    assert lacking(ledger, listed(*newest, complete=False, kind=LATEST), 20) == ["a2"]
    assert lacking(ledger, listed(newest[0], complete=False, kind=LATEST), 20) == []


def test_a_members_page_is_asked_for_that_members_posts_only(ledger: Ledger) -> None:
    posts = (Row("A", 3, "title-a", text="a3"),)
    assert lacking(ledger, Seen(MEMBER, "ada", 1, True, True, posts), 20) == ["a1"]


def test_the_write_of_a_worker_that_died_is_due_only_after_its_grace(ledger: Ledger) -> None:
    ledger.texts["A", 1].versions.append(version("a1-edited", 20, grace=3.5))
    ledger.close()
    late = ledger.lacking(thread(*POSTS), 21, 22)
    assert [(found.value, found.due) for found in late] == [("a1-edited", 23.5)]


def test_a_write_that_was_never_answered_may_show_or_not(ledger: Ledger) -> None:
    ledger.texts["A", 1].versions.append(Version("a1-perhaps", 20))
    assert lacking(ledger, thread(*POSTS), 30) == []
    assert lacking(ledger, thread(Row("A", 1, text="a1-perhaps"), *POSTS[1:]), 30) == []
