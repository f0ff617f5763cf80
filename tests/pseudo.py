"""A language in which every message of the .po file stands in brackets, and what of a page stands in none."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser

from django.utils.translation import trans_real

from forum import wording
from tests.catalogs import LOCALES, entries

OPEN, CLOSE = "⟦", "⟧"
SPOKEN = ("aria-label", "title", "placeholder", "alt", "content")
# Words that scripts show.
SCRIPTED = re.compile(
    r"data-(?!writer|digest|theme|revision|head|live$|last|thread|theme-form|format|watched|.*-url|.*-for|limit).*"
)
SILENT = {"script", "style", "code", "pre"}
_EMPTY = {"input", "meta", "link", "img", "br", "hr", "path", "circle", "source", "wbr"}


@contextmanager
def speaking_pseudo(language: str) -> Iterator[None]:
    """While this lasts, a language is one in which messages are in brackets."""
    catalog = trans_real.translation(language)._catalog
    # What Django and allauth say comes in brackets, too.
    words: dict[object, str] = {
        key: f"{OPEN}{said}{CLOSE}" for part in reversed(catalog._catalogs) for key, said in part.items() if key
    }
    for entry in entries(LOCALES[language]):
        context, message, plural = entry.key
        name = f"{context}\x04{message}" if context else message
        if plural:
            words |= {(name, 0): f"{OPEN}{message}{CLOSE}", (name, 1): f"{OPEN}{plural}{CLOSE}"}
        else:
            words[name] = f"{OPEN}{message}{CLOSE}"
    catalog._catalogs.insert(0, words)
    catalog._plurals.insert(0, lambda number: int(number != 1))
    wording._day.cache_clear()
    try:
        yield
    finally:
        del catalog._catalogs[0], catalog._plurals[0]
        wording._day.cache_clear()


class _Words(HTMLParser):
    """What a page says, to the eye, the ear and its scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag not in _EMPTY and (self.silent or tag in SILENT or (tag != "html" and "lang" in found)):
            self.silent.append(tag)
        if not self.silent and not (tag == "meta" and found.get("name") not in ("description",)):
            self.said += [value or "" for name, value in attrs if name in SPOKEN or SCRIPTED.fullmatch(name)]

    def handle_endtag(self, tag: str) -> None:
        if self.silent and tag == self.silent[-1]:
            self.silent.pop()

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.said.append(data)


def unmarked(html: str) -> list[str]:
    """The words of a page that stand in no brackets; single letters are names."""
    words = _Words()
    words.feed(html)
    depth, outside = 0, []
    for character in "\n".join(words.said):
        depth += (character == OPEN) - (character == CLOSE)
        outside.append("\n" if depth or character == CLOSE else character)
    return re.findall(r"[^\W\d_][\w'’]+(?:[ ,.:]+[\w'’]+)*", "".join(outside).translate(_FOREIGN))


# What members of these tests write is in no alphabet that the forum speaks in.
_FOREIGN = dict.fromkeys(range(0x370, 0x400), "\n")
