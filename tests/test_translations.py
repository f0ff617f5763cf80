"""The translations are whole: every message has one, which fits, and the compiled files hold them."""

import gettext
import re
from collections import Counter

import pytest

from tests.catalogs import LOCALES, Entry, Key, entries, of_code, of_template, po, wanted

PLACES = re.compile(r"%\(\w+\)s|\{\w+\}|%%")
TAGS = re.compile(r"</?[a-z][^>]*>|&\w+;")

each_locale = pytest.mark.parametrize("locale", LOCALES.values())


@each_locale
def test_every_message_of_the_code_has_an_entry_and_no_other_is_there(locale: str) -> None:
    """Where this fails, collect the messages anew: see docs/translating.md."""
    known = [entry.key for entry in entries(locale)]
    assert sorted(wanted() - set(known)) == [], "these are missing"
    assert sorted(set(known) - wanted()) == [], "these are not in the code"
    assert [key for key, times in Counter(known).items() if times > 1] == []


@each_locale
def test_every_entry_is_translated(locale: str) -> None:
    assert [entry.key.message for entry in entries(locale) if entry.fuzzy or not all(entry.said)] == []


@each_locale
def test_translations_have_the_places_and_the_tags_of_their_messages(locale: str) -> None:
    assert [complaint for entry in entries(locale) for complaint in complaints(entry)] == []


def complaints(entry: Entry) -> list[str]:
    """What is wrong with the translations of a message. A plural has the places that either of its forms has."""
    key, forms = entry.key, {entry.key.message, entry.key.plural or entry.key.message}
    wrong = []
    for text in filter(None, entry.said):
        if not any(_parts(PLACES, text) == _parts(PLACES, form) for form in forms):
            wrong.append(f"{key.message!r}: other places in {text!r}")
        if not any(_parts(TAGS, text) == _parts(TAGS, form) for form in forms):
            wrong.append(f"{key.message!r}: other tags in {text!r}")
        if not TAGS.search(key.message) and set('<>"') & set(text) - set(key.message):
            wrong.append(f"{key.message!r}: may stand in an attribute, and {text!r} would end it")
        if (text[0].isspace(), text[-1].isspace()) != (key.message[0].isspace(), key.message[-1].isspace()):
            wrong.append(f"{key.message!r}: other space around {text!r}")
    return wrong


def _parts(pattern: re.Pattern[str], text: str) -> Counter[str]:
    return Counter(pattern.findall(text))


@each_locale
def test_the_compiled_file_holds_what_the_other_says(locale: str) -> None:
    """Where this fails, compile the messages anew: see docs/translating.md."""
    with po(locale).with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    said = {}
    for entry in entries(locale):
        if entry.fuzzy or not any(entry.said):
            continue
        name = f"{entry.key.context}\x04{entry.key.message}" if entry.key.context else entry.key.message
        said |= (
            {(name, form): text for form, text in enumerate(entry.said)} if entry.key.plural else {name: entry.said[0]}
        )
    assert {name: text for name, text in compiled.items() if name} == said


# -- What these tests rest on ---------------------------------------------------------------------


def test_messages_are_found_in_code() -> None:
    source = '_("One " "two") + ngettext("%(n)s post", "%(n)s posts", n) + pgettext("verb", "Post") + _(name) + "No"'
    assert set(of_code(source)) == {
        Key("", "One two", ""),
        Key("", "%(n)s post", "%(n)s posts"),
        Key("verb", "Post", ""),
    }


def test_messages_are_found_in_templates() -> None:
    source = (
        '{% load i18n %}{% translate "It\'s" %}{% translate "Go" context "to a page" %}{{ x|default:_("None") }}'
        "{% blocktranslate count n=n with a=b %}{{ a }}: {{ n }} post"
        "{% plural %}{{ a }}: {{ n }} posts{% endblocktranslate %}"
    )
    assert set(of_template(source)) == {
        Key("", "It's", ""),
        Key("to a page", "Go", ""),
        Key("", "None", ""),
        Key("", "%(a)s: %(n)s post", "%(a)s: %(n)s posts"),
    }


@pytest.mark.parametrize(
    "said", ["Beitrag", "%(name)s <b>da</b>", "%(n)s da", '%(n)s <b class="x">da</b>', " %(n)s <b>da</b>"]
)
def test_a_translation_that_does_not_fit_is_found(said: str) -> None:
    assert complaints(Entry(Key("", "%(n)s <b>there</b>", ""), [said], fuzzy=False))


def test_one_that_could_end_an_attribute_is_found() -> None:
    assert complaints(Entry(Key("", "“Search”", ""), ['"Suche"'], fuzzy=False))
    assert not complaints(Entry(Key("", "“Search”", ""), ["„Suche“"], fuzzy=False))
