"""`manage.py work`: does the background jobs, one step after another, until it is told to stop."""

import logging
import signal
import time
from argparse import ArgumentParser
from collections.abc import Callable
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, close_old_connections, connections

from forum import jobs, mail, webhooks
from forum.actions import flushing, kinds, remembering, tokens
from forum.cache import units
from forum.errors import Unavailable
from forum.search import feeding

log = logging.getLogger(__name__)

# How often somebody with nothing to do looks for work, and how often what has expired is removed.
LOOK_SECONDS = 1.0
TIDY_SECONDS = 600.0
# How often mails that are due are looked for.
MAIL_SECONDS = 15.0
# The same, after their server could not be reached.
MAIL_PAUSE_SECONDS = 60.0
# How often it is saved when tokens were used.
SAVE_SECONDS = 30.0
# After the database has failed.
PAUSE_SECONDS = 5.0
# A signal is noticed within this time.
NOTICE_SECONDS = 0.2


class Command(BaseCommand):
    help = "Do the background jobs until SIGTERM or Ctrl-C, which let the step under way finish."
    # It starts beside the web server, which makes the checks.
    requires_system_checks = []

    stopping = False
    # When what has expired was last removed, when mails are looked for next, and when uses of tokens were saved.
    tidied = -TIDY_SECONDS
    mails_at = 0.0
    saved = 0.0

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="end when nothing waits any more (for cron)")

    def handle(self, *args: Any, **options: Any) -> None:
        before = {each: signal.signal(each, self.stop) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            self.work_once() if options["once"] else self.work_on()
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def say(self, sentence: str) -> None:
        """Tell at once, also where the output is a file."""
        self.stdout.write(sentence)
        self.stdout.flush()

    def work_once(self) -> None:
        """Until nothing waits. A job that rests, since a store is down, is left to the next time."""
        try:
            while not self.stopping and self.turn():
                pass
            kinds.tidy()
            mail.deliver(stopping=self.is_stopping)
            tokens.save_uses()
            flushing.save_if_due()
            webhooks.deliver(stopping=self.is_stopping)
        except (DatabaseError, OSError, Unavailable) as error:
            raise CommandError(f"It ended early: {sentence_of(error)}") from error
        self.say("Stopped." if self.stopping else "Nothing waits.")

    def work_on(self) -> None:
        self.say("Waiting for jobs.")
        steps = (self.tidy, self.mail, self.save, self.tell, self.turn)
        while not self.stopping:
            # Each is tried, whatever becomes of the others.
            worked = [self.attempt(step) for step in steps if not self.stopping]
            self.rest(0 if worked[-1:] == [True] else LOOK_SECONDS)
        self.say("Stopped. What is not finished goes on when a worker starts again.")

    def attempt(self, step: Callable[[], object]) -> object:
        """What a step says; None where it failed. A store that is down is waited for, a fault of ours is logged."""
        try:
            return step()
        except (DatabaseError, OSError, Unavailable) as error:
            self.stderr.write(f"{sentence_of(error)} Trying again in {PAUSE_SECONDS:.0f} seconds.")
            connections.close_all()
        except Exception:
            log.exception("A worker's step failed, and is tried again in %.0f seconds.", PAUSE_SECONDS)
        self.rest(PAUSE_SECONDS)
        return None

    def tidy(self) -> None:
        if time.monotonic() - self.tidied >= TIDY_SECONDS:
            self.tidied = time.monotonic()
            kinds.tidy()
            webhooks.tidy()

    def mail(self) -> None:
        if time.monotonic() >= self.mails_at:
            self.mails_at = time.monotonic() + MAIL_SECONDS
            if not mail.deliver(stopping=self.is_stopping):
                self.mails_at = time.monotonic() + MAIL_PAUSE_SECONDS

    def save(self) -> None:
        """What is kept in Redis first."""
        remembering.save_marks()
        remembering.read_notes()
        flushing.save_if_due()
        if time.monotonic() - self.saved >= SAVE_SECONDS:
            self.saved = time.monotonic()
            tokens.save_uses()

    def tell(self) -> int:
        return webhooks.deliver(stopping=self.is_stopping)

    def turn(self) -> bool:
        close_old_connections()
        worked = jobs.work(stopping=self.is_stopping)
        feeding.mend()
        if worked:
            # After some seconds of work, so not often.
            units.flush()
        return worked

    def is_stopping(self) -> bool:
        return self.stopping

    def rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self.stopping and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, NOTICE_SECONDS))


def sentence_of(error: Exception) -> str:
    """What went wrong as a sentence."""
    what = " ".join(str(error).split()).rstrip(".")
    return f"The database: {what}." if isinstance(error, DatabaseError) else f"{what}."
