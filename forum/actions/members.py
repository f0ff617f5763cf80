"""What members do to their own accounts, and is seen on pages."""

import secrets
from collections.abc import Mapping
from contextlib import suppress
from itertools import chain, count
from typing import IO, Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import transaction

from forum import images, jobs
from forum.cache import presence
from forum.models import PROFILE, ApiToken, Delivery, FormerName, Job, User
from forum.permissions import Reader
from forum.redis import Down

from . import leaving, pace, picturing
from .avatars import replace
from .defining import change_definitions


def change_username(user: User, username: str) -> None:
    """Give a member another name; every page that shows the old one becomes stale. The old one stays theirs."""
    old, user.username = user.username, username

    def change() -> None:
        with transaction.atomic():
            user.save(update_fields=["username"])
            keep_former_name(user, old)

    change_definitions(change)


def keep_former_name(user: User, old: str) -> None:
    """Have the name lead to the member that they had until now."""
    FormerName.objects.filter(name=user.username.lower()).delete()
    if old.lower() != user.username.lower():
        FormerName.objects.update_or_create(name=old.lower(), defaults={"user": user})


def change_time_zone(user: User, name: str) -> None:
    """Show times to the member in the zone of this name; "": wherever their browser is."""
    user.time_zone = name
    user.save(update_fields=["time_zone"])


def change_profile(user: User, profile: Mapping[str, Any]) -> None:
    """Store what the member says of themselves: their page becomes stale, and no other."""
    for name in (*PROFILE, "hides_online"):
        setattr(user, name, profile[name])
    user.save(update_fields=[*PROFILE, "hides_online"])
    if user.hides_online:
        with suppress(Down):
            presence.hide(str(user.pk))


def change_avatar(reader: Reader, user: User, file: IO[bytes], size: int) -> None:
    """Give a member a picture; every page that shows them becomes stale. Refused, TooLarge or Throttled."""
    picturing.require_sending(reader)
    images.refuse(file, size)
    pace.take("avatars", reader, secrets.token_hex(8))
    picture = images.read_avatar(file, size)
    name = picture.new_name()
    images.store(images.AVATARS, name, picture.content)
    replace(user, name)


def remove_avatar(user: User) -> None:
    """The letter comes back."""
    if user.avatar:
        replace(user, "")


def close_account(user: User, posts: str = leaving.KEEP) -> Job:
    """Close an account for good: the name is freed, personal data removed, posts stay without a name, or
    whatever else `posts` says. The job that does the rest is noted with the closing or not at all.

    Sessions end by themselves: the password they were opened with is gone.
    """
    noted: list[Job] = []

    def close() -> None:
        with transaction.atomic():
            noted[:] = [leaving.start_leaving(user, posts)]
            EmailAddress.objects.filter(user=user).delete()
            Authenticator.objects.filter(user=user).delete()
            remove_avatar(user)
            ApiToken.objects.filter(user=user).delete()
            FormerName.objects.filter(user=user).delete()
            Delivery.objects.filter(member_id=str(user.pk)).delete()
            user.username = _free_name(f"closed-{user.pk}")
            user.email = user.first_name = user.last_name = ""
            user.about = user.location = user.pronouns = user.website = user.language = ""
            user.is_active = user.is_staff = user.is_superuser = False
            user.set_unusable_password()
            user.save()
            user.groups.clear()
            user.user_permissions.clear()

    change_definitions(close)
    return jobs.run(noted[0].pk, jobs.REQUEST_SECONDS)


def _free_name(name: str) -> str:
    """The name, or the first one made of it that nobody has: nobody signs up so, but old data may hold it."""
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(each for each in names if not User.objects.filter(username__iexact=each).exists())
