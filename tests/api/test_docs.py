"""The examples of docs/api.md, run by curl against a server."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from forum.actions import tokens
from tests.helpers import make_forum, make_member, start_thread
from tests.processes import ROOT

ABSENT = "the examples of the API need curl, and there is none here: apt-get install curl"
EXAMPLE = re.compile(r"^curl .*$", re.MULTILINE)


@pytest.mark.django_db(transaction=True)
def test_every_example_works(redis_server: None, tables: None, live_server: LiveServer, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.fail(ABSENT, pytrace=False) if os.environ.get("CI") else pytest.skip(ABSENT)
    ada, bob = make_member("ada"), make_member("bob")
    thread = start_thread(ada, make_forum("aws"), "About keys", "Which key?")
    _, token = tokens.make(bob, "Examples", ["read", "write"], None)
    words = {"FORUM": live_server.url, "TOKEN": token, "THREAD": thread.id}
    examples = EXAMPLE.findall((ROOT / "docs" / "api.md").read_text())
    assert len(examples) >= 12
    for example in examples:
        command = f"{example} -w '\\n%{{http_code}}'"
        ran = subprocess.run(
            ["bash", "-c", command], env={**os.environ, **words}, capture_output=True, text=True, check=True, timeout=30
        )
        told, _, status = ran.stdout.rpartition("\n")
        assert status in ("200", "201", "204"), (example, ran.stdout)
        if status != "204":
            assert json.loads(told), example
