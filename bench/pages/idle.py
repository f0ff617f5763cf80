"""Open pages that nothing happens on: so many readers ask every two seconds whether theirs is still as it was.

Each reader has a connection of its own, kept open, and a browser's headers; half of them are signed in. They ask
what `static/js/live.js` asks, with the ETag of the last answer, so every answer has to be a 304.
"""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from . import answers
from .load import cpu
from .servers import HOST

READERS = 1000
PERIOD_SECONDS = 2.0
WARM_UP_SECONDS = 3 * PERIOD_SECONDS
MEASURED_SECONDS = 20.0
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:{number}.0) Gecko/20100101 Firefox/{number}.0"
BROWSERS = 40


@dataclass
class Found:
    """Of the answers in the measured time: how many with which status, and the milliseconds each took."""

    statuses: Counter[int] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)


def show(port: int, path: str, cookies: Sequence[str], pids: Sequence[int]) -> None:
    """Print how many answers they got, how late, and what part of one core the server's processes took for it."""
    asks = [question(port, path, cookies[number % len(cookies)], number) for number in range(READERS)]
    found, spent = asyncio.run(_measured(port, asks, pids))
    if set(found.statuses) != {304}:
        raise answers.Wrong(f"{path}: not every answer was a 304 ({dict(found.statuses)})")
    late = statistics.quantiles(found.milliseconds, n=100)
    print(
        f"\n{READERS:,} idle readers: {found.statuses[304] / MEASURED_SECONDS:,.0f} answers/s, all 304, "
        f"p50 {late[49]:.2f} ms, p99 {late[98]:.2f} ms, {spent / MEASURED_SECONDS:.1%} of one core"
    )


def question(port: int, path: str, cookie: str, number: int) -> bytes:
    """What the reader's browser sends each time."""
    etag = answers.get(port, path, cookie).headers["ETag"]
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {HOST}:{port}",
        f"User-Agent: {AGENT.format(number=100 + number % BROWSERS)}",
    ]
    lines += ["Accept: application/json", "Accept-Language: en-GB,en;q=0.7", "Accept-Encoding: gzip, deflate"]
    lines += [f"Cookie: {cookie}"] * bool(cookie)
    return "\r\n".join([*lines, f"If-None-Match: {etag}", "\r\n"]).encode()


async def _measured(port: int, asks: Sequence[bytes], pids: Sequence[int]) -> tuple[Found, float]:
    found, started = Found(), time.monotonic()
    begin, end = started + WARM_UP_SECONDS, started + WARM_UP_SECONDS + MEASURED_SECONDS
    readers = [
        asyncio.create_task(_read(port, ask, started + PERIOD_SECONDS * number / len(asks), begin, end, found))
        for number, ask in enumerate(asks)
    ]
    await asyncio.sleep(begin - time.monotonic())
    before = cpu(pids)
    await asyncio.sleep(end - time.monotonic())
    spent = cpu(pids) - before
    await asyncio.gather(*readers)
    return found, spent


async def _read(port: int, ask: bytes, first: float, begin: float, end: float, found: Found) -> None:
    """One open page: ask at `first` and every period after it until `end`; what came after `begin` counts."""
    await asyncio.sleep(first - time.monotonic())
    reader, writer = await asyncio.open_connection(HOST, port)
    due = first
    while due < end:
        asked = time.monotonic()
        writer.write(ask)
        head = await reader.readuntil(b"\r\n\r\n")
        if begin <= asked < end:
            found.statuses[int(head.split(b" ", 2)[1])] += 1
            found.milliseconds.append((time.monotonic() - asked) * 1000)
        due += PERIOD_SECONDS
        await asyncio.sleep(due - time.monotonic())
    writer.close()
