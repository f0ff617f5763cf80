"""What an index can do. Two do it: `sqlite` and `postgres`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from django.conf import settings

from .documents import PostDoc, ThreadDoc
from .query import Term

# Around a hit in a text; no text holds them (`documents.clean`).
OPEN, CLOSE = "\x02", "\x03"
# By relevance the newest so many are weighed, and beside them those that have the words in their titles: what a
# word costs must not grow with how many posts have it.
NEWEST, TITLED = 700, 300
# How many posts are looked at for one that fits what no facet says, such as a thread's tag.
LOOKED_AT = 20_000
# Which words may be what somebody meant; others are names, numbers and keys.
WORD_LETTERS = range(4, 25)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for, and where: only in `forums`, and not in those that `hidden` names, which together are all
    that there are. `first` and `last` are moments (`documents.moment`), both included."""

    forums: Sequence[str]
    hidden: Sequence[str] = ()
    terms: Sequence[Term] = ()
    without: Sequence[Term] = ()
    author: str = ""
    thread: str = ""
    tag: str = ""
    solved: bool = False
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Weighed:
    """A post that fits: how often the words stand in its title and in its text, and how long that is."""

    id: int
    title_hits: float
    text_hits: float
    length: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A post as the results show it; hits in `title` and `snippet` stand between OPEN and CLOSE."""

    id: int
    thread: str
    number: int
    author: str
    forum: str
    title: str
    snippet: str
    solved: bool = False


@dataclass(frozen=True, slots=True)
class Similar:
    """A thread with a title like the one asked for."""

    id: str
    forum: str
    title: str


class Index(Protocol):
    """An index. Unavailable where its database fails."""

    def prepare(self) -> None:
        """Make its tables where they are not there."""

    def store(self, threads: Iterable[ThreadDoc], posts: Iterable[PostDoc]) -> None:
        """Keep these, in one transaction, as far as nothing newer is kept. Posts come with their threads, or after."""

    def forums_of(self, thread_ids: Sequence[str]) -> dict[str, str]:
        """In which forum each of these threads was, as far as they are known."""

    def weigh(self, wanted: Wanted) -> list[Weighed]:
        """The newest posts that fit, and those with the words in their titles."""

    def newest(self, wanted: Wanted, limit: int) -> list[int]:
        """The newest posts that fit, newest first."""

    def hits(self, ids: Sequence[int], wanted: Wanted) -> list[Hit]:
        """These posts, in their order; those that cannot be read in `wanted.forums` any more are left out."""

    def words_like(self, word: str, limit: int) -> list[str]:
        """Words of any posts that share most with this one. Nobody may be shown one that finds nothing for them."""

    def similar(self, words: Sequence[str], forums: Sequence[str], limit: int) -> list[Similar]:
        """Threads that have some of these words in their titles, the most alike first."""

    def remove_unseen(self, before: int) -> int:
        """Forget what was last seen before this moment (`documents.now`); how many posts that were."""

    def optimize(self) -> None:
        """What makes asking faster after very much was stored."""

    def clear(self) -> None:
        """Forget everything."""

    def count(self) -> int:
        """How many posts are kept."""


@cache
def index() -> Index:
    """The index of this site, by DATABASE_URL."""
    if settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        from .postgres import PostgresIndex

        return PostgresIndex()
    from .sqlite import SqliteIndex

    return SqliteIndex(settings.SEARCH_FILE)
