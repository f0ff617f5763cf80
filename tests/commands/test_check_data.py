"""`manage.py check-data`: each thing that can be wrong is found, and put right where that can be."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management.base import CommandError

from forum import redis as stores
from forum.actions import moving, transfers
from forum.integrity import checking
from forum.integrity.findings import Finding
from forum.models import Job, User
from forum.pulse import batches
from forum.tables import parallel, raw
from forum.tables.threads import Thread
from tests.commands import moved
from tests.commands.moved import Site, community, everything, items_of, remove_raw, write_raw
from tests.helpers import reader, reply, rules, signed_in, start_thread


@pytest.fixture
def there(site: None) -> Site:
    return community()


def check(run: Any, *words: str) -> tuple[int, str]:
    """The exit code, and what was said."""
    said: list[str] = []
    try:
        said.append(run("check-data", *words))
    except SystemExit as left:
        return int(left.code or 0), ""
    return 0, said[0]


def found() -> list[str]:
    return [str(each) for each in checking.check(2, float("inf")) if isinstance(each, Finding)]


def item(table: str, **wanted: str) -> raw.Raw:
    """The one item with these texts or numbers."""
    return next(
        item for item in items_of(table) if all(value in item.get(name, {}).values() for name, value in wanted.items())
    )


def change(table: str, changes: dict[str, Any], **wanted: str) -> None:
    old = item(table, **wanted)
    write_raw(table, {name: value for name, value in {**old, **changes}.items() if value is not None})


# -- Health ---------------------------------------------------------------------------------------


def test_a_community_with_something_of_everything_is_in_order(there: Site, run: Any) -> None:
    assert found() == []
    code, said = check(run)
    assert code == 0 and said == f"All of {sum(map(len, everything().values())):,} items fit together.\n"


def test_the_sample_is_in_order(site: None, run: Any) -> None:
    run("seed", "--threads=6", "--posts=60", "--users=5")
    assert found() == []


def test_a_hot_thread_whose_last_reply_did_not_move_it_is_in_order(there: Site, clock: Any) -> None:
    for number in range(15):
        clock.value += timedelta(milliseconds=5)
        reply(there.bob, there.talk, f"At once {number}")
    head = moved.head_of(there.talk)
    assert head.last_post_timestamp < head.newest_key
    assert found() == []


def test_who_leaves_takes_likes_along_and_leaves_the_count(there: Site) -> None:
    signed_in(there.bob).post("/settings/close/", {"password": "correct horse", "posts": "keep"})
    moved.work_off()
    assert not User.objects.get(pk=there.bob.pk).is_active
    assert found() == []


@pytest.mark.parametrize("choice", ["anonymise", "delete"])
def test_who_leaves_with_their_posts_leaves_all_in_order(there: Site, choice: str) -> None:
    signed_in(there.ada).post("/settings/close/", {"password": "correct horse", "posts": choice})
    moved.work_off()
    assert not User.objects.get(pk=there.ada.pk).is_active
    assert found() == []


def test_a_thread_on_its_way_is_left_to_its_job(there: Site) -> None:
    head = moved.head_of(there.talk)
    job = moving.move_thread(reader(there.mod), rules(there.aws), rules(there.crew), head, seconds=0)
    progress = transfers.move_step(job)
    Job.objects.filter(pk=job.pk).update(state=progress.state)
    assert found() == []
    Job.objects.filter(pk=job.pk).delete()
    assert any("are here still" in each for each in found())


def test_what_is_written_while_all_is_read_is_no_finding(there: Site, monkeypatch: Any) -> None:
    """After heads are read, and after posts are, somebody replies, likes, edits and reads."""
    pages = parallel.pages

    def reading(workers: Any, task: Any, *others: Any) -> Any:
        for number, page in enumerate(pages(workers, task, *others)):
            yield page
            if number == 0:
                reply(there.bob, there.talk, f"Meanwhile {task.args[0]}")
                on = str(int(task.args[0] != raw.POSTS))
                signed_in(there.ada).post(f"/f/aws/{there.talk.id}/11/like/", {"on": on})
                start_thread(there.ada, there.aws, "Meanwhile")
                signed_in(there.ada).post("/notifications/read/")

    monkeypatch.setattr(parallel, "pages", reading)
    assert found() == []


def test_of_what_redis_has_yet_to_add_nothing_is_said_while_it_is_away(there: Site, monkeypatch: Any) -> None:
    change(raw.MEMBERS, {"Posts": N}, UserID="FORUM#aws")

    def down(*_: object) -> None:
        raise stores.Down("sessions")

    monkeypatch.setattr(batches.store, "ask", down)
    assert found() == []


# -- What is wrong, found, and put right ----------------------------------------------------------

N, EARLY = {"N": "99"}, {"S": "2026-01-01T00:00:00.000000Z#aaaaaaaa"}
Break = Callable[[Site], None]


def talk(there: Site) -> dict[str, str]:
    return {"ThreadID": there.talk.id, "Title": "Talk"}


def third(there: Site) -> dict[str, str]:
    return {"ThreadID": there.talk.id, "PostNumber": "3"}


def headless(there: Site) -> None:
    remove_raw(raw.THREADS, item(raw.THREADS, **talk(there)))
    remove_raw(raw.POSTS, item(raw.POSTS, **third(there)))


def leads(table: str, thread: Thread, to: Any) -> None:
    change(table, {"MovedTo": to}, ThreadID=thread.id, Status="moved")


def lost_report() -> None:
    case({"Reports": {"SS": ["2026", *reported()["Reports"]["SS"]]}})


def inbox(there: Site, changes: dict[str, Any]) -> None:
    change(raw.MEMBERS, changes, UserID=str(there.bob.pk), Item="NOTES")


def like(there: Site, address: str) -> None:
    key = {"UserID": {"S": str(there.mod.pk)}, "Item": {"S": f"POST#{address}#LIKE"}}
    post = address.replace("#", "/")
    thread, _, number = post.partition("/")
    write_raw(raw.MEMBERS, key | {"Listed": {"S": f"LIKE#{thread}/{int(number)}"}, "At": {"S": "2026"}})


def case(changes: dict[str, Any]) -> None:
    change(raw.MODERATION, changes, EventTime="CASE", Subject=reported()["Subject"]["S"])


def reported() -> raw.Raw:
    """The case of the post, not that of the message."""
    cases = (each for each in items_of(raw.MODERATION) if each["EventTime"]["S"] == "CASE")
    return next(each for each in cases if each["Subject"]["S"].startswith("POST#"))


def no_bookmark(there: Site, start: str, end: str = "") -> None:
    found = [each for each in items_of(raw.MEMBERS) if each["Item"]["S"].startswith(start)]
    remove_raw(raw.MEMBERS, next(each for each in found if each["Item"]["S"].endswith(end)))


MENDABLE: list[tuple[str, Break, str]] = [
    (
        "last number",
        lambda s: change(raw.THREADS, {"LastPostNumber": {"N": "14"}}, **talk(s)),
        "last number is 14, not 15",
    ),
    ("count", lambda s: change(raw.THREADS, {"PostCount": N}, **talk(s)), "how many can be read is 99, not 13"),
    (
        "first",
        lambda s: change(raw.THREADS, {"FirstGone": {"BOOL": True}}, **talk(s)),
        "cannot be read is True, not None",
    ),
    ("last key", lambda s: change(raw.THREADS, {"RecentPosts": {"L": []}}, **talk(s)), "the last keys is 0 keys to -"),
    (
        "last writer",
        lambda s: change(raw.THREADS, {"LastPostUserID": {"S": "77"}}, **talk(s)),
        "who wrote last is '77'",
    ),
    ("place", lambda s: change(raw.THREADS, {"LastPostTimestamp": None}, **talk(s)), "its place in the list is None"),
    ("answer", lambda s: change(raw.THREADS, {"Solved": {"N": "5"}}, **talk(s)), "the answer is 5, not 0"),
    ("first key", lambda s: change(raw.THREADS, {"CreatedAt": {"S": "2026-01-01"}}, **talk(s)), "first post's key is"),
    ("no head", lambda s: remove_raw(raw.THREADS, item(raw.THREADS, **talk(s))), "15 posts have no head"),
    (
        "like count",
        lambda s: change(raw.POSTS, {"LikeCount": N}, Body="Reply 3 ünïcödé 🎉"),
        "it counts 99 likes, and 1",
    ),
    ("like", lambda s: like(s, f"{s.talk.id}#000000003"), "it counts 1 likes, and 2 members like it"),
    ("strange like", lambda s: like(s, f"{s.talk.id}#000000077"), "77, which is nowhere"),
    ("poll", lambda s: change(raw.POSTS, {"PollVotes": {"L": [N, N]}}, Body="Say."), "counts [99, 99] of 2 voters"),
    ("voters", lambda s: change(raw.POSTS, {"PollVoters": {"N": "1"}}, Body="Say."), "[1, 1] of 1 voters"),
    ("stats", lambda s: change(raw.MEMBERS, {"Posts": N}, UserID=str(s.ada.pk), Item="STATS"), "99 posts, not"),
    (
        "no stats",
        lambda s: remove_raw(raw.MEMBERS, item(raw.MEMBERS, UserID=str(s.bob.pk), Item="STATS")),
        "0 posts, not",
    ),
    (
        "totals",
        lambda s: change(raw.MEMBERS, {"Posts": N}, UserID="FORUM#aws"),
        "aws: its totals say 99 posts, not",
    ),
    ("no totals", lambda s: remove_raw(raw.MEMBERS, item(raw.MEMBERS, UserID="FORUM#crew")), "0 threads, not 1"),
    ("unread", lambda s: inbox(s, {"Unread": N}), "counts 99 unread notes, and there are"),
    ("ignored", lambda s: inbox(s, {"Ignored": None}), "inbox has 0 ignored members, and they ignore 1"),
    ("no mark", lambda s: no_bookmark(s, "POST#", "#BOOKMARK"), "which has no mark"),
    ("not listed", lambda s: no_bookmark(s, "BOOKMARK#"), "is in no list"),
    ("no copy", lambda s: no_bookmark(s, "MESSAGE#"), "has it in no list"),
    ("half open", lambda s: case({"OpenIn": None}), "it is half open"),
    ("no reports", lambda s: case({"Reports": None}), "it is open without a report"),
    ("lost report", lambda s: lost_report(), "1 of its reports are nowhere"),
    ("wrong queue", lambda s: case({"OpenIn": {"S": "crew"}}), "it waits in crew, and its post is in aws"),
]


@pytest.mark.parametrize(
    ("broken", "sentence"), [(each[1], each[2]) for each in MENDABLE], ids=[e[0] for e in MENDABLE]
)
def test_what_is_wrong_is_found_and_put_right(there: Site, run: Any, broken: Break, sentence: str) -> None:
    before = everything()
    broken(there)
    wrong = everything()
    told = found()
    assert [each for each in told if sentence in each], told
    assert check(run)[0] == 1
    assert everything() == wrong != before
    assert check(run, "--fix")[0] == 0
    assert found() == []


def test_a_head_without_posts_is_removed(there: Site, run: Any) -> None:
    head = item(raw.THREADS, **talk(there)) | {
        "ThreadID": {"S": "01K" + there.talk.id[3:-4] + "ZZ" + there.talk.id[-2:]}
    }
    write_raw(raw.THREADS, head)
    assert any("the head has no posts" in each for each in found())
    check(run, "--fix")
    assert found() == []


def test_a_head_made_again_is_in_no_list_and_moderators_can_show_it(there: Site, run: Any) -> None:
    remove_raw(raw.THREADS, item(raw.THREADS, **talk(there)))
    assert check(run, "--fix")[0] == 0
    head = moved.head_of(there.talk)
    assert (head.status, head.last_post_number, head.last_post_timestamp) == ("hidden", 15, None)


# -- What nobody can put right --------------------------------------------------------------------

HOPELESS: list[tuple[str, Break, str]] = [
    ("gap", lambda s: remove_raw(raw.POSTS, item(raw.POSTS, **third(s))), "of 15 posts 3 are missing"),
    ("twice", lambda s: change(raw.POSTS, {"PostTimestamp": EARLY}, **third(s)), "there are two posts 3"),
    ("headless", lambda s: headless(s), "14 posts have no head"),
    ("nowhere", lambda s: leads(raw.POSTS, s.split, {"S": "01JNOWHERE/7"}), "leads to 01JNOWHERE/7"),
    ("no mark", lambda s: leads(raw.POSTS, s.split, None), "it is moved and leads to nothing"),
    ("head nowhere", lambda s: leads(raw.THREADS, s.moved, {"S": "aws/01JNOWHERE"}), "leads to aws/01JNOWHERE"),
    ("reported message", lambda s: no_bookmark(s, "M#000000002"), "its message is nowhere"),
    ("message", lambda s: no_bookmark(s, "M#000000001"), "of 2 messages 1 are there"),
]


@pytest.mark.parametrize(
    ("broken", "sentence"), [(each[1], each[2]) for each in HOPELESS], ids=[e[0] for e in HOPELESS]
)
def test_what_cannot_be_put_right_is_found_and_said(
    there: Site, run: Any, capsys: Any, broken: Break, sentence: str
) -> None:
    broken(there)
    assert [each for each in found() if sentence in each]
    assert check(run, "--fix")[0] == 1
    assert [each for each in found() if sentence in each]


def test_a_case_that_nobody_can_see_is_found(there: Site, settings: Any) -> None:
    settings.APPROVE_FIRST_POSTS = 100
    signed_in(there.bob).post(f"/f/aws/{there.talk.id}/reply/", {"body": "Please.", "token": moved.token_of(there.bob)})
    assert found() == []
    waiting = next(each for each in items_of(raw.MODERATION) if each["Subject"]["S"].startswith("PENDING#"))
    mine = next(each for each in items_of(raw.MEMBERS) if each["Item"]["S"].startswith("PENDING#"))
    remove_raw(raw.MEMBERS, mine)
    assert any("its writer does not see it" in each for each in found())
    write_raw(raw.MEMBERS, mine)
    remove_raw(raw.MODERATION, waiting)
    assert any("it is in no queue" in each for each in found())


def test_what_changes_before_it_is_put_right_is_left(there: Site) -> None:
    change(raw.THREADS, {"PostCount": N}, **talk(there))
    finding = next(each for each in checking.check(2, float("inf")) if isinstance(each, Finding))
    reply(there.bob, there.talk, "In between")
    before = everything()
    assert not checking.mend(finding)
    assert everything() == before


@pytest.mark.parametrize("words", [["--segments=0"], ["--read-units=-1"]])
def test_nonsense_is_refused_in_one_sentence(site: None, run: Any, words: list[str]) -> None:
    with pytest.raises(CommandError, match=f"^{words[0].partition('=')[0]} takes a number"):
        run("check-data", *words)
