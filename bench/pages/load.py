"""Asking as fast as answers come: wrk, and what the servers' processes spent meanwhile."""

import os
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from .answers import Wrong
from .servers import HOST

PATIENCE_SECONDS = 30

# Each request carries the next of the cookies, where there are any. wrk's latencies are in microseconds.
SCRIPT = """
local cookies, requests, next = { %s }, {}, 0
wrk.headers["Accept-Encoding"] = "gzip"
if #cookies > 0 then
  function init()
    for number, cookie in ipairs(cookies) do
      wrk.headers["Cookie"] = cookie
      requests[number] = wrk.format()
    end
  end
  function request()
    next = next %% #cookies + 1
    return requests[next]
  end
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format("measured %%d %%d %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration, summary.bytes,
    latency:percentile(50), latency:percentile(99), e.status, e.connect + e.read + e.write + e.timeout))
end
"""


@dataclass(frozen=True)
class Target:
    """What to ask for: a path on a port, with these cookies in turn; `wire` is the size of an answer."""

    port: int
    path: str
    cookies: tuple[str, ...]
    wire: int


@dataclass(frozen=True)
class Measured:
    """One run: requests a second, latencies in milliseconds, CPU of the server and the stores in µs a request."""

    rate: float
    p50: float
    p99: float
    server: float = 0.0
    stores: float = 0.0


class Load:
    """wrk on a target, begun at once; `result` waits for its end."""

    def __init__(self, home: Path, target: Target, connections: int, seconds: float) -> None:
        self.target, self.connections = target, connections
        # A file of its own: another wrk may be about to read the one before.
        with NamedTemporaryFile("w", dir=home, suffix=".lua", delete=False) as script:
            script.write(SCRIPT % ", ".join(f'"{cookie}"' for cookie in target.cookies))
        command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds:.0f}s"]
        command += ["--timeout", "20s", "--script", script.name, f"http://{HOST}:{target.port}{target.path}"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._patience = seconds + PATIENCE_SECONDS

    def result(self) -> tuple[int, Measured]:
        """How many answers there were, and the figures. Wrong when one was an error or of another size."""
        try:
            said, _ = self._process.communicate(timeout=self._patience)
        finally:
            self._process.kill()
        numbers = next((line.split()[1:] for line in said.splitlines() if line.startswith("measured ")), None)
        if numbers is None:
            raise Wrong(f"wrk measured nothing: {said.strip()}")
        requests, duration, received, p50, p99, refused, failed = map(int, numbers)
        path = self.target.path
        if refused or failed or not requests:
            raise Wrong(f"{path}: of {requests} answers {refused} were errors, and {failed} connections failed")
        # What differs is at most the answers that were under way at the end.
        slack = (self.connections + 1) * self.target.wire + received // 1000
        if abs(received - requests * self.target.wire) > slack:
            raise Wrong(f"{path}: {received // requests} bytes an answer instead of {self.target.wire}")
        return requests, Measured(requests / duration * 1e6, p50 / 1000, p99 / 1000)


def measure(
    home: Path, target: Target, connections: int, seconds: float, server: Sequence[int], stores: Sequence[int]
) -> Measured:
    """Load the target, alone; `server` and `stores` are the processes whose CPU is counted."""
    before = cpu(server), cpu(stores)
    requests, found = Load(home, target, connections, seconds).result()
    spent = [
        (after - earlier) / requests * 1e6 for after, earlier in zip((cpu(server), cpu(stores)), before, strict=True)
    ]
    return Measured(found.rate, found.p50, found.p99, *spent)


def cpu(pids: Sequence[int]) -> float:
    """Seconds that these processes have computed, in user and in kernel mode, all threads together."""
    ticks = 0
    for pid in pids:
        # nginx' cache loader ends after a minute, having done nothing.
        with suppress(FileNotFoundError):
            # The second field is the command in parentheses; utime and stime are the 14th and 15th.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
