"""What happened, noted for the webhooks that want to know. A worker sends it (`forum.webhooks`).

Noting is one SQL statement where any webhook wants it, and nothing where none does: each process knows the webhooks
under the generation of the tag `site`, which every change of one renews. What is noted is where to look, not what
stands there: whoever is told reads it by the API, as it is then and if they may.

Noting never fails what it tells of. An event is lost where the process dies between the two.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import DatabaseError, transaction
from django.utils import timezone

from forum import directory, links
from forum.models import Delivery, User, Webhook
from forum.permissions import ForumRules, Reader
from forum.tables.posts import Post
from forum.tables.threads import Thread

log = logging.getLogger(__name__)

THREAD_CREATED, POST_CREATED, POST_EDITED = "thread.created", "post.created", "post.edited"
POST_DELETED, POST_RESTORED = "post.deleted", "post.restored"
REPORT_OPENED, MEMBER_JOINED = "report.opened", "member.joined"
# What moderators do to posts, as what it is told.
ACTS = {
    "hide": POST_DELETED,
    "delete": POST_DELETED,
    "purge": POST_DELETED,
    "show": POST_RESTORED,
    "undelete": POST_RESTORED,
}


@dataclass(frozen=True, slots=True)
class Hook:
    """What of a webhook decides whether it is told."""

    pk: int
    events: frozenset[str]
    forums: frozenset[str]
    private: bool

    def wants(self, event: str, forum: ForumRules | None) -> bool:
        return event in self.events and (forum is None or self.knows(forum) and self.asks_for(forum))

    def knows(self, forum: ForumRules) -> bool:
        return forum.public or self.private

    def asks_for(self, forum: ForumRules) -> bool:
        return not self.forums or forum.name in self.forums


_kept: tuple[str, list[Hook]] | None = None


def hooks() -> list[Hook]:
    """The active webhooks. Two SQL queries after a change, or while Redis is down."""
    global _kept
    generation = directory.kept().generation
    if _kept is None or not generation or _kept[0] != generation:
        _kept = generation, list(_read())
    return _kept[1]


def _read() -> Iterator[Hook]:
    for hook in Webhook.objects.filter(active=True).prefetch_related("forums"):
        names = frozenset(forum.name for forum in hook.forums.all())
        yield Hook(hook.pk, frozenset(hook.events), names, hook.private)


def happened(event: str, key: str, forum: ForumRules | None, facts: dict[str, Any], member_id: str = "") -> None:
    """Note an event for whoever wants it. `key` is the same where the same is told once more,
    `member_id` whom it names. Never fails."""
    try:
        note(event, key, {hook.pk: facts for hook in hooks() if hook.wants(event, forum)}, forum, member_id)
    except DatabaseError as error:
        log.warning("Webhooks were not told of %s: %s", event, error)


def note(event: str, key: str, told: dict[int, dict[str, Any]], forum: ForumRules | None, member_id: str) -> None:
    """Note for each of these webhooks what it is told. One SQL statement, none for no webhook."""
    if not told:
        return
    head = {"event": event, "time": datetime.now(UTC).isoformat()}
    named = {"key": f"{event} {key}"[:120], "event": event, "forum": forum.name if forum else ""}
    rows = [
        Delivery(webhook_id=pk, payload={**head, **facts}, member_id=member_id, **named) for pk, facts in told.items()
    ]
    with transaction.atomic():
        Delivery.objects.bulk_create(rows, ignore_conflicts=True)


def of_post(event: str, reader: Reader, forum: ForumRules, head: Thread, number: int, about: str = "") -> None:
    """Something happened to a post, done by `reader`; `about` tells it from what happened to the same post before."""
    facts = {
        "forum": forum.name,
        "thread": head.id,
        "title": head.title,
        "number": number,
        "url": links.absolute(links.post(head.id, number)),
        "by": reader.name,
    }
    happened(event, f"{head.id}/{number} {about}", forum, facts, reader.id)


def of_new_post(author: Reader, forum: ForumRules, head: Thread, number: int) -> None:
    """A post has been stored, and with the first one a thread."""
    if number == 1:
        of_post(THREAD_CREATED, author, forum, head, number)
    of_post(POST_CREATED, author, forum, head, number)


def of_act(kind: str, reader: Reader, forum: ForumRules, head: Thread, post: Post) -> None:
    """A moderator, or a rule, has done this to a post."""
    if kind in ACTS:
        of_post(ACTS[kind], reader, forum, head, int(post.number), f"{kind} {int(post.revision)}")


def of_member(user: User) -> None:
    happened(MEMBER_JOINED, str(user.pk), None, {"member": user.username, "url": _url(user)}, str(user.pk))


def _url(user: User) -> str:
    return links.absolute(links.member(user.username))


def send_again(deliveries: list[Delivery]) -> int:
    """Have these tried again at once, delivered or not; how many that are. Those of webhooks that are off wait."""
    pks = [delivery.pk for delivery in deliveries]
    waiting = {"status": Delivery.Status.WAITING, "due": timezone.now(), "attempts": 0}
    return Delivery.objects.filter(pk__in=pks).update(**waiting)


def forget() -> None:
    """Read the webhooks again (tests)."""
    global _kept
    _kept = None
