"""Finding: hits for one reader, "did you mean", similar threads.

Everything is asked of the forums that this reader may read, so that nothing of another is in any answer: no hit,
no suggestion that would find nothing else, no title. Nor is anything shown of a thread in which something was
written that is not indexed yet: it may just have been hidden, or moved to where the reader may not read.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from forum.cache import changed
from forum.models import User

from .backend import Hit, Similar, Wanted, Weighed, index
from .documents import moment
from .query import Query, Term, words_of

PER_PAGE = 20
RELEVANT, NEWEST = "relevance", "newest"
SORTS = (RELEVANT, NEWEST)
MOST_SIMILAR = 5

# A word in the title counts as much as so many in the text.
TITLE_WEIGHT = 4.0
# Of BM25, https://en.wikipedia.org/wiki/Okapi_BM25. Every result has every word, so how rare each is does not matter.
K, B, USUAL_LENGTH = 1.2, 0.6, 500
# Today's post counts for so much more than the oldest, and after so many days for half of that.
NEWS_WEIGHT = 0.35
HALF_DAYS = 365.0
MS_PER_DAY = 86_400_000

# Words that say nothing about what a thread is about.
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "a about all am an and any are as at be been but by can could did do does for from get had has have how i if "
        "in into is it its me my no not of on or our should so some than that the their them then there these they "
        "this to was we were what when where which who why will with without would you your",
    )
)


@dataclass(frozen=True, slots=True)
class Found:
    """A page of results. `more` says that there are others, from the cursor `before` on where the newest come first;
    `most` how many there are, at least, by relevance."""

    hits: list[Hit]
    more: bool = False
    before: int = 0
    most: int = 0


def wanted_of(query: Query, readable: Sequence[str], all_forums: Sequence[str]) -> Wanted | None:
    """The question to the index; None where nothing can fit, such as a forum that the reader may not read. One SQL
    query where an author is named."""
    forums = [name for name in readable if query.forum in ("", name)]
    if not forums or query.empty:
        return None
    author = member_of(query)
    if query.author and not author:
        return None
    return Wanted(
        forums=forums,
        hidden=[name for name in all_forums if name not in readable],
        terms=query.terms,
        without=query.without,
        author=author,
        thread=query.thread,
        tag=query.tag,
        solved=query.solved,
        first=moment(query.after) if query.after else None,
        last=moment(query.before) - 1 if query.before else None,
    )


def member_of(query: Query) -> str:
    """The id of the author that is named, "" where there is none of this name. One or two SQL queries."""
    found = User.objects.named(query.author) if query.author else None
    return str(found.pk) if found else ""


def find(wanted: Wanted, sort: str, page: int = 1, before: int = 0) -> Found:
    """A page of what fits: by relevance page 1, 2, 3 …, or the newest that are older than `before`."""
    if sort == NEWEST or not wanted.terms:
        return _newest(wanted, before)
    today = moment(datetime.now(UTC))
    weighed = sorted(index().weigh(wanted), key=lambda post: _score(post, today), reverse=True)
    start = (page - 1) * PER_PAGE
    ids = [each.id for each in weighed[start : start + PER_PAGE]]
    return Found(_hits(ids, wanted), more=len(weighed) > start + PER_PAGE, most=len(weighed))


def _newest(wanted: Wanted, before: int) -> Found:
    if before:
        last = before - 1 if wanted.last is None else min(wanted.last, before - 1)
        wanted = replace(wanted, last=last)
    ids = index().newest(wanted, PER_PAGE + 1)
    shown = ids[:PER_PAGE]
    return Found(_hits(shown, wanted), more=len(ids) > PER_PAGE, before=shown[-1] if shown else 0)


def _hits(ids: list[int], wanted: Wanted) -> list[Hit]:
    """One round trip."""
    hits = index().hits(ids, wanted) if ids else []
    unsettled = changed.unsettled(hit.thread for hit in hits)
    return [hit for hit in hits if hit.thread not in unsettled]


def _score(post: Weighed, today: int) -> float:
    hits = post.text_hits + TITLE_WEIGHT * post.title_hits
    norm = K * (1 - B + B * post.length / USUAL_LENGTH)
    # A post's number is its time.
    days = max(0, today - post.id) / MS_PER_DAY
    return hits * (K + 1) / (hits + norm) * (1 + NEWS_WEIGHT * math.pow(0.5, days / HALF_DAYS))


# -- Did you mean ---------------------------------------------------------------------------------

LIKE = 40
# So many suggestions are tried for each word, the most alike first.
TRIED = 4
LEAST_LETTERS = 4


def did_you_mean(query: Query, wanted: Wanted) -> str:
    """A query that found nothing with the words that may have been meant instead; "" where nothing is known that
    finds something for this reader."""
    changed = False
    terms: list[Term] = []
    for term in query.terms:
        words = []
        for word in term.words:
            better = "" if _finds(wanted, (Term((word,)),)) else _instead(wanted, word)
            words.append(better or word)
            changed = changed or bool(better)
        terms.append(Term(tuple(words)))
    if not changed or not _finds(wanted, tuple(terms)):
        return ""
    return str(replace(query, terms=tuple(terms)))


def _instead(wanted: Wanted, word: str) -> str:
    if len(word) < LEAST_LETTERS:
        return ""
    allowed = 1 if len(word) < 6 else 2
    near = [(distance(word, like, allowed), like) for like in index().words_like(word, LIKE)]
    for _, like in sorted(pair for pair in near if 0 < pair[0] <= allowed)[:TRIED]:
        if _finds(wanted, (Term((like,)),)):
            return like
    return ""


def _finds(wanted: Wanted, terms: tuple[Term, ...]) -> bool:
    return bool(index().newest(replace(wanted, terms=terms), 1))


def distance(one: str, other: str, most: int) -> int:
    """How many letters must be put in, left out, changed or swapped with their neighbour; `most` + 1 for more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, its in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != its))
            if i > 1 and j > 1 and letter == other[j - 2] and its == one[i - 2]:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return min(row[-1], most + 1)


# -- Similar threads ------------------------------------------------------------------------------


def similar(title: str, readable: Sequence[str]) -> list[Similar]:
    """Threads of these forums with titles like this one, the most alike first."""
    words = [word for word in dict.fromkeys(words_of(title)) if word not in _COMMON and len(word) > 1][:12]
    found = index().similar(words, readable, MOST_SIMILAR) if words and readable else []
    unsettled = changed.unsettled(each.id for each in found)
    return [each for each in found if each.id not in unsettled]
