"""What a poll asks. It lies on the post that a thread began with, and goes wherever that goes::

    Poll        {"question": "Tea?", "options": ["Yes", "No"], "several": false, "closes": "2026…", "shows": "always"}
    PollVotes   [4, 2]     how many have chosen each option
    PollVoters  6          how many have voted

The counts are changed by `votes` alone, in the transaction of each vote. An index of posts shows them with the post,
so a page with a poll costs nothing more.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# When readers are shown how it stands: at once, once they have voted, or when it has closed.
ALWAYS, VOTED, CLOSED = "always", "voted", "closed"


def shows_results(shows: str, over: bool, voted: bool) -> bool:
    """Whether a reader may see how many chose each option."""
    return over or shows == ALWAYS or (shows == VOTED and voted)


@dataclass(frozen=True, slots=True)
class Poll:
    """`several` says whether a member may choose more than one option; `closes` is when nobody can vote any more,
    None for never."""

    question: str
    options: tuple[str, ...]
    several: bool = False
    closes: datetime | None = None
    shows: str = ALWAYS

    @property
    def is_over(self) -> bool:
        return self.closes is not None and self.closes <= datetime.now(UTC)

    @property
    def words(self) -> str:
        """All that it says, for whoever looks for what posts may not hold."""
        return " ".join([self.question, *self.options])


def to_text(poll: Poll) -> str:
    """As it is stored."""
    closes = poll.closes.isoformat() if poll.closes else ""
    return json.dumps(
        {
            "question": poll.question,
            "options": poll.options,
            "several": poll.several,
            "closes": closes,
            "shows": poll.shows,
        },
        ensure_ascii=False,
    )


def from_text(text: str) -> Poll:
    stored = json.loads(text)
    closes = datetime.fromisoformat(stored["closes"]) if stored["closes"] else None
    return Poll(stored["question"], tuple(stored["options"]), stored["several"], closes, stored["shows"])


def unvoted(poll: Poll | None) -> dict[str, Any]:
    """The attributes of a post with a new poll; none without one."""
    if poll is None:
        return {}
    return {"poll_text": to_text(poll), "poll_votes": [0] * len(poll.options), "poll_voters": 0}


def recounted(counts: Sequence[int], had: Sequence[int], chosen: Sequence[int]) -> list[int]:
    """The counts when somebody chooses these options instead of those."""
    return [int(count) + (option in chosen) - (option in had) for option, count in enumerate(counts)]
