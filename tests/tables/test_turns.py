"""Waiting in line within one process."""

from threading import Event, Thread

import pytest

from forum.errors import Busy
from forum.tables import turns
from forum.tables.turns import turn


def test_who_comes_first_is_served_first():
    served, first_is_in = [], Event()

    def writer(number):
        with turn("thread", 5):
            served.append(number)

    waiting = []
    with turn("thread", 5):
        first_is_in.set()
        for number in range(5):
            waiting.append(Thread(target=writer, args=(number,)))
            waiting[-1].start()
            while len(turns._lines["thread"]) < number + 2:
                Event().wait(0.001)
        assert served == []
    for one in waiting:
        one.join(5)
    assert served == [0, 1, 2, 3, 4]


def test_other_threads_have_lines_of_their_own():
    with turn("one", 5), turn("another", 0.01):
        pass


def test_who_waits_too_long_is_told_so_and_leaves_the_line():
    with turn("thread", 5), pytest.raises(Busy), turn("thread", 0.01):
        pytest.fail("it was nobody's turn")
    with turn("thread", 0.01):
        pass
    assert turns._lines == {}


def test_an_error_ends_a_turn():
    with pytest.raises(ZeroDivisionError), turn("thread", 5):
        raise ZeroDivisionError
    assert turns._lines == {}
