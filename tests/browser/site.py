"""A real forum, started and stopped as its owner would: `manage.py up`, then Ctrl-C."""

import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path

from django.conf import settings

from forum.local.ports import free_port
from tests.processes import ROOT, bare_environment

START_SECONDS = 120
STOP_SECONDS = 30
RUNNING = "Ctrl-C stops it."


class Site:
    """A forum on a data directory and a port of its own, with the sample community or empty, and with these
    settings; what it says is kept in `output`."""

    def __init__(self, home: Path, *, sample: bool = False, **settings_of_its_own: str) -> None:
        self.home, self.sample, self.settings = home, sample, settings_of_its_own
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.output: list[str] = []
        self.process: subprocess.Popen[str] | None = None
        # An engine that this machine has installed already is not installed once more.
        (home / "engines").symlink_to(settings.DATA_DIR / "engines")

    @property
    def environment(self) -> dict[str, str]:
        return bare_environment(DATA_DIR=str(self.home), **self.settings)

    def start(self) -> None:
        """Returns once it says that it runs."""
        command = [sys.executable, "manage.py", "up", "--port", str(self.port)]
        command += [] if self.sample else ["--empty"]
        # A signal that is ignored here would be ignored there, too, and Ctrl-C would do nothing.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        finally:
            signal.signal(signal.SIGINT, before)
        self._wait_until_it_runs(self.process)

    def _wait_until_it_runs(self, process: "subprocess.Popen[str]") -> None:
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.output.clear()

        def listen() -> None:
            assert process.stdout is not None
            with process.stdout:
                for line in process.stdout:
                    self.output.append(line)
                    lines.put(line)
            lines.put("")

        threading.Thread(target=listen, daemon=True).start()
        while line := lines.get(timeout=START_SECONDS):
            if RUNNING in line:
                return
        raise AssertionError(f"The forum did not start:\n{''.join(self.output)}")

    def stop(self) -> None:
        """Ctrl-C; it must end by itself, cleanly."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        try:
            status = self.process.wait(STOP_SECONDS)
        finally:
            self.process.kill()
        said = "".join(self.output)
        assert status == 0, f"The forum ended with status {status}:\n{said}"
        assert said.endswith("Stopped.\n"), said
        assert "Traceback" not in said, said
