"""Running this project's commands from tests, as a shell with no settings in it would."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Members of tests post more in a second than people in a day.
UNLIMITED = {"RATE_LIMITS": "all=off", "NEW_MEMBER_LINKS": "-1"}
# A machine that is busy with other tests may let Redis wait for its turn.
PATIENT = {"REDIS_TIMEOUT": "2"}


def bare_environment(**environment: str) -> dict[str, str]:
    """What any shell has, and these settings: nothing of the machine's own leads anywhere else."""
    usual = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    return usual | UNLIMITED | PATIENT | environment


def run_python(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a Python script or module on the project to its end; its output is in the answer."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=bare_environment(**environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def said(done: subprocess.CompletedProcess[str]) -> str:
    """The command and all it said, for a failure's message."""
    return f"{' '.join(done.args[1:])}\n\n{done.stdout}{done.stderr}"
