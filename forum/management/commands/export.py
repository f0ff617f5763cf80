"""`manage.py export`: all of a forum's data, or one forum's, into a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from forum.archive import belongings, exporting
from forum.archive.exporting import Export, Plan
from forum.archive.lines import Refused
from forum.errors import Unavailable
from forum.management import scanning
from forum.management.progress import Progress
from forum.tables import raw


class Command(BaseCommand):
    help = "Write all data, or one forum's, into a file of gzip JSON Lines. Stopped, it goes on when started again."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="such as community.jsonl.gz; it must not be there yet")
        parser.add_argument("--forum", default="", help="only this forum, with all that belongs to it")
        parser.add_argument(
            "--passwords", action="store_true", help="password hashes, second factors, tokens, webhooks"
        )
        scanning.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        segments, units = scanning.asked(options)
        plan = Plan(options["file"], options["forum"], options["passwords"], segments, units)
        try:
            export = exporting.begin(plan)
            progress = self.run_through(export)
            lost = export.belongings.lost_votes if export.belongings else 0
            exporting.finish(export)
            self.tell(export, progress, lost)
        except Refused as error:
            raise CommandError(str(error)) from error
        except Unavailable as error:
            raise CommandError(f"{error.message} Start it again when that is mended: it goes on.") from error
        except DatabaseError as error:
            raise CommandError(f"The database: {str(error).strip()}.") from error
        except OSError as error:
            raise CommandError(f"{error.filename or plan.target} cannot be written: {error.strerror}.") from error

    def run_through(self, export: Export) -> Progress:
        total = 0 if export.plan.forum else sum(map(raw.estimate, raw.TABLES))
        if export.done:
            self.stdout.write(f"Going on after {export.done:,} items.")
        progress = Progress(self, total, "items")
        for done in export.stages():
            progress.at(done)
        progress.end()
        return progress

    def tell(self, export: Export, progress: Progress, lost: int) -> None:
        counts = export.writer.counts
        size = export.plan.target.stat().st_size
        self.stdout.write(
            f"Wrote {counts[raw.POSTS]:,} posts of {counts[raw.THREADS]:,} threads and {counts['user']:,} members to "
            f"{export.plan.target} ({size:,} bytes) in {progress.seconds:.1f} s ({export.pace.units:,.0f} read units)."
        )
        if export.belongings:
            self.stdout.write(belongings.LEFT_OUT)
        if lost:
            self.stdout.write(f"Its polls count {lost:,} votes that no member has: of closed accounts, or taken back.")
