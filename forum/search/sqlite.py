"""The index in SQLite's FTS5: a file of its own, `search.sqlite3` in DATA_DIR.

Apart from the accounts' file, because SQLite has one writer at a time: while an index is rebuilt, nobody who
signs up waits for it. The file can be deleted at any time, and made again by `manage.py rebuild search`.

A post is a row, numbered by its time, so that "newest first" is the order in which FTS5 keeps what it found, and
asking for twenty of 400,000 costs what asking for twenty of twenty costs.
https://www.sqlite.org/fts5.html
"""

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from forum.errors import Unavailable

from . import sqlite_schema
from .backend import CLOSE, NEWEST, OPEN, WORD_LETTERS, Hit, Similar, Wanted, Weighed
from .documents import (
    PostDoc,
    ThreadDoc,
    facets,
)
from .query import words_of
from .sqlite_asking import marks, match, phrases, select, titled

WAIT_SECONDS = 5.0
SNIPPET_WORDS = 30
# How many words, with the marks around them, a process remembers that it need not tell the index again.
MOST_KNOWN = 200_000


class SqliteIndex:
    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._local = threading.local()
        self._known_words: set[str] = set()

    # -- Connections ------------------------------------------------------------------------------

    @property
    def _db(self) -> sqlite3.Connection:
        """This thread's connection; a forked process opens its own."""
        mine: tuple[int, sqlite3.Connection] | None = getattr(self._local, "connection", None)
        if mine is None or mine[0] != os.getpid():
            mine = self._local.connection = os.getpid(), self._open()
        return mine[1]

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self.path, timeout=WAIT_SECONDS, isolation_level=None)
        db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16000")
        sqlite_schema.ensure(db)
        return db

    @contextmanager
    def _answering(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._db
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise Unavailable(_("Search does not work for a moment. Please try again shortly.")) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._answering() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    db.execute("ROLLBACK")
                self._known_words.clear()
                raise

    def close(self) -> None:
        """Close this thread's connection; the next call opens another."""
        mine = self._local.__dict__.pop("connection", None)
        if mine is not None and mine[0] == os.getpid():
            mine[1].close()

    def prepare(self) -> None:
        with self._answering() as db:
            sqlite_schema.make_room(db)

    # -- Writes -----------------------------------------------------------------------------------

    def store(self, threads: Iterable[ThreadDoc], posts: Iterable[PostDoc]) -> None:
        # By their numbers: FTS5 writes what it has gathered whenever one comes that is lower than the last.
        threads, posts = list(threads), sorted(posts, key=lambda post: post.at)
        with self._writing() as db:
            for thread in threads:
                _store_thread(db, thread)
            rows: dict[str, ThreadRow | None] = {}
            texts = [thread.title for thread in threads]
            for post in posts:
                if post.thread not in rows:
                    rows[post.thread] = _row_of(db, post.thread)
                row = rows[post.thread]
                if row and _store_post(db, row, post):
                    texts.append(post.text)
            self._store_words(db, texts)

    def _store_words(self, db: sqlite3.Connection, texts: Iterable[str]) -> None:
        # What stands between spaces is soon known, so few of the words have to be looked at.
        new = set("\n".join(texts).lower().split()) - self._known_words
        words = {word for word in words_of(" ".join(new)) if len(word) in WORD_LETTERS and word.isalpha()}
        for word in words:
            if db.execute("INSERT OR IGNORE INTO words (word) VALUES (?)", [word]).rowcount:
                last = db.execute("SELECT last_insert_rowid()").fetchone()[0]
                db.execute("INSERT INTO grams (rowid, word) VALUES (?, ?)", [last, word])
        if len(self._known_words) > MOST_KNOWN:
            self._known_words.clear()
        self._known_words |= new

    def remove_unseen(self, before: int) -> int:
        with self._writing() as db:
            gone = db.execute("SELECT id, title, text, facets, visible FROM posts WHERE seen < ?", [before]).fetchall()
            for id_, *texts, visible in gone:
                if visible:
                    _forget_text(db, id_, texts)
            db.execute("DELETE FROM posts WHERE seen < ?", [before])
            for pk, title in db.execute("SELECT pk, title FROM threads WHERE seen < ?", [before]).fetchall():
                _forget_title(db, pk, title)
            db.execute("DELETE FROM threads WHERE seen < ?", [before])
        return len(gone)

    def optimize(self) -> None:
        with self._writing() as db:
            db.execute("INSERT INTO found (found) VALUES ('optimize')")

    def clear(self) -> None:
        with self._writing() as db:
            if db.execute("SELECT 1 FROM threads LIMIT 1").fetchone():
                sqlite_schema.empty(db)
        self._known_words.clear()

    # -- Reads ------------------------------------------------------------------------------------

    def forums_of(self, thread_ids: Sequence[str]) -> dict[str, str]:
        with self._answering() as db:
            sql = f"SELECT thread, forum FROM threads WHERE thread IN ({marks(thread_ids)})"
            return dict(db.execute(sql, thread_ids).fetchall())

    def weigh(self, wanted: Wanted) -> list[Weighed]:
        counts = (
            f"length(highlight(found, 0, '{OPEN}', '')) - length(p.title), "
            f"length(highlight(found, 1, '{OPEN}', '')) - length(p.text), length(p.text)"
        )
        with self._answering() as db:
            asked = phrases(db, wanted)
            sql, values = select(wanted, match(wanted, asked), f"f.rowid, {counts}", NEWEST)
            newest = {row[0]: Weighed(*row) for row in db.execute(sql, values)}
            if not wanted.terms:
                return list(newest.values())
            sql, values = titled(wanted, asked)
            return [*(Weighed(*row) for row in db.execute(sql, values) if row[0] not in newest), *newest.values()]

    def newest(self, wanted: Wanted, limit: int) -> list[int]:
        with self._answering() as db:
            sql, values = select(wanted, match(wanted, phrases(db, wanted)), "f.rowid", limit)
            return [row[0] for row in db.execute(sql, values)]

    def hits(self, ids: Sequence[int], wanted: Wanted) -> list[Hit]:
        found = (
            f"highlight(found, 0, '{OPEN}', '{CLOSE}'), snippet(found, 1, '{OPEN}', '{CLOSE}', '…', {SNIPPET_WORDS})"
        )
        sql = (
            f"SELECT p.id, t.thread, p.number, p.author, t.forum, t.title, t.solved, {found} FROM found f "
            "JOIN posts p ON p.id = f.rowid JOIN threads t ON t.pk = p.thread "
            f"WHERE found MATCH ? AND f.rowid IN ({marks(ids)}) AND t.visible AND t.forum IN ({marks(wanted.forums)})"
        )
        with self._answering() as db:
            rows = {row[0]: row for row in db.execute(sql, [match(wanted, phrases(db, wanted)), *ids, *wanted.forums])}
        return [_hit(rows[id_]) for id_ in ids if id_ in rows]

    def words_like(self, word: str, limit: int) -> list[str]:
        grams = [f'"{word[start : start + 3]}"' for start in range(len(word) - 2)]
        # Of a short word one wrong letter leaves no part of three: its first two letters may be right.
        sql = "SELECT word FROM words WHERE word >= ? AND word < ? AND length(word) BETWEEN ? AND ? LIMIT 500"
        with self._answering() as db:
            near = [
                row[0] for row in db.execute(sql, [word[:2], f"{word[:2]}\U0010ffff", len(word) - 2, len(word) + 2])
            ]
            sql = "SELECT word FROM grams WHERE grams MATCH ? ORDER BY rank LIMIT ?"
            like = [row[0] for row in db.execute(sql, [" OR ".join(grams), limit])] if grams else []
        return list(dict.fromkeys([*like, *near]))

    def similar(self, words: Sequence[str], forums: Sequence[str], limit: int) -> list[Similar]:
        any_of = " OR ".join(f'"{word}"' for word in words)
        sql = (
            "SELECT t.thread, t.forum, t.title FROM titles JOIN threads t ON t.pk = titles.rowid "
            f"WHERE titles MATCH ? AND t.visible AND t.forum IN ({marks(forums)}) ORDER BY bm25(titles) LIMIT ?"
        )
        with self._answering() as db:
            return [Similar(*row) for row in db.execute(sql, [any_of, *forums, limit])]

    def count(self) -> int:
        with self._answering() as db:
            return int(db.execute("SELECT count(*) FROM posts WHERE visible").fetchone()[0])


# -- Rows -----------------------------------------------------------------------------------------


def _hit(row: tuple[Any, ...]) -> Hit:
    id_, thread, number, author, forum, title, solved, marked, snippet = row
    return Hit(id_, thread, number, author, forum, marked or title, snippet, bool(solved))


# pk, forum, title
ThreadRow = tuple[int, str, str]


def _row_of(db: sqlite3.Connection, thread_id: str) -> ThreadRow | None:
    row: ThreadRow | None = db.execute("SELECT pk, forum, title FROM threads WHERE thread = ?", [thread_id]).fetchone()
    return row


def _store_thread(db: sqlite3.Connection, thread: ThreadDoc) -> None:
    kept = db.execute("SELECT pk, title, seen FROM threads WHERE thread = ?", [thread.id]).fetchone()
    tags = f" {' '.join(thread.tags)} " if thread.tags else ""
    values = [thread.forum, thread.title, thread.visible, thread.solved, tags, thread.seen]
    if kept is None:
        sql = "INSERT INTO threads (forum, title, visible, solved, tags, seen, thread) VALUES (?, ?, ?, ?, ?, ?, ?)"
        pk = int(db.execute(sql, [*values, thread.id]).lastrowid or 0)
        db.execute("INSERT INTO titles (rowid, title) VALUES (?, ?)", [pk, thread.title])
        return
    pk, title, seen = kept
    if seen <= thread.seen:
        sql = "UPDATE threads SET forum = ?, title = ?, visible = ?, solved = ?, tags = ?, seen = ? WHERE pk = ?"
        if title != thread.title:
            _forget_title(db, pk, title)
            db.execute("INSERT INTO titles (rowid, title) VALUES (?, ?)", [pk, thread.title])
            _retitle(db, pk, thread.title)
        db.execute(sql, [*values, pk])


def _retitle(db: sqlite3.Connection, thread: int, title: str) -> None:
    """The first post carries the title."""
    sql = "SELECT id, title, text, facets FROM posts WHERE thread = ? AND number = 1 AND visible"
    for id_, *texts in db.execute(sql, [thread]).fetchall():
        _forget_text(db, id_, texts)
        db.execute("UPDATE posts SET title = ? WHERE id = ?", [title, id_])
        _keep_text(db, id_, [title, *texts[1:]])


def _store_post(db: sqlite3.Connection, thread: ThreadRow, post: PostDoc) -> bool:
    """Whether its text is new."""
    pk, forum, title = thread
    sql = "SELECT id, revision, visible, title, text, facets FROM posts WHERE thread = ? AND number = ?"
    kept = db.execute(sql, [pk, post.number]).fetchone()
    new = [title if post.number == 1 and post.visible else "", post.text, facets(post, forum)]
    values = [post.author, post.revision, post.visible, *new, post.seen]
    if kept is None:
        id_ = _free_id(db, post.at)
        sql = (
            "INSERT INTO posts (id, thread, number, author, revision, visible, title, text, facets, seen) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        db.execute(sql, [id_, pk, post.number, *values])
        if post.visible:
            _keep_text(db, id_, new)
        return True
    id_, revision, visible, *old = kept
    same = revision == post.revision and visible == post.visible and old == new
    if revision > post.revision or same:
        # Or it was read before another change. That it is still there is all that is news.
        db.execute("UPDATE posts SET seen = max(seen, ?) WHERE id = ?", [post.seen, id_])
        return False
    if visible and (not post.visible or old != new):
        _forget_text(db, id_, old)
    sql = (
        "UPDATE posts SET author = ?, revision = ?, visible = ?, title = ?, text = ?, facets = ?, "
        "seen = max(seen, ?) WHERE id = ?"
    )
    db.execute(sql, [*values, id_])
    if post.visible and (not visible or old != new):
        _keep_text(db, id_, new)
    return True


def _free_id(db: sqlite3.Connection, at: int) -> int:
    """The first number from this moment on that no post has."""
    while db.execute("SELECT 1 FROM posts WHERE id = ?", [at]).fetchone():
        at += 1
    return at


def _keep_text(db: sqlite3.Connection, id_: int, texts: Sequence[str]) -> None:
    db.execute("INSERT INTO found (rowid, title, text, facets) VALUES (?, ?, ?, ?)", [id_, *texts])


def _forget_text(db: sqlite3.Connection, id_: int, texts: Sequence[str]) -> None:
    """FTS5 keeps no texts, and has to be told what it forgets."""
    sql = "INSERT INTO found (found, rowid, title, text, facets) VALUES ('delete', ?, ?, ?, ?)"
    db.execute(sql, [id_, *texts])


def _forget_title(db: sqlite3.Connection, pk: int, title: str) -> None:
    db.execute("INSERT INTO titles (titles, rowid, title) VALUES ('delete', ?, ?)", [pk, title])
