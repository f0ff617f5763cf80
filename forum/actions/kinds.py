"""All kinds of background jobs: importing this module registers them."""

import logging

from forum.errors import Unavailable

from . import ending, leaving, mapping, nuking, picturing, tagging, transfers

__all__ = ["leaving", "nuking", "tagging", "tidy", "transfers"]

log = logging.getLogger(__name__)


def tidy() -> None:
    """Remove what has expired, and note what has grown: a worker does this from time to time."""
    leaving.remove_old_exports()
    mapping.extend()
    picturing.remove_unused()
    try:
        ending.remove_what_is_over()
        ending.remove_what_members_left()
    except Unavailable as error:
        # Jobs that do not need DynamoDB go on meanwhile.
        log.warning("What has come to its end is not removed for a moment: %s", error)
