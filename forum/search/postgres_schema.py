"""The tables of the index in PostgreSQL. Of another VERSION than this they are thrown away, and have to be filled
again by `manage.py rebuild search`."""

from contextlib import suppress

from django.db import DatabaseError, transaction
from django.db.backends.utils import CursorWrapper

VERSION = "1"
CONFIGURATION = "search_words"
# Nobody else makes tables meanwhile; any number that no other lock of the database has.
_LOCK = 5_214_077

# As "english", but no word is left out: "the who" is a band.
_TABLES = f"""
CREATE TEXT SEARCH DICTIONARY search_stem (TEMPLATE = snowball, LANGUAGE = english);
CREATE TEXT SEARCH CONFIGURATION {CONFIGURATION} (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION {CONFIGURATION} ALTER MAPPING FOR asciiword, word WITH search_stem;
CREATE TABLE search_threads (
    pk bigserial PRIMARY KEY,
    thread text NOT NULL UNIQUE,
    forum text NOT NULL,
    title text NOT NULL,
    visible boolean NOT NULL,
    solved boolean NOT NULL,
    tags text[] NOT NULL,
    seen bigint NOT NULL,
    tsv tsvector NOT NULL
);
CREATE TABLE search_posts (
    id bigint PRIMARY KEY,
    thread bigint NOT NULL,
    number integer NOT NULL,
    author text NOT NULL,
    revision integer NOT NULL,
    visible boolean NOT NULL,
    title text NOT NULL,
    text text NOT NULL,
    seen bigint NOT NULL,
    tsv tsvector NOT NULL,
    UNIQUE (thread, number)
);
CREATE TABLE search_words (word text PRIMARY KEY);
CREATE INDEX search_posts_tsv ON search_posts USING gin (tsv);
CREATE INDEX search_posts_author ON search_posts (author, id DESC);
CREATE INDEX search_threads_tsv ON search_threads USING gin (tsv);
COMMENT ON TABLE search_posts IS '{VERSION}';
"""


def ensure(cursor: CursorWrapper) -> None:
    """Make the tables where they are not there."""
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    cursor.execute("SELECT obj_description(to_regclass('search_posts'))")
    if cursor.fetchone()[0] == VERSION:
        return
    cursor.execute("DROP TABLE IF EXISTS search_posts, search_threads, search_words")
    cursor.execute(f"DROP TEXT SEARCH CONFIGURATION IF EXISTS {CONFIGURATION}")
    cursor.execute("DROP TEXT SEARCH DICTIONARY IF EXISTS search_stem")
    cursor.execute(_TABLES)
    # Only who may make extensions gets the better suggestions.
    with suppress(DatabaseError), transaction.atomic():
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        cursor.execute("CREATE INDEX search_words_like ON search_words USING gin (word gin_trgm_ops)")
