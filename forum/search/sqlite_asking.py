"""What is asked of FTS5, as SQL. Words are letters and digits in quotes, so nothing in them can mean anything."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from .backend import LOOKED_AT, OPEN, TITLED, Wanted
from .documents import ANY, author_facet, forum_facet, thread_facet
from .query import Term

MOST_ID = 2**63 - 1
# How many words with the same beginning are asked for.
MOST_BEGUN = 100

Phrases = dict[Term, str]


def match(wanted: Wanted, phrases: Phrases) -> str:
    """The question to FTS5. Words are letters and digits in quotes, so nothing in them can mean anything."""
    words = " AND ".join(phrases[term] for term in wanted.terms)
    where = [ANY] if not (words or wanted.author or wanted.thread) else []
    where += [author_facet(wanted.author)] if wanted.author else []
    where += [thread_facet(wanted.thread)] if wanted.thread else []
    where += [forum_facet(wanted.forums[0])] if len(wanted.forums) == 1 else []
    parts = [f"({{title text}} : ({words}))"] if words else []
    parts += [f"({{facets}} : {facet})" for facet in where]
    not_in = [f"({{facets}} : {forum_facet(name)})" for name in wanted.hidden] if len(wanted.forums) != 1 else []
    not_with = [f"({{title text}} : {phrases[term]})" for term in wanted.without]
    without = " OR ".join([*not_in, *not_with])
    match = " AND ".join(parts)
    return f"({match}) NOT ({without})" if without else match


def phrases(db: sqlite3.Connection, wanted: Wanted) -> Phrases:
    """How each term is asked for. FTS5 would gather all that has any word with a beginning before it shows the first,
    half a second for a common one; the words themselves it goes through like any other."""
    phrases = {}
    for term in (*wanted.terms, *wanted.without):
        phrase = f'"{" ".join(term.words)}"'
        if term.begins:
            [start] = term.words
            sql = "SELECT word FROM words WHERE word >= ? AND word < ? ORDER BY length(word) LIMIT ?"
            words = [row[0] for row in db.execute(sql, [start, f"{start}\U0010ffff", MOST_BEGUN])]
            phrase = f"({' OR '.join(_quoted([start, *words]))})" if words else f"{phrase} *"
        phrases[term] = phrase
    return phrases


def _quoted(words: Iterable[str]) -> list[str]:
    return [f'"{word}"' for word in dict.fromkeys(words)]


def select(wanted: Wanted, match: str, columns: str, limit: int) -> tuple[str, list[Any]]:
    """The newest that fit. What no facet says is asked of each match, and so only of the newest LOOKED_AT."""
    conditions: list[str] = ["found MATCH ?"]
    values: list[Any] = [match]
    more: list[tuple[str, list[Any]]] = []
    if wanted.first is not None:
        more.append(("f.rowid >= ?", [wanted.first]))
    if wanted.last is not None:
        more.append(("f.rowid <= ?", [wanted.last]))
    if wanted.solved or wanted.tag:
        newest = "SELECT rowid FROM found WHERE found MATCH ? AND rowid <= ? ORDER BY rowid DESC LIMIT ?"
        last = wanted.last if wanted.last is not None else MOST_ID
        more.append((f"f.rowid >= (SELECT min(rowid) FROM ({newest}))", [match, last, LOOKED_AT]))
    more.append((f"t.visible AND t.forum IN ({marks(wanted.forums)})", [*wanted.forums]))
    if wanted.solved:
        more.append(("t.solved", []))
    if wanted.tag:
        more.append(("instr(t.tags, ?)", [f" {wanted.tag} "]))
    for condition, its_values in more:
        conditions.append(condition)
        values += its_values
    sql = (
        f"SELECT {columns} FROM found f JOIN posts p ON p.id = f.rowid JOIN threads t ON t.pk = p.thread "
        f"WHERE {' AND '.join(conditions)} ORDER BY f.rowid DESC LIMIT ?"
    )
    return sql, [*values, limit]


def titled(wanted: Wanted, phrases: Phrases) -> tuple[str, list[Any]]:
    """First posts of the newest threads that have all the words in their titles. There are far fewer titles than
    posts, so these are asked by themselves; hits in the text are not counted."""
    fits: list[tuple[str, list[Any]]] = [
        ("titles MATCH ?", [" AND ".join(phrases[term] for term in wanted.terms)]),
        (f"p.visible AND t.visible AND t.forum IN ({marks(wanted.forums)})", [*wanted.forums]),
    ]
    fits += [("p.author = ?", [wanted.author])] if wanted.author else []
    fits += [("t.thread = ?", [wanted.thread])] if wanted.thread else []
    fits += [("t.solved", [])] if wanted.solved else []
    fits += [("instr(t.tags, ?)", [f" {wanted.tag} "])] if wanted.tag else []
    fits += [("p.id >= ?", [wanted.first])] if wanted.first is not None else []
    fits += [("p.id <= ?", [wanted.last])] if wanted.last is not None else []
    for term in wanted.without:
        has_it = "SELECT 1 FROM found WHERE found MATCH ? AND found.rowid = p.id"
        fits.append((f"NOT EXISTS ({has_it})", [f"{{title text}} : {phrases[term]}"]))
    hits = f"length(highlight(titles, 0, '{OPEN}', '')) - length(t.title)"
    sql = (
        f"SELECT p.id, {hits}, 0, length(p.text) FROM titles JOIN threads t ON t.pk = titles.rowid "
        "JOIN posts p ON p.thread = t.pk AND p.number = 1 "
        f"WHERE {' AND '.join(condition for condition, _ in fits)} ORDER BY titles.rowid DESC LIMIT ?"
    )
    return sql, [*(value for _, values in fits for value in values), TITLED]


def marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
