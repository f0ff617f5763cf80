"""Does the forum cost the same with a thousand posts, thirty thousand and a million?

Run: python -m bench.scale [posts ...]      (default: 1000 30000 1000000; half an hour, 4 GB of memory)

For each size a site of its own on the local engine: a fifth of the posts in one thread, one member wrote a tenth of
them, and all threads but that one (a tenth as many as posts) are in one forum. Then every page is asked for as a
signed-in browser does, never from the cache, and every act done through its form. Calls and units must be the
same at all sizes, but for rounding, and the median milliseconds at most 1.3 times those of the smallest; else the run
ends with status 1. `bench/scale.svg` shows the milliseconds.
"""

import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.plot import lines
from bench.reads import load
from bench.site import temporary_site

if TYPE_CHECKING:
    from django.test import Client

SIZES = (1_000, 30_000, 1_000_000)
REPEATS = 30
MOST_SLOWER = 1.3
# In units: 4 KB of reading are one.
ROUNDING = 1.0
START = datetime(2025, 1, 1, tzinfo=UTC)
EACH = timedelta(seconds=25)
MEMBERS = 50
BODY = "Thanks, that explains it. What I would still like to know is what it costs at page {}, and who measured that."
COST = re.compile(r'dynamodb;desc="(\d+ calls?, [\d.]+ read units, [\d.]+ write units)')


@dataclass
class Site:
    """What is on it, and where the pages are."""

    posts: int
    member: str
    thread: str = ""
    pages: int = 0
    rate: float = 0.0
    costs: dict[str, str] = field(default_factory=dict)
    ms: dict[str, float] = field(default_factory=dict)


# -- Loading --------------------------------------------------------------------------------------


def items(posts: int, members: Sequence[str]) -> Iterator[Any]:
    """Heads and posts: one long thread, then the others, whose posts came by turns."""
    long = posts // 5
    threads = max(posts // 10, 1)
    yield from one_thread("aws", "A very long thread", long, START, EACH, members)
    each, more = divmod(posts - long, threads)
    for number in range(threads):
        begun = START + timedelta(seconds=25 * 5 * number)
        size = each + (number < more)
        yield from one_thread("busy", f"Thread number {number:06}", size, begun, EACH, members)


def one_thread(
    forum: str, title: str, size: int, begun: datetime, pause: timedelta, members: Sequence[str]
) -> Iterator[Any]:
    from forum.tables.keys import Nonce, post_timestamp, thread_id
    from forum.tables.posts import Post
    from forum.tables.threads import RECENT, new_head

    times = [begun + pause * number for number in range(size)]
    stamps = [post_timestamp(Nonce.new(moment), moment) for moment in times]
    # The first of the members wrote every tenth post.
    authors = [members[0] if number % 10 == 3 else members[1 + number % (MEMBERS - 1)] for number in range(size)]
    head = new_head(forum, thread_id(Nonce.new(begun), 1), authors[0], title, stamps[0])
    head.last_post_number = head.post_count = size
    head.last_post_user_id, head.last_post_timestamp, head.recent_posts = authors[-1], stamps[-1], stamps[-RECENT:]
    yield head
    for number, (author, stamp) in enumerate(zip(authors, stamps, strict=True), 1):
        yield Post(forum, stamp, user_id=author, thread_id=head.id, number=number, body=BODY.format(number))


def filled(posts: int) -> Site:
    from django.core.management import call_command

    from forum.models import Forum, User
    from forum.tables.threads import list_by_activity

    for name in ("aws", "busy"):
        Forum.objects.create(name=name, title=name.title())
    members = [str(User.objects.create(username=f"member{number}").pk) for number in range(MEMBERS)]
    started = time.perf_counter()
    load(items(posts, members), f"{posts:,} posts")
    site = Site(posts, "member0", rate=posts * 1.1 / (time.perf_counter() - started))
    for what in ("stats", "pulse"):
        call_command("rebuild", what, stdout=sys.stderr, stderr=sys.stderr)
    (head,) = list_by_activity("aws", 1, 1)
    site.thread, site.pages = head.id, -(-int(head.last_post_number) // 20)
    return site


# -- Pages and acts -------------------------------------------------------------------------------


def pages_of(site: Site) -> dict[str, str]:
    """What is asked for, and where it is."""
    from forum.tables.keys import Nonce, cursor, post_timestamp

    middle = cursor(post_timestamp(Nonce.new(), START + EACH * (site.posts // 10)))
    thread = f"/f/aws/{site.thread}/a-very-long-thread/"
    return {
        "home": "/",
        "forum, first page": "/f/busy/",
        "forum, in the middle": f"/f/busy/?before={middle}",
        "newest posts": "/f/busy/latest/",
        "newest posts, in the middle": f"/f/busy/latest/?before={middle}",
        "thread, first page": thread,
        "thread, in the middle": f"{thread}?page={max(site.pages // 2, 2)}",
        "thread, last page": f"{thread}?page={site.pages}",
        "permalink": f"/p/{site.thread}/{site.posts // 10}/",
        "member": f"/u/{site.member}/",
        "member, in the middle": f"/u/{site.member}/?before={middle}",
        "leaderboard": "/leaderboard/?in=ever",
        "admin: threads": "/admin/threads/?forum=busy",
        "admin: posts of a member": "/admin/posts/?member=1",
    }


def measure_pages(site: Site, browser: "Client") -> None:
    for name, path in pages_of(site).items():
        note(site, name, lambda path=path: browser.get(path))


def measure_acts(site: Site, browser: "Client") -> None:
    from forum.form_tokens import issue
    from forum.models import User

    user = User.objects.get(username="root")
    thread = f"/f/aws/{site.thread}/"

    def send(path: str, **fields: str) -> Any:
        return browser.post(path, {**fields, "token": issue(str(user.pk))})

    bodies = (f"A reply, the {number}th." for number in range(10**6))
    likes = (("1", "0")[number % 2] for number in range(10**6))
    titles = (f"Another thread, {number}" for number in range(10**6))
    note(site, "reply to the long thread", lambda: send(f"{thread}reply/", body=next(bodies)))
    note(site, "new thread in the large forum", lambda: send("/f/busy/new/", title=next(titles), body=next(bodies)))
    note(site, "like, take it back", lambda: send(f"{thread}{site.posts // 10}/like/", on=next(likes)))


def note(site: Site, name: str, ask: Callable[[], Any]) -> None:
    """Ask a few times, each time past the cache; the usual cost, and the median milliseconds."""
    from forum.cache.intents import invalidate_all

    costs, taken = [], []
    for turn in range(REPEATS + 3):
        invalidate_all()
        started = time.perf_counter()
        answer = ask()
        spent = (time.perf_counter() - started) * 1000
        if answer.status_code not in (200, 302):
            sys.exit(f"{name}: {answer.status_code}")
        if turn >= 3:
            costs += COST.findall(answer.get("Server-Timing", ""))
            taken.append(spent)
    site.costs[name] = statistics.mode(costs) if costs else "none"
    site.ms[name] = statistics.median(taken)


def measured(posts: int) -> Site:
    """Measured in a process of its own: Django can be set up once."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.scale", "--one", str(posts)], stdout=subprocess.PIPE, check=True
    )
    return Site(**json.loads(done.stdout))


def measure(posts: int) -> Site:
    with temporary_site():
        from django.conf import settings
        from django.test import Client

        from forum.actions import pace
        from forum.models import User

        settings.RATE_LIMITS = dict.fromkeys(pace.TABLE, pace.OFF)
        site = filled(posts)
        User.objects.create_superuser("root", "root@example.org", "x")
        browser = Client()
        browser.force_login(User.objects.get(username="root"), settings.AUTHENTICATION_BACKENDS[0])
        measure_pages(site, browser)
        measure_acts(site, browser)
        return site


# -- The table ------------------------------------------------------------------------------------


def show(sites: Sequence[Site]) -> bool:
    """Print what each cost at each size; whether all is flat."""
    flat = True
    print("loading: " + ", ".join(f"{site.posts:,} posts at {site.rate:,.0f} items/s" for site in sites))
    print(f"{'':<32}{'calls and units':<46}" + "".join(f"{site.posts:>12,}" for site in sites) + "   ratio")
    for name in sites[0].ms:
        ratio = sites[-1].ms[name] / sites[0].ms[name]
        costs = {site.costs[name] for site in sites}
        right = all(_same(cost, sites[0].costs[name]) for cost in costs) and ratio <= MOST_SLOWER
        flat &= right
        figures = "".join(f"{site.ms[name]:>9.1f} ms" for site in sites)
        print(f"{name:<32}{' / '.join(sorted(costs)):<46}{figures}{ratio:>8.2f}{'' if right else '  !'}")
    return flat


def _same(cost: str, other: str) -> bool:
    """The same calls, and units that differ by the rounding of an item that is some bytes longer at most."""
    (calls, *units), (calls_too, *units_too) = (map(float, re.findall(r"[\d.]+", each)) for each in (cost, other))
    return calls == calls_too and all(abs(a - b) <= ROUNDING for a, b in zip(units, units_too, strict=True))


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(asdict(measure(int(sys.argv[2])))))
        return
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    sites = [measured(size) for size in sizes]
    flat = show(sites)
    series = {name: [(site.posts, site.ms[name]) for site in sites] for name in sites[0].ms}
    Path(__file__).with_suffix(".svg").write_text(lines("Milliseconds by number of posts", series, "posts", "ms"))
    sys.exit(0 if flat else 1)


if __name__ == "__main__":
    main()
