"""The web server, for `manage.py up` and for deployments: `gunicorn -c forum_site/gunicorn.conf.py forum_site.wsgi`.

PORT (then every address is listened on; else 127.0.0.1:8000), WEB_CONCURRENCY (worker processes),
THREADS (in each) and FAST_PATH come from the environment. FAST_PATH is on (what is in memory is answered
from bytes to bytes), `wsgi` (it is answered through WSGI, still before Django) or off (Django answers alone).
"""

import gc
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

# gunicorn may have been started from anywhere.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from forum_site import front
from forum_site.balance import balance

BASE_DIR = Path(__file__).resolve().parent.parent

worker_class = f"forum_site.worker.{'FastWorker' if front.wanted() else 'SharingWorker'}"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
threads = int(os.environ.get("THREADS") or 6)

# Longer than browsers pause between two pages of one visit, so that the second needs no new connection.
keepalive = 30

# Its default path is the user's own, which two forums on one machine would share.
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Stop, with the sentences, before serving with settings that would not hold in public."""
    if os.environ.get("FORUM_EMBEDDED"):
        return
    if "SECRET_KEY" not in os.environ:
        sys.exit("SECRET_KEY is not set: set it to serve in public, or start a local forum with `manage.py up`.")
    # A process of its own, so that no connection is opened here and then shared by all workers.
    command = [sys.executable, str(BASE_DIR / "manage.py"), "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr.strip())


def child_exit(server: Any, worker: Any) -> None:
    """In the master: the worker has no connections any more."""
    balance.leave(worker.age)


def post_worker_init(worker: Any) -> None:
    """Open the worker's DynamoDB client before its first request waits for that.

    Not in post_fork: there the application is not loaded yet, and a request to stop would go unheard.
    """
    from forum.tables import base

    base.warm_up()
    # What is loaded by now stays; the collector need not look at it again and again while answers wait.
    gc.collect()
    gc.freeze()
