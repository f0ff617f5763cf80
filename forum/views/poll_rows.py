"""How a poll stands in the post that carries it, and what of it differs between readers. For `rows` and `holes`.

What all may see is part of the page that is kept: the question, the options, and how many chose them where that is
shown at once. In holes are the fields to choose with, the reader's own vote, and counts that not every reader may see
yet. Everything works without scripts: the form stands below the options, whose fields name it.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from forum import wording
from forum.errors import Unavailable
from forum.permissions import can_vote
from forum.tables import votes
from forum.tables.polls import ALWAYS, CLOSED, VOTED, shows_results
from forum.tables.posts import Post

from .caching import show_until
from .post_acts import INCOMPLETE

if TYPE_CHECKING:
    from .holes import Reading

_RESULT = (
    '<span class="poll-result"><progress value="{count}" max="{most}" aria-hidden="true"></progress> '
    '<span class="poll-count">{shown} <span class="muted">({percent}%)</span></span></span>'
)
_CHOICE = (
    '<input class="poll-input" type="{type}" id="poll-{post}-{number}" name="choice" value="{number}" '
    'form="poll-{post}"{more}>'
)
_MINE = '<span class="poll-mine" title="{title}">✓<span class="visually-hidden"> {said}</span></span>'


@dataclass(frozen=True, slots=True)
class OptionRow:
    """`result` is how many chose it, as HTML, "" where not all readers are shown that."""

    number: int
    text: str
    count: int
    result: SafeString


@dataclass(frozen=True, slots=True)
class PollRow:
    """`closes_at` is in seconds since 1970, 0 for never; `open_until` is the last moment before: the end of a day, and
    not the beginning of the next."""

    question: str
    options: tuple[OptionRow, ...]
    voters: int
    several: bool
    shows: str
    open_until: datetime | None
    closes_at: int


def poll_row(post: Post) -> PollRow | None:
    poll = None if post.deleted else post.poll
    if poll is None:
        return None
    voters, counts = int(post.poll_voters or 0), [int(count) for count in post.poll_votes or ()]
    options = tuple(
        OptionRow(number, text, count, result(count, voters) if poll.shows == ALWAYS else SafeString(""))
        for number, (text, count) in enumerate(zip(poll.options, counts, strict=True))
    )
    closes_at = int(poll.closes.timestamp()) if poll.closes else 0
    open_until = poll.closes - timedelta(seconds=1) if poll.closes else None
    return PollRow(poll.question, options, voters, poll.several, poll.shows, open_until, closes_at)


def result(count: int, voters: int) -> SafeString:
    """How many of the members who voted chose an option."""
    percent = round(100 * count / voters) if voters else 0
    return mark_safe(_RESULT.format(count=count, shown=wording.number(count), most=max(voters, 1), percent=percent))


# -- Holes ----------------------------------------------------------------------------------------


def poll_choice(
    reading: "Reading", post: str, number: str, address: str, several: str, closes_at: str, shut: str
) -> str:
    """At an option: the field to choose it with, or where nobody can choose any more whether the reader did."""
    mine = int(number) in _mine(reading, address)
    if _over(reading, closes_at) or shut or not _may_vote(reading):
        return _MINE.format(title=escape(_("Your vote")), said=escape(_("You chose"))) if mine else ""
    kind = "checkbox" if several == "True" else "radio"
    more = (" checked" if mine else "") + (" required" if kind == "radio" else "")
    return _CHOICE.format(type=kind, post=post, number=number, more=more)


def poll_count(reading: "Reading", address: str, shows: str, closes_at: str, count: str, voters: str) -> str:
    """At an option whose count is not shown to all at once: it, as soon as this reader may see it."""
    over = _over(reading, closes_at)
    seen = over or shows_results(shows, over, voted=shows == VOTED and bool(_mine(reading, address)))
    return result(int(count), int(voters)) if seen else ""


def poll_form(
    reading: "Reading", thread_id: str, post: str, address: str, shows: str, closes_at: str, shut: str
) -> str:
    """Below the options: the form that their fields name, or why there is none."""
    over, rules = _over(reading, closes_at), reading.forum_of_page()
    if over or rules is None:
        return reading.show("poll", state="over" if over else "")
    if shut or not (_may_vote(reading) or not reading.reader.signed_in):
        return reading.show("poll", state="shut", hint=_hint(shows))
    if not reading.reader.signed_in:
        return reading.show("poll", state="signed-out", login_url=reading.login_url(f"#post-{post}"), hint=_hint(shows))
    voted = bool(_mine(reading, address))
    hint = "" if voted and shows == VOTED else _hint(shows)
    action = f"/f/{rules.name}/{thread_id}/{post}/vote/"
    return reading.show("poll", state="form", form_id=f"poll-{post}", action=action, voted=voted, hint=hint)


def _hint(shows: str) -> str:
    if shows == VOTED:
        return _("You see the results once you have voted.")
    return _("The results are shown when it has closed.") if shows == CLOSED else ""


def _may_vote(reading: "Reading") -> bool:
    rules = reading.forum_of_page()
    return rules is not None and can_vote(reading.reader, rules)


def _over(reading: "Reading", closes_at: str) -> bool:
    """Whether the poll has closed; if not, what is shown now is not to be shown after it has."""
    if closes_at == "0" or time.time() >= int(closes_at):
        return closes_at != "0"
    show_until(reading.request, int(closes_at))
    return False


def _mine(reading: "Reading", address: str) -> Sequence[int]:
    """What the reader has chosen. One GetItem, the first time that it is asked."""
    if not reading.reader.signed_in:
        return ()
    if address not in reading.votes:
        try:
            reading.votes[address] = votes.get_vote(reading.reader.id, address)
        except Unavailable:
            # The page is worth more than this; it is asked again the next time.
            reading.votes[address] = ()
            reading.request.META[INCOMPLETE] = True
    return reading.votes[address]


FILLERS = (poll_choice, poll_count, poll_form)
