"""Records of moderation in words: who did what to whom, when, and why."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, pgettext, pgettext_lazy

from . import reasons
from .permissions import FOREVER, moment_in_words
from .tables.bulk import get_many
from .tables.keys import thread_partition, time_of
from .tables.moderation import Record
from .tables.threads import Thread

THE_FORUM: Any = gettext_lazy("the forum")
FORMER: Any = gettext_lazy("former member")

# Between who did it and what it was done to.
DID = {
    "edit": gettext_noop("edited"),
    "hide": gettext_noop("hid"),
    "show": gettext_noop("showed again"),
    "delete": gettext_noop("deleted"),
    "undelete": gettext_noop("brought back"),
    "purge": gettext_noop("deleted for good"),
    "lock": gettext_noop("locked"),
    "unlock": gettext_noop("unlocked"),
    "pin": gettext_noop("pinned"),
    "unpin": gettext_noop("unpinned"),
    "archive": gettext_noop("archived"),
    "unarchive": gettext_noop("took out of the archive"),
    "rename": gettext_noop("renamed"),
    "retag": gettext_noop("changed the tags of"),
    "retag all": gettext_noop("changed in all threads the tag"),
    "move": gettext_noop("moved"),
    "split": gettext_noop("split"),
    "merge": gettext_noop("merged"),
    "report": gettext_noop("reported"),
    "claim": gettext_noop("claimed the reports of"),
    "release": gettext_noop("left to others the reports of"),
    "agree": gettext_noop("agreed with the reports of"),
    "disagree": gettext_noop("disagreed with the reports of"),
    "ignore": gettext_noop("ignored the reports of"),
    "approve": gettext_noop("approved"),
    "refuse": gettext_noop("refused"),
    "warn": gettext_noop("warned"),
    "clear profile": gettext_noop("cleared the profile of"),
    "silence": gettext_noop("silenced"),
    "unsilence": gettext_noop("ended the silence of"),
    "suspend": gettext_noop("suspended"),
    "unsuspend": gettext_noop("ended the suspension of"),
    "end sessions": gettext_noop("ended all sessions of"),
    "note": gettext_noop("noted something about"),
    "trust": gettext_noop("changed the trust in"),
    "nuke": gettext_noop("hid everything by"),
    "unnuke": gettext_noop("showed again everything by"),
    "hide all": gettext_noop("hid what one member wrote in"),
    "show all": gettext_noop("showed again what one member wrote in"),
}
# What everybody may know of: no notes among staff, no warnings, nothing of reports.
PUBLIC = {
    *("edit", "hide", "show", "delete", "undelete", "purge"),
    *("lock", "unlock", "pin", "unpin", "archive", "unarchive", "rename", "move", "split", "merge"),
    *("silence", "unsilence", "suspend", "unsuspend", "nuke", "unnuke"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A record in words. `by` and `concerns` are names; `subject` is what was acted on: ("post", id, number), as of a
    private "message", ("thread", id, 0), ("user", id, 0), ("forum", name, 0), ("tag", name, 0); `title` is its
    thread's, "" where that is not known."""

    record: Record
    when: datetime
    kind: str
    did: str
    by: str
    concerns: str
    what: str
    subject: tuple[str, str, int]
    reason: str
    changes: str
    title: str = ""

    @property
    def forum(self) -> str:
        return self.record.forum or ""


# Facts that name a forum, or a thread in it as <forum>/<id>.
_PLACES = ("forum", "into", "to")
# What names only what is gone; the record keeps it.
_NOT_TOLD = {"texts"}
NO_TITLES: Mapping[str, str] = {}
NOTHING = "–"
WITHHELD = gettext_noop("a forum that you may not read")


def entries(records: Sequence[Record], readable: Container[str], titles: Mapping[str, str] = NO_TITLES) -> list[Entry]:
    """In the order of the records, for somebody who may read these forums: others are not named. `titles` are those of
    threads, by id. One SQL query."""
    names = names_of(user for record in records for user in (record.user_id, record.member_id or ""))
    return [_entry(record, names, readable, titles) for record in records]


def heads_of(records: Iterable[Record]) -> dict[str, Thread]:
    """The threads that acts were about, by id, as far as they are still in that forum. One BatchGetItem for each
    hundred."""
    about = {(record.forum, *subject_of(record.subject)[:2]) for record in records if record.forum}
    keys = {(thread_partition(forum, thread), thread) for forum, kind, thread in about if kind in ("post", "thread")}
    return {head.id: head for head in get_many(Thread, sorted(keys)) if not head.moved_to}


def names_of(user_ids: Iterable[str]) -> dict[str, str]:
    """The names of members by id, FORMER for those who are gone; the forum itself is "". One SQL query."""
    wanted = {user_id for user_id in user_ids if user_id}
    found = get_user_model().objects.filter(pk__in=wanted).values_list("pk", "username") if wanted else ()
    names = dict.fromkeys(wanted, str(FORMER)) | {str(pk): name for pk, name in found}
    return {"": str(THE_FORUM), **names}


def _entry(record: Record, names: dict[str, str], readable: Container[str], titles: Mapping[str, str]) -> Entry:
    subject = subject_of(record.subject)
    plain = record.kind.removesuffix(" thread")
    return Entry(
        record=record,
        when=time_of(record.event_time),
        kind=record.kind,
        did=_(DID.get(plain, record.kind)),
        by=names[record.user_id],
        concerns=names[record.member_id] if record.member_id else "",
        what=_what(subject),
        subject=subject,
        reason=reasons.shown(record.reason),
        changes="; ".join(changes_in_words(record, readable)),
        title=titles.get(subject[1], "") if subject[0] in ("post", "thread") else "",
    )


def subject_of(text: str) -> tuple[str, str, int]:
    """The parts of a record's subject."""
    kind, __, rest = text.partition("#")
    if kind in ("POST", "MESSAGE"):
        thread, __, number = rest.partition("#")
        return kind.lower(), thread, int(number) if number.isdecimal() else 0
    return kind.lower(), rest, 0


def _what(subject: tuple[str, str, int]) -> str:
    kind, name, number = subject
    if kind == "tag":
        return f"#{name}"
    if kind == "post":
        return _("post %(number)s") % {"number": number}
    if kind == "message":
        return _("message %(number)s") % {"number": number}
    return {"thread": _("the thread"), "forum": _("the forum")}.get(kind, "")


# What says how much an act was about, or where it led, and was nothing before.
_ABOUT = {"posts", "threads", "into", "to"}


def changes_in_words(record: Record, readable: Container[str]) -> list[str]:
    """What the act changed, as far as it may be told: "locked: no → yes", "posts: 2-3"."""
    found = [(name, _value(name, before), _value(name, after)) for name, (before, after) in told(record, readable)]
    return [
        f"{fact(name)}: {after}" if name in _ABOUT and before == NOTHING else f"{fact(name)}: {before} → {after}"
        for name, before, after in found
    ]


def told(record: Record, readable: Container[str]) -> list[tuple[str, tuple[object, object]]]:
    """What the act changed, as far as somebody is told who may read these forums: name, before and after."""
    return [
        (name, (_seen(name, before, readable), _seen(name, after, readable)))
        for name, (before, after) in record.changes.items()
        if name not in _NOT_TOLD and before != after
    ]


def _seen(name: str, value: object, readable: Container[str]) -> object:
    if name not in _PLACES or not isinstance(value, str):
        return value
    return value if value.partition("/")[0] in readable else _(WITHHELD)


def _value(name: str, value: object) -> str:
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name == "trust":
        return str(get_user_model().Trust(int(str(value))).label)
    if name in _PLACES:
        # Of a thread in a forum the forum is named: its id tells nobody anything.
        return str(value).partition("/")[0]
    if name == "status":
        return pgettext("state", str(value))
    if not name.endswith("_until"):
        return str(value)
    until = datetime.fromisoformat(str(value))
    return _("for good") if until >= FOREVER else moment_in_words(until)


# What is told of changes, by the names under which it is stored.
FACTS = {
    "forum": pgettext_lazy("what changed", "forum"),
    "into": pgettext_lazy("what changed", "into"),
    "to": pgettext_lazy("what changed", "to"),
    "posts": pgettext_lazy("what changed", "posts"),
    "threads": pgettext_lazy("what changed", "threads"),
    "texts": pgettext_lazy("what changed", "texts"),
    "title": pgettext_lazy("what changed", "title"),
    "tags": pgettext_lazy("what changed", "tags"),
    "status": pgettext_lazy("what changed", "status"),
    "locked": pgettext_lazy("what changed", "locked"),
    "pinned": pgettext_lazy("what changed", "pinned"),
    "archived": pgettext_lazy("what changed", "archived"),
    "level": pgettext_lazy("what changed", "level"),
    "trust": pgettext_lazy("what changed", "trust"),
    "fixed": pgettext_lazy("what changed", "fixed"),
    "trust_fixed": pgettext_lazy("what changed", "trust fixed"),
    "silenced_until": pgettext_lazy("what changed", "silenced until"),
    "silence_reason": pgettext_lazy("what changed", "silence reason"),
    "suspended_until": pgettext_lazy("what changed", "suspended until"),
    "suspension_reason": pgettext_lazy("what changed", "suspension reason"),
    "solved": pgettext_lazy("what changed", "solved"),
    "about": pgettext_lazy("what changed", "about"),
    "location": pgettext_lazy("what changed", "location"),
    "pronouns": pgettext_lazy("what changed", "pronouns"),
    "website": pgettext_lazy("what changed", "website"),
}


def fact(name: str) -> str:
    """What is told of a change."""
    return str(FACTS.get(name, name.replace("_", " ")))
