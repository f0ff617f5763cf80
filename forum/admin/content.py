"""Forums in the admin."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.http import HttpRequest

from forum.models import Forum

from .renewing import RenewingAdmin


class ForumForm(ModelForm):  # type: ignore[type-arg]
    """Keeps what the posts in DynamoDB rely on: a forum's name, and shards that only grow."""

    def clean_shards(self) -> int:
        shards: int = self.cleaned_data["shards"]
        if self.instance.pk and shards < (self.initial.get("shards") or 1):
            raise ValidationError("Shards can be added but not taken away: threads on them would no longer be found.")
        return shards


@admin.register(Forum)
class ForumAdmin(RenewingAdmin):
    form = ForumForm
    list_display = ["title", "name", "order", "read_access", "post_access", "archived", "shards"]
    list_filter = ["read_access", "archived"]
    search_fields = ["name", "title"]
    filter_horizontal = ["read_groups", "post_groups"]
    fieldsets = [
        (None, {"fields": ["name", "title", "description", "order"]}),
        ("Who may read", {"fields": ["read_access", "read_groups"]}),
        ("Who may post", {"fields": ["post_access", "post_groups", "archived"]}),
        ("Scale", {"fields": ["shards"]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["name"] if obj else []
