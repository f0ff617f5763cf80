"""Loading a sample community: forums, members, and posts by the thousand.

Threads get new ids each time, so loading again adds threads and changes none; forums and members
are found again by their names.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models.functions import Lower

from forum.cache.intents import invalidate_all
from forum.models import MODERATORS, Forum, User
from forum.sample import FORUMS, SIGN_INS, Community, SamplePost, SampleThread, SampleUser
from forum.search import feeding
from forum.tables import bulk, threads
from forum.tables.keys import Nonce, post_timestamp, thread_id
from forum.tables.posts import Post
from forum.tables.threads import RECENT, Thread

from . import tagging

USERS_AT_ONCE = 500


def load(community: Community) -> Iterator[int]:
    """Store a community; yields how many posts and thread heads are stored so far.

    Unavailable when a store does not answer; Redis is asked before anything is stored.
    """
    invalidate_all()
    try:
        shards = ensure_forums()
        members = ensure_members(community.users)
        # Only a local engine has an address of its own; AWS would charge transactions double.
        indexer = _Indexer()
        items = indexer.noting(_items(community, members, shards))
        for stored in bulk.put_many(items, whole=bool(settings.DYNAMODB_ENDPOINT_URL)):
            indexer.index(stored)
            yield stored
    finally:
        invalidate_all()


def is_empty() -> bool:
    """Whether none of the sample's forums has a thread yet."""
    found = Forum.objects.filter(name__in=[forum.name for forum in FORUMS])
    return not any(threads.list_by_activity(forum.name, forum.shards, 1) for forum in found)


# -- Forums and members ---------------------------------------------------------------------------


def ensure_forums() -> dict[str, int]:
    """Define the sample's forums that are not there; the number of shards of each by its name."""
    shards = {}
    for sample in FORUMS:
        fields = {
            "title": sample.title,
            "description": sample.description,
            "read_access": sample.read_access,
            "order": sample.order,
        }
        shards[sample.name] = Forum.objects.get_or_create(name=sample.name, defaults=fields)[0].shards
    return shards


def ensure_members(samples: Sequence[SampleUser]) -> list[str]:
    """Register the members that are not there; the ids of all as posts carry them, in the same order."""
    ids: dict[str, int] = {}
    for start in range(0, len(samples), USERS_AT_ONCE):
        some = samples[start : start + USERS_AT_ONCE]
        with transaction.atomic():
            ids |= _ids_by_name(some)
            new = [_account(sample) for sample in some if sample.username.lower() not in ids]
            ids |= {user.username.lower(): user.pk for user in User.objects.bulk_create(new)}
            _make_moderators(new)
            _confirm_addresses(new)
    return [str(ids[sample.username.lower()]) for sample in samples]


def _ids_by_name(samples: Sequence[SampleUser]) -> dict[str, int]:
    names = [sample.username.lower() for sample in samples]
    return dict(User.objects.annotate(lower=Lower("username")).filter(lower__in=names).values_list("lower", "pk"))


def _account(sample: SampleUser) -> User:
    """An account nobody can sign in to, except the three whose passwords are told on a local machine.

    On a deployment those three are like the rest: their passwords can be read in the source.
    """
    user = User(username=sample.username, email=sample.email, date_joined=sample.joined)
    passwords = {name: password for name, password, _ in SIGN_INS} if settings.LOCAL else {}
    user.password = make_password(passwords.get(sample.username))
    if sample.username in passwords:
        place = list(passwords).index(sample.username)
        user.is_superuser = place == 0
        user.is_staff = place <= 1
    return user


def _make_moderators(users: Sequence[User]) -> None:
    """Staff moderate all forums."""
    group, _ = Group.objects.get_or_create(name=MODERATORS)
    for user in users:
        if user.is_staff:
            user.groups.add(group)


def _confirm_addresses(users: Sequence[User]) -> None:
    """Confirmed addresses for those who can sign in, so that all of their account pages work."""
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=user.email, verified=True, primary=True)
        for user in users
        if user.has_usable_password()
    )


# -- Finding them ---------------------------------------------------------------------------------


class _Indexer:
    """Feeds the search index, and the threads of tags, with what has been stored, thread by thread."""

    def __init__(self) -> None:
        self._given = 0
        self._posts: list[Post] = []
        # Threads whose items have all been handed over: how many items there were by then, posts, head.
        self._whole: deque[tuple[int, list[Post], Thread]] = deque()

    def noting(self, items: Iterator[Post | Thread]) -> Iterator[Post | Thread]:
        """The items as they come; a head comes after its posts."""
        for item in items:
            self._given += 1
            if isinstance(item, Thread):
                self._whole.append((self._given, self._posts, item))
                self._posts = []
            else:
                self._posts.append(item)
            yield item

    def index(self, stored: int) -> None:
        """Index the threads that are stored as a whole, so many items being stored."""
        posts: list[Post] = []
        heads: list[Thread] = []
        while self._whole and self._whole[0][0] <= stored:
            _, its_posts, head = self._whole.popleft()
            posts += its_posts
            heads.append(head)
        if heads:
            feeding.store(posts, heads)
        for head in heads:
            if head.tags:
                tagging.index(head)


# -- Threads and posts ----------------------------------------------------------------------------


def _items(community: Community, members: Sequence[str], shards: Mapping[str, int]) -> Iterator[Post | Thread]:
    for sample in community.threads():
        yield from _thread_items(sample, members, shards[sample.forum])


def _thread_items(sample: SampleThread, members: Sequence[str], shards: int) -> Iterator[Post | Thread]:
    """A thread's posts and then its head, as replies one after the other would have left it."""
    nonce = Nonce.new(sample.created, shards)
    key = post_timestamp(nonce, sample.created)
    head: Thread | None = None
    recent: deque[str] = deque(maxlen=RECENT)
    for number, post in enumerate(sample.posts, 1):
        author = members[post.username_index]
        if head is None:
            head = threads.new_head(sample.forum, thread_id(nonce, shards), author, sample.title, key)
        else:
            key = post_timestamp(Nonce.new(post.created), post.created, after=key)
        recent.append(key)
        yield _post(head, number, key, author, post)
        head.last_post_number = head.post_count = number
        head.last_post_user_id = author
    if head is not None:
        head.last_post_timestamp, head.recent_posts = key, list(recent)
        head.tags, head.solved = list(sample.tags) or None, sample.answer
        yield head


def _post(head: Thread, number: int, key: str, author: str, post: SamplePost) -> Post:
    return Post(head.partition, key, user_id=author, thread_id=head.id, number=number, body=post.body)
