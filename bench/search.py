"""Does searching cost the same however much there is? `python -m bench.search [--posts N] [--keep FILE]`

Fills an index of its own with synthetic posts (words as common as in any language: the n-th word is in about one of
n posts) and asks it what people ask, as the results page does: weighing, the page's twenty hits with their snippets.
With DATABASE_URL it is PostgreSQL's index, in that database, which must be empty.
"""

import argparse
import itertools
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forum_site.settings")

VOCABULARY = 50_000
FORUMS = ["aws", "django", "redis", "coffee", "crew"]
POSTS_A_THREAD = 30
AT_ONCE = 5_000
REPEATS = 40
YEARS_MS = 5 * 365 * 86_400_000


def vocabulary(chance: random.Random) -> list[str]:
    letters = "abcdefghijklmnopqrstuvwxyz"
    return ["".join(chance.choices(letters, k=chance.randint(4, 9))) for _ in range(VOCABULARY)]


def fill(posts: int, words: list[str], chance: random.Random) -> Iterator[int]:
    from forum.search.backend import index
    from forum.search.documents import PostDoc, ThreadDoc

    weights = list(itertools.accumulate(1 / (place + 10) for place in range(VOCABULARY)))
    for start in range(0, posts, AT_ONCE):
        threads, docs = [], []
        for number in range(start, min(start + AT_ONCE, posts)):
            thread = f"0{number // POSTS_A_THREAD:025}"
            if number % POSTS_A_THREAD == 0:
                title = " ".join(chance.choices(words, cum_weights=weights, k=6))
                forum = FORUMS[number // POSTS_A_THREAD % len(FORUMS)]
                threads.append(ThreadDoc(thread, forum, title, True, solved=chance.random() < 0.2, seen=1))
            text = " ".join(chance.choices(words, cum_weights=weights, k=chance.randint(20, 100)))
            at = number * YEARS_MS // posts
            author = str(chance.randint(1, 5_000))
            docs.append(PostDoc(thread, number % POSTS_A_THREAD + 1, author, at, 1, True, text, 1))
        index().store(threads, docs)
        yield start + len(docs)


def questions(words: list[str]) -> dict[str, tuple[str, str, list[str]]]:
    """What is asked: query, order, forums that may be read."""
    common, often, seldom, rare = words[0], words[5], words[300], words[20_000]
    readable = ["aws", "django", "redis", "coffee"]
    return {
        "a word of half the posts": (common, "relevance", readable),
        "the same, newest first": (common, "newest", readable),
        "three common words": (f"{common} {often} {words[9]}", "relevance", readable),
        "a word of 2 %": (seldom, "relevance", readable),
        "a rare word": (rare, "relevance", readable),
        "a phrase of common words": (f'"{common} {often}"', "relevance", readable),
        "common, but not another": (f"{common} -{often}", "relevance", readable),
        "common, in one forum": (f"{common} forum:aws", "relevance", readable),
        "common, readable in one forum": (common, "relevance", ["redis"]),
        "common, by one member": (f"{common} author:77", "relevance", readable),
        "common, in one thread": (f"{common} in:0{7:025}", "relevance", readable),
        "common, in solved threads": (f"{common} is:solved", "relevance", readable),
        "common, with a tag nobody uses": (f"{common} tag:none", "relevance", readable),
        "common, a month three years ago": (f"{common} after:2002-01-01 before:2002-02-01", "relevance", readable),
        "beginning of words": (f"{often[:3]}*", "relevance", readable),
        "all of a member's": ("author:77", "newest", readable),
        "nothing found": ("zzzzqqqq", "relevance", readable),
    }


def milliseconds(act: Callable[[], object]) -> list[float]:
    took = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        act()
        took.append((time.perf_counter() - started) * 1000)
    return took


def measure(words: list[str]) -> None:
    from forum.search import finding
    from forum.search.query import parse

    print(f"{'':34}{'p50':>8}{'p95':>8}  hits")
    for name, (text, sort, readable) in questions(words).items():
        query = parse(text)
        author, query = query.author, parse(text.replace("author:77", ""))
        wanted = finding.wanted_of(query, readable, FORUMS) if not query.empty else None
        wanted = finding.Wanted(readable, hidden=["crew"]) if wanted is None else wanted
        asked = finding.replace(wanted, author=author)
        took = milliseconds(lambda asked=asked, sort=sort: finding.find(asked, sort))  # type: ignore[misc]
        hits = len(finding.find(asked, sort).hits)
        print(f"{name:34}{statistics.median(took):8.1f}{sorted(took)[int(len(took) * 0.95)]:8.1f}  {hits}")
    readable = FORUMS[:4]
    wrong = words[300][:-1] + "q"
    asked = finding.Wanted(readable, ["crew"], parse(wrong).terms)
    took = milliseconds(lambda: finding.did_you_mean(parse(wrong), asked))
    print(f"{'did you mean':34}{statistics.median(took):8.1f}{sorted(took)[int(len(took) * 0.95)]:8.1f}")
    took = milliseconds(lambda: finding.similar(" ".join(words[:6]), readable))
    print(f"{'similar titles':34}{statistics.median(took):8.1f}{sorted(took)[int(len(took) * 0.95)]:8.1f}")


def measure_writing(words: list[str], posts: int) -> None:
    from forum.search.backend import index
    from forum.search.documents import PostDoc, ThreadDoc

    numbers = itertools.count(int(time.time()))

    def write() -> None:
        text = " ".join(words[300:380])
        doc = PostDoc("NEW", next(numbers), "7", YEARS_MS + 5_000, 1, True, text, 1)
        index().store([ThreadDoc("NEW", "aws", "New", True, seen=1)], [doc])

    took = milliseconds(write)
    print(f"{'one post more':34}{statistics.median(took):8.1f}{sorted(took)[int(len(took) * 0.95)]:8.1f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--posts", type=int, default=1_000_000)
    parser.add_argument("--keep", help="a file for the index, which is used again where it is full")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SEARCH_FILE"] = options.keep or str(Path(folder, "search.sqlite3"))
        os.environ.setdefault("DATA_DIR", folder)
        import django

        django.setup()
        from forum.search.backend import index

        index().prepare()
        chance = random.Random(1)
        words = vocabulary(chance)
        if index().count() < options.posts:
            index().clear()
            started = time.perf_counter()
            for done in fill(options.posts, words, chance):
                print(f"\r{done:,} posts, {done / (time.perf_counter() - started):,.0f} a second", end="", flush=True)
            index().optimize()
            print(f", {time.perf_counter() - started:,.0f} s in all")
        measure(words)
        measure_writing(words, options.posts)


if __name__ == "__main__":
    main()
