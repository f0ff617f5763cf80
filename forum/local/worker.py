"""The worker of `manage.py up`: `manage.py work` as a child process."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from django.conf import settings

from forum.local.process import Engine, spawn

NAME = "The worker"


def start(directory: Path, environment: Mapping[str, str]) -> Engine:
    """Start it with `environment` added to ours. It answers nobody, so there is nothing to wait for."""
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "work"]
    embedded = {"DATA_DIR": str(settings.DATA_DIR)}
    log = directory / "logs" / "worker.log"
    process = spawn(
        NAME, command, lock=directory / "worker.lock", log=log, environment={**os.environ, **embedded, **environment}
    )
    return Engine(NAME, "", process)
