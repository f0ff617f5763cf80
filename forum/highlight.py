"""Colours for blocks of code, made on the server: Pygments reads the code, we write the spans.

A block costs some 20 µs a word, so those seen lately are kept. What is too large, or is made of so
many small parts that only a machine would write it, stays plain, and so does what takes too long: some lexers
need the square of a text's length. A block costs a fifth of a second at the very most, and that once.
"""

import time
from collections.abc import Iterable
from functools import cache, lru_cache
from html import escape

from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Generic, Keyword, Name, Number, Operator, String, _TokenType

# The classes that a highlighted block may have, and what wears them; everything else is plain ink.
CLASSES: dict[_TokenType, str] = {
    Comment: "hl-comment",
    Comment.Preproc: "hl-meta",
    Keyword: "hl-key",
    Operator.Word: "hl-key",
    Keyword.Constant: "hl-number",
    Number: "hl-number",
    String: "hl-string",
    String.Doc: "hl-comment",
    Name.Function: "hl-name",
    Name.Class: "hl-name",
    Name.Tag: "hl-key",
    Name.Attribute: "hl-name",
    Name.Builtin: "hl-builtin",
    Name.Decorator: "hl-meta",
    Name.Variable: "hl-builtin",
    Generic.Inserted: "hl-added",
    Generic.Deleted: "hl-gone",
    Generic.Heading: "hl-meta",
    Generic.Subheading: "hl-meta",
    Generic.Prompt: "hl-comment",
    Generic.Output: "hl-comment",
}
# Only these, since each was tried with texts made to be slow.
LANGUAGES = frozenset(
    """
    bash c c# c++ console cpp cs csharp css diff django docker dockerfile elixir go golang graphql haskell hcl
    html http ini java javascript jinja js json jsx kotlin lua make makefile nginx perl php
    powershell ps1 py pycon python python3 r rb rs ruby rust scala scss sh shell sql swift terraform toml ts
    typescript xml yaml yml zsh
    """.split()  # noqa: SIM905 - as a list it would be sixty lines
)
MAX_CHARACTERS = 6_000
MAX_LINE = 1_000
MAX_PARTS = 2_500
MAX_SECONDS = 0.05
MOST_KEPT = 256


def knows(language: str) -> bool:
    return language.lower() in LANGUAGES


@lru_cache(maxsize=MOST_KEPT)
def highlighted(language: str, code: str) -> str | None:
    """HTML of the code with `hl-…` spans around its words; None where it has to stay plain."""
    if len(code) > MAX_CHARACTERS or not knows(language) or max(map(len, code.split("\n"))) > MAX_LINE:
        return None
    lexer = get_lexer_by_name(language.lower(), stripnl=False, ensurenl=False)
    return _html(lexer.get_tokens(code))


def _html(tokens: Iterable[tuple[_TokenType, str]]) -> str | None:
    """Neighbours of one colour share a span. The lexer is left as soon as there is too much of it."""
    late = time.thread_time() + MAX_SECONDS
    pieces: list[str] = []
    current, text = "", ""
    for kind, value in tokens:
        if len(pieces) > MAX_PARTS or time.thread_time() > late:
            return None
        name = _class_of(kind)
        if name == current or value.isspace():
            text += value
            continue
        pieces.append(_span(current, text))
        current, text = name, value
    return "".join([*pieces, _span(current, text)])


def _span(name: str, text: str) -> str:
    safe = escape(text, quote=False)
    return f'<span class="{name}">{safe}</span>' if name and text else safe


@cache
def _class_of(kind: _TokenType) -> str:
    """The class of a kind of word, or of the nearest kind that it belongs to."""
    for each in reversed(kind.split()):
        if each in CLASSES:
            return CLASSES[each]
    return ""
