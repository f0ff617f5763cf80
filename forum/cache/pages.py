"""The read side: pages that no reader ever gets too old. See docs/page-cache.md.

Every tag has a *generation*, a random value. A page is stored with the generations of its tags that
were read before its data was, and is served only while all of them stand. A write changes the
generations of its tags before it is acknowledged (`intents`), so every page rendered from older data,
stored or still being rendered, is dead at once, whatever their number. Generations are random and
never counted: a counter that is evicted would start again at a value that old pages carry.

Only one reader fills a page at a time (a *lease*, as in "Scaling Memcache at Facebook", NSDI 2013);
the others wait for it shortly.

Keys; those of one tag, and the pages whose first tag it is, share a hash slot::

    g:{thread:01J…}              the tag's state (`scripts`)
    p:{thread:01J…}:<page>       generations, newline, body
    l:{thread:01J…}:<page>       the lease
"""

import logging
import math
import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from forum.redis import Call, Down, answering, run

from . import local, scripts
from .body import Body
from .intents import state_key
from .local import State
from .scripts import PostKey
from .tags import SITE, read_through_an_index

log = logging.getLogger(__name__)

PAGE_SECONDS = 600
LEASE_SECONDS = 3
WAIT_SECONDS = 0.3
WAIT_STEP_SECONDS = 0.02
# A page that lasts until a moment is gone a little before it, so that nobody who looks then finds it still.
MARGIN_SECONDS = 0.05

# Base keys (ForumName, PostTimestamp) of posts, and the revisions they are known to have reached.
Written = Mapping[PostKey, int]


@dataclass(frozen=True, slots=True)
class Found:
    """What one look into the cache said: the tags' states (none when Redis is down), the page's body if it
    is there and current (and whether from `local` memory, or a `hit` in Redis), the lease's token if
    the caller is to fill the page, and when that was (time.monotonic)."""

    page: str
    states: Mapping[str, State]
    tags: Sequence[str] = ()
    body: Body | None = None
    source: str = ""
    lease: str = ""
    moment: float = field(default_factory=time.monotonic)

    @property
    def usable(self) -> bool:
        return bool(self.states)

    def generation(self, tag: str) -> str:
        """ "" when it is not known."""
        state = self.states.get(tag)
        return state.generation if state else ""

    @property
    def written(self) -> Written:
        """Posts written a moment ago, to be read by key where an index does not show them so yet."""
        written: dict[PostKey, int] = {}
        for tag in self.tags:
            for key, revision in self.states[tag].written.items() if tag in self.states else ():
                written[key] = max(revision, written.get(key, 0))
        return written

    @property
    def names_all(self) -> bool:
        """Whether `written` is all that was written lately of what the page reads through an index."""
        return self.usable and self._names_all_from() <= self.moment

    def lasts(self) -> float:
        """For how many seconds from now a page may be kept that is made after this look. One that an index may have
        shown older than anybody could name is made again once that is over."""
        if self.names_all:
            return PAGE_SECONDS
        return max(0.0, min(self._names_all_from() - time.monotonic(), scripts.UNNAMED_SECONDS) - MARGIN_SECONDS)

    def _names_all_from(self) -> float:
        if not any(map(read_through_an_index, self.tags)):
            return 0.0
        return max(self.states[tag].names_all_from for tag in self.tags if tag == SITE or read_through_an_index(tag))

    @property
    def generations(self) -> dict[str, str]:
        """Of the page's own tags, by their keys in Redis."""
        return {state_key(tag): self.states[tag].generation for tag in self.tags}

    @property
    def header(self) -> bytes:
        return ",".join(self.states[tag].generation for tag in self.tags).encode()


def page_name(page: str, tags: Sequence[str]) -> str:
    """The page's key in Redis without its kind: it lives in its first tag's slot."""
    return f"{{{tags[0]}}}:{page}"


def look_up(page: str, tags: Sequence[str], also: Sequence[str] = ()) -> Found:
    """Look for a page: in this process's memory, then in Redis, in one round trip.

    The states of the tags `also` are wanted too, although the page does not depend on them.
    """
    wanted = [*tags, *also]
    known = local.known(map(state_key, wanted))
    if known is not None:
        found = Found(page, dict(zip(wanted, known.values(), strict=True)), tags)
        kept = local.pages.get(page_name(page, tags), found.generations)
        if kept is not None:
            return Found(page, found.states, tags, kept.body, "local")
    return _ask(page, tags, wanted)


def _ask(page: str, tags: Sequence[str], wanted: Sequence[str]) -> Found:
    token = secrets.token_hex(8)
    name = page_name(page, tags)
    first: Call = (
        scripts.LOAD,
        [state_key(tags[0]), f"p:{name}", f"l:{name}"],
        [secrets.token_hex(8), token, LEASE_SECONDS * 1000],
    )
    try:
        states, rest = _load(wanted, first)
    except Down:
        return Found(page, {}, tags)
    found = Found(page, states, tags)
    if rest[0]:
        header, _, stored = rest[0].partition(b"\n")
        if header == found.header:
            body = Body(stored)
            _keep(found, body)
            return Found(page, states, tags, body, "hit")
        return Found(page, states, tags, lease=token)
    return Found(page, states, tags, lease=token if rest[1] else "")


def _load(tags: Sequence[str], first: Call) -> tuple[dict[str, State], list[Any]]:
    """The states of tags, kept in memory as long as they stand, and what else the first call answers."""
    expected = local.expect(map(state_key, tags))
    others: list[Call] = [_load_call(tag) for tag in tags[1:]]
    with answering():
        answers = run([first, *others])
    states = [_state(answer) for answer in answers]
    for place, state, answer in zip(expected, states, answers, strict=bool(expected)):
        local.states.keep(place, state, answer[1] / 1000 if answer[1] >= 0 else None)
    return dict(zip(tags, states, strict=True)), answers[0][5:]


def _load_call(tag: str) -> Call:
    return scripts.LOAD, [state_key(tag)], [secrets.token_hex(8)]


def _state(answer: list[Any]) -> State:
    written: dict[PostKey, int] = {}
    for post in answer[2]:
        partition, key, revision = post.decode().split("|")
        written[partition, key] = max(int(revision), written.get((partition, key), 0))
    crowded = len(answer[2]) >= scripts.MOST_WRITTEN
    names_all_from = math.inf if crowded else time.monotonic() + answer[4] / 1000
    return State(answer[0].decode(), written, bool(answer[3]), names_all_from)


def wait_for(found: Found, also: Sequence[str] = ()) -> Found:
    """Look again until whoever fills the page is done, or its lease is ours, at most 0.3 s."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        time.sleep(WAIT_STEP_SECONDS)
        again = look_up(found.page, found.tags, also)
        if again.body is not None or again.lease or not again.usable or time.monotonic() > until:
            return again


def store(found: Found, stored: bytes) -> Body:
    """Keep a page under the generations found before its data was read."""
    name = page_name(found.page, found.tags)
    keys = [state_key(found.tags[0]), f"p:{name}", f"l:{name}"]
    value = found.header + b"\n" + stored
    body = Body(stored)
    try:
        with answering():
            generation = found.generation(found.tags[0])
            run([(scripts.STORE, keys, [generation, value, int(found.lasts() * 1000), found.lease])])
        _keep(found, body)
    except Down:
        log.warning("a page could not be stored: Redis is down")
    return body


def _keep(found: Found, body: Body) -> None:
    """Keep the page in memory, too. One that may be kept for long stands there as long as its generations do."""
    until = math.inf if found.names_all else time.monotonic() + found.lasts()
    local.pages.put(page_name(found.page, found.tags), found.generations, body, until)


def give_back(found: Found) -> None:
    """Let somebody else fill the page: it could not be rendered, or the answer is no page that is kept."""
    if found.lease:
        with suppress(Down), answering():
            run([(scripts.RELEASE, [f"l:{page_name(found.page, found.tags)}"], [found.lease])])


def current(*tags: str) -> Found:
    """The states of tags as they are now. No round trip when memory knows them, else one."""
    known = local.known(map(state_key, tags))
    if known is not None:
        return Found("", dict(zip(tags, known.values(), strict=True)), tags)
    try:
        return Found("", _load(tags, _load_call(tags[0]))[0], tags)
    except Down:
        return Found("", {}, tags)


def generation(tag: str) -> str:
    """A tag's generation as it is now, "" when Redis is down."""
    return current(tag).generation(tag)
