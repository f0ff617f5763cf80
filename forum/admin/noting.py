"""Notes of what somebody did here in Django's own log, which the index shows them as "Recent actions".

What counts is the log of moderation; this is a reminder for whoever acted. So it names posts, threads and members by
their ids alone: their names would stay here when an account is closed. It is in the language of whoever acted, who
alone is shown it.
"""

from typing import cast

from django.contrib.admin.models import CHANGE, LogEntry
from django.http import HttpRequest

from forum.models import User


def note(request: HttpRequest, what: str, message: str = "") -> None:
    """One SQL statement."""
    user = cast(User, request.user)
    LogEntry.objects.create(user=user, action_flag=CHANGE, object_repr=what[:200], change_message=message)
