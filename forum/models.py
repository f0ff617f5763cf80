"""What lives in the relational database: members' accounts and the definitions of forums.

Posts and threads are not here: they live in DynamoDB, see `forum.tables`.
"""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser, Group, UserManager
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.functional import cached_property

from .tables.keys import FORUM_NAME, MAX_SHARDS


class Members(UserManager["User"]):
    """Members; their e-mail addresses are kept in small letters, which is how sign-in looks them up."""

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        return (email or "").strip().lower()


class User(AbstractUser):
    """A member. Posts name their author by `str(user.pk)`, so that a member can change name."""

    objects: ClassVar[Members] = Members()

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(Lower("username"), name="username_unique_in_any_case"),
        ]

    def clean(self) -> None:
        super().clean()
        self.email = Members.normalize_email(self.email)

    @cached_property
    def group_ids(self) -> frozenset[int]:
        """The groups the member is in, asked once for each request (each has its own user object)."""
        return frozenset(self.groups.values_list("pk", flat=True))

    def get_absolute_url(self) -> str:
        return reverse("member", args=[self.username])


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
