"""`manage.py up`: the whole forum on this machine, with one command."""

import contextlib
import io
import os
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from forum.cache import intents
from forum.errors import Unavailable
from forum.local import engines, static, web, worker
from forum.local.process import Engine, EngineError

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# Settings that lead to data outside DATA_DIR.
ELSEWHERE = ("DATABASE_URL", "DYNAMODB_ENDPOINT_URL", "REDIS_CACHE_URL", "REDIS_SESSION_URL")

DEPLOYMENT = (
    "SECRET_KEY is set, which makes this a deployment: unset it to run locally, "
    "or serve with `gunicorn -c forum_site/gunicorn.conf.py forum_site.wsgi`."
)
THROW_AWAY = "This is a throw-away look: posts are in memory only, and nothing is kept when it stops."


class Command(BaseCommand):
    help = "Start the forum and everything it needs on this machine; Ctrl-C stops it, the data stays in DATA_DIR."
    # Some checks ask the stores, which only run once this command has started them.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (default 8000)")
        parser.add_argument("--workers", type=int, default=2, help="web server processes (default 2)")
        parser.add_argument("--empty", action="store_true", help="without the sample community")
        parser.add_argument("--reset", action="store_true", help="delete the local data first and start afresh")
        parser.add_argument(
            "--engine",
            choices=("dynoxide", "moto"),
            default="dynoxide",
            help="the local DynamoDB; moto is for a throw-away look: in memory, slow, forgets everything",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.LOCAL:
            raise CommandError(DEPLOYMENT)
        throw_away = options["engine"] == "moto"
        if throw_away and settings.DATA_DIR.name != "throw-away":
            start_anew(settings.DATA_DIR / "throw-away")
        if throw_away:
            self.say(THROW_AWAY)
        with interruptible(), sentences(), engines.hold(settings.DATA_DIR, throw_away=throw_away):
            self.serve(settings.DATA_DIR, options)
        self.say("Stopped.")

    def say(self, sentence: str) -> None:
        """Tell at once, also where the output is a file."""
        self.stdout.write(sentence)
        self.stdout.flush()

    def serve(self, directory: Path, options: dict[str, Any]) -> None:
        """Start everything in order and watch over it; ends by an exception, with everything stopped."""
        host, port, workers = options["host"], options["port"], options["workers"]
        moto = options["engine"] == "moto"
        web.take_over(directory)
        web.check_address(host, port)
        self.start_afresh(directory, reset=options["reset"] or moto)
        with engines.running(directory, moto=moto, say=self.say) as stores:
            self.prepare(stores)
            self.load_sample(directory, options["empty"])
            # Both write addresses of this site: in pages, and in mails.
            site = os.environ.get("SITE_URL", f"http://{web.address(host, port)}")
            environment = {**stores.environment, "SITE_URL": site}
            with (
                web.start(directory, host, port, workers=workers, environment=environment) as server,
                worker.start(directory, environment) as jobs,
            ):
                self.announce(server, directory)
                watch([server, jobs, *stores.ours()])

    def start_afresh(self, directory: Path, reset: bool) -> None:
        """Forget the local data when asked to, and when the sample community was loaded only half."""
        interrupted = first_run(directory) == "loading"
        if interrupted:
            self.say("Loading the sample community was interrupted last time: starting afresh.")
        if interrupted or reset:
            engines.forget(directory)
            for name in ELSEWHERE:
                if name in os.environ:
                    self.say(f"What {name} names is not touched.")

    def prepare(self, stores: engines.Engines) -> None:
        """Lead this process to the engines; then the database, the tables and the static files."""
        for name, url in stores.environment.items():
            os.environ[name] = url
            setattr(settings, name, url)
        call_command("migrate", interactive=False, verbosity=0)
        call_command("tables", "create", stdout=io.StringIO())
        # Pages that an earlier release rendered may look different from this one's.
        intents.invalidate_all()
        static.collect(settings.DATA_DIR)

    def load_sample(self, directory: Path, empty: bool) -> None:
        """On the first run, and only where there is no forum yet, load the sample community."""
        from forum.models import Forum

        if first_run(directory):
            return
        if empty or Forum.objects.exists():
            first_run(directory, "empty")
            return
        self.say("Loading the sample community (once).")
        first_run(directory, "loading")
        call_command("seed", stdout=self.stdout)
        first_run(directory, "sample")

    def announce(self, server: Engine, directory: Path) -> None:
        """Where it is, and who one can be there."""
        self.say(f"\nForumPosts runs on {server.url}/")
        if first_run(directory) == "sample":
            from forum.sample import SIGN_INS

            self.say("Sign in as")
            for name, password, what in SIGN_INS:
                self.say(f"  {name:<12} {password:<20} {what}")
        self.say("Ctrl-C stops it.\n")


def start_anew(directory: Path) -> NoReturn:
    """Replace this process by one that reads its settings anew, for an empty data directory of its own."""
    environment = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    os.execve(sys.executable, sys.orig_argv, environment | {"DATA_DIR": str(directory)})


def first_run(directory: Path, state: str = "") -> str:
    """What became of the first run ("", "loading", "sample" or "empty"), after noting `state` if given."""
    path = directory / "first-run"
    if state:
        path.write_text(state)
    return path.read_text() if path.exists() else ""


def watch(running: Sequence[Engine]) -> NoReturn:
    """Wait until a signal interrupts, or raise EngineError when one of them ends by itself."""
    ended = engines.first_to_end(running)
    assert ended.process is not None
    raise EngineError(f"{ended.name} stopped (status {ended.process.returncode}), and so everything was stopped.")


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """End the block quietly on Ctrl-C, SIGTERM or a closed terminal; more of them do not disturb the stopping.

    A closed terminal that whoever started us ignores (as `nohup` does) stays ignored.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        for each in STOPPING:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {each: signal.getsignal(each) for each in STOPPING}
    try:
        for each, handler in before.items():
            if each != signal.SIGHUP or handler is not signal.SIG_IGN:
                signal.signal(each, interrupt)
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextlib.contextmanager
def sentences() -> Iterator[None]:
    """What an operator can act on is told as a sentence, without a traceback."""
    try:
        yield
    except EngineError as error:
        raise CommandError(str(error)) from error
    except Unavailable as error:
        raise CommandError(f"DynamoDB at {settings.DYNAMODB_ENDPOINT_URL}: {error}") from error
    except DatabaseError as error:
        raise CommandError(f"The database: {' '.join(str(error).split())}") from error
    except OSError as error:
        raise CommandError(f"{error} (DATA_DIR is {settings.DATA_DIR})") from error
