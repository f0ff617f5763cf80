"""ForumMembers: how many posts and threads a forum has, in partitions that are no member's.

Partition key `UserID`: FORUM#aws; sort key `Item`: STATS, as that of a member's numbers (`tallies`). They are not in
the forum's own partitions, where every item is taken for a thread or a post, and which are written to often enough.

`Posts` are those that are neither hidden nor deleted, `Threads` those that are in the lists, as of the last `Batch` of
what Redis has counted; what came since is only there (`forum.pulse.totals`).

| what | calls |
|---|---|
| the totals of some forums | one BatchGetItem, consistent |
| add what a batch has of a forum | one UpdateItem; a BatchGetItem more where it was added already |
| put them right | one transaction |
"""

from collections.abc import Iterable, Mapping

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from .base import Table, commit_between, table_name
from .batches import change_once
from .bulk import get_many
from .tallies import POSTS, STATS, THREADS

PARTITION = "FORUM#"
NAMES = (POSTS, THREADS)


class Totals(Table):
    """Of ForumMembers, a forum's totals. `batch` is the number of the last batch that was added, None before any."""

    class Meta:
        table_name = table_name("ForumMembers")

    partition = UnicodeAttribute(hash_key=True, attr_name="UserID")
    item = UnicodeAttribute(range_key=True, attr_name="Item", default=STATS)
    posts = NumberAttribute(attr_name="Posts", default=0)
    threads = NumberAttribute(attr_name="Threads", default=0)
    batch = NumberAttribute(attr_name="Batch", null=True)

    @property
    def forum(self) -> str:
        return self.partition.removeprefix(PARTITION)

    @property
    def numbers(self) -> dict[str, int]:
        """By NAMES."""
        return {POSTS: int(self.posts), THREADS: int(self.threads)}


def get_totals(forums: Iterable[str]) -> dict[str, Totals]:
    """By forum; all 0 where nothing has been counted. One BatchGetItem for each hundred."""
    found = {f"{PARTITION}{forum}": Totals(f"{PARTITION}{forum}") for forum in forums}
    found |= {item.partition: item for item in get_many(Totals, [(partition, STATS) for partition in found])}
    return {item.forum: item for item in found.values()}


def change_totals(forum: str, more: Mapping[str, int], batch: int) -> Totals:
    """Add to a forum's totals, once for each batch; how they are then."""
    item = Totals(f"{PARTITION}{forum}")
    added = change_once(item, Totals.batch, batch, [getattr(Totals, name).add(more.get(name, 0)) for name in NAMES])
    return item if added else get_totals([forum])[forum]


def put_totals(forum: str, right: Mapping[str, int], seen: Totals | None = None) -> None:
    """Put these numbers in the place of those that are stored; if `seen` is given, Lost where a batch has been added
    since it was read."""
    same = None
    if seen is not None:
        same = Totals.batch.does_not_exist() if seen.batch is None else Totals.batch == seen.batch
    item = Totals(f"{PARTITION}{forum}")
    commit_between(updates=[(item, [getattr(Totals, name).set(right[name]) for name in NAMES], same)])
