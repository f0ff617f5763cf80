"""What can go wrong in words a reader understands: one meaning, one class, one HTTP status.

Anything below the views raises these; `middleware.ErrorPages` turns them into pages, which keep
the text the reader was sending. `links` are (label, URL) pairs that lead out of the dead end.
"""

from collections.abc import Sequence

Links = Sequence[tuple[str, str]]


class ForumError(Exception):
    """Base of all; `retry_after` is in seconds and sent as the Retry-After header when set."""

    status = 500
    heading = "Something went wrong"
    retry_after: int | None = None

    def __init__(self, message: str, links: Links = ()) -> None:
        super().__init__(message)
        self.message = message
        self.links = list(links)


class BadRequest(ForumError):
    """The request's shape is wrong (a malformed cursor, an impossible value)."""

    status = 400
    heading = "That request makes no sense here"


class SignInNeeded(ForumError):
    """Only members may do this. The error pages keep the text and lead to the sign-in page."""

    status = 403
    heading = "Please sign in"


class NotAllowed(ForumError):
    """The reader is known and may not do this."""

    status = 403
    heading = "You may not do that"


class NotFound(ForumError):
    """There is no such thing, or the reader may not know that there is."""

    status = 404
    heading = "Nothing here"


class Conflict(ForumError):
    """The thing changed, or is closed, since the reader looked at it."""

    status = 409
    heading = "This changed in the meantime"


class StaleForm(Conflict):
    """A form's one-time token is missing, forged or too old: the reader looks once more and sends again."""

    heading = "This form is too old"


class TooLarge(ForumError):
    """More was sent than any form takes."""

    status = 413
    heading = "That is too much"


class Throttled(ForumError):
    """Too much in too short a time."""

    status = 429
    heading = "Too many requests"
    retry_after = 30


class Unavailable(ForumError):
    """A store did not answer, or is overloaded; trying again soon should work."""

    status = 503
    heading = "Back in a moment"
    retry_after = 5


class Busy(Unavailable):
    """The write lost too many races in a row against others writing to the same thread."""

    heading = "This thread is very busy"
    retry_after = 1
