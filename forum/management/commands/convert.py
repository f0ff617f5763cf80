"""`manage.py convert`: a dump of another forum's database as a file that `import` brings in."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from forum.archive import discourse, dumps, phpbb
from forum.archive.lines import Refused, Writer
from forum.archive.staging import Staged
from forum.management.progress import Progress
from forum.tables import raw

NEXT = "Now `manage.py import {}`, then `manage.py rebuild` with search, stats and pulse."


class Command(BaseCommand):
    help = "Make a file for `import` of a dump of Discourse's or phpBB's database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", choices=["discourse", "phpbb"])
        parser.add_argument("dump", type=Path, help="plain SQL, also gzipped, or Discourse's backup as it is")
        parser.add_argument(
            "--to", type=Path, metavar="FILE", help="what to write (default: the dump's name, .jsonl.gz)"
        )
        parser.add_argument("--prefix", default="phpbb_", help="what phpBB's tables' names begin with (default phpbb_)")
        parser.add_argument("--public", action="store_true", help="phpBB's forums are for everybody to read")

    def handle(self, *args: Any, **options: Any) -> None:
        dump: Path = options["dump"]
        target: Path = options["to"] or dump.with_name(f"{dump.name}.jsonl.gz")
        if target.exists():
            raise CommandError(f"{target} is there already: name another file, or remove it.")
        part = target.with_name(f"{target.name}.part")
        try:
            staged, writer = self.read(dump, options), Writer(part)
            self.write(staged, writer)
            os.replace(part, target)
        except Refused as error:
            part.unlink(missing_ok=True)
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{error.filename or target}: {error.strerror}.") from error
        self.tell(staged, writer, target)

    def read(self, dump: Path, options: dict[str, Any]) -> Staged:
        staged, progress = Staged(options["source"]), Progress(self, 0, "rows")
        with dumps.opened(dump) as file:
            if options["source"] == "discourse":
                rows = discourse.read(file, staged)
            else:
                rows = phpbb.read(file, staged, options["prefix"], options["public"])
            for count in rows:
                progress.at(count)
        progress.end()
        return staged

    def write(self, staged: Staged, writer: Writer) -> None:
        progress = Progress(self, 0, "items")
        for count in staged.write(writer):
            progress.at(count)
        writer.cut()
        writer.close()
        progress.end()

    def tell(self, staged: Staged, writer: Writer, target: Path) -> None:
        counts = writer.counts
        self.stdout.write(
            f"Wrote {counts[raw.POSTS]:,} posts of {counts[raw.THREADS]:,} threads in {counts['forum']:,} forums and "
            f"{counts['user']:,} members to {target}."
        )
        for what, count in sorted(staged.told.items()):
            if count:
                self.stdout.write(f"{count:,} {what}.")
        self.stdout.write("Nobody has a password: members ask for a new one by mail. Rights are given in the admin.")
        self.stdout.write(NEXT.format(target))
