"""Reader processes: they know nothing but the site's address, and follow the links they find."""

import time
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from .browser import MISTAKE, Answer, Broken, Connection
from .seen import FORUM, HOME, LATEST, LISTS, MEMBER, THREAD, Seen, listed_threads, see

PROCESSES = 3
PAUSE_SECONDS = 0.02
KINDS = {HOME: 2, FORUM: 2, LATEST: 2, MEMBER: 2, THREAD: 5}
# How often one page is read in a row: many readers at once are most at a page that is just being renewed.
TIMES = (1, 1, 1, 100)


@dataclass(frozen=True)
class Plan:
    """Where to read, as whom (sessions; "" is a reader who is not signed in), and until when."""

    ports: list[int]
    forum: str
    members: list[str]
    sessions: list[str]
    until: float
    seed: int


class Read(NamedTuple):
    """One page that was read: when it was asked for, when it was all there, what it said."""

    start: float
    end: float
    seen: Seen
    hit: bool
    session: str
    status: int


class Harvest(NamedTuple):
    """All that one process read; `failed` counts answers that were neither a page nor "there is none", `errors` those
    that only a mistake of the site's explains."""

    reads: list[Read]
    failed: int = 0
    errors: int = 0


class Page(NamedTuple):
    kind: str
    subject: str
    number: int
    path: str


def read(plan: Plan) -> Harvest:
    """Read until the time is over. Runs in a process of its own."""
    return Reader(plan).run()


class Reader:
    """One process's connections and what it has learnt so far."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.random = Random(plan.seed)
        self.connections = [Connection(port) for port in plan.ports]
        self.threads: dict[str, tuple[str, int]] = {}
        self.listed: list[str] = []
        # Pages as this browser keeps them, to ask only whether they have changed.
        self.kept: dict[tuple[str, str, bool], tuple[str, Seen]] = {}
        # Most pages are seen many times over; one value for all of them is enough.
        self.same: dict[Seen, Seen] = {}
        self.reads: list[Read] = []
        self.failed = self.errors = 0

    def run(self) -> Harvest:
        while time.monotonic() < self.plan.until:
            try:
                self.look_again_and_again(self.choose(), self.random.choice(TIMES))
            except Broken as broken:
                # A worker that died, or is being started: nobody was shown anything.
                self.failed += not broken.cut
                time.sleep(PAUSE_SECONDS)
        return Harvest(self.reads, self.failed, self.errors)

    def look_again_and_again(self, page: Page, times: int) -> None:
        for _ in range(times):
            if time.monotonic() < self.plan.until:
                self.look(page)

    def choose(self) -> Page:
        kind = self.random.choices(list(KINDS), list(KINDS.values()))[0]
        if kind == THREAD and self.threads:
            return self.choose_thread()
        if kind == MEMBER:
            name = self.random.choice(self.plan.members)
            return Page(MEMBER, name, 1, f"/u/{name}/")
        forum = f"/f/{self.plan.forum}/"
        path = {FORUM: forum, LATEST: f"{forum}latest/"}.get(kind, "/")
        return Page(HOME if path == "/" else kind, "", 1, path)

    def choose_thread(self) -> Page:
        """Mostly a thread that was in a list just now; its first, its last, or any page."""
        known = self.listed if self.random.random() < 0.9 else list(self.threads)
        thread = self.random.choice(known)
        path, pages = self.threads[thread]
        number = self.random.choice([1, pages, self.random.randint(1, pages)])
        return Page(THREAD, thread, number, f"{path}?page={number}" if number > 1 else path)

    def look(self, page: Page) -> None:
        """Ask for a page and note what it said. A thread with another title has another address."""
        session = self.random.choice(self.plan.sessions)
        zipped = self.random.random() < 0.5
        answer, start = self.ask(page.path, session, zipped)
        if answer.location and page.kind == THREAD:
            path = answer.location.partition("?")[0]
            self.threads[page.subject] = (path, self.threads[page.subject][1])
            page = page._replace(path=answer.location)
            answer, start = self.ask(page.path, session, zipped)
        end = time.monotonic()
        if answer.location:
            return
        seen = self.understand(page, (page.path, session, zipped), answer)
        if seen is None:
            self.failed += 1
            self.errors += answer.status == MISTAKE
            return
        seen = self.same.setdefault(seen, seen)
        hit = answer.headers["X-Cache"] == "hit"
        self.reads.append(Read(start, end, seen, hit, session, answer.status))

    def ask(self, path: str, session: str, zipped: bool) -> tuple[Answer, float]:
        """The answer, and when it was asked for."""
        headers = {"Accept-Encoding": "gzip" if zipped else "identity"}
        if session:
            headers["Cookie"] = f"sessionid={session}"
        if self.random.random() < 0.3 and (kept := self.kept.get((path, session, zipped))):
            headers["If-None-Match"] = kept[0]
        start = time.monotonic()
        return self.random.choice(self.connections).ask("GET", path, headers), start

    def understand(self, page: Page, place: tuple[str, str, bool], answer: Answer) -> Seen | None:
        """What the reader sees now: with 304, what was kept; None for an answer that is no page."""
        if answer.status == 304:
            return self.kept[place][1]
        if answer.status == 404 and page.kind == THREAD:
            return see(page.kind, page.subject, page.number, None)
        if answer.status != 200:
            return None
        html = answer.text
        seen = see(page.kind, page.subject, page.number, html)
        if page.kind in LISTS and (found := listed_threads(html)):
            self.threads |= found
            self.listed = list(found)
        if etag := answer.headers["ETag"]:
            self.kept[place] = (etag, seen)
        return seen
