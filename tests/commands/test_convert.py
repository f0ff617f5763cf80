"""`manage.py convert`: another forum's dump becomes a file that is brought in, and is in order then.

The dumps are small ones written for these tests, in the shape that pg_dump and mysqldump give them.
"""

import gzip
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError
from django.test import Client

from forum import links
from forum.archive import bbcode, dumps
from forum.archive.discourse import to_markdown
from forum.models import Forum, User
from forum.tables import posts, threads
from forum.tables.posts import Post
from forum.tables.threads import Thread
from tests.commands.test_check_data import found
from tests.helpers import renew
from tests.processes import ROOT

DUMPS = ROOT / "tests" / "commands" / "dumps"


def bring_in(run: Any, source: str, tmp_path: Path, *words: str) -> str:
    file = tmp_path / "other.jsonl.gz"
    said: str = run("convert", source, str(DUMPS / f"{source}.sql"), "--to", str(file), *words)
    run("import", str(file))
    run("rebuild", "stats")
    run("rebuild", "pulse")
    return said


def heads_of(forum: str) -> list[Thread]:
    listed = threads.list_by_activity(forum, 1, 100)
    return [threads.get_thread(forum, head.id) for head in listed]


def posts_of(head: Thread) -> list[Post]:
    return posts.list_of_thread(head, 1, 100)


# -- Discourse ------------------------------------------------------------------------------------


def test_discourse_comes_over(site: None, run: Any, tmp_path: Path) -> None:
    said = bring_in(run, "discourse", tmp_path)
    assert "Wrote 7 posts of 4 threads in 3 forums and 3 members" in said
    assert "1 members have another name." in said and "1 topics in no forum are left out." in said
    assert found() == []
    assert list(Forum.objects.values_list("name", "title", "read_access")) == [
        ("cafe-talk", "Café & Talk", "public"),
        ("staff", "Staff", "groups"),
        ("forum-3", "A", "public"),
    ]
    assert list(User.objects.order_by("pk").values_list("pk", "username", "email", "trust", "is_staff")) == [
        (1, "ada", "ada@example.org", 3, False),
        (2, "Bob_B", "bob@example.org", 2, False),
        (3, "Zoe", "", 0, False),
    ]
    (head,) = heads_of("cafe-talk")
    assert (head.title, head.locked, head.pinned, head.post_count) == ("A topic with ünïcödé", True, True, 3)
    shown = posts_of(head)
    assert [(int(post.number), post.user_id, post.status) for post in shown] == [
        (1, "1", "visible"),
        (2, "3", "visible"),
        (3, "2", "visible"),
        (4, "2", "hidden"),
    ]
    assert (
        shown[0].body == "Hello **all**\n\n* one\n* two" and shown[0].created.isoformat()[:19] == "2024-02-01T10:00:00"
    )
    # It was written before the first, and comes after it all the same.
    assert shown[1].created.isoformat()[:19] == "2024-02-01T09:59:00" and shown[1].edited is not None
    assert shown[2].body == "A later reply with a \\backslash"


def test_what_not_everybody_could_read_nobody_can_read(site: None, run: Any, tmp_path: Path) -> None:
    bring_in(run, "discourse", tmp_path)
    renew()
    (secret,) = heads_of("staff")
    assert Client().get(links.thread(secret)).status_code == 404
    everything = str([post.body for forum in Forum.objects.all() for post in posts.list_of_forum(forum.name, 1, 100)])
    for words in ("Deleted words", "private message", "whisper", "deleted topic", "closed this"):
        assert words not in everything


def test_posts_of_nobody_are_of_no_account(site: None, run: Any, tmp_path: Path) -> None:
    bring_in(run, "discourse", tmp_path)
    (head,) = heads_of("forum-3")
    assert head.user_id == "-1" and len(head.title) == 200 and head.title.endswith("…")
    renew()
    assert Client().get(links.thread(head)).status_code == 200


def test_the_same_dump_gives_the_same_file(site: None, run: Any, tmp_path: Path) -> None:
    files = [tmp_path / "one", tmp_path / "two"]
    for file in files:
        run("convert", "discourse", str(DUMPS / "discourse.sql"), "--to", str(file))
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize("packed", ["gz", "tar"])
def test_a_backup_is_read_as_it_is(site: None, run: Any, tmp_path: Path, packed: str) -> None:
    content = gzip.compress((DUMPS / "discourse.sql").read_bytes())
    dump = tmp_path / "backup"
    if packed == "gz":
        dump.write_bytes(content)
    else:
        with tarfile.open(dump, "w") as tar:
            entry = tarfile.TarInfo("uploads/../dump.sql.gz")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    assert "Wrote 7 posts" in run("convert", "discourse", str(dump))
    assert (tmp_path / "backup.jsonl.gz").exists()


def test_quotations_become_markdown() -> None:
    assert (
        to_markdown('[quote="ada, post:1, topic:2"]\nOne\n\nTwo\n[/quote]\nMine') == "> ada:\n> One\n>\n> Two\n\n\nMine"
    )


# -- phpBB ----------------------------------------------------------------------------------------


def test_phpbb_comes_over(site: None, run: Any, tmp_path: Path) -> None:
    said = bring_in(run, "phpbb", tmp_path, "--public")
    assert "Wrote 4 posts of 2 threads in 1 forums and 3 members" in said
    assert found() == []
    forum = Forum.objects.get()
    assert (forum.name, forum.title, forum.read_access) == ("chess-go", "Chess & Go", "public")
    assert forum.description == 'It\'s a game, (or two); "both"'
    assert list(User.objects.order_by("pk").values_list("pk", "username", "email")) == [
        (2, "ada", "ada@example.org"),
        (3, "Bob-the-Builder", "bob@example.org"),
        (5, "bob-the-builder-5", ""),
    ]
    head = next(head for head in heads_of("chess-go") if head.title == "Rules & more")
    assert (head.locked, head.pinned, head.user_id) == (True, True, "2")
    assert [(post.user_id, post.body) for post in posts_of(head)] == [
        ("2", "Read **this**: 2 \\< 3 & \\*no\\* list\nNext line :)"),
        ("3", "> ada:\n> Read *this*\n\nOld :) text"),
        ("-1", "A guest said so"),
    ]


def test_phpbbs_forums_are_private_unless_it_is_said(site: None, run: Any, tmp_path: Path) -> None:
    bring_in(run, "phpbb", tmp_path)
    assert Forum.objects.get().read_access == "groups"


@pytest.mark.parametrize(
    ("code", "markdown"),
    [
        ("[b]a[/b] [i]b[/i] [s]c[/s] [u]d[/u]", "**a** *b* ~~c~~ d"),
        ("[b] spaced [/b]", "**spaced**"),
        ("[url=https://a.example/x_y]Here[/url]", "[Here](https://a.example/x_y)"),
        ("[url]https://a.example/x_y_z[/url]", "https://a.example/x_y_z"),
        ("[img]https://a.example/x_y.png[/img]", "![](https://a.example/x_y.png)"),
        ("[code]a[b]*[/b]\n``` [/code]", "````\na[b]*[/b]\n``` \n````"),
        ("[list][*]one[*]two[/list]", "- one\n- two"),
        ("[list=1][*]one\nmore[*]two[/list]", "1. one\n  more\n1. two"),
        ("[quote]a[quote]b[/quote]c[/quote]", "> a\n>\n> > b\n>\n> c"),
        ('[quote="Ada" post_id=5 time=1]a[/quote]', "> Ada:\n> a"),
        ("[size=150][color=red]big[/color][/size]", "big"),
        ("[b]open", "\\[b\\]open"),
        ("close[/b]", "close\\[/b\\]"),
        ("[what]is[/what]", "\\[what\\]is\\[/what\\]"),
        ("# no heading\n1. no list\n<b>_x_", "\\# no heading\n1\\. no list\n\\<b\\>\\_x\\_"),
        ("see https://a.example/a_b*c.", "see https://a.example/a_b*c."),
        ("[b][i]crossed[/b][/i]", "**\\[i\\]crossed**\\[/i\\]"),
    ],
)
def test_bbcode_becomes_markdown(code: str, markdown: str) -> None:
    assert bbcode.to_markdown(code) == markdown


def test_no_bbcode_takes_long() -> None:
    for code in (
        "[quote]" * 20_000,
        "[b]" * 20_000 + "[/b]" * 20_000,
        "[" * 40_000,
        "[list][*]" * 5_000,
        "[code]" * 20_000,
    ):
        assert isinstance(bbcode.to_markdown(code), str)


# -- Bad dumps ------------------------------------------------------------------------------------


def changed(tmp_path: Path, source: str, old: str, new: str) -> Path:
    text = (DUMPS / f"{source}.sql").read_text()
    assert old in text
    dump = tmp_path / "bad.sql"
    dump.write_text(text.replace(old, new, 1))
    return dump


@pytest.mark.parametrize(
    ("source", "old", "new", "sentence"),
    [
        ("discourse", "\tBob_B\t", "\tBob\tB\t", r"Line \d+ of the dump has 8 values, and users has 7 columns."),
        ("discourse", "2024-01-03 00:00:00", "yesterday", r"Line \d+ of the dump, a row of users: Invalid isoformat"),
        ("discourse", "COPY public.topics (id,", "COPY public.topics (nr,", "topics has no column id."),
        ("discourse", "COPY public.topics", "COPY public.tropics", "no dump of Discourse's: it has no rows of topics."),
        (
            "phpbb",
            "1700000300,1,'','<t>Second topic</t>',0);",
            "1700000300,1,'','<t>Second to",
            "breaks off in a row of",
        ),
        (
            "phpbb",
            "'ada','ada@example.org',1600000001),",
            "'ada','ada@example.org'),",
            "has 4 values, and phpbb_users has 5",
        ),
        ("phpbb", "1600000001", "'long ago'", "a row of phpbb_users: invalid literal"),
        ("phpbb", "CREATE TABLE `phpbb_users`", "CREATE TABLE `users`", "fills phpbb_users, whose columns"),
        ("phpbb", "(`topic_id`, ", "(`nr`, ", "phpbb_topics has no column topic_id"),
    ],
)
def test_a_bad_dump_is_refused_with_the_place(
    site: None, run: Any, tmp_path: Path, source: str, old: str, new: str, sentence: str
) -> None:
    dump = changed(tmp_path, source, old, new)
    with pytest.raises(CommandError, match=sentence) as refused:
        run("convert", source, str(dump))
    assert "\n" not in str(refused.value) and list(tmp_path.iterdir()) == [dump]


def test_a_dump_that_breaks_off_is_refused(site: None, run: Any, tmp_path: Path) -> None:
    dump = tmp_path / "bad.sql"
    dump.write_text((DUMPS / "discourse.sql").read_text()[:-40])
    with pytest.raises(CommandError, match="The dump ends in the midst of users."):
        run("convert", "discourse", str(dump))


def test_another_prefix_is_to_be_said(site: None, run: Any, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="another prefix: it has no rows of bb_forums"):
        run("convert", "phpbb", str(DUMPS / "phpbb.sql"), "--prefix=bb_", "--to", str(tmp_path / "x"))


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\x1f\x8b broken", None])
def test_what_is_no_dump_is_refused(site: None, run: Any, tmp_path: Path, content: bytes | None) -> None:
    dump = tmp_path / "x.sql"
    if content is not None:
        dump.write_bytes(content)
    with pytest.raises(CommandError, match="x.sql cannot be read|is not UTF-8"):
        run("convert", "discourse", str(dump))


def test_a_file_that_is_there_is_never_written_over(site: None, run: Any, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    with pytest.raises(CommandError, match="is there already"):
        run("convert", "phpbb", str(DUMPS / "phpbb.sql"), "--to", str(tmp_path / "x"))


def test_mysqls_values_are_read_as_they_were() -> None:
    line = b"INSERT INTO t (a, b, c, d, e) VALUES (1,NULL,'it''s \\\\ \\n (x),',0x6869,-2.5), (2,'','','','');\n"
    rows = [list(row.values()) for _, row, _ in dumps.mysql([line], ["t"])]
    assert rows == [["1", None, "it's \\ \n (x),", "hi", "-2.5"], ["2", "", "", "", ""]]
