"""The web server of `manage.py up`: gunicorn as a child process."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from django.conf import settings

from forum.local.ports import is_free, speaks_http
from forum.local.process import Engine, EngineError, claim, spawn, wait_until

NAME = "The web server"
READY_SECONDS = 60.0
GRACE_SECONDS = 3


def take_over(directory: Path) -> None:
    """Stop the web server that a killed `up` left behind on `directory`, so that its port is free."""
    os.close(claim(directory / "web.lock", NAME))


def check_address(host: str, port: int) -> None:
    """EngineError when nobody can listen there now."""
    if not 1 <= port <= 65535:
        raise EngineError(f"There is no port {port}: `--port` takes 1 to 65535.")
    try:
        free = is_free(host, port)
    except OSError as error:
        raise EngineError(f"{address(host, port)} cannot be listened on: {error.strerror}.") from error
    if not free:
        raise EngineError(
            f"Port {port} on {host} is in use by another program: stop that, or choose another with `--port`."
        )


def start(directory: Path, host: str, port: int, *, workers: int, environment: Mapping[str, str]) -> Engine:
    """Start gunicorn with `environment` added to ours; returns once it answers.

    EngineError when it cannot listen (loading the sample took a while: the port may be gone) or dies.
    """
    check_address(host, port)
    command = [sys.executable, "-m", "gunicorn"]
    command += ["--config", str(settings.BASE_DIR / "forum_site" / "gunicorn.conf.py")]
    command += ["--pythonpath", str(settings.BASE_DIR), "--bind", address(host, port), "--workers", str(workers)]
    command += ["--log-level", "warning", "--graceful-timeout", str(GRACE_SECONDS), "forum_site.wsgi"]
    embedded = {
        "FORUM_EMBEDDED": "1",
        "DATA_DIR": str(settings.DATA_DIR),
        "ALLOWED_HOSTS": ",".join(dict.fromkeys([*settings.ALLOWED_HOSTS, address(host, port).rpartition(":")[0]])),
    }
    process = spawn(NAME, command, lock=directory / "web.lock", environment={**os.environ, **embedded, **environment})
    engine = Engine(NAME, f"http://{address(host, port)}", process)
    wait_until(lambda: speaks_http(host, port, "/healthz", seconds=5), engine, seconds=READY_SECONDS)
    return engine


def address(host: str, port: int) -> str:
    """host:port as URLs and gunicorn write it, an IPv6 host in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
