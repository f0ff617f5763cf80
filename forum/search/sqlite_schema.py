"""The tables of the SQLite index. Of another VERSION than this it is thrown away, and has to be rebuilt."""

import sqlite3

VERSION = 1

# Words fold to their stems ("running" finds "runs"), without accents.
_WORDS = "tokenize = 'porter unicode61 remove_diacritics 2'"

_TABLES = f"""
CREATE TABLE threads (
    pk INTEGER PRIMARY KEY,
    thread TEXT NOT NULL UNIQUE,
    forum TEXT NOT NULL,
    title TEXT NOT NULL,
    visible INTEGER NOT NULL,
    solved INTEGER NOT NULL,
    tags TEXT NOT NULL,
    seen INTEGER NOT NULL
);
CREATE TABLE posts (
    id INTEGER PRIMARY KEY,
    thread INTEGER NOT NULL,
    number INTEGER NOT NULL,
    author TEXT NOT NULL,
    revision INTEGER NOT NULL,
    visible INTEGER NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    facets TEXT NOT NULL,
    seen INTEGER NOT NULL,
    UNIQUE (thread, number)
);
CREATE TABLE words (pk INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE);
CREATE VIRTUAL TABLE found USING fts5 (title, text, facets, content = 'posts', content_rowid = 'id', {_WORDS});
CREATE VIRTUAL TABLE titles USING fts5 (title, content = 'threads', content_rowid = 'pk', {_WORDS});
CREATE VIRTUAL TABLE grams USING fts5 (
    word, content = 'words', content_rowid = 'pk', detail = 'none', tokenize = 'trigram'
);
PRAGMA user_version = {VERSION};
"""
# How much of a transaction FTS5 gathers before it writes a part of the index, which it has to put together with
# others later; its own is 1 MB. What is not gathered takes no memory.
_GATHERED_BYTES = 64_000_000
_NAMES = ("found", "titles", "grams", "words", "posts", "threads")


def ensure(db: sqlite3.Connection) -> None:
    """Make the tables where they are not there. Two processes may come at once."""
    if _version(db) == VERSION:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        if _version(db) != VERSION:
            empty(db)
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def empty(db: sqlite3.Connection) -> None:
    """All tables, with nothing in them."""
    for name in _NAMES:
        db.execute(f"DROP TABLE IF EXISTS {name}")
    for statement in _TABLES.split(";"):
        if statement.strip():
            db.execute(statement)


def make_room(db: sqlite3.Connection) -> None:
    """Let one transaction of very many posts be one part of the index."""
    db.execute("INSERT INTO found (found, rank) VALUES ('hashsize', ?)", [_GATHERED_BYTES])


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])
