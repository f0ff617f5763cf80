"""What notes say, made when somebody reads it: a sentence of the translations, and what it is about.

A note keeps its sentence with places for its `facts`; of what gathers, its kind alone says what the sentence is. Older
notes have no facts, and say what they said.
"""

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from . import reasons, wording
from .models import User
from .tables.members import Item

Facts = Mapping[str, object]

MENTION, QUOTE, REPLY, LIKE, SOLVED = "mention", "quote", "reply", "like", "solved"
MESSAGE = "message"
# After the name of who did it, or of several people. Of a message the fact `act` says which sentence it is.
SAYS = {
    MENTION: ngettext_lazy("mentioned you in “%(title)s”", "mentioned you in “%(title)s”", "people"),
    QUOTE: ngettext_lazy("quoted you in “%(title)s”", "quoted you in “%(title)s”", "people"),
    REPLY: ngettext_lazy("replied in your thread “%(title)s”", "replied in your thread “%(title)s”", "people"),
    LIKE: ngettext_lazy(
        "liked your post #%(number)s in “%(title)s”", "liked your post #%(number)s in “%(title)s”", "people"
    ),
    SOLVED: ngettext_lazy(
        "marked your post #%(number)s as the answer in “%(title)s”",
        "marked your post #%(number)s as the answer in “%(title)s”",
        "people",
    ),
    "began": ngettext_lazy("wrote to you: “%(title)s”", "wrote to you: “%(title)s”", "people"),
    "wrote": ngettext_lazy("wrote to you in “%(title)s”", "wrote to you in “%(title)s”", "people"),
    "added": ngettext_lazy("lets you take part in “%(title)s”", "let you take part in “%(title)s”", "people"),
}


def sentence(note: Item, people: int = 1) -> str:
    """What a note says, in the reader's language; `people` is how many did it."""
    facts: Facts | None = note.facts
    if facts is None:
        return note.text or ""
    said = SAYS.get(str(facts.get("act", note.kind)))
    if said is not None and not note.text:
        return said % {**facts, "people": people}
    return _(note.text) % _in_words(facts) if note.text else ""


def _in_words(facts: Facts) -> dict[str, object]:
    """What is written in each language in its own way: a level of trust, a moment, a reason that was ready."""
    said = dict(facts)
    if "level" in said:
        said["level"] = str(User.Trust(int(str(said["level"]))).label)
    if "until" in said:
        said["until"] = wording.minute(datetime.fromisoformat(str(said["until"])))
    if "reason" in said:
        said["reason"] = reasons.shown(str(said["reason"]))
    return said
