"""`manage.py up` from the outside: it serves, it is killed, it serves again, it stops; or it says why not."""

import http.client
import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as real
from django.core.management import CommandError, call_command

from forum.local import dynamodb, engines, install, redis
from forum.local.ports import free_port
from forum.local.process import EngineError, parent_of
from forum.management.commands.up import ELSEWHERE, Command, watch
from tests.processes import PATIENT

START_SECONDS = 60


class Up:
    """One `manage.py up` on a data directory of its own, as a newcomer starts it."""

    def __init__(self, directory: Path, port: int, *options: str) -> None:
        self.port = port
        self.output = directory.parent / "output"
        environment = {name: value for name, value in os.environ.items() if name not in (*ELSEWHERE, "SECRET_KEY")}
        # What the tests installed is on PATH, so that a new data directory need not install it again.
        environment["PATH"] = f"{install.dynoxide(print).parent}{os.pathsep}{environment['PATH']}"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", str(port), "--workers", "1", *options],
                cwd=real.BASE_DIR,
                env=environment | PATIENT | {"DATA_DIR": str(directory)},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def said(self) -> str:
        return self.output.read_text()

    def wait_for(self, sentence: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while sentence not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.02)

    def status_of(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()

    def send(self, number: signal.Signals) -> int:
        """Send a signal and return the status the command ends with."""
        self.process.send_signal(number)
        return self.process.wait(30)


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[..., Up]]:
    """Start `up` on one directory, again and again; what still runs at the end is stopped."""
    started: list[Up] = []
    port = free_port()

    def begin(*options: str) -> Up:
        started.append(Up(tmp_path / "data", port, *options))
        return started[-1]

    yield begin
    for up in started:
        if up.process.poll() is None:
            up.send(signal.SIGTERM)


def children_of(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = (line.split() for line in listed.splitlines())
    return [int(child) for child, parent in pairs if int(parent) == pid]


def site_url_of(pid: int) -> str:
    """What a process was told about where the site is."""
    environment = Path("/proc", str(pid), "environ").read_text().split("\0")
    return next((line.partition("=")[2] for line in environment if line.startswith("SITE_URL=")), "")


def test_it_serves_survives_kill_9_and_stops_on_ctrl_c(start):
    first = start("--empty")
    first.wait_for(f"ForumPosts runs on http://127.0.0.1:{first.port}/")
    assert first.status_of("/") == 200
    first.send(signal.SIGKILL)

    second = start("--empty")
    second.wait_for("ForumPosts runs on")
    assert second.status_of("/") == 200
    children = children_of(second.process.pid)
    assert len(children) == 4
    # Mails come from the worker.
    told = [site_url_of(child) for child in children]
    assert told.count(f"http://127.0.0.1:{second.port}") == 2, "the web server and the worker"
    assert second.send(signal.SIGINT) == 0
    assert second.said().endswith("Stopped.\n")
    assert "Traceback" not in second.said()
    assert not any(parent_of(pid) for pid in children)


def test_when_one_part_dies_the_rest_is_stopped_with_a_sentence(tmp_path):
    with redis.start(tmp_path) as dying, dynamodb.start(tmp_path) as lasting:
        os.kill(dying.pid, signal.SIGKILL)
        with pytest.raises(EngineError, match=r"^Redis stopped \(status -9\), and so everything was stopped\.$"):
            watch([lasting, dying])


def test_a_second_up_on_the_same_data_is_refused(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    refused = rf"^`manage.py up` is already running on {tmp_path} \(process {os.getpid()}\)\.$"
    with engines.hold(tmp_path), pytest.raises(CommandError, match=refused):
        call_command("up")


def test_a_port_in_use_is_told_before_anything_starts(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"^Port {port} on 127.0.0.1 is in use by another program: .*--port"):
            call_command("up", port=port)
    assert {path.name for path in tmp_path.iterdir()} == {"up.lock", "web.lock"}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"port": 70000}, "There is no port 70000"),
        ({"host": "192.0.2.1"}, "192.0.2.1:8000 cannot be listened on"),
        ({"host": "no.such.host.invalid"}, "no.such.host.invalid:8000 cannot be listened on"),
    ],
)
def test_an_address_that_cannot_be_had_is_told(tmp_path, settings, options, sentence):
    settings.DATA_DIR = tmp_path
    with pytest.raises(CommandError, match=sentence):
        call_command("up", **options)


def test_a_deployment_is_sent_to_gunicorn(settings):
    settings.LOCAL = False
    with pytest.raises(CommandError, match="SECRET_KEY is set, which makes this a deployment"):
        call_command("up")


def test_an_interrupted_sample_is_loaded_afresh(tmp_path, monkeypatch):
    for name in ELSEWHERE:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "first-run").write_text("loading")
    (tmp_path / "forum.sqlite3").write_text("half of it")
    said = io.StringIO()
    Command(stdout=said).start_afresh(tmp_path, reset=False)
    assert said.getvalue() == "Loading the sample community was interrupted last time: starting afresh.\n"
    assert not list(tmp_path.iterdir())


def test_data_elsewhere_is_not_reset_and_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://somewhere/forum")
    said = io.StringIO()
    Command(stdout=said).start_afresh(tmp_path, reset=True)
    assert "What DATABASE_URL names is not touched." in said.getvalue()


def test_the_web_server_does_not_start_without_the_settings_of_a_deployment(tmp_path):
    def ended(**environment: str) -> str:
        command = [sys.executable, "-m", "gunicorn", "-c", "forum_site/gunicorn.conf.py", "forum_site.wsgi"]
        plain = {name: value for name, value in os.environ.items() if name not in (*ELSEWHERE, "FORUM_EMBEDDED")}
        plain |= {"DATA_DIR": str(tmp_path), "PORT": str(free_port())}
        ran = subprocess.run(
            command, cwd=real.BASE_DIR, env=plain | environment, capture_output=True, text=True, timeout=30, check=False
        )
        assert ran.returncode == 1
        assert "Traceback" not in ran.stderr
        return ran.stderr

    assert "SECRET_KEY is not set: set it to serve in public" in ended()
    assert "security.W009" in ended(SECRET_KEY="weak")
