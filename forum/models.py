"""What lives in the relational database: members' accounts and the definitions of forums.

Posts and threads are not here: they live in DynamoDB, see `forum.tables`.
"""

from contextlib import ExitStack
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, Group, UserManager
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models, transaction
from django.db.models.functions import Lower
from django.db.models.signals import m2m_changed, post_delete, pre_delete
from django.dispatch import Signal, receiver
from django.urls import reverse
from django.utils.functional import cached_property

from .cache import tags
from .cache.intents import invalidating
from .tables.keys import FORUM_NAME, MAX_SHARDS


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


class User(AbstractUser):
    """A member. Posts name their author by `str(user.pk)`, so that a member can change name.

    Web servers keep accounts in memory (`forum.readers`), so every change of one renews its tag.
    """

    objects: ClassVar[Members] = Members()

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(Lower("username"), name="username_unique_in_any_case"),
        ]

    def save(self, *arguments: Any, **options: Any) -> None:
        if self._state.adding:
            return super().save(*arguments, **options)
        with invalidating(tags.account(self.pk), when=transaction.on_commit):
            super().save(*arguments, **options)

    def delete(self, *arguments: Any, **options: Any) -> tuple[int, dict[str, int]]:
        with invalidating(tags.account(self.pk), when=transaction.on_commit):
            return super().delete(*arguments, **options)

    def clean(self) -> None:
        super().clean()
        self.email = Members.normalize_email(self.email)

    @cached_property
    def group_ids(self) -> frozenset[int]:
        """The groups the member is in, asked once for each request (each has its own user object)."""
        return frozenset(self.groups.values_list("pk", flat=True))

    def get_absolute_url(self) -> str:
        return reverse("member", args=[self.username])


@receiver(m2m_changed, sender=User.groups.through)
def renew_accounts(
    action: str, instance: User | Group, reverse: bool, pk_set: set[int] | None, **others: object
) -> None:
    """Around a change of who is in which group, seen from either side: the intent before, the new generation after."""
    if action.startswith("pre_"):
        members = pk_set if reverse else {instance.pk}
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
        PUBLIC = "public", "Everybody"
        MEMBERS = "members", "All signed-in members"
        GROUPS = "groups", "Only the groups below"

    class PostAccess(models.TextChoices):
        MEMBERS = "members", "All members who may read"
        GROUPS = "groups", "Only the groups below"
        STAFF = "staff", "Only staff"

    name = models.CharField(
        max_length=50,
        unique=True,
        validators=[RegexValidator(f"^{FORUM_NAME}$", "Use 2 to 50 lower-case letters, digits and hyphens.")],
        help_text="The partition key of its posts and its place in URLs; it cannot be changed later.",
    )
    title = models.CharField(max_length=80)
    description = models.CharField(max_length=300, blank=True)
    order = models.PositiveSmallIntegerField(default=100, help_text="Smaller numbers come first.")
    read_access = models.CharField(max_length=10, choices=ReadAccess.choices, default=ReadAccess.PUBLIC)
    read_groups = models.ManyToManyField(Group, blank=True, related_name="+")
    post_access = models.CharField(max_length=10, choices=PostAccess.choices, default=PostAccess.MEMBERS)
    post_groups = models.ManyToManyField(Group, blank=True, related_name="+")
    archived = models.BooleanField(default=False, help_text="Readable, but closed to new posts and edits.")
    shards = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_SHARDS)],
        help_text="How many partitions take its new threads. It can grow at any time and never shrink.",
    )

    class Meta:
        ordering = ["order", "name"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("forum", args=[self.name])
