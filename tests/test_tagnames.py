"""What tags may be called, and how they are written in a form."""

import pytest

from forum import tagnames


@pytest.mark.parametrize(
    ("typed", "tags"),
    [
        ("dynamodb, Page Numbers", ["dynamodb", "page-numbers"]),
        ("#redis,REDIS , redis", ["redis"]),
        ("größe，分页、नमस्ते", ["größe", "分页", "नमस्ते"]),
        ("a_b, c - d, -e f-", ["a-b", "c-d", "e-f"]),
        ("ｆｕｌｌ", ["full"]),
        (" , ,, ", []),
    ],
)
def test_a_list_of_tags(typed: str, tags: list[str]) -> None:
    assert tagnames.split(typed) == tags


@pytest.mark.parametrize("tag", ["aws", "page-numbers", "2026", "größe", "分页", "नमस्ते", "a" * 30])
def test_a_tag(tag: str) -> None:
    assert tagnames.is_tag(tag) and tagnames.split(tag) == [tag]


@pytest.mark.parametrize(
    "text", ["a", "a" * 31, "c++", "Aws", "a--b", "-ab", "a b", "a/b", "ab.", "<b>", "", "a\u202eb", "\u0301ab"]
)
def test_no_tag(text: str) -> None:
    assert not tagnames.is_tag(text)
