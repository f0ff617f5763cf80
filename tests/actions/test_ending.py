"""What is deleted for good really goes on its day, also where the database removes nothing by itself."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from forum.actions import approving, ending, kinds, moderating
from forum.models import BlockedText, Forum, User
from forum.tables import cases, drafts
from forum.tables import ending as ends
from forum.tables.members import Item
from forum.tables.moderation import Record, list_records, post_subject
from forum.tables.posts import get_post_of
from forum.tables.threads import Thread, get_thread
from tests.dying import every_death
from tests.helpers import cost, reader, renew, reply, rules, signed_in, start_thread

MONTH = timedelta(days=30)


@pytest.fixture
def thread(aws: Forum, ada: User) -> Thread:
    thread = start_thread(ada, aws, "Lambda or not", "Which one?")
    for n in (2, 3):
        reply(ada, thread, f"Secret {n}.")
        signed_in(ada).post(f"/f/aws/{thread.id}/{n}/edit/", {"body": f"Secret {n}, edited.", "revision": "1"})
    return thread


def purge(mod: User, forum: Forum, thread: Thread, number: int) -> None:
    head = get_thread("aws", thread.id)
    moderating.purge_post(
        reader(mod), rules(forum), head, get_post_of(head, number), "A court says so.", may_purge=True
    )


def texts(thread: Thread, number: int) -> list[str]:
    return [record.body for record in list_records(post_subject(thread.id, number)) if record.body]


def on_day(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def notes() -> list[Record]:
    """All that is noted of the days in which something of these tests ends."""
    return [note for day in range(28, 33) for note in Record.query(ends.partition_of(on_day(day)))]


def test_texts_deleted_for_good_go_after_their_days_and_not_before(
    thread: Thread, aws: Forum, mod: User, site: None
) -> None:
    purge(mod, aws, thread, 2)
    assert ending.remove_what_is_over(on_day(29.9)) == 0
    assert texts(thread, 2) == ["Secret 2, edited.", "Secret 2."]
    assert ending.remove_what_is_over(on_day(30.1)) == 1
    assert texts(thread, 2) == [] and notes() == []
    # What was done stays in the log, and so do the texts of others.
    assert [record.kind for record in list_records(post_subject(thread.id, 2))] == ["purge"]
    assert texts(thread, 3) == ["Secret 3."]


def test_however_long_no_worker_ran(thread: Thread, aws: Forum, mod: User) -> None:
    kinds.tidy()
    purge(mod, aws, thread, 2)
    assert ending.remove_what_is_over(on_day(300)) == 1 and texts(thread, 2) == []


def test_refused_texts_go_as_well(aws: Forum, thread: Thread, ada: User, mod: User) -> None:
    BlockedText.objects.create(text="unheard", answer=BlockedText.Answer.APPROVE)
    renew()
    assert reply(ada, thread, "Unheard of.")["Location"] == "/pending/"
    ((mine, case),) = cases.list_pending(str(ada.pk))
    assert case is not None
    approving.refuse(reader(mod), rules(aws), case, "Not here.")
    assert ending.remove_what_is_over(on_day(29)) == 0 and list(Record.query(mine.item))
    assert ending.remove_what_is_over(on_day(31)) == 1
    left = [item.item for item in Item.query(str(ada.pk), Item.item.startswith(cases.PENDING))]
    assert left == [] and [record.body for record in Record.query(mine.item)] in ([], [None])


def test_many_are_removed_some_at_a_time_and_none_is_forgotten(
    thread: Thread, aws: Forum, mod: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "MOST_AT_ONCE", 1)
    for number in (2, 3):
        purge(mod, aws, thread, number)
    assert [ending.remove_what_is_over(on_day(31)) for _ in range(3)] == [1, 1, 0]
    assert texts(thread, 2) == texts(thread, 3) == []


def test_whoever_dies_on_the_way_leaves_the_rest_to_the_next(thread: Thread, aws: Forum, mod: User) -> None:
    purge(mod, aws, thread, 2)
    purge(mod, aws, thread, 3)
    for death in every_death():
        with death.strikes():
            ending.remove_what_is_over(on_day(31))
        if not death.struck:
            break
    ending.remove_what_is_over(on_day(31))
    assert texts(thread, 2) == texts(thread, 3) == [] and notes() == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_do_no_harm(thread: Thread, aws: Forum, mod: User) -> None:
    for number in (2, 3):
        purge(mod, aws, thread, number)
    with ThreadPoolExecutor(2) as workers:
        list(workers.map(ending.remove_what_is_over, [on_day(31)] * 2))
    assert texts(thread, 2) == texts(thread, 3) == [] and notes() == []


def test_what_it_costs_when_nothing_is_due(site: None) -> None:
    """A look at the mark and at the days since, which is today once all before are done."""
    ending.remove_what_is_over()
    with cost() as spent:
        ending.remove_what_is_over()
    assert spent.dynamodb.calls == ["GetItem", "Query", "GetItem"]


# -- What is members' -----------------------------------------------------------------------------


def items(member: User) -> list[str]:
    """What kinds of notes and drafts a member has stored, whatever of it is shown."""
    kinds = {item.item.partition("#")[0] for item in Item.query(str(member.pk))}
    return sorted(kinds & {"NOTE", "GROUP", "DRAFT"})


@pytest.fixture
def told(thread: Thread, ada: User, bob: User) -> User:
    """Ada has been told of a reply, and has begun one of her own."""
    reply(bob, thread, "What do you say, @ada?")
    drafts.put_draft(str(ada.pk), f"/f/aws/{thread.id}/reply/", "", "I say")
    assert items(ada) == ["DRAFT", "GROUP", "NOTE"]
    return ada


def test_notes_and_drafts_go_after_their_days_and_not_before(told: User) -> None:
    ending.remove_what_members_left(on_day(29))
    assert items(told) == ["DRAFT", "GROUP", "NOTE"]
    ending.remove_what_members_left(on_day(31))
    assert items(told) == ["GROUP", "NOTE"]
    ending.remove_what_members_left(on_day(91))
    assert items(told) == []


def test_all_members_have_their_turn_and_then_it_begins_anew(
    told: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "MEMBERS_AT_ONCE", 1)
    drafts.put_draft(str(bob.pk), "/f/aws/new/", "A title", "")
    for _ in range(User.objects.count()):
        ending.remove_what_members_left(on_day(31))
    assert "DRAFT" not in items(told) and "DRAFT" not in items(bob)
    drafts.put_draft(str(told.pk), "/f/aws/new/", "A title", "")
    for _ in range(User.objects.count() + 1):
        ending.remove_what_members_left(on_day(62))
    assert "DRAFT" not in items(told)


def test_a_draft_that_is_saved_anew_meanwhile_stays(told: User, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = ends.commit_between

    def late(**writes: Any) -> None:
        """Saved between the reading and the removing; the tests' clock is 31 days ahead."""
        [(item, _)] = writes["deletes"]
        Item(item.user_id, item.item, kind="draft", text="{}", url=item.url, expires_at=on_day(61)).save()
        monkeypatch.setattr(ends, "commit_between", commit)
        commit(**writes)

    monkeypatch.setattr(ends, "commit_between", late)
    ends.remove_items(str(told.pk), on_day(31))
    assert "DRAFT" in items(told)


def test_who_has_nothing_that_ended_costs_three_queries(told: User) -> None:
    with cost() as spent:
        ends.remove_items(str(told.pk), on_day(0))
    assert spent.dynamodb.calls == ["Query"] * 3
