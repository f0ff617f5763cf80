"""What changed between two texts."""

import pytest

from forum.diff import compare


def shown(before: str, after: str) -> list[str]:
    marks = {"same": " ", "gone": "-", "new": "+", "gap": "…"}
    return [f"{marks[line.kind]}{line.text}" for line in compare(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("a", "a", []),
        ("", "", []),
        ("", "a", ["+a"]),
        ("a", "", ["-a"]),
        ("a\nb\nc", "a\nB\nc", [" a", "-b", "+B", " c"]),
        ("a\na", "a\na\na", [" a", " a", "+a"]),
        ("1\n2\n3\n4\n5", "1\n2\n3\n4\n5\n6", ["…", " 4", " 5", "+6"]),
        ("a\n1\n2\n3\n4\n5\nb", "A\n1\n2\n3\n4\n5\nB", ["-a", "+A", " 1", " 2", "…", " 4", " 5", "-b", "+B"]),
    ],
)
def test_lines_that_changed_and_those_beside_them(before: str, after: str, lines: list[str]) -> None:
    assert shown(before, after) == lines


def test_texts_of_very_many_lines_are_not_compared_for_long() -> None:
    """Both are as long as a post can be, and hardly alike."""
    before = "\n".join(str(n % 7) for n in range(20_000))
    after = "\n".join(str(n % 11) for n in range(20_000))
    assert len(shown(before, after)) >= 39_000
