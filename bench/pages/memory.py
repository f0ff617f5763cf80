"""How much memory a worker needs to keep 1,000 pages."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from .answers import Connection
from .contents import LONG_PAGES, Contents
from .servers import SERVERS, Running, Server, gunicorn

WARM_UPS = 300
KEEPING = {"LOCAL_PAGES_MB": "512", "WEB_CONCURRENCY": "1"}
# The same worker without local copies: what reading 1,000 pages adds to any process's memory.
NOT_KEEPING = {**KEEPING, "LOCAL_PAGES_MB": "0"}


def show(home: Path, environment: Mapping[str, str], contents: Contents, other: Running) -> None:
    """Print how much the memory of a server's only worker grew while it read the long thread.

    The server `other` reads it first, so that no worker that is measured renders anything.
    """
    pages = [contents.long_thread + (f"?page={number}" if number > 1 else "") for number in range(1, LONG_PAGES + 1)]
    read(other.port, pages)
    print(f"\na worker's memory after {len(pages):,} pages, MB    before     after     grown   Redis commands a page")
    for name, settings in (("kept", KEEPING), ("not kept", NOT_KEEPING)):
        server = replace(SERVERS["fast"], environment=settings)
        before, after, commands = grown(home, environment, server, contents.page, pages)
        sizes = "".join(f"{size:>10.1f}" for size in (before, after, after - before))
        print(f"  {name:<37}{sizes}{commands:>10.1f} the second time")


def grown(
    home: Path, environment: Mapping[str, str], server: Server, usual: str, pages: list[str]
) -> tuple[float, float, float]:
    """Megabytes before and after, and the commands that Redis was given for a page read the second time."""
    with gunicorn("memory", server, home, environment) as running:
        read(running.port, [usual] * WARM_UPS)
        before = resident(running)
        read(running.port, pages)
        asked = redis_commands()
        read(running.port, pages)
        return before, resident(running), (redis_commands() - asked) / len(pages)


def read(port: int, paths: list[str]) -> None:
    """One after the other, on one connection."""
    connection = Connection(port)
    for path in paths:
        connection.get(path)
    connection.close()


def resident(running: Running) -> float:
    """Megabytes of memory that the worker has."""
    _master, worker = running.pids()
    status = Path(f"/proc/{worker}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def redis_commands() -> int:
    from forum.redis import client

    return int(client().info("stats")["total_commands_processed"])
