"""The site with workers that die, some of the time, right after a transaction was committed.

Served in place of forum_site.wsgi; HAMMER_DEATHS is how likely each commit is the worker's last act.
What is stored then is neither invalidated nor acknowledged.
"""

import os
import random
import signal
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forum_site.settings")

from forum.tables import base  # noqa: E402

LIKELY = float(os.environ["HAMMER_DEATHS"])
_commit = base.commit


def commit_and_die(*arguments: Any, **options: Any) -> None:
    """Commit as ever; whoever calls may not live to see it."""
    _commit(*arguments, **options)
    if random.random() < LIKELY:
        os.kill(os.getpid(), signal.SIGKILL)


# Before anything else imports it by name.
base.commit = commit_and_die

from forum_site.wsgi import application  # noqa: E402, F401
