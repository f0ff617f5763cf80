"""What members send: its shape and length, and errors in plain words. Who may send it is decided elsewhere.

Text comes out of here with \\n as its line break, without space at its end, in Unicode's composed
form (NFC), and with nothing in it that cannot be stored or shown.
"""

import re
import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from .errors import NotFound

TITLE_LEAST = 3
TITLE_MOST = 200
# 160 KB at four bytes a character, so that a post stays far below DynamoDB's 400 KB for an item.
BODY_MOST = 40_000
MARKS_MOST = 30
TOKEN_MOST = 200

_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LEADING_BLANK_LINES = re.compile(r"\A\s*\n")
# Embeddings, overrides and isolates can make a title read as another; the plain marks that
# right-to-left text needs (LRM, RLM, ALM) cannot.
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Letters and a symbol by category, but without any ink: Hangul fillers, the empty Braille cell.
_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")


class TextField(forms.CharField):
    """Text of at most `most` characters, counted after cleaning; `noun` names it in errors: "title"."""

    def __init__(self, *, noun: str, most: int, **options: Any) -> None:
        # No max_length: its HTML attribute makes browsers drop the end of a pasted text without a word.
        super().__init__(strip=False, **options)
        self.noun, self.most = noun, most
        self.error_messages["required"] = f"The {noun} is empty."

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
                f"The {self.noun} has {len(text):,} characters; {self.most:,} is the most.", code="too_long"
            )

    def refuse_characters(self, text: str) -> None:
        if unfit := _UNFIT.search(text):
            raise ValidationError(
                f"Line {text.count(chr(10), 0, unfit.start()) + 1} of the {self.noun} holds a character that cannot "
                f"be shown (U+{ord(unfit[0]):04X}), marked \ufffd. Take it out and send it again.",
                code="unfit",
            )
        if not text.isascii() and _most_marks(text) > MARKS_MOST:
            raise ValidationError(
                f"The {self.noun} holds a letter with more than {MARKS_MOST} accents. Take some off and send it again.",
                code="marks",
            )


class TitleField(TextField):
    """A TextField of one line, with at least TITLE_LEAST characters that take up space."""

    def tidy(self, text: str) -> str:
        return " ".join(_BIDI_CONTROLS.sub("", text).split())

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        length = sum(unicodedata.category(character) != "Cf" for character in text)
        if text and length < TITLE_LEAST:
            raise ValidationError(f"The title is too short: {TITLE_LEAST} characters is the least.", code="too_short")
        return text


class TokenField(forms.CharField):
    """A form's one-time token, or "" for what cannot be one: `form_tokens.redeem` says what that means."""

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
        lost = "This form does not say which text it changes. Keep a copy of yours and open the edit page again."
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
        label="Title",
        help_text="3 to 200 characters. Say what it is about, so that people can find it.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )


def body_field() -> TextField:
    return TextField(
        noun="text",
        most=BODY_MOST,
        label="Your post",
        help_text="Up to 40,000 characters.",
        widget=forms.Textarea(attrs={"rows": 12, "dir": "auto"}),
    )


class NewThreadForm(forms.Form):
    title = title_field()
    body = body_field()
    token = TokenField()


class ReplyForm(forms.Form):
    body = body_field()
    token = TokenField()


class EditForm(forms.Form):
    """An edit of a post; that of a thread's first post may change the title, too."""

    title = title_field()
    body = body_field()
    revision = RevisionField()

    def __init__(self, *arguments: Any, first: bool, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if not first:
            del self.fields["title"]


def page_number(raw: str | None) -> int:
    """The page a URL asks for, 1 where it does not say; NotFound for what is no page's number.

    Only the one way in which we write them is taken ("3", not "03", "+3" or "٣"): one page, one address.
    """
    if raw is None:
        return 1
    if not re.fullmatch("[1-9][0-9]{0,8}", raw):
        raise NotFound("This address asks for a page that cannot be.", [("To the first page", "?")])
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
