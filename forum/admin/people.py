"""Members in the admin; what moderators do to them is in `sanctions`."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.utils import filter_users_by_email
from allauth.mfa.admin import AuthenticatorAdmin
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group, Permission
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from forum.accounts import is_own
from forum.actions.members import keep_former_name
from forum.models import User
from forum.tables import members, posts

from .renewing import RenewingAdmin


class StandingFilter(admin.SimpleListFilter):
    """Who is silenced or suspended at this moment."""

    title = gettext_lazy("standing")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("silenced", _("Silenced")), ("suspended", _("Suspended"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        chosen = self.value()
        return queryset.filter(**{f"{chosen}_until__gt": timezone.now()}) if chosen else queryset


def _permission(permission: Permission) -> str:
    """As Django's, with the words for our rights in the reader's language: they are stored in English."""
    return f"{permission.content_type} | {_(permission.name)}"


class PermissionsAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Names the permissions to choose from."""

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        field = super().formfield_for_manytomany(db_field, request, **options)
        if field is not None and db_field.related_model is Permission:
            field.label_from_instance = _permission  # type: ignore[assignment]
        return field


class AsAtSignUp(ModelForm):  # type: ignore[type-arg]
    """Takes no name and no address that nobody may sign up with; what an account has already stays."""

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        if name == self.initial.get("username", ""):
            return name
        own = self.instance.pk is not None and is_own(self.instance, name)
        cleaned: str = get_adapter().clean_username(name, shallow=own)
        return cleaned

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if email and any(user.pk != self.instance.pk for user in filter_users_by_email(email)):
            raise get_adapter().validation_error("email_taken")
        return email


class NewMemberForm(AsAtSignUp, AdminUserCreationForm):  # type: ignore[type-arg]
    """Django's own."""


class MemberForm(AsAtSignUp, UserChangeForm):  # type: ignore[type-arg]
    """Django's own."""


admin.site.unregister(Group)


@admin.register(Group)
class MemberGroupAdmin(PermissionsAdmin, GroupAdmin):  # type: ignore[misc]
    """Django's own."""


@admin.register(User)
class MemberAdmin(RenewingAdmin, PermissionsAdmin, UserAdmin):  # type: ignore[type-arg]
    """Django's own, through `RenewingAdmin`: a new name, or a closed account, shows at once."""

    form, add_form = MemberForm, NewMemberForm
    list_display = ["username", "email", "trust", "silenced", "suspended", "is_staff", "is_active", "date_joined"]
    list_filter = ["trust", StandingFilter, "is_staff", "is_superuser", "is_active", "groups"]
    ordering = ["-date_joined"]
    readonly_fields = ["last_login", "date_joined"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "username" in form.changed_data:
            keep_former_name(obj, form.initial["username"])

    def kept_by(self, obj: User) -> str:
        """Two Querys."""
        member = str(obj.pk)
        if not posts.list_of_user(member, 1) and not list(members.list_items(member, 1)):
            return ""
        return _(
            "what %(name)s wrote, liked and watches, which would stay for ever; members close their accounts in their "
            "settings, and then it is dealt with. Whoever should be kept out can be suspended"
        ) % {"name": obj.username}

    @admin.display(description=gettext_lazy("Silenced"), boolean=True, ordering="silenced_until")
    def silenced(self, user: User) -> bool:
        return user.silenced

    @admin.display(description=gettext_lazy("Suspended"), boolean=True, ordering="suspended_until")
    def suspended(self, user: User) -> bool:
        return user.suspended


admin.site.unregister(Authenticator)


@admin.register(Authenticator)
class SecondFactorAdmin(AuthenticatorAdmin):  # type: ignore[misc]
    """allauth's own; when a factor was made and used is told, and not to be written."""

    readonly_fields = ["created_at", "last_used_at"]
