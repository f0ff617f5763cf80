"""A child process that serves something: started once per directory, awaited, and always stopped.

A lock file is inherited by the child, so that it is held exactly as long as the child lives, even
when whoever started it was killed. It contains the child's process id and its owner's.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

Say = Callable[[str], object]

STOP_SECONDS = 10.0
ORPHAN_GRACE_SECONDS = 0.3


class EngineError(Exception):
    """Something an operator can act on; the message is one sentence that says what."""


def say_on_stderr(sentence: str) -> None:
    """Where progress goes unless the caller has a better place."""
    sys.stderr.write(sentence + "\n")


@dataclass
class Engine:
    """Something that answers at `url`; `process` is None when it was not started by us."""

    name: str
    url: str
    process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    def stop(self) -> None:
        """End the process and wait for it; does nothing the second time, or for another's engine."""
        if self.process:
            end(self.process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def end(process: subprocess.Popen[bytes], seconds: float = STOP_SECONDS) -> None:
    """Ask `process` to stop, and kill it when it has not within `seconds`."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def spawn(
    name: str,
    command: Sequence[str],
    *,
    lock: Path | None = None,
    log: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, so that the terminal's Ctrl-C reaches only its owner.

    Its output goes to `log` (to the terminal when None). With `lock` it is the only one of its kind
    there: EngineError when another live owner's child has it; an orphan is stopped first.
    """
    held = claim(lock, name) if lock else None
    try:
        with _output(log) as output:
            process = subprocess.Popen(
                [*_dies_with_parent(), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                env=environment,
                pass_fds=() if held is None else (held,),
                start_new_session=True,
            )
        if held is not None:
            os.write(held, f"{process.pid} {os.getpid()}".encode())
        return process
    finally:
        if held is not None:
            os.close(held)


@contextlib.contextmanager
def _output(log: Path | None) -> Iterator[IO[bytes] | None]:
    """The log of this start (the one before is overwritten, so that it cannot grow for ever)."""
    if log is None:
        yield None
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        yield file


def _dies_with_parent() -> list[str]:
    """A prefix that has the kernel end the child when its parent is killed, where there is one.

    Parent means the thread that started it, which is therefore best the main thread.
    Elsewhere a killed parent leaves an orphan behind, which the next start on the directory stops.
    """
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []


def claim(path: Path, name: str) -> int:
    """Take the lock at `path` and return its descriptor, empty; stops an orphan that still has it.

    EngineError when a process whose owner is alive has it, or an orphan that cannot be stopped.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _wait_for_orphan(descriptor, path, name)
    except BaseException:
        os.close(descriptor)
        raise
    os.ftruncate(descriptor, 0)
    return descriptor


def _wait_for_orphan(descriptor: int, path: Path, name: str) -> None:
    """Return once the lock is ours. An orphan is given a moment to end by itself, then is ended."""
    started = time.monotonic()
    signals = iter((signal.SIGTERM, signal.SIGKILL))
    next_signal = started + ORPHAN_GRACE_SECONDS
    while not try_lock(descriptor):
        pid, owner = _holder(path)
        if pid and parent_of(pid) == owner:
            raise EngineError(f"{name} is already running on {path.parent} (process {pid}).")
        if time.monotonic() > next_signal:
            sent = next(signals, None)
            if sent is None:
                raise EngineError(f"An earlier {name} (process {pid}) still holds {path} and does not stop: end it.")
            if pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, sent)
            next_signal = time.monotonic() + STOP_SECONDS / 2
        time.sleep(0.01)


def try_lock(descriptor: int) -> bool:
    """Take the exclusive lock of an open file unless another has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(path: Path) -> tuple[int, int]:
    """(process, owner) as the lock file names them; (0, 0) while its holder has not written them yet."""
    words = path.read_text().split()
    return (int(words[0]), int(words[1])) if len(words) == 2 else (0, 0)


def parent_of(pid: int) -> int:
    """The parent of a process as the kernel sees it now; 0 when it has ended, reaped or not."""
    try:
        state, parent = _state_and_parent(pid)
    except (OSError, ValueError):
        return 0
    return 0 if state.startswith("Z") else int(parent)


def _state_and_parent(pid: int) -> list[str]:
    """As /proc says, or `ps` where there is none; OSError or ValueError when there is no such process."""
    if Path("/proc/self/stat").exists():
        # The second field is the command in parentheses, which may contain anything.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    command = ["ps", "-o", "stat=,ppid=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()


def wait_until(ready: Callable[[], bool], engine: Engine, *, seconds: float, log: Path | None = None) -> None:
    """Return when `ready()`; EngineError (and the process ended) when it dies or takes too long."""
    assert engine.process is not None
    deadline = time.monotonic() + seconds
    while engine.process.poll() is None:
        # What answers may be a stranger on the same port; ours is still there only if it could bind.
        if ready() and engine.process.poll() is None:
            return
        if time.monotonic() > deadline:
            engine.stop()
            raise EngineError(f"{engine.name} did not answer within {seconds:.0f} seconds{_last_words(log)}.")
        time.sleep(0.01)
    raise EngineError(f"{engine.name} stopped with status {engine.process.returncode}{_last_words(log)}.")


def _last_words(log: Path | None) -> str:
    """The end of a log as an insertion into a sentence, and where the rest is."""
    if log is None or not log.exists():
        return ""
    lines = log.read_text(errors="replace").strip().splitlines()
    return f" ({lines[-1].strip().rstrip('.')}; see {log})" if lines else ""
