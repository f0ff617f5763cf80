"""One forum out of a site and into another, with all that belongs to it; and any export while members post and the
forum is spread over more shards."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from forum.actions import approving, defining, moderating, moving, waiting
from forum.archive import belongings, exporting
from forum.models import FormerName, Forum, SitemapPart, ThreadTag, Upload, UploadUse, User
from forum.tables import base, cases, posts, raw
from forum.tables.keys import Nonce
from tests.commands import moved
from tests.commands.moved import Site, Stored, community, empty, everything, items_of, lines_of
from tests.commands.test_check_data import found
from tests.helpers import make_member, reader, renew, reply, rules, signed_in, start_thread

QUEUE = "/admin/moderation/queue/?forum=aws"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "aws.jsonl.gz"


def of_aws(items: list[raw.Raw]) -> list[raw.Raw]:
    return [item for item in items if item["ForumName"]["S"].partition("#")[0] == "aws"]


def belonging_to_aws() -> Stored:
    """All that is the forum's, told by looking at every item that there is."""
    tables = {table: list(items_of(table)) for table in raw.TABLES}
    posts, heads = of_aws(tables[raw.POSTS]), of_aws(tables[raw.THREADS])
    here = [post for post in posts if post.get("Status", {}).get("S") != "moved"]
    addresses = {
        post.get("Origin", {}).get("S") or f"{post['ThreadID']['S']}/{post['PostNumber']['N']}" for post in here
    }
    threads = {head["ThreadID"]["S"] for head in heads if head.get("MovedTo", {}).get("S", "aws/").startswith("aws/")}
    subjects = {"FORUM#aws", *(f"THREAD#{id}" for id in threads)}
    subjects |= {f"POST#{address.replace('/', '#')}" for address in addresses}
    waited = [item for item in tables[raw.MODERATION] if item["Subject"]["S"].startswith("PENDING#")]
    subjects |= {
        item["Subject"]["S"] for item in waited if "aws" in (item.get(n, {}).get("S") for n in ("Forum", "OpenIn"))
    }
    records = [
        item
        for item in tables[raw.MODERATION]
        if item["Subject"]["S"] in subjects
        or item.get("Forum", {}).get("S") == "aws"
        or (item["Kind"]["S"] == "ending" and item["EventTime"]["S"].partition("#")[2] in subjects)
    ]
    own = {(address.partition("/")[0], int(address.partition("/")[2])) for address in addresses}
    times = {item["EventTime"]["S"] for item in records if item["Kind"]["S"] == "report"}

    def belongs(item: raw.Raw) -> bool:
        kind, *rest = item["Item"]["S"].split("#")
        if kind == "POST" and rest[-1] == "LIKE":
            return "Listed" in item and (rest[0], int(rest[1])) in own
        if kind == "REPORT":
            return item["Item"]["S"].removeprefix("REPORT#") in times
        return (kind == "VOTE" and (rest[0], 1) in own) or item["Item"]["S"] in subjects

    members = [item for item in tables[raw.MEMBERS] if belongs(item)]
    found = {raw.POSTS: posts, raw.THREADS: heads, raw.MODERATION: records, raw.MEMBERS: members}
    return {table: sorted(map(raw.canonical, items)) for table, items in found.items()}


def enrich(there: Site) -> User:
    """What else a forum has: texts that wait, were refused and withdrawn; one deleted for good; a thread on whose first
    post an image is, one that moved away after it was renamed, one that came here after that; a member who has only
    voted."""
    aws, crew, ada, mod = rules(there.aws), rules(there.crew), reader(there.ada), reader(there.mod)
    for title in ("Waits", "Refused", "Withdrawn"):
        cases.put_pending("aws", "", ada.id, title, f"{title} for approval.", Nonce.new(), "first posts")
    queue = {case.title: case for case in cases.list_open(["aws"], 10)[0]}
    approving.refuse(mod, aws, queue["Refused"], "Not here.")
    waiting.withdraw(ada, queue["Withdrawn"])
    talk = moved.head_of(there.talk)
    moderating.purge_post(mod, aws, talk, posts.get_post_of(talk, 3), "A secret.", may_purge=True)
    gone, came = start_thread(there.ada, there.aws, "Gone"), start_thread(there.ada, there.crew, "Came")
    for source, target, head in ((aws, crew, gone), (crew, aws, came)):
        moderating.rename(mod, source, moved.head_of(head), "Renamed", "Clearer.")
        moving.move_thread(mod, source, target, moved.head_of(head))
    image = Upload.objects.create(name="0123456789abcdef.webp", member_id=ada.id, size=9, width=1, height=1)
    UploadUse.objects.create(upload=image, address=f"{talk.id}/1", thread_id=talk.id, forum="aws")
    SitemapPart.objects.create(forum="aws", shard=2, first_id=talk.id)
    moved.work_off()
    carl = make_member("carl")
    signed_in(carl).post(f"/f/aws/{there.poll.id}/1/vote/", {"choice": ["1"]})
    FormerName.objects.create(name="karl", user=carl)
    return carl


# -- One forum ------------------------------------------------------------------------------------


def test_one_forum_comes_back_to_the_byte_with_all_that_belongs_to_it(site: None, file: Path, run: Any) -> None:
    there = community()
    carl = enrich(there)
    before, people = belonging_to_aws(), set(User.objects.values_list("username", flat=True))
    with base.counting(scans_allowed=False), patch.object(raw, "list_page", None):
        said = run("export", str(file), "--forum", "aws")
    assert belongings.LEFT_OUT in said and "no member has" not in said
    empty()
    run("import", str(file))
    assert everything() == before
    assert set(User.objects.values_list("username", flat=True)) == people and carl.username in people
    assert [use.upload.name for use in UploadUse.objects.all()] == ["0123456789abcdef.webp"]
    assert FormerName.objects.get().user.username == "carl"
    assert ThreadTag.objects.get().tag == "tea" and SitemapPart.objects.get().shard == 2
    run("rebuild", "stats")
    run("rebuild", "pulse")
    assert found() == []


def test_and_is_what_it_was_for_its_readers_and_its_moderators(site: None, file: Path, run: Any) -> None:
    there = community()
    enrich(there)
    talk, poll = f"/f/aws/{there.talk.id}", f"/f/aws/{there.poll.id}/"
    pages = [f"{talk}/", poll, f"{talk}/2/history/", f"{talk}/5/history/", f"{talk}/history/", "/f/aws/", QUEUE]
    before = seen_by_an_administrator(pages)
    run("export", str(file), "--forum", "aws", "--passwords")
    empty()
    run("import", str(file))
    assert not User.objects.filter(is_staff=True).exists(), "who administers a site is said there"
    assert seen_by_an_administrator(pages) == before


def seen_by_an_administrator(pages: list[str]) -> list[str]:
    """What stands on these pages, without what they cost."""
    User.objects.filter(username="mod").update(is_staff=True, is_superuser=True)
    client = signed_in(User.objects.get(username="mod"))
    found = []
    for page in pages:
        answer = client.get(page, follow=True)
        assert answer.status_code == 200, page
        words = " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())
        found.append(words.partition("Making this page took")[0].replace("All Aws Crew", "All Aws"))
    return found


def test_votes_that_no_member_has_are_told(site: None, file: Path, run: Any) -> None:
    community()
    vote = next(item for item in items_of(raw.MEMBERS) if item["Item"]["S"].startswith("VOTE#"))
    moved.remove_raw(raw.MEMBERS, vote)
    assert "count 1 votes that no member has" in run("export", str(file), "--forum", "aws")


def test_nobody_is_asked_for_votes_that_are_found(site: None, file: Path, run: Any, monkeypatch: Any) -> None:
    """Who wrote here is asked first, and the rest of the members only while votes are missing."""
    community()
    for number in range(5):
        make_member(f"stranger{number}")
    asked: list[str] = []
    ask = belongings._votes_in
    monkeypatch.setattr(belongings, "_votes_in", lambda members, poll: asked.extend(members) or ask(members, poll))
    monkeypatch.setattr(belongings, "KEYS", 1)
    run("export", str(file), "--forum", "aws")
    assert set(asked) <= {str(user.pk) for user in User.objects.filter(username__in=["ada", "Bob", "mod"])}


@pytest.mark.parametrize("seed", range(4))
def test_an_export_of_one_forum_that_is_killed_anywhere_goes_on(
    site: None, file: Path, run: Any, monkeypatch: Any, seed: int
) -> None:
    enrich(community())
    before = belonging_to_aws()
    monkeypatch.setattr(exporting, "CUT_BYTES", 300)
    monkeypatch.setattr(raw, "PAGE", 3)
    monkeypatch.setattr(belongings, "AT_ONCE", 7)
    chance = random.Random(seed)
    for _ in range(3):
        export = exporting.begin(exporting.Plan(file, "aws"))
        stages = export.stages()
        for _ in range(chance.randrange(1, 150)):
            next(stages, None)
        export.writer._file.write(b"half a member")
        export.writer.close()
        stages.close()
        export.journal.close()
    run("export", str(file), "--forum", "aws")
    empty()
    run("import", str(file))
    assert everything() == before


# -- While members post, and the forum is spread over more shards ---------------------------------


@dataclass
class Bustle:
    """What goes on while an export reads: at each of its pages somebody does something, through the forms."""

    there: Site
    chance: random.Random
    did: list[str] = field(default_factory=list)

    def act(self) -> None:
        act: Callable[[], object] = self.chance.choice(
            [self.start, self.start, self.reply, self.reply, self.raise_shards]
        )
        act()
        self.did.append(act.__name__)

    def start(self) -> None:
        start_thread(self.there.bob, self.there.aws, f"Begun {len(self.did)}")

    def reply(self) -> None:
        reply(self.there.ada, self.there.talk, f"Meanwhile {len(self.did)}")

    def raise_shards(self) -> None:
        shards = Forum.objects.get(name="aws").shards
        if shards < 12:
            defining.spread_forum("aws", shards + 1)
            renew()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("only", [(), ("--forum", "aws")], ids=["all", "one forum"])
def test_what_is_read_meanwhile_is_whole_and_comes_back_to_the_byte(
    site: None, file: Path, run: Any, monkeypatch: Any, only: tuple[str, ...], seed: int
) -> None:
    there = community()
    bustle = Bustle(there, random.Random(seed))
    for _ in range(6):
        bustle.act()
    before = list(items_of(raw.POSTS))
    rest = exporting.Export.rest
    monkeypatch.setattr(raw, "PAGE", 5)
    monkeypatch.setattr(belongings, "AT_ONCE", 9)
    monkeypatch.setattr(exporting.Export, "rest", lambda self, always=False: (bustle.act(), rest(self, always)))
    run("export", str(file), *only)
    assert len(set(bustle.did)) == 3
    after = set(map(raw.canonical, items_of(raw.POSTS)))
    held = in_file(file)
    assert set(map(raw.canonical, of_aws(before) if only else before)) <= set(held[raw.POSTS]) <= after
    empty()
    run("import", str(file))
    assert everything() == held
    run("rebuild", "stats")
    run("rebuild", "pulse")
    run("check-data", "--fix")
    assert found() == []


def in_file(file: Path) -> Stored:
    """The items of a file that no later line voids."""
    held: dict[str, dict[tuple[str, str], raw.Raw]] = {table: {} for table in raw.TABLES}
    for line in lines_of(file):
        if void := line.get("void"):
            for table in (raw.POSTS, raw.THREADS):
                held[table] = {key: item for key, item in held[table].items() if item["ThreadID"]["S"] != void}
        elif table := line.get("table"):
            assert raw.key_of(table, line["item"]) not in held[table], "nothing is in it twice"
            held[table][raw.key_of(table, line["item"])] = line["item"]
    return {table: sorted(map(raw.canonical, items.values())) for table, items in held.items()}
