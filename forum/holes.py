"""Holes: the places in a page where readers differ. What is between them is cached once for all.

A template writes `{% hole "account" %}`; what stands in the cached page is a mark that nobody else
can write, since it is made with SECRET_KEY. `views.holes` says what goes into each hole.
"""

import re
from functools import cache

from django.utils.crypto import salted_hmac

Hole = tuple[str, tuple[str, ...]]


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


def split(body: bytes) -> tuple[list[bytes], list[Hole]]:
    """The text before, between and after the holes, and each hole's name and arguments."""
    pieces = _pattern().split(body)
    return pieces[::2], [_hole(inside) for inside in pieces[1::2]]


def _hole(inside: bytes) -> Hole:
    name, *arguments = inside.decode().split("\x1f")
    return name, tuple(arguments)
