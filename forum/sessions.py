"""Sessions in Redis, by Django's own cache backend, that survive a Redis that does not answer.

While the session server is down a member is shown as signed out and told so; the cookie is kept, so
that everybody is signed in again when the server is back. Nothing can be changed meanwhile.
"""

from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.cache import SessionStore as CacheSession
from django.core.cache import caches

from .errors import Unavailable
from .redis import Down, answering

AWAY = "Sign-in is not possible for a moment. Please try again shortly."


class SessionStore(CacheSession):
    """`unavailable` is True once the server did not answer in this request."""

    unavailable = False

    def load(self) -> dict[str, Any]:
        """As Django's, which however takes a server that fails for a session that ended."""
        try:
            with answering("sessions"):
                data: dict[str, Any] | None = caches[settings.SESSION_CACHE_ALIAS].get(self.cache_key)
        except Down:
            self.unavailable = True
            return {}
        if data is None:
            self._session_key = None
        return data or {}

    def is_empty(self) -> bool:
        """Never "empty" while unknown: Django's middleware would delete the member's cookie."""
        return not self.unavailable and super().is_empty()

    def save(self, must_create: bool = False) -> None:
        if self.unavailable:
            raise Unavailable(AWAY)
        try:
            with answering("sessions"):
                super().save(must_create)
        except Down as down:
            raise Unavailable(AWAY) from down

    def delete(self, session_key: str | None = None) -> None:
        try:
            with answering("sessions"):
                super().delete(session_key)
        except Down as down:
            raise Unavailable(AWAY) from down
