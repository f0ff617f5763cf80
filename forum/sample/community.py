"""A sample community of any size, the same every time for the same numbers."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import accumulate, chain
from random import Random

from .handwritten import WrittenThread
from .model import SamplePost, SampleThread, SampleUser
from .people import Cast, Crowd, members, written_index
from .phrases import Words, prose_of
from .plan import Plan, plans
from .talk import LONGEST_QUESTION, OpenTopic, Question
from .times import DAY, evenly, moments


@dataclass(frozen=True)
class Community:
    """Users, and threads that are made as they are read; `threads()` begins anew with each call."""

    users: list[SampleUser]
    thread_count: int
    post_count: int
    seed: int
    now: datetime
    crowd: Crowd = field(repr=False)

    def threads(self) -> Iterator[SampleThread]:
        """Every thread, the hand-written ones first, then newest first.

        A thread's posts depend on nothing but its own number: they may be read at any time, in part, or not at all.
        """
        for plan in plans(self.thread_count, self.post_count, self.seed, self.now.timestamp()):
            rng = Random(self.seed * 0x1_0000_0000 + plan.number)
            if plan.written is None:
                yield self._generated(plan, rng)
            else:
                yield self._written(plan, plan.written, rng)

    def _generated(self, plan: Plan, rng: Random) -> SampleThread:
        prose = prose_of(plan.forum)
        topics = prose.open_topics if plan.is_open else prose.questions
        topic = topics[(plan.turn + self.seed) % len(topics)]
        titles = topic.banks["titles"]
        words = Words(prose.slots, rng)
        words["month"] = datetime.fromtimestamp(plan.first, UTC).strftime("%B")
        title = titles[plan.turn // len(topics) % len(titles)].format_map(words)
        # Only those who had been members for a day: `daytime` may move the thread's beginning within its day.
        few = 0 if plan.size > LONGEST_QUESTION else 2 + plan.size // 3
        cast = Cast(self.crowd, plan.first - DAY, rng, few, "speakers" in topic.banks)
        if plan.is_open:
            said = OpenTopic(topic, prose, cast, rng).posts(plan.size)
        else:
            said = Question(topic, prose, words, cast, rng).posts(plan.size)
        times = moments(plan.size, plan.first, plan.last, rng)
        return _thread(plan, title, times, said)

    def _written(self, plan: Plan, written: WrittenThread, rng: Random) -> SampleThread:
        """A hand-written thread, carried on by others when it grows."""
        kept = written.posts[: plan.size]
        grown = plan.size - len(kept)
        ended = self.now.timestamp() - written.quiet
        begun = self.now.timestamp() - written.age if grown else ended - sum(post.after for post in kept[1:])
        times = list(accumulate((post.after for post in kept[1:]), initial=begun))
        said = [(self._index(post.author), post.body) for post in kept]
        thread = _thread(
            plan,
            written.title,
            chain((moment + 50 * rng.random() for moment in times), evenly(grown, times[-1] + 50, ended, rng)),
            chain(said, self._contributions(plan, written, begun, said[-1][0], rng)),
        )
        return replace(thread, tags=written.tags, answer=written.answer if written.answer <= len(kept) else 0)

    def _contributions(
        self, plan: Plan, written: WrittenThread, since: float, author: int, rng: Random
    ) -> Iterator[tuple[int, str]]:
        if plan.size <= len(written.posts):
            return iter(())
        prose = prose_of(plan.forum)
        topic = next(topic for topic in prose.open_topics if topic.name == written.topic)
        cast = Cast(self.crowd, since, rng, newcomers="speakers" in topic.banks)
        return OpenTopic(topic, prose, cast, rng).contributions(len(written.posts) + 1, plan.size, author)

    def _index(self, username: str) -> int:
        """A hand-written author's index; in a community too small for all of them, some take several parts."""
        return written_index(username) % len(self.users)


def _thread(plan: Plan, title: str, times: Iterator[float], said: Iterator[tuple[int, str]]) -> SampleThread:
    created = datetime.fromtimestamp(next(times), UTC)
    return SampleThread(plan.forum, title, created, _posts(created, times, said), plan.size)


def _posts(created: datetime, times: Iterator[float], said: Iterator[tuple[int, str]]) -> Iterator[SamplePost]:
    author, body = next(said)
    yield SamplePost(author, created, body)
    # `said` goes first: both draw from one generator, and in this order neither draws more than is used.
    for (author, body), moment in zip(said, times, strict=True):
        yield SamplePost(author, datetime.fromtimestamp(moment, UTC), body)


def community(threads: int, posts: int, users: int, seed: int, now: datetime | None = None) -> Community:
    """A community of exactly so many threads with exactly so many posts in all, by at most so many users.

    Its last post was a few minutes before `now` (an aware time; the present by default) and its first within the
    year before. ValueError if there are fewer posts than threads, posts without a thread, or no users.
    """
    if threads < 0 or posts < threads or (posts and not threads):
        raise ValueError("every thread needs a post and every post a thread")
    if users < 1:
        raise ValueError("a community needs at least one user")
    now = now or datetime.now(UTC)
    if now.tzinfo is None:
        raise ValueError("now must be an aware datetime")
    people = members(users, seed, now.timestamp())
    return Community(people, threads, posts, seed, now.astimezone(UTC), Crowd(people))
