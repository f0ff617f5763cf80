"""One thread page of 30 KB, served by nginx, by the forum in several ways, and by Django's own cache.

Run: python -m bench.pages [--rounds 3] [--seconds 3]
     python -m bench.pages --writes
     python -m bench.pages --idle

All servers have two workers on 127.0.0.1 and are asked in turn, each round anew, by wrk on 16 and on 64
kept connections with `Accept-Encoding: gzip`; a figure is the median of the rounds. wrk runs on the same
cores, so it is the ratios to nginx that say something. Every answer must be 200 and of the right size,
and before and after the rounds every server must give every reader the page that the forum gives when
it caches nothing; else the run ends with status 1. An aim that is missed is printed.
"""

import argparse
import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.site import temporary_site

from . import answers, contents, idle, inside, memory, nginx, servers, table, writes
from .load import Load, Measured, Target, measure
from .servers import FAST, ROWS, Row, Running

CONNECTIONS = (16, 64)
WARM_UP_SECONDS = 1
MIXED = (16, 4)
PAGE = "page.html"


@dataclass(frozen=True)
class Bench:
    """All that runs: the servers by name, the processes of the stores, and what is asked for."""

    home: Path
    environment: dict[str, str]
    site: contents.Contents
    running: dict[str, Running]
    stores: list[int]
    truth: dict[str, bytes]

    def check(self, row: Row) -> int:
        """See `answers.check`."""
        return answers.check(row, self.running[row.server].port, self.path(row), self.site.members, self.truth)

    def path(self, row: Row) -> str:
        return nginx.FILE if row.server == "static" else self.site.page

    def target(self, row: Row) -> Target:
        """What wrk asks for in this row, once its answers are known to be right."""
        cookies = tuple(member.cookie for member in self.site.members) if row.signed_in else ()
        return Target(self.running[row.server].port, self.path(row), cookies, self.check(row))


@contextmanager
def started() -> Iterator[Bench]:
    """A site and all servers, on loopback. Those that are not asked sleep, and cost only memory."""
    with temporary_site() as home, ExitStack() as stack:
        from django.conf import settings

        # The stores are all that this process has started so far.
        stores = servers.children(os.getpid())
        (home / "secret-key").write_text(settings.SECRET_KEY)
        site = contents.fill()
        environment = servers.shared_environment(home, addresses(home))
        collect_static(environment)
        settings.STATIC_ROOT = home / "static"

        def start(name: str) -> Running:
            return stack.enter_context(servers.gunicorn(name, servers.SERVERS[name], home, environment))

        running = {"uncached": start("uncached")}
        truth = answers.truth(running["uncached"].port, site.page, site.members)
        page = truth[""]
        (home / PAGE).write_bytes(page)
        running |= {name: start(name) for name in servers.SERVERS if name not in running}
        running |= stack.enter_context(nginx.running(home, page, running["fast"].port))
        yield Bench(home, environment, site, running, stores, truth)


def addresses(home: Path) -> dict[str, str]:
    """Where this site's stores are, as the servers' environment says it."""
    from django.conf import settings

    cache, sessions = (settings.CACHES[alias]["LOCATION"] for alias in ("default", "sessions"))
    return {
        "DATABASE_URL": os.environ["DATABASE_URL"],
        "DYNAMODB_ENDPOINT_URL": settings.DYNAMODB_ENDPOINT_URL,
        "REDIS_CACHE_URL": cache,
        "REDIS_SESSION_URL": sessions,
        "BENCH_CACHE_URL": cache.replace("db=0", "db=2"),
        "BENCH_PAGE": str(home / PAGE),
    }


def collect_static(environment: dict[str, str]) -> None:
    """Pages name static files by their contents, and these names are known once they are collected."""
    command = [sys.executable, str(servers.ROOT / "manage.py"), "collectstatic", "--no-input", "--verbosity", "0"]
    subprocess.run(command, env=environment, check=True)


def compare(bench: Bench, rounds: int, seconds: float) -> None:
    """Measure all rows in turn, and print the tables."""
    targets = {row: bench.target(row) for row in ROWS}
    for target in targets.values():
        Load(bench.home, target, CONNECTIONS[-1], WARM_UP_SECONDS).result()
    found: dict[int, table.Rounds] = {connections: {row: [] for row in ROWS} for connections in CONNECTIONS}
    for number in range(1, rounds + 1):
        for row, target in targets.items():
            say(f"round {number} of {rounds}: {row.name}")
            pids = bench.running[row.server].pids()
            for connections in CONNECTIONS:
                measured = measure(bench.home, target, connections, seconds, pids, bench.stores)
                found[connections][row].append(measured)
    for row in ROWS:
        bench.check(row)
    say("")
    for connections in CONNECTIONS:
        table.show(connections, found[connections])
    print()
    for connections in CONNECTIONS:
        table.aims(connections, found[connections])


def mixed(bench: Bench, rounds: int, seconds: float) -> None:
    """Print what the fast path does while others read pages that are never kept from the same server."""
    targets = (bench.target(FAST), unkept(bench))
    pairs: list[list[Measured]] = []
    for _ in range(rounds):
        loads = [Load(bench.home, target, number, seconds) for target, number in zip(targets, MIXED, strict=True)]
        pairs.append([load.result()[1] for load in loads])
    print(f"\n{FAST.name}, {MIXED[0]} connections, while {MIXED[1]} read pages that are never kept")
    for name, each in zip(("hits", "others"), zip(*pairs, strict=True), strict=True):
        found = table.median(each)
        print(f"  {name:<9}{found.rate:>10,.0f}/s   p50 {found.p50:>8.2f} ms   p99 {found.p99:>8.2f} ms")


def unkept(bench: Bench) -> Target:
    """The page that is never kept, of the server that the fast path is measured on."""
    port, path = bench.running[FAST.server].port, bench.site.unkept
    answer = answers.get(port, path)
    if answer.headers.get("X-Cache") != "bypass":
        raise answers.Wrong(f"{path} is kept")
    return Target(port, path, (), answer.wire)


def say(sentence: str) -> None:
    """Progress, for whoever watches a terminal, on a line that the next one replaces."""
    if sys.stderr.isatty():
        print(f"\r{sentence:<70}", end="" if sentence else "\r", file=sys.stderr, flush=True)


def describe(bench: Bench, rounds: int, seconds: float) -> None:
    page = answers.get(bench.running["static"].port, nginx.FILE)
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("django", "gunicorn"))
    print(
        f"a thread page of {len(page.body) / 1000:.1f} KB ({len(page.sent) / 1000:.1f} KB gzip), "
        f"{servers.WORKERS} workers, {os.cpu_count()} cores, median of {rounds} rounds of {seconds:.0f} s\n"
        f"Python {platform.python_version()}, {versions}, {servers.parser()}"
    )


def run(rounds: int, seconds: float) -> None:
    with started() as bench:
        describe(bench, rounds, seconds)
        compare(bench, rounds, seconds)
        mixed(bench, rounds, seconds)
        inside.show(bench.site)
        memory.show(bench.home, bench.environment, bench.site, bench.running["off"])
        wait(bench)


def wait(bench: Bench) -> None:
    """Print what readers cost whose page stays open; half of them are signed in."""
    server, cookies = bench.running[FAST.server], [member.cookie for member in bench.site.members]
    idle.show(server.port, bench.site.live, [*[""] * len(cookies), *cookies], server.pids())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.pages")
    parser.add_argument("--rounds", type=int, default=3, help="how often every server is asked (default 3)")
    parser.add_argument("--seconds", type=int, default=3, help="for how long each time (default 3)")
    parser.add_argument("--writes", action="store_true", help="only what an invalidation adds to a reply")
    parser.add_argument("--idle", action="store_true", help="only what readers cost whose page stays open")
    options = parser.parse_args()
    if options.writes:
        with temporary_site():
            writes.show()
        return
    if sentence := servers.missing():
        sys.exit(sentence)
    try:
        if options.idle:
            with started() as bench:
                wait(bench)
            return
        run(options.rounds, options.seconds)
    except answers.Wrong as wrong:
        sys.exit(f"\n{wrong}.")


if __name__ == "__main__":
    main()
