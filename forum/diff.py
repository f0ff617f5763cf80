"""What changed between two texts, line by line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

# Pairs of lines that are compared at most, some 0.1 s; beyond that everything counts as changed.
MOST_PAIRS = 1_000_000
# Lines that did not change and stand beside one that did.
CONTEXT = 2


@dataclass(frozen=True, slots=True)
class Line:
    """A line of either text. A gap stands for lines that are the same, and not near any that changed."""

    kind: Literal["same", "gone", "new", "gap"]
    text: str = ""


def compare(before: str, after: str) -> list[Line]:
    """The lines of both texts in order; none where they are equal."""
    lines = list(_compared(before.splitlines(), after.splitlines()))
    near = {
        place
        for number, line in enumerate(lines)
        if line.kind != "same"
        for place in range(number - CONTEXT, number + CONTEXT + 1)
    }
    shown: list[Line] = []
    for number, line in enumerate(lines if near else []):
        if number in near:
            shown.append(line)
        elif not shown or shown[-1].kind != "gap":
            shown.append(Line("gap"))
    return shown


def _compared(before: Sequence[str], after: Sequence[str]) -> Iterator[Line]:
    start = _alike(before, after)
    end = min(_alike(before[::-1], after[::-1]), len(before) - start, len(after) - start)
    middle, new = before[start : len(before) - end], after[start : len(after) - end]
    yield from (Line("same", text) for text in before[:start])
    if len(middle) * len(new) > MOST_PAIRS:
        yield from (Line("gone", text) for text in middle)
        yield from (Line("new", text) for text in new)
    else:
        for act, i, j, k, m in SequenceMatcher(None, middle, new, autojunk=False).get_opcodes():
            if act == "equal":
                yield from (Line("same", text) for text in middle[i:j])
            else:
                yield from (Line("gone", text) for text in middle[i:j])
                yield from (Line("new", text) for text in new[k:m])
    yield from (Line("same", text) for text in before[len(before) - end :])


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines both begin with."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
