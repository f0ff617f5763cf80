"""What rendering a post's Markdown costs: `python bench/markup.py`.

Prints microseconds of CPU per post for posts of several kinds, the share of each library, other
Markdown libraries for comparison where they are installed, and the worst of some hostile texts.
"""

import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nh3  # noqa: E402
from django.conf import settings  # noqa: E402

from forum import markup  # noqa: E402

# Folded quotations hold words that are translated elsewhere.
settings.configure(USE_I18N=False)

MIXED = """\
I moved our session store from **one big table** to Valkey last month and wanted to share what we saw:

> the p99 went from 12 ms to 1.4 ms

- reads are `GET` plus a local copy
- writes go through one script, see [the docs](https://valkey.io/docs/)
- [x] failover tested

```python
client = redis.Redis(host="127.0.0.1", retry=Retry(ConstantBackoff(0.01), 1))
client.set("a", 1, ex=60)
```

The only surprise was that `volatile-lru` does **not** protect sessions, because they carry TTLs too.
Has anybody tried the same with https://aws.amazon.com/elasticache/ serverless?
"""
TABLE = "|Engine|p50|p99|\n|:-|-:|-:|\n" + "|Valkey|0.2 ms|1.4 ms|\n" * 22
POSTS = {
    "prose, 600 characters": "An answer in *plain* words that goes on for a while, as answers do. "[:60] * 10,
    "a bit of everything": MIXED,
    "a table of 22 rows": TABLE,
    "prose, 40,000 characters": "Some words and then some more, in paragraphs.\n\n" * 851,
}
LONG = 40_000
HOSTILE = {
    "40,000 x >": ">" * LONG,
    "40,000 x [": "[" * LONG,
    "40,000 x *": "*" * LONG,
    "40,000 x &": "&" * LONG,
    "40,000 x <": "<" * LONG,
    "20,000 x '> '": "> " * (LONG // 2),
    "6,600 addresses": "a@b.c " * (LONG // 6),
    "3,300 links": "<http://x.y>" * (LONG // 12),
    "a table of 1,000 x 17,000": "|a" * 1_000 + "\n" + "|-" * 1_000 + "\n" + "a\n" * 17_000,
    "10,000 headings": "a\n=\n" * (LONG // 4),
}


def microseconds(call: Callable[[], object], seconds: float = 0.3) -> float:
    """CPU time of one call: the best of batches that together last about so many seconds."""
    call()
    started = time.process_time()
    call()
    once = max(time.process_time() - started, 1e-6)
    batch = max(1, int(seconds / 10 / once))
    best = float("inf")
    for _ in range(10):
        started = time.process_time()
        for _ in range(batch):
            call()
        best = min(best, (time.process_time() - started) / batch)
    return best * 1e6


def others() -> dict[str, Callable[[str], str]]:
    """Libraries that do what comrak does, without what nh3 does."""
    found: dict[str, Callable[[str], str]] = {}
    if find_spec("cmarkgfm"):
        import cmarkgfm

        found["cmarkgfm"] = cmarkgfm.github_flavored_markdown_to_html
    if find_spec("markdown_it"):
        import markdown_it

        found["markdown-it-py"] = markdown_it.MarkdownIt("gfm-like", {"linkify": False}).render
    return found


def main() -> None:
    compared = others()
    columns = ["render()", "comrak part", "nh3 part", "nh3 unshared", *compared]
    print(f"{'CPU in µs per post':28}" + "".join(f"{name:>16}" for name in columns))
    for name, source in POSTS.items():
        html = markup._markup(source)
        calls: list[Callable[[], object]] = [
            lambda source=source: markup.render(source),
            lambda source=source: markup._markup(source),
            lambda html=html: markup._CLEANER.clean(html),
            lambda html=html: nh3.clean(html),
            *(lambda source=source, other=other: other(source) for other in compared.values()),
        ]
        print(f"{name:28}" + "".join(f"{microseconds(call):16,.1f}" for call in calls))
    print(f"\n{'plain(…, 160)':28}{microseconds(lambda: markup.plain(MIXED, 160)):16,.1f}")
    print("\nHostile texts of 40,000 characters, CPU in ms")
    for name, source in HOSTILE.items():
        source = source[:LONG]
        milliseconds = microseconds(lambda source=source: markup.render(source)) / 1000
        print(f"{name:28}{milliseconds:16,.1f}")


if __name__ == "__main__":
    main()
