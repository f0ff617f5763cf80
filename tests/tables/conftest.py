"""Three engines under the same tests: moto in this process, Dynoxide, and MiniStack.

They were written independently, so what holds on all three is probably DynamoDB's own behaviour.
Where one of them is known to be wrong, a test says so with `wrong_on`, and fails when it is mended.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from moto import mock_aws

from forum.local.ports import free_port, speaks_http
from forum.local.process import Engine, spawn, wait_until
from forum.tables import base
from forum.tables.schema import MODELS
from tests.helpers import create_tables, drop_tables

HOST = "127.0.0.1"
_opened: dict[str, base.ForumConnection | None] = {}


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """MiniStack's URL. Of its many services only DynamoDB listens, and only on the loopback."""
    port = free_port()
    log = tmp_path_factory.mktemp("ministack") / "log"
    environment = os.environ | {
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "SERVICES": "dynamodb",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "ERROR",
        "TMPDIR": str(log.parent),
    }
    process = spawn("MiniStack", [sys.executable, "-m", "ministack"], log=log, environment=environment)
    with Engine("MiniStack", f"http://{HOST}:{port}", process) as engine:
        wait_until(lambda: speaks_http(HOST, port), engine, seconds=30, log=log)
        yield engine.url


@pytest.fixture(params=["moto", "dynoxide", "ministack"])
def engine(request: pytest.FixtureRequest, settings: object) -> Iterator[str]:
    """The name of an engine that the connection leads to and that has no tables."""
    with _leading_to(request.param, request, settings):
        yield request.param


@pytest.fixture
def stored(engine: str) -> Iterator[str]:
    """The name of an engine with empty tables."""
    with _empty_tables():
        yield engine


@pytest.fixture
def dynoxide(request: pytest.FixtureRequest, settings: object) -> Iterator[None]:
    """Empty tables on Dynoxide alone, for what the others cannot show: capacity, many writers."""
    with _leading_to("dynoxide", request, settings), _empty_tables():
        yield


@contextmanager
def _leading_to(name: str, request: pytest.FixtureRequest, settings: object) -> Iterator[None]:
    """Lead the connection to an engine, and afterwards let it find its way anew."""
    before = base._connection
    base._connection = _opened.get(name)  # to build a client takes longer than most of these tests
    try:
        if name == "moto":
            settings.DYNAMODB_ENDPOINT_URL = ""  # moto answers only where AWS would have
            with mock_aws():
                yield
        else:
            if name == "ministack":
                settings.DYNAMODB_ENDPOINT_URL = request.getfixturevalue("ministack")
            yield
    finally:
        _opened[name] = base._connection
        base._connection = before


@contextmanager
def _empty_tables() -> Iterator[None]:
    create_tables(MODELS)
    try:
        yield
    finally:
        drop_tables(MODELS)


@pytest.fixture
def wrong_on(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`wrong_on("moto", reason)`: from here on this test must fail on that engine, for that reason."""

    def expect(name: str, reason: str) -> None:
        if f"[{name}" in request.node.name:
            request.applymarker(pytest.mark.xfail(reason=f"{name}: {reason}", strict=True))

    return expect
