"""The forms that move a thread, split posts off and merge: what is typed into them, and errors in plain words."""

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from forum import wording
from forum.actions.moving import REASON_MOST
from forum.actions.numbering import ranges
from forum.forms import TITLE_MOST, TextField, TitleField
from forum.tables.keys import THREAD_ID

# A thread of ten thousand posts can be split at any place.
CHOSEN_MOST = 10_000
TYPED_MOST = 20_000

_ADDRESS = re.compile(rf"(?:^|/)({THREAD_ID})(?=$|[/?#])")
_PERMALINK = re.compile(rf"/p/({THREAD_ID})/([1-9][0-9]{{0,8}})(?=$|[/?#])")
_RANGE = re.compile(r"([0-9]{1,9})(?:\s*(?:-|–|—|to)\s*([0-9]{1,9}))?", re.ASCII)

Address = tuple[str, int]


class AddressField(forms.Field):
    """The address of a thread or a post, copied from anywhere, or a thread's id: (thread id, number)."""

    def to_python(self, value: Any) -> Address | None:
        text = str(value or "").strip()
        if not text:
            return None
        if found := _PERMALINK.search(text):
            return found[1], int(found[2])
        if found := _ADDRESS.search(text):
            return found[1], 1
        raise ValidationError(
            _("This is not the address of a thread. Open the thread and copy its address from there.")
        )

    def prepare_value(self, value: Any) -> str:
        return str(value or "")[:500]


class NumbersField(forms.Field):
    """Numbers of posts, "12-15, 18": the numbers, rising."""

    def to_python(self, value: Any) -> list[int]:
        text = str(value or "")
        if len(text) > TYPED_MOST:
            raise ValidationError(_("These are too many numbers. Write ranges, such as 12-15."))
        chosen: set[int] = set()
        for part in filter(None, map(str.strip, re.split("[,;\n]", text))):
            found = _RANGE.fullmatch(part)
            if found is None:
                raise ValidationError(
                    _("“%(text)s” is no number and no range of numbers. Write them as 12-15, 18.") % {"text": part[:50]}
                )
            first, last = int(found[1]), int(found[2] or found[1])
            if last < first:
                raise ValidationError(_("“%(text)s” runs backwards.") % {"text": part[:50]})
            if last - first >= CHOSEN_MOST or len(chosen) >= CHOSEN_MOST:
                raise ValidationError(
                    _("At most %(most)s posts can be split off at once.") % {"most": wording.number(CHOSEN_MOST)}
                )
            chosen |= set(range(first, last + 1))
        return sorted(chosen)


def typed(numbers: Iterable[int]) -> str:
    """Numbers as they are typed into a NumbersField."""
    found = ranges(sorted(numbers))
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


def reason_field() -> TextField:
    return TextField(
        noun="reason",
        most=REASON_MOST,
        required=False,
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("It stands in the log of moderation."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )


def address_field(**options: Any) -> AddressField:
    help_text = gettext_lazy("Paste the address of the thread, or of any post in it.")
    widget = forms.TextInput(attrs={"autocomplete": "off", "inputmode": "url"})
    return AddressField(help_text=help_text, widget=widget, **options)


class MoveForm(forms.Form):
    """To which of these forums, (name, title)."""

    forum = forms.ChoiceField(
        label=gettext_lazy("Forum"),
        error_messages={
            "required": gettext_lazy("Choose a forum."),
            "invalid_choice": gettext_lazy("Choose one of these forums."),
        },
    )
    reason = reason_field()

    def __init__(self, *arguments: Any, forums: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*arguments, **options)
        # None is chosen beforehand: a thread is not moved by a press too many.
        self.fields["forum"].choices = [("", _("Choose a forum")), *forums]  # type: ignore[attr-defined]


class MergeForm(forms.Form):
    into = address_field(
        label=gettext_lazy("The other thread"), error_messages={"required": gettext_lazy("Say which thread.")}
    )
    reason = reason_field()


class NumbersForm(forms.Form):
    """What of a SplitForm an address may hold."""

    numbers = NumbersField(required=False)


class SplitForm(forms.Form):
    """Which posts, and where to. Boxes are ticked on one page of the thread, while `numbers` holds all that is
    chosen; `was` is what it held when the page was made, so that a box that is no longer ticked can be told
    from a number that was typed."""

    numbers = NumbersField(
        label=gettext_lazy("Posts"),
        required=False,
        help_text=gettext_lazy("Numbers and ranges, such as 12-15, 18. They are taken together with the boxes below."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    was = NumbersField(required=False, widget=forms.HiddenInput)
    title = TitleField(
        noun="title",
        most=TITLE_MOST,
        required=False,
        label=gettext_lazy("Title of a new thread"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )
    into = address_field(required=False, label=gettext_lazy("Or an existing thread"))
    reason = reason_field()

    def chosen(self, ticked: set[int], shown: set[int]) -> list[int]:
        """All that is chosen, with the boxes ticked among those shown."""
        was, numbers = set(self.cleaned_data["was"]), set(self.cleaned_data["numbers"])
        return sorted((numbers | ticked) - ((was & shown) - ticked))
