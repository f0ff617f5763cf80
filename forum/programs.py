"""What lives in the relational database for programs: the tokens with which they come, and where they are told.

`forum.models` has these models too, which is where Django and all others look for them.
"""

import secrets
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

READ, WRITE, MODERATE = "read", "write", "moderate"
SCOPES = {
    READ: _("Read whatever you can read"),
    WRITE: _("Post, edit, like, bookmark and watch in your name"),
    MODERATE: _("Moderate where you are a moderator"),
}


class ApiToken(models.Model):
    """A member's token for programs. Only a digest of it is stored; who made it was shown it once.

    `scopes` are words of SCOPES with spaces between; `last_used` is some minutes late, and to the hour.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.CharField(max_length=60)
    created = models.DateTimeField(auto_now_add=True)
    last_used = models.DateTimeField(null=True, blank=True)
    expires = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "forum"
        ordering = ["-created", "-pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def expired(self) -> bool:
        return self.expires is not None and self.expires <= timezone.now()


def new_secret() -> str:
    return secrets.token_urlsafe(32)


class Webhook(models.Model):
    """An address that is told what happens. Whoever gets a delivery knows by the secret that it is from here.

    `failures` is how many tries in a row failed since `failing_since`; `stopped` says why nothing is sent any more.
    """

    EVENTS = {
        "thread.created": _("A thread is started"),
        "post.created": _("A post is written, also the first of a thread"),
        "post.edited": _("A post is edited"),
        "post.deleted": _("A post is deleted, hidden or removed for good"),
        "post.restored": _("A post can be read again"),
        "posts.deleted": _("Posts of a member are hidden all at once"),
        "posts.restored": _("These can be read again"),
        "thread.moved": _("A thread is moved to another forum"),
        "thread.split": _("Posts are split off a thread"),
        "thread.merged": _("A thread is merged into another"),
        "report.opened": _("A member reports a post"),
        "member.joined": _("Somebody signs up"),
    }

    name = models.CharField(_("name"), max_length=60)
    url = models.CharField(_("url"), max_length=500, help_text=_("Begins with https://. Redirects are not followed."))
    secret = models.CharField(
        _("secret"), max_length=100, default=new_secret, help_text=_("Signs what is sent. Keep it to both ends.")
    )
    events = models.JSONField(_("events"), default=list, help_text=_("What it is told of."))
    forums = models.ManyToManyField(
        "forum.Forum", verbose_name=_("forums"), blank=True, help_text=_("Of these alone; of all, if there is none.")
    )
    private = models.BooleanField(
        _("private"),
        default=False,
        help_text=_("Also of forums that not everybody may read. What is told leaves the forum's walls."),
    )
    active = models.BooleanField(_("active"), default=True)
    failures = models.PositiveIntegerField(default=0, editable=False)
    failing_since = models.DateTimeField(null=True, editable=False)
    stopped = models.CharField(max_length=200, blank=True, editable=False)

    class Meta:
        app_label = "forum"
        ordering = ["name", "pk"]
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """Something that a webhook is told, or is to be; `key` names what happened, so that it is told once."""

    class Status(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("delivery", "Waiting")
        DONE = "done", pgettext_lazy("delivery", "Delivered")
        FAILED = "failed", pgettext_lazy("delivery", "Given up")

    webhook = models.ForeignKey(Webhook, verbose_name=_("webhook"), on_delete=models.CASCADE, related_name="deliveries")
    uid = models.UUIDField(default=uuid4, editable=False)
    key = models.CharField(max_length=120)
    event = models.CharField(_("event"), max_length=40)
    forum = models.CharField(max_length=50, blank=True)
    # Whom it names, "" for nobody: it goes when they leave.
    member_id = models.CharField(max_length=20, blank=True, db_index=True)
    payload = models.JSONField()
    created = models.DateTimeField(_("created"), auto_now_add=True)
    due = models.DateTimeField(_("due"), default=timezone.now, db_index=True)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.WAITING, db_index=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    # What came of the last try: the HTTP status, 0 where there was none, and in words.
    code = models.PositiveSmallIntegerField(_("code"), default=0)
    answer = models.CharField(_("answer"), max_length=300, blank=True)

    class Meta:
        app_label = "forum"
        ordering = ["-pk"]
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [models.UniqueConstraint("webhook", "key", name="delivery_once")]

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook.name}"
