"""Who may do what: pure functions of a reader and of what is read; no I/O, so they run anywhere.

A page is cached once for all who may read it, so every rule that differs between readers is
asked per request, either before a cached page is handed out or while its holes are filled.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from forum import reasons, wording

from .errors import NotAllowed
from .tables.threads import Thread

# Until when somebody is suspended who is so for good: a date that every database holds.
FOREVER = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody at the door. `id` is the post's UserID form of a member, "" for the signed-out.

    `is_staff` is Django's: it opens Django admin and shows what pages cost. `moderates_all` is
    staff with the permission to moderate every forum; who moderates one is in one of its groups of moderators.
    `moderates_members` is staff with the permission to warn, silence and suspend. `silenced_until` is in
    seconds since 1970, as `joined` is, `notes` how many notes to the member are unread, `cases` how many wait for a
    moderator in the forums that the reader moderates. `ignored` are the ids of
    those whom the member ignores, `ignored_names` their names in small letters, `muted` the ids of threads and names of
    forums, `avatar` is the name of their picture or "", `hides_online` that nobody is shown whether they are here,
    `zone` the name of the time zone that they have chosen or "".
    `address` is where the request came from, known where something is written or counted. Who comes
    not `moderating` has the rights of a member alone, whatever they may be.
    """

    id: str = ""
    name: str = ""
    is_staff: bool = False
    group_ids: frozenset[int] = frozenset()
    moderates_all: bool = False
    moderates_members: bool = False
    trust: int = 0
    silenced_until: float = 0.0
    silence_reason: str = ""
    notes: int = 0
    cases: int = 0
    joined: float = 0.0
    ignored: frozenset[str] = frozenset()
    ignored_names: frozenset[str] = frozenset()
    muted: frozenset[str] = frozenset()
    avatar: str = ""
    hides_online: bool = False
    zone: str = ""
    address: str = ""
    moderating: bool = True

    @property
    def signed_in(self) -> bool:
        return bool(self.id)

    @property
    def silenced(self) -> bool:
        """Whether the member may read only, for the time being."""
        return time.time() < self.silenced_until


ANONYMOUS = Reader()


@dataclass(frozen=True, slots=True)
class ForumRules:
    """A forum's definition as the pages need it: a value, safe to keep in a process's memory."""

    name: str
    title: str
    description: str
    read_access: str
    post_access: str
    read_groups: frozenset[int]
    post_groups: frozenset[int]
    archived: bool
    shards: int
    moderator_groups: frozenset[int] = frozenset()

    @property
    def public(self) -> bool:
        return self.read_access == "public"


# What stands for the forum of all conversations, where something asks for one: no forum can be called so.
MESSAGES = "~messages"
MESSAGE_RULES = ForumRules(
    name=MESSAGES,
    title=cast(str, gettext_lazy("Messages")),
    description="",
    read_access="groups",
    post_access="groups",
    read_groups=frozenset(),
    post_groups=frozenset(),
    archived=False,
    shards=1,
)


def can_read(reader: Reader, forum: ForumRules) -> bool:
    if forum.public or moderates(reader, forum):
        return True
    if forum.read_access == "members":
        return reader.signed_in
    return bool(forum.read_groups & reader.group_ids)


def can_post(reader: Reader, forum: ForumRules) -> bool:
    """Whether the reader may start threads and reply in the forum (locked threads aside)."""
    if not reader.signed_in or reader.silenced or forum.archived or not can_read(reader, forum):
        return False
    if moderates(reader, forum) or forum.post_access == "members":
        return True
    return forum.post_access == "groups" and bool(forum.post_groups & reader.group_ids)


def can_reply(reader: Reader, forum: ForumRules, thread: Thread) -> bool:
    return can_post(reader, forum) and thread.takes_replies


def can_change_post(reader: Reader, forum: ForumRules, author_id: str) -> bool:
    """Whether the reader may edit or delete the post: its author, or a moderator; never in an archive."""
    if not reader.signed_in or forum.archived:
        return False
    return moderates(reader, forum) or (reader.id == author_id and not reader.silenced)


def can_like(reader: Reader, forum: ForumRules, author_id: str) -> bool:
    """Whether the reader may like the post (archived threads aside): any member who reads it, but not its author."""
    if not reader.signed_in or reader.silenced or forum.archived:
        return False
    return reader.id != author_id and can_read(reader, forum)


def can_solve(reader: Reader, forum: ForumRules, author_id: str) -> bool:
    """Whether the reader may mark a reply as the answer: the thread's author, or a moderator."""
    if not reader.signed_in or forum.archived or not can_read(reader, forum):
        return False
    return moderates(reader, forum) or (reader.id == author_id and not reader.silenced)


def can_vote(reader: Reader, forum: ForumRules) -> bool:
    """Whether the reader may vote in polls of the forum (closed ones and threads aside): any member who reads it."""
    return reader.signed_in and not reader.silenced and not forum.archived and can_read(reader, forum)


def moderates(reader: Reader, forum: ForumRules) -> bool:
    """Whether the reader is a moderator of the forum, which also lets them read it."""
    return reader.moderating and (reader.moderates_all or bool(forum.moderator_groups & reader.group_ids))


def moderated(reader: Reader, forums: Iterable[ForumRules]) -> list[ForumRules]:
    """The forums among these whose moderator the reader is, and what stands for all conversations where they moderate
    these: together the queue that is theirs."""
    found = [forum for forum in forums if moderates(reader, forum)]
    return [*found, MESSAGE_RULES] if moderates(reader, MESSAGE_RULES) else found


def can_moderate(reader: Reader, forum: ForumRules) -> bool:
    """Whether the reader may act as a moderator in the forum; nobody may in an archive."""
    return moderates(reader, forum) and not forum.archived


# -- Sanctions, in words --------------------------------------------------------------------------


def refuse_silenced(reader: Reader) -> None:
    """NotAllowed, with until when and why, while the reader may read only."""
    if reader.silenced:
        raise NotAllowed(silence_in_words(reader))


def silence_in_words(reader: Reader) -> str:
    said = _("You may read but not post until %(until)s.") % {"until": silenced_until(reader)}
    return f"{said} {reason_in_words(reader.silence_reason)}".strip()


def silenced_until(reader: Reader) -> str:
    return moment_in_words(datetime.fromtimestamp(reader.silenced_until, UTC))


def suspension_in_words(until: datetime, reason: str) -> str:
    if until >= FOREVER:
        said = _("This account is suspended for good.")
    else:
        said = _("This account is suspended until %(until)s.") % {"until": moment_in_words(until)}
    return f"{said} {reason_in_words(reason)}".strip()


def reason_in_words(reason: str) -> str:
    return _("The reason: %(reason)s") % {"reason": reasons.shown(reason)} if reason else ""


def moment_in_words(moment: datetime) -> str:
    return wording.minute(to_the_minute(moment))


def to_the_minute(moment: datetime) -> datetime:
    """Never earlier than it is: a sanction may end some seconds before what is told, not after."""
    return datetime.fromtimestamp(-(-moment.timestamp() // 60) * 60, UTC)
