"""A member who has posted far too much: `python -m tests.browser.spammer NAME POSTS FORUM`, beside one that runs.

They have threads of their own in this forum, and one reply in a thread of ada's. It prints the member's number, and
the id of her thread.
"""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

OWN = "Cheap watches by {}"
A_THREAD = 50
HERS = "The view from your window"
BODY = "Buy one of our watches at https://watches-{}.example/ before they are gone."


def items(user_id: str, forum: str, posts: int, title: str) -> Iterator[Any]:
    """The heads of the spammer's own threads, and their posts."""
    from forum.tables.keys import Nonce, post_timestamp, thread_id
    from forum.tables.posts import Post
    from forum.tables.threads import RECENT, new_head

    start = datetime.now(UTC) - timedelta(days=1)
    for first in range(0, posts, A_THREAD):
        times = [start + timedelta(seconds=number) for number in range(first, min(first + A_THREAD, posts))]
        stamps = [post_timestamp(Nonce.new(), moment) for moment in times]
        head = new_head(forum, thread_id(Nonce.new(times[0]), 1), user_id, title, stamps[0])
        head.last_post_number = head.post_count = len(stamps)
        head.last_post_timestamp, head.recent_posts = stamps[-1], stamps[-RECENT:]
        yield head
        for number, stamp in enumerate(stamps, 1):
            body = BODY.format(number % 3)
            yield Post(forum, stamp, user_id=user_id, thread_id=head.id, number=number, body=body)


def fill(name: str, posts: int, forum: str) -> tuple[str, str]:
    from django.contrib.auth import get_user_model

    from forum.actions import posting
    from forum.cache.intents import invalidate_all
    from forum.directory import kept
    from forum.permissions import Reader
    from forum.tables.bulk import put_many
    from forum.tables.keys import Nonce

    users = get_user_model().objects
    spammer, _ = users.get_or_create(username=name, email=f"{name}@example.org")
    for _ in put_many(items(str(spammer.pk), forum, posts - 1, OWN.format(name)), whole=True):
        pass
    invalidate_all()
    ada, rules = Reader(str(users.get(username="ada").pk), "ada"), kept().forums[forum]
    hers = posting.start_thread(ada, rules, HERS, "What do you see, and where are you going?", Nonce.new())
    posting.reply(Reader(str(spammer.pk), name), rules, hers.id, BODY.format(0), Nonce.new())
    return str(spammer.pk), hers.id


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forum_site.settings")
    django.setup()
    sys.stdout.write(" ".join(fill(sys.argv[1], int(sys.argv[2]), sys.argv[3])))
