"""What is a forum's: its totals."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial

from forum.actions import flushing
from forum.cache import tags
from forum.journal import Journal
from forum.redis import Down
from forum.tables import totals
from forum.tables.keys import forum_of
from forum.tables.tallies import POSTS, THREADS
from forum.tables.totals import NAMES, PARTITION, Totals

from .findings import Finding

# How many there are in each partition, of posts and heads that were mended already. A post is where its thread is, also
# before a job has taken it there.
_COUNTED = {
    POSTS: "SELECT COALESCE(h.partition, p.partition), COUNT(*) FROM posts p "
    "LEFT JOIN heads h ON h.id = p.id AND h.moved_to IS NULL WHERE p.status = 'visible' GROUP BY 1",
    THREADS: "SELECT partition, COUNT(*) FROM heads WHERE status = 'visible' GROUP BY 1",
}


def findings(journal: Journal) -> Iterator[Finding]:
    counts = _counts(journal)
    for forum, posts, threads, batch in list(journal.rows("SELECT forum, posts, threads, batch FROM totals")):
        seen, right = Totals(f"{PARTITION}{forum}", posts=posts, threads=threads, batch=batch), counts[forum]
        wrong = [f"{has} {name}, not {right[name]}" for name, has in seen.numbers.items() if has != right[name]]
        if wrong:
            sentence = f"its totals say {'; '.join(wrong)}"
            yield Finding(f"forum {forum}", sentence, partial(_still, seen), partial(_mend, seen, right), (tags.HOME,))


def _counts(journal: Journal) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(NAMES, 0))
    for name, query in _COUNTED.items():
        for partition, count in journal.rows(query):
            counts[forum_of(partition)][name] += count
    return counts


def _still(seen: Totals) -> bool:
    """Whether nothing was written in it since: what Redis has counted of that would be added now."""
    with suppress(Down):
        flushing.save()
        return totals.get_totals([seen.forum])[seen.forum].batch == seen.batch
    return False


def _mend(seen: Totals, right: Mapping[str, int]) -> None:
    with suppress(Down):
        flushing.correct(seen.forum, right, seen)
