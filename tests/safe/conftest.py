"""A small site with something to hide: forums for everybody, for members and for one group."""

from dataclasses import dataclass

import pytest
from django.contrib.auth.models import Group

from forum.actions import posting
from forum.models import Forum, User
from forum.tables import threads
from forum.tables.keys import Nonce
from forum.tables.threads import Thread
from tests.helpers import make_forum, make_member, reader, renew, rules


@dataclass
class Community:
    """Three forums with a thread each, all by Pola, who writes everywhere; the other members never post.

    `open` is for everybody and its thread has two pages, `lounge` is for members, `crew` for its group.
    """

    forums: dict[str, Forum]
    threads: dict[str, Thread]
    group: Group
    pola: User
    member: User
    hand: User
    mod: User


@pytest.fixture
def community(site: None) -> Community:
    group = Group.objects.create(name="crew")
    forums = {
        "open": make_forum("open", title="Open to all"),
        "lounge": make_forum("lounge", title="Among members", read_access="members"),
        "crew": make_forum("crew", title="The crew only", read_access="groups"),
    }
    forums["crew"].read_groups.add(group)
    pola, member, hand = make_member("pola"), make_member("member"), make_member("hand")
    pola.groups.add(group)
    hand.groups.add(group)
    renew()
    started = {name: start(pola, forum) for name, forum in forums.items()}
    for number in range(2, 23):
        text = f"Post {number} of the open thread."
        posting.reply(reader(pola), rules(forums["open"]), started["open"].id, text, Nonce.new())
    heads = {name: threads.get_thread(name, thread.id) for name, thread in started.items()}
    return Community(forums, heads, group, pola, member, hand, make_member("warden", is_staff=True))


def start(author: User, forum: Forum) -> Thread:
    """A thread whose title and text tell where it is."""
    title, text = f"Title in {forum.name}", f"Words in {forum.name}."
    return posting.start_thread(reader(author), rules(forum), title, text, Nonce.new())
