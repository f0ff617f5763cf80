"""Holes: the places in a page where readers differ. What is between them is cached once for all.

A template writes `{% hole "account" %}`; what stands in the cached page is a mark that nobody else
can write, since it is made with SECRET_KEY. `views.holes` says what goes into each hole.
"""

import re
from collections.abc import Callable
from functools import cache

from django.utils.crypto import salted_hmac

Filler = Callable[[str, list[str]], str]


@cache
def _start() -> str:
    return f"\x01{salted_hmac('forum.holes', 'mark').hexdigest()[:16]}\x1f"


@cache
def _pattern() -> re.Pattern[bytes]:
    return re.compile(re.escape(_start()).encode() + b"([^\x01]*)\x01")


def mark(name: str, *arguments: object) -> str:
    """The mark of a hole; arguments are ids and numbers, never a reader's text."""
    return _start() + "\x1f".join([name, *map(str, arguments)]) + "\x01"


def has_holes(body: bytes) -> bool:
    return _start().encode() in body


def fill(body: bytes, filler: Filler) -> bytes:
    """The body with each hole replaced by `filler(name, arguments)`."""

    def text(match: re.Match[bytes]) -> bytes:
        name, *arguments = match[1].decode().split("\x1f")
        return filler(name, arguments).encode(errors="replace")

    return _pattern().sub(text, body)
