"""Warning, silencing and suspending members, and what moderators note of them for each other.

The account is in the relational database and the record in DynamoDB, and no transaction spans both. The
record is written last, inside the other transaction: a process that dies before it has changed nothing, one
that dies between the two leaves a record of what did not happen, which the moderator sees and does again.
The other way round somebody could be silenced, and nothing would say by whom or why.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from forum.cache import once, tags
from forum.cache.intents import invalidating
from forum.errors import BadRequest, Conflict, NotAllowed
from forum.models import PROFILE, Forum, User
from forum.permissions import Reader, to_the_minute
from forum.tables import inbox
from forum.tables.base import Lost, Put, commit_between
from forum.tables.keys import Nonce, post_timestamp
from forum.tables.moderation import Record, new_act, user_subject
from forum.told import Facts

from . import lateness
from .avatars import remove_file

LEAST_REASON = 3
MOST_REASON = 500
# What is said of a member in whose account there is nothing to end.
NOT_SO = {
    "silenced": gettext_noop("%(name)s is not silenced."),
    "suspended": gettext_noop("%(name)s is not suspended."),
}
# What an act gives or ends, and where the account keeps until when it lasts and why.
SANCTION = {"silence": "silenced", "unsilence": "silenced", "suspend": "suspended", "unsuspend": "suspended"}
KEPT = {"silenced": ("silenced_until", "silence_reason"), "suspended": ("suspended_until", "suspension_reason")}


@dataclass(frozen=True, slots=True)
class Act:
    """A sanction: its `kind` in the log, whom it concerns, who does it and why, and what the member is told
    ("" for nothing), with these `facts` (`forum.told`). `seen` is the `mark` of what stood when its actor decided, None
    where whatever stands may be replaced. An act with a `nonce` is stored once, however often it is made."""

    kind: str
    actor: Reader
    user: User
    reason: str
    told: str = ""
    facts: Facts = field(default_factory=dict)
    job_id: str = ""
    seen: str | None = None
    nonce: Nonce | None = None

    def record(self, before: Mapping[str, Any] | None = None, after: Mapping[str, Any] | None = None) -> Record:
        member_id = str(self.user.pk)
        record = new_act(
            user_subject(member_id),
            self.kind,
            self.actor.id,
            self.reason,
            member_id=member_id,
            before=before,
            after=after,
            job_id=self.job_id,
        )
        if self.nonce is not None:
            record.event_time = post_timestamp(self.nonce, self.nonce.issued)
            record.month = record.event_time[:7]
        return record

    def store(self, record: Record) -> None:
        """The record and what the member is told, in one transaction of DynamoDB's."""
        new: list[Put] = [(record, Record.subject.does_not_exist())]
        try:
            if self.told:
                inbox.put_note(str(self.user.pk), self.kind, self.told, also=new, facts=self.facts)
            else:
                commit_between(puts=new)
        except Lost:
            if self.nonce is None:
                raise


# -- Words ----------------------------------------------------------------------------------------


def warn(actor: Reader, user: User, words: str, *, may: bool = False, form: str = "") -> None:
    """Tell the member what moderators think of what they did; it changes nothing else. The same words sent again with
    the same `form` (its token) are told once."""
    words = require(actor, user, words, may)
    told = gettext_noop("A moderator has something to say to you: %(words)s")
    act = Act("warn", actor, user, words, told, {"words": words}, nonce=_nonce(actor, user, "warn", words, form))
    with invalidating(tags.account(user.pk)):
        act.store(act.record())


def add_note(actor: Reader, user: User, text: str, *, may: bool = False, form: str = "") -> None:
    """Note something of the member for other moderators, which the member never sees; once, as `warn` does."""
    text = require(actor, user, text, may)
    act = Act("note", actor, user, text, nonce=_nonce(actor, user, "note", text, form))
    act.store(act.record())


def _nonce(actor: Reader, user: User, *sent: str) -> Nonce | None:
    """That of the first sending of the same; None without a form. One round trip; Unavailable while Redis is down."""
    if not sent[-1]:
        return None
    named = "\0".join([actor.id, str(user.pk), *sent]).encode("utf-8", "replace")
    return Nonce(once.remember(hashlib.sha256(named).hexdigest(), Nonce.new().text, "")[0])


# -- Sanctions ------------------------------------------------------------------------------------


def mark(user: User, sanction: str) -> str:
    """What tells the sanction that stands ("silenced", "suspended") from any other; "" where none does."""
    if not getattr(user, sanction):
        return ""
    until, reason = (getattr(user, name) for name in KEPT[sanction])
    return hashlib.sha256(f"{until.timestamp()} {reason}".encode()).hexdigest()[:16]


def silence(
    actor: Reader, user: User, until: datetime, reason: str, *, may: bool = False, seen: str | None = None
) -> User:
    """Let the member read but not post until then; it ends by itself. The account as it is now. Conflict where
    something else stands than was `seen` (its `mark`)."""
    reason = require(actor, user, reason, may)
    require_future(until)
    told = gettext_noop("You may read but not post until %(until)s. The reason: %(reason)s")
    facts = {"until": to_the_minute(until).isoformat(), "reason": reason}
    act = Act("silence", actor, user, reason, told, facts, seen=seen)
    return _change(act, silenced_until=until, silence_reason=reason)


def unsilence(actor: Reader, user: User, reason: str = "", *, may: bool = False, seen: str | None = None) -> User:
    """End a silence before its time; Conflict when there is none, or another than was `seen`."""
    require(actor, user, reason, may, needs_reason=False)
    act = Act("unsilence", actor, user, reason.strip(), told=gettext_noop("You may post again."), seen=seen)
    return _change(act, ends="silenced", silenced_until=None, silence_reason="")


def suspend(
    actor: Reader,
    user: User,
    until: datetime,
    reason: str,
    *,
    may: bool = False,
    job_id: str = "",
    seen: str | None = None,
) -> User:
    """Let nobody sign in as the member until then (`permissions.FOREVER`: for good), and end all sessions at
    once: they were opened with an epoch of the account that is over. The account as it is now. Conflict where
    something else stands than was `seen` (its `mark`)."""
    reason = require(actor, user, reason, may)
    require_future(until)
    act = Act("suspend", actor, user, reason, job_id=job_id, seen=seen)
    return _change(act, suspended_until=until, suspension_reason=reason, session_epoch=F("session_epoch") + 1)


def unsuspend(
    actor: Reader, user: User, reason: str = "", *, may: bool = False, job_id: str = "", seen: str | None = None
) -> User:
    """Let the member sign in again before the time; Conflict when they may, or for another suspension than was
    `seen`."""
    require(actor, user, reason, may, needs_reason=False)
    told = gettext_noop("You may sign in again.")
    act = Act("unsuspend", actor, user, reason.strip(), told, job_id=job_id, seen=seen)
    return _change(act, ends="suspended", suspended_until=None, suspension_reason="")


def end_sessions(actor: Reader, user: User, reason: str, *, may: bool = False) -> User:
    """Sign the member out everywhere at once; they may sign in again. The account as it is now."""
    reason = require(actor, user, reason, may)
    told = gettext_noop("A moderator has signed you out everywhere. The reason: %(reason)s")
    return _change(
        Act("end sessions", actor, user, reason, told, {"reason": reason}), session_epoch=F("session_epoch") + 1
    )


def set_trust(
    actor: Reader, user: User, level: User.Trust, reason: str, *, fixed: bool = True, may: bool = False
) -> User:
    """Give the member a level of trust by hand; `fixed` keeps it there whatever the member does."""
    reason = require(actor, user, reason, may)
    told = gettext_noop("A moderator has set your level of trust: you are now %(level)s.")
    act = Act("trust", actor, user, reason, told if level != user.trust else "", {"level": int(level)})
    return _change(act, trust=level, trust_fixed=fixed)


def _change(act: Act, ends: str = "", **changes: Any) -> User:
    """Store the changes of the account with the record of the act, see above; Conflict where what they end
    has ended already, or their actor has not seen what stands. Three Redis round trips."""
    with transaction.atomic():
        member: User = User.objects.select_for_update().get(pk=act.user.pk)
        if ends and not getattr(member, ends):
            raise Conflict(_(NOT_SO[ends]) % {"name": member.username})
        _refuse_unseen(act, member)
        before = _facts(member, changes)
        for name, value in changes.items():
            setattr(member, name, value)
        member.save(update_fields=list(changes))
        member.refresh_from_db(fields=list(changes))
        act.store(act.record(before, _facts(member, changes)))
    return member


def _refuse_unseen(act: Act, member: User) -> None:
    """Conflict, which says who did what, where another moderator was faster."""
    if act.seen is None or act.seen == mark(member, SANCTION[act.kind]):
        return
    same = [kind for kind, sanction in SANCTION.items() if sanction == SANCTION[act.kind]]
    latest = lateness.latest_act(user_subject(str(member.pk)), same)
    changed = _("This has changed since you looked at it, and nothing was done now.")
    raise Conflict(f"{changed} {latest}".strip())


def _facts(member: User, changes: Mapping[str, Any]) -> dict[str, Any]:
    """What the record says of the account; the reason has a place of its own there, the epoch tells nobody anything."""
    shown = {name: getattr(member, name) for name in changes if not name.endswith(("_reason", "_epoch"))}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in shown.items()}


def clear_profile(actor: Reader, user: User, reason: str, *, may: bool = False) -> User:
    """Take off the member's page all that they wrote there, and their picture; the log keeps what they wrote. The
    account as it is now."""
    reason = require(actor, user, reason, may)
    told = gettext_noop("A moderator has cleared your profile. The reason: %(reason)s")
    act = Act("clear profile", actor, user, reason, told, {"reason": reason})
    empty = dict.fromkeys((*PROFILE, "avatar"), "")
    if not user.avatar:
        return _change(act, **empty)
    # Every page that shows the member shows the picture.
    old = user.avatar
    with invalidating(tags.SITE, when=transaction.on_commit):
        cleared = _change(act, **empty)
    transaction.on_commit(lambda: remove_file(old))
    return cleared


# -- Who may --------------------------------------------------------------------------------------


def require(actor: Reader, user: User, reason: str, may: bool, needs_reason: bool = True) -> str:
    """Raise what keeps the actor from doing this to the member; the reason without blanks around it.

    `may` says that the actor has Django's permission forum.moderate_user.
    """
    if refusal := why_not(actor, user, may):
        raise NotAllowed(refusal)
    reason = reason.strip()
    if needs_reason and len(reason) < LEAST_REASON:
        raise BadRequest(_("Please say why: at least three characters."))
    if len(reason) > MOST_REASON:
        raise BadRequest(_("Please say it in at most %(most)s characters.") % {"most": MOST_REASON})
    return reason


def why_not(actor: Reader, user: User, may: bool) -> str:
    """Why the actor may do nothing to this member, as a sentence; "" if they may. Up to three SQL queries."""
    if not (may or actor.moderates_all):
        return _("Only moderators may do this.")
    if actor.id == str(user.pk):
        return _("You cannot do this to yourself.")
    if user.is_superuser:
        return _("This member is an administrator, whom moderators cannot warn, silence or suspend.")
    if is_moderator(user) and not User.objects.filter(pk=actor.id or None, is_superuser=True).exists():
        return _("This member is a moderator, too: only an administrator can do this.")
    return ""


def is_moderator(user: User) -> bool:
    """Whether the member moderates anything, or is staff."""
    return user.is_staff or Forum.objects.filter(moderator_groups__in=user.group_ids).exists()


def require_future(until: datetime) -> None:
    if until <= timezone.now():
        raise BadRequest(_("Please name a moment that is still to come."))
