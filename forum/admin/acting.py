"""Acts on rows of a list: the page that asks for a reason and says what is concerned, then the deed.

Each row is dealt with on its own, in the transaction of its act, so one that somebody else was faster at does
not keep the others from being done: what was not done is told, with the reason why.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from forum import kept
from forum.errors import BadRequest, Conflict, ForumError, NotAllowed, Unavailable
from forum.forms import TextField
from forum.languages import Words

from .noting import note
from .site import who

if TYPE_CHECKING:
    from .dynamo import DynamoAdmin

Row = TypeVar("Row")
LEAST, MOST = 3, 500
REASON = gettext_lazy("Reason")
INVALID = 422
# So many refusals are told one by one.
MOST_TOLD = 10


def _as_it_is(request: HttpRequest, form: forms.Form) -> None:
    """Most forms are the same for everybody."""


def _long_enough(text: str) -> None:
    if len(text) < LEAST:
        raise ValidationError(_("Say it in %(least)d characters at least.") % {"least": LEAST})


def reason_field(required: bool, help_text: Words = "", label: Words = REASON) -> TextField:
    """Why something is done."""
    return TextField(
        noun="reason",
        most=MOST,
        required=required,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        validators=[_long_enough],
        label=label,
        error_messages={"required": gettext_lazy("Please say why.")},
    )


class ReasonForm(forms.Form):
    """Where an act hurts somebody."""

    reason = reason_field(True, gettext_lazy("It goes into the log, and the author and other readers see it."))


class NoteForm(forms.Form):
    """Where it does not."""

    reason = reason_field(False, gettext_lazy("It goes into the log. It can be left empty."))


@dataclass(frozen=True, slots=True)
class Act(Generic[Row]):
    """What can be done with a row: `label` is the button's word, `done` what is said of the row afterwards.

    `run` gets the request, the row and what the form holds, and raises the errors of `forum.errors`. `may` says
    who may do it, `applies` with which rows it can be done at all. `bulk` acts are offered for the selected
    rows; `warning` stands above the form. `prepare` gives the form what depends on the asker. An act that `leads`
    is a page elsewhere: the address of its form for these rows; BadRequest where it cannot be done with them together.
    `seen` tells what of a row its form has shown: once that is something else, nothing is done before it was shown
    again, and `changed` is said.
    """

    name: str
    label: Words
    done: Words
    run: Callable[[HttpRequest, Row, Mapping[str, Any]], object]
    may: Callable[[HttpRequest, Row], bool]
    applies: Callable[[Row], bool] = lambda row: True
    form: type[forms.Form] = ReasonForm
    initial: Callable[[Row], dict[str, Any]] = lambda row: {}
    prepare: Callable[[HttpRequest, forms.Form], None] = _as_it_is
    warning: Words = ""
    grave: bool = False
    bulk: bool = True
    leads: Callable[[Sequence[Row]], str] | None = None
    seen: Callable[[Row], str] = lambda row: ""
    changed: Words = ""


@dataclass
class Outcome(Generic[Row]):
    """How many rows it was done with, and with which not, and why."""

    done: int = 0
    refused: list[tuple[Row, ForumError]] = field(default_factory=list)


def run_all(
    admin: "DynamoAdmin[Any, Row]", request: HttpRequest, act: Act[Row], rows: Sequence[Row], sent: Mapping[str, Any]
) -> Outcome[Row]:
    """Do it with each row, and note that; once a store does not answer, the rest are left alone."""
    outcome: Outcome[Row] = Outcome()
    stopped: Unavailable | None = None
    for row in rows:
        try:
            if stopped is not None:
                raise stopped
            _refuse_unseen(admin, request, act, row)
            act.run(request, row, sent)
            note(request, f"{act.label}: {admin.one} {admin.ident(row)}")
            outcome.done += 1
        except ForumError as error:
            outcome.refused.append((row, error))
            stopped = error if isinstance(error, Unavailable) else stopped
    return outcome


def _refuse_unseen(admin: "DynamoAdmin[Any, Row]", request: HttpRequest, act: Act[Row], row: Row) -> None:
    """Conflict where a row is not as the form showed it."""
    now = act.seen(row)
    if request.POST.get(f"seen {admin.token(row)}", now) != now:
        raise Conflict(str(act.changed))


def confirm(
    admin: "DynamoAdmin[Any, Row]",
    request: HttpRequest,
    act: Act[Row],
    rows: Sequence[Row],
    back: str,
    confirmed: bool,
    single: Row | None = None,
) -> HttpResponse:
    """The question, or the deed once it is confirmed and the form is right; then back to where it came from.

    `single` is the row whose own page it came from: if it cannot be acted on, the form is shown again, with the
    status of the error and what was typed. None where rows were selected in a list, be it one.
    """
    if len(rows) == 1 and not act.may(request, rows[0]):
        raise NotAllowed(_("You may not do that here."))
    # What somebody else was faster at is tried all the same once it is confirmed: the refusal says who and why.
    able = [row for row in rows if act.may(request, row) and (confirmed or act.applies(row))]
    if act.leads is not None:
        return HttpResponseRedirect(act.leads(_fitting(request, act, rows)))
    initial = {} if single is None else act.initial(single)
    initial |= kept.fields(request, who(request).id)
    form = act.form(request.POST if confirmed else None, initial=initial)
    act.prepare(request, form)
    error: ForumError | None = None
    if confirmed and able and form.is_valid():
        outcome = run_all(admin, request, act, able, form.cleaned_data)
        if single is None or outcome.done:
            _tell(admin, request, act, outcome)
            return HttpResponseRedirect(back)
        error = outcome.refused[0][1]
    status = error.status if error else INVALID if confirmed else 200
    left = [(row, _why_not(act, request, row)) for row in rows if row not in able]
    context = {"act": act, "form": form, "rows": able, "left": left, "error": error, "back": back, "single": single}
    context["concerned"] = admin.counted(len(able))
    return admin.show(request, "confirm", _question(admin, act, len(rows)), status, context)


def _fitting(request: HttpRequest, act: Act[Row], rows: Sequence[Row]) -> list[Row]:
    """The rows that the act leads on with; NotAllowed, BadRequest where there is none."""
    found = [row for row in rows if act.may(request, row) and act.applies(row)]
    if not found and rows and not any(act.may(request, row) for row in rows):
        raise NotAllowed(_("You may not do that here."))
    if not found:
        raise BadRequest(_("None of what you selected can be %(done)s as it is now.") % {"done": act.done})
    return found


def _why_not(act: Act[Row], request: HttpRequest, row: Row) -> str:
    if not act.may(request, row):
        return _("You may not do that here.")
    return _("It cannot be %(done)s as it is now.") % {"done": act.done}


def _question(admin: "DynamoAdmin[Any, Row]", act: Act[Row], count: int) -> str:
    what = _("this %(one)s") % {"one": admin.one} if count == 1 else admin.counted(count)
    return _("%(act)s %(what)s?") % {"act": act.label, "what": what}


def _tell(admin: "DynamoAdmin[Any, Row]", request: HttpRequest, act: Act[Row], outcome: Outcome[Row]) -> None:
    if outcome.done:
        words = ngettext("%(what)s was %(done)s.", "%(what)s were %(done)s.", outcome.done)
        messages.success(request, words % {"what": admin.counted(outcome.done), "done": act.done})
    for row, error in outcome.refused[:MOST_TOLD]:
        facts = {"what": admin.label(row), "done": act.done, "why": error.message}
        messages.warning(request, _("%(what)s was not %(done)s: %(why)s") % facts)
    if (more := len(outcome.refused) - MOST_TOLD) > 0:
        messages.warning(
            request, ngettext("Nor was %(count)d more.", "Nor were %(count)d more.", more) % {"count": more}
        )
