"""The steps of moving, splitting and merging: jobs whose every step can be taken again.

A job's state says in which *phase* it is and at which post. Each step makes at most one transaction of posts,
and decides by what is stored, read consistently, and not by what it remembers: after a death anywhere the next
runner finds the transaction made or not made, and goes on either way.

    move    head → posts → check        the head first, since from then on it decides where the thread is
    split           posts → check
    merge   close → posts → end → check

A thread that is merged is closed first, so that no reply comes to it behind the last post that was taken; it
stays where it is as long as posts of it are readable there, and leads on when none is. So each post is readable
in one place at every moment, and a job that stops half-way leaves two proper threads. Only where the other
forum has other readers is the thread hidden at once: what is to be private must not stay public until its turn.

Open reports of posts that go to another forum come into its queue right after them, in the same step.

The last phase asks the index of posts whether it has caught up, and renews all pages that were filled meanwhile.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _

from forum import jobs
from forum.cache import queues, tags
from forum.cache.intents import Write, invalidating
from forum.errors import Busy, Conflict, NotFound
from forum.jobs import Progress
from forum.models import Job
from forum.tables import cases, moderation, moving, threads
from forum.tables.keys import thread_partition, thread_shard
from forum.tables.moderation import Record
from forum.tables.moving import Change
from forum.tables.posts import Post
from forum.tables.threads import Thread

from . import bulk_events, picturing, tagging
from .defining import spread_forum
from .holding import MERGE, MOVE, SPLIT, refuse_another
from .numbering import ranges

# How often a transaction is tried that meets replies, edits and likes.
ATTEMPTS = 10
# Of how many posts a step asks the index whether it has caught up.
CHECKED = 200

State = dict[str, Any]
Arguments = ParamSpec("Arguments")


@dataclass(frozen=True)
class Task:
    """A job's state, with names. `thread` and `source` are the thread's id and forum as it was started, `into`
    and `target` those of where its posts go; `numbers` (of a split) are ranges of numbers."""

    job: Job

    @property
    def state(self) -> State:
        state: State = self.job.state
        return state

    def __getattr__(self, name: str) -> Any:
        return self.job.state[name]

    @property
    def next(self) -> int:
        """How many numbers of `wanted` are done."""
        return int(self.job.state.get("next", 0))

    @property
    def wanted(self) -> list[int]:
        """The numbers of the posts that are to go."""
        return [number for first, last in self.numbers for number in range(first, last + 1)]

    @property
    def page_tags(self) -> list[str]:
        """Of every page that a batch of posts can be on, but those of their authors."""
        both = dict.fromkeys([self.source, self.target])
        pages = dict.fromkeys([tags.thread(self.into), tags.thread(self.thread)])
        return [*pages, *map(tags.latest, both)]

    @property
    def list_tags(self) -> list[str]:
        return [tags.HOME, *map(tags.forum, dict.fromkeys([self.source, self.target]))]

    def act(self, kind: str, head: Thread, **facts: Any) -> Record:
        """The act's record: the same one however often it is made."""
        record = moderation.new_act(
            moderation.thread_subject(self.thread),
            kind,
            self.job.user_id,
            self.reason,
            forum=self.source,
            member_id=head.user_id,
            job_id=str(self.job.pk),
            **facts,
        )
        record.event_time = self.event
        record.month = record.event_time[:7]
        return record

    def goes_on(self, phase: str, **changes: Any) -> Progress:
        """The next phase, from its beginning."""
        state = {**self.state, "next": 0, **changes, "phase": phase}
        return Progress(state, done=self.job.done, total=self.job.total)

    def has_done(self, numbers: int, **changes: Any) -> Progress:
        """So many numbers more of this phase."""
        upto = self.next + numbers
        return Progress({**self.state, "next": upto, **changes}, done=upto, total=self.job.total)

    def ends(self) -> Progress:
        return Progress(self.state, done=self.job.total, total=self.job.total, finished=True)


def _repeated(attempt: Callable[Arguments, Progress | None]) -> Callable[Arguments, Progress]:
    """Try again what met another's change, which an attempt says by None."""

    @wraps(attempt)
    def attempts(*arguments: Arguments.args, **options: Arguments.kwargs) -> Progress:
        for __ in range(ATTEMPTS):
            progress = attempt(*arguments, **options)
            if progress is not None:
                return progress
        raise Busy(_("This thread is changing very fast. It goes on in a moment."))

    return attempts


# -- Moving a thread ------------------------------------------------------------------------------


@jobs.kind(MOVE)
def move_step(job: Job) -> Progress:
    task = Task(job)
    return {"head": _move_head, "posts": _move_posts, "check": _check_moved}[task.phase](task)


@_repeated
def _move_head(task: Task) -> Progress | None:
    """The head, and with it the posts that it remembers; nothing of the thread shows at its old place from now on."""
    refuse_another(task.job)
    # A thread keeps its shard, so the forum that it comes to must be spread as wide.
    spread_forum(task.target, thread_shard(task.thread) + 1)
    there = f"{task.target}/{task.thread}"
    with invalidating(*task.page_tags, *task.list_tags, tags.TITLES) as write:
        head = threads.get_thread(task.source, task.thread)
        if head.moved_to != there:
            _require_there(head, also=("hidden",))
            act = task.act("move", head, before={"forum": task.source}, after={"forum": task.target})
            if not _made(write, moving.moving_head(head, task.target, act)):
                return None
    tagging.moved(task.thread, task.target)
    picturing.moved(task.thread, task.target)
    return task.goes_on("posts", numbers=[[1, int(head.last_post_number)]])


@_repeated
def _move_posts(task: Task) -> Progress | None:
    """A batch of posts to where the head is. Replies made since the move are there already."""
    last = int(task.numbers[0][1])
    if task.next >= last:
        return task.goes_on("check")
    head = threads.get_thread(task.target, task.thread)
    if head.moved_to:
        # A later move has taken over, and takes along whatever is left anywhere.
        return _over(task)
    batch = moving.fitting(moving.get_posts(head, task.next + 1, min(task.next + moving.BATCH, last)))
    left_behind = [post for post in batch if post.partition != head.partition]
    if left_behind:
        with invalidating(*task.page_tags, *_author_tags(left_behind)) as write:
            if not _made(write, moving.moving_posts(left_behind, head.partition)):
                return None
    _take_cases_along(task, batch)
    return task.has_done(len(batch))


def _check_moved(task: Task) -> Progress:
    """The index shows all posts at the new place and none at the old one."""
    picturing.moved(task.thread, task.target)  # once more, for what was posted while the thread moved
    here = thread_partition(task.target, task.thread)
    return _checked(task, task.thread, lambda post: post.partition == here)


# -- Splitting and merging ------------------------------------------------------------------------


@jobs.kind(SPLIT)
def split_step(job: Job) -> Progress:
    task = Task(job)
    if "phase" not in task.state:
        refuse_another(job)
        return task.goes_on("posts")
    return {"posts": _split_posts, "check": _check_left}[task.phase](task)


@jobs.kind(MERGE)
def merge_step(job: Job) -> Progress:
    task = Task(job)
    return {"close": _close, "posts": _merge_posts, "end": _lead_on, "check": _check_left}[task.phase](task)


def _split_posts(task: Task) -> Progress:
    if task.next >= len(task.wanted):
        return task.goes_on("check")
    facts = {"posts": task.chosen, "to": f"{task.target}/{task.into}"}
    return _take_along(task, lambda head: task.act("split", head, after=facts))


@_repeated
def _close(task: Task) -> Progress | None:
    """Let no reply come to the thread any more, and note in the log what is going to be done."""
    refuse_another(task.job)
    others = [tags.TITLES, tags.latest(task.source)] if task.hidden else []
    with invalidating(tags.thread(task.thread), *task.list_tags, *others) as write:
        head = threads.get_thread(task.source, task.thread)
        act = task.act("merge", head, after={"into": f"{task.target}/{task.into}"})
        if not moving.is_recorded(act.subject, act.event_time):
            _require_there(head)
            _target(task)
            if not _made(write, moving.closing(head, act, task.hidden)):
                return None
    return task.goes_on("posts", numbers=[[1, int(head.last_post_number)]])


def _merge_posts(task: Task) -> Progress:
    return _take_along(task, None) if task.next < len(task.wanted) else task.goes_on("end")


def _lead_on(task: Task) -> Progress:
    """The thread is empty: it leaves the lists, and its address leads to the other thread."""
    with invalidating(tags.thread(task.thread), *task.list_tags, tags.TITLES) as write:
        head = threads.get_thread(task.source, task.thread)
        if not head.moved_to:
            if head.last_post_number > task.numbers[0][1]:
                # Somebody opened it once more, and somebody else replied.
                return task.goes_on("posts", numbers=[[1, int(head.last_post_number)]])
            if not _made(write, moving.leading_on(head, task.target, task.into)):
                return task.goes_on("end")
    return task.goes_on("check")


@_repeated
def _take_along(task: Task, act: Callable[[Thread], Record] | None) -> Progress | None:
    """A batch of posts to the end of the other thread, with the act's record if it is the first."""
    source = threads.get_thread(task.source, task.thread)
    _require_there(source, also=("hidden",) if task.job.kind == MERGE else ())
    numbers = task.wanted[task.next : task.next + moving.BATCH]
    looked_at = moving.fitting([p for first, last in ranges(numbers) for p in moving.get_posts(source, first, last)])
    batch = [post for post in looked_at if goes_along(task.job.kind, post)]
    gone = _gone_before(task, looked_at)
    if not batch:
        _take_cases_along(task, gone)
        return task.has_done(len(looked_at))
    # Should it be there already, from a step that was not noted any more, it is the same.
    acts = [act(source)] if act and not task.state.get("first") else []
    with invalidating(*task.page_tags, *task.list_tags, *_author_tags(batch), in_line=True) as write:
        target = _target(task)
        # Their images before the posts, since a step that is taken again does not find those any more.
        picturing.taken(batch, target)
        if not _made(write, moving.appending(source, target, batch, task.event, acts)):
            picturing.taken(batch, source)
            return None
    _take_cases_along(task, [*gone, *batch])
    first = task.state.get("first") or int(target.last_post_number) + 1
    return task.has_done(len(looked_at), first=first)


def goes_along(kind: str, post: Post) -> bool:
    """Whether a post of a chosen number is taken: with a whole thread also what is deleted, so that its address
    leads on; never what is somewhere else already."""
    return post.status != "moved" and (kind == MERGE or post.status != "deleted")


def _target(task: Task) -> Thread:
    """The head of the thread that the posts go into, a new one where this split begins it."""
    try:
        head = threads.get_thread(task.target, task.into)
    except NotFound:
        if not task.title:
            raise
        return moving.new_target(thread_partition(task.target, task.into), task.into, task.title)
    _require_there(head, other=True)
    return head


def _check_left(task: Task) -> Progress:
    """The index shows the posts that went as gone, and at the other thread's end those that came."""
    if task.next == 0 and task.state.get("first"):
        head = threads.get_thread(task.target, task.into)
        # At most the last pages: what came long before them the index has had time for.
        first = max(int(task.first), int(head.last_post_number) - CHECKED)
        moving.check_index(task.into, range(first, int(head.last_post_number) + 1), lambda post: True)
    return _checked(task, task.thread, lambda post: not goes_along(task.job.kind, post))


# -- What they share ------------------------------------------------------------------------------


def _take_cases_along(task: Task, posts: Iterable[Post]) -> None:
    """Bring the open cases of posts that are in the other forum now into its queue: its moderators decide. Nobody
    reports a post at the place that it left, so none is missed. One BatchGetItem."""
    if task.target != task.source:
        taken = cases.change_forum([post.subject for post in posts if post.status != "moved"], task.target)
        queues.changed(
            opened=[(task.target, case.subject) for case in taken],
            closed=[(str(case.open_in), case.subject) for case in taken],
        )


def _gone_before(task: Task, looked_at: Sequence[Post]) -> list[Post]:
    """Where they are now, the posts that a step took along that was not noted any more. No calls where none has
    gone."""
    places = [post.moved_to.split("/") for post in looked_at if post.moved_to]
    numbers = sorted(int(number) for thread_id, number in places if thread_id == task.into)
    if not numbers:
        return []
    target = threads.get_thread(task.target, task.into)
    return [post for first, last in ranges(numbers) for post in moving.get_posts(target, first, last)]


def _checked(task: Task, thread_id: str, right: Callable[[Post], bool]) -> Progress:
    numbers = task.wanted[task.next : task.next + CHECKED]
    for first, last in ranges(numbers):
        moving.check_index(thread_id, range(first, last + 1), right)
    if task.next + len(numbers) < len(task.wanted):
        done = task.has_done(len(numbers))
        return Progress(done.state, done=task.job.total, total=task.job.total)
    with invalidating(*task.page_tags, *task.list_tags, tags.TITLES):
        return _over(task)


def _over(task: Task) -> Progress:
    """Tell the webhooks, and end."""
    bulk_events.transferred(task.job)
    return task.ends()


def _made(write: Write, change: Change) -> bool:
    """Make a change; False where it met another, and nothing was written."""
    write.wrote.update(change.wrote)
    try:
        change.make()
    except Conflict:
        for key in change.wrote:
            write.wrote.pop(key, None)
        return False
    return True


def _require_there(head: Thread, other: bool = False, also: tuple[str, ...] = ()) -> None:
    if head.moved_to or head.status == "moved":
        raise Conflict(_("The other thread has moved meanwhile.") if other else _("The thread has moved meanwhile."))
    if head.status != "visible" and head.status not in also:
        if other:
            raise Conflict(_("The other thread has been removed meanwhile."))
        raise Conflict(_("The thread has been removed meanwhile."))


def _author_tags(posts: list[Post]) -> list[str]:
    """Of the members' pages that these posts are on. One SQL query."""
    members = get_user_model().objects.filter(pk__in={post.user_id for post in posts})
    return [tags.user(name) for name in members.values_list("username", flat=True)]
