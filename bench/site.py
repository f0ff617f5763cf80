"""A site of its own for a benchmark: fresh engines and an empty database in a temporary directory."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO, StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forum.tables.threads import Thread


@contextmanager
def temporary_site(in_memory: bool = True) -> Iterator[Path]:
    """Start Dynoxide and Valkey, set Django up on them, create tables and rows; yields the directory."""
    with TemporaryDirectory(prefix="forum-bench-") as home:
        os.environ.update(DJANGO_SETTINGS_MODULE="forum_site.settings", DATABASE_URL=f"sqlite:///{home}/bench.sqlite3")
        import django
        from django.conf import settings
        from django.core.management import call_command

        django.setup()
        from forum.local import dynamodb, redis

        with redis.start(Path(home)) as cache, dynamodb.start(Path(home), in_memory=in_memory) as database:
            settings.DYNAMODB_ENDPOINT_URL = database.url
            settings.ALLOWED_HOSTS = ["*"]
            for number, alias in enumerate(settings.CACHES):
                settings.CACHES[alias]["LOCATION"] = f"{cache.url}?db={number}"
            settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
            call_command("migrate", verbosity=0)
            call_command("tables", "create", stdout=StringIO(), stderr=StringIO())
            yield Path(home)


def long_thread(posts: int, body: str) -> "Thread":
    """A thread of so many posts by twenty members in a new public forum."""
    from forum.models import Forum, User
    from forum.tables import posts as table
    from forum.tables.keys import Nonce

    Forum.objects.create(name="bench", title="Benchmark")
    members = [User.objects.create(username=f"member{number}") for number in range(20)]
    head = table.put_thread("bench", 1, str(members[0].pk), "How to measure a forum", body, Nonce.new())
    for number in range(1, posts):
        author = str(members[number % 20].pk)
        head, _ = table.put_reply("bench", head.id, author, body, Nonce.new(), lambda _: None)
    return head


def get(path: str) -> dict[str, str]:
    """Ask the WSGI application for a page, as gunicorn would; the answer's headers."""
    from forum_site.wsgi import application

    headers: dict[str, str] = {}
    url, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": url, "QUERY_STRING": query, "SERVER_NAME": "localhost",
        "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http", "wsgi.input": BytesIO(),
    }  # fmt: skip
    answer = application(environ, lambda status, items, *_: headers.update(items))
    b"".join(answer)
    answer.close()
    return headers
