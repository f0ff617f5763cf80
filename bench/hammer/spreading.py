"""A forum that is spread over more and more shards while all go on; and whether every list has everything afterwards.

What must be there is read off the tables as they are, by a scan, and off what was acknowledged: nothing of the code
that asks shards and merges their answers is used for it.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Callable
from html import unescape
from io import StringIO
from random import Random
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from django.core.management import call_command

from forum.tables.keys import read_cursor, thread_shard
from forum.views.feeds import ENTRIES

from . import truth
from .browser import Person
from .faults import pause
from .home import FORUM as NAME
from .home import MODERATOR
from .ledger import Ledger
from .seen import FORUM, LATEST, see
from .site import Site, sign_in

SHARDS = (3, 5, 8)
# A list that has no end is a mistake.
MOST = 50_000

_ROW = re.compile(r'href="/admin/(threads|posts)/([0-9A-Z]{26}(?:-\d+)?)/"')
_ENTRY = re.compile(r"<id>[^<]*/p/([0-9A-Z]{26})/(\d+)/</id>")
_NEXT = re.compile(r'<a [^>]*rel="next" href="([^"]+)"')


class List(NamedTuple):
    """A list of the forum: where it begins, what a page of it shows (threads, or "<thread>-<number>"), and how much
    it shows at the most."""

    path: str
    shows: Callable[[str], list[str]]
    most: int | None = None


def _pages_threads(text: str) -> list[str]:
    return [row.thread for row in see(FORUM, "", 1, text).rows]


def _pages_posts(text: str) -> list[str]:
    return [f"{row.thread}-{row.number}" for row in see(LATEST, "", 1, text).rows]


def _admins_threads(text: str) -> list[str]:
    return [ident for kind, ident in _ROW.findall(text) if kind == "threads"]


def _admins_posts(text: str) -> list[str]:
    return [ident for kind, ident in _ROW.findall(text) if kind == "posts"]


def _threads_in_json(text: str) -> list[str]:
    return [item["id"] for item in json.loads(text)["items"]]


def _posts_in_json(text: str) -> list[str]:
    return [f"{item['thread']}-{item['number']}" for item in json.loads(text)["items"]]


def _entries(text: str) -> list[str]:
    return [f"{thread}-{number}" for thread, number in _ENTRY.findall(text)]


THREADS = {
    "the forum": List(f"/f/{NAME}/", _pages_threads),
    "the admin's threads": List(f"/admin/threads/?forum={NAME}", _admins_threads),
    "the API's threads": List(f"/api/forums/{NAME}/threads", _threads_in_json),
}
POSTS = {
    "the newest posts": List(f"/f/{NAME}/latest/", _pages_posts),
    "the admin's posts": List(f"/admin/posts/?forum={NAME}", _admins_posts),
    "the API's posts": List(f"/api/forums/{NAME}/posts", _posts_in_json),
    "the feed": List(f"/feeds/forum/{NAME}.atom", _entries, ENTRIES),
}
LISTS = THREADS | POSTS


# -- Meanwhile ------------------------------------------------------------------------------------


def spread(site: Site, until: float) -> int:
    """Raise the shards again and again, as the command does in a process of its own; how many times."""
    began, person, times = time.monotonic(), _moderator(site), 0
    for shards in SHARDS:
        due = began + (until - began) * times / len(SHARDS)
        if not pause(due - time.monotonic(), until):
            break
        site.cursors += [(name, path) for name, each in LISTS.items() if (path := _page(person, each, each.path)[1])]
        call_command("shards", NAME, str(shards), stdout=StringIO())
        times += 1
    pause(until, until)
    return times


def _moderator(site: Site) -> Person:
    return Person(site.ports, sign_in([MODERATOR])[0], Random(0))


def _page(person: Person, each: List, path: str) -> tuple[list[str], str]:
    """What a page shows, and where the list goes on, "" at its end."""
    answer = person.get(path)
    if answer.status != 200:
        return [f"{answer.status} at {path}"], ""
    return each.shows(answer.text), _next(path, answer.text)


def _next(path: str, text: str) -> str:
    if text.startswith("{"):
        address = json.loads(text)["next"] or ""
    else:
        found = _NEXT.search(text)
        address = unescape(found[1]) if found else ""
    parts = urlsplit(address)
    return f"{parts.path or urlsplit(path).path}?{parts.query}" if address else ""


# -- Afterwards -----------------------------------------------------------------------------------


def lacking(site: Site, ledger: Ledger) -> list[str]:
    """What is wrong with the lists, and with what is stored; nothing when all is well."""
    person, found = _moderator(site), _stored(ledger)
    whole = dict.fromkeys(THREADS, truth.threads_in_order()) | dict.fromkeys(POSTS, truth.posts_in_order())
    for name, each in LISTS.items():
        shown, right = _walk(person, each, each.path), list(whole[name])[: each.most]
        if shown != right:
            found.append(f"{name}: {_differences(shown, right)}")
    for name, path in site.cursors:
        before = read_cursor(parse_qs(urlsplit(path).query)["before"][0])
        shown = _walk(person, LISTS[name], path)
        right = [ident for ident, key in whole[name].items() if key < before]
        if shown != right:
            found.append(f"{name}, from {path}: {_differences(shown, right)}")
    if len({thread_shard(thread) for thread in truth.threads_in_order()}) == 1:
        found.append("no thread began on another shard")
    without = LISTS.keys() - {"the feed", *(name for name, _ in site.cursors)}
    return [*found, *(f"{name} had no second page" for name in sorted(without))]


def _walk(person: Person, each: List, path: str) -> list[str]:
    """All that a list shows from a page on, by its own links."""
    shown: list[str] = []
    while path and len(shown) < MOST:
        more, path = _page(person, each, path)
        shown += more
    return shown


def _differences(shown: list[str], right: list[str]) -> str:
    twice = [each for each, times in Counter(shown).items() if times > 1]
    missing, strange = sorted({*right} - {*shown}), sorted({*shown} - {*right})
    told = {"missing": missing, "strange": strange, "twice": twice}
    words = [f"{len(each)} {what} ({', '.join(each[:3])})" for what, each in told.items() if each]
    return ", ".join(words) or "in another order"


def _stored(ledger: Ledger) -> list[str]:
    """Every post that was acknowledged is stored, once, and where that was said."""
    there = truth.counters()
    found = [f"{count} posts have count-{value}" for value, count in Counter(there.values()).items() if count > 1]
    lost = [place for place, register in ledger.texts.items() if there.get(place) != register.versions[-1].value]
    return [*found, *(f"{thread}-{number} is not what was acknowledged" for thread, number in lost)]
