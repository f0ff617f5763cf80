"""An index by itself, filled by hand: in SQLite, or in the PostgreSQL that DATABASE_URL names."""

from collections.abc import Callable
from typing import Any

import pytest

from forum.search.backend import Index, index
from forum.search.documents import PostDoc, ThreadDoc

Fill = Callable[..., None]


@pytest.fixture
def an_index(db: None) -> Index:
    index().clear()
    return index()


@pytest.fixture
def fill(an_index: Index) -> Fill:
    """Store a thread with these texts as its posts, a second apart."""

    def filling(thread: str, *texts: str, forum: str = "aws", title: str = "", at: int = 1_000, **fields: Any) -> None:
        head = ThreadDoc(thread, forum, title, visible=True, seen=1, **fields)
        posts = [PostDoc(thread, n, "7", at + n * 1_000, 1, True, text, seen=1) for n, text in enumerate(texts, 1)]
        an_index.store([head], posts)

    return filling
