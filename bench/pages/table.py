"""The table: medians of the rounds, beside nginx."""

import statistics
from collections.abc import Sequence
from dataclasses import astuple

from .load import Measured
from .servers import NGINX, Row

Rounds = dict[Row, list[Measured]]
P99_AIM = 3.0


def median(rounds: Sequence[Measured]) -> Measured:
    """Each figure's own median."""
    return Measured(*(statistics.median(figures) for figures in zip(*map(astuple, rounds), strict=True)))


def spread(rounds: Sequence[Measured]) -> float:
    """How far the rounds' rates are from their middle, as a part of it."""
    rates = [each.rate for each in rounds]
    return (max(rates) - min(rates)) / (max(rates) + min(rates))


def show(connections: int, rounds: Rounds) -> None:
    """Print the table of one number of connections."""
    limit = median(rounds[NGINX])
    columns = ("req/s", "±", "of nginx", "aim", "p50 ms", "p99 ms", "of nginx", "CPU µs", "stores µs")
    print(f"\n{f'{connections} connections':<41}" + "".join(f"{column:>10}" for column in columns))
    for row, measured in rounds.items():
        found = median(measured)
        aim = f"{row.aim:.2f}" if row.aim else ""
        cells = [f"{found.rate:,.0f}", f"{spread(measured):.0%}", f"{found.rate / limit.rate:.2f}", aim]
        cells += [f"{found.p50:.2f}", f"{found.p99:.2f}", f"{found.p99 / limit.p99:.1f}"]
        cells += [f"{found.server:.1f}", f"{found.stores:.1f}"]
        print(f"{row.name:<41}" + "".join(f"{cell:>10}" for cell in cells))


def aims(connections: int, rounds: Rounds) -> None:
    """Print which aims are missed: rates, and p99 of the rows that have an aim."""
    limit, missed = median(rounds[NGINX]), []
    for row, measured in rounds.items():
        found = median(measured)
        if row.aim and found.rate < row.aim * limit.rate:
            missed.append(f"{row.name}: {found.rate / limit.rate:.2f} of nginx's rate, aim {row.aim:.2f}")
        if row.aim and row.server == "fast" and found.p99 > P99_AIM * limit.p99:
            missed.append(f"{row.name}: p99 {found.p99 / limit.p99:.1f} times nginx's, aim {P99_AIM:.0f}")
    print(f"{connections} connections, aims missed: {'; '.join(missed) or 'none'}")
