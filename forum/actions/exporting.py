"""What an export says of a member besides their posts: the account, and everything in their partition of ForumMembers.

KINDS says for each kind of item in which part of `account.json` it stands, and how. What no kind is declared for is
not left out: it stands among "other", as it is stored.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from allauth.account.models import EmailAddress

from forum import logbook
from forum.models import PROFILE, ApiToken, User
from forum.reads import store
from forum.reads.scripts import FIRST_MINUTE, NUMBERS
from forum.redis import Down
from forum.tables import bookmarks, cases, drafts, ignores, marks, members, reactions, talks, tallies, votes, watches
from forum.tables.keys import time_of
from forum.tables.members import Item
from forum.told import sentence

from . import messaging

MOST_WAITING = 1000
TALKS_AT_ONCE = 100
OTHER = "other"

Facts = dict[str, Any]
Kind = tuple[str, Callable[[Item], Facts | None]]


def account(user_id: str) -> Facts:
    """All of it, as JSON has it. The Queries of the member's partition, a BatchGetItem for each hundred texts that
    wait, some SQL."""
    user = User.objects.get(pk=user_id)
    addresses = EmailAddress.objects.filter(user=user).values_list("email", flat=True)
    return {
        "username": user.username,
        "former_names": sorted(user.former_names.values_list("name", flat=True)),
        "email": sorted({user.email, *addresses} - {""}),
        "joined": user.date_joined.isoformat(),
        "last_sign_in": user.last_login.isoformat() if user.last_login else None,
        "trust": user.get_trust_display(),
        "silenced": _sanction(user.silenced_until, user.silence_reason),
        "suspended": _sanction(user.suspended_until, user.suspension_reason),
        "language": user.language or None,
        "profile": {name: getattr(user, name) for name in PROFILE},
        "groups": sorted(user.groups.values_list("name", flat=True)),
        "settings": _settings(watches.get_settings(user_id)),
        **_items(user_id),
        "tokens": [_token(token) for token in ApiToken.objects.filter(user=user)],
        "messages": list(_messages(user_id)),
        "ignored": _ignored(user_id),
        "texts_waiting_or_refused": _texts(user_id),
        "read_marks": _read(user_id),
        "numbers": _numbers(user_id),
        "hides_online": user.hides_online,
        "time_zone": user.time_zone,
    }


def _numbers(user_id: str) -> Facts:
    tally = tallies.get_tally(user_id)
    return {name: int(getattr(tally, name)) for name in tallies.NAMES}


def _sanction(until: datetime | None, reason: str) -> Facts | None:
    return {"until": until.isoformat(), "reason": reason} if until else None


def _token(token: ApiToken) -> Facts:
    """What is known of a token for programs, which is not how it reads."""
    times = {"created": token.created, "last_used": token.last_used, "expires": token.expires}
    told = {name: at.isoformat() if at else None for name, at in times.items()}
    return {"name": token.name, "scopes": token.scopes.split(), **told}


def _items(user_id: str) -> Facts:
    """The parts that are made of one item each, in the order of their keys: the oldest first where those are times."""
    parts: dict[str, list[Facts]] = {part: [] for part, _ in KINDS.values() if part}
    for item in members.list_items(user_id):
        part, facts = kind_of(item.item)
        told = facts(item) if not item.expired else None
        if told is not None:
            parts.setdefault(part, []).append(told)
    return parts


def kind_of(key: str) -> Kind:
    """The kind of an item by its sort key: what stands before the first #, and what at its very end where a kind is
    told apart by that."""
    start, mark, rest = key.partition("#")
    return KINDS.get(f"{start}{mark}…{rest[rest.rfind('#') :]}") or KINDS.get(f"{start}{mark}") or (OTHER, _as_stored)


# -- One item each --------------------------------------------------------------------------------


def _note(item: Item) -> Facts:
    read = _iso(item.read_at) if item.read_at else None
    return {"time": item.created.isoformat(), "kind": item.kind, "text": sentence(item), "url": item.url, "read": read}


def _gathering(item: Item) -> Facts:
    """Which of the notes tells of all that happens in a thread at the moment, and of which posts it has told."""
    _, kind, thread = item.item.split("#", 2)
    return {"kind": kind, "thread": thread, "posts": [int(number) for number in item.told or []]}


def _inbox(item: Item) -> Facts:
    return {"unread": int(item.unread or 0), "read_to": _iso(item.read_to)}


def _like(item: Item) -> Facts | None:
    """None of a like that was taken back, of which there is a trace for some time."""
    return {"url": _permalink(item), "time": _iso(item.at)} if item.listed is not None else None


def _bookmark(item: Item) -> Facts:
    mark = bookmarks.as_bookmark(item)
    return {"time": mark.created.isoformat(), "url": f"/p/{mark.address}/", "note": mark.note}


def _vote(item: Item) -> Facts:
    chosen = [number + 1 for number in votes.chosen_in(item)]
    return {"time": _iso(item.at), "url": f"/p/{item.place}/", "options": chosen}


def _draft(item: Item) -> Facts:
    draft = drafts.as_draft(item)
    shown = {"saved": draft.saved.isoformat(), "url": draft.path, "title": draft.title, "text": draft.body}
    return {**draft.more, **shown}


def _thread(item: Item) -> Facts:
    return {"thread": watches.thread_of(item), "forum": item.forum, "level": item.level}


def _forum(item: Item) -> Facts:
    return {"forum": watches.forum_of(item), "level": item.level}


def _report(item: Item) -> Facts:
    return {"time": _iso(item.item.partition("#")[2]), "url": item.url, "reason": item.text}


def _elsewhere(item: Item) -> None:
    """Told in another part, by more than the item."""


def _as_stored(item: Item) -> Facts:
    return {name: str(value) for name, value in item.attribute_values.items() if name != "user_id"}


KINDS: Mapping[str, Kind] = {
    members.NOTE: ("notifications", _note),
    members.INBOX: ("inbox", _inbox),
    members.GROUP: ("gathering_notifications", _gathering),
    f"{reactions.POST}…#{reactions.LIKE}": ("likes", _like),
    # Each has another item, with its note and in its order.
    f"{reactions.POST}…#{reactions.BOOKMARK}": ("", _elsewhere),
    bookmarks.LISTED: ("bookmarks", _bookmark),
    votes.VOTE: ("votes", _vote),
    drafts.DRAFT: ("drafts", _draft),
    watches.THREAD: ("watched_threads", _thread),
    watches.FORUM: ("watched_forums", _forum),
    watches.SETTINGS: ("", _elsewhere),
    cases.MINE: ("reports_made", _report),
    cases.PENDING: ("", _elsewhere),
    ignores.IGNORE: ("", _elsewhere),
    talks.LISTED: ("", _elsewhere),
    marks.READS: ("", _elsewhere),
    tallies.STATS: ("", _elsewhere),
}


# -- What takes more than the item ----------------------------------------------------------------


def _settings(settings: watches.Settings) -> Facts:
    return {
        "mails": settings.mail,
        "mails_about": sorted(settings.mail_kinds),
        "watches_own_threads": settings.watches_own,
        "takes_messages_of": settings.takes_messages,
        "address_that_bounced": settings.bounced or None,
    }


def _messages(user_id: str) -> Iterator[Facts]:
    """What the member wrote in the conversations that they take part in; what others wrote there is theirs."""
    before = ""
    while found := talks.list_talks(user_id, TALKS_AT_ONCE, before):
        for talk in found:
            for message in talks.list_messages(talk, talk.people.get(user_id, 1), talk.last):
                if message.user_id == user_id and message.kind in (talks.WRITTEN, talks.HIDDEN):
                    time = message.created.isoformat()
                    yield {"conversation": talk.title, "url": messaging.url(talk), "time": time, "text": message.body}
        before = found[-1].at


def _ignored(user_id: str) -> list[Facts]:
    ignored = ignores.list_ignored(user_id)
    names = logbook.names_of(ignored)
    return [{"member": names[each], "time": _iso(at)} for each, at in ignored.items()]


def _texts(user_id: str) -> list[Facts]:
    found = []
    for item, case in cases.list_pending(user_id, MOST_WAITING):
        told: Facts = {"state": item.kind, "title": case.title if case else None, "text": case.body if case else None}
        found.append(told | {"forum": case.open_in if case else None, "outcome": item.text, "url": item.url})
    return found


def _read(user_id: str) -> list[Facts]:
    """Up to which post the member has read threads, and until when whole forums: as it is saved, and as Redis has
    it now where that is more."""
    scores = dict(marks.get_marks(user_id))
    with suppress(Down):
        for name, score in store.everything(user_id).items():
            scores[name] = max(score, scores.get(name, 0))
    return [_mark(name, score) for name, score in sorted(scores.items())]


def _mark(name: str, score: int) -> Facts:
    if name == store.ALL or name.startswith(store.of_forum("")):
        until = datetime.fromtimestamp(score / 1_000_000, UTC).isoformat()
        return {"forum": name.removeprefix(store.of_forum("")), "all_read_until": until}
    minute, number = divmod(score, NUMBERS)
    at = datetime.fromtimestamp((minute + FIRST_MINUTE) * 60, UTC).isoformat()
    return {"thread": name, "read_to_post": number, "at": at}


def _permalink(item: Item) -> str:
    return f"/p/{reactions.address_in(item.item)}/"


def _iso(at: str | None) -> str | None:
    return time_of(at).isoformat() if at else None


def files(user_id: str) -> Iterator[tuple[str, str]]:
    """What the archive holds besides posts and images, as (name, text)."""
    facts = account(user_id)
    yield "account.json", json.dumps(facts, indent=2)
    if facts["messages"]:
        yield "messages.md", "# What I wrote in conversations\n\n" + "".join(map(_readable, facts["messages"]))


def _readable(message: Facts) -> str:
    when = datetime.fromisoformat(message["time"])
    return f"## {message['conversation']}\n\n{when:%d %B %Y %H:%M} UTC\n\n{message['text']}\n\n---\n\n"
