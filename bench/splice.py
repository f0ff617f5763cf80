"""What it costs to answer a page from memory, plain and as gzip, and how many bytes go out.

Run: python -m bench.splice

A page like a thread's, 20 posts with the sample community's texts: 30 KB with 25 holes, of which four are
filled for a member, one of them with a form whose token is the member's own. CPU, best of many batches.
"""

import gzip
import os
import time
from collections.abc import Callable, Sequence
from itertools import islice

AIM_MICROSECONDS = 8.0
POSTS = 20
LONG_POST = 250
TOKEN = "01M85FD140XRGMZA5MN1EVMDX9:vVr0S3cLqaaF8N00S1t3jFRtkXkAm8O_H-FGzs8d2O4"
THREAD = "01M797QZJHZA8GTACVDG9V1400"
NAMES = ["Ada", "Grace", "Barbara", "Hedy", "Radia"]
TOOLS = f'<a href="/f/aws/{THREAD}/7/edit/" rel="nofollow">Edit</a>'
ACCOUNT = """<nav class="account" aria-label="Your account"><details class="menu" data-menu>
<summary title="Your account"><span class="avatar hue-7">{0}</span><span class="account-name">{0}</span></summary>
<ul class="menu-items"><li><a href="/u/{0}/">Your posts</a></li><li><a href="/settings/">Settings</a></li>
<li><a href="/accounts/logout/">Sign out</a></li></ul></details></nav>"""


# -- The page and its readers ---------------------------------------------------------------------


def stored_page() -> bytes:
    """The page as the cache keeps it, with the marks of its holes."""
    from forum import markup
    from forum.holes import mark
    from forum.sample import DEFAULTS, community

    bodies = (post.body for thread in community(**DEFAULTS).threads() for post in thread.posts)
    texts = [markup.render(body) for body in islice((body for body in bodies if len(body) > LONG_POST), 2 * POSTS)]
    posts = "".join(_post(number, texts[2 * number - 2] + texts[2 * number - 1]) for number in range(1, POSTS + 1))
    return (
        f"<!DOCTYPE html>\n<html lang='en'{mark('theme')}><head><title>A thread</title></head>\n"
        f"<body>{mark('account')}<main>{mark('messages')}<aside>{mark('thread_tools', 'aws', THREAD)}</aside>\n"
        f"<h1>A thread</h1>{posts}<section>{mark('reply', 'aws', THREAD)}</section></main></body></html>\n"
    ).encode()


def _post(number: int, html: str) -> str:
    from forum.holes import mark

    name = NAMES[number % 5]
    return f"""<article class="post" id="post-{number}" aria-label="Post {number}">
<span class="avatar hue-{number % 5}" aria-hidden="true">{name[0]}</span><header class="post-head">
<a class="author" href="/u/{name}/">{name}</a> <span class="post-when">
<time datetime="2026-11-{number:02}T08:44:12Z">{number} November</time></span>
<span class="post-tools">{mark("post_tools", THREAD, number, number % 5)}</span>
<a class="post-number" href="/p/{THREAD}/{number}/">#{number}</a></header>
<div class="prose" dir="auto">{html}</div></article>
"""


def values(name: str) -> list[bytes]:
    """What goes into the holes for a member: theme, account, tools of one post, and the form."""
    from django.template.loader import render_to_string

    form = (
        f'<h2>Reply</h2><form class="editor" method="post" action="/f/aws/{THREAD}/reply/" data-editor>'
        f'<input type="hidden" name="token" value="{TOKEN}{name}"><label for="id_body">Your reply</label>'
        f'<textarea name="body" cols="40" rows="12" dir="auto" required id="id_body"></textarea>'
        f'{render_to_string("forum/_markdown_help.html")}<button class="btn" type="submit">Post reply</button></form>'
    )
    tools = ["", TOOLS, *[""] * (POSTS - 2)]
    return [text.encode() for text in (' data-theme="dark"', ACCOUNT.format(name), "", "", *tools, form)]


# -- Measuring ------------------------------------------------------------------------------------


def microseconds(call: Callable[[], object], seconds: float = 0.3) -> float:
    """CPU time of one call: the best of batches that together last about so many seconds."""
    started = time.process_time()
    for _ in range(10):
        call()
    batch = max(1, int(seconds / 20 / max((time.process_time() - started) / 10, 1e-7)))
    best = float("inf")
    for _ in range(20):
        started = time.process_time()
        for _ in range(batch):
            call()
        best = min(best, (time.process_time() - started) / batch)
    return best * 1e6


def row(name: str, call: Callable[[], object], note: str = "") -> float:
    cost = microseconds(call)
    print(f"  {name:<44}{cost:9.2f} µs   {note}")
    return cost


def measure(stored: bytes) -> float:
    """Print the table; the microseconds of a member's gzip."""
    from forum.cache.body import Body

    readers = [values(f"member{number}") for number in range(100)]
    body, following = Body(stored), 0

    def another() -> bytes:
        nonlocal following
        following = (following + 1) % len(readers)
        return body.fill(readers[following]).gzipped()

    filled, anonymous = body.fill(values("Ada")), body.fill([b"", b"<a>Sign in</a>", *[b""] * 23], shared=True)
    plain, spliced, whole = filled.plain(), filled.gzipped(), gzip.compress(filled.plain(), 6)
    assert gzip.decompress(spliced) == plain
    print(f"a page of {len(plain):,} bytes, {len(body.holes)} holes, {sum(map(bool, values('Ada')))} filled")
    row("a member's page, plain", lambda: filled.plain(), f"{len(plain):,} bytes")
    cost = row("a member's page, gzip", lambda: filled.gzipped(), f"{len(spliced):,} bytes")
    row("an anonymous reader's page, gzip", anonymous.gzipped, f"{len(anonymous.gzipped()):,} bytes")
    print("once for each member")
    row("filled, and gzip for the first time", another, f"{filled.size:,} bytes of memory")
    print("once for the page")
    row("cut, filled, and gzip for the first time", lambda: _anew(stored, readers[0]), f"{body.size:,} bytes of memory")
    print("instead")
    row("the member's whole page compressed, level 6", lambda: gzip.compress(plain, 6), f"{len(whole):,} bytes")
    row("the same, level 1", lambda: gzip.compress(plain, 1), f"{len(gzip.compress(plain, 1)):,} bytes")
    print(f"gzip put together from parts is {len(spliced) / len(whole):.2f} of the whole compressed")
    return cost


def _anew(stored: bytes, reader: Sequence[bytes]) -> bytes:
    from forum.cache.body import Body

    return Body(stored).fill(reader).gzipped()


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "forum_site.settings"
    import django

    django.setup()
    cost = measure(stored_page())
    print(
        f"aim: a member's gzip in {AIM_MICROSECONDS:g} µs: {'reached' if cost <= AIM_MICROSECONDS else 'NOT REACHED'}"
    )


if __name__ == "__main__":
    main()
