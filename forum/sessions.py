"""Sessions in Redis, by Django's own cache backend, that survive a Redis that does not answer.

Each process keeps the sessions it has read, and is told by the server when one changes or ends
(`cache.tracking`), so a member's next request reads none.

While the session server is down a member is shown as signed out and told so; the cookie is kept, so
that everybody is signed in again when the server is back. Nothing can be changed meanwhile.
"""

import json
from typing import Any

from django.contrib.sessions.backends.cache import KEY_PREFIX
from django.contrib.sessions.backends.cache import SessionStore as CacheSession
from django.core.cache.backends.base import default_key_func
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from .cache import local, scripts
from .cache.tracking import Tracker
from .errors import Unavailable
from .redis import Down, answering, client, run

AWAY = gettext_noop("Sign-in is not possible for a moment. Please try again shortly.")


def redis_key(session_key: str) -> str:
    """The session's key as it is in Redis, with what Django's caches put before it."""
    return default_key_func(KEY_PREFIX + session_key, "", 1)


# The JSON of each session, so that nobody changes another request's data.
known: Tracker[bytes] = Tracker("sessions", redis_key(""))


def _read(session_key: str) -> bytes | None:
    """A session's JSON, from memory or in one round trip; None where there is none. Down."""
    key = redis_key(session_key)
    tracked = local.enabled() and known.revive()
    kept = known.get(key) if tracked else None
    if kept is not None:
        return kept
    expected = known.expect(key) if tracked else None
    with answering("sessions"):
        pipeline = client("sessions").pipeline(transaction=False)
        pipeline.get(key)
        pipeline.pttl(key)
        stored, milliseconds = pipeline.execute()
    if stored is not None and expected is not None:
        known.keep(expected, stored, milliseconds / 1000 if milliseconds >= 0 else None)
    return stored  # type: ignore[no-any-return]


def _settle(session_key: str | None) -> None:
    """Come back only when every process has been sent word that this session has changed."""
    if session_key:
        run([(scripts.BARRIER, [redis_key(session_key)], [])], "sessions")


class SessionStore(CacheSession):
    """`unavailable` is True once the server did not answer in this request."""

    unavailable = False
    # The JSON that this request's data was read from.
    stored = b""

    def load(self) -> dict[str, Any]:
        """As Django's, which however takes a server that fails for a session that ended."""
        try:
            stored = _read(self.session_key) if self.session_key else None
        except Down:
            self.unavailable = True
            return {}
        if stored is None:
            self._session_key = None
            return {}
        self.stored = stored
        data: dict[str, Any] = json.loads(stored)
        return data

    def is_empty(self) -> bool:
        """Never "empty" while unknown: Django's middleware would delete the member's cookie."""
        return not self.unavailable and super().is_empty()

    def save(self, must_create: bool = False) -> None:
        if self.unavailable:
            raise Unavailable(_(AWAY))
        try:
            with answering("sessions"):
                super().save(must_create)
                _settle(self.session_key)
        except Down as down:
            raise Unavailable(_(AWAY)) from down

    def delete(self, session_key: str | None = None) -> None:
        try:
            with answering("sessions"):
                super().delete(session_key)
                _settle(session_key or self.session_key)
        except Down as down:
            raise Unavailable(_(AWAY)) from down
