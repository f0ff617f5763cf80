"""What people type, and what is made of it."""

import random
from datetime import UTC, datetime

import pytest

from forum.search.query import MOST_WORDS, Query, Term, parse, words_of

THREAD = "01KAQ4ZT9N8YV3W2Q6JX5R7D03"


def terms(*texts: str) -> tuple[Term, ...]:
    return tuple(Term(tuple(text.rstrip("*").split()), text.endswith("*")) for text in texts)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("dynamodb streams", Query(terms("dynamodb", "streams"))),
        ('"hot partition" key', Query(terms("hot partition", "key"))),
        ("redis -cluster", Query(terms("redis"), terms("cluster"))),
        ('redis -"write through"', Query(terms("redis"), terms("write through"))),
        ("partit*", Query(terms("partit*"))),
        ("pa*", Query(terms("pa"))),
        ("single-table", Query(terms("single table"))),
        ("FORUM:AWS", Query(forum="aws")),
        ("forum:aws from:Ada", Query(forum="aws", author="Ada")),
        ("author:@ada", Query(author="ada")),
        ('author:"ada"', Query(author="ada")),
        ("tag:GSI is:solved", Query(tag="gsi", solved=True)),
        (f"in:{THREAD.lower()}", Query(thread=THREAD)),
        ("after:2026-1-31", Query(after=datetime(2026, 1, 31, tzinfo=UTC))),
        ("before:2026-03-01", Query(before=datetime(2026, 3, 1, tzinfo=UTC))),
        ("http://example.org", Query(terms("http example org"))),
        ("C++ café ＡＷＳ", Query(terms("c", "café", "aws"))),
        ("数据库", Query(terms("数 据 库"))),
        ('"never closed', Query(terms("never closed"))),
        ("redis redis", Query(terms("redis"))),
        ("", Query()),
        (' "" - -- -"" * : ', Query()),
    ],
)
def test_a_query(text: str, query: Query) -> None:
    assert parse(text) == query


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("before:yesterday", "before:2026-01-31"),
        ("after:2026-02-30", "after:2026-01-31"),
        ("after:9999999-01-01", "after:2026-01-31"),
        ("is:funny", "is:solved"),
        ("in:here", "id in its address"),
        ("forum:Über", "forum:aws"),
        ("author:<b>", "author:ada"),
        ("tag:a/b", "tag:"),
        ("-forum:aws", "-forum:"),
        ("word " * 200, "characters"),
        (" ".join(f"w{number}" for number in range(40)), f"first {MOST_WORDS} words"),
    ],
)
def test_what_is_not_understood_is_said_and_left_out(text: str, problem: str) -> None:
    query = parse(text)
    assert any(problem in sentence for sentence in query.problems), query.problems
    assert not (query.before or query.after or query.thread or query.author or query.tag or query.solved)


def test_a_thread_given_besides_counts() -> None:
    assert parse("in:other word", {"thread": THREAD}).thread == THREAD
    nonsense = parse("word", {"thread": "nonsense"})
    assert nonsense.thread == "" and nonsense.wrong == (("thread", "A thread is named by the id in its address."),)


@pytest.mark.parametrize(
    ("given", "typed"),
    [
        ({"forum": "aws", "author": "@ada"}, "forum:aws author:ada"),
        ({"tag": "GSI", "solved": "1"}, "tag:gsi is:solved"),
        ({"from": "2026-01-31"}, "after:2026-01-31"),
        ({"to": "2026-02-28"}, "before:2026-03-01"),
        ({"thread": THREAD.lower()}, f"in:{THREAD}"),
        ({"forum": " ", "solved": "0", "to": ""}, ""),
    ],
)
def test_filters_that_are_given_apart_make_the_query_that_can_be_typed(given: dict[str, str], typed: str) -> None:
    query = parse("hot -cold", given)
    assert query == parse(f"hot {typed} -cold")
    assert query.text == "hot -cold" and str(query) == str(parse(str(query)))
    assert parse(query.text, query.filters) == query, "what a form shows makes the same query again"


def test_a_filter_that_is_given_apart_counts_more_than_one_that_is_typed() -> None:
    query = parse('forum:aws "hot  key" before:then', {"forum": "redis"})
    assert query.forum == "redis" and query.text == '"hot  key" before:then', "what was not understood stays"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("forum", "Über"),
        ("author", "<b>"),
        ("tag", "a/b"),
        ("from", "yesterday"),
        ("to", "2026-02-30"),
        ("to", "9999-12-31"),
        ("solved", "perhaps"),
        ("thread", "here"),
    ],
)
def test_a_filter_that_is_not_understood_is_named(name: str, value: str) -> None:
    query = parse("word forum:aws", {"tag": "gsi", name: value})
    assert [each for each, _ in query.wrong] == [name] and query.problems == ()
    assert query.tag == ("" if name == "tag" else "gsi")


def test_days_between_which_nothing_lies() -> None:
    for query in (parse("after:2026-02-01 before:2026-02-01"), parse("", {"from": "2026-02-02", "to": "2026-02-01"})):
        assert query.problems == ("The last day is before the first.",)
    assert parse("", {"from": "2026-02-01", "to": "2026-02-01"}).problems == ()


def test_words_are_letters_and_digits_whatever_the_text_is() -> None:
    chance = random.Random(5)
    for _ in range(2_000):
        text = "".join(chr(chance.choice([chance.randrange(32, 127), chance.randrange(1, 0x2FFFF)])) for _ in range(30))
        query = parse(text)
        for term in (*query.terms, *query.without):
            assert term.words and all(word.isalnum() for word in term.words)
    assert words_of("") == []
