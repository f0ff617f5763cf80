"""CPU of one uncached thread page of 20 posts, and where it goes.

Run: python -m bench.uncached [pages]

Every page is asked of the whole application (all middleware) right after its tag was invalidated, so
it is rendered anew: two DynamoDB calls, one SQL query, Markdown, template, and two Redis round trips.
Time is this process's CPU time; what the engines spend is theirs.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from bench.site import temporary_site

AIM_PAGE_MS = 5.0
AIM_MARKDOWN_MS = 1.0

BODY = """Thanks, that explains it. Two things I would still like to know before we change the **production** table:

1. Does a query on the `ThreadPosts` index cost the same for page 1 and page 2,500?
2. Is it true that a [global secondary index](https://docs.aws.amazon.com/) is never strongly consistent?

> A Query finds its first item directly and reads on from there.

```python
Post.by_thread.query(thread_id, Post.number.between(first, last))
```

We measured about 0.5 read units for twenty posts of this length, which is what the documentation promises.
"""


class Clock:
    """Adds up CPU seconds by name; what runs inside another part is counted there and not twice."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._inner = [0.0]

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timing(*arguments: Any, **options: Any) -> Any:
            self._inner.append(0.0)
            started = time.process_time()
            try:
                return function(*arguments, **options)
            finally:
                total = time.process_time() - started
                self.spent[name] = self.spent.get(name, 0.0) + total - self._inner.pop()
                self._inner[-1] += total

        return timing


@contextmanager
def parts(clock: Clock) -> Iterator[None]:
    """Time the parts of a page wherever they are called."""
    from forum.cache import pages
    from forum.tables import posts, threads
    from forum.views import caching, holes, rows

    named = [
        ("thread head (GetItem)", threads, "get_thread"),
        ("posts (Query)", posts, "list_of_thread"),
        ("Markdown, 20 posts", rows.markup, "render"),
        ("authors (SQL)", rows, "Authors"),
        ("template", caching, "render_to_string"),
        ("holes", holes, "values"),
        ("Redis", pages, "look_up"),
        ("Redis", pages, "store"),
    ]
    with ExitStack() as stack:
        for name, module, function in named:
            stack.enter_context(patch.object(module, function, clock.timed(name, getattr(module, function))))
        yield


def measure(pages: int) -> tuple[float, dict[str, float]]:
    """Milliseconds of CPU per page, and of each part."""
    from bench.site import get, long_thread
    from forum import links
    from forum.cache import tags
    from forum.cache.intents import invalidating

    thread = long_thread(20, BODY)
    url, clock = links.thread(thread), Clock()
    seconds = 0.0
    for number in range(-20, pages):
        with invalidating(tags.thread(thread.id)):
            pass
        if number == 0:
            seconds, clock.spent = 0.0, {}
        started = time.process_time()
        headers = get(url)
        seconds += time.process_time() - started
        assert headers["X-Cache"] == "miss"
    total = seconds / pages * 1000
    with parts(clock):
        for _ in range(pages):
            with invalidating(tags.thread(thread.id)):
                pass
            get(url)
    return total, {name: spent / pages * 1000 for name, spent in clock.spent.items()}


def main() -> None:
    pages = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with temporary_site():
        total, spent = measure(pages)
    print(f"uncached thread page of 20 posts, {len(BODY)} characters each, mean of {pages} pages, CPU ms")
    for name, milliseconds in sorted(spent.items(), key=lambda part: -part[1]):
        print(f"  {name:<26}{milliseconds:7.2f}")
    print(f"  {'Django, views, the rest':<26}{total - sum(spent.values()):7.2f}")
    print(f"  {'all':<26}{total:7.2f}   aim {AIM_PAGE_MS:.0f}; Markdown aim {AIM_MARKDOWN_MS:.0f}")


if __name__ == "__main__":
    main()
