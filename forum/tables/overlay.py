"""Which posts to read by their keys, because an index does not show them as they are.

A global secondary index is only eventually consistent. Whoever fills a page knows which posts were
`written` in the last seconds, and at which revision they are at least; those that can be on the page
and that the index shows older, or not at all, are read from the table itself, consistently, and laid
over what the index said. An index that is current costs nothing, nor does one that lags elsewhere.

Sort keys make this possible: they rise with the numbers of a thread, and lists are ordered by them.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from .keys import Key

if TYPE_CHECKING:
    from .posts import Post

# Keys of posts, and the revisions they are known to have reached.
Written = Mapping[Key, int]
NOTHING: Written = MappingProxyType({})


class AllWritten(dict[Key, int]):
    """What was written in the last seconds, when it is known to be all: nothing else can be missing in an index."""


def keys_of_page(
    numbers: Sequence[int], found: Mapping[int, "Post"], recent: Mapping[int, Key], written: Written, partition: str
) -> list[Key]:
    """The keys to read for the posts of a thread that have these `numbers`, all of which exist.

    `found` are those that the index showed. Numbers have no gaps, so what it does not show is known to
    be missing, and the `recent` keys that the head remembers say where it is. Where more are missing
    than the head remembers, they came after what was found before them and before the recent ones.

    A thread that was moved to another forum is in this `partition` at once, its posts come after it, each
    with the sort key that it has. What the index shows elsewhere may be here already.
    """
    missing = [number for number in numbers if number not in found]
    keys = [recent[number] for number in missing if number in recent]
    keys += [post.key for post in found.values() if post.revision < written.get(post.key, 0)]
    keys += [(partition, post.timestamp) for post in found.values() if post.partition != partition]
    forgotten = next((number for number in missing if number not in recent), None)
    if forgotten is not None:
        after = max((post.timestamp for number, post in found.items() if number < forgotten), default="")
        until = min((timestamp for _, timestamp in recent.values()), default="~")
        keys += [key for key in written if after < key[1] < until]
    return keys


def one_of_each(found: Iterable["Post"], partition: str) -> dict[int, "Post"]:
    """The posts of a thread by number. Of one that is on its way to another forum an index may show both
    copies: then that in the `partition` where the thread is now."""
    posts: dict[int, Post] = {}
    for post in found:
        if int(post.number) not in posts or post.partition == partition:
            posts[int(post.number)] = post
    return posts


def keys_of_list(found: Sequence["Post"], limit: int, before: str, written: Written) -> list[Key]:
    """The keys to read for at most `limit` posts older than the sort key `before`, newest first.

    `found` is what the index showed, in that order. A full list can lose posts at its end to newer
    ones that the index does not show yet, but gains none that are older.
    """
    shown = {post.key: post.revision for post in found}
    oldest = found[-1].timestamp if len(found) >= limit else ""
    return [
        key
        for key, revision in written.items()
        if oldest <= key[1] and (not before or key[1] < before) and shown.get(key, 0) < revision
    ]
