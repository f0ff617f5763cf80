"""All checks, one after the other, on what `reading` has read."""

from collections.abc import Iterator
from contextlib import closing

from forum.cache.intents import invalidating
from forum.errors import Conflict
from forum.journal import Journal
from forum.models import User
from forum.tables.base import Lost

from . import cases, forums, members, reading, threads
from .findings import Finding


def check(segments: int, units: float) -> Iterator[int | Finding]:
    """Read everything, saying now and then how many items were read; then what is found, as far as it still holds."""
    with closing(Journal("", reading.SCHEMA)) as journal:
        journal.set("closed", User.objects.filter(is_active=False).count())
        yield from reading.read(journal, segments, units)
        for part in (threads, members, forums, cases):
            for finding in part.findings(journal):
                if finding.still():
                    yield finding


def mend(finding: Finding) -> bool:
    """Put right what was found, and renew the pages that show it; False where that is not possible, or where it has
    changed since."""
    if finding.mend is None:
        return False
    try:
        with invalidating(*(finding.tags or ("site",))):
            finding.mend()
    except (Lost, Conflict):
        return False
    return True
