"""What is measured: the servers, the environment each is started with, and the rows of the table."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from forum.local.ports import free_port, speaks_http
from forum.local.process import Engine, spawn, wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
HOST = "127.0.0.1"
WORKERS = 2
THREADS = 6
READY_SECONDS = 60.0

OURS = ["--config", str(ROOT / "forum_site" / "gunicorn.conf.py"), "forum_site.wsgi"]
UNCACHED = [*OURS[:2], "bench.pages.uncached:application()"]
# Django's own way has no use for the forum's configuration, which opens DynamoDB; the rest is the same.
STOCK = ["--worker-class", "gthread", "--workers", str(WORKERS), "--threads", str(THREADS), "--keep-alive", "30"]
STOCK += ["--no-control-socket", "django.core.wsgi:get_wsgi_application()"]


@dataclass(frozen=True)
class Server:
    """A gunicorn: the end of its command, and what its environment has besides that of all."""

    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)


SERVERS = {
    "fast": Server(OURS),
    "wsgi": Server(OURS, {"FAST_PATH": "wsgi"}),
    "python": Server(["--http-parser", "python", *OURS]),
    "off": Server(OURS, {"FAST_PATH": "off"}),
    "redis": Server(OURS, {"LOCAL_PAGES_MB": "0"}),
    "django": Server(STOCK, {"DJANGO_SETTINGS_MODULE": "bench.pages.stock"}),
    "ready": Server([*OURS[:2], "bench.pages.ready:application()"], {"FAST_PATH": "off"}),
    "uncached": Server(UNCACHED, {"FAST_PATH": "off"}),
}


@dataclass(frozen=True)
class Row:
    """A line of the table: which server is asked by whom, the header that proves that the answer came
    the way the line says, and the part of nginx's rate that is aimed at."""

    name: str
    server: str
    signed_in: bool = False
    proof: tuple[str, str] | None = None
    aim: float | None = None


HIT = ("X-Cache", "hit")
NGINX = Row("nginx, static file", "static")
FAST = Row("fast path, anonymous", "fast", proof=HIT, aim=0.95)
ROWS = [
    NGINX,
    Row("nginx, proxy_cache hit", "proxy", proof=("X-Proxy-Cache", "HIT")),
    FAST,
    Row("fast path, signed in", "fast", signed_in=True, proof=HIT, aim=0.65),
    Row("through WSGI, anonymous", "wsgi", proof=HIT, aim=0.10),
    Row("through WSGI, signed in", "wsgi", signed_in=True, proof=HIT),
    Row("through WSGI, parser in Python", "python", proof=HIT),
    Row("gunicorn's threads, ready bytes", "ready", proof=HIT),
    Row("fast path off, anonymous", "off", proof=HIT),
    Row("fast path off, signed in", "off", signed_in=True, proof=HIT),
    Row("every hit from Redis, anonymous", "redis", proof=HIT),
    Row("Django's cache middleware, django-redis", "django"),
    Row("uncached, anonymous", "uncached", proof=("X-Cache", "bypass")),
]


@dataclass(frozen=True)
class Running:
    """A server that answers on a port of 127.0.0.1; `pid` is its master's."""

    port: int
    pid: int

    def pids(self) -> list[int]:
        """The master and its workers, which fork nothing themselves."""
        return [self.pid, *children(self.pid)]


def children(pid: int) -> list[int]:
    """The processes that `pid` started and that live, as Linux lists them by thread."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in lists for child in path.read_text().split()]


def missing() -> str:
    """One sentence that says what to install before anything can be measured; "" when nothing is missing."""
    if absent := [tool for tool in ("nginx", "wrk") if shutil.which(tool) is None]:
        return (
            f"{' and '.join(absent)} cannot be found: install with `apt-get install nginx-light wrk`, then run again."
        )
    return ""


def parser() -> str:
    """Which parser gunicorn takes; the fast path works only with the one in C."""
    if importlib.util.find_spec("gunicorn_h1c"):
        return "gunicorn_h1c"
    return "gunicorn's parser in Python (`pip install gunicorn_h1c` for the one in C)"


@contextmanager
def gunicorn(name: str, server: Server, home: Path, environment: Mapping[str, str]) -> Iterator[Running]:
    """Start it on a free port, its log in `home`/logs; stopped at the end."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--pythonpath", str(ROOT), "--bind", f"{HOST}:{port}"]
    command += ["--log-level", "warning", "--graceful-timeout", "3", *server.command]
    log = home / "logs" / f"{name}.log"
    process = spawn(name, command, log=log, environment={**environment, **server.environment})
    with Engine(f"The server `{name}`", f"http://{HOST}:{port}", process) as engine:
        wait_until(lambda: speaks_http(HOST, port, "/healthz", seconds=5), engine, seconds=READY_SECONDS, log=log)
        yield Running(port, process.pid)


def shared_environment(home: Path, stores: Mapping[str, str]) -> dict[str, str]:
    """What every server is told: where the stores are, and nothing that this machine happens to have set."""
    usual = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    return {
        **usual,
        **stores,
        "DATA_DIR": str(home),
        "FORUM_EMBEDDED": "1",
        "WEB_CONCURRENCY": str(WORKERS),
        "THREADS": str(THREADS),
        "RATE_LIMITS": "all=off",
    }
