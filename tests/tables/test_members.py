"""Notes to members: counted exactly, listed newest first by exact cursors, gone when they have expired."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from forum.tables import inbox, members
from forum.tables.keys import Nonce, post_timestamp
from forum.tables.members import INBOX, MOST_CHARACTERS, NOTE, NOTE_LIFE, Item
from tests.helpers import cost

pytestmark = pytest.mark.usefixtures("tables")

ADA, BOB = "1", "2"


def tell(text: str, user_id: str = ADA) -> Item:
    return inbox.put_note(user_id, "warn", text)


def told(limit: int = 10, before: str = "") -> list[str]:
    return [str(note.text) for note in members.list_notes(ADA, limit, before).notes]


def test_a_note_is_listed_and_counted_for_its_member_alone():
    with cost() as spent:
        inbox.put_note(ADA, "warn", "Please be kind.", "/u/ada/", by=BOB)
    assert spent.dynamodb.calls == ["TransactWriteItems"]
    [note] = members.list_notes(ADA, 10).notes
    assert (note.kind, note.text, note.url, note.by) == ("warn", "Please be kind.", "/u/ada/", BOB)
    assert abs(note.created - datetime.now(UTC)) < timedelta(minutes=1)
    assert (members.get_inbox(ADA).unread, members.get_inbox(BOB).unread) == (1, 0)
    assert members.list_notes(BOB, 10).notes == []


def test_notes_come_newest_first_page_by_page():
    written = [tell(f"Note {number}") for number in range(7)]
    assert told(3) == ["Note 6", "Note 5", "Note 4"]
    assert told(3, written[4].timestamp) == ["Note 3", "Note 2", "Note 1"]
    last = members.list_notes(ADA, 3, written[1].timestamp)
    assert [note.text for note in last.notes] == ["Note 0"] and not last.more
    assert members.list_notes(ADA, 6).more and not members.list_notes(ADA, 7).more


def test_a_page_of_notes_is_one_query_with_the_inbox():
    tell("Hello")
    with cost() as spent:
        found = members.list_notes(ADA, 10)
    assert spent.dynamodb.calls == ["Query"] and found.unread == 1


def test_other_items_of_the_member_are_no_notes():
    for item in ("DRAFT#new", "LIKE#thread#1", "NOTE", "READS", "WATCH#thread"):
        Item(ADA, item, text="Another thing").save()
    tell("A note")
    assert told() == ["A note"]


def test_the_number_of_unread_notes_is_one_read():
    tell("Hello")
    with cost() as spent:
        assert members.get_inbox(ADA).unread == 1
    assert spent.dynamodb.calls == ["GetItem"] and spent.dynamodb.read_units == 1


def test_notes_told_at_one_moment_are_all_counted():
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(tell, map(str, range(24))))
    assert members.get_inbox(ADA).unread == 24 and len(told(50)) == 24


def test_a_note_expires_also_while_the_engine_keeps_it():
    old = f"{NOTE}{post_timestamp(Nonce.new(), datetime.now(UTC) - NOTE_LIFE)}"
    Item(ADA, old, kind="warn", text="Long ago", expires_at=datetime.now(UTC) - timedelta(seconds=5)).save()
    note = tell("Today")
    assert told() == ["Today"] and not members.list_notes(ADA, 1).more
    lasts = note.expires_at - datetime.now(UTC)
    assert timedelta(days=89) < lasts <= timedelta(days=90)


def test_a_note_is_cut_where_it_would_have_no_end():
    tell("x" * 5000)
    assert told() == ["x" * MOST_CHARACTERS]


class TestReading:
    def test_all_that_was_shown_is_read(self):
        tell("One")
        newest = tell("Two")
        members.change_read_to(ADA, newest.timestamp)
        found = members.list_notes(ADA, 10)
        assert members.get_inbox(ADA).unread == found.unread == 0
        assert [found.is_unread(note) for note in found.notes] == [False, False]

    def test_what_came_since_stays_unread(self):
        shown = tell("Shown")
        tell("Since")
        members.change_read_to(ADA, shown.timestamp)
        found = members.list_notes(ADA, 10)
        assert members.get_inbox(ADA).unread == 1
        assert [found.is_unread(note) for note in found.notes] == [True, False]

    def test_an_older_page_knows_what_is_unread(self):
        first, _, last = tell("One"), tell("Two"), tell("Three")
        members.change_read_to(ADA, first.timestamp)
        older = members.list_notes(ADA, 10, last.timestamp)
        assert [older.is_unread(note) for note in older.notes] == [True, False]

    def test_reading_never_goes_back(self):
        first, last = tell("One"), tell("Two")
        members.change_read_to(ADA, last.timestamp)
        members.change_read_to(ADA, first.timestamp)
        assert members.get_inbox(ADA).unread == 0

    def test_while_notes_come_in_none_is_lost(self):
        shown = tell("Shown")
        with ThreadPoolExecutor(5) as threads:
            coming = [threads.submit(tell, f"Note {number}") for number in range(12)]
            reading = threads.submit(members.change_read_to, ADA, shown.timestamp)
            for each in (*coming, reading):
                each.result(timeout=30)
        assert members.get_inbox(ADA).unread == 12

    def test_a_member_who_was_told_nothing_has_an_empty_inbox(self):
        found = members.list_notes(ADA, 10)
        assert (found.notes, found.more, found.unread) == ([], False, 0)

    def test_the_inbox_sorts_after_every_note(self):
        assert NOTE + "9999-12-31T23:59:59.999999Z#zzzzzzzz" < INBOX
