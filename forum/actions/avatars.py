"""Members' pictures. Every page shows those of its authors, so a change makes all pages stale, as with a name."""

from contextlib import suppress

from django.db import transaction

from forum import images
from forum.errors import Unavailable
from forum.models import User

from .defining import change_definitions


def replace(user: User, name: str) -> None:
    """Give a member the picture of this name, "" for none; the old one goes once that is committed."""
    old = user.avatar
    user.avatar = name
    change_definitions(lambda: user.save(update_fields=["avatar"]))
    if old:
        transaction.on_commit(lambda: remove_file(old))


def remove_file(name: str) -> None:
    """Never fails: a file that nothing names any more is only in the way."""
    with suppress(Unavailable):
        images.remove(images.AVATARS, name)
