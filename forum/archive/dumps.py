"""Rows of the tables in a database's dump, read line by line: PostgreSQL's COPY, and mysqldump's INSERT.

A dump may be gzipped, or in a tar with a file `dump.sql` or `dump.sql.gz`, as Discourse's backups are. Refused, with
the number of the line, where one is not what it should be.
"""

import gzip
import re
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from .lines import Refused

# A row by its columns, None for NULL; and the number of the line that it is in.
Row = Mapping[str, str | None]
Found = tuple[str, Row, int]

_COPY = re.compile(r'COPY (?:\w+\.)?"?(\w+)"? \(([^)]*)\) FROM stdin;')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "Z": "\x1a"}
_CREATE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?`?(\w+)`? \(")
_COLUMN = re.compile(r"\s+`(\w+)` ")
_INSERT = re.compile(r"INSERT (?:IGNORE )?INTO `?(\w+)`?\s*(?:\(([^)]*)\)\s*)?VALUES\s*")
_BETWEEN = re.compile(r"[, ]*")
_VALUE = re.compile(r"\s*(?:_binary )?('(?:[^'\\]|\\.|'')*'|[^,()'\s]+)\s*([,)])", re.DOTALL)


@contextmanager
def row_of(table: str, number: int) -> Iterator[None]:
    """Take in a row that is in this line; Refused for what is lacking in it, or is not what it should be."""
    try:
        yield
    except KeyError as error:
        raise Refused(f"Line {number} of the dump: {table} has no column {error.args[0]}.") from error
    except (TypeError, ValueError, OverflowError) as error:
        raise Refused(f"Line {number} of the dump, a row of {table}: {error}.") from error


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The dump as text, whatever it is packed in."""
    try:
        if tarfile.is_tarfile(path):
            with tarfile.open(path) as tar:
                name = next((n for n in tar.getnames() if n.rpartition("/")[2] in ("dump.sql", "dump.sql.gz")), None)
                inner = tar.extractfile(name) if name else None
                if inner is None:
                    raise Refused(f"{path} has no dump.sql in it.")
                yield _unpacked(inner, str(name).endswith(".gz"))
            return
        with open(path, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            yield _unpacked(file, packed)
    except (EOFError, OSError, tarfile.TarError) as error:
        raise Refused(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from error


def _unpacked(file: IO[bytes], packed: bool) -> IO[bytes]:
    return cast(IO[bytes], gzip.GzipFile(fileobj=file)) if packed else file


def numbered(file: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    for number, content in enumerate(file, 1):
        try:
            yield number, content.decode().rstrip("\n").rstrip("\r")
        except UnicodeDecodeError as error:
            raise Refused(f"Line {number} of the dump is not UTF-8.") from error


# -- PostgreSQL -----------------------------------------------------------------------------------


def postgres(file: Iterable[bytes], wanted: Iterable[str]) -> Iterator[Found]:
    """The rows of these tables, as they come."""
    tables, table, columns = set(wanted), "", [""]
    for number, line in numbered(file):
        if not table:
            if start := _COPY.match(line):
                table, columns = start[1], [name.strip().strip('"') for name in start[2].split(",")]
        elif line == "\\.":
            table = ""
        elif table in tables:
            values = line.split("\t")
            if len(values) != len(columns):
                raise Refused(
                    f"Line {number} of the dump has {len(values)} values, and {table} has {len(columns)} columns."
                )
            yield table, dict(zip(columns, map(_copied, values), strict=True)), number
    if table:
        raise Refused(f"The dump ends in the midst of {table}.")


def _copied(value: str) -> str | None:
    if value == "\\N":
        return None
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], match[1]), value) if "\\" in value else value


# -- MySQL ----------------------------------------------------------------------------------------


def mysql(file: Iterable[bytes], wanted: Iterable[str]) -> Iterator[Found]:
    """The rows of these tables, as they come. mysqldump writes a statement into one line."""
    tables, created, columns = set(wanted), "", dict[str, list[str]]()
    for number, line in numbered(file):
        if start := _CREATE.match(line):
            created, columns[start[1]] = start[1], []
        elif created and (column := _COLUMN.match(line)):
            columns[created].append(column[1])
        elif created and line.startswith(")"):
            created = ""
        elif (insert := _INSERT.match(line)) and insert[1] in tables:
            named = [name.strip().strip("`") for name in insert[2].split(",")] if insert[2] else columns.get(insert[1])
            if not named:
                raise Refused(f"Line {number} of the dump fills {insert[1]}, whose columns it has not named before.")
            for values in _tuples(line, insert.end(), number, insert[1]):
                if len(values) != len(named):
                    raise Refused(
                        f"Line {number} of the dump has {len(values)} values, and {insert[1]} has {len(named)} columns."
                    )
                yield insert[1], dict(zip(named, values, strict=True)), number


def _tuples(line: str, at: int, number: int, table: str) -> Iterator[list[str | None]]:
    """The rows of an INSERT, from where its first one begins."""
    while at < len(line) and line[at] == "(":
        values, end, at = list[str | None](), ",", at + 1
        while end == ",":
            value = _VALUE.match(line, at)
            if value is None:
                raise Refused(f"Line {number} of the dump breaks off in a row of {table}, at its character {at + 1}.")
            values.append(_inserted(value[1]))
            end, at = value[2], value.end()
        yield values
        at = _BETWEEN.match(line, at).end()  # type: ignore[union-attr]
    if line[at:].strip() != ";":
        raise Refused(f"Line {number} of the dump breaks off after a row of {table}, at its character {at + 1}.")


def _inserted(value: str) -> str | None:
    if value == "NULL":
        return None
    if value.startswith("0x"):
        return bytes.fromhex(value[2:]).decode(errors="replace")
    if not value.startswith("'"):
        return value
    inner = value[1:-1].replace("''", "'")
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], match[1]), inner) if "\\" in inner else inner
