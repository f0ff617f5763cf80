"""Run: python -m bench.hammer [modes] [--seconds N] [--json]

Without modes, all of them. Each takes N seconds (20) and some more to start. One row for each mode:
how many pages were read, how many of them from the cache, how much was written meanwhile, and how
many pages were older than they may be, by how much. Ends with status 1 unless every mode proved
what it is there to prove.
"""

import argparse
import json
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from .home import prepare
from .readers import PROCESSES

if TYPE_CHECKING:
    from .modes import Mode, Result

HEAD = ("mode", "reads", "hits", "writes", "refused", "killed", "stale", "worst ms", "reads/s", "failed", "broken")
LINE = "{:<15}{:>9}{:>9}{:>8}{:>9}{:>8}{:>8}{:>10}{:>9}{:>8}  {}"


def main() -> None:
    options = arguments()
    # Spawned, since this process will have connections that must not be shared; and at once, to be ready.
    context = multiprocessing.get_context("spawn")
    with TemporaryDirectory(prefix="hammer-") as home, ProcessPoolExecutor(PROCESSES, context) as readers:
        for _ in range(PROCESSES):
            readers.submit(time.sleep, 1.0)
        prepare(Path(home))
        from .modes import play

        modes = chosen(options.modes)
        if not options.json:
            print(LINE.format(*HEAD), flush=True)
        results = []
        for mode in modes:
            results.append(play(mode, max(options.seconds, mode.least), Path(home), readers))
            show(results[-1], options.json)
    sys.exit(any(result.complaints for result in results))


def chosen(names: list[str]) -> "list[Mode]":
    """The modes of these names, all when there are none; ends the program where there is no such mode."""
    from .modes import MODES

    if wrong := set(names) - {mode.name for mode in MODES}:
        sys.exit(f"There is no mode {', '.join(wrong)}; there are {', '.join(mode.name for mode in MODES)}.")
    return [mode for mode in MODES if not names or mode.name in names]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.hammer", description="Is any page older than it may be?")
    parser.add_argument("modes", nargs="*", help="which modes to run; all when none is named")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each mode reads and writes")
    parser.add_argument("--json", action="store_true", help="print one JSON object per mode, for programs")
    return parser.parse_args()


def show(result: "Result", as_json: bool) -> None:
    """One row; what is wrong goes to stderr."""
    if as_json:
        print(json.dumps(result.row()), flush=True)
    else:
        broken = f"{result.broken:,} {result.mode.breaks}" if result.mode.breaks else ""
        figures = (result.reads, result.hits, result.writes, result.refused, result.killed, result.stale)
        rest = (f"{result.worst:,.0f}", f"{result.reads / result.seconds:,.0f}", result.failed, broken)
        print(LINE.format(result.mode.name, *(f"{figure:,}" for figure in figures), *rest), flush=True)
    for complaint in result.complaints:
        print(f"{result.mode.name}: {complaint}", file=sys.stderr)
    for example in result.examples if result.complaints else []:
        print(f"    {example}", file=sys.stderr)


if __name__ == "__main__":
    main()
