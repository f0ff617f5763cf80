"""`manage.py seed`: load a sample community of any size."""

import random
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from forum.actions import seeding, tallying
from forum.cache.intents import invalidate_all
from forum.errors import Unavailable
from forum.management.progress import Progress
from forum.sample import DEFAULTS, Community, community

REDIS_DOWN = "Redis does not answer, so pages could not be renewed afterwards: nothing was loaded."


class Command(BaseCommand):
    help = "Load a sample community. Loading again adds threads; forums and members are used again."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        sizes = (
            ("--threads", DEFAULTS["threads"], "how many threads"),
            ("--posts", DEFAULTS["posts"], "how many posts in all"),
            ("--users", DEFAULTS["users"], "how many members"),
        )
        for name, usual, what in sizes:
            parser.add_argument(name, type=int, default=usual, help=f"{what} (default {usual:,})")
        parser.add_argument(
            "--seed", type=int, help=f"the same number makes the same community (default {DEFAULTS['seed']}, then any)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            invalidate_all()
        except Unavailable as error:
            raise CommandError(REDIS_DOWN) from error
        try:
            self.load(self.community(**options))
        except Unavailable as error:
            raise CommandError(error.message) from error
        except DatabaseError as error:
            raise CommandError(f"The database: {str(error).strip()} (is `manage.py migrate` done?).") from error
        except ValueError as error:
            reason = str(error)
            raise CommandError(f"{reason[:1].upper()}{reason[1:].rstrip('.')}.") from error

    def community(self, threads: int, posts: int, users: int, seed: int | None, **_: Any) -> Community:
        """The community asked for; a second one, unless told otherwise, is another one."""
        if seed is None:
            seed = DEFAULTS["seed"] if seeding.is_empty() else random.randrange(2, 1_000_000)
        return community(threads, posts, users, seed)

    def load(self, community: Community) -> None:
        posts, threads = community.post_count, community.thread_count
        progress = Progress(self, posts)
        for stored in seeding.load(community):
            progress.at(posts * stored / (posts + threads))
        progress.end()
        seconds = progress.seconds
        for _ in tallying.rebuild("stats", "pulse"):
            pass
        self.stdout.write(
            f"Loaded {posts:,} posts in {threads:,} threads by {len(community.users):,} members "
            f"in {seconds:.1f} s ({posts / max(seconds, 0.001):,.0f} posts/s; seed {community.seed})."
        )
