"""Changing what is defined in the relational database and shown on pages: forums and names.

Pages may be renewed only once other readers can see the new rows, and so after the commit.
"""

from collections.abc import Callable

from django.db import transaction

from forum.cache import tags
from forum.cache.intents import invalidating


def change_definitions(save: Callable[[], None]) -> None:
    """Run `save`, which changes forums or members' names, and make every page stale when it is committed."""
    with invalidating(tags.SITE, when=transaction.on_commit):
        save()
