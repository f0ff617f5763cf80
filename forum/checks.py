"""What a deployment must have set: `manage.py check --deploy` says so, and the server asks it first."""

import re
from importlib.util import find_spec
from ipaddress import ip_network
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from .actions import pace
from .sample import SIGN_INS

# Of a token that programs send, at the least.
TOKEN_LEAST = 20


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


@register()
def limits_are_understood(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether RATE_LIMITS names acts that there are, and says how many."""
    found: list[CheckMessage] = []
    for act, text in settings.RATE_LIMITS.items():
        if (act, text) == (pace.ALL, pace.OFF):
            continue
        try:
            pace.replaced_by(pace.TABLE[act], text)
        except KeyError:
            found.append(Error(f"RATE_LIMITS names {act}; there are {', '.join(pace.TABLE)}.", id="forum.E201"))
        except ValueError as error:
            found.append(Error(f"RATE_LIMITS for {act}: {error}.", id="forum.E202"))
    return found


@register()
def metrics_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether those who may read /metrics can be told from all others."""
    found: list[CheckMessage] = []
    for text in settings.METRICS_ADDRESSES:
        try:
            ip_network(text, strict=False)
        except ValueError:
            said = f"METRICS_ADDRESSES names {text}, which is no address and no network such as 10.1.0.0/16."
            found.append(Error(said, id="forum.E211"))
    if settings.METRICS_TOKEN and len(settings.METRICS_TOKEN) < TOKEN_LEAST:
        said = f"METRICS_TOKEN can be guessed: give it at least {TOKEN_LEAST} random characters."
        found.append(Error(said, id="forum.E212"))
    return found


@register()
def dax_can_be_asked(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether DAX_ENDPOINT_URL leads to a cluster, and AWS's client for it is installed."""
    found: list[CheckMessage] = []
    if not settings.DAX_ENDPOINT_URL:
        return found
    if not re.match(r"daxs?://[^/\s]+$", settings.DAX_ENDPOINT_URL):
        said = f"DAX_ENDPOINT_URL is {settings.DAX_ENDPOINT_URL}: set it to the cluster's endpoint, dax://… or daxs://…"
        found.append(Error(said, id="forum.E221"))
    if not find_spec("amazondax"):
        said = "DAX_ENDPOINT_URL is set, but DAX's client is missing: pip install -r requirements-dax.txt"
        found.append(Error(said, id="forum.E222"))
    return found


@register(Tags.security, deploy=True)
def sign_ins_are_secret(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether the sample community's members are here with the passwords that everybody can read."""
    try:
        found = known_sign_ins()
    except (DatabaseError, ImproperlyConfigured):
        # The server says so itself when it needs the database.
        return []
    if not found:
        return []
    sentence = (
        f"Anybody can sign in as {' and '.join(found)}: the sample community's passwords are public. "
        "Give these members others, or deactivate them, before you serve in public."
    )
    return [Error(sentence, id="forum.E101")]


def known_sign_ins() -> list[str]:
    """The names of active members who still have the password that the sample community gave them. One SQL query,
    and a slow hash for each member of such a name."""
    from .models import User

    passwords = {name: password for name, password, _ in SIGN_INS}
    members = User.objects.filter(username__in=passwords, is_active=True).values_list("username", "password")
    return sorted(name for name, stored in members if check_password(passwords[name], stored))
