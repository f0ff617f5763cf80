"""What a member watches or has muted, and their settings: items in their own partition of ForumMembers.

Shapes::

    WATCH#01J…     how a thread is watched: Level, and the forum it was in when that was said
    FORUM#aws      how a forum is watched
    PREFS          settings: mails, and whether own threads are watched

Nobody who writes asks who watches: what is new in a watched thread is worked out when its watcher looks, so a
thread with ten thousand watchers costs its writers what any other costs.

| what | calls |
|---|---|
| how a thread or a forum is watched; the settings | one GetItem |
| which threads of a list are watched | one BatchGetItem |
| a page of watched threads, those begun last first; the forums | one Query each |
| watch, mute, settings | one transaction: settings are updated attribute by attribute, so none undoes another |
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from pynamodb.expressions.condition import size
from pynamodb.expressions.update import Action

from forum.errors import Busy

from .base import Lost, commit_between, pause
from .bulk import get_many, get_one
from .members import ATTEMPTS, INBOX, MOST_MUTED, Item

WATCHING, NORMAL, MUTED = "watching", "normal", "muted"
LEVELS = (WATCHING, NORMAL, MUTED)

THREAD = "WATCH#"
FORUM = "FORUM#"
SETTINGS = "PREFS"

NEVER, DAILY, EACH = "never", "daily", "each"
MODES = (NEVER, DAILY, EACH)
# Of what a member may be sent a mail, and of what they are unless they say otherwise.
KINDS = ("mention", "quote", "reply", "message", "solved", "like", "moderation", "watched")
MAILED = ("mention", "quote", "reply", "message", "solved", "moderation")
# Whose messages a member takes: those of all, of all but new members, of nobody.
EVERYBODY, ABOVE_NEW, NOBODY = "everybody", "above new", "nobody"

# More forums than that are not looked through for what is new.
MOST_FORUMS = 10


@dataclass(frozen=True, slots=True)
class Settings:
    """A member's settings. `bounced` is the address that mails came back from, "" for none."""

    mail: str = EACH
    mail_kinds: frozenset[str] = field(default_factory=lambda: frozenset(MAILED))
    watches_own: bool = True
    bounced: str = ""
    takes_messages: str = EVERYBODY

    def mails(self, kind: str) -> bool:
        """Whether there are mails of this kind; of any kind where it is none of KINDS."""
        return self.mail != NEVER and (kind in self.mail_kinds or kind not in KINDS)


def of_thread(thread_id: str) -> str:
    """The sort key of how a thread is watched."""
    return f"{THREAD}{thread_id}"


def of_forum(name: str) -> str:
    return f"{FORUM}{name}"


# -- Reads ----------------------------------------------------------------------------------------


def get_level(user_id: str, item: str) -> str:
    """How the member watches what has this sort key; NORMAL where they never said."""
    watch = get_one(Item, user_id, item)
    return (watch and watch.level) or NORMAL


def watched_among(user_id: str, thread_ids: Iterable[str]) -> frozenset[str]:
    """Those of these threads that the member watches."""
    found = get_many(Item, [(user_id, of_thread(thread_id)) for thread_id in thread_ids])
    return frozenset(thread_of(item) for item in found if item.level == WATCHING)


def list_threads(user_id: str, limit: int, before: str = "") -> tuple[list[Item], str]:
    """The next `limit` items of threads, those begun last first, older than the thread `before`; and the id of
    the last one, to go on from, "" at the end. Muted ones are among them."""
    within = Item.item.between(THREAD, f"{THREAD}{before}" if before else f"{THREAD}~")
    found = list(Item.query(user_id, within, scan_index_forward=False, consistent_read=True, limit=limit + 2))
    found = [item for item in found if thread_of(item) != before]
    return found[:limit], thread_of(found[limit - 1]) if len(found) > limit else ""


def list_forums(user_id: str) -> dict[str, str]:
    """How the member watches forums, by their names, as far as they ever said."""
    within = Item.item.between(FORUM, f"{FORUM}~")
    return {forum_of(item): str(item.level) for item in Item.query(user_id, within, consistent_read=True, limit=100)}


def get_settings(user_id: str) -> Settings:
    """One GetItem, consistent."""
    return settings_of(get_one(Item, user_id, SETTINGS))


def settings_of(item: Item | None) -> Settings:
    if item is None:
        return Settings()
    kinds = frozenset(MAILED if item.mail_kinds is None else item.mail_kinds)
    return Settings(
        item.mail or EACH, kinds, item.watches_own is not False, item.bounced or "", item.takes_messages or EVERYBODY
    )


def thread_of(watch: Item) -> str:
    return watch.item.removeprefix(THREAD)


def forum_of(watch: Item) -> str:
    return watch.item.removeprefix(FORUM)


# -- Writes ---------------------------------------------------------------------------------------


def thread_watch(user_id: str, thread_id: str, forum: str, level: str) -> Item:
    """A watch that is not stored yet."""
    return Item(user_id, of_thread(thread_id), level=level, forum=forum)


def put_watch(user_id: str, thread_id: str, forum: str, level: str) -> None:
    """A thread's level is stored also where it is NORMAL: whoever chose that is not made to watch by a reply."""
    _put(thread_watch(user_id, thread_id, forum, level), thread_id)


def put_forum(user_id: str, name: str, level: str) -> None:
    _put(Item(user_id, of_forum(name), level=level), name)


def _put(watch: Item, name: str) -> None:
    """What is muted is noted in the inbox, too, by the thread's id or the forum's `name`, since that is read with the
    account: as long as there is room."""
    inbox = Item(watch.user_id, INBOX)
    if watch.level != MUTED:
        return commit_between(puts=[(watch, None)], updates=[(inbox, [Item.muted.delete({name})], None)])
    room = Item.muted.does_not_exist() | (size(Item.muted) < MOST_MUTED)  # type: ignore[no-untyped-call]
    try:
        commit_between(puts=[(watch, None)], updates=[(inbox, [Item.muted.add({name})], room)])
    except Lost:
        commit_between(puts=[(watch, None)])


def change_settings(user_id: str, settings: Settings) -> None:
    """Store what the member chose; mails go to their address again, also where they came back from it."""
    chosen: list[Action] = [
        Item.mail.set(settings.mail),
        Item.mail_kinds.set(sorted(settings.mail_kinds)),
        Item.watches_own.set(settings.watches_own),
        Item.takes_messages.set(settings.takes_messages),
        Item.bounced.remove(),
    ]
    commit_between(updates=[(Item(user_id, SETTINGS), chosen, None)])


def change_mail(user_id: str, mode: str) -> None:
    """How often the member is sent mails, and nothing else: what is changed at the same moment stays."""
    commit_between(updates=[(Item(user_id, SETTINGS), [Item.mail.set(mode)], None)])


def change_bounced(user_id: str, address: str) -> None:
    """Note the address that mails came back from, and nothing else."""
    commit_between(updates=[(Item(user_id, SETTINGS), [Item.bounced.set(address)], None)])


def remove_kind(user_id: str, kind: str) -> None:
    """Take a kind out of what the member is sent mails about, and nothing else. Busy where the kinds change again and
    again meanwhile."""
    for attempt in range(ATTEMPTS):
        item = get_one(Item, user_id, SETTINGS)
        kinds = settings_of(item).mail_kinds
        before = item.mail_kinds if item else None
        unchanged = Item.mail_kinds == before if before is not None else Item.mail_kinds.does_not_exist()
        try:
            fewer: list[Action] = [Item.mail_kinds.set(sorted(kinds - {kind}))]
            return commit_between(updates=[(Item(user_id, SETTINGS), fewer, unchanged)])
        except Lost:
            pause(attempt)
    raise Busy(_("Your settings are changing at this moment. Please try again."))
