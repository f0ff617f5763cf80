"""`manage.py import`: what `export` or `convert` has written, into this forum."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from forum.archive import importing
from forum.archive.importing import State
from forum.archive.lines import Refused
from forum.cache.intents import invalidate_all
from forum.errors import Unavailable
from forum.management.progress import Progress

NEXT = (
    "Now `manage.py rebuild search` makes it found, `manage.py rebuild pulse` ranks it, and `manage.py check-data` "
    "says whether all fits together."
)


class Command(BaseCommand):
    help = "Bring in a file of `export` or `convert`. All of it is checked first; what is here already stays as it is."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--check", action="store_true", help="only check the file: write nothing")
        parser.add_argument("--incomplete", action="store_true", help="take threads with gaps, too, as they are")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        try:
            state = State.of(file)
            if not state.lines:
                self.look_at(file, state, whole=not options["incomplete"])
            if not options["check"]:
                # Without Redis pages could not be renewed afterwards.
                invalidate_all()
                self.bring_in(file, state)
        except Refused as error:
            raise CommandError(str(error)) from error
        except Unavailable as error:
            raise CommandError(f"{error.message} Start it again when that is mended: it goes on.") from error
        except DatabaseError as error:
            raise CommandError(f"The database: {str(error).strip()} (is `manage.py migrate` done?).") from error
        except OSError as error:
            raise CommandError(f"{error.filename or file}: {error.strerror}.") from error

    def look_at(self, file: Path, state: State, whole: bool) -> None:
        progress, number = Progress(self, 0, "lines checked"), 0
        for number in importing.check(file, whole):
            progress.at(number)
        progress.end()
        state.total = number
        self.stdout.write(f"{file} is in order.")

    def bring_in(self, file: Path, state: State) -> None:
        if state.lines:
            self.stdout.write(f"Going on after line {state.lines:,}.")
        progress = Progress(self, state.total, "lines")
        for number in importing.bring_in(file, state):
            progress.at(number)
        progress.end()
        self.stdout.write(f"Brought in {state.lines:,} lines in {progress.seconds:.1f} s; {state.same:,} were here.")
        self.stdout.write(NEXT)
        if state.differ:
            some = "; ".join(state.differing)
            raise CommandError(f"{state.differ:,} items are here with other content, and stay as they are: {some}.")
