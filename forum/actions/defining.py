"""Changing what is defined in the relational database and shown on pages: forums and names.

Pages may be renewed only once other readers can see the new rows, and so after the commit.
"""

from collections.abc import Callable

from django.db import transaction

from forum.cache import tags
from forum.cache.intents import invalidating
from forum.models import Forum


def change_definitions(save: Callable[[], None]) -> None:
    """Run `save`, which changes forums or members' names, and make every page stale when it is committed."""
    with invalidating(tags.SITE, when=transaction.on_commit):
        save()


def spread_forum(name: str, shards: int) -> bool:
    """Have the new threads of a forum go to at least so many shards; False where they do already.

    Its threads stay where they are, and whoever posts meanwhile by the old number is found as well: readers ask every
    shard, and the number is never lowered.
    """
    wider = Forum.objects.filter(name=name, shards__lt=shards)
    if not wider.exists():
        return False

    def widen() -> None:
        wider.update(shards=shards)

    change_definitions(widen)
    return True
