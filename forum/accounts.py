"""Names that members may take, and the forms of the account pages that are ours; the rest is allauth's.

How often somebody may try to sign in is allauth's too (ACCOUNT_RATE_LIMITS), counted in the default
cache under the client's address, which is REMOTE_ADDR unless ALLAUTH_TRUSTED_PROXY_COUNT says how
many proxies stand in front.
"""

import logging
import re
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter, get_adapter
from allauth.account.app_settings import EMAIL_MAX_LENGTH
from allauth.account.forms import LoginForm
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import zones
from .errors import Conflict, Suspended
from .forms import LineField
from .models import FormerName, User
from .permissions import suspension_in_words
from .programs import READ, SCOPES

log = logging.getLogger(__name__)

USERNAME_LEAST = 3
USERNAME_MOST = 30

_USERNAME = re.compile(f"[A-Za-z0-9][A-Za-z0-9._-]{{{USERNAME_LEAST - 1},{USERNAME_MOST - 1}}}")
_SEPARATORS = re.compile("[._-]")
# What `actions.members.close_account` calls the accounts that are gone.
_CLOSED = re.compile("closed-?[0-9]+(-[0-9]+)?")
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


def _shape() -> str:
    return _(
        "%(least)d to %(most)d characters: letters from a to z, digits, dots, hyphens and underscores; "
        "the first is a letter or a digit."
    ) % {"least": USERNAME_LEAST, "most": USERNAME_MOST}


SHAPE = lazy(_shape, str)()


def is_reserved(username: str) -> bool:
    """Whether a name would pass for the site's own, with or without dots, hyphens and underscores in it."""
    name = username.lower()
    return _SEPARATORS.sub("", name) in RESERVED or _CLOSED.fullmatch(name) is not None


def is_own(user: User, name: str) -> bool:
    """Whether a name is taken, but by the member: it is theirs in other capitals, or was. One SQL query at most."""
    name = name.lower()
    return name == user.username.lower() or user.former_names.filter(name=name).exists()


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """allauth's rules with our own for usernames."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_blacklisted": gettext_lazy("This name is kept for the site itself. Please choose another."),
        "username_taken": gettext_lazy(
            "Somebody has this name already, perhaps in capital letters. Please choose another."
        ),
        "too_many_login_attempts": gettext_lazy("Too many failed attempts. Please wait five minutes and try again."),
    }

    def clean_username(self, username: str, shallow: bool = False) -> str:
        """The name if a member may take it; `shallow` does not ask whether somebody has."""
        if not _USERNAME.fullmatch(username):
            raise ValidationError(_("Use %(shape)s") % {"shape": SHAPE}, code="invalid")
        if is_reserved(username):
            raise self.validation_error("username_blacklisted")
        if not shallow and FormerName.objects.filter(name=username.lower()).exists():
            raise self.validation_error("username_taken")
        cleaned: str = super().clean_username(username, shallow)
        return cleaned

    def pre_login(self, request: HttpRequest, user: User, **options: Any) -> HttpResponse | None:
        """Before a second factor is asked for, or a mail sent to confirm an address."""
        refuse_suspended(user)
        response: HttpResponse | None = super().pre_login(request, user, **options)
        return response

    def login(self, request: HttpRequest, user: User) -> None:
        """The one door that every way of signing in leads to, the password just given or not.

        Should the suspension come between this and the session, the session is of no use: it is opened with
        the epoch of the account as it was read before, which the suspension has raised.
        """
        refuse_suspended(user)
        super().login(request, user)

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Tell of a change to the account. It has been made, and stands although a mail server is away."""
        try:
            super().send_notification_mail(template_prefix, user, context, email)
        except OSError:
            log.exception("A member could not be told of a change to their account (%s).", template_prefix)

    def set_password(self, user: User, password: str) -> None:
        """The password alone is stored, lest a sanction that comes at this moment be overwritten."""
        user.set_password(password)
        user.save(update_fields=["password"])

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Save a new member; Conflict when somebody else took the name since the form was checked."""
        try:
            with transaction.atomic():
                saved: User = super().save_user(request, user, form, commit)
                return saved
        except IntegrityError:
            raise Conflict(_("Somebody took this name a moment ago. Please go back and choose another.")) from None


# What becomes of the posts of an account that is closed; see `actions.leaving`.
POSTS_OF_THE_CLOSED = [
    (
        "keep",
        gettext_lazy("Keep them. They stay where they are, by a “former member”, without a link to you."),
    ),
    (
        "anonymise",
        gettext_lazy(
            "Anonymise them. They stay, and nothing stored with them tells any more that they are from one person, "
            "except within a thread. What you wrote about yourself, and what others quoted, stays too."
        ),
    ),
    (
        "delete",
        gettext_lazy(
            "Delete them. Their texts are gone for good; after 30 days nobody can look them up any more. "
            "Threads go too if nobody else has replied; of others the title stays."
        ),
    ),
]


class SignInForm(LoginForm):  # type: ignore[misc]
    """allauth's own looks up a name of any length, which is more than SQLite's LIKE takes."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["login"].validators.append(MaxLengthValidator(EMAIL_MAX_LENGTH))


class UsernameForm(forms.Form):
    """A member's new name."""

    username = forms.CharField(
        label=gettext_lazy("New username"),
        help_text=SHAPE,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def __init__(self, data: QueryDict | None = None, *, user: User) -> None:
        super().__init__(data, initial={"username": user.username})
        self.user = user

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        if username == self.user.username:
            raise ValidationError(_("This is your username now."), code="same")
        cleaned: str = get_adapter().clean_username(username, shallow=is_own(self.user, username))
        return cleaned


def _zones() -> list[Any]:
    """All time zones, by the part of the world they are in."""
    of_region: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(zones.names() - {"UTC"}):
        region, place = name.split("/", 1)
        of_region.setdefault(region, []).append((name, place.replace("_", " ").replace("/", ": ")))
    return [("", _("As my device says")), ("UTC", "UTC"), *of_region.items()]


class TimeZoneForm(forms.Form):
    """In which time zone a member sees times."""

    zone = forms.ChoiceField(label=gettext_lazy("Time zone"), choices=_zones, required=False)


class PasswordForm(forms.Form):
    """Asks for the password again, so that an open browser is not enough."""

    password = forms.CharField(
        label=gettext_lazy("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
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


class CloseAccountForm(PasswordForm):
    """What becomes of the posts."""

    posts = forms.ChoiceField(
        label=gettext_lazy("Your posts"), choices=POSTS_OF_THE_CLOSED, initial="keep", widget=forms.RadioSelect
    )
    field_order = ["posts", "password"]


class TokenForm(PasswordForm):
    """A new token for programs: what it is called, what it may do and for how long; 0 days are for ever."""

    name = LineField(
        noun="name",
        most=60,
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("What the token is for, so that you know it again."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"),
        choices=list(SCOPES.items()),
        initial=[READ],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Please choose at least one.")},
    )
    days = forms.ChoiceField(
        label=gettext_lazy("Ends after"),
        choices=[
            ("30", gettext_lazy("30 days")),
            ("90", gettext_lazy("90 days")),
            ("365", gettext_lazy("A year")),
            ("0", gettext_lazy("When I revoke it")),
        ],
        initial="90",
    )
    field_order = ["name", "scopes", "days", "password"]


def refuse_suspended(user: User) -> None:
    """Suspended, with until when and why, while nobody may sign in as this member."""
    if user.suspended and user.suspended_until is not None:
        with zones.shown_in(user.time_zone):
            raise Suspended(suspension_in_words(user.suspended_until, user.suspension_reason))


def choose_language(user: User, code: str) -> None:
    """Have mails to a member written in this language, or for "" in the site's."""
    if user.language != code:
        user.language = code
        user.save(update_fields=["language"])


def is_last_superuser(user: User) -> bool:
    """Whether nobody could administer the forum without this member."""
    superusers = User.objects.filter(is_superuser=True, is_active=True)
    return user.is_superuser and not superusers.exclude(pk=user.pk).exists()
