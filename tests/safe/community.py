"""A small site with something to hide: forums for everybody, for members and for one group.

In the tests' own process it is a fixture; `python -m tests.safe.community` fills an empty forum that
runs, as an operator's script would, and prints the threads' addresses as JSON.
"""

import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.auth.models import Group

    from forum.models import Forum, User
    from forum.tables.threads import Thread

# Names that stand in no page unless somebody's name is shown.
AUTHOR, MEMBER, HAND, STAFF, ROOT = "pola", "quillfeather", "bramblewick", "wardenstone", "rootwright"
PASSWORD = "correct horse"
POSTS = 22


@dataclass
class Community:
    """Three forums with a thread each, all by the one member who writes; the others never post.

    `open` is for everybody and its thread has two pages, `lounge` is for members, `crew` for its group.
    """

    forums: "dict[str, Forum]"
    threads: "dict[str, Thread]"
    group: "Group"
    people: "dict[str, User]"

    @property
    def urls(self) -> dict[str, str]:
        """The threads' addresses, by their forums' names."""
        from forum import links

        return {name: links.thread(thread) for name, thread in self.threads.items()}


def mail(name: str) -> str:
    """An address that does not hold the name."""
    return f"{name[::-1]}@mail.example"


def fill() -> Community:
    from django.contrib.auth.models import Group

    from tests.helpers import make_forum, make_member, renew

    group = Group.objects.create(name="crew")
    forums = {
        "open": make_forum("open", title="Open to all"),
        "lounge": make_forum("lounge", title="Among members", read_access="members"),
        "crew": make_forum("crew", title="The crew only", read_access="groups"),
    }
    forums["crew"].read_groups.add(group)
    # New members may post ten times an hour, and the author posts more at once.
    more = {AUTHOR: {"trust": 1}, STAFF: {"is_staff": True}, ROOT: {"is_staff": True, "is_superuser": True}}
    people = {name: make_member(name, **more.get(name, {})) for name in (AUTHOR, MEMBER, HAND, STAFF, ROOT)}
    for user in people.values():
        user.email = mail(user.username)
        # Their names are looked for on the pages of others.
        user.hides_online = True
        user.save()
    group.user_set.add(people[AUTHOR], people[HAND])
    renew()
    threads = {name: write(people[AUTHOR], forum) for name, forum in forums.items()}
    return Community(forums, threads, group, people)


def write(author: "User", forum: "Forum") -> "Thread":
    """A thread whose title, text and tag tell where it is; that in the open has two pages."""
    from forum.actions import posting
    from forum.tables.keys import Nonce
    from forum.tables.polls import Poll
    from tests.helpers import reader, rules

    who, where = reader(author), rules(forum)
    poll = Poll(f"Question in {forum.name}?", ("Yes", "No"))
    thread = posting.start_thread(
        who, where, f"Title in {forum.name}", f"Words in {forum.name}.", Nonce.new(), [forum.name], poll
    )
    for number in range(2, POSTS + 1 if forum.name == "open" else 2):
        thread, _ = posting.reply(who, where, thread.id, f"Post {number} of the thread.", Nonce.new())
    return thread


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forum_site.settings")
    django.setup()
    sys.stdout.write(json.dumps(fill().urls))
