"""The sentences generated threads are made of, read from `topics/*.md`.

Such a file is Markdown in four kinds of section. `# Words` gives each slot its choices, separated by bars:

    - city: Ghent | Porto

A bank, like `# Asides`, lists pieces that fit any thread of the forum. `# Question: …` and `# Open: …` hold a
topic, with a bank under each `##`. A piece is a list item; the lines indented under it belong to it, so that a
piece can hold code, lists or several paragraphs. `{city}` in a piece is filled with one of the choices, `{City}`
with the same one as a sentence begins with it; any other brace stands for itself.

A question may have two cases, when answers to one would make no sense for the other: a piece that begins with `1: `
or `2: ` belongs to that case alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random

TOPICS = Path(__file__).with_name("topics")

# Filled in by the generator itself rather than from a file's own words.
SPECIAL = frozenset({"name", "month"})

Bank = tuple[str, ...]

_CASE = re.compile(r"[12]: ")


def sentence_case(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


class Words(dict[str, str]):
    """The choices made for one thread or post: a slot keeps the word it was first given."""

    def __init__(self, slots: dict[str, Bank], rng: Random) -> None:
        super().__init__()
        self.slots = slots
        self.random = rng.random

    def __missing__(self, slot: str) -> str:
        if slot[0].isupper():
            return sentence_case(self[slot.lower()])
        choices = self.slots[slot]
        word = self[slot] = choices[int(self.random() * len(choices))]
        return word


@dataclass(slots=True)
class Topic:
    """One subject of a forum: its banks by name (`titles`, `problem`, `answers` …).

    A bank `speakers` says that only newcomers take part.
    """

    name: str
    banks: dict[str, Bank] = field(default_factory=dict)


@dataclass(slots=True)
class Prose:
    """Everything that can be said in one forum."""

    slots: dict[str, Bank] = field(default_factory=dict)
    banks: dict[str, Bank] = field(default_factory=dict)
    questions: list[Topic] = field(default_factory=list)
    open_topics: list[Topic] = field(default_factory=list)


def _pieces(lines: list[str]) -> Bank:
    """The list items of a section, with what is indented under them."""
    found: list[list[str]] = []
    for line in lines:
        if line.startswith("- "):
            found.append([line[2:]])
        elif found and (line.startswith("  ") or not line.strip()):
            found[-1].append(line[2:])
        elif line.strip():
            raise ValueError(f"neither a list item nor part of one: {line!r}")
    return tuple("\n".join(lines).strip() for lines in found)


def _sections(text: str) -> Iterator[tuple[str, str, Bank]]:
    """Each section as its `#` heading, its `##` heading ("" at the top) and its pieces.

    A heading counts only at the left margin, so the comment of an indented code block is none.
    """
    outer = inner = ""
    lines: list[str] = []
    for line in [*text.splitlines(), "# "]:
        heading = re.match(r"(##?) ?(.*)", line)
        if heading is None:
            lines.append(line)
            continue
        if any(lines):
            yield outer, inner, _pieces(lines)
        lines = []
        outer, inner = (outer, heading[2]) if heading[1] == "##" else (heading[2], "")


def _fillable(piece: str, slots: dict[str, Bank]) -> str:
    """The piece as a format string in which only known slots are fields; an unknown one is an error."""

    def slot(match: re.Match[str]) -> str:
        if match[1].lower() not in SPECIAL.union(slots):
            raise ValueError(f"no words for the slot {match[0]!r} in {piece!r}")
        return "{" + match[1] + "}"

    return re.sub(r"\{\{([A-Za-z_]+)\}\}", slot, piece.replace("{", "{{").replace("}", "}}"))


def _case(topic: Topic, number: str) -> Iterator[Topic]:
    """The question as it is in that case; one without cases counts as its own first."""
    pieces = [piece for bank in topic.banks.values() for piece in bank]
    if not any(_CASE.match(piece) for piece in pieces):
        if number == "1":
            yield topic
        return
    banks = {}
    for name, bank in topic.banks.items():
        own = [piece[3:] for piece in bank if piece.startswith(f"{number}: ")]
        shared = [piece for piece in bank if not _CASE.match(piece)]
        # What both share comes in another order in each, so that they do not begin with the same title.
        banks[name] = (*own, *(shared if number == "1" else reversed(shared)))
    yield Topic(f"{topic.name} ({number})", banks)


def parse(text: str) -> Prose:
    """A topics file as prose; ValueError says which line or slot is wrong."""
    prose = Prose()
    for outer, inner, pieces in _sections(text):
        if outer == "Words":
            prose.slots |= {name: tuple(words.split(" | ")) for name, words in (p.split(": ", 1) for p in pieces)}
            continue
        bank = tuple(_fillable(piece, prose.slots) for piece in pieces)
        kind, _, topic = outer.partition(": ")
        if not topic:
            prose.banks[outer.lower()] = bank
            continue
        topics = prose.questions if kind == "Question" else prose.open_topics
        if not topics or topics[-1].name != topic:
            topics.append(Topic(topic))
        topics[-1].banks[inner.lower()] = bank
    # All the first cases come before all the second, so that one question's cases do not follow each other.
    prose.questions = [case for number in "12" for topic in prose.questions for case in _case(topic, number)]
    return prose


@cache
def prose_of(forum: str) -> Prose:
    """What can be said in a forum, together with what can be said anywhere (`topics/anywhere.md`)."""
    anywhere = parse((TOPICS / "anywhere.md").read_text(encoding="utf-8"))
    own = parse((TOPICS / f"{forum}.md").read_text(encoding="utf-8"))
    own.slots = anywhere.slots | own.slots
    own.banks = anywhere.banks | own.banks
    return own
