"""The index in PostgreSQL's full-text search: tables beside the accounts', made by `manage.py migrate`.

Words are taken apart as in the query (`query.words_of`), so PostgreSQL's own parser, which would keep addresses and
file names whole, has nothing to decide; a configuration of our own stems them and leaves none out. Where the words
are common, PostgreSQL goes back through the posts by number; where they are rare, it asks the GIN index.
https://www.postgresql.org/docs/current/textsearch.html
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import Error, IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _

from forum.errors import Unavailable

from . import postgres_schema
from .backend import CLOSE, NEWEST, OPEN, TITLED, WORD_LETTERS, Hit, Similar, Wanted, Weighed
from .documents import PostDoc, ThreadDoc
from .query import Term, words_of

# Two processes that number posts of one moment may choose the same number.
ATTEMPTS = 5
SNIPPET = f"StartSel={OPEN}, StopSel={CLOSE}, MaxWords=35, MinWords=25"
# ts_headline would take what stands between < and > for a tag, and leave it out.
STAND_INS = "\ue000\ue001\ue002"
_AS_WRITTEN = str.maketrans(STAND_INS, "<>&")
# What ts_rank gives for a single hit, turned back into one.
ONE_HIT = 1.645

Values = list[Any]


class PostgresIndex:
    @contextmanager
    def _reading(self) -> Iterator[CursorWrapper]:
        try:
            with connection.cursor() as cursor:
                yield cursor
        except Error as error:
            raise Unavailable(_("Search does not work for a moment. Please try again shortly.")) from error

    @contextmanager
    def _writing(self) -> Iterator[CursorWrapper]:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                yield cursor
        except IntegrityError:
            raise
        except Error as error:
            raise Unavailable(_("The search index cannot be written for a moment.")) from error

    def prepare(self) -> None:
        with self._writing() as cursor:
            postgres_schema.ensure(cursor)

    # -- Writes -----------------------------------------------------------------------------------

    def store(self, threads: Iterable[ThreadDoc], posts: Iterable[PostDoc]) -> None:
        threads, posts = list(threads), list(posts)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._writing() as cursor:
                    _store_threads(cursor, threads)
                    _store_posts(cursor, posts)
                    _store_words(cursor, [*(thread.title for thread in threads), *(post.text for post in posts)])
                return
            except IntegrityError as error:
                if attempt == ATTEMPTS:
                    raise Unavailable(_("The search index is busy.")) from error

    def remove_unseen(self, before: int) -> int:
        with self._writing() as cursor:
            cursor.execute("DELETE FROM search_posts WHERE seen < %s", [before])
            gone = int(cursor.rowcount)
            cursor.execute("DELETE FROM search_threads WHERE seen < %s", [before])
        return gone

    def optimize(self) -> None:
        with self._writing() as cursor:
            cursor.execute("ANALYZE search_posts, search_threads")

    def clear(self) -> None:
        with self._writing() as cursor:
            cursor.execute("SELECT 1 FROM search_threads LIMIT 1")
            if cursor.fetchone():
                cursor.execute("TRUNCATE search_posts, search_threads, search_words")

    # -- Reads ------------------------------------------------------------------------------------

    def forums_of(self, thread_ids: Sequence[str]) -> dict[str, str]:
        with self._reading() as cursor:
            cursor.execute("SELECT thread, forum FROM search_threads WHERE thread = ANY(%s)", [list(thread_ids)])
            return dict(cursor.fetchall())

    def weigh(self, wanted: Wanted) -> list[Weighed]:
        query, query_values = _query(wanted.terms, wanted.without)
        titles, titles_values = _query(wanted.terms)
        columns = (
            f"p.id, ts_rank('{{0,0,0,1}}', p.tsv, {query}) * {ONE_HIT}, "
            f"ts_rank('{{0,0,1,0}}', p.tsv, {query}) * {ONE_HIT}, length(p.text)"
        )
        sql, values = _select(wanted, columns, NEWEST)
        titled, more = _select(wanted, columns, TITLED, f"p.number = 1 AND t.tsv @@ {titles}", titles_values)
        with self._reading() as cursor:
            cursor.execute(f"({sql}) UNION ({titled})", [*query_values * 2, *values, *query_values * 2, *more])
            return [Weighed(*row) for row in cursor.fetchall()]

    def newest(self, wanted: Wanted, limit: int) -> list[int]:
        sql, values = _select(wanted, "p.id", limit)
        with self._reading() as cursor:
            cursor.execute(sql, values)
            return [row[0] for row in cursor.fetchall()]

    def hits(self, ids: Sequence[int], wanted: Wanted) -> list[Hit]:
        query, values = _query(wanted.terms)
        marked, snippet = "t.title", "left(p.text, 200)"
        if wanted.terms:
            marked, snippet = (_headline(column, query) for column in ("t.title", "p.text"))
        sql = (
            f"SELECT p.id, t.thread, p.number, p.author, t.forum, {marked}, {snippet}, t.solved "
            "FROM search_posts p JOIN search_threads t ON t.pk = p.thread "
            "WHERE p.id = ANY(%s) AND p.visible AND t.visible AND t.forum = ANY(%s)"
        )
        with self._reading() as cursor:
            cursor.execute(sql, [*(values * 2 if wanted.terms else []), list(ids), list(wanted.forums)])
            rows = {row[0]: _hit(row) for row in cursor.fetchall()}
        return [rows[id_] for id_ in ids if id_ in rows]

    def words_like(self, word: str, limit: int) -> list[str]:
        with self._reading() as cursor:
            cursor.execute("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")
            if cursor.fetchone():
                cursor.execute(
                    "SELECT word FROM search_words WHERE word %% %s ORDER BY word <-> %s LIMIT %s", [word, word, limit]
                )
            else:
                start = word[:2].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
                cursor.execute("SELECT word FROM search_words WHERE word LIKE %s LIMIT 500", [f"{start}%"])
            return [row[0] for row in cursor.fetchall()]

    def similar(self, words: Sequence[str], forums: Sequence[str], limit: int) -> list[Similar]:
        parts = [_query([Term((word,))]) for word in words]
        query = " || ".join(part for part, __ in parts)
        values = [value for __, each in parts for value in each]
        sql = (
            f"SELECT thread, forum, title FROM search_threads WHERE tsv @@ ({query}) AND visible AND forum = ANY(%s) "
            f"ORDER BY ts_rank(tsv, {query}, 1) DESC, pk DESC LIMIT %s"
        )
        with self._reading() as cursor:
            cursor.execute(sql, [*values, list(forums), *values, limit])
            return [Similar(*row) for row in cursor.fetchall()]

    def count(self) -> int:
        with self._reading() as cursor:
            cursor.execute("SELECT count(*) FROM search_posts WHERE visible")
            return int(cursor.fetchone()[0])


# -- Asking ---------------------------------------------------------------------------------------


def _query(terms: Sequence[Term], without: Sequence[Term] = ()) -> tuple[str, Values]:
    """A tsquery as SQL, and its values: words of letters and digits alone."""
    parts = [_part(term) for term in terms] + [f"!! {_part(term)}" for term in without]
    values = [_words(term) + (":*" if term.begins else "") for term in (*terms, *without)]
    return f"({' && '.join(parts) or 'NULL'})", [*values]


def _part(term: Term) -> str:
    function = "to_tsquery" if term.begins else "phraseto_tsquery"
    return f"{function}('{postgres_schema.CONFIGURATION}', %s)"


def _words(term: Term) -> str:
    return plain(" ".join(term.words))


def plain(text: str) -> str:
    """Without accents, which PostgreSQL would take for other letters."""
    if text.isascii():
        return text
    return "".join(each for each in unicodedata.normalize("NFKD", text) if not "\u0300" <= each <= "\u036f")


def _select(
    wanted: Wanted, columns: str, limit: int, instead: str = "", instead_values: Sequence[Any] = ()
) -> tuple[str, Values]:
    """The newest that fit, or of which `instead` is so."""
    query, values = _query(wanted.terms, wanted.without)
    fits: list[tuple[str, Values]] = [("p.visible AND t.visible AND t.forum = ANY(%s)", [list(wanted.forums)])]
    if instead:
        fits.append((instead, [*instead_values]))
    elif wanted.terms or wanted.without:
        fits.append((f"p.tsv @@ {query}", values))
    if instead and wanted.without:
        but, but_values = _query((), wanted.without)
        fits.append((f"p.tsv @@ {but}", but_values))
    fits += [("p.author = %s", [wanted.author])] if wanted.author else []
    fits += [("t.thread = %s", [wanted.thread])] if wanted.thread else []
    fits += [("t.solved", [])] if wanted.solved else []
    fits += [("%s = ANY(t.tags)", [wanted.tag])] if wanted.tag else []
    fits += [("p.id >= %s", [wanted.first])] if wanted.first is not None else []
    fits += [("p.id <= %s", [wanted.last])] if wanted.last is not None else []
    sql = (
        f"SELECT {columns} FROM search_posts p JOIN search_threads t ON t.pk = p.thread "
        f"WHERE {' AND '.join(condition for condition, __ in fits)} ORDER BY p.id DESC LIMIT %s"
    )
    return sql, [*(value for __, each in fits for value in each), limit]


def _headline(column: str, query: str) -> str:
    text = f"translate({column}, '<>&', '{STAND_INS}')"
    return f"ts_headline('{postgres_schema.CONFIGURATION}', {text}, {query}, '{SNIPPET}')"


def _hit(row: tuple[Any, ...]) -> Hit:
    id_, thread, number, author, forum, title, snippet, solved = row
    as_written = (title.translate(_AS_WRITTEN), snippet.translate(_AS_WRITTEN))
    return Hit(id_, thread, number, author, forum, *as_written, solved)


# -- Rows -----------------------------------------------------------------------------------------


def _vector(title: str, text: str) -> Values:
    return [plain(" ".join(words_of(title))), plain(" ".join(words_of(text)))]


_CFG = postgres_schema.CONFIGURATION
_TSV = f"setweight(to_tsvector('{_CFG}', %s), 'A') || setweight(to_tsvector('{_CFG}', %s), 'B')"


def _store_threads(cursor: CursorWrapper, threads: Sequence[ThreadDoc]) -> None:
    cursor.execute(
        "SELECT thread, pk, title FROM search_threads WHERE thread = ANY(%s)", [[thread.id for thread in threads]]
    )
    kept = {thread: (pk, title) for thread, pk, title in cursor.fetchall()}
    # In one order everywhere, so that two who write the same threads do not wait for each other for ever.
    for thread in sorted(threads, key=lambda each: each.id):
        values: Values = [thread.id, thread.forum, thread.title, thread.visible, thread.solved, list(thread.tags)]
        cursor.execute(
            "INSERT INTO search_threads AS t (thread, forum, title, visible, solved, tags, seen, tsv) "
            f"VALUES (%s, %s, %s, %s, %s, %s, %s, {_TSV}) ON CONFLICT (thread) DO UPDATE SET "
            "forum = EXCLUDED.forum, title = EXCLUDED.title, visible = EXCLUDED.visible, solved = EXCLUDED.solved, "
            "tags = EXCLUDED.tags, seen = EXCLUDED.seen, tsv = EXCLUDED.tsv WHERE t.seen <= EXCLUDED.seen",
            [*values, thread.seen, *_vector(thread.title, "")],
        )
        pk, title = kept.get(thread.id, (0, thread.title))
        if cursor.rowcount and title != thread.title:
            _retitle(cursor, pk, thread.title)


def _retitle(cursor: CursorWrapper, thread: int, title: str) -> None:
    """The first post carries the title."""
    cursor.execute("SELECT id, text FROM search_posts WHERE thread = %s AND number = 1 AND visible", [thread])
    for id_, text in cursor.fetchall():
        sql = f"UPDATE search_posts SET title = %s, tsv = {_TSV} WHERE id = %s"
        cursor.execute(sql, [title, *_vector(title, text), id_])


def _store_posts(cursor: CursorWrapper, posts: Sequence[PostDoc]) -> None:
    names = list({post.thread for post in posts})
    cursor.execute("SELECT thread, pk, title FROM search_threads WHERE thread = ANY(%s)", [names])
    threads = {thread: (pk, title) for thread, pk, title in cursor.fetchall()}
    # In one order everywhere, so that two who write the same posts do not wait for each other for ever.
    there = sorted((post for post in posts if post.thread in threads), key=lambda post: (post.thread, post.number))
    if not there:
        return
    ids = _ids(cursor, [(threads[post.thread][0], post) for post in there])
    rows = [_row(post, *threads[post.thread], ids) for post in there]
    cursor.executemany(
        "INSERT INTO search_posts AS p (id, thread, number, author, revision, visible, title, text, seen, tsv) "
        f"VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, {_TSV}) ON CONFLICT (thread, number) DO UPDATE SET "
        "author = EXCLUDED.author, revision = EXCLUDED.revision, visible = EXCLUDED.visible, "
        "title = EXCLUDED.title, text = EXCLUDED.text, tsv = EXCLUDED.tsv, "
        "seen = greatest(p.seen, EXCLUDED.seen) WHERE p.revision <= EXCLUDED.revision",
        rows,
    )
    # What was read before another change is there still, and no more is to be said of it.
    seen = there[0].seen
    stored = [row[0] for row in rows]
    values: list[Any] = [seen, stored, seen]
    cursor.execute("UPDATE search_posts SET seen = %s WHERE id = ANY(%s) AND seen < %s", values)


def _row(post: PostDoc, pk: int, title: str, ids: dict[tuple[int, int], int]) -> Values:
    title = title if post.number == 1 and post.visible else ""
    fields = [post.number, post.author, post.revision, post.visible, title, post.text, post.seen]
    return [ids[(pk, post.number)], pk, *fields, *_vector(title, post.text)]


def _ids(cursor: CursorWrapper, posts: Sequence[tuple[int, PostDoc]]) -> dict[tuple[int, int], int]:
    """The number of each post: that which it has, or the first from its moment on that none has."""
    threads = list({thread for thread, __ in posts})
    numbers = list({post.number for __, post in posts})
    cursor.execute(
        "SELECT thread, number, id FROM search_posts WHERE thread = ANY(%s) AND number = ANY(%s)", [threads, numbers]
    )
    ids = {(thread, number): id_ for thread, number, id_ in cursor.fetchall()}
    new = [(thread, post) for thread, post in posts if (thread, post.number) not in ids]
    wanted = [at for __, post in new for at in range(post.at, post.at + 20)]
    cursor.execute("SELECT id FROM search_posts WHERE id = ANY(%s)", [wanted])
    taken = {row[0] for row in cursor.fetchall()}
    for thread, post in new:
        at = post.at
        while at in taken:
            at += 1
        taken.add(at)
        ids[(thread, post.number)] = at
    return ids


def _store_words(cursor: CursorWrapper, texts: Iterable[str]) -> None:
    words = {word for text in texts for word in words_of(text)}
    new: list[Any] = sorted(word for word in words if len(word) in WORD_LETTERS and word.isalpha())
    cursor.execute("INSERT INTO search_words (word) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING", [new])
