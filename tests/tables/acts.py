"""What the tests of the tables do over and over: start, reply, read back."""

from datetime import UTC, datetime, timedelta

from forum.tables import posts, threads
from forum.tables.keys import Nonce
from forum.tables.overlay import Written
from forum.tables.posts import Post, Reply
from forum.tables.threads import Thread

FORUM = "aws"


def start(title: str = "A thread", *, user: str = "1", shards: int = 1, nonce: Nonce | None = None) -> Thread:
    return posts.put_thread(FORUM, shards, user, title, f"The first post of {title}.", nonce or Nonce.new())


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


def edit(thread: Thread, number: int, body: str) -> Written:
    """Edit a post, and return what was written."""
    post = post_of(thread, number)
    posts.change_post(post, int(post.revision), "9", body, None, thread.title)
    return {post.key: int(post.revision) + 1}


def delete(thread: Thread, number: int) -> Written:
    """Delete a post, and return what was written."""
    post = post_of(thread, number)
    posts.remove_post(post, "9")
    return {post.key: int(post.revision) + 1}


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
