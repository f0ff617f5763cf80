"""What members do to their own accounts, and is seen on pages."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import transaction

from forum.models import User

from .defining import change_definitions


def change_username(user: User, username: str) -> None:
    """Give a member another name; every page that shows the old one becomes stale."""
    user.username = username
    change_definitions(lambda: user.save(update_fields=["username"]))


def close_account(user: User) -> None:
    """Close an account for good: the name is freed, personal data removed, posts stay without a name.

    Sessions end by themselves: the password they were opened with is gone.
    """

    def close() -> None:
        with transaction.atomic():
            EmailAddress.objects.filter(user=user).delete()
            Authenticator.objects.filter(user=user).delete()
            user.username = f"closed-{user.pk}"
            user.email = user.first_name = user.last_name = ""
            user.is_active = user.is_staff = user.is_superuser = False
            user.set_unusable_password()
            user.save()
            user.groups.clear()
            user.user_permissions.clear()

    change_definitions(close)
