"""Notes that gather: what happens in one thread is one note for as long as it is not read.

Beside the notes, a member has for each kind and thread an item that says which note gathers now::

    GROUP#reply#01J…   Note: the sort key of that note; People: who did it; Told: the last posts it has told of

A note that gathers goes to the top with everything that is added: its item is deleted and put again, under another
time and with the same suffix, in one transaction with the group and the inbox. That transaction holds only if
nothing has happened in the inbox since it was read, so the number of unread notes is exact whoever reads meanwhile.

| what | calls |
|---|---|
| tell a member something by itself | one transaction: Put of the note and its mail, Update of the inbox |
| what several members know, and their watches | one BatchGetItem |
| tell them all of one post, and watch its thread | one transaction; where others interfere, one for each |
| take as read what threads of a forum have told | a Query; where any of it is unread, BatchGetItem and transaction |
| take as read what tells of posts that were read | the same twice, once to see whether there is any |
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from forum.errors import Busy

from . import ignores, mails, watches
from .base import Delete, Lost, Put, Update, commit_between, pause
from .bulk import get_many
from .keys import Key, Nonce, post_timestamp, suffix_of
from .members import (
    ATTEMPTS,
    GROUP,
    INBOX,
    MOST_CHARACTERS,
    MOST_COUNTED,
    NOTE,
    NOTE_LIFE,
    Item,
    Notes,
    group_of,
    list_notes,
    unchanged,
)

# More people than that are not told apart: "and 50 others" says enough.
MOST_PEOPLE = 50
# Each takes two places in a transaction, which has a hundred.
MOST_READ = 45
# Posts by which a form that was sent twice is recognised.
MOST_TOLD = 10

Known = Mapping[Key, Item]
Facts = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a thread, for one member: `by` has done it, `text` and `facts` say what
    (`forum.told`), `url` leads there, `number` is the new post's (0 where it is no new post)."""

    user_id: str
    kind: str
    text: str
    url: str
    by: str
    thread: str
    forum: str = ""
    number: int = 0
    facts: Facts | None = None

    @property
    def group(self) -> Key:
        return self.user_id, f"{GROUP}{self.kind}#{self.thread}"


@dataclass(slots=True)
class _Changes:
    """What one transaction changes."""

    puts: list[Put] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    deletes: list[Delete] = field(default_factory=list)

    def add(self, other: "_Changes") -> None:
        self.puts += other.puts
        self.updates += other.updates
        self.deletes += other.deletes

    def commit(self) -> None:
        if self.puts or self.updates or self.deletes:
            commit_between(self.puts, self.updates, self.deletes)


# -- Reads ----------------------------------------------------------------------------------------


def list_known(events: Iterable[Event], more: Iterable[Key] = ()) -> Known:
    """What decides about these events, and the items with the keys `more`: one BatchGetItem, consistent.

    Of each member: how the thread and the forum are watched, whether they ignore who did it, the inbox, and what
    gathers such events.
    """
    keys = [key for event in events for key in _keys(event)]
    return {(item.user_id, item.item): item for item in get_many(Item, [*keys, *more])}


def _keys(event: Event) -> list[Key]:
    watched = [(event.user_id, watches.of_thread(event.thread))]
    if event.forum:
        watched.append((event.user_id, watches.of_forum(event.forum)))
    return [*watched, _ignoring(event), (event.user_id, INBOX), event.group]


def _ignoring(event: Event) -> Key:
    return event.user_id, ignores.of_member(event.by)


def is_muted(event: Event, known: Known) -> bool:
    """Whether the member wants to hear nothing of who did it, of this thread, or of its forum. Watching a thread is
    more than muting its forum."""
    if _ignoring(event) in known:
        return True
    thread = known.get((event.user_id, watches.of_thread(event.thread)))
    forum = known.get((event.user_id, watches.of_forum(event.forum)))
    if thread is not None and thread.level != watches.NORMAL:
        return thread.level == watches.MUTED
    return forum is not None and forum.level == watches.MUTED


def changes_number(event: Event, known: Known) -> bool:
    """Whether the member has one unread note more by this event."""
    return _is_told(event, known) is False and not _open(event, known)


# -- Writes ---------------------------------------------------------------------------------------


def put_note(
    user_id: str,
    kind: str,
    text: str,
    url: str = "",
    by: str = "",
    also: Sequence[Put] = (),
    place: tuple[str, str] = ("", ""),
    facts: Facts | None = None,
) -> Item:
    """Tell a member something: the note, and one more that is unread, in one transaction, with the mail about
    it; with `also`, what it tells of, such as a record. `text` has places for its `facts`. It gathers nothing. `place`
    are the thread that it names and the name of its forum."""
    now = datetime.now(UTC)
    note = Item(
        user_id,
        f"{NOTE}{post_timestamp(Nonce.new(), now)}",
        kind=kind,
        text=text[:MOST_CHARACTERS] or None,
        facts=_short(facts),
        url=url[:MOST_CHARACTERS] or None,
        by=by or None,
        thread=place[0] or None,
        forum=place[1] or None,
        expires_at=now + NOTE_LIFE,
    )
    one_more = (Item(user_id, INBOX), [Item.unread.add(1), Item.revision.add(1)], None)
    commit_between(puts=[(note, Item.item.does_not_exist()), mails.of_note(note), *also], updates=[one_more])
    return note


def _short(facts: Facts | None) -> dict[str, object] | None:
    if facts is None:
        return None
    return {name: fact[:MOST_CHARACTERS] if isinstance(fact, str) else fact for name, fact in facts.items()}


def put_events(events: Sequence[Event], known: Known, watch: Item | None = None) -> None:
    """Tell each member of one event, as `known` says that they are, and store a `watch` that is not there yet.

    All in one transaction. Where something has changed meanwhile, each of them by itself, anew; Lost where
    others were faster every time.
    """
    together = _Changes(puts=[_first(watch)] if watch is not None else [])
    for event in events:
        together.add(_changes(event, known))
    try:
        return together.commit()
    except Lost:
        pass
    if watch is not None:
        # Somebody else has stored it, which is as well.
        with suppress(Lost):
            commit_between(puts=[_first(watch)])
    for event in events:
        _insist(event)


def change_read_of_forum(user_id: str, forum: str, kinds: Sequence[str]) -> None:
    """Take the unread notes of these kinds as read that tell of threads in this forum, but for those that the member
    watches: of the newest MOST_READ. Busy where notes come again and again meanwhile."""

    def picked(found: Notes) -> list[Item]:
        of_forum = [note for note in _unread(found, kinds) if note.forum == forum]
        watched = watches.watched_among(user_id, {str(note.thread) for note in of_forum})
        return [note for note in of_forum if note.thread not in watched]

    _take_read(user_id, picked)


def change_read_of_posts(user_id: str, kinds: Sequence[str], numbers: Mapping[str, int]) -> None:
    """Take the notes as read that `list_of_posts` finds. Busy where notes come again and again meanwhile."""
    _take_read(user_id, lambda found: _of_posts(user_id, found, kinds, numbers))


def change_read_of_members(user_id: str, by: Collection[str]) -> None:
    """Take the notes as read that tell only of what these members did, of the newest MOST_COUNTED: the number of unread
    notes must not count what the list leaves out. Busy where notes come again and again meanwhile."""

    def picked(found: Notes) -> list[Item]:
        return [
            note
            for note in found.notes
            if found.is_unread(note) and note.by and all(each in by for each in note.people or [note.by])
        ][:MOST_READ]

    while _take_read(user_id, picked, MOST_COUNTED):
        pass


def list_of_posts(user_id: str, kinds: Sequence[str], numbers: Mapping[str, int]) -> list[Item]:
    """The unread notes of these kinds, of the newest MOST_READ, all whose posts are among the first so many of their
    threads: by thread, `numbers` says of how many. A Query, and a BatchGetItem of what they gather."""
    return _of_posts(user_id, list_notes(user_id, MOST_READ), kinds, numbers)


def _of_posts(user_id: str, found: Notes, kinds: Sequence[str], numbers: Mapping[str, int]) -> list[Item]:
    of_threads = [note for note in _unread(found, kinds) if note.thread in numbers]
    groups = {item.item: item for item in get_many(Item, [(user_id, group_of(note)) for note in of_threads])}
    told = [(note, groups[group_of(note)].told or []) for note in of_threads if group_of(note) in groups]
    return [note for note, posts in told if posts and max(posts) <= numbers[str(note.thread)]]


def _unread(found: Notes, kinds: Sequence[str]) -> list[Item]:
    return [note for note in found.notes if note.kind in kinds and found.is_unread(note)]


def _take_read(user_id: str, picked: Callable[[Notes], list[Item]], most: int = MOST_READ) -> bool:
    """Take those of the newest notes as read that `picked` picks, MOST_READ of them at most: whether it picked any.
    Busy."""
    for attempt in range(ATTEMPTS):
        found = list_notes(user_id, most)
        notes = picked(found)
        if not notes:
            return False
        try:
            _read(user_id, notes, found)
        except Lost:
            pause(attempt)
        else:
            return True
    raise Busy(_("Notes are coming in at this moment. Please try again."))


def _read(user_id: str, notes: Sequence[Item], found: Notes) -> None:
    read = [Item.read_at.set(post_timestamp(Nonce.new(), datetime.now(UTC)))]
    less = [Item.unread.set(max(found.unread - len(notes), 0)), Item.revision.add(1)]
    updates: list[Update] = [(Item(user_id, INBOX), less, unchanged(found.inbox))]
    updates += [(note, read, Item.item.exists()) for note in notes]
    groups = {group_of(note) for note in notes if note.thread}
    commit_between(updates=updates, deletes=[(Item(user_id, group), None) for group in groups])


def _first(watch: Item) -> Put:
    return watch, Item.item.does_not_exist()


def _insist(event: Event) -> None:
    for attempt in range(ATTEMPTS):
        try:
            return _changes(event, list_known([event])).commit()
        except Lost:
            pause(attempt)
    raise Lost(["ConditionalCheckFailed"])


def _changes(event: Event, known: Known) -> _Changes:
    """The note on top, what it replaces, the group, the inbox, and a mail where the note is new."""
    if _is_told(event, known):
        return _Changes()
    inbox = known.get((event.user_id, INBOX)) or Item(event.user_id, INBOX)
    before = known.get(event.group) if _open(event, known) else None
    note = _note(event, before)
    more = [Item.revision.add(1)] if before else [Item.unread.add(1), Item.revision.add(1)]
    changes = _Changes([(note, None), (_group(event, note, known), None)])
    changes.updates.append((Item(event.user_id, INBOX), more, unchanged(inbox)))
    if before is None:
        changes.puts.append(mails.of_note(note))
    else:
        changes.deletes.append((Item(event.user_id, NOTE + str(before.note)), None))
    return changes


def _open(event: Event, known: Known) -> bool:
    """Whether there is an unread note for this event to be added to."""
    group, inbox = known.get(event.group), known.get((event.user_id, INBOX))
    if group is None or group.expired or not group.note:
        return False
    return group.note > (inbox.read_to or "" if inbox else "")


def _is_told(event: Event, known: Known) -> bool:
    """Whether the member has been told of this post already, by a form that was sent twice."""
    group = known.get(event.group)
    return bool(event.number and group and event.number in (group.told or []))


def _note(event: Event, before: Item | None) -> Item:
    """The note with what happened before added; it leads to the first that is not read."""
    now = datetime.now(UTC)
    timestamp = post_timestamp(Nonce.new(), now, (before.note or "") if before else "")
    if before is not None and before.note:
        timestamp = timestamp.replace(suffix_of(timestamp), suffix_of(before.note))
    people = [event.by, *(each for each in (before.people or [] if before else []) if each != event.by)]
    return Item(
        event.user_id,
        f"{NOTE}{timestamp}",
        kind=event.kind,
        text=event.text[:MOST_CHARACTERS] or None,
        facts=_short(event.facts),
        url=(before.url if before else event.url) or None,
        by=event.by or None,
        people=people[:MOST_PEOPLE],
        thread=event.thread,
        forum=event.forum or None,
        expires_at=now + NOTE_LIFE,
    )


def _group(event: Event, note: Item, known: Known) -> Item:
    old = known.get(event.group)
    told = [*(old.told or [] if old else []), *([event.number] if event.number else [])]
    return Item(
        *event.group,
        note=note.timestamp,
        people=note.people,
        url=note.url,
        told=told[-MOST_TOLD:],
        expires_at=note.expires_at,
    )
