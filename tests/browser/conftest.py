"""A real Chromium before a real forum: both are started once, for all browser tests."""

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, StorageState, expect, sync_playwright

from tests.processes import run_python, said

from .person import Person
from .site import Site

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# Without these a browser of root's does not start, and asks servers on the internet for updates.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]
PATIENCE = 10_000
ABSENT = "the browser tests need Chromium, and there is none here: apt-get install chromium"

Visit = Callable[..., Person]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say once, and not for each test, that there is no Chromium."""
    report = yield
    if report.skipped and ABSENT in str(report.longrepr):
        report.longrepr = (__file__, None, ABSENT)
    return report


# These end with the last browser test: while Playwright runs it has an event loop in this thread,
# in which Django refuses to ask the database.


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        pytest.fail(ABSENT, pytrace=False) if os.environ.get("CI") else pytest.skip(ABSENT)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    server = Site(tmp_path_factory.mktemp("site"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="package")
def wide_thread(server: Site) -> str:
    """The address of a thread of two pages that holds everything that is wide."""
    filled = run_python("-m", "tests.browser.community", DATA_DIR=str(server.home))
    assert filled.returncode == 0, said(filled)
    return filled.stdout


@pytest.fixture(scope="package")
def sessions() -> dict[str, StorageState]:
    """The cookies of members who have signed in once, by name."""
    return {}


@pytest.fixture
def visit(browser: Browser, server: Site, wide_thread: str, sessions: dict[str, StorageState]) -> Iterator[Visit]:
    """`visit()` is a stranger with a browser of their own, `visit("ada")` a member who is signed in.

    Afterwards nobody's browser may have complained about anything.
    """
    people: list[Person] = []

    def visit(name: str = "", **options: Any) -> Person:
        context = browser.new_context(base_url=server.url, storage_state=sessions.get(name), **options)
        context.set_default_timeout(PATIENCE)
        person = Person(context, name)
        people.append(person)
        if name and name not in sessions:
            sessions[name] = person.signs_in().context.storage_state()
        return person

    yield visit
    troubles = [trouble for person in people for trouble in person.troubles]
    for person in people:
        person.context.close()
    assert troubles == []
