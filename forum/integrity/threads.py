"""Heads and their posts: numbers without gaps, what a head says of its posts, where what has moved is now; and what
posts count: likes and votes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from forum.cache import tags
from forum.journal import Journal
from forum.tables import raw, reactions, repairs
from forum.tables.base import Lost
from forum.tables.bulk import get_many
from forum.tables.keys import forum_of
from forum.tables.members import Item
from forum.tables.posts import Post
from forum.tables.threads import RECENT, Thread

from .findings import Finding, Seen, ranges

VISIBLE, MOVED = "visible", "moved"
# What a head says of its posts, by Python names, and in words.
WORDS = {
    "last_post_number": "the last number",
    "post_count": "how many can be read",
    "first_gone": "that its first post cannot be read",
    "created_at": "the first post's key",
    "last_post_user_id": "who wrote last",
    "recent_posts": "the last keys",
    "last_post_timestamp": "its place in the list",
    "solved": "the answer",
}
NAMELESS = "Thread whose title was lost"

# A post as it is in the journal: number, timestamp, user, status.
Row = tuple[int, str, str, str]


def findings(journal: Journal) -> Iterator[Finding]:
    yield from _threads(journal)
    yield from _orphans(journal)
    yield from _moved(journal)
    yield from _likes(journal)
    yield from _strange_likes(journal)
    yield from _polls(journal)


def _tags(partition: str, thread: str) -> tuple[str, ...]:
    forum = forum_of(partition)
    return tags.thread(thread), tags.forum(forum), tags.latest(forum), tags.HOME


def _where(partition: str, thread: str) -> str:
    return f"{forum_of(partition)}/{thread}"


# -- Heads and their posts ------------------------------------------------------------------------


def _threads(journal: Journal) -> Iterator[Finding]:
    heads = journal.rows(
        "SELECT id, partition, item, digest FROM heads WHERE id NOT IN (SELECT id FROM held) ORDER BY id, partition"
    )
    for thread, partition, item, known in list(heads):
        head = Thread.from_raw_data(json.loads(item))
        seen = Seen(raw.THREADS, (partition, thread), known)
        rows = _rows(journal, thread, partition)
        yield from _moved_head(head, seen, rows) if head.moved_to else _head(journal, head, seen, rows)


def _rows(journal: Journal, thread: str, partition: str) -> list[Row]:
    return list(
        journal.rows(
            "SELECT number, timestamp, user, status FROM posts WHERE id = ? AND partition = ? ORDER BY number",
            [thread, partition],
        )
    )


def _moved_head(head: Thread, seen: Seen, rows: Sequence[Row]) -> Iterator[Finding]:
    """What a thread left behind has none of its posts, or, where it was merged, the places of all."""
    here = [number for number, _, _, status in rows if status != MOVED]
    if here and head.moved_to:
        sentence = f"it is at {head.moved_to}, but its posts {ranges(here)} are here still"
        yield Finding(_where(head.partition, head.id), sentence, seen.still)


def _head(journal: Journal, head: Thread, seen: Seen, rows: Sequence[Row]) -> Iterator[Finding]:
    where = _where(head.partition, head.id)
    if not rows:
        journal.do("DELETE FROM heads WHERE id = ? AND partition = ?", [head.id, head.partition])
        mend = partial(_mend_head, seen, None)
        yield Finding(where, "the head has no posts", seen.still, mend, _tags(head.partition, head.id))
        return
    numbers = [row[0] for row in rows]
    greatest = max(numbers[-1], int(head.last_post_number))
    missing = sorted(set(range(1, greatest + 1)).difference(numbers))
    twice = [number for number, before in zip(numbers[1:], numbers, strict=False) if number == before]
    if missing:
        yield Finding(where, f"of {greatest} posts {ranges(missing)} are missing", seen.still)
    if twice:
        yield Finding(where, f"there are two posts {ranges(twice)}", seen.still)
    if missing or twice:
        return
    right = _right(head, rows)
    if "solved" in right:
        journal.do("UPDATE heads SET solved = 0 WHERE id = ? AND partition = ?", [head.id, head.partition])
    if right:
        wrong = (f"{WORDS[name]} is {_told(getattr(head, name))}, not {_told(value)}" for name, value in right.items())
        mend = partial(_mend_head, seen, right)
        yield Finding(where, "; ".join(wrong), seen.still, mend, _tags(head.partition, head.id))


def _told(value: Any) -> str:
    return f"{len(value)} keys to {value[-1] if value else '-'}" if isinstance(value, list) else repr(value)


def _right(head: Thread, rows: Sequence[Row]) -> dict[str, Any]:
    """What the head should say, as far as it says something else."""
    readable = {number for number, _, _, status in rows if status == VISIBLE}
    newest = rows[-1]
    right: dict[str, Any] = {
        "last_post_number": newest[0],
        "post_count": len(readable | {1}),
        "first_gone": None if 1 in readable else True,
        "created_at": rows[0][1],
        "last_post_user_id": newest[2],
        "recent_posts": [row[1] for row in rows[-RECENT:]],
        "last_post_timestamp": _place(head, newest[1]),
        "solved": int(head.solved) if int(head.solved) in readable else 0,
    }
    return {name: value for name, value in right.items() if getattr(head, name) != value}


def _place(head: Thread, newest: str) -> str | None:
    if head.status != VISIBLE:
        return None
    return head.last_post_timestamp if head.stands_for(newest) else head.listed_at(newest)


def _mend_head(seen: Seen, right: Mapping[str, Any] | None) -> None:
    item = seen.item()
    if item is None:
        raise Lost(["ConditionalCheckFailed"])
    head = Thread.from_raw_data(item)
    if right is None:
        repairs.remove_head(head)
    else:
        repairs.change_head(head, right)


def _orphans(journal: Journal) -> Iterator[Finding]:
    orphans = journal.rows(
        "SELECT id, partition, COUNT(*) FROM posts p WHERE id NOT IN (SELECT id FROM held) AND NOT EXISTS "
        "(SELECT 1 FROM heads h WHERE h.id = p.id AND h.partition = p.partition) GROUP BY id, partition"
    )
    for thread, partition, count in list(orphans):
        rows = _rows(journal, thread, partition)
        whole = [row[0] for row in rows] == list(range(1, count + 1))
        head = _recovered(partition, thread, rows)
        still = partial(_is_headless, partition, thread)
        mend = partial(repairs.put_head, head) if whole else None
        if whole:
            made = [thread, partition, head.status, count, int(head.post_count), head.user_id]
            columns = "id, partition, status, last, count, solved, user"
            journal.do(f"INSERT INTO heads ({columns}) VALUES (?, ?, ?, ?, ?, 0, ?)", made)
        yield Finding(_where(partition, thread), f"{count} posts have no head", still, mend, _tags(partition, thread))


def _is_headless(partition: str, thread: str) -> bool:
    return not get_many(Thread, [(partition, thread)])


def _recovered(partition: str, thread: str, rows: Sequence[Row]) -> Thread:
    """A head in no list: what its title was, and whether moderators had hidden it, is lost with the old one."""
    head = Thread(partition, thread, title=NAMELESS, user_id=rows[0][2], created_at=rows[0][1], status="hidden")
    head.last_post_number, head.last_post_user_id = rows[-1][0], rows[-1][2]
    head.first_gone = rows[0][3] != VISIBLE or None
    head.post_count = sum(row[3] == VISIBLE for row in rows) + bool(head.first_gone)
    head.recent_posts = [row[1] for row in rows[-RECENT:]]
    return head


def _moved(journal: Journal) -> Iterator[Finding]:
    """Whatever says that something is elsewhere is right, and what is not where it says has a word on where."""
    not_held = "id NOT IN (SELECT id FROM held)"
    heads = journal.rows(f"SELECT id, partition, status, moved_to, digest FROM heads WHERE {not_held}")
    for thread, partition, status, moved_to, known in heads:
        there = (moved_to or "").rpartition("/")[2]
        lost = bool(moved_to) and not journal.one("SELECT 1 FROM heads WHERE id = ? AND moved_to IS NULL", [there])
        chained = lost and journal.one("SELECT 1 FROM heads WHERE id = ?", [there])
        if (status == MOVED) != bool(moved_to) or (lost and not chained):
            seen = Seen(raw.THREADS, (partition, thread), known)
            yield Finding(_where(partition, thread), _leads(status, moved_to), seen.still)
    posts = journal.rows(
        f"SELECT id, partition, number, timestamp, status, moved_to, digest FROM posts p WHERE {not_held} AND "
        "((status = 'moved') != (moved_to IS NOT NULL) OR (moved_to IS NOT NULL AND NOT EXISTS "
        "(SELECT 1 FROM posts q WHERE q.id || '/' || q.number = p.moved_to)))"
    )
    for thread, partition, number, timestamp, status, moved_to, known in posts:
        if not moved_to or status != MOVED or not _is_there(journal, moved_to):
            seen = Seen(raw.POSTS, (partition, timestamp), known)
            yield Finding(f"{_where(partition, thread)} #{number}", _leads(status, moved_to), seen.still)


def _leads(status: str, moved_to: str | None) -> str:
    return f"it is {status} and leads to {moved_to or 'nothing'}, which cannot be"


def _is_there(journal: Journal, address: str) -> bool:
    thread, _, number = address.partition("/")
    return journal.one("SELECT 1 FROM posts WHERE id = ? AND number = ?", [thread, int(number)]) is not None


# -- What posts count -----------------------------------------------------------------------------


def _likes(journal: Journal) -> Iterator[Finding]:
    """A post counts who likes it. Who closed their account has taken their likes along, and left the count."""
    counted = journal.rows(
        "SELECT p.id, p.partition, p.number, p.timestamp, p.likes, p.digest, COUNT(l.user), p.address FROM posts p "
        "LEFT JOIN likes l ON l.address = p.address WHERE p.status != 'moved' AND (p.likes > 0 OR l.user NOT NULL) "
        "GROUP BY p.id, p.partition, p.number, p.timestamp HAVING p.likes < COUNT(l.user) OR "
        "p.likes > COUNT(l.user) + (SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'closed')"
    )
    for thread, partition, number, timestamp, likes, known, right, address in list(counted):
        journal.do("UPDATE posts SET likes = ? WHERE id = ? AND timestamp = ?", [right, thread, timestamp])
        seen = Seen(raw.POSTS, (partition, timestamp), known)
        yield Finding(
            f"{_where(partition, thread)} #{number}",
            f"it counts {likes} likes, and {right} members like it",
            partial(_counts_otherwise, seen, address, right),
            partial(_mend_post, seen, {"like_count": right}),
            _tags(partition, thread),
        )


def _counts_otherwise(seen: Seen, address: str, right: int) -> bool:
    """Likes were read after the post: none was given or taken back since."""
    return seen.still() and len(reactions.list_likers(address, right + 1)) == right


def _mend_post(seen: Seen, right: Mapping[str, Any]) -> None:
    item = seen.item()
    if item is None:
        raise Lost(["ConditionalCheckFailed"])
    repairs.change_post(Post.from_raw_data(item), right)


def _strange_likes(journal: Journal) -> Iterator[Finding]:
    strange = journal.rows(
        "SELECT user, address FROM likes l WHERE NOT EXISTS (SELECT 1 FROM posts p WHERE p.address = l.address)"
    )
    for user, address in strange:
        key = (user, reactions.key_of(address, reactions.LIKE))
        yield Finding(
            f"member {user}",
            f"they like {address}, which is nowhere",
            lambda key=key: bool(get_many(Item, [key])),  # type: ignore[misc]
            partial(_remove, key),
            (tags.account(user),),
        )


def _remove(key: tuple[str, str]) -> None:
    for item in get_many(Item, [key]):
        repairs.remove_item(item)


def _polls(journal: Journal) -> Iterator[Finding]:
    """A poll counts its votes: `voters` are those who have one, and perhaps some who have closed their accounts."""
    closed = int(journal.get("closed", "0"))
    polls = journal.rows(
        "SELECT id, partition, number, timestamp, votes, voters, address, digest FROM posts WHERE votes IS NOT NULL"
    )
    for thread, partition, number, timestamp, counts, voters, address, known in polls:
        stored = json.loads(counts)
        right, right_voters = _votes(journal, address, len(stored))
        more = [had - has for had, has in zip([*stored, voters or 0], [*right, right_voters], strict=True)]
        if all(0 <= each <= closed for each in more):
            continue
        seen = Seen(raw.POSTS, (partition, timestamp), known)
        yield Finding(
            f"{_where(partition, thread)} #{number}",
            f"its poll counts {stored} of {voters or 0} voters, and the votes are {right} of {right_voters}",
            seen.still,
            partial(_mend_post, seen, {"poll_votes": right, "poll_voters": right_voters}),
            _tags(partition, thread),
        )


def _votes(journal: Journal, address: str, options: int) -> tuple[list[int], int]:
    right, voters = [0] * options, 0
    for (choices,) in journal.rows("SELECT choices FROM votes WHERE thread = ?", [address.partition("/")[0]]):
        voters += 1
        for choice in filter(None, choices.split(",")):
            if int(choice) < options:
                right[int(choice)] += 1
    return right, voters
