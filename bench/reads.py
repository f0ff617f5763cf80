"""Does a page cost the same wherever it is, and however much there is?

Run: python -m bench.reads [posts in the long thread] [threads in the large forum]

Loads a thread of 50,000 posts, a forum of 100 threads and one of 100,000 on the local engine, then
reads pages as the views do and prints DynamoDB's calls and read units (which must be equal) and the
median milliseconds. Fails when calls or units differ.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.site import temporary_site

BODY = "A reply of some length that says what it has to say in a line or two, as most replies in a forum do. Thanks!"
START = datetime(2026, 1, 1, tzinfo=UTC)
REPEATS = 50


def long_thread(posts: int) -> Iterator[Any]:
    """The head and the posts of one thread."""
    from forum.tables.keys import Nonce, post_timestamp, thread_id
    from forum.tables.posts import Post
    from forum.tables.threads import RECENT, new_head

    thread = thread_id(Nonce.new(START), 1)
    stamps = [post_timestamp(Nonce.new(), START + timedelta(minutes=number)) for number in range(posts)]
    head = new_head("long", thread, "1", "A very long thread", stamps[0])
    head.last_post_number = head.post_count = posts
    head.last_post_timestamp, head.recent_posts = stamps[-1], stamps[-RECENT:]
    yield head
    for number, stamp in enumerate(stamps, 1):
        yield Post("long", stamp, user_id=str(number % 50), thread_id=thread, number=number, body=BODY)


def heads(forum: str, threads: int) -> Iterator[Any]:
    """The heads of a forum's threads."""
    from forum.tables.keys import Nonce, post_timestamp, thread_id
    from forum.tables.threads import new_head

    for number in range(threads):
        nonce = Nonce.new(START + timedelta(minutes=number))
        stamp = post_timestamp(nonce, START + timedelta(minutes=number))
        yield new_head(forum, thread_id(nonce, 1), str(number % 50), f"Thread number {number:06}", stamp)


def load(items: Iterator[Any], what: str) -> None:
    from forum.tables.bulk import put_many

    started, stored = time.perf_counter(), 0
    for stored in put_many(items):
        if stored % 2500 == 0:
            print(f"\rloading {what}: {stored:,}", end="", file=sys.stderr)
    print(f"\rloaded {what}: {stored:,} items, {stored / (time.perf_counter() - started):,.0f}/s", file=sys.stderr)


def cost(read: Callable[[], object]) -> tuple[list[str], float, float]:
    """Calls, read units and the median milliseconds of a read."""
    from forum.tables.base import counting

    milliseconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        with counting() as ledger:
            read()
        milliseconds.append((time.perf_counter() - started) * 1000)
    return ledger.calls, ledger.read_units, statistics.median(milliseconds)


def thread_page(thread_id: str, page: int) -> Callable[[], object]:
    from forum.tables import posts, threads

    first = (page - 1) * 20 + 1
    return lambda: posts.list_of_thread(threads.get_thread("long", thread_id), first, first + 19)


def forum_page(forum: str) -> Callable[[], object]:
    from forum.tables import threads

    return lambda: threads.list_by_activity(forum, 1, 31)


def compare(title: str, pages: dict[str, Callable[[], object]]) -> bool:
    """Print what each page costs; whether all cost the same in calls and units."""
    print(f"\n{title}")
    seen = set()
    for name, read in pages.items():
        calls, units, milliseconds = cost(read)
        seen.add((tuple(calls), units))
        print(f"  {name:<36}{' + '.join(calls):<18}{units:>5} read units {milliseconds:>7.2f} ms")
    return len(seen) == 1


def main() -> None:
    posts = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    with temporary_site():
        load(long_thread(posts), "the long thread")
        load(heads("small", 100), "the small forum")
        load(heads("large", threads), "the large forum")
        from forum.tables.threads import list_by_activity

        thread = list_by_activity("long", 1, 1)[0].id
        last = posts // 20
        numbers = {"page 1": 1, "page 1,000": min(1000, last), f"page {last:,}, the last": last}
        same = compare(
            f"a thread of {posts:,} posts", {name: thread_page(thread, page) for name, page in numbers.items()}
        )
        forums = {"forum of 100 threads": forum_page("small"), f"forum of {threads:,} threads": forum_page("large")}
        same &= compare("page 1 of a forum", forums)
    print(f"\ncalls and units: {'equal' if same else 'NOT EQUAL'}")
    sys.exit(not same)


if __name__ == "__main__":
    main()
