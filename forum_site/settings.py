"""Every setting, in one file; all come from the environment and none has to be set.

With nothing set the forum runs locally: `manage.py up` starts the embedded engines and everything
is kept in DATA_DIR. Setting SECRET_KEY is what makes a deployment: from then on cookies need HTTPS
and `manage.py check --deploy` (which the server runs before it starts) names whatever is missing.
"""

import secrets
from pathlib import Path
from typing import Any

import environ
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

env = environ.Env()


def local_secret_key(data_dir: Path) -> str:
    """A key of this data directory's own, made on first use, so that local sessions survive a restart."""
    path = data_dir / "secret-key"
    try:
        if not path.exists():
            data_dir.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(50))
        return path.read_text()
    except OSError as error:
        raise SystemExit(f"DATA_DIR ({data_dir}) cannot be used: {error.strerror}. Name another folder.") from None


def local_redis_socket(data_dir: Path) -> Path:
    """The embedded server's socket; the kernel refuses socket paths of 108 bytes and more."""
    path = data_dir / "redis.sock"
    if len(str(path).encode()) < 100:
        return path
    import hashlib

    digest = hashlib.sha256(str(data_dir).encode()).hexdigest()[:16]
    return Path(f"/tmp/forumposts-{digest}.sock")


def local_dynamodb_url(data_dir: Path) -> str:
    """Where a running `manage.py up` said its DynamoDB listens, so that other commands find it."""
    path = data_dir / "dynamodb.url"
    return path.read_text().strip() if path.exists() else "http://127.0.0.1:8001"


def seconds(name: str, default: float, least: float, most: float) -> float:
    """A length of time from the environment; ends with a sentence where it is none, or out of these bounds."""
    text = env.str(name, default=str(default))
    try:
        if least <= float(text) <= most:
            return float(text)
    except ValueError:
        pass
    raise SystemExit(f"{name} is {text or 'empty'}: set it to a number of seconds from {least:g} to {most:g}.")


# -- What runs, and where its data is -------------------------------------------------------------

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
LOCAL = "SECRET_KEY" not in env.ENVIRON
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = local_secret_key(DATA_DIR) if LOCAL else env.str("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"] if LOCAL else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

ROOT_URLCONF = "forum_site.urls"
WSGI_APPLICATION = "forum_site.wsgi.application"
SITE_NAME = env.str("SITE_NAME", default="ForumPosts")
# Where readers find the site, for what leaves it: feeds, sitemaps, previews of links, mail. Never told from a
# request, since pages are kept for all. Left unset it is the first plain name in ALLOWED_HOSTS.
_hosts = [host for host in ALLOWED_HOSTS if not host.startswith((".", "*"))]
SITE_URL = env.str(
    "SITE_URL", default="http://127.0.0.1:8000" if LOCAL else f"https://{_hosts[0] if _hosts else 'localhost'}"
).rstrip("/")
# Whether robots.txt lets search engines in.
SEARCH_ENGINES = env.bool("SEARCH_ENGINES", default=True)

INSTALLED_APPS = [
    "forum",
    "forum.apps.ForumAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]

MIDDLEWARE = [
    "forum.middleware.RememberHeaders",
    "forum.middleware.HealthCheck",
    "forum.middleware.HeadWithoutBody",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "forum.middleware.ContentSecurityPolicy",
    "forum.middleware.Language",
    "forum.middleware.ServerTiming",
    "forum.middleware.ErrorPages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "forum.middleware.TimeZone",
    "forum.middleware.KeptText",
    "forum.middleware.FillHoles",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# -- DynamoDB: posts and threads ------------------------------------------------------------------

# Unset in production: botocore then finds the region's own endpoint.
DYNAMODB_ENDPOINT_URL = env.str("DYNAMODB_ENDPOINT_URL", default=local_dynamodb_url(DATA_DIR) if LOCAL else "")
DYNAMODB_TABLE_PREFIX = env.str("DYNAMODB_TABLE_PREFIX", default="")
AWS_REGION = env.str("AWS_REGION", default="us-east-1")
# A DAX cluster, dax:// or daxs://, for the few reads that it helps with (forum.tables.dax).
DAX_ENDPOINT_URL = env.str("DAX_ENDPOINT_URL", default="")

# -- Redis: sessions and pages --------------------------------------------------------------------

_socket = local_redis_socket(DATA_DIR)
REDIS_CACHE_URL = env.str("REDIS_CACHE_URL", default=f"unix://{_socket}?db=0")
REDIS_SESSION_URL = env.str("REDIS_SESSION_URL", default=f"unix://{_socket}?db=1")
# How many seconds a server may be silent before it is taken for dead: then it costs nobody a wait for a second.
# A connection is waited for half as long.
REDIS_TIMEOUT = seconds("REDIS_TIMEOUT", 0.2, least=0.05, most=2)


def redis_alias(url: str, cluster: bool = False) -> dict[str, Any]:
    """One Redis server, or cluster, as a Django cache: JSON, one retry, no call waits over one and a half times
    REDIS_TIMEOUT.

    A failover costs the retry: the connection broke, or the server says that it is a replica now. A server
    that does not answer in time is not asked again.
    """
    pool = {
        "retry": Retry(ConstantBackoff(0.01), 1, supported_errors=(RedisConnectionError, ReadOnlyError)),
        "retry_on_error": [ReadOnlyError, RedisConnectionError],
        "max_connections": 100,
        # A server's announcement of its maintenance would stretch the timeouts to 10 s.
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    }
    options = {
        "SERIALIZER": "django_redis.serializers.json.JSONSerializer",
        "SOCKET_CONNECT_TIMEOUT": REDIS_TIMEOUT / 2,
        "SOCKET_TIMEOUT": REDIS_TIMEOUT,
        "CONNECTION_POOL_KWARGS": pool,
    }
    if cluster:
        options["CONNECTION_FACTORY"] = "forum.redis.ClusterFactory"
    return {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": url, "OPTIONS": options}


CACHES = {
    "default": redis_alias(REDIS_CACHE_URL, env.bool("REDIS_CACHE_CLUSTER", default=False)),
    "sessions": redis_alias(REDIS_SESSION_URL, env.bool("REDIS_SESSION_CLUSTER", default=False)),
}

SESSION_ENGINE = "forum.sessions"
SESSION_CACHE_ALIAS = "sessions"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30

# -- What each worker keeps in its own memory -----------------------------------------------------

# How many megabytes of hot pages. 0: none, nor generations, sessions and accounts; then every hit costs
# a Redis round trip.
LOCAL_PAGES_MB = env.int("LOCAL_PAGES_MB", default=64)

# -- The relational database: users, groups, forum definitions ------------------------------------

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'forum.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A writer takes its lock when its transaction begins, so that it waits for another writer
    # instead of failing half way; readers never wait (write-ahead log).
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 5,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
    }
DATABASES["default"].setdefault("CONN_MAX_AGE", 600)
DATABASES["default"].setdefault("CONN_HEALTH_CHECKS", not DATABASES["default"]["ENGINE"].endswith("sqlite3"))
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The search index, where DATABASE_URL leads to SQLite: a file of its own, so that nobody waits while it is rebuilt.
# With PostgreSQL the index is in that database.
SEARCH_FILE = Path(env.str("SEARCH_FILE", default=str(DATA_DIR / "search.sqlite3")))

# -- Accounts -------------------------------------------------------------------------------------

AUTH_USER_MODEL = "forum.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "forum.accounts.AccountAdapter"
ACCOUNT_FORMS = {"login": "forum.accounts.SignInForm"}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = env.str("ACCOUNT_EMAIL_VERIFICATION", default="optional" if LOCAL else "mandatory")
ACCOUNT_SESSION_REMEMBER = True
# Who changes a password, an address or the second factor is told so by mail, at the address of before.
ACCOUNT_EMAIL_NOTIFICATIONS = True
# The adapter says how long a name has to be, together with what else it has to be.
ACCOUNT_USERNAME_MIN_LENGTH = 1
# On top of allauth's own limits: a new name makes every page stale.
ACCOUNT_RATE_LIMITS = {"change_username": "5/d/user", "export_data": "3/d/user"}
# Where members' exports are built and fetched from: with several machines, a folder that all of them see.
EXPORTS_DIR = Path(env.str("EXPORTS_DIR", default=str(DATA_DIR / "exports")))
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "http" if LOCAL else "https"
# How many proxies in front add to X-Forwarded-For; limits by address need to know whom to believe.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
ACCOUNT_EMAIL_SUBJECT_PREFIX = f"[{SITE_NAME}] "
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = SITE_NAME
MFA_TOTP_TOLERANCE = 1

vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
# A mail server that is silent keeps nobody waiting longer than this, in seconds.
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=10)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="ForumPosts <forum@localhost>")

# -- Moderation -----------------------------------------------------------------------------------

# How many reports by members whose trust is at least 1 hide a post until a moderator looks at it. 0: none do.
REPORTS_TO_HIDE = env.int("REPORTS_TO_HIDE", default=3)
# How many posts of a new member wait for a moderator's approval. 0: none does.
APPROVE_FIRST_POSTS = env.int("APPROVE_FIRST_POSTS", default=0)
# New members are those whose trust is 0. -1 links: as many as they like; 0 posts or reports an hour: no limit.
NEW_MEMBER_LINKS = env.int("NEW_MEMBER_LINKS", default=2)
NEW_MEMBER_POSTS_PER_HOUR = env.int("NEW_MEMBER_POSTS_PER_HOUR", default=10)
# 0: they begin none.
NEW_MEMBER_CONVERSATIONS_PER_DAY = env.int("NEW_MEMBER_CONVERSATIONS_PER_DAY", default=3)
# Of other members; from trust 3 twice as many. Moderators have no limit.
POSTS_PER_HOUR = env.int("POSTS_PER_HOUR", default=60)
REPORTS_PER_HOUR = env.int("REPORTS_PER_HOUR", default=20)
# Other rows of the table of limits (forum/actions/pace.py), by the names of acts: likes=30/120/240/1500,previews=off
RATE_LIMITS = env.dict("RATE_LIMITS", default={})
# Whether everybody can read at /moderation-log/ what moderators did in public forums, and why.
PUBLIC_MODERATION_LOG = env.bool("PUBLIC_MODERATION_LOG", default=False)

# -- Figures for operators' programs ---------------------------------------------------------------

# Who may read /metrics besides signed-in operators: whoever sends this as a bearer token, and whoever asks from one
# of these addresses or networks. In a deployment nobody, unless it is said.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
METRICS_ADDRESSES = env.list("METRICS_ADDRESSES", default=["127.0.0.1", "::1"] if LOCAL else [])

# -- Webhooks -------------------------------------------------------------------------------------

# For how many days a webhook may fail before it is stopped.
WEBHOOK_DAYS = env.int("WEBHOOK_DAYS", default=3)
# Whether webhooks may lead into private networks, as to another container: whoever may define one can then reach
# whatever the worker can.
WEBHOOKS_TO_PRIVATE_ADDRESSES = env.bool("WEBHOOKS_TO_PRIVATE_ADDRESSES", default=False)

# -- What the browser gets ------------------------------------------------------------------------

STATIC_URL = "/static/"
# The pictures of docs/moderating.md, which the administration shows.
STATICFILES_DIRS = [BASE_DIR / "static", ("guide", BASE_DIR / "docs" / "images")]
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles" if not LOCAL else DATA_DIR / "static")))
# Where images are kept that members send: a folder that all web servers and workers share, or a bucket of S3
# (or of what speaks like it), for which requirements-s3.txt is installed.
S3_BUCKET = env.str("S3_BUCKET", default="")
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(DATA_DIR / "media")))


def image_storage(bucket: str) -> dict[str, Any]:
    """Objects are private: readers are led to them by addresses that are signed, and soon over."""
    if not bucket:
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": MEDIA_ROOT}}
    options = {
        "bucket_name": bucket,
        "region_name": env.str("S3_REGION", default=AWS_REGION),
        "endpoint_url": env.str("S3_ENDPOINT_URL", default="") or None,
        "location": env.str("S3_PREFIX", default=""),
        "default_acl": None,
        "querystring_auth": True,
        "querystring_expire": 60 * 60,
        "object_parameters": {"CacheControl": "private, max-age=3600"},
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}


STORAGES = {
    "default": image_storage(S3_BUCKET),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

LANGUAGE_CODE = "en"
# Each has its translations in locale/, and pages of its own in the cache.
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

CSRF_FAILURE_VIEW = "forum.views.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=not LOCAL)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=0 if LOCAL else 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_SECONDS > 0
SECURE_HSTS_PRELOAD = SECURE_HSTS_SECONDS > 0
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not LOCAL
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# -- Images that members send ---------------------------------------------------------------------

# The most bytes that a file may have, and pixels, before it is scaled down.
IMAGE_BYTES = env.int("IMAGE_BYTES", default=8_000_000)
IMAGE_PIXELS = env.int("IMAGE_PIXELS", default=50_000_000)
# How many images a member may send. 0: none; new members are those whose trust is 0.
IMAGES_PER_HOUR = env.int("IMAGES_PER_HOUR", default=60)
NEW_MEMBER_IMAGES_PER_HOUR = env.int("NEW_MEMBER_IMAGES_PER_HOUR", default=5)
# Of what is too large the rest is not stored anywhere, and the text beside it arrives all the same.
FILE_UPLOAD_HANDLERS = ["forum.uploads.CappedFiles"]

# -- Logs -----------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    # DAX's client says of a node that is down, in each worker and every 5 s, what `forum.tables.dax` says, too.
    "loggers": {"forum": {"level": "INFO"}, "amazondax": {"level": "ERROR"}},
}
