"""Reasons that are stored as they are in English, and known again when they are shown, to be put into the reader's
language: what moderators and reporters can choose from, and what the forum itself gives as a reason."""

import re
from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from . import wording

READY = [
    gettext_noop("Spam or advertising"),
    gettext_noop("Insulting or harassing"),
    gettext_noop("Off topic here"),
    gettext_noop("Personal data of others"),
    gettext_noop("Not lawful, or not yours to share"),
    gettext_noop("Asked and answered elsewhere"),
    gettext_noop("Its author asked for it"),
]
OTHER = gettext_noop("Something else")
REPORTED = [
    gettext_noop("Spam"),
    gettext_noop("Off topic"),
    gettext_noop("Offensive"),
    gettext_noop("Illegal"),
    OTHER,
]
HIDDEN_BY_REPORTS = gettext_noop("Several members reported this post. A moderator will look at it.")
FIRST_POSTS = gettext_noop("It is one of a new member's first posts.")

# Of a suspension that begins again where it was, and gave none.
AS_BEFORE = gettext_noop("As before.")

_WHOLE = {*READY, *REPORTED, HIDDEN_BY_REPORTS, FIRST_POSTS, AS_BEFORE}
_HOLDING = re.compile(r"It holds (“.*”)\.", re.DOTALL)


def holding(texts: Iterable[str]) -> str:
    """Why a post waits that holds these texts."""
    return f"It holds {', '.join(f'“{text}”' for text in texts)}."


def shown(reason: str | None) -> str:
    """A stored reason in the reader's language, as far as it was not somebody's own words."""
    if not reason:
        return ""
    if reason in _WHOLE:
        return _(reason)
    if found := _HOLDING.fullmatch(reason):
        return _("It holds %(texts)s.") % {"texts": wording.quoted(found[1][1:-1].split("”, “"))}
    ready, colon, words = reason.partition(": ")
    if colon and ready in _WHOLE:
        return _("%(act)s: %(reason)s") % {"act": _(ready), "reason": words}
    return reason
