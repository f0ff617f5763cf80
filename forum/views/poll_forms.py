"""What is typed to make a poll: part of the forms that start a thread, and that edit the post it began with."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from forum.forms import EditForm, LineField, NewThreadForm, TextField
from forum.tables.polls import ALWAYS, CLOSED, VOTED, Poll

QUESTION_MOST = 200
OPTIONS_LEAST, OPTIONS_MOST = 2, 10
OPTION_MOST = 100
DAYS_MOST = 366

PREFIX = "poll_"
HELP = format_lazy(
    gettext_lazy("{least} to {most}, each on a line of its own, of up to {characters} characters."),
    least=OPTIONS_LEAST,
    most=OPTIONS_MOST,
    characters=OPTION_MOST,
)


class OptionsField(TextField):
    """The options of a poll, a line for each; a list of them, [] for none."""

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        text = "\n".join(value) if isinstance(value, list | tuple) else value
        one = LineField(noun="option", most=OPTION_MOST, required=False)
        options = [option for line in super().to_python(text).split("\n") if (option := one.to_python(line))]
        if options and not OPTIONS_LEAST <= len(options) <= OPTIONS_MOST:
            raise ValidationError(_wrong_number(len(options)), code="number")
        if len({option.casefold() for option in options}) < len(options):
            raise ValidationError(_("Two of the options are the same."), code="same")
        return options

    def prepare_value(self, value: Any) -> Any:
        return super().prepare_value("\n".join(value) if isinstance(value, list | tuple) else value)


def _wrong_number(count: int) -> str:
    if count < OPTIONS_LEAST:
        said = _("One option is too few: %(least)s to %(most)s can be chosen from.")
    else:
        said = _("%(count)s options are too many: %(least)s to %(most)s can be chosen from.")
    return said % {"count": count, "least": OPTIONS_LEAST, "most": OPTIONS_MOST}


class PollFields(forms.Form):
    """Without a question and options there is no poll; `poll` is the one that was asked for, or None."""

    poll_question = LineField(noun="question", most=QUESTION_MOST, required=False, label=gettext_lazy("Question"))
    poll_options = OptionsField(
        noun="list of options",
        most=2 * OPTIONS_MOST * OPTION_MOST,
        required=False,
        label=gettext_lazy("Options"),
        help_text=HELP,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
    )
    poll_several = forms.BooleanField(required=False, label=gettext_lazy("More than one option can be chosen"))
    poll_closes = forms.DateField(
        required=False,
        label=gettext_lazy("Open until"),
        help_text=gettext_lazy("The end of this day (UTC). Leave it empty for a poll that does not close."),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": gettext_lazy("This is no date. Please write it as 2026-12-31.")},
    )
    poll_shows = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Show the results"),
        choices=[
            (ALWAYS, gettext_lazy("at once")),
            (VOTED, gettext_lazy("after voting")),
            (CLOSED, gettext_lazy("when the poll has closed")),
        ],
        error_messages={"invalid_choice": gettext_lazy("Please choose when the results are shown.")},
    )

    def clean_poll_closes(self) -> date | None:
        day: date | None = self.cleaned_data.get("poll_closes")
        today = datetime.now(UTC).date()
        # What an edit leaves as it was may be over.
        if day is None or day == self.initial.get("poll_closes"):
            return day
        if day < today:
            raise ValidationError(_("This day is over. Choose today or a later one."), code="over")
        if day > today + timedelta(days=DAYS_MOST):
            raise ValidationError(_("A poll can be open for a year at most."), code="far")
        return day

    def clean(self) -> dict[str, Any]:
        sent = super().clean() or self.cleaned_data
        question, options = sent.get("poll_question"), sent.get("poll_options")
        if question and not options and "poll_options" not in self.errors:
            self.add_error("poll_options", _("The poll has no options. Write them here, each on a line of its own."))
        if options and not question and "poll_question" not in self.errors:
            self.add_error("poll_question", _("The poll asks nothing. Write the question here."))
        if question and sent.get("poll_shows") == CLOSED and not sent.get("poll_closes"):
            said = _("The results are shown when the poll has closed, so please say when that is.")
            self.add_error("poll_closes", said)
        return sent

    @property
    def poll(self) -> Poll | None:
        sent = self.cleaned_data
        if not sent.get("poll_question"):
            return None
        day = sent.get("poll_closes")
        closes = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1) if day else None
        shows = sent.get("poll_shows") or ALWAYS
        return Poll(sent["poll_question"], tuple(sent["poll_options"]), bool(sent.get("poll_several")), closes, shows)

    @property
    def poll_errors(self) -> bool:
        """Whether the part of the form that makes the poll has to be looked at again."""
        return any(name.startswith(PREFIX) for name in self.errors)

    @property
    def shows_poll(self) -> bool:
        """Whether there is something in that part."""
        return self.poll_errors or any(self[name].value() for name in ("poll_question", "poll_options"))


class StartForm(PollFields, NewThreadForm):
    """What starts a thread."""


class ChangeForm(PollFields, EditForm):
    """As EditForm. A poll can be edited until somebody has voted, as the form says then; with other posts than the
    first it knows nothing of polls."""

    def __init__(self, *arguments: Any, first: bool, fixed: bool, **options: Any) -> None:
        super().__init__(*arguments, first=first, **options)
        self.poll_stays = first and fixed
        if fixed or not first:
            for name in [name for name in self.fields if name.startswith(PREFIX)]:
                del self.fields[name]


def initial(poll: Poll | None) -> dict[str, Any]:
    """What the form of a post with this poll begins with."""
    if poll is None:
        return {}
    closes = (poll.closes - timedelta(days=1)).date() if poll.closes else None
    return {
        "poll_question": poll.question,
        "poll_options": poll.options,
        "poll_several": poll.several,
        "poll_closes": closes,
        "poll_shows": poll.shows,
    }
