"""Real engines for every test: one Dynoxide and one Valkey for the run, both emptied between tests."""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from django.conf import settings

from forum import directory, readers
from forum import redis as stores
from forum.actions import pace
from forum.cache import local, presence, scripts
from forum.local import dynamodb, redis
from forum.models import Forum, User
from forum.pulse import counting, views
from forum.search.backend import index
from forum.tables import base, posts
from forum.tables.schema import MODELS
from tests.helpers import create_tables, drop_tables, make_forum, make_member


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
            # A machine that is busy with other tests may let Redis wait for its turn; nobody reads here meanwhile.
            settings.CACHES[alias]["OPTIONS"]["SOCKET_TIMEOUT"] = 1.0
        settings.SEARCH_FILE = Path(home, "search.sqlite3")
        settings.STORAGES["default"]["OPTIONS"] = {"location": Path(home, "media")}
        settings.STATIC_ROOT = Path(home, "static")
        settings.STATIC_ROOT.mkdir()
        settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
        # Strong hashes are slow by design; no test looks at them.
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
        # Members of tests post more in a second than people in a day; the tests of the limits set them.
        settings.NEW_MEMBER_POSTS_PER_HOUR = settings.POSTS_PER_HOUR = settings.REPORTS_PER_HOUR = 0
        counted = {"posts", "reports", "search", "similar", "images", "avatars"}
        settings.RATE_LIMITS = dict.fromkeys(pace.TABLE.keys() - counted, pace.OFF)
        settings.NEW_MEMBER_LINKS = -1
        # All tests ask from this machine, which a local forum lets read the figures.
        settings.METRICS_ADDRESSES = []
        base.reset_connection()
        yield database.url


@pytest.fixture
def redis_server() -> Iterator[None]:
    """An empty Redis, and a process that remembers nothing of it."""
    stores.forget_failures()
    directory.forget()
    readers.forget()
    local.pages.clear()
    presence.forget()
    counting.forget()
    views.forget()
    for alias in settings.CACHES:
        stores.client(alias).flushdb()
    yield
    stores.forget_failures()


@pytest.fixture
def tables() -> Iterator[None]:
    """Empty tables, and an empty index."""
    create_tables(MODELS)
    index().clear()
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


class Clock(datetime):
    value = datetime.now(UTC)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return cls.value


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> type[Clock]:
    """What the time is when a post is stored: it stands at `clock.value` until somebody moves it."""
    Clock.value = datetime.now(UTC)
    monkeypatch.setattr(posts, "datetime", Clock)
    return Clock


@pytest.fixture
def known_for_long() -> Iterator[None]:
    """Redis has lost nothing: pages of a tag that it has just met are made again after three seconds, by themselves."""
    met = {name: getattr(scripts, name).replace("UNNAMED = 3000", "UNNAMED = 0") for name in ("LOAD", "FINISH")}
    assert met["LOAD"] != scripts.LOAD
    with patch.multiple(scripts, **met):
        yield
