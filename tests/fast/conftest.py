"""The servers of these tests: the fast path in the loop, from bytes to bytes and through WSGI; the same but small; and
gunicorn alone."""

import importlib.util
import os
import select
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.fast.server import Server

ABSENT = "half of the tests of the worker's loop need gunicorn_h1c: pip install -r requirements-fast.txt, with gcc"

# All that the log can say and that does not differ between two requests.
ACCESS_FORMAT = (
    '%(h)s %(l)s %(u)s "%(r)s" %(m)s %(U)s %(q)s %(H)s %(s)s %(b)s %(B)s "%(f)s" "%(a)s" %({user-agent}i)s '
    "%({x-none}i)s %({content-type}o)s %({content-length}o)s %({etag}o)s "
    "%({http_cookie}e)s %({server_port}e)s %({wsgi.url_scheme}e)s"
)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say once, and not for each test, that there is no parser."""
    report = yield
    if report.skipped and ABSENT in str(report.longrepr):
        report.longrepr = (__file__, None, ABSENT)
    return report


@pytest.fixture(scope="session")
def epoll() -> None:
    """Without it there is no loop to test."""
    if not hasattr(select, "epoll"):
        pytest.skip("The loop needs epoll, which only Linux has.")


@pytest.fixture(scope="session")
def parser(epoll: None) -> None:
    """gunicorn's C parser, which not every machine can build; without it the loop answers through WSGI alone."""
    if importlib.util.find_spec("gunicorn_h1c") is None:
        pytest.fail(ABSENT, pytrace=False) if os.environ.get("CI") else pytest.skip(ABSENT)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fast")


@pytest.fixture(scope="session", params=["on", "wsgi"])
def fast_path(request: pytest.FixtureRequest, epoll: None) -> str:
    """What FAST_PATH is: the loop answers either way."""
    if request.param == "on":
        request.getfixturevalue("parser")
    return str(request.param)


@pytest.fixture(scope="session")
def server(home: Path, fast_path: str) -> Iterator[Server]:
    with Server(home, FAST_PATH=fast_path) as server:
        yield server


@pytest.fixture(scope="session")
def small(home: Path, access_log: Path, fast_path: str) -> Iterator[Server]:
    """Twelve connections, of which each of four threads may need one; a second of silence; an access log."""
    options = ["--worker-connections", "12", "--threads", "4", "--keep-alive", "1"]
    options += ["--access-logfile", str(access_log), "--access-logformat", ACCESS_FORMAT]
    with Server(home, *options, FAST_PATH=fast_path) as server:
        yield server


@pytest.fixture(scope="session")
def access_log(home: Path, fast_path: str) -> Path:
    return home / f"access-{fast_path}.log"


@pytest.fixture(scope="session")
def plain(home: Path) -> Iterator[Server]:
    with Server(home, app="fronted", FAST_PATH="off") as server:
        yield server
