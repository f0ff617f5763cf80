"""The hand-written threads, read from `threads/<forum>/*.md`.

A file begins with `title:`, `quiet:` (how long ago its last post is), `tags:` and, where a post answers it, `answer:`
with its number; `grows:` lets others carry the thread on with up to that many posts on the open topic of that name,
since `age:`. Then each post follows a line `--- <username> +<time since the post before>`. Times are a number and m, h
or d.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .times import DAY, HOUR, MINUTE

THREADS = Path(__file__).with_name("threads")

_UNITS = {"m": MINUTE, "h": HOUR, "d": DAY}
_POST = re.compile(r"^--- ([\w.-]+)(?: \+(\d+[mhd]))?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class WrittenPost:
    """A post as written; `after` is how many seconds it came after the one before."""

    author: str
    after: float
    body: str


@dataclass(frozen=True, slots=True)
class WrittenThread:
    """A thread as written; `quiet` and `age` are seconds before now, `topic` and `grows` are for growing threads."""

    forum: str
    title: str
    posts: tuple[WrittenPost, ...]
    quiet: float
    age: float
    topic: str
    grows: int
    tags: tuple[str, ...]
    answer: int


def _seconds(text: str) -> float:
    return int(text[:-1]) * _UNITS[text[-1]]


def parse(forum: str, text: str) -> WrittenThread:
    """One file as a thread."""
    head, *rest = _POST.split(text)
    fields = dict(line.split(": ", 1) for line in head.strip().splitlines())
    posts = tuple(
        WrittenPost(author, _seconds(after or "0m"), body.strip())
        for author, after, body in zip(rest[::3], rest[1::3], rest[2::3], strict=True)
    )
    return WrittenThread(
        forum=forum,
        title=fields["title"],
        posts=posts,
        quiet=_seconds(fields["quiet"]),
        age=_seconds(fields.get("age", "0m")),
        topic=fields.get("topic", ""),
        grows=int(fields.get("grows", "0")),
        tags=tuple(fields["tags"].split(", ")),
        answer=int(fields.get("answer", "0")),
    )


@cache
def written_threads() -> tuple[WrittenThread, ...]:
    """All of them, the one with the newest post first."""
    found = [parse(path.parent.name, path.read_text(encoding="utf-8")) for path in sorted(THREADS.glob("*/*.md"))]
    return tuple(sorted(found, key=lambda thread: thread.quiet))
