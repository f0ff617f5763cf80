"""What is done to the servers while pages are read and written. Each fault runs until a moment of the
monotonic clock, leaves things whole, and says how many times something was really broken."""

import shutil
import time
import urllib.request

from redis import Redis

from .site import Site

ON_SECONDS = 1.0
OFF_SECONDS = 0.5
BALLAST_BYTES = 10_000
BALLAST_KEYS = 4_000


def cache(site: Site) -> Redis:
    """A connection of our own to the Redis of the pages."""
    return Redis(unix_socket_path=str(site.home / "cache" / "redis.sock"), socket_timeout=5)


def pause(seconds: float, until: float) -> bool:
    """Wait; False when the time is over."""
    time.sleep(max(0.0, min(seconds, until - time.monotonic())))
    return time.monotonic() < until


def nothing(site: Site, until: float) -> int:
    pause(until, until)
    return 0


def lag(site: Site, until: float) -> int:
    """The lagging index does the work; how many answers were old."""
    pause(until, until)
    with urllib.request.urlopen(site.engines["lag"].url, timeout=5) as answer:
        return int(answer.read())


def accelerate(site: Site, until: float) -> int:
    """DAX does the work; how many Queries it answered from memory."""
    pause(until, until)
    assert site.dax is not None
    return site.dax.kept


def kill_redis(site: Site, until: float) -> int:
    """SIGKILL, a moment without, and a restart on the same data; how many times."""
    times = 0
    while pause(ON_SECONDS, until - OFF_SECONDS):
        site.kill_redis()
        pause(OFF_SECONDS, until)
        site.start_redis()
        times += 1
    return times


def fail_over(site: Site, until: float) -> int:
    """As if a replica that was a moment behind took over: SIGKILL, and a restart on older data; how many times."""
    times = 0
    data = site.home / "cache" / "redis" / "appendonlydir"
    older = site.home / "older"
    while pause(ON_SECONDS, until - 2 * OFF_SECONDS):
        shutil.copytree(data, older)
        pause(OFF_SECONDS, until)
        site.kill_redis()
        shutil.rmtree(data)
        older.rename(data)
        site.start_redis()
        times += 1
    return times


def refuse_writes(site: Site, until: float) -> int:
    """In turn: no memory left, and too few replicas. Reads are answered all the while."""
    times = 0
    with cache(site) as redis:
        whole = {name: redis.config_get(name)[name] for name in ("maxmemory", "min-replicas-to-write")}
        while pause(ON_SECONDS, until - OFF_SECONDS):
            redis.config_set("maxmemory" if times % 2 else "min-replicas-to-write", 1)
            pause(OFF_SECONDS, until)
            for name, value in whole.items():
                redis.config_set(name, value)
            times += 1
    return times


def evict(site: Site, until: float) -> int:
    """So much else in a small memory that keys of all kinds are evicted; how many were."""
    with cache(site) as redis:
        redis.config_set("maxmemory-policy", "allkeys-lru")
        redis.config_set("maxmemory", "16mb")
        number = 0
        while pause(0.01, until):
            values = {f"ballast:{n % BALLAST_KEYS}": b"x" * BALLAST_BYTES for n in range(number, number + 20)}
            redis.mset(values)
            number += len(values)
        return int(redis.info("stats")["evicted_keys"])
