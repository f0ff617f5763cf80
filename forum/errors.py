"""What can go wrong in words a reader understands: one meaning, one class, one HTTP status.

Anything below the views raises these; `middleware.ErrorPages` turns them into pages, which keep
the text the reader was sending. `links` are (label, URL) pairs that lead out of the dead end.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Links = Sequence[tuple[str, str]]


class ForumError(Exception):
    """Base of all; `retry_after` is in seconds and sent as the Retry-After header when set."""

    status = 500
    heading: "StrOrPromise" = gettext_lazy("Something went wrong")
    retry_after: int | None = None

    def __init__(self, message: str, links: Links = ()) -> None:
        super().__init__(message)
        self.message = message
        self.links = list(links)


class BadRequest(ForumError):
    """The request's shape is wrong (a malformed cursor, an impossible value)."""

    status = 400
    heading = gettext_lazy("That request makes no sense here")


class SignInNeeded(ForumError):
    """Only members may do this. The error pages keep the text and lead to the sign-in page."""

    status = 403
    heading = gettext_lazy("Please sign in")


class NotAllowed(ForumError):
    """The reader is known and may not do this."""

    status = 403
    heading = gettext_lazy("You may not do that")


class Suspended(NotAllowed):
    """The account is suspended, so nobody can sign in with it."""

    heading = gettext_lazy("You cannot sign in for now")


class NotFound(ForumError):
    """There is no such thing, or the reader may not know that there is."""

    status = 404
    heading = gettext_lazy("Nothing here")


class Conflict(ForumError):
    """The thing changed, or is closed, since the reader looked at it."""

    status = 409
    heading = gettext_lazy("This changed in the meantime")


class Waits(ForumError):
    """What was sent is kept, and becomes a post when a moderator approves of it."""

    status = 202
    heading = gettext_lazy("Your post waits for a moderator")


class Refused(ForumError):
    """The text holds what no post may hold, which the message names."""

    status = 422
    heading = gettext_lazy("Please change your text first")


class StaleForm(Conflict):
    """A form's token is missing, forged or too old: the reader looks once more and sends again."""

    heading = gettext_lazy("This form is too old")


class TooLarge(ForumError):
    """More was sent than any form takes."""

    status = 413
    heading = gettext_lazy("That is too much")


class Throttled(ForumError):
    """Too much in too short a time."""

    status = 429
    heading = gettext_lazy("Too many requests")
    retry_after = 30


class Unavailable(ForumError):
    """A store did not answer, or is overloaded; trying again soon should work."""

    status = 503
    heading = gettext_lazy("Back in a moment")
    retry_after = 5


class Busy(Unavailable):
    """The write lost too many races in a row against others writing to the same thread."""

    heading = gettext_lazy("This thread is very busy")
    retry_after = 1
