"""Writers: members who post, edit, delete and lock through the forms, and note what was acknowledged."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from . import truth
from .browser import Broken, Person, hidden_fields
from .ledger import GONE, LOCKED, OPEN, POSTS_PER_PAGE, Ledger, Register, Version
from .readers import Read
from .seen import DELETED, THREAD, see

# Nobody else renews what a dead writer left behind while it is measured how long it stays old.
REST_SECONDS = 4.0
WATCH_SECONDS = 0.05
# How long after its writer died a write may still be on its way into the table.
SETTLING_SECONDS = 0.15
RECENT_POSTS = 15
OWN_THREADS = 3
# How often a writer does what; only moderators lock.
ACTS = {"reply": 9, "edit": 6, "rename": 2, "delete": 2, "start": 2, "remove": 1, "lock": 8}
FILLER = " I see the same here, on **two machines**, since `Tuesday`.\n\n- first this\n- then that\n\n> and so on\n" * 3


@dataclass
class Scene:
    """What all writers share: the ledger, where to write, and what must be left alone until when."""

    ledger: Ledger
    forum: str
    threads: list[str]
    grace: float
    until: float
    pause: float
    acts: Mapping[str, int] = field(default_factory=lambda: ACTS)
    resting: dict[str, float] = field(default_factory=dict)

    def rests(self, thread: str) -> bool:
        return time.monotonic() < self.resting.get(thread, 0.0)


@dataclass
class Tally:
    """How many writes were acknowledged, refused, or stored by a worker that died before it could say so;
    and the pages that the writer saw between them."""

    writes: int = 0
    refused: int = 0
    killed: int = 0
    reads: list[Read] = field(default_factory=list)


class Outcome(NamedTuple):
    """What became of a form: when that was known, where an acknowledgement leads, or that the worker died."""

    at: float
    location: str = ""
    cut: bool = False


class Writer:
    """One member; a moderator also locks threads and opens them again."""

    def __init__(self, name: str, person: Person, scene: Scene, random: Random, moderator: bool = False) -> None:
        self.name = name
        self.person = person
        self.scene = scene
        self.ledger = scene.ledger
        self.random = random
        self.moderator = moderator
        self.tally = Tally()
        self.posts: list[tuple[str, int]] = []
        self.threads: list[str] = []
        self.locked: list[str] = []
        # Where the last write's worker died.
        self.left: tuple[str, int] | None = None

    def run(self) -> Tally:
        """Write until the time is over."""
        acts = {name: often for name, often in self.scene.acts.items() if name != "lock" or self.moderator}
        while time.monotonic() < self.scene.until:
            try:
                getattr(self, self.random.choices(list(acts), list(acts.values()))[0])()
                self.watch()
            except Broken:
                # The form could not be had: a worker that died, or is being started.
                self.tally.refused += 1
            time.sleep(self.random.uniform(0, 2) * self.scene.pause)
        return self.tally

    # -- What a writer does -----------------------------------------------------------------------

    def reply(self) -> None:
        thread = self.random.choice(self.scene.threads)
        fields = self.look(thread)
        if "token" not in fields:
            return
        text = self.version()
        outcome = self.send(f"{self.path(thread)}reply/", fields | {"body": self.body(text)})
        number = int(outcome.location.rpartition("#post-")[2]) if outcome.location else 0
        self.created(outcome, thread, number, text)

    def start(self) -> None:
        if len(self.threads) >= OWN_THREADS and "remove" in self.scene.acts:
            return self.remove()
        fields = self.form(f"/f/{self.scene.forum}/new/")
        if "token" not in fields:
            return None
        title, text = self.version(), self.version()
        sent = {"title": self.title(title), "body": self.body(text)}
        outcome = self.send(f"/f/{self.scene.forum}/new/", fields | sent)
        thread = outcome.location.split("/")[3] if outcome.location else ""
        self.created(outcome, thread, 1, text, title)

    def edit(self) -> None:
        if self.posts:
            self.change(*self.random.choice(self.posts[-RECENT_POSTS:]))

    def rename(self) -> None:
        firsts = [thread for thread, number in self.posts if number == 1]
        if firsts:
            self.change(self.random.choice(firsts), 1)

    def change(self, thread: str, number: int) -> None:
        """Edit a post; with the first post the thread gets another title, too."""
        self.look(thread, number)
        fields = self.form(f"{self.path(thread)}{number}/edit/")
        if "revision" not in fields or self.scene.rests(thread):
            return
        text = self.version(self.ledger.texts[thread, number])
        versions = [text]
        if number == 1:
            versions.append(self.version(self.ledger.titles[thread]))
            fields["title"] = self.title(versions[-1])
        outcome = self.send(f"{self.path(thread)}{number}/edit/", fields | {"body": self.body(text)})
        if self.happened(outcome, lambda: truth.text_of(thread, number) == text.value):
            self.settle(outcome, thread, number, *versions)

    def delete(self) -> None:
        replies = [place for place in self.posts[-RECENT_POSTS:] if place[1] > 1]
        if not replies:
            return
        thread, number = self.random.choice(replies)
        self.look(thread, number)
        fields = self.form(f"{self.path(thread)}{number}/delete/")
        if not fields or self.scene.rests(thread):
            return
        self.posts.remove((thread, number))
        gone = self.version(self.ledger.texts[thread, number], DELETED)
        self.ledger.deletions[thread].append(gone)
        outcome = self.send(f"{self.path(thread)}{number}/delete/", fields)
        if self.happened(outcome, lambda: truth.text_of(thread, number) == DELETED):
            self.settle(outcome, thread, number, gone)

    def remove(self) -> None:
        """Delete the oldest of the threads that only this writer knows."""
        if not self.threads:
            return
        thread = self.threads[0]
        self.look(thread)
        fields = self.form(f"{self.path(thread)}1/delete/")
        if not fields:
            return
        self.threads.remove(thread)
        self.posts.remove((thread, 1))
        gone = self.version(self.ledger.lives[thread], GONE)
        outcome = self.send(f"{self.path(thread)}1/delete/", fields)
        if self.happened(outcome, lambda: truth.is_gone(self.scene.forum, thread)):
            self.settle(outcome, thread, 1, gone)

    def lock(self) -> None:
        """Lock a thread, or open the one that was locked before."""
        thread = self.locked.pop() if self.locked else self.random.choice(self.scene.threads)
        fields = self.look(thread)
        if "locked" not in fields:
            return
        wanted = LOCKED if fields["locked"] == "1" else OPEN
        version = self.version(self.ledger.locks[thread], wanted)
        outcome = self.send(f"{self.path(thread)}lock/", fields)
        if self.happened(outcome, lambda: truth.is_locked(self.scene.forum, thread) == (wanted == LOCKED)):
            self.settle(outcome, thread, 1, version)
        if wanted == LOCKED or not outcome.location:
            self.locked.append(thread)

    # -- How it does it ---------------------------------------------------------------------------

    def path(self, thread: str) -> str:
        return f"/f/{self.scene.forum}/{thread}/"

    def form(self, path: str) -> dict[str, str]:
        """The hidden fields of a form as its page gives them; none where there is no form to be had."""
        answer = self.person.get(path)
        return hidden_fields(answer.text) if answer.status == 200 else {}

    def look(self, thread: str, number: int = 1) -> dict[str, str]:
        """Read the page with a post, as one does before one answers or edits it; the fields of its forms,
        none where the thread is to be left alone."""
        page = (number - 1) // POSTS_PER_PAGE + 1
        answer = self.person.get(self.path(thread) + (f"?page={page}" if page > 1 else ""))
        if answer.status not in (200, 404):
            return {}
        html = answer.text if answer.status == 200 else None
        seen, hit = see(THREAD, thread, page, html), answer.headers["X-Cache"] == "hit"
        self.tally.reads.append(Read(self.person.asked, time.monotonic(), seen, hit, self.name, answer.status))
        return hidden_fields(html) if html and not self.scene.rests(thread) else {}

    def version(self, register: Register | None = None, value: str = "") -> Version:
        """A new value, by default the next counter, which begins to be possible now."""
        version = Version(value or self.ledger.next_count(), time.monotonic())
        if register is not None:
            register.versions.append(version)
        return version

    def title(self, version: Version) -> str:
        return f"A thread by {self.name}, count-{version.value}"

    def body(self, version: Version) -> str:
        return f"count-{version.value}{FILLER}"

    def send(self, path: str, fields: dict[str, str]) -> Outcome:
        """Send a form. Only a redirect acknowledges it."""
        try:
            answer = self.person.post(path, fields)
        except Broken as broken:
            self.tally.refused += not broken.cut
            return Outcome(time.monotonic(), cut=broken.cut)
        self.tally.writes += bool(answer.location)
        self.tally.refused += not answer.location
        return Outcome(time.monotonic(), answer.location)

    def happened(self, outcome: Outcome, stored: Callable[[], bool]) -> bool:
        """Whether the write is known to be stored; where the worker died, DynamoDB is asked."""
        if outcome.cut:
            time.sleep(SETTLING_SECONDS)
        return stored() if outcome.cut else bool(outcome.location)

    def created(self, outcome: Outcome, thread: str, number: int, text: Version, title: Version | None = None) -> None:
        """Note a new post, which is also a new thread where it has a title."""
        if outcome.cut:
            time.sleep(SETTLING_SECONDS)
            thread, number = truth.place_of(self.scene.forum, text.value) or ("", 0)
        elif not outcome.location:
            return
        if not thread:
            return
        self.settle(outcome, thread, number, text, *([title] if title else []))
        if title:
            self.ledger.add_thread(thread, self.name, title, text)
            self.threads.append(thread)
        else:
            self.ledger.add_post(thread, number, self.name, text)
        self.posts.append((thread, number))

    def settle(self, outcome: Outcome, thread: str, number: int, *versions: Version) -> None:
        """From now on (a dead worker's write: soon) every page must show these versions."""
        for version in versions:
            version.grace = self.scene.grace if outcome.cut else 0.0
            version.done = outcome.at
        if outcome.cut:
            self.tally.killed += 1
            self.scene.resting[thread] = time.monotonic() + REST_SECONDS
            self.left = thread, number

    def watch(self) -> None:
        """Read what a dead worker left behind until it must have become right by itself."""
        thread, number = self.left or ("", 1)
        while self.scene.rests(thread) and time.monotonic() < self.scene.until:
            with suppress(Broken):
                self.look(thread)
                self.look(thread, number)
            time.sleep(WATCH_SECONDS)
        self.left = None
