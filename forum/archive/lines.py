"""A file of a forum's data: gzip of JSON Lines, each an object of one of these shapes::

    {"forumposts": 1, "of": "all", "passwords": false}     the first line; "of" is a forum's name where it is of one
    {"table": "ForumPosts", "item": {"UserID": {"S": "7"}, …}}     an item, as DynamoDB has it
    {"void": "01J…"}                                        what came before of this thread does not hold
    {"kind": "user", "fields": {"id": 7, "username": …}}    a row, see `relational`
    {"end": {"ForumPosts": 812, …}}                         the last line: how many there are of each

A file is whole if it ends so. Posts come before the heads that count them, rows last: what is brought in is seen by
readers when its forum is there, and that is when all is.
"""

import gzip
import json
import os
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from forum.tables import raw

VERSION = 1
Line = dict[str, Any]


class Refused(Exception):
    """Something in what is to be read that cannot be right; the message is one sentence that says where and what."""


def as_text(line: Line) -> str:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def of_item(table: str, item: raw.Raw) -> str:
    return f'{{"table":"{table}","item":{raw.canonical(item)}}}'


# -- Writing --------------------------------------------------------------------------------------


class Writer:
    """Lines into a file that can be cut: what is written up to a cut is on the disk, and stays if all later is lost.

    Each stretch between two cuts is a gzip member of its own.
    """

    def __init__(self, path: Path, offset: int = 0) -> None:
        self.counts: Counter[str] = Counter()
        self.pending = 0
        # What members say in private is in it.
        path.touch(mode=0o600)
        self._file = open(path, "r+b")  # noqa: SIM115  (closed by `close`)
        self._file.truncate(offset)
        self._file.seek(offset)
        self._member = _member()

    def write(self, line: str, kind: str = "") -> None:
        if kind:
            self.counts[kind] += 1
        content = line.encode() + b"\n"
        self.pending += len(content)
        self._file.write(self._member.compress(content))

    def cut(self) -> int:
        """Have all of it on the disk; how many bytes that is."""
        if self.pending:
            self._file.write(self._member.flush())
            self._member, self.pending = _member(), 0
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.tell()

    def close(self) -> None:
        self._file.close()


def _member() -> Any:
    return zlib.compressobj(6, zlib.DEFLATED, 31)


# -- Reading --------------------------------------------------------------------------------------


def read(path: Path, after: int = 0) -> Iterator[tuple[int, Line]]:
    """The lines with their numbers, from 1, after the first `after`; Refused where one is no object of JSON, or the
    file is no gzip or ends in the midst of it."""
    number = 0
    try:
        with gzip.open(path, "rb") as file:
            for number, content in enumerate(file, 1):
                if number > after:
                    yield number, _parsed(number, content)
    except (EOFError, OSError, zlib.error) as error:
        if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
            raise Refused(f"{path} cannot be read: {error.strerror}.") from error
        if isinstance(error, gzip.BadGzipFile) and not number:
            raise Refused(f"{path} is no file that `export` or `convert` has written: it is no gzip.") from error
        raise Refused(f"{path} is damaged after line {number}: {str(error).rstrip('.')}.") from error


def _parsed(number: int, content: bytes) -> Line:
    try:
        line = json.loads(content)
    except ValueError as error:
        raise Refused(f"Line {number} is no JSON: {error}.") from error
    if not isinstance(line, dict):
        raise Refused(f"Line {number} is no object.")
    return line
