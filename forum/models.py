"""What lives in the relational database: members' accounts and the definitions of forums.

Posts and threads are not here: they live in DynamoDB, see `forum.tables`.
"""

from collections.abc import Collection
from contextlib import ExitStack
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, Group, Permission, UserManager
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models, transaction
from django.db.models import UniqueConstraint
from django.db.models.functions import Lower
from django.db.models.signals import m2m_changed, post_delete, pre_delete
from django.dispatch import Signal, receiver
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, pgettext_lazy

from .cache import tags
from .cache.intents import invalidating
from .programs import ApiToken as ApiToken
from .programs import Delivery as Delivery
from .programs import Webhook as Webhook
from .tables.keys import FORUM_NAME, MAX_SHARDS
from .uploads import Upload as Upload
from .uploads import UploadUse as UploadUse

# What stands on a member's page: whoever saves one of these renews it.
PROFILE = ("about", "location", "pronouns", "website")
SHOWN = frozenset([*PROFILE, "avatar", "hides_online", "username", "trust", "is_active"])
# The group that may do what moderators of all forums do.
MODERATORS = "Moderators"
_NAME = RegexValidator(
    "^[A-Za-z0-9][A-Za-z0-9._-]*\\Z",
    _("Use letters from a to z, digits, dots, hyphens and underscores; begin with a letter or a digit."),
)
_LISTED = _("This is in the list already, perhaps in capital letters.")
_TAKEN = _("Somebody has this name already, perhaps in capital letters. Please choose another.")


class MemberQuerySet(models.QuerySet["User"]):
    """Changes of many accounts at once: each process reads all accounts again."""

    def update(self, **values: Any) -> int:
        with invalidating(tags.SITE, when=transaction.on_commit):
            return super().update(**values)

    def delete(self) -> tuple[int, dict[str, int]]:
        with invalidating(tags.SITE, when=transaction.on_commit):
            return super().delete()


class Members(UserManager.from_queryset(MemberQuerySet)):  # type: ignore[misc]
    """Members; their e-mail addresses are kept in small letters, which is how sign-in looks them up."""

    # Migrations run before there is a Redis, and before anybody has read an account.
    use_in_migrations = False

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        return (email or "").strip().lower()

    def named(self, username: str) -> "User | None":
        """The open account of this name, however its letters are written, or that had it once. One SQL query, and
        another where nobody has it now."""
        found: User | None = self.filter(username__iexact=username, is_active=True).first()
        return found or self.filter(former_names__name=username.lower(), is_active=True).first()

    def of_names(self, names: Collection[str]) -> "dict[str, User]":
        """The same for several names in small letters, by name. One SQL query, and another where nobody has one now."""
        have = self.annotate(lower=Lower("username")).filter(lower__in=names, is_active=True).order_by("pk")
        found: dict[str, User] = {user.username.lower(): user for user in have}
        if missing := set(names) - found.keys():
            had = FormerName.objects.filter(name__in=missing, user__is_active=True).select_related("user")
            found |= {each.name: each.user for each in had}
        return found


class User(AbstractUser):
    """A member. Posts name their author by `str(user.pk)`, so that a member can change name.

    Web servers keep accounts in memory (`forum.readers`), so every change of one renews its tag.
    """

    class Trust(models.IntegerChoices):
        NEW = 0, pgettext_lazy("trust", "New")
        BASIC = 1, pgettext_lazy("trust", "Basic")
        MEMBER = 2, pgettext_lazy("trust", "Member")
        REGULAR = 3, pgettext_lazy("trust", "Regular")
        LEADER = 4, pgettext_lazy("trust", "Leader")

    # Django's takes letters of all scripts, by which names can pass for others. Sign-up takes fewer: see `accounts`.
    username = models.CharField(
        _("username"), max_length=150, unique=True, validators=[_NAME], error_messages={"unique": _TAKEN}
    )
    trust = models.PositiveSmallIntegerField(
        _("trust"),
        choices=Trust.choices,
        default=Trust.NEW,
        help_text=_("Rises with reading and posting; Leader is given by hand."),
    )
    trust_fixed = models.BooleanField(
        _("trust fixed"),
        default=False,
        help_text=_("The level was given by hand, and stays as it is whatever the member does."),
    )
    about = models.TextField(_("about"), max_length=500, blank=True, help_text=_("Markdown, on the member's page."))
    location = models.CharField(_("location"), max_length=60, blank=True)
    pronouns = models.CharField(_("pronouns"), max_length=30, blank=True)
    website = models.URLField(_("website"), max_length=200, blank=True)
    silenced_until = models.DateTimeField(
        _("silenced until"), null=True, blank=True, help_text=_("Until then the member may read only.")
    )
    silence_reason = models.CharField(
        _("silence reason"), max_length=500, blank=True, help_text=_("Shown to the member.")
    )
    suspended_until = models.DateTimeField(
        _("suspended until"), null=True, blank=True, help_text=_("Until then nobody can sign in.")
    )
    suspension_reason = models.CharField(
        _("suspension reason"), max_length=500, blank=True, help_text=_("Shown to whoever tries.")
    )
    language = models.CharField(
        _("language"), max_length=10, blank=True, help_text=_("That of mails to the member; empty: the site's.")
    )
    time_zone = models.CharField(
        _("time zone"), max_length=64, blank=True, help_text=_("Where it is empty, the browser's own.")
    )
    avatar = models.CharField(max_length=50, blank=True, editable=False)
    hides_online = models.BooleanField(
        _("hides online"), default=False, help_text=_("Nobody is shown whether the member is here now.")
    )
    session_epoch = models.PositiveIntegerField(default=0, editable=False)

    objects: ClassVar[Members] = Members()

    class Meta(AbstractUser.Meta):
        permissions = [
            ("moderate_user", gettext_noop("Can warn, silence and suspend members, and hide all they wrote")),
        ]
        constraints = [
            UniqueConstraint(Lower("username"), name="username_unique_in_any_case", violation_error_message=_TAKEN),
        ]

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What sessions are opened with: another password ends them all, and so does another epoch."""
        return f"{super()._get_session_auth_hash(secret)}{self.session_epoch or ''}"  # type: ignore[misc]

    def save(self, *arguments: Any, **options: Any) -> None:
        if self._state.adding:
            return super().save(*arguments, **options)
        saved = options.get("update_fields")
        shown = [] if saved is not None and SHOWN.isdisjoint(saved) else [tags.user(self.username)]
        with invalidating(tags.account(self.pk), *shown, when=transaction.on_commit):
            super().save(*arguments, **options)

    def delete(self, *arguments: Any, **options: Any) -> tuple[int, dict[str, int]]:
        with invalidating(tags.account(self.pk), when=transaction.on_commit):
            return super().delete(*arguments, **options)

    @property
    def silenced(self) -> bool:
        return self.silenced_until is not None and timezone.now() < self.silenced_until

    @property
    def suspended(self) -> bool:
        return self.suspended_until is not None and timezone.now() < self.suspended_until

    def clean(self) -> None:
        super().clean()
        self.email = Members.normalize_email(self.email)

    @cached_property
    def group_ids(self) -> frozenset[int]:
        """The groups the member is in, asked once for each request (each has its own user object)."""
        return frozenset(self.groups.values_list("pk", flat=True))

    def get_absolute_url(self) -> str:
        return reverse("member", args=[self.username])


class FormerName(models.Model):
    """A name, in small letters, that a member has given up. Mentions and quotations keep it, so nobody else may take
    it; it leads to the member."""

    name = models.CharField(max_length=150, primary_key=True)
    user = models.ForeignKey(User, models.CASCADE, related_name="former_names")

    class Meta:
        verbose_name = _("former name")
        verbose_name_plural = _("former names")

    def __str__(self) -> str:
        return self.name


@receiver(m2m_changed, sender=User.groups.through)
@receiver(m2m_changed, sender=User.user_permissions.through)
@receiver(m2m_changed, sender=Group.permissions.through)
def renew_accounts(
    sender: type[models.Model],
    action: str,
    instance: User | Group | Permission,
    reverse: bool,
    pk_set: set[int] | None,
    **others: object,
) -> None:
    """Around a change of who is in which group or has which right, seen from either side: the intent before,
    the new generation after."""
    if action.startswith("pre_"):
        of_group = sender is Group.permissions.through
        members = None if of_group else pk_set if reverse else {instance.pk}
        changed = [tags.account(pk) for pk in members] if members is not None else [tags.SITE]
        under_way = instance.__dict__.setdefault("_renewing", ExitStack())
        if changed:
            under_way.enter_context(invalidating(*changed, when=transaction.on_commit))
    else:
        instance.__dict__.pop("_renewing", ExitStack()).close()


@receiver(pre_delete, sender=Group)
@receiver(post_delete, sender=Group)
def renew_all_accounts(signal: Signal, instance: Group, **others: object) -> None:
    """Around the end of a group, which puts its members out of it without a word for each."""
    if signal is pre_delete:
        instance.__dict__["_renewing"] = under_way = ExitStack()
        under_way.enter_context(invalidating(tags.SITE, when=transaction.on_commit))
    else:
        instance.__dict__.pop("_renewing").close()


class Forum(models.Model):
    """A forum: what it is called, who may read and post, and over how many shards it is spread."""

    class ReadAccess(models.TextChoices):
        PUBLIC = "public", _("Everybody")
        MEMBERS = "members", _("All signed-in members")
        GROUPS = "groups", _("Only the groups below")

    class PostAccess(models.TextChoices):
        MEMBERS = "members", _("All members who may read")
        GROUPS = "groups", _("Only the groups below")
        STAFF = "staff", _("Only staff")

    name = models.CharField(
        _("name"),
        max_length=50,
        unique=True,
        validators=[RegexValidator(f"^{FORUM_NAME}$", _("Use 2 to 50 lower-case letters, digits and hyphens."))],
        help_text=_("The partition key of its posts and its place in URLs; it cannot be changed later."),
    )
    title = models.CharField(_("title"), max_length=80)
    description = models.CharField(_("description"), max_length=300, blank=True)
    order = models.PositiveSmallIntegerField(_("order"), default=100, help_text=_("Smaller numbers come first."))
    read_access = models.CharField(
        _("read access"), max_length=10, choices=ReadAccess.choices, default=ReadAccess.PUBLIC
    )
    read_groups = models.ManyToManyField(Group, verbose_name=_("read groups"), blank=True, related_name="+")
    post_access = models.CharField(
        _("post access"), max_length=10, choices=PostAccess.choices, default=PostAccess.MEMBERS
    )
    post_groups = models.ManyToManyField(Group, verbose_name=_("post groups"), blank=True, related_name="+")
    moderator_groups = models.ManyToManyField(
        Group,
        verbose_name=_("moderator groups"),
        blank=True,
        related_name="+",
        help_text=_("Their members moderate this forum, and need no other right."),
    )
    archived = models.BooleanField(
        _("archived"), default=False, help_text=_("Readable, but closed to new posts and edits.")
    )
    shards = models.PositiveSmallIntegerField(
        _("shards"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_SHARDS)],
        help_text=_("How many partitions take its new threads. It can grow at any time and never shrink."),
    )

    class Meta:
        ordering = ["order", "name"]
        verbose_name = _("forum")
        verbose_name_plural = _("forums")
        # Posts and threads are no models of Django's, so the rights to them stand here.
        permissions = [
            ("moderate_forum", gettext_noop("Can moderate every forum")),
            ("view_post", gettext_noop("Can view posts, threads and reports")),
            ("change_post", gettext_noop("Can edit, hide and restore posts and threads")),
            ("delete_post", gettext_noop("Can delete posts for good")),
            ("view_log", gettext_noop("Can view the log of moderation")),
            ("view_operations", gettext_noop("Can view operations: tables, caches, jobs")),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("forum", args=[self.name])


class BlockedText(models.Model):
    """A word, or a domain that links lead to, which posts may not hold."""

    class Kind(models.TextChoices):
        WORD = "word", _("Word or phrase")
        DOMAIN = "domain", _("Domain of links, with all below it")

    class Answer(models.TextChoices):
        REFUSE = "refuse", _("Refuse the post, and say why")
        APPROVE = "approve", _("Let it wait for approval")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.WORD)
    text = models.CharField(_("text"), max_length=200)
    answer = models.CharField(_("answer"), max_length=10, choices=Answer.choices, default=Answer.REFUSE)

    class Meta:
        ordering = ["kind", "text"]
        verbose_name = _("blocked word or domain")
        verbose_name_plural = _("blocked words and domains")
        constraints = [
            UniqueConstraint(Lower("text"), "kind", name="blocked_text_once", violation_error_message=_LISTED)
        ]

    def __str__(self) -> str:
        return self.text


class ThreadTag(models.Model):
    """That a thread has a tag: an index of the tags on the heads of threads, see `actions.tagging`.

    `listed` is whether readers are shown the thread. Who asks looks at the heads all the same.
    """

    tag = models.CharField(max_length=30)
    forum = models.CharField(max_length=50)
    thread_id = models.CharField(max_length=26, db_index=True)
    listed = models.BooleanField(default=True)

    class Meta:
        constraints = [UniqueConstraint("tag", "thread_id", name="thread_tag_once")]

    def __str__(self) -> str:
        return f"{self.tag} on {self.thread_id}"


class SitemapPart(models.Model):
    """Where a part of a forum's sitemap begins, the first aside: at a thread's id. See `actions.mapping`."""

    forum = models.CharField(max_length=50)
    shard = models.PositiveSmallIntegerField()
    first_id = models.CharField(max_length=26)

    class Meta:
        constraints = [UniqueConstraint("forum", "shard", "first_id", name="sitemap_part_once")]

    def __str__(self) -> str:
        return f"{self.forum}-{self.shard} from {self.first_id}"


class Job(models.Model):
    """Work too long for a request, done in steps that can be taken again; see `forum.jobs`."""

    class Status(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("job", "Waiting")
        RUNNING = "running", pgettext_lazy("job", "Running")
        STOPPED = "stopped", pgettext_lazy("job", "Stopped")
        DONE = "done", pgettext_lazy("job", "Done")
        FAILED = "failed", pgettext_lazy("job", "Failed")

    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=300)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING, db_index=True)
    # What the next step needs to know; how far it is stands in `done` and `total`, for people.
    state = models.JSONField(default=dict)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    message = models.CharField(max_length=500, blank=True)
    # Who asked, and whom it is about; "" for nobody.
    user_id = models.CharField(max_length=20, blank=True)
    member_id = models.CharField(max_length=20, blank=True, db_index=True)
    created = models.DateTimeField(auto_now_add=True)
    changed = models.DateTimeField(auto_now=True)
    # Whoever runs it writes its name here, and until when nobody else may; a dead runner's lease ends.
    runner = models.CharField(max_length=100, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created", "-pk"]

    def __str__(self) -> str:
        return self.title
