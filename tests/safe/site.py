"""The same site behind a real web server, as its owner starts it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.browser.site import Site
from tests.processes import run_python, said


@contextmanager
def site_on(home: Path) -> Iterator[tuple[Site, dict[str, str]]]:
    """A running forum on a data directory, filled, and the addresses of its threads."""
    site = Site(home)
    try:
        site.start()
        filled = run_python("-m", "tests.safe.community", DATA_DIR=str(home))
        assert filled.returncode == 0, said(filled)
        yield site, json.loads(filled.stdout)
    finally:
        site.stop()
