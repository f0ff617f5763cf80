"""Ignoring a member: nothing of theirs is shown to whoever ignores them, and nothing told of them.

Pages are the same for all, so what is ignored is left out where they are filled for a reader (`views.ignoring`);
whom a reader ignores is known with their account, which each change renews.
"""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from forum.cache import tags
from forum.cache.intents import invalidating
from forum.errors import BadRequest, NotAllowed, SignInNeeded
from forum.permissions import ForumRules, Reader, moderates
from forum.tables import ignores, inbox


def ignore(reader: Reader, other: Reader, forums: Iterable[ForumRules]) -> None:
    """Ignore a member from now on; Conflict where they are too many. Who moderates any of the forums cannot be
    ignored: what they have to say as moderators has to be heard. What had been told of them counts as read."""
    require_ignoring(reader, other, forums)
    with invalidating(tags.account(reader.id)):
        ignores.put_ignored(reader.id, other.id)
        inbox.change_read_of_members(reader.id, reader.ignored | {other.id})


def stop_ignoring(reader: Reader, user_id: str) -> None:
    """Show and tell again what a member does; also one who is gone."""
    _require_member(reader)
    with invalidating(tags.account(reader.id)):
        ignores.remove_ignored(reader.id, user_id)


def require_ignoring(reader: Reader, other: Reader, forums: Iterable[ForumRules]) -> None:
    """Raise what keeps the reader from ignoring this member."""
    _require_member(reader)
    if other.id == reader.id:
        raise BadRequest(_("This is you. Others can be ignored."))
    if other.is_staff or any(moderates(other, forum) for forum in forums):
        raise NotAllowed(_("Moderators cannot be ignored: what they say as moderators has to be heard."))


def _require_member(reader: Reader) -> None:
    if not reader.signed_in:
        raise SignInNeeded(_("Please sign in to ignore somebody."))
