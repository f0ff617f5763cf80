"""The embedded engines keep what they acknowledged, one per directory, and leave nothing behind."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import redis as redis_client
from django.conf import settings

from forum.local import dynamodb, engines, redis
from forum.local.process import Engine, EngineError, parent_of

Start = Callable[[Path], Engine]


@pytest.fixture
def starting() -> Iterator[Callable[[Start, Path], Engine]]:
    """Start engines that are stopped when the test ends, however it ends."""
    started: list[Engine] = []

    def start(how: Start, directory: Path) -> Engine:
        started.append(how(directory))
        return started[-1]

    yield start
    for engine in started:
        engine.stop()


def table_client(url: str) -> Any:
    return botocore.session.get_session().create_client(
        "dynamodb", "us-east-1", endpoint_url=url, aws_access_key_id="x", aws_secret_access_key="x"
    )


def killed(engine: Engine) -> None:
    assert engine.process is not None
    engine.process.kill()
    engine.process.wait()


def test_dynamodb_keeps_every_acknowledged_write_through_kill_9(starting, tmp_path):
    first = starting(dynamodb.start, tmp_path)
    client = table_client(first.url)
    client.create_table(
        TableName="Table",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for number in range(50):
        client.put_item(TableName="Table", Item={"k": {"S": str(number)}})
    killed(first)

    second = starting(dynamodb.start, tmp_path)
    assert second.url == first.url, "other commands go on finding it"
    assert (tmp_path / "dynamodb.url").read_text().strip() == second.url
    assert table_client(second.url).scan(TableName="Table", Select="COUNT")["Count"] == 50


def test_redis_keeps_sessions_through_kill_9_and_a_stale_socket(starting, tmp_path):
    first = starting(redis.start, tmp_path)
    with redis_client.Redis.from_url(f"{first.url}?db=1") as client:
        client.set("session", "ada", ex=1000)
    killed(first)
    assert (tmp_path / "redis.sock").exists()

    second = starting(redis.start, tmp_path)
    with redis_client.Redis.from_url(f"{second.url}?db=1") as client:
        assert client.get("session") == b"ada"
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_a_directory_with_spaces_and_a_path_too_long_for_sockets_still_works(starting, tmp_path):
    engine = starting(redis.start, tmp_path / "a b" / ("long" * 25))
    with redis_client.Redis.from_url(engine.url) as client:
        assert client.ping()


@pytest.mark.parametrize("how", [dynamodb.start, redis.start])
def test_a_second_engine_on_the_same_directory_is_refused_in_one_sentence(starting, tmp_path, how):
    engine = starting(how, tmp_path)
    with pytest.raises(EngineError, match=rf"^\w+ is already running on .* \(process {engine.pid}\)\.$"):
        how(tmp_path)


def test_in_memory_engines_share_a_directory_and_leave_no_data(starting, tmp_path):
    def in_memory(directory: Path) -> Engine:
        return dynamodb.start(directory, in_memory=True)

    first, second = starting(in_memory, tmp_path), starting(in_memory, tmp_path)
    assert first.url != second.url
    assert {path.name for path in tmp_path.iterdir()} == {"logs"}


def test_a_taken_port_is_passed_over(starting, tmp_path):
    first = starting(dynamodb.start, tmp_path / "one")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "dynamodb.url").write_text(first.url)
    second = starting(dynamodb.start, tmp_path / "two")
    assert second.url != first.url


def abandon(module: str, directory: Path, path: str) -> int:
    """Start an engine in a process that is then killed; returns the engine's process id."""
    code = (
        "import os, sys, pathlib\n"
        f"from forum.local import {module}\n"
        f"print({module}.start(pathlib.Path(sys.argv[1])).pid, flush=True); os.kill(os.getpid(), 9)"
    )
    command = [sys.executable, "-c", code, str(directory)]
    environment = os.environ | {"PATH": path}
    ran = subprocess.run(command, stdout=subprocess.PIPE, env=environment, cwd=settings.BASE_DIR, check=False)
    return int(ran.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_an_engine_ends_when_its_owner_is_killed(tmp_path):
    pid = abandon("redis", tmp_path, os.environ["PATH"])
    deadline = time.monotonic() + 5
    while parent_of(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not parent_of(pid)


def test_an_orphan_is_stopped_by_the_next_start(starting, tmp_path):
    # Without the tool that has the kernel end it, as on macOS, the engine outlives its owner.
    pid = abandon("redis", tmp_path, "/nowhere")
    assert parent_of(pid)
    engine = starting(redis.start, tmp_path)
    assert engine.pid != pid
    assert not parent_of(pid)


def test_an_engine_that_dies_is_told_with_its_last_words(tmp_path):
    (tmp_path / "dynamodb.sqlite3").write_text("not a database at all, " * 100)
    with pytest.raises(EngineError, match=r"^DynamoDB stopped with status \d+ \(.*; see .*dynamodb.log\)\.$"):
        dynamodb.start(tmp_path)


def test_both_run_together_and_stop_together(tmp_path):
    with engines.running(tmp_path) as stores:
        pids = [engine.pid for engine in stores.ours()]
        assert len(pids) == 2
        assert stores.environment["REDIS_SESSION_URL"] == f"{stores.redis.url}?db=1"
    assert not any(parent_of(pid) for pid in pids)


def test_an_engine_that_the_environment_names_is_taken_as_it_is(starting, tmp_path, monkeypatch):
    there = starting(redis.start, tmp_path / "there")
    monkeypatch.setenv("DYNAMODB_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("REDIS_CACHE_URL", f"{there.url}?db=0")
    monkeypatch.setenv("REDIS_SESSION_URL", f"{there.url}?db=1")
    with engines.running(tmp_path / "here") as stores:
        assert stores.ours() == []
        assert stores.environment["DYNAMODB_ENDPOINT_URL"] == "http://127.0.0.1:9"


def test_a_named_redis_that_does_not_answer_is_told(starting, tmp_path, monkeypatch):
    monkeypatch.setenv("DYNAMODB_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("REDIS_CACHE_URL", "redis://127.0.0.1:9/0")
    monkeypatch.setenv("REDIS_SESSION_URL", "redis://127.0.0.1:9/1")
    sentence = "The Redis that REDIS_CACHE_URL names does not answer"
    with pytest.raises(EngineError, match=sentence), engines.running(tmp_path):
        pass


def test_the_first_engine_to_end_is_noticed(starting, tmp_path):
    lasting, ending = starting(dynamodb.start, tmp_path), starting(redis.start, tmp_path)
    killed(ending)
    assert engines.first_to_end([lasting, ending]) is ending


def test_forgetting_deletes_the_data_and_nothing_else(tmp_path):
    with engines.running(tmp_path):
        pass
    (tmp_path / "engines").mkdir()
    (tmp_path / "mine.txt").write_text("keep")
    engines.forget(tmp_path)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    assert left == {"engines", "mine.txt", "logs", "redis", "redis/server.lock", "dynamodb.lock"}
