"""The site's gunicorn serving the tiny site of `tests.fast.app`, and a client that sends bytes as they are."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from forum.local.ports import free_port, speaks_http
from tests.processes import ROOT, bare_environment

# What every page of the tiny site has; a request that names it is answered with 304.
ETAG = '"as-it-was"'

START_SECONDS = 20.0
STOP_SECONDS = 15.0
SECONDS = 15.0


@dataclass(frozen=True)
class Answer:
    """An answer as it came; the ordinary and the fast one are compared as `same`."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for each, value in self.headers if each == name), "")

    @property
    def way(self) -> str:
        return self.header("X-Way")

    @property
    def same(self) -> tuple[str, list[tuple[str, str]], bytes]:
        """Without what differs by the way, or by the second."""
        headers = [(name, "" if name in ("Date", "X-Way") else value) for name, value in self.headers]
        return self.status, headers, self.body


class Client:
    """One connection."""

    def __init__(self, port: int, receive_buffer: int = 0) -> None:
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(SECONDS)
        self.socket.connect(("127.0.0.1", port))
        self.unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def get(self, target: str, *lines: str) -> Answer:
        self.send(get(target, *lines))
        return self.answer()

    def answer(self, *, with_body: bool = True) -> Answer:
        while b"\r\n\r\n" not in self.unread:
            self._receive()
        head, _, self.unread = self.unread.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
        length = next((int(value) for name, value in headers if name == "Content-Length" and with_body), 0)
        while len(self.unread) < length:
            self._receive()
        body, self.unread = self.unread[:length], self.unread[length:]
        return Answer(status, headers, body)

    def _receive(self) -> None:
        data = self.socket.recv(1 << 20)
        if not data:
            raise EOFError(f"The server hung up after {self.unread!r}.")
        self.unread += data

    def to_the_end(self) -> bytes:
        """All that comes until the server hangs up."""
        with contextlib.suppress(ConnectionResetError):
            while data := self.socket.recv(1 << 20):
                self.unread += data
        return self.unread

    def is_closed(self) -> bool:
        """Whether the server hung up, without waiting for it."""
        self.socket.setblocking(False)
        try:
            return self.socket.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            self.socket.settimeout(SECONDS)


def get(target: str, *lines: str) -> bytes:
    return "\r\n".join([f"GET {target} HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""]).encode("latin-1")


class Server:
    """A gunicorn with the site's configuration, and what it logs."""

    def __init__(self, home: Path, *options: str, app: str = "application", **environment: str) -> None:
        self.port = free_port()
        # Then gunicorn's own reader says what is asked, and the front may answer whatever that takes for a plain GET.
        self.through_wsgi = environment.get("FAST_PATH") == "wsgi"
        self.output = home / f"{self.port}.log"
        command = [sys.executable, "-m", "gunicorn", "--config", "forum_site/gunicorn.conf.py"]
        command += ["--bind", f"127.0.0.1:{self.port}", "--workers", "1"]
        # A process that is told to stop while it starts does not hear it, and is waited for.
        command += ["--graceful-timeout", "5", *options]
        own = {"FORUM_EMBEDDED": "1", "DATA_DIR": str(home), "DJANGO_SETTINGS_MODULE": "forum_site.settings"}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, f"tests.fast.app:{app}"],
                cwd=ROOT,
                env=bare_environment(**own, **environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        eventually(lambda: self.answers or self.process.poll() is not None, START_SECONDS)
        if not self.answers:
            self.stop()
            raise AssertionError(f"gunicorn did not start:\n{self.said}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop(signal.SIGINT)

    @property
    def answers(self) -> bool:
        return speaks_http("127.0.0.1", self.port)

    @property
    def said(self) -> str:
        return self.output.read_text()

    def client(self, receive_buffer: int = 0) -> Client:
        return Client(self.port, receive_buffer)

    def get(self, target: str, *lines: str) -> Answer:
        with self.client() as client:
            return client.get(target, *lines)

    def exchange(self, data: bytes) -> bytes:
        """All that a connection answers to these bytes, and nothing after them."""
        with self.client() as client:
            client.send(data)
            client.socket.shutdown(socket.SHUT_WR)
            return client.to_the_end()

    def stop(self, number: int = signal.SIGTERM) -> None:
        """SIGTERM lets it finish what it began, SIGINT does not."""
        self.process.send_signal(number)
        try:
            self.process.wait(STOP_SECONDS)
        finally:
            self.process.kill()
            self.process.wait()


def eventually(holds: Callable[[], bool], seconds: float = SECONDS) -> bool:
    """Whether something becomes true in time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
