"""`manage.py check-data`: whether all that is stored fits together, and `--fix` what does not."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from forum.errors import Unavailable
from forum.integrity import checking
from forum.integrity.findings import Finding
from forum.management import scanning
from forum.management.progress import Progress
from forum.tables import raw


class Command(BaseCommand):
    help = "Read all tables and say what does not fit together (then exit 1). Posts may be written meanwhile."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fix", action="store_true", help="put right what can be, and say what cannot")
        scanning.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        segments, units = scanning.asked(options)
        try:
            left = self.look(segments, units, options["fix"])
        except Unavailable as error:
            raise CommandError(f"{error.message} Start it again when that is mended.") from error
        except DatabaseError as error:
            raise CommandError(f"The database: {str(error).strip()}.") from error
        if left:
            sys.exit(1)

    def look(self, segments: int, units: float, fix: bool) -> int:
        """How much there is that does not fit together, and is left so."""
        progress = Progress(self, sum(map(raw.estimate, raw.TABLES)), "items")
        done = found = mended = 0
        for each in checking.check(segments, units):
            if isinstance(each, Finding):
                found += 1
                mended += self.tell(each, fix)
            else:
                done = each
                progress.at(done)
        progress.end()
        if not found:
            self.stdout.write(f"All of {done:,} items fit together.")
        elif fix:
            self.stdout.write(f"Of {found:,} things that did not fit together {mended:,} are put right.")
        else:
            self.stdout.write(f"{found:,} things do not fit together; --fix puts right what can be.")
        return found - mended

    def tell(self, finding: Finding, fix: bool) -> bool:
        """Say what was found, and whether it was put right."""
        done = fix and checking.mend(finding)
        cannot = "cannot be put right here" if finding.mend is None else "has changed since: run this again"
        self.stdout.write(f"{finding}{'' if not fix else ' (put right)' if done else f' ({cannot})'}")
        return done
