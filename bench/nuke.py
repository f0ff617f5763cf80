"""A spammer with very many posts: does the administration open as fast, and how long does hiding them all take?

Run: python -m bench.nuke [posts]

Loads a spammer of 100,000 posts and one of 100, each in a forum of their own, on the local engine; half of their
threads others began. Then it opens pages of the administration as a moderator's browser does: calls and read units
must be the same for both, at the newest end and at the oldest. It nukes both by the form, stops the long job half-way,
resumes it, opens the pages again now that every post has its record in the log, and undoes it. Fails where pages
differ, or where afterwards anything is visible, hidden or counted that should not be.
"""

import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bench.reads import load
from bench.site import temporary_site

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.test import Client

    from forum.models import Job, User
    from forum.tables.posts import Post

FEW = 100
A_THREAD = 50
REPEATS = 20
# How many of a list's posts are behind the cursor of its oldest end.
LAST_PAGE = 20
# So long a worker works, and then the job's page is looked at.
TURN_SECONDS = 5.0
SHOPS = 7
BODY = "The best watches in town for half the price, see https://watches-{}.example/offers and tell all your friends!"
START = datetime(2026, 1, 1, tzinfo=UTC)
COST = re.compile(r'dynamodb;desc="(\d+ calls, [\d.]+ read units)')


@dataclass(frozen=True, slots=True)
class Spammer:
    """A member, with so many posts in the forum of the same name."""

    user: "User"
    posts: int

    @property
    def name(self) -> str:
        return str(self.user.username)


# -- Loading --------------------------------------------------------------------------------------


def items_of(spammer: Spammer, other: str) -> Iterator[Any]:
    """Heads and posts: by turns a thread of the spammer's alone, and one that somebody else began."""
    from forum.tables.keys import Nonce, post_timestamp, thread_id
    from forum.tables.posts import Post
    from forum.tables.threads import RECENT, new_head

    me = str(spammer.user.pk)
    for lot, first in enumerate(range(0, spammer.posts, A_THREAD)):
        size = min(A_THREAD, spammer.posts - first)
        authors = [other] * (lot % 2) + [me] * size
        times = [START + timedelta(minutes=first, seconds=30 * number) for number in range(len(authors))]
        stamps = [post_timestamp(Nonce.new(moment), moment) for moment in times]
        head = new_head(spammer.name, thread_id(Nonce.new(times[0]), 1), authors[0], f"Watches, lot {lot}", stamps[0])
        head.last_post_number = head.post_count = len(authors)
        head.last_post_user_id, head.last_post_timestamp, head.recent_posts = me, stamps[-1], stamps[-RECENT:]
        yield head
        for number, (author, stamp) in enumerate(zip(authors, stamps, strict=True), 1):
            body = BODY.format(number % SHOPS)
            yield Post(spammer.name, stamp, user_id=author, thread_id=head.id, number=number, body=body)


def loaded(name: str, posts: int) -> Spammer:
    from forum.models import Forum, User

    Forum.objects.create(name=name, title=name.title())
    other, _ = User.objects.get_or_create(username="somebody")
    spammer = Spammer(User.objects.create(username=name, trust=User.Trust.MEMBER), posts)
    load(items_of(spammer, str(other.pk)), f"{posts:,} posts")
    return spammer


# -- Opening pages --------------------------------------------------------------------------------


def newest(spammer: Spammer) -> "Post":
    from forum.tables.posts import list_of_user

    return list_of_user(str(spammer.user.pk), 1)[0]


def oldest(spammer: Spammer, count: int) -> "Post":
    """The oldest post but so many."""
    from forum.tables.posts import Post

    found = list(Post.by_user.query(str(spammer.user.pk), limit=count + 1, scan_index_forward=True))
    return found[-1]


def pages_of(spammer: Spammer) -> dict[str, str]:
    """What is opened, and where it is."""
    from forum.tables.keys import cursor

    member, end = f"/admin/posts/?member={spammer.user.pk}", cursor(oldest(spammer, LAST_PAGE).timestamp)
    forum = f"/admin/posts/?forum={spammer.name}"
    first, last = oldest(spammer, 0), newest(spammer)
    return {
        "posts of the member, newest": member,
        "posts of the member, oldest": f"{member}&before={end}",
        "posts of the forum, newest": forum,
        "posts of the forum, oldest": f"{forum}&before={end}",
        "the member's page": f"/admin/forum/user/{spammer.user.pk}/moderation/",
        "log of the member": f"/admin/log/?member={spammer.user.pk}",
        "the newest post": f"/admin/posts/{last.thread_id}-{int(last.number)}/",
        "the oldest post": f"/admin/posts/{first.thread_id}-{int(first.number)}/",
    }


def open_page(browser: "Client", path: str) -> tuple[str, float]:
    """Calls and read units, and the median milliseconds."""
    browser.get(path)
    milliseconds, costs = [], set()
    for _ in range(REPEATS):
        started = time.perf_counter()
        answer = browser.get(path)
        milliseconds.append((time.perf_counter() - started) * 1000)
        assert answer.status_code == 200, (path, answer.status_code)
        costs.update(COST.findall(answer["Server-Timing"]))
    return " or ".join(sorted(costs)), statistics.median(milliseconds)


def compare(browser: "Client", title: str, few: Spammer, many: Spammer) -> bool:
    """Print what each page costs for both; whether that is the same in calls and units."""
    from forum.cache.intents import invalidate_all

    # What was written in the last seconds is read by key for a while, for both.
    time.sleep(12)
    invalidate_all()
    print(f"\n{title}")
    print(f"  {'':<30}{f'{few.posts:,} posts':>38}{f'{many.posts:,} posts':>38}")
    same = True
    there = pages_of(many)
    for name, path in pages_of(few).items():
        costs = [open_page(browser, path), open_page(browser, there[name])]
        same &= costs[0][0] == costs[1][0]
        print(f"  {name:<30}" + "".join(f"{cost:>28}{ms:7.1f} ms" for cost, ms in costs))
    return same


# -- Nuking ---------------------------------------------------------------------------------------


def finish(job: "Job", what: str, stop_at: int = 0) -> "Job":
    """Work at it as `manage.py work` does, until it is done, or has done so many."""
    from forum import jobs
    from forum.models import Job

    started, before = time.perf_counter(), job.done
    while (job := Job.objects.get(pk=job.pk)).status in jobs.AT_WORK and not (stop_at and job.done >= stop_at):
        jobs.work(TURN_SECONDS if job.done + 10_000 < (stop_at or sys.maxsize) else 0.5)
        took = time.perf_counter() - started
        print(f"\r{what}: {job.done:,} posts, {(job.done - before) / took:,.0f}/s ", end="", file=sys.stderr)
    took = time.perf_counter() - started
    print(f"\r  {what:<22}{job.status:<10}{job.done:>9,} posts{took:9.1f} s{(job.done - before) / took:>9,.0f} posts/s")
    return job


def press(browser: "Client", path: str, **fields: str) -> "HttpResponse":
    answer = browser.post(path, fields)
    assert answer.status_code == 302, (path, answer.status_code)
    return answer


def nuke(browser: "Client", spammer: Spammer) -> "Job":
    from forum.models import Job

    page = f"/admin/forum/user/{spammer.user.pk}/nuke/"
    started = time.perf_counter()
    leads_to = press(browser, page, reason="Sells watches.", sure="on")["Location"]
    job = Job.objects.get(pk=leads_to.rstrip("/").rpartition("/")[2])
    print(f"  {'the form, answered':<22}{job.status:<10}{job.done:>9,} posts{time.perf_counter() - started:9.1f} s")
    return job


def hide_all(browser: "Client", few: Spammer, many: Spammer) -> tuple["Job", list[str]]:
    """Both, and the long job in two halves; what is wrong afterwards."""
    from forum import jobs

    print(f"\nnuking {few.posts:,} posts, and then {many.posts:,}")
    job = nuke(browser, few)
    assert job.status == "done", "a hundred posts are hidden within the request"
    job = finish(nuke(browser, many), "hidden, half-way", many.posts // 2)
    page, stopped_at = f"/admin/jobs/{job.pk}/", job.done
    press(browser, page, act="stop")
    assert not jobs.work() and f"{stopped_at:,} done" in browser.get(page).content.decode()
    wrong = complaints(many, hidden=stopped_at)
    press(browser, page, act="resume")
    job = finish(job, "resumed, to the end")
    return job, [*wrong, *complaints(few, few.posts), *complaints(many, many.posts)]


def show_all(browser: "Client", few: Spammer, many: Spammer, job: "Job") -> list[str]:
    from forum.models import Job

    print(f"\nundoing it, {many.posts:,} posts")
    leads_to = press(browser, f"/admin/jobs/{job.pk}/undo/")["Location"]
    finish(Job.objects.get(pk=leads_to.rstrip("/").rpartition("/")[2]), "shown again")
    return complaints(many, hidden=0)


def complaints(spammer: Spammer, hidden: int) -> list[str]:
    """What is wrong with the posts and heads as they are stored, of which so many should be hidden."""
    from forum.tables.posts import Post
    from forum.tables.threads import Thread

    of_thread: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    for post in Post.query(spammer.name):
        mine = post.user_id == str(spammer.user.pk)
        statuses[post.status if mine else f"somebody's {post.status}"] += 1
        of_thread[post.thread_id] += post.status == "visible"
    expected: Callable[[str], int] = {"hidden": hidden, "visible": spammer.posts - hidden}.__getitem__
    wrong = [f"{statuses[s]:,} {s}, not {expected(s):,}" for s in ("hidden", "visible") if statuses[s] != expected(s)]
    wrong += ["somebody's post is hidden"] * bool(statuses["somebody's hidden"])
    heads = Thread.query(spammer.name)
    return wrong + [f"{head.title} counts wrong" for head in heads if head.post_count != of_thread[head.id]]


# -- All of it ------------------------------------------------------------------------------------


def a_moderator() -> "Client":
    from django.conf import settings
    from django.test import Client

    from forum.models import User

    chief = User.objects.create_superuser("chief", "chief@example.org", "not used")
    browser = Client()
    browser.force_login(chief, backend=settings.AUTHENTICATION_BACKENDS[0])
    return browser


def main() -> None:
    posts = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with temporary_site():
        few, many, browser = loaded("few", FEW), loaded("many", posts), a_moderator()
        same = compare(browser, "the administration, before", few, many)
        job, wrong = hide_all(browser, few, many)
        same &= compare(browser, "the administration, when all is hidden and in the log", few, many)
        wrong += show_all(browser, few, many, job)
    print(f"\ncalls and units: {'equal' if same else 'NOT EQUAL'}; left wrong: {', '.join(wrong) or 'nothing'}")
    sys.exit(not same or bool(wrong))


if __name__ == "__main__":
    main()
