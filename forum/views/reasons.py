"""The form in which a moderator says why: a ready reason, own words, or both."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from forum.actions.moderating import REASON_LEAST, REASON_MOST
from forum.forms import TextField, title_field
from forum.reasons import READY


def reason_field(required: bool) -> TextField:
    return TextField(
        noun="reason",
        most=REASON_MOST,
        required=False,
        label=gettext_lazy("In your words"),
        help_text=_("The author and other readers see it.")
        if required
        else _("It stands in the log. It can be left empty."),
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto", "class": "reason"}),
    )


def why_field() -> TextField:
    """Why a moderator edits what somebody else wrote, in the form of the edit."""
    field = reason_field(True)
    field.required, field.label = True, _("Why you edit it")
    field.validators = [*field.validators, _is_reason]
    return field


def _is_reason(text: str) -> None:
    if len(text) < REASON_LEAST:
        raise ValidationError(_what_is_wrong(text), code="length")


class ReasonForm(forms.Form):
    """Why something is done. `edited` says which text of the post the moderator has seen."""

    ready = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        required=False,
        choices=[
            ("", gettext_lazy("Choose one, or use your own words")),
            # What is stored is the message; `reasons.shown` knows it again.
            *((reason, gettext_lazy(reason)) for reason in READY),
        ],
    )
    edited = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *arguments: Any, required: bool, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.required = required
        self.fields["reason"] = reason_field(required)

    def clean(self) -> dict[str, Any]:
        """`reason` is both together; an error stands at the words, where it can be mended."""
        sent = super().clean() or self.cleaned_data
        reason = ": ".join(filter(None, (sent.get("ready", ""), sent.get("reason", "").strip())))
        if "reason" in sent and (reason or self.required) and not REASON_LEAST <= len(reason) <= REASON_MOST:
            self.add_error("reason", ValidationError(_what_is_wrong(reason), code="length"))
        return {**sent, "reason": reason}


class RenameForm(ReasonForm):
    """A thread's new title; `edited` is the one that the moderator has seen."""

    title = title_field()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, required=False, **options)
        del self.fields["ready"]


def _what_is_wrong(reason: str) -> str:
    if len(reason) > REASON_MOST:
        return _("The reason has %(length)s characters; %(most)s is the most.") % {
            "length": len(reason),
            "most": REASON_MOST,
        }
    if not reason:
        return _("Please say why.")
    return _("Please say why, in %(least)s characters at least.") % {"least": REASON_LEAST}
