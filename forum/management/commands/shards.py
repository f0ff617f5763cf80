"""`manage.py shards`: over how many partitions a forum's new threads are spread, and what that costs its readers."""

from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from forum import links
from forum.actions import defining
from forum.errors import Unavailable
from forum.links import THREADS_PER_PAGE
from forum.models import Forum
from forum.tables import base, posts, threads
from forum.tables.keys import MAX_SHARDS


class Command(BaseCommand):
    help = "Show the shards of all forums, or raise those of one, while everybody goes on posting."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("forum", nargs="?", help="the forum's short name; without it all are shown")
        parser.add_argument("shards", nargs="?", type=int, help="how many partitions take its new threads")
        parser.add_argument("--dry-run", action="store_true", help="only say what a page would cost")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["forum"] is None:
                return self._show()
            self._raise(_forum(options["forum"]), options["shards"], options["dry_run"])
        except Unavailable as error:
            raise CommandError(f"{error.message} Nothing was changed.") from error
        except DatabaseError as error:
            raise CommandError(f"The database: {str(error).strip().rstrip('.')}.") from error

    def _show(self) -> None:
        for forum in Forum.objects.all():
            self.stdout.write(f"{forum.name}: {_counted(forum.shards)}")

    def _raise(self, forum: Forum, shards: int | None, dry_run: bool) -> None:
        before = forum.shards
        if shards is None:
            raise CommandError(f"Say how many shards {forum.name} is to have; it has {before}.")
        if not 1 <= shards <= MAX_SHARDS:
            raise CommandError(f"A forum has 1 to {MAX_SHARDS:,} shards, not {shards:,}.")
        if shards < before:
            raise CommandError(
                f"{forum.name} has {_counted(before)}, which can be added but not taken away: "
                "threads on them would no longer be found."
            )
        # What cannot be asked of all shards is no forum to be made of them.
        costs = [(what, _cost(read, before), _cost(read, shards)) for what, read in _pages(forum.name)]
        changed = not dry_run and defining.spread_forum(forum.name, shards)
        self.stdout.write(_outcome(forum.name, before, shards, changed))
        for what, then, now in costs:
            self.stdout.write(f"  {what}, when nothing is kept of it: {then} before, {now} now")


def _forum(name: str) -> Forum:
    found = Forum.objects.filter(name=name).first()
    if found is None:
        names = ", ".join(Forum.objects.values_list("name", flat=True)) or "none"
        raise CommandError(f"There is no forum {name}; there are {names}.")
    return found


def _outcome(name: str, before: int, shards: int, changed: bool) -> str:
    if changed:
        return f"{name} is spread over {_counted(shards)} from now on, and its {before} go on."
    if before == shards:
        return f"{name} has {_counted(shards)} already."
    return f"{name} would go from {before} to {shards}."


def _counted(shards: int) -> str:
    return f"{shards} shard{'s' if shards > 1 else ''}"


def _pages(name: str) -> Iterator[tuple[str, Callable[[int], object]]]:
    yield "threads by activity", lambda shards: threads.list_by_activity(name, shards, THREADS_PER_PAGE + 1)
    yield "newest posts", lambda shards: posts.list_of_forum(name, shards, links.POSTS_PER_PAGE + 1)


def _cost(read: Callable[[int], object], shards: int) -> str:
    """What DynamoDB is asked for, of the forum as it is."""
    with base.counting(scans_allowed=False) as ledger:
        read(shards)
    return f"{len(ledger.calls)} call{'s' if len(ledger.calls) > 1 else ''} and {ledger.read_units:g} read units"
