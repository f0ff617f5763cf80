"""Removing what has come to its end, whatever the database removes by itself."""

from datetime import UTC, datetime

from forum.models import User
from forum.tables import ending

# Some calls each; a worker that is told to stop waits for what is under way.
MOST_AT_ONCE = 300
# With three Queries each, every ten minutes: seven thousand a day.
MEMBERS_AT_ONCE = 50


def remove_what_is_over(now: datetime | None = None) -> int:
    """Remove texts that were deleted for good, refused or withdrawn, once their days are over: some at a time, the
    rest next time. How many posts and texts that were. Two workers may do so at once."""
    moment = now or datetime.now(UTC)
    due = ending.list_due(moment, MOST_AT_ONCE)
    for note in due:
        ending.remove_ended(note, moment)
    if len(due) < MOST_AT_ONCE:
        ending.change_since(moment)
    return len(due)


def remove_what_members_left(now: datetime | None = None) -> int:
    """Remove notes and drafts that have ended of the next members, and begin anew after the last; how many items that
    were. Nobody is shown them any more, so no page changes."""
    moment = now or datetime.now(UTC)
    after = User.objects.filter(pk__gt=ending.get_last_member()).order_by("pk")
    members = list(after.values_list("pk", flat=True)[:MEMBERS_AT_ONCE])
    removed = sum(ending.remove_items(str(pk), moment) for pk in members)
    ending.change_last_member(members[-1] if len(members) == MEMBERS_AT_ONCE else 0)
    return removed
