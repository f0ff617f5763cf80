"""What the tests of moving data share: a community with something of everything, and looking at all that is stored."""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.contrib.auth.models import Group

from forum import jobs
from forum.actions import flushing, messaging, moving, posting
from forum.archive import relational
from forum.models import BlockedText, Forum, User
from forum.tables import base, ignores, marks, raw, threads
from forum.tables.keys import Nonce
from forum.tables.polls import Poll
from forum.tables.threads import Thread
from tests.helpers import make_forum, make_member, reader, renew, reply, rules, signed_in, start_thread, token

Stored = dict[str, list[str]]


def everything() -> Stored:
    """All items of all tables, each as text that is always the same."""
    return {table: sorted(map(raw.canonical, items_of(table))) for table in raw.TABLES}


def items_of(table: str) -> Iterator[raw.Raw]:
    start = None
    while True:
        found, start, _ = raw.list_page(table, 0, 1, start)
        yield from found
        if start is None:
            return


def write_raw(table: str, item: raw.Raw) -> None:
    """Put an item whatever is there, past all that the forum's own code would refuse."""
    sent = {name: raw._sent(value) for name, value in item.items()}
    base.connection().client.put_item(TableName=raw.TABLES[table].Meta.table_name, Item=sent)


def remove_raw(table: str, item: raw.Raw) -> None:
    key = {name: item[name] for name in raw.key_names(table)}
    base.connection().client.delete_item(TableName=raw.TABLES[table].Meta.table_name, Key=key)


def empty() -> None:
    """Remove all items, and all rows of ours."""
    for table in raw.TABLES:
        for item in list(items_of(table)):
            remove_raw(table, item)
    Forum.objects.all().delete()
    User.objects.all().delete()
    Group.objects.filter(name="crew").delete()


def lines_of(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt") as file:
        return [json.loads(line) for line in file]


def write_lines(path: Path, lines: list[Any]) -> Path:
    with gzip.open(path, "wt") as file:
        file.writelines(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    return path


def change_lines(path: Path, change: Callable[[list[dict[str, Any]]], None]) -> Path:
    lines = lines_of(path)
    change(lines)
    return write_lines(path, lines)


@dataclass
class Site:
    """A community with something of everything: threads with replies, a hidden, a deleted, an edited post, an answer,
    a poll with votes, likes (one taken back), bookmarks with a note, watches, notes, a message, ignored members, a
    report, a text deleted for good; a thread that moved, one that was split, one that was merged."""

    ada: User
    bob: User
    mod: User
    aws: Forum
    crew: Forum
    talk: Thread
    poll: Thread
    moved: Thread
    split: Thread


_kept: list[tuple[Site, list[raw.Named], list[tuple[int, str, Any]]]] = []


def community() -> Site:
    """The same one for every test: made once, and then put as it was stored."""
    if not _kept:
        site = make()
        stored = [(table, item) for table in raw.TABLES for item in items_of(table)]
        _kept.append((site, stored, [(0, kind, fields) for kind, fields in relational.rows(passwords=True)]))
        return site
    site, stored, rows = _kept[0]
    raw.put_new(stored, whole=True)
    relational.put_rows(rows)
    renew()
    people = {name: User.objects.get(pk=getattr(site, name).pk) for name in ("ada", "bob", "mod")}
    forums = {name: Forum.objects.get(name=name) for name in ("aws", "crew")}
    return replace(site, **people, **forums)


def make() -> Site:
    group = Group.objects.create(name="crew")
    aws, crew = make_forum("aws", shards=3), make_forum("crew", read_access="groups")
    crew.read_groups.add(group)
    ada, bob, mod = make_member("ada"), make_member("Bob", about="é"), make_member("mod", is_staff=True)
    group.user_set.add(ada, bob, mod)
    BlockedText.objects.create(text="spamword")
    talk = start_thread(ada, aws, "Talk", "First words, with @Bob.")
    for number in range(2, 15):
        reply(bob if number % 2 else ada, talk, f"Reply {number} ünïcödé 🎉")
    poll = posting.start_thread(reader(ada), rules(aws), "Poll", "Say.", Nonce.new(), ["tea"], Poll("Tea?", ("Y", "N")))
    moved, split, merged = (start_thread(bob, aws, title) for title in ("Moved", "Split", "Merged"))
    for number in range(2, 13):
        reply(ada, moved, f"Moved {number}")
        reply(bob, split, f"Split {number}")
    site = Site(ada, bob, mod, aws, crew, talk, poll, moved, split)
    _react(site)
    _moderate(site)
    moving.move_thread(reader(mod), rules(aws), rules(crew), head_of(moved), "Theirs.")
    moving.split(reader(mod), rules(aws), head_of(split), [3, 4, 8], title="Parted", into=None, reason="So.")
    moving.merge(reader(mod), rules(aws), head_of(merged), rules(aws), head_of(talk), "The same.")
    work_off()
    flushing.save()
    return site


def _react(site: Site) -> None:
    ada, bob, talk = signed_in(site.ada), signed_in(site.bob), site.talk
    bob.post(f"/f/aws/{site.poll.id}/1/vote/", {"choice": ["0"]})
    ada.post(f"/f/aws/{site.poll.id}/1/vote/", {"choice": ["1"]})
    for client, number, on in ((bob, 1, 1), (bob, 2, 1), (bob, 4, 1), (ada, 3, 1), (ada, 5, 1), (bob, 2, 0)):
        client.post(f"/f/aws/{talk.id}/{number}/like/", {"on": str(on)})
    ada.post(f"/f/aws/{talk.id}/7/bookmark/", {"on": "1"})
    ada.post(f"/bookmarks/{talk.id}/7/", {"note": "Read again."})
    ada.post(f"/f/aws/{talk.id}/7/answer/", {"on": "1"})
    bob.post(f"/f/aws/{talk.id}/watch/", {"level": "watching"})
    said = messaging.start(reader(site.bob), ["ada"], "Hello", "Between us.", Nonce.new())
    messaging.reply(reader(site.bob), said, "Rude words.", Nonce.new())
    ada.post(f"{messaging.url(said)}2/report/", {"kind": "Spam", "words": ""})
    ignores.put_ignored(str(site.bob.pk), str(site.mod.pk))
    marks.put_marks(str(site.ada.pk), {talk.id: 4})


def _moderate(site: Site) -> None:
    mod, talk = signed_in(site.mod), site.talk
    signed_in(site.ada).post(f"/f/aws/{talk.id}/2/edit/", {"body": "Edited.", "revision": "1"})
    signed_in(site.bob).post(f"/f/aws/{talk.id}/9/delete/")
    mod.post(f"/f/aws/{talk.id}/5/hide/", {"reason": "Spam"})
    signed_in(site.bob).post(f"/f/aws/{talk.id}/6/report/", {"kind": "Spam", "words": ""})


def head_of(thread: Thread) -> Thread:
    return threads.follow(threads.get_thread(thread.forum, thread.id))


def work_off() -> None:
    """Do all jobs to their ends."""
    while jobs.work():
        pass


def token_of(user: User) -> str:
    return token(user)
