"""Django admin: where forums are defined and accounts looked after."""

from . import cache, content, people  # noqa: F401  (registers the models, and the page of the cache)
