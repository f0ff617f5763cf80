"""Tags of threads: what they may be called. A tag has one form, in which it is stored and stands in URLs."""

import re
import unicodedata

LEAST, MOST = 2, 30
# How many a thread may have: with them its head stays about a kilobyte, one write unit.
TAGS_MOST = 5

_BETWEEN = re.compile(r"[,，、;\n]")
_GAPS = re.compile(r"[\s_-]+")


def normal(text: str) -> str:
    """A tag in its one form: composed, in small letters, with hyphens for gaps, without the # it may begin with."""
    composed = unicodedata.normalize("NFKC", text).lower()
    return _GAPS.sub("-", unicodedata.normalize("NFKC", composed).strip().lstrip("#")).strip("-")


def split(text: str) -> list[str]:
    """The tags in a list with commas, each once, in their order; what cannot be a tag is among them."""
    return list(dict.fromkeys(tag for part in _BETWEEN.split(text) if (tag := normal(part))))


def is_tag(text: str) -> bool:
    """Whether this is a tag in its one form: letters and digits of any script, and single hyphens between."""
    return (
        LEAST <= len(text) <= MOST
        and text == normal(text)
        and unicodedata.category(text[0])[0] != "M"
        and all(character == "-" or unicodedata.category(character) in _FIT for character in text)
    )


_FIT = frozenset(["Ll", "Lu", "Lt", "Lo", "Lm", "Mn", "Mc", "Nd"])
