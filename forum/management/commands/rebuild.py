"""`manage.py rebuild search` makes the search index again from DynamoDB, `rebuild stats` members' numbers, and `rebuild
pulse` the rankings in Redis, and the totals of forums there and in DynamoDB."""

import math
import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from forum.actions import tallying
from forum.errors import Unavailable
from forum.management.progress import Progress
from forum.redis import Down
from forum.search import rebuilding
from forum.search.backend import index
from forum.search.rebuilding import Done
from forum.tables import reading_all


class Command(BaseCommand):
    help = (
        "Make the search index, the numbers on members' pages, or the rankings with the totals of forums again from "
        "what is stored."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["search", *tallying.COUNTERS])
        usual = min(4, os.cpu_count() or 1)
        parser.add_argument("--processes", type=int, default=usual, help=f"how many read at once (default {usual})")
        parser.add_argument("--units", type=float, default=0, help="at most so many read units a second (default: any)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["processes"] < 1:
            raise CommandError("--processes takes a number from 1.")
        if not 0 <= options["units"] < math.inf:
            raise CommandError("--units takes a number of read units a second, above 0.")
        try:
            if options["what"] in tallying.COUNTERS:
                self.count(options["what"])
            else:
                self.search(options["processes"], options["units"] or math.inf)
        except Down:
            raise CommandError("Redis does not answer. Start it again when it does: nothing is lost.") from None
        except Unavailable as error:
            raise CommandError(f"{error.message} Start it again when that is mended: nothing is lost.") from error
        except DatabaseError as error:
            raise CommandError(f"The database: {str(error).strip()}.") from error

    def search(self, processes: int, units: float) -> None:
        """The search index, from all posts."""
        index().prepare()
        progress, done = Progress(self, reading_all.estimate_posts()), Done()
        for done in rebuilding.rebuild(processes, units):
            progress.at(done.posts)
        progress.end()
        seconds = progress.seconds
        self.stdout.write(
            f"Indexed {done.posts:,} posts of {done.threads:,} threads in {seconds:.1f} s "
            f"({done.posts / max(seconds, 0.001):,.0f} posts/s, {done.read_units:,.0f} read units)."
        )

    def count(self, what: str) -> None:
        """Members' numbers, or the rankings with forums' totals, from all heads and posts."""
        progress, seen = Progress(self, reading_all.estimate_posts()), 0
        for seen in tallying.rebuild(what):
            progress.at(seen)
        progress.end()
        self.stdout.write(f"Counted {seen:,} threads and posts in {progress.seconds:.1f} s.")
