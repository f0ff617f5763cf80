"""A thread in the administration: a row of its lists, and what can be done with it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from forum.actions import moderating, moving
from forum.errors import Conflict, NotFound
from forum.forms import title_field
from forum.permissions import ForumRules, can_moderate
from forum.tables import posts
from forum.tables.threads import Thread

from . import finding
from .acting import Act, NoteForm
from .site import acting, basis, who

# How long moving one thread is worked at within the request; workers do the rest.
MOVE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class ThreadRow:
    """A thread's head with its forum, its author's name and that of whoever wrote last."""

    head: Thread
    rules: ForumRules
    author: str
    last_author: str


class MoveForm(NoteForm):
    """To which forum."""

    forum = forms.ChoiceField(label=pgettext_lazy("forum", "To"))
    field_order = ["forum", "reason"]


class MergeForm(NoteForm):
    """Into which thread: its id, or any address in it."""

    into = forms.CharField(
        label=gettext_lazy("Into"),
        max_length=500,
        help_text=gettext_lazy("The thread's id or address, to whose end the posts go."),
    )
    field_order = ["into", "reason"]

    def clean_into(self) -> str:
        if thread_id := finding.thread_in(self.cleaned_data["into"]):
            return thread_id
        raise ValidationError(_("This is no thread's id or address. Open the thread and copy its address from there."))


class RenameForm(NoteForm):
    """A thread's new title."""

    title = title_field()
    field_order = ["title", "reason"]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["title"].widget = forms.TextInput(attrs={"class": "vTextField"})


# -- Acts -----------------------------------------------------------------------------------------

Run = Callable[[HttpRequest, ThreadRow, Mapping[str, Any]], None]


def _may(request: HttpRequest, row: ThreadRow) -> bool:
    return can_moderate(acting(request, row.rules), row.rules)


def may_moderate(request: HttpRequest, row: ThreadRow) -> bool:
    """Whether the asker may also do what only moderators of the forum may: take posts elsewhere."""
    return can_moderate(who(request), row.rules)


def _do(change: Callable[..., None]) -> Run:
    return lambda request, row, sent: change(acting(request, row.rules), row.rules, row.head, sent["reason"])


def _set(change: Callable[..., None], value: bool) -> Run:
    return lambda request, row, sent: change(acting(request, row.rules), row.rules, row.head, value, sent["reason"])


def _rename(request: HttpRequest, row: ThreadRow, sent: Mapping[str, Any]) -> None:
    moderating.rename(acting(request, row.rules), row.rules, row.head, sent["title"], sent["reason"])


def _offer_forums(request: HttpRequest, form: forms.Form) -> None:
    """Those where the asker may act; that a thread is in the one chosen already is told when it is tried."""
    known = basis(request)
    fitting = [rules for rules in known.directory.forums.values() if can_moderate(known.reader, rules)]
    form.fields["forum"].choices = [("", _("Choose a forum")), *((rules.name, rules.title) for rules in fitting)]  # type: ignore[attr-defined]


def _move(request: HttpRequest, row: ThreadRow, sent: Mapping[str, Any]) -> None:
    target = basis(request).directory.get(sent["forum"], who(request))
    moving.move_thread(who(request), row.rules, target, row.head, sent["reason"], seconds=MOVE_SECONDS)


def _merge(request: HttpRequest, row: ThreadRow, sent: Mapping[str, Any]) -> None:
    known = basis(request)
    try:
        head, __ = posts.find_place(sent["into"], 1, known.directory.forums)
        target = known.directory.get(head.forum, known.reader)
    except NotFound:
        raise Conflict(_("There is no thread at this address.")) from None
    moving.merge(known.reader, row.rules, row.head, target, head, sent["reason"], seconds=MOVE_SECONDS)


def _has(name: str, value: bool) -> Callable[[ThreadRow], bool]:
    return lambda row: getattr(row.head, name) == value and row.head.moved_to is None


def _is(*statuses: str) -> Callable[[ThreadRow], bool]:
    return lambda row: row.head.state in statuses and row.head.moved_to is None


def _here(row: ThreadRow) -> bool:
    return row.head.moved_to is None


# What is switched by which act: its name, its button's word, and what is said of the thread afterwards.
SWITCHES = [
    ("locked", True, "lock", gettext_lazy("Lock"), pgettext_lazy("it was", "locked")),
    ("locked", False, "unlock", gettext_lazy("Unlock"), pgettext_lazy("it was", "unlocked")),
    ("pinned", True, "pin", gettext_lazy("Pin"), pgettext_lazy("it was", "pinned")),
    ("pinned", False, "unpin", gettext_lazy("Unpin"), pgettext_lazy("it was", "unpinned")),
    ("archived", True, "archive", gettext_lazy("Archive"), pgettext_lazy("it was", "archived")),
    ("archived", False, "unarchive", gettext_lazy("Unarchive"), pgettext_lazy("it was", "opened again")),
]
CHANGES = {"locked": moderating.set_locked, "pinned": moderating.set_pinned, "archived": moderating.set_archived}


def _switches() -> Iterator[Act[ThreadRow]]:
    for attribute, on, name, label, done in SWITCHES:
        run = _set(CHANGES[attribute], on)
        yield Act(name, label, done, run, _may, _has(attribute, not on), NoteForm)


ACTS = [
    *_switches(),
    Act(
        "rename",
        gettext_lazy("Rename"),
        pgettext_lazy("it was", "renamed"),
        _rename,
        _may,
        _here,
        RenameForm,
        initial=lambda row: {"title": row.head.title},
        bulk=False,
        seen=lambda row: row.head.title,
        changed=gettext_lazy("Somebody else has renamed this thread since you opened the form."),
    ),
    Act(
        "hide",
        gettext_lazy("Hide"),
        pgettext_lazy("it was", "hidden"),
        _do(moderating.hide_thread),
        _may,
        _is("visible"),
    ),
    Act(
        "show",
        gettext_lazy("Show again"),
        pgettext_lazy("it was", "shown again"),
        _do(moderating.show_thread),
        _may,
        _is("hidden"),
        NoteForm,
    ),
    Act(
        "delete",
        gettext_lazy("Delete"),
        pgettext_lazy("it was", "deleted"),
        _do(moderating.delete_thread),
        _may,
        _is("visible", "hidden"),
        grave=True,
    ),
    Act(
        "move",
        gettext_lazy("Move"),
        pgettext_lazy("it was", "queued for moving"),
        _move,
        may_moderate,
        _here,
        MoveForm,
        prepare=_offer_forums,
        warning=gettext_lazy(
            "Old addresses lead on. A long thread takes a while: the background jobs say how far it is."
        ),
    ),
    Act(
        "merge",
        gettext_lazy("Merge"),
        pgettext_lazy("it was", "queued for merging"),
        _merge,
        may_moderate,
        _is("visible"),
        MergeForm,
        warning=gettext_lazy(
            "All posts go to the end of the other thread, and the address of this one leads there from then on."
        ),
        grave=True,
    ),
    Act(
        "undelete",
        gettext_lazy("Bring back"),
        pgettext_lazy("it was", "brought back"),
        _do(moderating.undelete_thread),
        _may,
        _is("deleted"),
        NoteForm,
    ),
]
