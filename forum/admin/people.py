"""Members in the admin."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from forum.models import User

from .renewing import RenewingAdmin


@admin.register(User)
class MemberAdmin(RenewingAdmin, UserAdmin):  # type: ignore[type-arg]
    """Django's own, through `RenewingAdmin`: a new name, or a closed account, shows at once."""

    list_display = ["username", "email", "is_staff", "is_active", "date_joined", "last_login"]
    ordering = ["-date_joined"]
