"""The embedded DynamoDB: Dynoxide on a file, or moto in memory for a throw-away look."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from forum.local import install
from forum.local.ports import free_port, is_free, speaks_http
from forum.local.process import Engine, EngineError, Say, say_on_stderr, spawn, wait_until

HOST = "127.0.0.1"
USUAL_PORT = 8001
READY_SECONDS = 20.0


def start(directory: Path, *, in_memory: bool = False, say: Say = say_on_stderr) -> Engine:
    """Start Dynoxide, installed when missing, on `directory`/dynamodb.sqlite3.

    It takes the port it had before, else 8001, else a free one, and writes its URL into
    `directory`/dynamodb.url. With `in_memory` it takes a free port, writes nothing but a log, and
    any number may run on one directory. EngineError when it cannot be installed or does not answer.
    """
    binary = install.dynoxide(say)
    if in_memory:
        return _first(directory, [str(binary), "serve"], iter((free_port(), free_port())), lock=None)
    directory.mkdir(parents=True, exist_ok=True)
    command = [str(binary), "serve", "--db-path", str(directory / "dynamodb.sqlite3")]
    return _remembered(directory, _first(directory, command, _ports(directory), lock=directory / "dynamodb.lock"))


def start_moto(directory: Path) -> Engine:
    """Start moto's server, which keeps everything in memory and forgets it."""
    command = [sys.executable, "-m", "moto.server"]
    return _remembered(directory, _first(directory, command, _ports(directory), lock=directory / "dynamodb.lock"))


def _remembered(directory: Path, engine: Engine) -> Engine:
    """Leave the URL where the settings of other commands, and the next start, find it."""
    unfinished = directory / "dynamodb.url.new"
    unfinished.write_text(engine.url + "\n")
    unfinished.replace(directory / "dynamodb.url")
    return engine


def _ports(directory: Path) -> Iterator[int]:
    """Ports to try: the one before, so that URLs already given out stay right, the usual, a free one."""
    with contextlib.suppress(OSError, ValueError):
        yield int((directory / "dynamodb.url").read_text().rpartition(":")[2])
    yield USUAL_PORT
    yield free_port()


def _first(directory: Path, command: list[str], ports: Iterator[int], *, lock: Path | None) -> Engine:
    """The engine on the first port that is free, also when another takes it from under us."""
    for port in ports:
        if not is_free(HOST, port):
            continue
        try:
            return _launch(directory, [*command, "--host", HOST, "--port", str(port)], port, lock)
        except EngineError:
            if is_free(HOST, port):
                raise
    raise EngineError("No free port was found for the local DynamoDB: start again.")


def _launch(directory: Path, command: list[str], port: int, lock: Path | None) -> Engine:
    log = directory / "logs" / f"dynamodb{'' if lock else f'-{port}'}.log"
    engine = Engine("DynamoDB", f"http://{HOST}:{port}", spawn("DynamoDB", command, lock=lock, log=log))
    wait_until(lambda: speaks_http(HOST, port), engine, seconds=READY_SECONDS, log=log)
    return engine
