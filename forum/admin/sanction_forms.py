"""What moderators are asked before they do something to a member: why, and for how long."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from forum.models import User
from forum.permissions import FOREVER

from .acting import reason_field

# Choices of a length that are no number of days.
OTHER = "date"
GOOD = "good"


class ReasonForm(forms.Form):
    """Words that are kept in the log."""

    reason = reason_field(True)
    # The mark of the sanction that stood when the form was opened.
    seen = forms.CharField(required=False, widget=forms.HiddenInput)


class FreeForm(ReasonForm):
    """For acts that do nobody harm."""

    reason = reason_field(False, gettext_lazy("If there is something to say."))


class UntilForm(ReasonForm):
    """How long, by a choice or to a day of one's own; `cleaned_data["until"]` is the moment."""

    DAYS = {
        "1": gettext_lazy("1 day"),
        "3": gettext_lazy("3 days"),
        "7": gettext_lazy("1 week"),
        "14": gettext_lazy("2 weeks"),
        "30": gettext_lazy("30 days"),
        "90": gettext_lazy("90 days"),
    }
    lasts = forms.ChoiceField(
        label=gettext_lazy("For how long"), choices=[*DAYS.items(), (OTHER, gettext_lazy("Until a day of my choice"))]
    )
    day = forms.DateField(
        label=gettext_lazy("Until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("For “until a day of my choice” alone; it ends as that day begins in your time zone."),
    )
    field_order = ["lasts", "day", "reason"]

    def clean(self) -> dict[str, Any]:
        sent: dict[str, Any] = super().clean() or {}
        if "lasts" in sent and "day" in sent:
            sent["until"] = self._until(sent["lasts"], sent["day"])
        return sent

    def _until(self, lasts: str, day: Any) -> datetime:
        now = timezone.now()
        if lasts == GOOD:
            return FOREVER
        if lasts != OTHER:
            return now + timedelta(days=int(lasts))
        if day is None:
            raise ValidationError({"day": _("Please choose the day.")})
        until = timezone.make_aware(datetime(day.year, day.month, day.day))
        if not now < until < FOREVER:
            raise ValidationError({"day": _("Please choose a day that is still to come.")})
        return until


class SuspendForm(UntilForm):
    lasts = forms.ChoiceField(
        label=gettext_lazy("For how long"),
        choices=[
            *UntilForm.DAYS.items(),
            (OTHER, gettext_lazy("Until a day of my choice")),
            (GOOD, gettext_lazy("For good")),
        ],
    )


class TrustForm(ReasonForm):
    level = forms.TypedChoiceField(
        label=gettext_lazy("Level"), choices=User.Trust.choices, coerce=lambda value: User.Trust(int(value))
    )
    fixed = forms.BooleanField(
        label=gettext_lazy("Keep it there"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Whatever the member reads and posts."),
    )
    field_order = ["level", "fixed", "reason"]
