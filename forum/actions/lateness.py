"""What moderators are told whose act comes too late: how it is now, who was faster, and why."""

from collections.abc import Container

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from forum import links, reasons
from forum.errors import Conflict
from forum.tables import moderation
from forum.tables.posts import Post
from forum.tables.threads import Thread

_DID = {
    "edit": gettext_noop("%(name)s has edited it"),
    "hide": gettext_noop("%(name)s has hidden it"),
    "show": gettext_noop("%(name)s has shown it again"),
    "delete": gettext_noop("%(name)s has deleted it"),
    "undelete": gettext_noop("%(name)s has brought it back"),
    "purge": gettext_noop("%(name)s has deleted it for good"),
    "lock": gettext_noop("%(name)s has locked it"),
    "unlock": gettext_noop("%(name)s has unlocked it"),
    "pin": gettext_noop("%(name)s has pinned it"),
    "unpin": gettext_noop("%(name)s has unpinned it"),
    "archive": gettext_noop("%(name)s has archived it"),
    "unarchive": gettext_noop("%(name)s has taken it out of the archive"),
    "rename": gettext_noop("%(name)s has renamed it"),
    "move": gettext_noop("%(name)s has moved it"),
    "split": gettext_noop("%(name)s has split it"),
    "merge": gettext_noop("%(name)s has merged it"),
    "silence": gettext_noop("%(name)s has silenced the member"),
    "unsilence": gettext_noop("%(name)s has ended the silence"),
    "suspend": gettext_noop("%(name)s has suspended the member"),
    "unsuspend": gettext_noop("%(name)s has ended the suspension"),
}


def too_late(subject: str, state: str, head: Thread, post: Post | None = None) -> Conflict:
    """What a moderator is told who was not the first: how it is now, and by whom."""
    way = (_("Back to the forum"), links.forum(head.forum))
    if not head.deleted:
        way = (_("Back to the thread"), links.place(head, int(post.number) if post else 1))
    return Conflict(f"{state} {latest_act(subject)}".strip(), [way])


def latest_act(subject: str, kinds: Container[str] = _DID) -> str:
    """A sentence on the latest act of these kinds: "mod has hidden it: Spam"; "" where there is none."""
    for record in moderation.list_records(subject, 10):
        kind = record.kind.removesuffix(" thread")
        if kind in kinds and (did := _DID.get(kind)):
            act = _(did) % {"name": name_of(record.user_id)}
            why = {"act": act, "reason": reasons.shown(record.reason)}
            return _("%(act)s: %(reason)s") % why if record.reason else _("%(act)s.") % why
    return ""


def name_of(user_id: str) -> str:
    if not user_id:
        return _("The forum")
    return get_user_model().objects.filter(pk=user_id).values_list("username", flat=True).first() or _("Somebody")
