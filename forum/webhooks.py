"""Sending what is noted for webhooks: by `manage.py work`, signed, at most a little while after it happened.

A delivery is a POST of JSON with these headers, of which the signature is an HMAC-SHA256, with the webhook's secret,
of the timestamp, a dot and the body::

    X-Forum-Event: post.created
    X-Forum-Delivery: 0f0e8a4c-…            the same for each try
    X-Forum-Timestamp: 1795600000
    X-Forum-Signature: sha256=5d41…

Any 2xx is success. What fails is tried again after a while, and all else that waits for this webhook waits with it, so
that an address that is down costs one try at a time. After WEBHOOK_DAYS of failing the webhook is stopped.
"""

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop

from forum import directory, outgoing
from forum.actions.defining import change_definitions
from forum.models import Delivery, Webhook
from forum.outgoing import Refused

log = logging.getLogger(__name__)

# A turn of the worker, which has other things to do.
TURN_SECONDS = 5.0
AT_ONCE = 20
# How long nobody else tries what somebody is trying.
LEASE = timedelta(seconds=60)
# After so many failures in a row: a minute, five, half an hour, two hours, and then every six.
PAUSES = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360)]
# How many deliveries of a webhook are kept for its operators to look at.
LOGGED = 100

Waiting = Delivery.Status.WAITING


def never() -> bool:
    return False


def deliver(stopping: Callable[[], bool] = never) -> int:
    """Send what is due, for some seconds; how many tries that were. One SQL query where nothing is."""
    until, tries = time.monotonic() + TURN_SECONDS, 0
    due = Delivery.objects.filter(status=Waiting, due__lte=timezone.now(), webhook__active=True)
    for delivery in due.select_related("webhook").order_by("due", "pk")[:AT_ONCE]:
        if stopping() or time.monotonic() >= until:
            break
        # What failed a moment ago has put off all else of its webhook.
        if _claim(delivery):
            _try(delivery)
            tries += 1
    return tries


def _claim(delivery: Delivery) -> bool:
    mine = Delivery.objects.filter(pk=delivery.pk, status=Waiting, due=delivery.due)
    return bool(mine.update(due=timezone.now() + LEASE, attempts=F("attempts") + 1))


def _try(delivery: Delivery) -> None:
    hook = delivery.webhook
    if not _may_be_told(delivery):
        return _note(delivery, Delivery.Status.FAILED, 0, gettext_noop("Its forum is not for everybody any more."))
    try:
        code, answer = outgoing.post(hook.url, _body(delivery), _headers(delivery))
    except Refused as refused:
        code, answer = 0, str(refused)
    if 200 <= code < 300:
        _note(delivery, Delivery.Status.DONE, code, answer)
        if hook.failing_since is not None:
            Webhook.objects.filter(pk=hook.pk).update(failures=0, failing_since=None)
        return
    _note(delivery, Waiting, code, answer)
    _failed(hook)


def _may_be_told(delivery: Delivery) -> bool:
    """Whether readers of the forums that it names are still those to whom this may be told. A forum that is gone tells
    nothing."""
    names = {delivery.forum, delivery.payload.get("forum"), delivery.payload.get("to_forum")} - {"", None}
    forums = directory.load().forums if names else {}
    return all(name in forums and (forums[name].public or delivery.webhook.private) for name in names)


def _body(delivery: Delivery) -> bytes:
    return json.dumps(delivery.payload, sort_keys=True).encode()


def _headers(delivery: Delivery) -> dict[str, str]:
    moment = str(int(time.time()))
    return {
        "Content-Type": "application/json",
        "User-Agent": "ForumPosts-Webhook",
        "X-Forum-Event": delivery.event,
        "X-Forum-Delivery": str(delivery.uid),
        "X-Forum-Timestamp": moment,
        "X-Forum-Signature": f"sha256={signature(delivery.webhook.secret, moment, _body(delivery))}",
    }


def signature(secret: str, moment: str, body: bytes) -> str:
    return hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()


def _note(delivery: Delivery, status: str, code: int, answer: str) -> None:
    # What another server says can hold anything, also where it is no HTTP; PostgreSQL keeps no NUL.
    said = answer.replace("\x00", "")[:300]
    Delivery.objects.filter(pk=delivery.pk).update(status=status, code=code, answer=said)


def _failed(hook: Webhook) -> None:
    """Put off all that waits for this webhook; stop it where it has failed for days."""
    now = timezone.now()
    since = hook.failing_since or now
    pause = PAUSES[min(hook.failures, len(PAUSES) - 1)]
    Webhook.objects.filter(pk=hook.pk).update(failures=F("failures") + 1, failing_since=since)
    Delivery.objects.filter(webhook=hook, status=Waiting, due__lt=now + pause).update(due=now + pause)
    if now - since >= timedelta(days=settings.WEBHOOK_DAYS):
        said = f"Stopped on {now:%d %B %Y}: nothing could be delivered since {since:%d %B %Y, %H:%M} UTC."
        log.warning("Webhook %s: %s", hook.pk, said)
        change_definitions(lambda: _stop(hook, said))


def _stop(hook: Webhook, said: str) -> None:
    Webhook.objects.filter(pk=hook.pk).update(active=False, stopped=said)
    Delivery.objects.filter(webhook=hook, status=Waiting).update(status=Delivery.Status.FAILED)


def tidy() -> None:
    """Forget all but the newest deliveries of each webhook, save what waits."""
    for hook in Webhook.objects.all():
        over = hook.deliveries.exclude(status=Waiting).values_list("pk", flat=True)
        if oldest := over[LOGGED : LOGGED + 1]:
            hook.deliveries.exclude(status=Waiting).filter(pk__lte=oldest[0]).delete()
