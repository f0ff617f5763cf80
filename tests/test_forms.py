"""What members send: good text comes out clean, bad text comes back with a sentence that says why."""

import time
import unicodedata
from typing import Any

import pytest
from django.forms import Form

from forum.errors import NotFound
from forum.forms import BODY_MOST, TITLE_MOST, EditForm, NewThreadForm, ReplyForm, has_ink, page_number

FAMILY = "👩‍👩‍👧‍👦"
NOTHING_TO_SEE = [
    "",
    "   ",
    "\t\r\n \n",
    "\u00a0\u2003\u3000\u202f\u205f\u1680",
    "\u200b\u200c\u200d\u2060\ufeff",
    "\u200e\u200f\u061c",
    "\u202e\u202d\u202c\u2066\u2069",
    "\u00ad\u180e",
    "\u3164\u115f\uffa0\u2800",
    "\ufe0f\u034f\u0301",
    "\U000e0041\U000e0100",
]


def reply(body: str) -> ReplyForm:
    return ReplyForm({"body": body, "token": "t"})


def thread(title: str) -> NewThreadForm:
    return NewThreadForm({"title": title, "body": "Text.", "token": "t"})


def cleaned(form: Form, name: str) -> Any:
    assert form.is_valid(), form.errors
    return form.cleaned_data[name]


def error(form: Form, name: str) -> str:
    """The one error of a field; and the form with it can be shown, and sent as UTF-8."""
    assert not form.is_valid()
    form.as_p().encode()
    [message] = form.errors[name]
    return message


class TestBody:
    @pytest.mark.parametrize(
        ("sent", "stored"),
        [
            ("one\r\ntwo\rthree\n", "one\ntwo\nthree"),
            ("text  \n\t\n\u00a0", "text"),
            ("\n  \n    indented code", "    indented code"),
            ("a\n\n\nb  \nc", "a\n\n\nb  \nc"),
            ("tab\tstays", "tab\tstays"),
            ("e\u0301", "é"),
            ("שלום עולם", "שלום עולם"),
            ("\u202bשלום\u202c", "\u202bשלום\u202c"),
            (FAMILY, FAMILY),
            ("❤️", "❤️"),
            ("\ufffd", "\ufffd"),
            ("\U0001fae8", "\U0001fae8"),
            (".", "."),
        ],
    )
    def test_is_tidied_and_otherwise_kept(self, sent: str, stored: str) -> None:
        assert cleaned(reply(sent), "body") == stored

    @pytest.mark.parametrize("nothing", NOTHING_TO_SEE, ids=ascii)
    def test_needs_something_that_can_be_seen(self, nothing: str) -> None:
        assert error(reply(nothing), "body") == "The text is empty."
        assert not has_ink(nothing)

    def test_missing_from_the_form_is_an_empty_one(self) -> None:
        assert error(ReplyForm({}), "body") == "The text is empty."

    def test_may_have_40_000_characters_and_not_one_more(self) -> None:
        assert len(cleaned(reply("🎉" * BODY_MOST + "\n"), "body")) == 40_000
        message = error(reply("a" * (BODY_MOST + 1)), "body")
        assert message == "The text has 40,001 characters; 40,000 is the most."

    def test_fits_into_an_item_of_dynamodb_with_room_to_spare(self) -> None:
        assert len(cleaned(reply("\U0010fffd🎉" * (BODY_MOST // 2)), "body").encode()) <= 400 * 1024 // 2

    def test_is_measured_as_it_will_be_stored(self) -> None:
        assert len(unicodedata.normalize("NFC", "\ufb2c")) == 3
        assert "60,000 characters" in error(reply("\ufb2c" * 20_000), "body")

    @pytest.mark.parametrize("sign", ["\x00", "\x07", "\x0b", "\x1b", "\x7f", "\x85", "\ud800", "\udfff"], ids=ascii)
    def test_with_what_cannot_be_shown_comes_back_with_a_mark_in_its_place(self, sign: str) -> None:
        form = reply(f"first\r\nsec{sign}ond")
        assert error(form, "body") == (
            f"Line 2 of the text holds a character that cannot be shown (U+{ord(sign):04X}), marked \ufffd. "
            "Take it out and send it again."
        )
        assert form["body"].value() == "first\nsec\ufffdond"
        assert "sec\ufffdond" in str(form["body"])

    def test_with_a_tower_of_accents_is_refused_at_once(self) -> None:
        started = time.thread_time()
        message = error(reply("a" + "\u0338\u0327" * (BODY_MOST // 2 - 1)), "body")
        assert message == "The text holds a letter with more than 30 accents. Take some off and send it again."
        assert time.thread_time() - started < 0.5

    def test_far_too_long_is_refused_before_anything_else_is_done_with_it(self) -> None:
        started = time.thread_time()
        assert "2,400,000 characters" in error(reply("\u0338\u0327" * 1_200_000), "body")
        assert time.thread_time() - started < 2

    def test_is_never_cut_by_the_browser(self) -> None:
        assert "maxlength" not in thread("x").as_p()


class TestTitle:
    @pytest.mark.parametrize(
        ("sent", "stored"),
        [
            ("  Which  key?\r\n ", "Which key?"),
            ("one\ntwo\u2028three\x0bfour", "one two three four"),
            ("e\u0301te\u0301", "été"),
            ("pay\u202egnp.exe", "paygnp.exe"),
            ("a\u2066b\u2069c\u202ad\u202c", "abcd"),
            ("שלום עולם", "שלום עולם"),
            ("C++\u200e בקצרה", "C++\u200e בקצרה"),
            ("👩‍👩‍👧", "👩‍👩‍👧"),
            ("می‌خواهم", "می‌خواهم"),
            ("<b>bold</b>", "<b>bold</b>"),
            ("abc", "abc"),
        ],
    )
    def test_is_one_line_that_reads_as_it_is_written(self, sent: str, stored: str) -> None:
        assert cleaned(thread(sent), "title") == stored

    @pytest.mark.parametrize("nothing", NOTHING_TO_SEE, ids=ascii)
    def test_needs_something_that_can_be_seen(self, nothing: str) -> None:
        assert error(thread(nothing), "title") == "The title is empty."

    @pytest.mark.parametrize("short", ["ab", " a ", "a\u200b\u200b\u200bb", "a\u202e\u202e", "🎉"], ids=ascii)
    def test_has_three_characters_at_least(self, short: str) -> None:
        assert error(thread(short), "title") == "The title is too short: 3 characters is the least."

    def test_has_200_characters_at_most(self) -> None:
        assert len(cleaned(thread("é" * TITLE_MOST + "  "), "title")) == 200
        assert error(thread("é" * 201), "title") == "The title has 201 characters; 200 is the most."

    def test_with_what_cannot_be_shown_comes_back_with_a_mark_in_its_place(self) -> None:
        form = thread("no\x00 \ud83d good")
        assert error(form, "title").startswith("Line 1 of the title holds a character that cannot be shown (U+0000)")
        assert form["title"].value() == "no\ufffd \ufffd good"

    def test_that_is_wrong_leaves_the_text_in_the_form(self) -> None:
        form = NewThreadForm({"title": "x", "body": "An hour's work.", "token": "t"})
        error(form, "title")
        assert "An hour&#x27;s work.</textarea>" in form.as_p()


class TestEdit:
    def test_of_the_first_post_may_change_the_title(self) -> None:
        form = EditForm({"title": "A title", "body": "Text.", "revision": "3"}, first=True)
        assert form.is_valid() and form.cleaned_data == {
            **{"title": "A title", "tags": [], "body": "Text.", "revision": 3}
        }

    def test_of_another_post_knows_no_title(self) -> None:
        form = EditForm({"title": "A title", "body": "Text.", "revision": "3"}, first=False)
        assert form.is_valid() and form.cleaned_data == {"body": "Text.", "revision": 3}

    @pytest.mark.parametrize("revision", ["", "x", "-1", "+1", " 1", "1.0", "٣", "1e3", "\x00", "\ud800", "9" * 5_000])
    def test_that_does_not_say_which_text_it_changes_is_refused(self, revision: str) -> None:
        form = EditForm({"body": "Text.", "revision": revision}, first=False)
        assert error(form, "revision").startswith("This form does not say which text it changes.")

    def test_shows_what_is_stored(self) -> None:
        form = EditForm(initial={"title": "A title", "body": "Text.", "revision": 3}, first=True)
        assert 'name="revision" value="3"' in form.as_p() and ">\nText.</textarea>" in form.as_p()


@pytest.mark.parametrize("token", ["", "\x00", "\ud800", "ключ", "a" * 201, "a b"])
def test_what_cannot_be_a_token_is_taken_for_a_missing_one(token: str) -> None:
    form = ReplyForm({"body": "Text.", "token": token})
    assert cleaned(form, "token") == "" and form["token"].value() == ""


def test_a_token_passes_as_it_is() -> None:
    assert cleaned(ReplyForm({"body": "Text.", "token": "20261123:aB_-:x9"}), "token") == "20261123:aB_-:x9"


class TestPageNumber:
    def test_is_1_where_the_address_does_not_say(self) -> None:
        assert page_number(None) == 1

    @pytest.mark.parametrize(("raw", "number"), [("1", 1), ("42", 42), ("999999999", 999_999_999)])
    def test_is_read_from_the_address(self, raw: str, number: int) -> None:
        assert page_number(raw) == number

    @pytest.mark.parametrize(
        "raw",
        ["", "0", "-1", "+1", " 1", "1 ", "1\n", "01", "1.5", "1e3", "٣", "１", "x", "\x00", "1" * 10, "9" * 5_000],
    )
    def test_is_not_found_where_it_is_none_of_ours(self, raw: str) -> None:
        with pytest.raises(NotFound) as caught:
            page_number(raw)
        assert caught.value.links == [("To the first page", "?")]
