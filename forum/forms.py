"""What members send: its shape and length, and errors in plain words. Who may send it is decided elsewhere.

Text comes out of here with \\n as its line break, without space at its end, in Unicode's composed
form (NFC), and with nothing in it that cannot be stored or shown.
"""

import re
import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.http import QueryDict
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import reasons, tagnames, wording
from .complaints import ACCENTS, EMPTY, TOO_LONG, UNFIT
from .errors import BadRequest, NotFound

TITLE_LEAST = 3
TITLE_MOST = 200
# 160 KB at four bytes a character, so that a post stays far below DynamoDB's 400 KB for an item.
BODY_MOST = 40_000
ABOUT_MOST = 500
NOTE_MOST = 500
WORDS_MOST = 400
MARKS_MOST = 30
TOKEN_MOST = 200
TAGS_TEXT_MOST = 1_000

_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LEADING_BLANK_LINES = re.compile(r"\A\s*\n")
# Embeddings, overrides and isolates can make a title read as another; the plain marks that
# right-to-left text needs (LRM, RLM, ALM) cannot.
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Letters and a symbol by category, but without any ink: Hangul fillers, the empty Braille cell.
_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")


class TextField(forms.CharField):
    """Text of at most `most` characters, counted after cleaning; `noun` names it in errors, of which there are
    those in `complaints`: "title"."""

    def __init__(self, *, noun: str, most: int, **options: Any) -> None:
        # No max_length: its HTML attribute makes browsers drop the end of a pasted text without a word.
        errors = {"required": EMPTY[noun]} | options.pop("error_messages", {})
        super().__init__(strip=False, error_messages=errors, **options)
        self.noun, self.most = noun, most

    def to_python(self, value: Any) -> str:
        text = self.tidy(str(value or ""))
        self.refuse_length(text)
        self.refuse_characters(text)
        # Composing can lengthen a text, so it is measured again.
        text = unicodedata.normalize("NFC", text)
        self.refuse_length(text)
        return text if has_ink(text) else ""

    def prepare_value(self, value: Any) -> Any:
        """What stands in the form that comes back: a page cannot hold everything that can be sent."""
        return _UNFIT.sub("\ufffd", _with_newlines(value)) if isinstance(value, str) else value

    def tidy(self, text: str) -> str:
        return _LEADING_BLANK_LINES.sub("", _with_newlines(text).rstrip())

    def refuse_length(self, text: str) -> None:
        if len(text) > self.most:
            raise ValidationError(
                _(TOO_LONG[self.noun]) % {"length": wording.number(len(text)), "most": wording.number(self.most)},
                code="too_long",
            )

    def refuse_characters(self, text: str) -> None:
        if unfit := _UNFIT.search(text):
            raise ValidationError(
                _(UNFIT[self.noun])
                % {
                    "line": text.count("\n", 0, unfit.start()) + 1,
                    "code": f"{ord(unfit[0]):04X}",
                },
                code="unfit",
            )
        if not text.isascii() and _most_marks(text) > MARKS_MOST:
            raise ValidationError(
                _(ACCENTS[self.noun]) % {"most": MARKS_MOST},
                code="marks",
            )


class LineField(TextField):
    """A TextField of one line."""

    widget = forms.TextInput(attrs={"dir": "auto"})

    def tidy(self, text: str) -> str:
        return " ".join(_BIDI_CONTROLS.sub("", text).split())


class TitleField(LineField):
    """A line with at least TITLE_LEAST characters that take up space."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        length = sum(unicodedata.category(character) != "Cf" for character in text)
        if text and length < TITLE_LEAST:
            raise ValidationError(
                _("The title is too short: %(least)s characters is the least.") % {"least": TITLE_LEAST},
                code="too_short",
            )
        return text


class TokenField(forms.CharField):
    """A form's token, or "" for what cannot be one: `form_tokens.redeem` says what that means."""

    def __init__(self) -> None:
        super().__init__(required=False, widget=forms.HiddenInput)

    def to_python(self, value: Any) -> str:
        token = str(value or "")
        return token if re.fullmatch(f"[!-~]{{0,{TOKEN_MOST}}}", token) else ""

    def prepare_value(self, value: Any) -> str:
        return self.to_python(value)


class RevisionField(forms.IntegerField):
    """Which text of a post its editor saw; only a page that somebody changed sends anything else."""

    def __init__(self) -> None:
        lost = gettext_lazy(
            "This form does not say which text it changes. Keep a copy of yours and open the edit page again."
        )
        super().__init__(widget=forms.HiddenInput, error_messages=dict.fromkeys(("required", "invalid"), lost))

    def to_python(self, value: Any) -> int | None:
        text = str("" if value is None else value)
        if text and not re.fullmatch("[0-9]{1,9}", text):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return int(text) if text else None

    def prepare_value(self, value: Any) -> Any:
        return _UNFIT.sub("\ufffd", value) if isinstance(value, str) else value


def title_field() -> TitleField:
    return TitleField(
        noun="title",
        most=TITLE_MOST,
        label=gettext_lazy("Title"),
        help_text=gettext_lazy("3 to 200 characters. Say what it is about, so that people can find it."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )


def body_field() -> TextField:
    return TextField(
        noun="text",
        most=BODY_MOST,
        label=gettext_lazy("Your post"),
        help_text=gettext_lazy("Up to 40,000 characters."),
        widget=forms.Textarea(attrs={"rows": 12, "dir": "auto"}),
    )


class TagsField(forms.CharField):
    """The names of a thread's tags, separated by commas; a list of them in their one form."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            label=gettext_lazy("Tags"),
            help_text=gettext_lazy(
                "Up to five, separated by commas: what it is about, in a word each. You may leave it empty."
            ),
            widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto", "list": "known-tags"}),
        )

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        names = value if isinstance(value, list) else tagnames.split(str(value or "")[:TAGS_TEXT_MOST])
        for name in names:
            if not tagnames.is_tag(name):
                shown = _UNFIT.sub("\ufffd", name[: tagnames.MOST])
                raise ValidationError(
                    _("“%(shown)s” cannot be a tag: %(least)s to %(most)s letters and digits, with hyphens between.")
                    % {"shown": shown, "least": tagnames.LEAST, "most": tagnames.MOST},
                    code="tag",
                )
        if len(names) > tagnames.TAGS_MOST:
            raise ValidationError(
                _("%(number)s tags are too many: %(most)s are the most.")
                % {"number": len(names), "most": tagnames.TAGS_MOST},
                code="many",
            )
        return names

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return ", ".join(value)
        return _UNFIT.sub("\ufffd", value) if isinstance(value, str) else value


class NewThreadForm(forms.Form):
    title = title_field()
    tags = TagsField()
    body = body_field()
    token = TokenField()


class ReplyForm(forms.Form):
    body = body_field()
    token = TokenField()


class EditForm(forms.Form):
    """An edit of a post; that of a thread's first post may change the title, too."""

    title = title_field()
    tags = TagsField()
    body = body_field()
    revision = RevisionField()

    def __init__(self, *arguments: Any, first: bool, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if not first:
            del self.fields["title"], self.fields["tags"]


class NoteForm(forms.Form):
    """A member's own note at a bookmark; an empty one is none."""

    note = TextField(
        noun="note",
        most=NOTE_MOST,
        required=False,
        help_text=format_lazy(gettext_lazy("Up to {most} characters. Nobody but you can read it."), most=NOTE_MOST),
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
    )


class ReportForm(forms.Form):
    """Why somebody reports a post. What is something else has to be said in words."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What is wrong with it?"),
        choices=[(reason, gettext_lazy(reason)) for reason in reasons.REPORTED],
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Please choose what is wrong with it."),
            "invalid_choice": gettext_lazy("Please choose one."),
        },
    )
    words = TextField(
        noun="explanation",
        most=WORDS_MOST,
        required=False,
        label=gettext_lazy("In your own words"),
        help_text=format_lazy(
            gettext_lazy("Up to {most} characters; needed where it is something else."), most=WORDS_MOST
        ),
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
    )

    def clean(self) -> dict[str, Any]:
        sent = self.cleaned_data
        if sent.get("kind") == reasons.OTHER and not sent.get("words") and "words" not in self.errors:
            self.add_error("words", _("Please say in a few words what is wrong with it."))
        return sent

    @property
    def reason(self) -> str:
        """Both in one text, for moderators."""
        kind, words = self.cleaned_data["kind"], self.cleaned_data["words"]
        return f"{kind}: {words}" if words else str(kind)


class WebsiteField(forms.URLField):
    """An address that begins with https://; nothing is said twice of one that does not."""

    default_validators = [URLValidator(schemes=["https"])]

    def __init__(self) -> None:
        wrong = gettext_lazy("Please give a whole address that begins with https://, like https://example.org.")
        super().__init__(
            label=gettext_lazy("Website"),
            required=False,
            max_length=200,
            assume_scheme="https",
            error_messages={"invalid": wrong},
            widget=forms.URLInput(attrs={"placeholder": "https://"}),
        )


class ProfileForm(forms.Form):
    """What members say of themselves on their page."""

    about = TextField(
        noun="text",
        most=ABOUT_MOST,
        required=False,
        label=gettext_lazy("About you"),
        help_text=format_lazy(gettext_lazy("Up to {most} characters. You can use Markdown."), most=ABOUT_MOST),
        widget=forms.Textarea(attrs={"rows": 6, "dir": "auto"}),
    )
    pronouns = LineField(noun="text", most=30, required=False, label=gettext_lazy("Pronouns"))
    location = LineField(noun="place", most=60, required=False, label=gettext_lazy("Where you are"))
    website = WebsiteField()
    hides_online = forms.BooleanField(
        label=gettext_lazy("Do not show others when I am here"),
        required=False,
        help_text=gettext_lazy("Neither now nor when you were last."),
    )


def refuse_nul(sent: QueryDict) -> None:
    """BadRequest where an address looks for something with a character that nothing has, and that PostgreSQL does
    not take. For pages that ask the relational database for what stands in their address."""
    if any("\x00" in value for values in sent.lists() for value in values[1]):
        raise BadRequest(_("This address holds a character that no address has."))


def page_number(raw: str | None) -> int:
    """The page a URL asks for, 1 where it does not say; NotFound for what is no page's number.

    Only the one way in which we write them is taken ("3", not "03", "+3" or "٣"): one page, one address.
    """
    if raw is None:
        return 1
    if not re.fullmatch("[1-9][0-9]{0,8}", raw):
        raise NotFound(_("This address asks for a page that cannot be."), [(_("To the first page"), "?")])
    return int(raw)


def has_ink(text: str) -> bool:
    """Whether anything of a text can be seen: not spaces, joiners, marks of direction, lone accents."""
    return any(
        unicodedata.category(character) not in ("Cc", "Cf", "Cs")
        and unicodedata.category(character)[0] not in "ZM"
        and character not in _BLANKS
        for character in text
    )


def _with_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _most_marks(text: str) -> int:
    """The most combining marks in a row. Composing a text takes the square of it: minutes for a hostile one."""
    most = run = 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        most = max(most, run)
    return most
