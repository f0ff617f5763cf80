"""How fast is the search index made again from DynamoDB? `python -m bench.rebuild [--posts N] [--beside FOLDER]`

Loads a sample community into engines of its own and has `manage.py rebuild search` index it, by itself as an operator
would: into an index that is empty, and once more in place. With --beside another checkout of the project (such as
the one before a change) does the same in turn, on the same data: read the ratio, since that is what a busy machine
leaves alone.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
from io import StringIO
from pathlib import Path

from bench.site import temporary_site

HERE = Path(__file__).resolve().parent.parent
ROUNDS = 3


def rebuild(code: Path, processes: int, file: Path) -> float:
    """Posts a second, as the command says."""
    command = [sys.executable, "manage.py", "rebuild", "search", f"--processes={processes}"]
    environ = {**os.environ, "SEARCH_FILE": str(file)}
    done = subprocess.run(command, cwd=code, env=environ, capture_output=True, text=True)
    found = re.search(r"\(([\d,]+) posts/s", done.stdout)
    assert found, done.stdout + done.stderr
    return float(found[1].replace(",", ""))


def measure(codes: list[Path], processes: int, home: Path) -> None:
    rates: dict[tuple[str, Path], list[float]] = {}
    for number in range(ROUNDS):
        for code in codes:
            file = home / f"search-{number}-{codes.index(code)}.sqlite3"
            for what in ("empty", "in place"):
                rates.setdefault((what, code), []).append(rebuild(code, processes, file))
                print(f"{what:10}{rates[what, code][-1]:8,.0f} posts/s  {code}", flush=True)
    for what in ("empty", "in place"):
        medians = [statistics.median(rates[what, code]) for code in codes]
        beside = f", {medians[0] / medians[1]:.2f} of the other's {medians[1]:,.0f}" if len(medians) > 1 else ""
        print(f"an index that is {what}, {processes} processes: {medians[0]:,.0f} posts/s{beside}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--posts", type=int, default=100_000)
    parser.add_argument("--processes", type=int, default=min(4, os.cpu_count() or 1))
    parser.add_argument("--beside", type=Path, help="another checkout, to be measured in turn")
    options = parser.parse_args()
    with temporary_site(in_memory=False) as home:
        from django.conf import settings
        from django.core.management import call_command

        os.environ.update(DATA_DIR=str(home), DYNAMODB_ENDPOINT_URL=settings.DYNAMODB_ENDPOINT_URL)
        sizes = {"posts": options.posts, "threads": options.posts // 20, "users": 500}
        call_command("seed", **sizes, stdout=StringIO(), stderr=StringIO())
        measure([HERE, *([options.beside] if options.beside else [])], options.processes, home)


if __name__ == "__main__":
    main()
