"""Conversations in their partitions: numbers without gaps and exact lists, whoever writes, joins and leaves at once."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest

from forum.errors import Busy, NotFound
from forum.tables import bulk, messages, talks
from forum.tables.keys import Nonce
from forum.tables.members import Item
from forum.tables.moderation import Record, message_subject, new_act
from forum.tables.talks import JOINED, LEFT, MOST_PEOPLE, Talk
from tests.helpers import cost

pytestmark = pytest.mark.usefixtures("tables")

ADA, BOB, CAROL = "1", "2", "3"


@pytest.fixture
def talk() -> Talk:
    return talks.put_talk(ADA, [BOB], "Plans", "First.", Nonce.new())


def said(talk: Talk) -> list[tuple[int, str, str]]:
    return [(each.number, each.user_id, each.body) for each in talks.list_messages(talk, 1, 999)]


def listed(user_id: str) -> list[tuple[str, int]]:
    return [(each.title, each.last) for each in talks.list_talks(user_id, 50)]


def test_a_conversation_and_each_message_are_one_transaction(talk: Talk) -> None:
    with cost() as spent:
        newer = talks.put_message(talk, BOB, "Second.", Nonce.new())
    assert spent.dynamodb.calls == ["TransactWriteItems"]
    assert newer.last == 2 and said(newer) == [(1, ADA, "First."), (2, BOB, "Second.")]
    assert listed(ADA) == listed(BOB) == [("Plans", 2)] and talks.get_talk(talk.id) == newer


def test_the_same_form_makes_one(talk: Talk) -> None:
    nonce = Nonce.new()
    first = talks.put_talk(ADA, [BOB], "Twice", "x", nonce)
    assert talks.put_talk(ADA, [CAROL], "Twice", "x", nonce) == first and listed(CAROL) == []
    for before in (talk, talk, talks.get_talk(talk.id)):
        talks.put_message(before, BOB, "Once.", nonce)
    assert [body for *_, body in said(talks.get_talk(talk.id))] == ["First.", "Once."]


def test_the_list_is_newest_first_by_an_exact_cursor(talk: Talk) -> None:
    made = [talks.put_talk(ADA, [BOB], f"Talk {number}", "x", Nonce.new()) for number in range(5)]
    talks.put_message(made[1], BOB, "Up again.", Nonce.new())
    with cost() as spent:
        page = talks.list_talks(BOB, 3)
    assert spent.dynamodb.calls == ["Query"] and [each.title for each in page] == ["Talk 1", "Talk 4", "Talk 3"]
    assert [each.title for each in talks.list_talks(BOB, 9, page[-1].at)] == ["Talk 2", "Talk 0", "Plans"]


def test_who_joins_and_leaves_is_listed_so_far(talk: Talk) -> None:
    joined = talks.change_people(talk, ADA, JOINED, {**talk.people, CAROL: 2}, Nonce.new(), "carol")
    assert joined.people == {ADA: 1, BOB: 1, CAROL: 2} and listed(CAROL) == [("Plans", 2)]
    left = talks.change_people(joined, BOB, LEFT, {ADA: 1, CAROL: 2}, Nonce.new())
    assert listed(BOB) == [] and list(Item.query(BOB)) == [] and listed(ADA) == [("Plans", 3)]
    with pytest.raises(NotFound):
        talks.put_message(left, BOB, "Late.", Nonce.new())
    with pytest.raises(NotFound):
        talks.put_message(talk, BOB, "With an old head.", Nonce.new())


def test_as_many_as_can_take_part_fit_one_transaction() -> None:
    people = [str(number) for number in range(2, MOST_PEOPLE + 1)]
    talk = talks.put_talk(ADA, people, "All", "x", Nonce.new())
    newer = talks.put_message(talk, ADA, "y" * 40_000, Nonce.new())
    assert all(listed(each) == [("All", 2)] for each in [ADA, *people]) and len(newer.people) == MOST_PEOPLE


def test_numbers_have_no_gaps_and_lists_are_exact_under_races(talk: Talk) -> None:
    def writes(seat: int) -> None:
        for number in range(4):
            nonce = Nonce.new()
            for _ in range(20):
                with suppress(Busy):
                    talks.put_message(talks.get_talk(talk.id), (ADA, BOB)[seat % 2], f"{seat}/{number}", nonce)
                    break

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(writes, range(8)))
    now = talks.get_talk(talk.id)
    assert [number for number, *_ in said(now)] == list(range(1, 34)) and now.last == 33
    assert len({body for *_, body in said(now)}) == 33 and listed(ADA) == listed(BOB) == [("Plans", 33)]


def test_what_all_have_left_can_be_deleted_bit_by_bit(talk: Talk) -> None:
    for number in range(30):
        talk = talks.put_message(talk, ADA, str(number), Nonce.new())
    while talks.remove_some(talk.id):
        pass
    assert list(Item.query(talk.partition)) == []


def test_a_pseudonym_is_in_all_reports_of_a_message_however_many(talk: Talk) -> None:
    """A transaction takes a hundred items."""
    subject = message_subject(talk.id, 1)
    reports = [new_act(subject, "report", BOB, "Rude.", member_id=ADA) for _ in range(2 * bulk.PART + 5)]
    bulk.commit_parts(puts=[(report, None) for report in reports])
    [message] = talks.list_messages(talk, 1, 1)
    messages.change_author(talk, replace(message, reported=True), "-7")
    assert {record.member_id for record in Record.query(subject, consistent_read=True)} == {"-7"}
