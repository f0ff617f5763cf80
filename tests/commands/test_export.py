"""`manage.py export` and `import`: out of one forum and into another, and what comes of it when things go wrong."""

import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.management.base import CommandError

from forum.actions import ending, moderating, moving, transfers
from forum.archive import exporting, importing, relational
from forum.archive.exporting import Plan
from forum.models import BlockedText, Forum, User
from forum.tables import base, moderation, posts, raw
from tests.commands import moved
from tests.commands.moved import change_lines, community, empty, everything, lines_of, write_raw
from tests.commands.test_check_data import found
from tests.helpers import reader, reply, rules, signed_in, start_thread
from tests.processes import ROOT
from tests.tables.faults import answering, error


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "community.jsonl.gz"


def rows() -> list[Any]:
    return sorted(map(str, relational.rows(passwords=True)))


# -- Round trips ----------------------------------------------------------------------------------


def test_everything_comes_back_to_the_byte(site: None, file: Path, run: Any) -> None:
    community()
    before, tables = everything(), rows()
    said = run("export", str(file), "--passwords", "--segments=3")
    assert f"Wrote {len(before[raw.POSTS])} posts of {len(before[raw.THREADS])} threads and 3 members" in said
    assert sorted(file.parent.iterdir()) == [file] and file.stat().st_mode & 0o777 == 0o600
    empty()
    assert all(not items for items in everything().values())
    assert "`manage.py rebuild search`" in run("import", str(file))
    assert everything() == before and rows() == tables
    assert sorted(file.parent.iterdir()) == [file]


def test_without_passwords_there_are_none_and_nobody_can_sign_in(site: None, file: Path, run: Any) -> None:
    community()
    run("export", str(file))
    users = [line["fields"] for line in lines_of(file) if line.get("kind") == "user"]
    assert len(users) == 3 and not any("password" in fields for fields in users)
    empty()
    run("import", str(file))
    assert not any(user.has_usable_password() for user in User.objects.all())
    assert User.objects.get(username="ada").groups.get() == Group.objects.get(name="crew")


def test_a_second_time_everything_is_there(site: None, file: Path, run: Any) -> None:
    community()
    run("export", str(file))
    before = everything()
    count = sum(map(len, before.values()))
    assert f"{count:,} were here" in run("import", str(file))
    assert everything() == before


def test_what_was_lost_is_brought_back_and_what_is_newer_stays(site: None, file: Path, run: Any) -> None:
    there = community()
    run("export", str(file))
    lost = next(item for item in moved.items_of(raw.POSTS) if item["PostNumber"]["N"] == "3")
    moved.remove_raw(raw.POSTS, lost)
    reply(there.bob, there.talk, "Newer")
    with pytest.raises(CommandError, match=rf"ForumThreads aws\S* {there.talk.id}"):
        run("import", str(file))
    assert raw.canonical(lost) in everything()[raw.POSTS]
    assert moved.head_of(there.talk).last_post_number == 16


def test_what_was_to_end_before_it_came_here_ends_and_no_marks_of_workers_come_along(
    site: None, file: Path, run: Any
) -> None:
    there = community()
    post = posts.get_post_of(moved.head_of(there.talk), 3)
    moderating.purge_post(
        reader(there.mod), rules(there.aws), moved.head_of(there.talk), post, "By order.", may_purge=True
    )
    ending.remove_what_is_over()
    run("export", str(file))
    empty()
    later = datetime.now(UTC) + timedelta(days=200)
    ending.remove_what_is_over(later)
    run("import", str(file))
    assert any(record.body for record in moderation.list_records(post.subject))
    assert ending.remove_what_is_over(later) == 1
    assert not any(record.body for record in moderation.list_records(post.subject))


def some_value(chance: random.Random, depth: int = 0) -> dict[str, Any]:
    """A value of any of DynamoDB's kinds."""
    text = "".join(chance.choice('aé ß\n"\\\x01🎉#/\u2028') for _ in range(chance.randrange(12)))
    number = chance.choice(["0", "-7", "1.5", "123456789012345678901234567890.12345678", "1E-20"])
    plain: list[dict[str, Any]] = [
        {"S": text},
        {"N": number},
        {"B": "AAECA/8="},
        {"BOOL": chance.random() < 0.5},
        {"NULL": True},
        {"SS": sorted({"b", "a", text or "c"})},
        {"NS": ["1", "-2.5"]},
    ]
    if depth < 2:
        inner = [some_value(chance, depth + 1) for _ in range(chance.randrange(4))]
        plain += [{"L": inner}, {"M": {f"k{number}é": value for number, value in enumerate(inner)}}]
    return chance.choice(plain)


@pytest.mark.parametrize("seed", range(5))
def test_any_item_comes_back_to_the_byte(site: None, file: Path, run: Any, seed: int) -> None:
    """Also what this release knows nothing of."""
    chance = random.Random(seed)
    for number in range(40):
        table = chance.choice([raw.MEMBERS, raw.MODERATION])
        partition, sort = raw.key_names(table)
        item = {partition: {"S": f"p{chance.randrange(9)}é"}, sort: {"S": f"X#{number}"}}
        known = {"Kind": {"S": "k"}, "UserID": {"S": "1"}} if table == raw.MODERATION else {}
        write_raw(table, {**known, **{f"X{each}": some_value(chance) for each in range(5)}, **item})
    before = everything()
    run("export", str(file))
    empty()
    run("import", str(file))
    assert everything() == before


def test_every_model_goes_along_or_is_left_out_on_purpose() -> None:
    taken = {kind.model._meta.label for kind in relational.KINDS.values()}
    assert {model._meta.label for model in apps.get_models()} == taken | relational.LEFT_OUT


# -- One forum ------------------------------------------------------------------------------------


def test_one_forum_alone_with_who_wrote_in_it_and_who_likes_it(site: None, file: Path, run: Any) -> None:
    there = community()
    signed_in(there.mod).post(f"/f/crew/{there.moved.id}/2/like/", {"on": "1"})
    with base.counting(scans_allowed=False):
        run("export", str(file), "--forum", "crew")
    lines = lines_of(file)
    items = [line["item"] for line in lines if line.get("table") in (raw.POSTS, raw.THREADS)]
    assert lines[0]["of"] == "crew"
    assert {item["ForumName"]["S"].partition("#")[0] for item in items} == {"crew"}
    assert [line["fields"]["username"] for line in lines if line.get("kind") == "user"] == ["ada", "Bob", "mod"]
    assert there.moved.id in {item["ThreadID"]["S"] for item in items}
    before = [item for item in everything()[raw.POSTS] if '"ForumName":{"S":"crew' in item]
    empty()
    run("import", str(file))
    assert everything()[raw.POSTS] == before
    assert Forum.objects.get().read_groups.get().name == "crew"
    run("rebuild", "stats")
    run("rebuild", "pulse")
    assert found() == []


# -- While posts are being written ----------------------------------------------------------------


def write_after(monkeypatch: Any, table: str, act: Any) -> None:
    """Do something when an export has read all of a table."""
    stage = exporting.Export._table

    def then(self: exporting.Export, name: str, take: Any) -> Any:
        yield from stage(self, name, take)
        if name == table:
            act()

    monkeypatch.setattr(exporting.Export, "_table", then)


def test_threads_are_whole_up_to_the_heads_that_were_read(site: None, file: Path, run: Any, monkeypatch: Any) -> None:
    there = community()

    def write() -> None:
        for number in range(3):
            reply(there.bob, there.talk, f"Too late {number}")
        start_thread(there.bob, there.aws, "Begun too late")
        signed_in(there.mod).post(f"/f/aws/{there.talk.id}/11/like/", {"on": "1"})
        signed_in(there.mod).post(f"/f/aws/{there.talk.id}/12/hide/", {"reason": "Spam"})

    write_after(monkeypatch, raw.THREADS, write)
    run("export", str(file))
    assert "Too late" not in str(lines_of(file)) and "Begun too late" not in str(lines_of(file))
    empty()
    run("import", str(file))
    # What is counted of others is as it was when it was read, and can be put right.
    assert found() and not any("missing" in each or "no head" in each for each in found())
    run("check-data", "--fix")
    assert found() == []


@pytest.mark.parametrize("after", [raw.THREADS, raw.POSTS])
def test_a_thread_that_moves_meanwhile_is_whole(site: None, file: Path, run: Any, monkeypatch: Any, after: str) -> None:
    there = community()

    def move() -> None:
        head = moved.head_of(there.talk)
        moving.move_thread(reader(there.mod), rules(there.aws), rules(there.crew), head, "Theirs.")
        moved.work_off()

    write_after(monkeypatch, after, move)
    run("export", str(file))
    empty()
    run("import", str(file))
    assert moved.head_of(there.talk).last_post_number == 15


def test_posts_that_are_split_off_meanwhile_are_not_lost(site: None, file: Path, run: Any, monkeypatch: Any) -> None:
    there = community()

    def split() -> None:
        head = moved.head_of(there.talk)
        moving.split(reader(there.mod), rules(there.aws), head, [10, 11], title="Off", into=None, reason="So.")
        moved.work_off()

    write_after(monkeypatch, raw.THREADS, split)
    run("export", str(file))
    empty()
    run("import", str(file))
    assert sum("Reply 10 " in item for item in everything()[raw.POSTS]) == 1


def test_a_thread_on_its_way_arrives_in_the_file(site: None, file: Path, run: Any) -> None:
    """The job that moves it has taken the head and the last ten posts."""
    there = community()
    job = moving.move_thread(
        reader(there.mod), rules(there.aws), rules(there.crew), moved.head_of(there.talk), seconds=0
    )
    job.state = transfers.move_step(job).state
    assert sum('"crew' in item and there.talk.id in item for item in everything()[raw.POSTS]) == 10
    run("export", str(file))
    assert "is in order" in run("import", str(file), "--check")


# -- Stopped and started again --------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_an_export_that_is_killed_anywhere_goes_on(
    site: None, file: Path, run: Any, monkeypatch: Any, seed: int
) -> None:
    community()
    before = everything()
    monkeypatch.setattr(exporting, "CUT_BYTES", 300)
    monkeypatch.setattr(raw, "PAGE", 3)
    chance = random.Random(seed)
    for _ in range(chance.randrange(1, 5)):
        export = exporting.begin(Plan(file, segments=2))
        stages = export.stages()
        for _ in range(chance.randrange(1, 40)):
            next(stages, None)
        # What a killed process leaves: bytes after the last cut, and nothing of its journal after that.
        export.writer._file.write(b"half a member")
        export.writer.close()
        stages.close()
        export.journal.close()
    said = run("export", str(file), "--segments=2")
    assert "Going on after" in said or seed
    empty()
    run("import", str(file))
    assert everything() == before


def test_an_import_that_is_stopped_goes_on(site: None, file: Path, run: Any, monkeypatch: Any) -> None:
    community()
    before = everything()
    run("export", str(file))
    empty()
    monkeypatch.setattr(importing, "CHUNK", 7)
    state = importing.State.of(file)
    steps = importing.bring_in(file, state)
    assert [next(steps) for _ in range(3)] == [7, 14, 21]
    steps.close()
    assert "Going on after line 21." in run("import", str(file))
    assert everything() == before


def test_an_import_during_an_outage_says_so_and_goes_on(site: None, file: Path, run: Any) -> None:
    community()
    before = everything()
    run("export", str(file))
    empty()
    with (
        answering("TransactWriteItems", 503, error("ServiceUnavailable")),
        pytest.raises(CommandError, match="Start it again"),
    ):
        run("import", str(file))
    assert not User.objects.exists()
    run("import", str(file))
    assert everything() == before


# -- What cannot be right -------------------------------------------------------------------------


_exported: list[bytes] = []


def exported(file: Path, run: Any) -> None:
    """A file of the community, and of all that only the member who wrote it is here."""
    if not _exported:
        community()
        run("export", str(file))
        _exported.append(file.read_bytes())
        empty()
    file.write_bytes(_exported[0])
    user = next(line["fields"] for line in lines_of(file) if line.get("kind") == "user")
    relational.put_rows([(1, "user", user | {"groups": [], "user_permissions": []})])


def of(lines: list[dict[str, Any]], table: str) -> dict[str, Any]:
    return next(line for line in lines if line.get("table") == table or line.get("kind") == table)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda lines: lines.insert(3, "{nonsense"), "Line 4 is no JSON"),
        (lambda lines: lines.insert(3, "[1]"), "Line 4 is no object"),
        (lambda lines: lines.pop(), "its last line is missing"),
        (lambda lines: lines.pop(0), "is no file of a forum's data"),
        (lambda lines: lines.append({}), "comes after the end"),
        (lambda lines: lines.remove(of(lines, raw.MEMBERS)), "is not whole: it says"),
        (lambda lines: of(lines, raw.POSTS)["item"].pop("Body"), "Line 2: Body is missing"),
        (lambda lines: of(lines, raw.POSTS)["item"].update(Body={"N": "1"}), "Line 2: Body is N where the forum has S"),
        (lambda lines: of(lines, raw.POSTS)["item"].update(Body={"Q": "1"}), "Line 2: Body is no value of DynamoDB"),
        (lambda lines: of(lines, raw.POSTS)["item"].update(X={"S": "x" * 400_001}), "Line 2: the item has more than"),
        (lambda lines: of(lines, raw.POSTS)["item"].update(ForumName={"S": "aws#9"}), "cannot be in aws#9"),
        (lambda lines: of(lines, raw.POSTS)["item"].update(ThreadID={"S": "no"}), "no is no thread's id"),
        (lambda lines: of(lines, raw.POSTS)["item"].update(PostNumber={"N": "0"}), "below 1"),
        (lambda lines: of(lines, raw.POSTS)["item"].update(PostNumber={"N": "99"}), "posts, and the file has"),
        (lambda lines: of(lines, raw.POSTS).update(table="Users"), "'Users' is no table of a forum's"),
        (lambda lines: of(lines, "user")["fields"].update(trust="x"), "trust: “x” value must be an integer"),
        (lambda lines: of(lines, "user")["fields"].update(shoe=42), "a user has no shoe"),
        (lambda lines: of(lines, "user")["fields"].update(username="z"), "is 'z', but here"),
        (lambda lines: of(lines, "user").update(kind="saint"), "there is no kind 'saint'"),
        (lambda lines: of(lines, "forum")["fields"].update(name="A B"), "name: Use 2 to 50 lower-case"),
    ],
)
def test_a_file_with_something_wrong_is_refused_and_nothing_written(
    site: None, file: Path, run: Any, change: Any, sentence: str
) -> None:
    exported(file, run)
    before, tables = everything(), rows()
    change_lines(file, change)
    with pytest.raises(CommandError) as refused:
        run("import", str(file))
    assert sentence in str(refused.value) and "\n" not in str(refused.value)
    assert everything() == before and rows() == tables


def test_a_row_that_leads_nowhere_is_refused_with_all_rows(site: None, file: Path, run: Any) -> None:
    community()
    run("export", str(file))
    empty()
    change_lines(file, lambda lines: of(lines, "user")["fields"].update(groups=["nobodies"]))
    BlockedText.objects.all().delete()
    with pytest.raises(CommandError, match=r"Line \d+: a user leads to what is not there"):
        run("import", str(file))
    assert not User.objects.exists() and not Forum.objects.exists()


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("cut", "is damaged after line "),
        ("text", "is no file that `export` or `convert` has written: it is no gzip."),
        ("missing", "cannot be read: No such file or directory."),
        ("folder", "cannot be read: Is a directory."),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(site: None, file: Path, run: Any, damage: str, sentence: str) -> None:
    exported(file, run)
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-300])
    if damage == "text":
        file.write_text("Hello")
    if damage == "missing":
        file.unlink()
    if damage == "folder":
        file.unlink()
        file.mkdir()
    with pytest.raises(CommandError) as refused:
        run("import", str(file), "--check")
    assert str(refused.value).startswith(f"{file} {sentence}")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--segments=0"], "--segments takes a number from 1 to 1000."),
        (["--read-units=-1"], "--read-units takes a number of units a second, above 0."),
        (["--forum=nowhere"], "There is no forum nowhere."),
    ],
)
def test_nonsense_is_refused_in_one_sentence(site: None, file: Path, run: Any, words: list[str], sentence: str) -> None:
    with pytest.raises(CommandError) as refused:
        run("export", str(file), *words)
    assert str(refused.value) == sentence and not list(file.parent.iterdir())


def test_a_file_that_is_there_is_never_written_over(site: None, file: Path, run: Any) -> None:
    file.write_text("mine")
    with pytest.raises(CommandError, match="is there already"):
        run("export", str(file))
    assert file.read_text() == "mine"


def test_what_was_begun_otherwise_is_not_gone_on_with(site: None, file: Path, run: Any) -> None:
    export = exporting.begin(Plan(file, segments=2))
    next(export.stages())
    export.rest(always=True)
    export.writer.close()
    export.journal.close()
    with pytest.raises(CommandError, match="was begun with other options"):
        run("export", str(file), "--segments=3")


def test_it_keeps_to_the_read_units_it_is_given(site: None, file: Path, monkeypatch: Any) -> None:
    community()
    slept: list[float] = []
    monkeypatch.setattr("forum.tables.parallel.time.sleep", slept.append)
    export = exporting.begin(Plan(file, units=0.5))
    assert list(export.stages()) and export.pace.units > 1
    assert sum(slept) > 0
    exporting.finish(export)


def test_a_second_export_to_the_same_file_at_once_is_refused(site: None, file: Path, run: Any) -> None:
    first = exporting.begin(Plan(file))
    with pytest.raises(CommandError, match="Another export is being written"):
        run("export", str(file))
    first.journal.commit()
    with pytest.raises(CommandError, match="Another export is being written"):
        run("export", str(file))
    first.writer.close()
    first.journal.close()


def test_ctrl_c_ends_a_command_with_a_sentence() -> None:
    stopping = "import manage, sys; from django.core import management\n"
    stopping += "def stop(words): raise KeyboardInterrupt\n"
    stopping += "management.execute_from_command_line = stop; manage.main()"
    ended = subprocess.run([sys.executable, "-c", stopping], cwd=ROOT, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr.strip()) == (130, "Stopped before it was done.")
