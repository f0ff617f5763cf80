"""What one run stands on: engines of its own, members and first threads, and real gunicorn servers."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.management import call_command
from django.test import Client

from forum.local import dynamodb, redis
from forum.local.ports import free_port, speaks_http
from forum.local.process import Engine, spawn, wait_until
from forum.models import User
from forum.tables import base, posts
from forum.tables.keys import Nonce

from .home import FORUM, populate
from .ledger import Version
from .writers import Scene, Writer

if TYPE_CHECKING:
    from .dax import Node

# How many posts the threads have at first: within a page, at its edge, beyond it.
LENGTHS = (1, 19, 41, 5, 24, 12)
READY_SECONDS = 60.0


class Site:
    """The engines of one run: a Redis for pages, one for sessions, and DynamoDB in memory."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.engines: dict[str, Engine] = {}
        self.ports: list[int] = []
        # Where lists went on before the forum was spread, as (list, path).
        self.cursors: list[tuple[str, str]] = []
        self.endpoint = ""
        self.dax: Node | None = None
        self.stack = ExitStack()
        self._starting: list[Callable[[], None]] = []

    def start_redis(self) -> None:
        """Start both servers, on the data that they left when they were killed."""
        for name in ("cache", "sessions"):
            self.engines[name] = redis.start(self.home / name)

    def kill_redis(self) -> None:
        for name in ("cache", "sessions"):
            process = self.engines[name].process
            assert process is not None
            process.kill()
            process.wait()

    def start_dynamodb(self) -> None:
        self.engines["dynamodb"] = dynamodb.start(self.home, in_memory=True)
        self.endpoint = settings.DYNAMODB_ENDPOINT_URL = self.engines["dynamodb"].url
        base.reset_connection()
        call_command("tables", "create", stdout=StringIO(), stderr=StringIO())

    def start_lag(self, seconds: float) -> None:
        """Put a lagging index between the servers that are started from now on and the engine."""
        port = free_port()
        command = [sys.executable, "-m", "bench.hammer.lag", str(port), self.endpoint.rpartition(":")[2], str(seconds)]
        self._start("lag", command, port, "/", {})
        self.endpoint = f"http://127.0.0.1:{port}"

    def start_dax(self) -> None:
        """Put a DAX of one node beside the engine, or beside the lagging index, for the servers started from now on."""
        # The client of DAX need not be installed where no mode wants it (requirements-dax.txt).
        from .dax import serving

        self.dax = self.stack.enter_context(serving(self.endpoint))

    def start_server(self, application: str, environment: Mapping[str, str]) -> None:
        """One more gunicorn, configured as the site's own."""
        port = free_port()
        command = [sys.executable, "-m", "gunicorn", "--config", str(settings.BASE_DIR / "forum_site/gunicorn.conf.py")]
        command += ["--pythonpath", str(settings.BASE_DIR), "--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
        command += ["--graceful-timeout", "1", application]
        places = {"DYNAMODB_ENDPOINT_URL": self.endpoint, "DAX_ENDPOINT_URL": self.dax.url if self.dax else ""}
        self._start(f"web-{port}", command, port, "/healthz", {**places, **environment})
        self.ports.append(port)

    def _start(self, name: str, command: list[str], port: int, path: str, environment: Mapping[str, str]) -> None:
        log = self.home / "logs" / f"{name}.log"
        process = spawn(name, command, log=log, environment={**os.environ, **environment})
        self.engines[name] = engine = Engine(name, f"http://127.0.0.1:{port}", process)

        def answers() -> bool:
            return speaks_http("127.0.0.1", port, path, seconds=5)

        self._starting.append(lambda: wait_until(answers, engine, seconds=READY_SECONDS, log=log))

    def wait(self) -> None:
        """Return once all that was started answers."""
        for answered in self._starting:
            answered()

    def stop(self) -> None:
        """All at once, and then wait for each: nobody needs the others any more."""
        for engine in self.engines.values():
            if engine.process:
                engine.process.terminate()
        for engine in self.engines.values():
            engine.stop()


@contextmanager
def running(home: Path) -> Iterator[Site]:
    """Empty engines with tables; whatever is started on them is stopped at the end."""
    site = Site(home)
    with site.stack:
        site.stack.callback(site.stop)
        for name in ("cache", "sessions"):
            shutil.rmtree(home / name, ignore_errors=True)
        site.start_redis()
        populate()
        site.start_dynamodb()
        yield site


def sign_in(names: Sequence[str]) -> list[str]:
    """The keys of new sessions of these members."""
    keys = []
    for name in names:
        client = Client()
        client.force_login(User.objects.get(username=name), backend=settings.AUTHENTICATION_BACKENDS[0])
        keys.append(client.cookies[settings.SESSION_COOKIE_NAME].value)
    return keys


def seed(scene: Scene, writers: Sequence[Writer], lengths: Sequence[int] = LENGTHS) -> None:
    """The first threads, by all writers in turn, before any page is read."""
    ids = {user.username: str(user.pk) for user in User.objects.all()}

    def done(*versions: Version) -> None:
        for version in versions:
            version.done = time.monotonic()

    for number, length in enumerate(lengths):
        writer = writers[number % len(writers)]
        title, text = writer.version(), writer.version()
        sent = writer.title(title), writer.body(text)
        head = posts.put_thread(FORUM, 1, ids[writer.name], *sent, Nonce.new())
        done(title, text)
        scene.ledger.add_thread(head.id, writer.name, title, text)
        scene.threads.append(head.id)
        writer.posts.append((head.id, 1))
        for reply in range(1, length):
            writer = writers[(number + reply) % len(writers)]
            text = writer.version()
            place = posts.put_reply(FORUM, head.id, ids[writer.name], writer.body(text), Nonce.new(), lambda _: None)[1]
            done(text)
            scene.ledger.add_post(head.id, place, writer.name, text)
            writer.posts.append((head.id, place))
