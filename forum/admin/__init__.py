"""Django admin: where forums are defined, accounts looked after, posts moderated. Importing registers the pages."""

from . import (
    cache,
    content,
    guide,
    jobs,
    log,
    nuking,
    operations,
    people,
    posts,
    removed,
    reports,
    sanctions,
    standing,
    tags,
    threads,
    webhooks,
)

__all__ = [
    "cache",
    "content",
    "guide",
    "jobs",
    "log",
    "nuking",
    "operations",
    "people",
    "posts",
    "removed",
    "reports",
    "sanctions",
    "standing",
    "tags",
    "threads",
    "webhooks",
]
