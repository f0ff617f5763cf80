"""Everything the forum needs to run on this machine alone: started in order, watched, stopped in order."""

import contextlib
import os
import queue
import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import redis as redis_client

from forum.local import dynamodb, redis
from forum.local.process import Engine, EngineError, Say, say_on_stderr, try_lock
from forum_site.settings import local_redis_socket

# What `up` makes in DATA_DIR and `up --reset` deletes. The installed engines and the secret key stay.
MADE = [
    "dynamodb.sqlite3",
    "dynamodb.sqlite3-shm",
    "dynamodb.sqlite3-wal",
    "dynamodb.url",
    "exports",
    "first-run",
    "forum.sqlite3",
    "forum.sqlite3-shm",
    "forum.sqlite3-wal",
    "logs/dynamodb.log",
    "logs/redis.log",
    "logs/worker.log",
    "redis/appendonlydir",
    "static.fingerprint",
]


@dataclass(frozen=True)
class Engines:
    """The two stores; `environment` is what leads the forum's processes to them."""

    dynamodb: Engine
    redis: Engine
    environment: dict[str, str]

    def ours(self) -> list[Engine]:
        """Those that were started here."""
        return [engine for engine in (self.dynamodb, self.redis) if engine.process]


@contextlib.contextmanager
def hold(directory: Path, *, throw_away: bool = False) -> Iterator[None]:
    """Keep `directory` to ourselves, and delete it at the end if it is to be thrown away.

    EngineError when another `up` has it. The kernel frees it when the process dies, however that was.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "up.lock"
    with path.open("a+") as lock:
        if not try_lock(lock.fileno()):
            raise EngineError(f"`manage.py up` is already running on {directory} (process {path.read_text()}).")
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        try:
            yield
        finally:
            if throw_away:
                shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def running(directory: Path, *, moto: bool = False, say: Say = say_on_stderr) -> Iterator[Engines]:
    """Both stores with their data in `directory`: those the environment names, else embedded ones.

    With `moto` DynamoDB is in memory whatever the environment says. EngineError when one cannot run.
    """
    with contextlib.ExitStack() as stack:
        post_store = stack.enter_context(_dynamodb(directory, moto, say))
        session_store = stack.enter_context(_redis(directory))
        named = {
            "DYNAMODB_ENDPOINT_URL": post_store.url,
            "REDIS_CACHE_URL": os.environ.get("REDIS_CACHE_URL", f"{session_store.url}?db=0"),
            "REDIS_SESSION_URL": os.environ.get("REDIS_SESSION_URL", f"{session_store.url}?db=1"),
        }
        for name in ("REDIS_CACHE_URL", "REDIS_SESSION_URL"):
            _check_redis(name, named[name])
        yield Engines(post_store, session_store, named)


def _dynamodb(directory: Path, moto: bool, say: Say) -> Engine:
    if moto:
        return dynamodb.start_moto(directory)
    if url := os.environ.get("DYNAMODB_ENDPOINT_URL"):
        return Engine("DynamoDB", url)
    return dynamodb.start(directory, say=say)


def _redis(directory: Path) -> Engine:
    if "REDIS_CACHE_URL" in os.environ and "REDIS_SESSION_URL" in os.environ:
        return Engine("Redis", os.environ["REDIS_SESSION_URL"])
    return redis.start(directory)


def _check_redis(name: str, url: str) -> None:
    """EngineError when no Redis answers there."""
    try:
        with redis_client.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2) as client:
            client.ping()
    except (redis_client.RedisError, ValueError) as error:
        raise EngineError(f"The Redis that {name} names does not answer: {error}") from error


def first_to_end(engines: Sequence[Engine]) -> Engine:
    """Wait, for ever if need be, until one of them ends; a signal's exception passes through."""
    ended: queue.SimpleQueue[Engine] = queue.SimpleQueue()

    def watch(engine: Engine) -> None:
        if engine.process:
            engine.process.wait()
            ended.put(engine)

    for engine in engines:
        threading.Thread(target=watch, args=(engine,), daemon=True).start()
    return ended.get()


def forget(directory: Path) -> None:
    """Delete the data that `up` made in `directory`, and nothing else; no engine may be running there."""
    for path in (*(directory / name for name in MADE), local_redis_socket(directory)):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
