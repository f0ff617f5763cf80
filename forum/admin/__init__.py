"""Django admin: where forums are defined and accounts looked after."""

from . import content, people  # noqa: F401  (registers the models)
