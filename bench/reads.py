"""What a page costs to read, wherever it is and however much there is: the same.

Run: python -m bench.reads [posts in the long thread] [threads in the large forum]

Asks the whole application for pages that are not cached and reads the figures it gives to staff in
`Server-Timing`: DynamoDB's calls, read units and the time until the engine had answered.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import TYPE_CHECKING

from bench.site import get, temporary_site

if TYPE_CHECKING:
    from pynamodb.models import Model

    from forum.tables.threads import Thread

PAGE = 20
SMALL = 100
BODY = "The page you ask for is a range of numbers, and a range is found where it begins. " * 6
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
FIGURES = re.compile(r'dynamodb;desc="(\d+) calls, ([\d.]+) read units, .*?";dur=([\d.]+)')


@dataclass(frozen=True)
class Cost:
    """One page: DynamoDB calls, read units, milliseconds of waiting for DynamoDB."""

    calls: int
    units: float
    milliseconds: float


def items(forum: str, number: int, posts: int, stored: int) -> "Iterator[Model]":
    """A thread of so many posts, of which the first `stored` are given with the head."""
    from forum.tables.keys import Nonce, post_timestamp, thread_id
    from forum.tables.posts import Post
    from forum.tables.threads import RECENT, new_head

    moment = BEGIN + timedelta(minutes=number)
    nonce = Nonce.new(moment)
    key = post_timestamp(nonce, moment)
    head = new_head(forum, thread_id(nonce, 1), "1", f"Thread {number:06} about reading pages", key)
    keys = [key]
    for n in range(1, posts + 1):
        if n > 1:
            moment += timedelta(seconds=1)
            keys = [*keys[-RECENT + 1 :], post_timestamp(Nonce.new(moment), moment)]
        if n <= stored:
            yield Post(head.partition, keys[-1], user_id="1", thread_id=head.id, number=n, body=BODY)
    head.last_post_number = head.post_count = posts
    head.last_post_timestamp, head.recent_posts = keys[-1], keys
    yield head


def load(posts: int, threads: int) -> "Thread":
    """Forums `small` and `large` with heads alone, `long` with one thread of so many posts; its head."""
    from forum.models import Forum, User
    from forum.tables.bulk import put_many
    from forum.tables.threads import list_by_activity

    User.objects.create(pk=1, username="reader")
    for name, count in (("small", SMALL), ("large", threads)):
        Forum.objects.create(name=name, title=name.title())
        store(put_many((item for n in range(count) for item in items(name, n, 1, 0)), whole=True), name, count)
    Forum.objects.create(name="long", title="Long")
    store(put_many(items("long", 0, posts, posts), whole=True), "long", posts + 1)
    return list_by_activity("long", 1, 1)[0]


def store(progress: Iterator[int], name: str, total: int) -> None:
    """Exhaust the iterator, showing on a terminal how far it is."""
    shown = sys.stderr if sys.stderr.isatty() else StringIO()
    for stored in progress:
        print(f"\r\033[Kloading {name}: {stored:,} of {total:,}", end="", file=shown)
    print("\r\033[K", end="", file=shown)


def cost(path: str) -> Cost:
    """The cheapest of three looks at a page, each of them rendered anew."""
    from forum.cache.pages import invalidate_all

    looks = []
    for _ in range(3):
        invalidate_all()
        headers = get(path)
        found = FIGURES.search(headers.get("Server-Timing", ""))
        if not found or headers.get("X-Cache") != "miss":
            raise SystemExit(f"{path} was not rendered: {headers}")
        looks.append(Cost(int(found[1]), float(found[2]), float(found[3])))
    return min(looks, key=lambda look: look.milliseconds)


def main() -> None:
    posts, threads = (int(word) for word in (*sys.argv[1:3], *("50020", "100000")[len(sys.argv) - 1 :]))
    with temporary_site():
        from django.conf import settings

        from forum import links

        head = load(posts, threads)
        last = -(-posts // PAGE)
        settings.DEBUG = True  # which shows Server-Timing to everybody
        groups = {
            f"thread of {posts:,} posts": {
                f"page {page:,}": cost(links.thread(head, page)) for page in sorted({1, last // 2, last - 1, last})
            },
            "forum, first page": {
                f"of {count:,} threads": cost(f"/f/{name}/") for name, count in (("small", SMALL), ("large", threads))
            },
        }
    for what, pages in groups.items():
        print(f"{what:<28} DynamoDB calls   read units   ms")
        for name, page in pages.items():
            print(f"  {name:<26} {page.calls:>14} {page.units:>12g} {page.milliseconds:>6.1f}")
        same = len({(page.calls, page.units) for page in pages.values()}) == 1
        print(f"  {'equal' if same else 'NOT EQUAL'}\n")


if __name__ == "__main__":
    main()
