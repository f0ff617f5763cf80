"""What an index keeps and finds, whichever engine it is in."""

import random
from dataclasses import replace

import pytest

from forum.search.backend import CLOSE, OPEN, Index, Wanted
from forum.search.documents import PostDoc, ThreadDoc
from forum.search.query import Term, parse
from tests.search.conftest import Fill

ALL = Wanted(forums=["aws", "redis"])


def wanted(text: str, **fields: object) -> Wanted:
    query = parse(text)
    return replace(ALL, terms=query.terms, without=query.without, thread=query.thread, **fields)  # type: ignore[arg-type]


def found(index: Index, asked: Wanted) -> list[tuple[str, int]]:
    """Where the newest are, and the same by relevance in any order."""
    ids = index.newest(asked, 20)
    if asked.terms:
        assert {each.id for each in index.weigh(asked)} == set(ids)
    return [(hit.thread, hit.number) for hit in index.hits(ids, asked)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("partition", [3, 1]),
        ("partitions hot", [1]),
        ('"hot partition"', [1]),
        ('"partition hot"', []),
        ("partition -cold", [1]),
        ("parti*", [3, 1]),
        ("cafe", [2]),
        ("CAFÉ", [2]),
        ("据库", [4]),
        ("nothing", []),
    ],
)
def test_words_phrases_and_what_must_not_be_there(text: str, numbers: list[int], an_index: Index, fill: Fill) -> None:
    fill("T", "A hot partition.", "In the café", "Cold and partitioned", "数 据 库 慢")
    assert [number for _, number in found(an_index, wanted(text))] == numbers


def test_words_of_the_title_are_found_at_the_first_post(an_index: Index, fill: Fill) -> None:
    fill("T", "First.", "Second.", title="Single table design")
    assert found(an_index, wanted("design")) == [("T", 1)]
    [hit] = an_index.hits(an_index.newest(wanted("design"), 1), wanted("design"))
    assert hit.title == f"Single table {OPEN}design{CLOSE}" and hit.snippet == "First."


def test_only_of_these_forums_authors_threads_and_times(an_index: Index, fill: Fill) -> None:
    fill("A", "word", "word", forum="aws")
    fill("B", "word", forum="redis", at=50_000, solved=True, tags=("gsi", "keys"))
    word = wanted("word")
    assert found(an_index, word) == [("B", 1), ("A", 2), ("A", 1)]
    assert found(an_index, replace(word, forums=["redis"])) == [("B", 1)]
    assert found(an_index, replace(word, forums=["aws", "django"], hidden=["redis"])) == [("A", 2), ("A", 1)]
    assert found(an_index, replace(word, thread="A")) == [("A", 2), ("A", 1)]
    assert found(an_index, replace(word, author="7", solved=True)) == [("B", 1)]
    assert found(an_index, replace(word, author="8")) == []
    assert found(an_index, replace(word, tag="gsi")) == [("B", 1)]
    assert found(an_index, replace(word, tag="gs")) == []
    assert found(an_index, replace(word, first=3_000)) == [("B", 1), ("A", 2)]
    assert found(an_index, replace(word, last=2_999, solved=False)) == [("A", 1)]
    assert found(an_index, replace(ALL, author="7", last=2_000)) == [("A", 1)]


def test_what_is_older_changes_nothing(an_index: Index, fill: Fill) -> None:
    fill("T", "old words", title="Title")
    head = ThreadDoc("T", "aws", "Title", visible=True, seen=5)
    post = PostDoc("T", 1, "7", 2_000, 3, True, "new words", seen=5)
    an_index.store([head], [post])
    an_index.store([replace(head, title="Stale", visible=False, seen=4)], [replace(post, revision=2, text="old words")])
    assert found(an_index, wanted("old")) == []
    assert found(an_index, wanted("new title")) == [("T", 1)]


def test_what_cannot_be_read_any_more_is_found_no_more(an_index: Index, fill: Fill) -> None:
    fill("T", "one word", "two words", title="Title")
    head = ThreadDoc("T", "aws", "Title", visible=True, seen=5)
    hidden = PostDoc("T", 2, "7", 3_000, 2, False, seen=5)
    an_index.store([head], [hidden])
    assert found(an_index, wanted("word")) == [("T", 1)]
    an_index.store([replace(head, visible=False, seen=6)], [])
    assert found(an_index, wanted("word")) == [] and an_index.similar(["title"], ["aws"], 5) == []
    an_index.store([replace(head, forum="crew", seen=7)], [replace(hidden, revision=3, visible=True, text="word")])
    assert found(an_index, wanted("word")) == [], "it is in a forum that was not asked for"


def test_a_new_title_is_found_and_the_old_one_is_not(an_index: Index, fill: Fill) -> None:
    fill("T", "text", title="Old name")
    an_index.store([ThreadDoc("T", "aws", "New name", visible=True, seen=9)], [])
    assert found(an_index, wanted("new")) == [("T", 1)] and found(an_index, wanted("old")) == []
    assert [each.title for each in an_index.similar(["name"], ["aws"], 5)] == ["New name"]
    assert an_index.similar(["old"], ["aws"], 5) == []


def test_posts_of_one_moment_are_all_kept(an_index: Index) -> None:
    posts = [PostDoc("T", n, "7", 1_000, 1, True, "word") for n in range(1, 6)]
    an_index.store([ThreadDoc("T", "aws", "", visible=True)], posts)
    an_index.store([], posts)
    assert found(an_index, wanted("word")) == [("T", n) for n in (5, 4, 3, 2, 1)]


def test_what_was_not_seen_again_is_forgotten(an_index: Index, fill: Fill) -> None:
    fill("GONE", "a word", title="Gone")
    an_index.store([ThreadDoc("T", "aws", "There", visible=True, seen=9)], [])
    an_index.store([], [PostDoc("T", 1, "7", 5_000, 1, True, "word", seen=9)])
    assert an_index.remove_unseen(9) == 1
    assert found(an_index, wanted("word")) == [("T", 1)] and an_index.count() == 1
    assert an_index.similar(["gone"], ["aws"], 5) == []


def test_words_with_wrong_letters_have_the_right_ones_near(an_index: Index, fill: Fill) -> None:
    fill("T", "A partition of the database, sharded")
    assert "partition" in an_index.words_like("partiton", 10)
    assert "database" in an_index.words_like("databsae", 10)


def test_no_question_whatever_fails(an_index: Index, fill: Fill) -> None:
    fill("T", "word AND near (x) * ^ \" ' { } :", title="Title")
    words = "' AND OR NOT NEAR(a|b) title: {title}:x a*b ^a a+b ( ) -- ';DROP % \\ a:b:c ! <-> & | -"
    hostile = words.split() + ['"']
    hostile += ["\0", "\ud800", "\u200b", "\U0001d518", "\u093c", "\u0e01"]
    chance = random.Random(1)
    for _ in range(1_500):
        asked = wanted(" ".join(chance.choices([*hostile, "word"], k=chance.randint(1, 6))))
        an_index.weigh(asked)
        an_index.hits(an_index.newest(asked, 3), asked)
    for word in ("a", "ab", "'", '"x"', "%", "\\"):
        an_index.words_like(word, 3)
    assert found(an_index, Wanted(forums=["aws"], terms=[Term(("word",))])) == [("T", 1)]
