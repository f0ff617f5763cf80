"""A cluster of three Valkey servers on loopback, for tests of the cluster mode."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from redis import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

from forum.local.process import Engine, spawn
from forum.local.redis import find

SLOTS = 16_384
NODES = 3
READY_SECONDS = 30.0


@contextmanager
def running(directory: Path) -> Iterator[list[Engine]]:
    """Start the servers, share the slots out among them in their order, and wait until all of them know that."""
    with ExitStack() as stack:
        engines = [stack.enter_context(_server(directory / str(number))) for number in range(NODES)]
        nodes = [stack.enter_context(Redis.from_url(engine.url, socket_timeout=2)) for engine in engines]
        _wait_until(lambda: all(_quietly(node.ping) for node in nodes), "they did not start")
        for number, node in enumerate(nodes):
            first, last = number * SLOTS // NODES, (number + 1) * SLOTS // NODES - 1
            node.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            node.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
            if number:
                there = nodes[0].connection_pool.connection_kwargs["port"]
                node.execute_command("CLUSTER", "MEET", "127.0.0.1", there, _bus(nodes[0]))
        _wait_until(lambda: all(_complete(node) for node in nodes), "they did not find each other")
        yield engines


@contextmanager
def _server(home: Path) -> Iterator[Engine]:
    home.mkdir()
    port, bus = _free_ports()
    options = {
        "bind": "127.0.0.1",
        "port": port,
        "cluster-enabled": "yes",
        "cluster-port": bus,
        "cluster-node-timeout": 1000,
        "cluster-require-full-coverage": "no",
        "dir": home,
        "save": "",
        "maxmemory": "100mb",
        "maxmemory-policy": "noeviction",
    }
    command = [str(find()), *[str(word) for name, value in options.items() for word in (f"--{name}", value)]]
    with Engine("Redis", f"redis://127.0.0.1:{port}", spawn("Redis", command, log=home / "log")) as engine:
        yield engine


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _bus(node: Redis) -> int:
    return int(node.config_get("cluster-port")["cluster-port"])


def _complete(node: Redis) -> bool:
    """Whether this node knows who has which slots, and that all of them are there."""
    slots, info = node.execute_command("CLUSTER", "SLOTS"), node.execute_command("CLUSTER INFO")
    return len(slots) == NODES and info["cluster_state"] == "ok"


def _quietly(ask: Callable[[], object]) -> bool:
    try:
        return bool(ask())
    except RedisError:
        return False


def _wait_until(condition: Callable[[], bool], otherwise: str) -> None:
    ends = time.monotonic() + READY_SECONDS
    while not condition():
        assert time.monotonic() < ends, otherwise
        time.sleep(0.02)


@contextmanager
def moving(key: str, source: Redis, target: Redis) -> Iterator[None]:
    """The key's slot is being handed over, and its keys already have been. Afterwards all is as before, and empty."""
    slot = key_slot(key.encode())
    _take_over(slot, source, target)
    yield
    target.flushall()
    for node in (source, target):
        node.execute_command("CLUSTER", "SETSLOT", slot, "STABLE")


@contextmanager
def moved(key: str, nodes: list[Redis], source: Redis, target: Redis) -> Iterator[None]:
    """The key's slot has been handed over. Afterwards all is as before, and empty."""
    slot = key_slot(key.encode())
    _take_over(slot, source, target)
    _settle(slot, nodes, target)
    yield
    target.flushall()
    _take_over(slot, target, source)
    _settle(slot, nodes, source)


def _take_over(slot: int, source: Redis, target: Redis) -> None:
    target.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", _name(source))
    source.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", _name(target))
    port = target.connection_pool.connection_kwargs["port"]
    if keys := source.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 1000):
        source.migrate("127.0.0.1", port, keys, 0, 1000)


def _settle(slot: int, nodes: list[Redis], owner: Redis) -> None:
    for node in [owner, *nodes]:
        node.execute_command("CLUSTER", "SETSLOT", slot, "NODE", _name(owner))


def _name(node: Redis) -> str:
    return str(node.execute_command("CLUSTER", "MYID").decode())
