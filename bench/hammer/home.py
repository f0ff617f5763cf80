"""A data directory of the hammer's own, and Django set up on it. To be done before anything of the forum
is imported."""

import logging
import os
from pathlib import Path

FORUM = "hammer"
MODERATOR = "moderator"
READERS = ["reader-1", "reader-2"]
WRITERS = [f"writer-{number}" for number in range(1, 9)]

# What this machine may have set, and would lead elsewhere, or have a Redis that fails waited for.
FOREIGN = (
    "SECRET_KEY",
    "DATABASE_URL",
    "DYNAMODB_TABLE_PREFIX",
    "STATIC_ROOT",
    "PORT",
    "WEB_CONCURRENCY",
    "REDIS_TIMEOUT",
)


def prepare(home: Path) -> None:
    """Set Django up on `home`, with static files collected."""
    root = Path(__file__).absolute().parent.parent.parent
    # What this machine has installed and collected already is not made once more.
    usual = Path(os.environ.get("DATA_DIR", root / "var")).resolve()
    (usual / "engines").mkdir(parents=True, exist_ok=True)
    (home / "engines").symlink_to(usual / "engines")
    for name in FOREIGN:
        os.environ.pop(name, None)
    os.environ.update(
        DJANGO_SETTINGS_MODULE="forum_site.settings",
        DATA_DIR=str(home),
        FORUM_EMBEDDED="1",
        PYTHONPATH=str(root),
        STATIC_ROOT=str(usual / "static"),
        RATE_LIMITS="all=off",
        REDIS_CACHE_URL=f"unix://{home / 'cache' / 'redis.sock'}?db=0",
        REDIS_SESSION_URL=f"unix://{home / 'sessions' / 'redis.sock'}?db=0",
    )
    import django

    django.setup()
    logging.getLogger("forum").setLevel(logging.WARNING)
    from forum.local import static

    static.collect(usual)


def populate() -> None:
    """Members and a forum, which all runs share. Writes to the database want a Redis whose pages they renew."""
    from django.contrib.auth.models import Group
    from django.core.management import call_command

    from forum.models import MODERATORS, Forum, User

    call_command("migrate", verbosity=0)
    Forum.objects.get_or_create(name=FORUM, defaults={"title": "The hammer"})
    for name in (MODERATOR, *READERS, *WRITERS):
        User.objects.get_or_create(username=name, defaults={"is_staff": name == MODERATOR})
    moderator, group = User.objects.get(username=MODERATOR), Group.objects.get(name=MODERATORS)
    # Not by `add`, which would want a Redis, too.
    User.groups.through.objects.get_or_create(user=moderator, group=group)
