"""Words of the administration for what is stored by name: acts, states, kinds of jobs."""

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy, pgettext_lazy

from forum.languages import Words

# What acts are called by themselves.
KINDS = {
    "edit": pgettext_lazy("act", "edit"),
    "hide": pgettext_lazy("act", "hide"),
    "show": pgettext_lazy("act", "show"),
    "delete": pgettext_lazy("act", "delete"),
    "undelete": pgettext_lazy("act", "undelete"),
    "purge": pgettext_lazy("act", "purge"),
    "lock": pgettext_lazy("act", "lock"),
    "unlock": pgettext_lazy("act", "unlock"),
    "pin": pgettext_lazy("act", "pin"),
    "unpin": pgettext_lazy("act", "unpin"),
    "archive": pgettext_lazy("act", "archive"),
    "unarchive": pgettext_lazy("act", "unarchive"),
    "rename": pgettext_lazy("act", "rename"),
    "retag": pgettext_lazy("act", "retag"),
    "retag all": pgettext_lazy("act", "retag all"),
    "move": pgettext_lazy("act", "move"),
    "split": pgettext_lazy("act", "split"),
    "merge": pgettext_lazy("act", "merge"),
    "report": pgettext_lazy("act", "report"),
    "claim": pgettext_lazy("act", "claim"),
    "release": pgettext_lazy("act", "release"),
    "agree": pgettext_lazy("act", "agree"),
    "disagree": pgettext_lazy("act", "disagree"),
    "ignore": pgettext_lazy("act", "ignore"),
    "approve": pgettext_lazy("act", "approve"),
    "refuse": pgettext_lazy("act", "refuse"),
    "warn": pgettext_lazy("act", "warn"),
    "clear profile": pgettext_lazy("act", "clear profile"),
    "silence": pgettext_lazy("act", "silence"),
    "unsilence": pgettext_lazy("act", "unsilence"),
    "suspend": pgettext_lazy("act", "suspend"),
    "unsuspend": pgettext_lazy("act", "unsuspend"),
    "end sessions": pgettext_lazy("act", "end sessions"),
    "note": pgettext_lazy("act", "note"),
    "trust": pgettext_lazy("act", "trust"),
    "nuke": pgettext_lazy("act", "nuke"),
    "unnuke": pgettext_lazy("act", "unnuke"),
    "hide all": pgettext_lazy("act", "hide all"),
    "show all": pgettext_lazy("act", "show all"),
    "solve": pgettext_lazy("act", "solve"),
    "unsolve": pgettext_lazy("act", "unsolve"),
}
# States of posts and threads.
STATES = {
    "visible": pgettext_lazy("state", "visible"),
    "hidden": pgettext_lazy("state", "hidden"),
    "deleted": pgettext_lazy("state", "deleted"),
    "purged": pgettext_lazy("state", "deleted for good"),
    "pinned": pgettext_lazy("state", "pinned"),
    "locked": pgettext_lazy("state", "locked"),
    "archived": pgettext_lazy("state", "archived"),
    "gone": pgettext_lazy("state", "gone"),
}
# What jobs are called for those who may not know what they are about.
JOBS = {
    "nuke": gettext_lazy("Hide all posts"),
    "unnuke": gettext_lazy("Show posts again"),
    "export": gettext_lazy("Export"),
    "leave": gettext_lazy("Closed account"),
    "retag": gettext_lazy("Change a tag"),
    "move thread": gettext_lazy("Move thread"),
    "split thread": gettext_lazy("Split thread"),
    "merge thread": gettext_lazy("Merge thread"),
}


def act(kind: str) -> str:
    """A kind of acts by itself: "hide"."""
    return str(KINDS.get(kind.removesuffix(" thread"), kind))


def state(word: str) -> str:
    """A state of a post or a thread: "hidden"."""
    return str(STATES.get(word, word))


def filled(words: str, **parts: Words) -> SafeString:
    """A sentence of the translations, with these parts in it, which may be safe HTML."""
    return mark_safe(words % {name: conditional_escape(part) for name, part in parts.items()})
