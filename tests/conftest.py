"""Real engines for every test: one Dynoxide and one Valkey for the run, both emptied between tests."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.conf import settings

from forum import directory, readers
from forum import redis as stores
from forum.cache import local
from forum.local import dynamodb, redis
from forum.models import Forum, User
from forum.tables import base
from forum.tables.moderation import Record
from forum.tables.posts import Post
from forum.tables.threads import Thread
from tests.helpers import create_tables, drop_tables, make_forum, make_member

MODELS = (Thread, Post, Record)


@pytest.fixture(scope="session", autouse=True)
def engines() -> Iterator[str]:
    """Start both engines and point the settings at them, before anything has connected. DynamoDB's URL."""
    with (
        TemporaryDirectory(prefix="forum-") as home,
        redis.start(Path(home)) as cache,
        dynamodb.start(Path(home), in_memory=True) as database,
    ):
        settings.DYNAMODB_ENDPOINT_URL = database.url
        for number, alias in enumerate(settings.CACHES):
            settings.CACHES[alias]["LOCATION"] = f"{cache.url}?db={number}"
        settings.STATIC_ROOT = Path(home, "static")
        settings.STATIC_ROOT.mkdir()
        settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
        # Strong hashes are slow by design; no test looks at them.
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
        base.reset_connection()
        yield database.url


@pytest.fixture
def redis_server() -> Iterator[None]:
    """An empty Redis, and a process that remembers nothing of it."""
    stores.forget_failures()
    directory.forget()
    readers.forget()
    local.pages.clear()
    for alias in settings.CACHES:
        stores.client(alias).flushdb()
    yield
    stores.forget_failures()


@pytest.fixture
def tables() -> Iterator[None]:
    """Empty tables."""
    create_tables(MODELS)
    yield
    drop_tables(MODELS)


@pytest.fixture
def site(db: None, redis_server: None, tables: None) -> None:
    """Everything a page needs, empty."""


@pytest.fixture
def aws(site: None) -> Forum:
    """A public forum."""
    return make_forum("aws", title="AWS in practice")


@pytest.fixture
def ada(site: None) -> User:
    return make_member("ada")


@pytest.fixture
def bob(site: None) -> User:
    return make_member("Bob")


@pytest.fixture
def mod(site: None) -> User:
    return make_member("mod", is_staff=True)
