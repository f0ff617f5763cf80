"""The two Redis servers, and what happens when one is down: nobody waits for it twice.

`default` holds what may be lost (pages, counters), `sessions` what must not be evicted. A server
that failed is left alone for a second, so a request pays for a dead Redis once, at most one and a
half times REDIS_TIMEOUT.

Either may be a cluster, which spreads its keys over several primaries.
"""

import hashlib
import math
import time
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, ClassVar, cast

from django_redis import get_redis_connection
from django_redis.exceptions import ConnectionInterrupted
from django_redis.pool import ConnectionFactory
from redis.client import Pipeline, Redis
from redis.cluster import ClusterNode, RedisCluster
from redis.connection import ConnectionPool
from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    MovedError,
    NoScriptError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

LEAVE_ALONE_SECONDS = 1.0

_down_until: dict[str, float] = {}

Call = tuple[str, list[str], list[Any]]
"""A script's text, its keys, its arguments."""
Command = tuple[Sequence[Any], dict[str, Any]]
"""Words and options, as redis-py's pipelines collect them."""


class Down(Exception):
    """Redis did not answer, or refused."""


def client(alias: str = "default") -> Redis:
    """The redis-py client of one of settings.CACHES; its connections are shared by the process."""
    return cast(Redis, get_redis_connection(alias))


@contextmanager
def answering(alias: str = "default", insist: bool = False) -> Iterator[None]:
    """Run commands; Down when the server fails, and at once when it failed less than a second ago
    (unless the caller must `insist`, since what it has to say cannot be left unsaid)."""
    if not insist and left_alone(alias):
        raise Down(alias)
    try:
        yield
    except (RedisError, RedisClusterException, ConnectionInterrupted) as error:
        _down_until[alias] = time.monotonic() + LEAVE_ALONE_SECONDS
        raise Down(alias) from error


def left_alone(alias: str) -> bool:
    """Whether the server failed less than a second ago."""
    return time.monotonic() < _down_until.get(alias, 0.0)


def forget_failures() -> None:
    """Ask again at once (tests)."""
    _down_until.clear()


# -- Scripts --------------------------------------------------------------------------------------


def run(calls: Sequence[Call], alias: str = "default") -> list[Any]:
    """Run scripts in one round trip (in a cluster: one per server that has some of the keys) and return
    their answers in order; RedisError when one failed.

    A call may be run twice (the answer was lost, the server had just changed), so scripts must bear that.
    """
    redis = client(alias)
    pipeline = redis.pipeline(transaction=False)
    for script, keys, arguments in calls:
        pipeline.evalsha(_digest(script), len(keys), *keys, *arguments)
    answers = list(pipeline.execute(raise_on_error=False))
    for number, (script, keys, arguments) in enumerate(calls):
        if isinstance(answers[number], NoScriptError | ReadOnlyError):
            # The server has restarted, or is a replica now. It keeps a script that it has run.
            answers[number] = redis.eval(script, len(keys), *keys, *arguments)
        elif isinstance(answers[number], Exception):
            raise answers[number]
    return answers


@cache
def _digest(script: str) -> str:
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()


# -- Clusters -------------------------------------------------------------------------------------


# What a server answers that has handed over a key's slot (AskError is also MOVED), or is about to, or has gone.
ELSEWHERE = (AskError, TryAgainError, RedisConnectionError)


class Cluster(RedisCluster):
    """A client of a group in cluster mode, for all threads, that waits no longer than one of a single server."""

    # redis-py would ask a node that did not answer in time once more, and sleep 0.25 s on other errors.
    ERRORS_ALLOW_RETRY = (RedisConnectionError,)  # type: ignore[assignment]
    RedisClusterRequestTTL = 8

    redirected = -math.inf
    """When a server last said that it is handing over a key's slot, and that another has the key already."""

    def __init__(self, **options: Any) -> None:
        with self._as_connection_errors():
            super().__init__(require_full_coverage=False, **options)

    @contextmanager
    def _as_connection_errors(self) -> Iterator[None]:
        """Turn what redis-py says of a cluster as a whole into an error that every caller knows."""
        try:
            yield
        except RedisClusterException as error:
            if known := getattr(self, "nodes_manager", None):
                # Perhaps all its nodes have been replaced: begin again at the address in the settings, too.
                known.startup_nodes = known.startup_nodes | {node.name: node for node in self.startup_nodes}
            raise RedisConnectionError(str(error)) from error

    def execute_command(self, *words: Any, **options: Any) -> Any:
        with self._as_connection_errors():
            return super().execute_command(*words, **options)  # type: ignore[no-untyped-call]

    def mget(self, keys: Any, *more: Any) -> Any:
        """Of keys in any slots, as Django's `get_many` asks."""
        return self.mget_nonatomic(keys, *more)

    def pipeline(self, transaction: Any = None, shard_hint: Any = None) -> Any:
        """redis-py's own pipeline would send the commands for a node that is dead once more, one by one."""
        return ClusterPipeline(self)

    def primary_of(self, key: str | bytes) -> ClusterNode:
        with self._as_connection_errors():
            return self.nodes_manager.get_node_from_slot(key_slot(key.encode() if isinstance(key, str) else key))

    def read_slots(self, failed: ClusterNode | None = None) -> None:
        """Ask which primary has which slots, `failed` last of all."""
        with self._as_connection_errors():
            self.nodes_manager.initialize(last_failed_node_name=failed.name if failed else None)


class ClusterPipeline(Pipeline):
    """Commands of one key each, or of keys in one slot, that go to each server in one piece; no transaction."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cast(ConnectionPool, None), {}, transaction=False, shard_hint=None)
        self._cluster = cluster

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        commands: list[Command] = self.command_stack
        self.command_stack = []
        by_server: dict[ClusterNode, list[int]] = {}
        for number, (words, _) in enumerate(commands):
            key = words[3] if words[0] in ("EVAL", "EVALSHA") else words[1]
            by_server.setdefault(self._cluster.primary_of(key), []).append(number)
        answers: dict[int, Any] = {}
        for server, numbers in by_server.items():
            answers |= zip(numbers, self._ask(server, [commands[number] for number in numbers]), strict=True)
        for answer in answers.values():
            if raise_on_error and isinstance(answer, Exception):
                raise answer
        return [answers[number] for number in range(len(commands))]

    def _ask(self, server: ClusterNode, commands: Sequence[Command]) -> list[Any]:
        """Each command's answer, or the error given instead."""
        pipeline: Any = self._cluster.get_redis_connection(server).pipeline(transaction=False)
        for words, options in commands:
            pipeline.execute_command(*words, **options)
        try:
            answers = list(pipeline.execute(raise_on_error=False))
        except RedisTimeoutError:
            self._cluster.read_slots(failed=server)
            raise
        except RedisConnectionError as error:
            answers = [error] * len(commands)
        return [
            self._ask_elsewhere(command, answer) if isinstance(answer, ELSEWHERE) else answer
            for command, answer in zip(commands, answers, strict=True)
        ]

    def _ask_elsewhere(self, command: Command, answer: RedisError) -> Any:
        """Let redis-py find out who has the key now; RedisConnectionError or RedisTimeoutError when nobody answers."""
        if isinstance(answer, AskError) and not isinstance(answer, MovedError):
            self._cluster.redirected = time.monotonic()
        try:
            return self._cluster.execute_command(*command[0], **command[1])
        except ResponseError as error:
            return error


class ClusterFactory(ConnectionFactory):  # type: ignore[misc]
    """How django-redis reaches a cluster (settings.CACHES[…]["OPTIONS"]["CONNECTION_FACTORY"])."""

    clusters: ClassVar[dict[str, Cluster]] = {}

    def connect(self, url: str) -> Cluster:
        """One client for the process. Should two threads open it at once, neither waits for the other."""
        if url not in self.clusters:
            options = self.make_connection_params(url) | self.pool_cls_kwargs
            return self.clusters.setdefault(url, Cluster(**options))
        return self.clusters[url]

    def disconnect(self, connection: Cluster) -> None:
        connection.close()


def primaries(alias: str) -> dict[str, ConnectionPool]:
    """The connections to each server that takes writes, by its name; of a cluster as it says at this moment."""
    redis = client(alias)
    if not isinstance(redis, Cluster):
        return {"": redis.connection_pool}
    redis.read_slots()
    return {node.name: redis.get_redis_connection(node).connection_pool for node in redis.get_primaries()}


def came_from(alias: str, servers: Container[str], key: str, since: float) -> bool:
    """Whether what was asked for this key `since` (in monotonic seconds) was answered by one of these servers."""
    try:
        redis = client(alias)
        return not isinstance(redis, Cluster) or (redis.primary_of(key).name in servers and redis.redirected < since)
    except RedisError:
        return False
