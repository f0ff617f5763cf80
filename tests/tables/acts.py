"""What the tests of the tables do over and over: start, reply, read back."""

from datetime import UTC, datetime, timedelta

from forum.tables import changes, posts, threads
from forum.tables.keys import Nonce
from forum.tables.moderation import Record, new_act, new_record, post_subject, thread_subject
from forum.tables.overlay import Written
from forum.tables.posts import Post, Reply
from forum.tables.threads import Thread

FORUM = "aws"


def start(title: str = "A thread", *, user: str = "1", shards: int = 1, nonce: Nonce | None = None) -> Thread:
    nonce = nonce or Nonce.new(shards=shards)
    return posts.put_thread(FORUM, shards, user, title, f"The first post of {title}.", nonce)


def reply(
    thread: Thread, body: str = "A reply.", *, user: str = "2", nonce: Nonce | None = None, check=lambda head: None
) -> int:
    """Reply, and return the reply's number."""
    return put_reply(thread, body, user=user, nonce=nonce, check=check)[1]


def put_reply(
    thread: Thread, body: str = "A reply.", *, user: str = "2", nonce: Nonce | None = None, check=lambda head: None
) -> Reply:
    """Reply, and return all that is known of the reply."""
    return posts.put_reply(FORUM, thread.id, user, body, nonce or Nonce.new(), check)


def replied(thread: Thread, body: str = "A reply.", *, user: str = "2") -> Written:
    """Reply, and return what was written: the post's key and its revision."""
    return {put_reply(thread, body, user=user).key: 1}


def act_on(thread: Thread, number: int, kind: str, *, user: str = "9", reason: str = "") -> Record:
    """The record of a moderator's act on a post; that of a member's own has no reason."""
    subject = post_subject(thread.id, number)
    return new_act(subject, kind, user, reason, forum=FORUM) if reason else new_record(subject, kind, user)


def edit(
    thread: Thread, number: int, body: str, *, seen: Post | None = None, title: str | None = None, user: str = "9"
) -> Written:
    """Edit a post, as it is now or as it was `seen`, and return what was written."""
    post = seen or post_of(thread, number)
    act = act_on(thread, number, "edit", user=user)
    changes.change_post(head_of(thread), post, int(post.revision), act, body, title)
    return {post.key: int(post.revision) + 1}


def become(
    thread: Thread, number: int, status: str, *, seen: Post | None = None, body: str | None = None, reason: str = ""
) -> Written:
    """Hide, show or delete a post, as it is now or as it was `seen`, and return what was written."""
    post = seen or post_of(thread, number)
    act = act_on(thread, number, {"hidden": "hide", "visible": "show"}.get(status, "delete"), reason=reason)
    changes.change_status(head_of(thread), post, status, act, body)
    return {post.key: int(post.revision) + 1}


def delete(thread: Thread, number: int, *, seen: Post | None = None) -> Written:
    """Delete a post, and return what was written."""
    return become(thread, number, "deleted", seen=seen)


def change(thread: Thread, **attributes: object) -> None:
    """Lock a thread, rename it and the like."""
    changes.change_thread(head_of(thread), new_act(thread_subject(thread.id), "lock", "9"), **attributes)


def head_of(thread: Thread) -> Thread:
    """The thread's head as it is stored now."""
    return threads.get_thread(FORUM, thread.id)


def post_of(thread: Thread, number: int) -> Post:
    return posts.get_post_of(head_of(thread), number)


def all_posts(thread: Thread) -> list[Post]:
    head = head_of(thread)
    return posts.list_of_thread(head, 1, int(head.last_post_number))


def numbers(found: list[Post]) -> list[int]:
    return [int(post.number) for post in found]


def bodies(found: list[Post]) -> list[str]:
    return [post.body for post in found]


def seconds_ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)
