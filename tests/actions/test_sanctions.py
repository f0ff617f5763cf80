"""Warning, silencing and suspending: who may, what is kept in the log, what the member meets."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from forum.actions import sanctions
from forum.errors import BadRequest, Conflict, NotAllowed, Unavailable
from forum.models import Forum, User
from forum.permissions import FOREVER, Reader
from forum.tables import base, members, moderation
from forum.tables.browsing import TOP, list_member_log
from forum.tables.moderation import Record
from forum.told import sentence
from tests.dying import every_death
from tests.helpers import make_forum, make_member, reader

pytestmark = pytest.mark.django_db(transaction=True)

SYSTEM = Reader(id="", name="the forum", moderates_all=True)
WHY = "Advertising, after two warnings."
ACTS = ["warn", "silence", "suspend", "note"]


def soon(**span: float) -> datetime:
    return timezone.now() + timedelta(**(span or {"days": 3}))


def do(act: str, actor: Reader, user: User, reason: str = WHY, may: bool = True) -> Any:
    if act == "warn":
        return sanctions.warn(actor, user, reason, may=may)
    if act == "note":
        return sanctions.add_note(actor, user, reason, may=may)
    run = sanctions.silence if act == "silence" else sanctions.suspend
    return run(actor, user, soon(), reason, may=may)


def log(user: User) -> list[Record]:
    return list_member_log(str(user.pk), TOP, 50)


def told(user: User) -> list[str]:
    return [sentence(note) for note in members.list_notes(str(user.pk), 50).notes]


class TestWhatIsKept:
    @pytest.mark.parametrize("act", ACTS)
    def test_each_act_is_in_the_log_with_who_and_why(self, act: str, mod: User, ada: User) -> None:
        do(act, reader(mod), ada)
        [record] = log(ada)
        assert (record.kind, record.user_id, record.reason) == (act, str(mod.pk), WHY)
        assert record.subject == f"USER#{ada.pk}" and record.event_time[:7] == f"{datetime.now(UTC):%Y-%m}"
        assert moderation.list_records(record.subject)[0].month == record.event_time[:7]

    def test_a_silence_says_what_was_before(self, mod: User, ada: User) -> None:
        until = soon()
        sanctions.silence(reader(mod), ada, until, WHY, may=True)
        sanctions.unsilence(reader(mod), ada, may=True)
        lifted, silenced = log(ada)
        assert silenced.changes == {"silenced_until": (None, until.isoformat())}
        assert lifted.changes == {"silenced_until": (until.isoformat(), None)}
        now = User.objects.get(pk=ada.pk)
        assert not now.silenced and now.silence_reason == ""

    def test_a_job_is_named(self, ada: User) -> None:
        sanctions.suspend(SYSTEM, ada, FOREVER, WHY, job_id="7")
        assert log(ada)[0].job_id == "7" and log(ada)[0].user_id == ""

    def test_a_suspension_tells_the_log_nothing_of_sessions(self, mod: User, ada: User) -> None:
        sanctions.suspend(reader(mod), ada, FOREVER, WHY, may=True)
        assert list(log(ada)[0].changes) == ["suspended_until"]
        assert User.objects.get(pk=ada.pk).session_epoch == 1

    def test_nothing_is_done_without_a_record(self, mod: User, ada: User, settings: Any) -> None:
        who = reader(mod)
        settings.DYNAMODB_ENDPOINT_URL = "http://127.0.0.1:1"
        base.reset_connection()
        try:
            for act in ACTS:
                with pytest.raises(Unavailable):
                    do(act, who, ada)
        finally:
            base.reset_connection()
        now = User.objects.get(pk=ada.pk)
        assert (now.silenced, now.suspended, now.session_epoch) == (False, False, 0)

    @pytest.mark.parametrize("act", ["silence", "suspend"])
    def test_wherever_the_process_dies_no_sanction_is_without_a_record(self, act: str, mod: User, site: None) -> None:
        for number, death in enumerate(every_death()):
            member = make_member(f"member{number}")
            with death.strikes():
                do(act, reader(mod), member)
            now = User.objects.get(pk=member.pk)
            assert len(log(member)) >= (now.silenced or now.suspended), death
            if not death.struck:
                break
            do(act, reader(mod), member)
            assert log(member)[0].kind == act


class TestWhatTheMemberIsTold:
    def test_a_warning_in_the_moderators_words(self, mod: User, ada: User) -> None:
        do("warn", reader(mod), ada, "Please do not shout.")
        assert told(ada) == ["A moderator has something to say to you: Please do not shout."]

    def test_a_silence_until_when_and_why_and_its_end(self, mod: User, ada: User) -> None:
        sanctions.silence(reader(mod), ada, datetime(2990, 5, 4, 12, tzinfo=UTC), WHY, may=True)
        sanctions.unsilence(reader(mod), ada, may=True)
        until = "You may read but not post until 4 May 2990, 12:00 UTC."
        assert told(ada) == ["You may post again.", f"{until} The reason: {WHY}"]

    def test_never_a_staff_note(self, mod: User, ada: User) -> None:
        do("note", reader(mod), ada)
        assert told(ada) == []


class TestWhoMay:
    @pytest.mark.parametrize("act", ACTS)
    def test_members_may_not(self, act: str, ada: User, bob: User) -> None:
        with pytest.raises(NotAllowed, match="Only moderators"):
            do(act, reader(bob), ada, may=False)
        assert log(ada) == []

    @pytest.mark.parametrize("act", ACTS)
    def test_nobody_may_to_themselves(self, act: str, mod: User) -> None:
        with pytest.raises(NotAllowed, match="yourself"):
            do(act, reader(mod), mod)

    @pytest.mark.parametrize("act", ACTS)
    def test_nobody_may_to_an_administrator(self, act: str, mod: User) -> None:
        root, other = (make_member(name, is_superuser=True, is_staff=True) for name in ("root", "other"))
        for actor in (mod, other):
            with pytest.raises(NotAllowed, match="administrator"):
                do(act, reader(actor), root)

    @pytest.mark.parametrize("act", ACTS)
    def test_only_an_administrator_may_to_a_moderator(self, act: str, mod: User) -> None:
        other, root = make_member("other", is_staff=True), make_member("root", is_superuser=True, is_staff=True)
        for actor in (reader(mod), SYSTEM):
            with pytest.raises(NotAllowed, match="moderator, too"):
                do(act, actor, other)
        do(act, reader(root), other)
        assert log(other)[0].kind == act

    def test_a_moderator_of_one_forum_is_one(self, mod: User, ada: User, aws: Forum) -> None:
        watch = Group.objects.create(name="watch")
        make_forum("watched").moderator_groups.add(watch)
        ada.groups.add(watch)
        with pytest.raises(NotAllowed, match="moderator, too"):
            do("silence", reader(mod), User.objects.get(pk=ada.pk))


class TestWhatIsRefused:
    @pytest.mark.parametrize("act", ACTS)
    @pytest.mark.parametrize("reason", ["", "  ", "no", "x" * 501])
    def test_no_reason_or_a_novel(self, act: str, reason: str, mod: User, ada: User) -> None:
        with pytest.raises(BadRequest):
            do(act, reader(mod), ada, reason)
        assert log(ada) == []

    def test_a_moment_that_is_over(self, mod: User, ada: User) -> None:
        for run in (sanctions.silence, sanctions.suspend):
            with pytest.raises(BadRequest, match="still to come"):
                run(reader(mod), ada, soon(seconds=-1), WHY, may=True)

    def test_an_end_of_what_has_ended(self, mod: User, ada: User) -> None:
        for run in (sanctions.unsilence, sanctions.unsuspend):
            with pytest.raises(Conflict):
                run(reader(mod), ada, may=True)
        assert log(ada) == []
