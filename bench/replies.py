"""Many people replying to one thread at once: nothing lost, no gap, how many a second, how long each.

Run: python -m bench.replies [replies] [processes] [threads in each]

The writers are threads in several processes, as behind a web server, and call the same function as
the reply form does, on the local engine with its data on disk. Replies to one thread are made one
after the other (each moves the thread's head from n to n+1), so this is the worst that can be asked.
"""

import multiprocessing
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from threading import Thread as Writer

from bench.site import temporary_site

BODY = "I see the same here, on two machines. "
FORUM = "bench"
Urls = tuple[str, str]


@dataclass
class Outcome:
    """One reply: how long it took, in seconds, and its number, 0 when it was refused as too busy."""

    seconds: float
    number: int
    tries: int
    text: str


def write(process: int, threads: int, each: int, thread_id: str, urls: Urls, ready: Barrier, results: object) -> None:
    """One process: its writers reply `each` times one after the other; their outcomes go to `results`."""
    dynamodb, redis = urls
    os.environ.update(
        DJANGO_SETTINGS_MODULE="forum_site.settings",
        DYNAMODB_ENDPOINT_URL=dynamodb,
        REDIS_CACHE_URL=redis,
        RATE_LIMITS="all=off",
    )
    import django

    django.setup()
    from forum.tables import base

    base.warm_up()
    outcomes: list[Outcome] = []

    def writer(number: int) -> None:
        ready.wait(60)
        for n in range(each):
            outcomes.append(reply(thread_id, f"{process}{number:02}", f"{BODY}{process}-{number}-{n}"))

    writers = [Writer(target=writer, args=(number,)) for number in range(threads)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    results.put(outcomes)  # type: ignore[attr-defined]


def reply(thread_id: str, user_id: str, text: str) -> Outcome:
    """Reply as the form does."""
    from forum.actions import posting
    from forum.errors import Busy
    from forum.permissions import ForumRules, Reader
    from forum.tables.base import counting
    from forum.tables.keys import Nonce

    member = Reader(user_id, f"member{user_id}")
    forum = ForumRules(FORUM, "Benchmark", "", "public", "members", frozenset(), frozenset(), False, 1)

    started = time.perf_counter()
    with counting() as ledger:
        try:
            number = posting.reply(member, forum, thread_id, text, Nonce.new())[1]
        except Busy:
            number = 0
    return Outcome(time.perf_counter() - started, number, ledger.calls.count("TransactWriteItems"), text)


def run(replies: int, processes: int, threads: int) -> tuple[list[Outcome], float, str]:
    """All outcomes, the seconds from the first to the last, and the thread's id."""
    from django.conf import settings

    from forum.tables import posts
    from forum.tables.keys import Nonce

    head = posts.put_thread(FORUM, 1, "1", "The busiest thread", BODY, Nonce.new())
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(processes * threads + 1)
    results = context.Queue()
    each = replies // (processes * threads)
    urls = (settings.DYNAMODB_ENDPOINT_URL, settings.CACHES["default"]["LOCATION"])
    children = [
        context.Process(target=write, args=(n, threads, each, head.id, urls, ready, results)) for n in range(processes)
    ]
    for child in children:
        child.start()
    ready.wait(60)
    started = time.perf_counter()
    outcomes = [outcome for _ in children for outcome in results.get(timeout=600)]
    seconds = time.perf_counter() - started
    for child in children:
        child.join(10)
    return outcomes, seconds, head.id


def complaints(outcomes: list[Outcome], thread_id: str) -> list[str]:
    """What is wrong with the thread as it is stored, compared with what the writers were told."""
    from forum.tables import posts, threads

    head = threads.get_thread(FORUM, thread_id)
    stored = {int(post.number): post.body for post in posts.Post.by_thread.query(thread_id)}
    told = {outcome.number: outcome.text for outcome in outcomes if outcome.number}
    wrong = []
    if lost := [number for number, text in told.items() if stored.get(number) != text]:
        wrong.append(f"{len(lost)} replies lost")
    if sorted(stored) != list(range(1, len(stored) + 1)):
        wrong.append("numbers have gaps")
    if len(stored) != 1 + len(told) or max(Counter(stored.values()).values()) > 1:
        wrong.append("replies stored twice, or without being told")
    if not head.last_post_number == head.post_count == len(stored):
        wrong.append("the head counts wrong")
    return wrong


def main() -> None:
    replies, processes, threads = (int(word) for word in (*sys.argv[1:4], *("1000", "4", "4")[len(sys.argv) - 1 :]))
    with temporary_site(in_memory=False):
        outcomes, seconds, thread_id = run(replies, processes, threads)
        wrong = complaints(outcomes, thread_id)
    times = sorted(outcome.seconds * 1000 for outcome in outcomes)
    tries = [outcome.tries for outcome in outcomes]
    busy = sum(not outcome.number for outcome in outcomes)
    print(f"{processes * threads} writers in {processes} processes, {len(outcomes):,} replies to one thread")
    print(f"  lost, doubled, gaps      {', '.join(wrong) or 'none'}")
    print(f"  refused as too busy      {busy}")
    print(f"  replies a second         {(len(outcomes) - busy) / seconds:,.0f}")
    print(f"  milliseconds each        p50 {at(times, 50):,.0f}, p99 {at(times, 99):,.0f}, longest {times[-1]:,.0f}")
    print(f"  transactions each        {sum(tries) / len(tries):.1f} on average, {max(tries)} at most")
    sys.exit(bool(wrong))


def at(ordered: list[float], percent: float) -> float:
    """The value below which that many percent lie."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


if __name__ == "__main__":
    main()
