"""What a deployment must have set: `manage.py check --deploy` says so, and the server asks it first."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security, deploy=True)
def deployment_is_configured(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Everything whose local default would lose data or let strangers in."""
    found: list[CheckMessage] = []
    for number, (bad, sentence) in enumerate(_conditions(), 1):
        if bad:
            found.append(Error(sentence, id=f"forum.E{number:03}"))
    return found


def _conditions() -> list[tuple[bool, str]]:
    local_redis = [u for u in (settings.REDIS_CACHE_URL, settings.REDIS_SESSION_URL) if str(settings.DATA_DIR) in u]
    return [
        (settings.LOCAL, "Set SECRET_KEY to at least 50 random characters; without it this is a local forum."),
        (not settings.ALLOWED_HOSTS, "Set ALLOWED_HOSTS to the site's host names, separated by commas."),
        (bool(local_redis), "Set REDIS_CACHE_URL and REDIS_SESSION_URL to your Redis or Valkey servers."),
        (
            settings.REDIS_CACHE_URL == settings.REDIS_SESSION_URL,
            "Set REDIS_SESSION_URL to another server or database than REDIS_CACHE_URL: the cache may evict anything.",
        ),
        (
            "sqlite" in settings.DATABASES["default"]["ENGINE"],
            "Set DATABASE_URL to a database server (postgres://…): a SQLite file serves a single machine only.",
        ),
        (
            settings.EMAIL_BACKEND.endswith("console.EmailBackend"),
            "Set EMAIL_URL (smtp+tls://user:password@host:587): members must get their confirmation mails.",
        ),
    ]
