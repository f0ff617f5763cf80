"""Names that members may take, and the forms of the account pages that are ours; the rest is allauth's.

How often somebody may try to sign in is allauth's too (ACCOUNT_RATE_LIMITS), counted in the default
cache under the client's address, which is REMOTE_ADDR unless ALLAUTH_TRUSTED_PROXY_COUNT says how
many proxies stand in front.
"""

import re
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter, get_adapter
from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, QueryDict

from .errors import Conflict
from .models import User

USERNAME_LEAST = 3
USERNAME_MOST = 30

_USERNAME = re.compile(f"[A-Za-z0-9][A-Za-z0-9._-]{{{USERNAME_LEAST - 1},{USERNAME_MOST - 1}}}")
_SEPARATORS = re.compile("[._-]")
# What `actions.members.close_account` calls the accounts that are gone.
_CLOSED = re.compile("closed-?[0-9]+")
# Names that would speak for the site, or pass for a part of it.
RESERVED = frozenset(
    """
    account accounts admin administrator administrators admins anonymous api bot deleted everybody everyone
    feedback forum forumposts forums guest help here hostmaster info login logout mail me member members mod
    moderation moderator moderators mods new nobody noreply null official owner postmaster register reply root
    search security settings signup site staff superuser support sysadmin sysop system team undefined unknown user
    users webmaster
    """.split()  # noqa: SIM905 - as a list it would be sixty lines
)

SHAPE = (
    f"{USERNAME_LEAST} to {USERNAME_MOST} characters: letters from a to z, digits, dots, hyphens and underscores; "
    "the first is a letter or a digit."
)


def is_reserved(username: str) -> bool:
    """Whether a name would pass for the site's own, with or without dots, hyphens and underscores in it."""
    name = username.lower()
    return _SEPARATORS.sub("", name) in RESERVED or _CLOSED.fullmatch(name) is not None


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """allauth's rules with our own for usernames."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_blacklisted": "This name is kept for the site itself. Please choose another.",
        "username_taken": "Somebody has this name already, perhaps in capital letters. Please choose another.",
        "too_many_login_attempts": "Too many failed attempts. Please wait five minutes and try again.",
    }

    def clean_username(self, username: str, shallow: bool = False) -> str:
        """The name if a member may take it; `shallow` does not ask whether somebody has."""
        if not _USERNAME.fullmatch(username):
            raise ValidationError(f"Use {SHAPE}", code="invalid")
        if is_reserved(username):
            raise self.validation_error("username_blacklisted")
        cleaned: str = super().clean_username(username, shallow)
        return cleaned

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Save a new member; Conflict when somebody else took the name since the form was checked."""
        try:
            with transaction.atomic():
                saved: User = super().save_user(request, user, form, commit)
                return saved
        except IntegrityError:
            raise Conflict("Somebody took this name a moment ago. Please go back and choose another.") from None


class UsernameForm(forms.Form):
    """A member's new name."""

    username = forms.CharField(
        label="New username",
        help_text=SHAPE,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def __init__(self, data: QueryDict | None = None, *, user: User) -> None:
        super().__init__(data, initial={"username": user.username})
        self.user = user

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        if username == self.user.username:
            raise ValidationError("This is your username now.", code="same")
        # Another capitalisation of one's own name is taken, but by oneself.
        own = username.lower() == self.user.username.lower()
        cleaned: str = get_adapter().clean_username(username, shallow=own)
        return cleaned


class CloseAccountForm(forms.Form):
    """The password again, so that an open browser is not enough to close an account."""

    password = forms.CharField(
        label="Your password", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def __init__(self, data: QueryDict | None = None, *, user: User) -> None:
        super().__init__(data)
        self.user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        # This counts as an attempt to sign in, so it cannot be used to guess passwords either.
        if not get_adapter().reauthenticate(self.user, password):
            raise get_adapter().validation_error("incorrect_password")
        return password


def is_last_superuser(user: User) -> bool:
    """Whether nobody could administer the forum without this member."""
    superusers = User.objects.filter(is_superuser=True, is_active=True)
    return user.is_superuser and not superusers.exclude(pk=user.pk).exists()
