"""What is a member's: their numbers, unread notes, whom they ignore, bookmarks, conversations."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

from forum.cache import tags
from forum.journal import Journal
from forum.models import User
from forum.tables import bookmarks, ignores, members, raw, reactions, repairs, talks, tallies
from forum.tables.base import Lost
from forum.tables.bulk import get_many
from forum.tables.keys import time_of
from forum.tables.members import INBOX, MOST_COUNTED, NOTE, NOTE_LIFE, Item
from forum.tables.talks import TalkItem

from .findings import Finding, Seen

# What a member's numbers are, of posts and heads that were mended already.
_NUMBERS = """
SELECT s.user, s.posts, s.threads, s.likes, s.solved, s.digest,
    (SELECT COUNT(*) FROM posts p WHERE p.user = s.user AND p.status = 'visible'),
    (SELECT COUNT(*) FROM heads h WHERE h.user = s.user AND h.status = 'visible'),
    (SELECT COALESCE(SUM(p.likes), 0) FROM posts p WHERE p.user = s.user AND p.status != 'moved'),
    (SELECT COUNT(*) FROM posts p JOIN heads h ON h.id = p.id AND h.solved = p.number AND h.status != 'moved'
        WHERE p.user = s.user AND p.status != 'moved')
FROM stats s
"""


def findings(journal: Journal) -> Iterator[Finding]:
    journal.do("CREATE INDEX heads_by_user ON heads (user)")
    yield from _numbers(journal)
    yield from _inboxes(journal)
    yield from _ignored(journal)
    yield from _bookmarks(journal)
    yield from _talks(journal)


# -- Numbers --------------------------------------------------------------------------------------


def _numbers(journal: Journal) -> Iterator[Finding]:
    for user, *values in journal.rows(_NUMBERS):
        seen = dict(zip(tallies.NAMES, values[:4], strict=True))
        right = dict(zip(tallies.NAMES, map(int, values[5:]), strict=True))
        wrong = [f"{seen[name] or 0} {name}, not {right[name]}" for name in right if (seen[name] or 0) != right[name]]
        if wrong:
            still = partial(_same_numbers, user, str(values[4]))
            mend = partial(repairs.change_tally, user, seen, right)
            yield Finding(f"member {user}", f"their numbers say {'; '.join(wrong)}", still, mend, _pages(user))


def _same_numbers(user: str, known: str) -> bool:
    if known:
        return Seen(raw.MEMBERS, (user, tallies.STATS), known).still()
    return not raw.get_items(raw.MEMBERS, [(user, tallies.STATS)])


def _pages(user: str) -> tuple[str, ...]:
    return tuple(tags.user(each.username) for each in User.objects.filter(pk=int(user)))


# -- Notes, and whom they ignore ------------------------------------------------------------------


def _inboxes(journal: Journal) -> Iterator[Finding]:
    """Unread notes are counted, exactly up to a hundred. What nobody looked at for so long that notes have expired may
    be counted still."""
    found = journal.rows(
        "SELECT i.user, i.unread, COUNT(n.timestamp) FROM inboxes i LEFT JOIN notes n ON n.user = i.user "
        "AND NOT n.read AND n.timestamp > i.read_to GROUP BY i.user HAVING i.unread != COUNT(n.timestamp)"
    )
    for user, _, _ in list(found):
        inbox, right = _unread(user)
        counted = int(inbox.unread or 0)
        if counted == right or min(counted, right) >= MOST_COUNTED or (counted > right and _may_expire(user, inbox)):
            continue
        yield Finding(
            f"member {user}",
            f"their inbox counts {counted} unread notes, and there are {right}",
            mend=partial(repairs.change_unread, inbox, right),
            tags=(tags.account(user),),
        )


def _unread(user: str) -> tuple[Item, int]:
    """A member's inbox and how many notes are unread, as they are at one moment: one Query."""
    items = list(Item.query(user, Item.item.between(NOTE, INBOX), consistent_read=True))
    inbox = next((item for item in items if item.item == INBOX), Item(user, INBOX))
    new = [each for each in items if each.item != INBOX and each.timestamp > (inbox.read_to or "")]
    return inbox, sum(not each.read_at and not each.expired for each in new)


def _may_expire(user: str, inbox: Item) -> bool:
    since = datetime.now(UTC) - NOTE_LIFE
    if inbox.read_to:
        return time_of(inbox.read_to) < since
    return bool(User.objects.filter(pk=int(user), date_joined__lt=since).exists())


def _ignored(journal: Journal) -> Iterator[Finding]:
    for user, ignored in journal.rows("SELECT user, ignored FROM inboxes"):
        seen = json.loads(ignored)
        right = [row[0] for row in journal.rows("SELECT other FROM ignores WHERE user = ? ORDER BY other", [user])]
        if seen != right:
            still = partial(_ignores, user, seen, right)
            sentence = f"their inbox has {len(seen)} ignored members, and they ignore {len(right)}"
            mend = partial(repairs.change_ignored, user, seen, right)
            yield Finding(f"member {user}", sentence, still, mend, (tags.account(user),))


def _ignores(user: str, seen: list[str], right: list[str]) -> bool:
    return sorted(members.get_inbox(user).ignored) == seen and sorted(ignores.list_ignored(user)) == right


# -- Bookmarks ------------------------------------------------------------------------------------


def _bookmarks(journal: Journal) -> Iterator[Finding]:
    """Each is two items, at the post and in the list."""
    at_posts = journal.rows(
        "SELECT user, address, at FROM marked m WHERE NOT EXISTS (SELECT 1 FROM listed l WHERE l.user = m.user "
        "AND l.at = m.at AND l.address = m.address)"
    )
    for user, address, at in at_posts:
        place = _place(journal, address)
        key = (user, reactions.key_of(address, reactions.BOOKMARK))
        mend = partial(repairs.put_bookmark, user, address, at, place) if place else partial(_remove, key)
        still = partial(_half, key, (user, f"{bookmarks.LISTED}{at}"))
        yield Finding(
            f"member {user}", f"their bookmark of {address} is in no list", still, mend, (tags.account(user),)
        )
    in_lists = journal.rows(
        "SELECT user, at, address FROM listed l WHERE NOT EXISTS (SELECT 1 FROM marked m WHERE m.user = l.user "
        "AND m.at = l.at AND m.address = l.address)"
    )
    for user, at, address in in_lists:
        key, other = (user, f"{bookmarks.LISTED}{at}"), (user, reactions.key_of(address, reactions.BOOKMARK))
        still = partial(_half, key, other)
        mend = partial(_complete, key, other, address, at)
        yield Finding(
            f"member {user}", f"their list has {address}, which has no mark", still, mend, (tags.account(user),)
        )


def _place(journal: Journal, address: str) -> str:
    """Where the post is now, as a bookmark says it; "" where it is nowhere."""
    row = journal.one(
        "SELECT partition, id, number, timestamp FROM posts WHERE address = ? ORDER BY status = 'moved'", [address]
    )
    return "|".join([*map(str, row), address]) if row else ""


def _half(key: tuple[str, str], other: tuple[str, str]) -> bool:
    found = {(item.user_id, item.item): item for item in get_many(Item, [key, other])}
    if key not in found:
        return False
    return other not in found or (found[other].at or found[key].at) not in f"{found[key].item} {found[other].item}"


def _complete(key: tuple[str, str], other: tuple[str, str], address: str, at: str) -> None:
    """Mark the post, or take out of the list what is there twice."""
    if get_many(Item, [other]):
        _remove(key)
    else:
        repairs.put_bookmark(key[0], address, at, "")


def _remove(key: tuple[str, str]) -> None:
    for item in get_many(Item, [key]):
        repairs.remove_item(item)


# -- Conversations --------------------------------------------------------------------------------


def _talks(journal: Journal) -> Iterator[Finding]:
    """Messages have no gaps, and everybody who takes part has the conversation in their list."""
    for id, number, at, people, known in journal.rows("SELECT id, number, at, members, digest FROM talks"):
        seen = Seen(raw.MEMBERS, (f"{talks.TALK}{id}", talks.HEAD), known)
        said = journal.one("SELECT COUNT(*), MAX(number) FROM said WHERE id = ?", [id]) or (0, 0)
        if said != (number, number):
            yield Finding(f"conversation {id}", f"of {number} messages {said[0]} are there", seen.still)
        for user in json.loads(people):
            if not journal.one("SELECT 1 FROM copies WHERE id = ? AND user = ? AND at = ?", [id, user, at]):
                mend = partial(_list_talk, seen, user, id, at)
                yield Finding(
                    f"conversation {id}", f"member {user} has it in no list", seen.still, mend, (tags.account(user),)
                )


def _list_talk(seen: Seen, user: str, id: str, at: str) -> None:
    item = seen.item()
    if item is None:
        raise Lost(["ConditionalCheckFailed"])
    repairs.put_listing(user, f"{talks.LISTED}{at}", TalkItem.from_raw_data(item), id)
