"""A small database in a file beside what is read or written: what does not fit into memory, and how far a command is.

Nothing is in it for good before `commit`, so that it can be committed together with what it tells of.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

Values = Sequence[Any]


class Journal:
    """`path` "" is a file of its own that is gone with the process; any other is held as long as the journal is open,
    and OperationalError where another process holds it. Errors are sqlite3's."""

    def __init__(self, path: Path | str, schema: str) -> None:
        self._database = sqlite3.connect(path, timeout=1.0, isolation_level=None)
        self._database.execute("PRAGMA cache_size = -65536")
        self._database.execute("PRAGMA locking_mode = EXCLUSIVE" if path else "PRAGMA synchronous = OFF")
        self._database.executescript(f"CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT); {schema}")
        self._database.execute("BEGIN IMMEDIATE")

    def do(self, sql: str, values: Values = ()) -> int:
        """How many rows that changed."""
        return self._database.execute(sql, values).rowcount

    def do_many(self, sql: str, values: Iterable[Values]) -> None:
        self._database.executemany(sql, values)

    def rows(self, sql: str, values: Values = ()) -> Iterable[tuple[Any, ...]]:
        """One by one, as they are asked for."""
        return self._database.execute(sql, values)

    def one(self, sql: str, values: Values = ()) -> tuple[Any, ...] | None:
        found: tuple[Any, ...] | None = self._database.execute(sql, values).fetchone()
        return found

    def get(self, name: str, otherwise: str = "") -> str:
        found = self.one("SELECT value FROM meta WHERE name = ?", [name])
        return str(found[0]) if found else otherwise

    def set(self, name: str, value: object) -> None:
        self.do("INSERT OR REPLACE INTO meta VALUES (?, ?)", [name, str(value)])

    def commit(self) -> None:
        self._database.execute("COMMIT")
        self._database.execute("BEGIN")

    def close(self) -> None:
        """Without what was not committed."""
        self._database.close()
