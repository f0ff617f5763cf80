"""Forums, and what posts may not hold, in the admin."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from forum.actions.screening import is_domain, is_word
from forum.models import BlockedText, Forum
from forum.tables import threads

from .renewing import RenewingAdmin


class ForumForm(ModelForm):  # type: ignore[type-arg]
    """Keeps what the posts in DynamoDB rely on: a forum's name, and shards that only grow."""

    def clean_shards(self) -> int:
        shards: int = self.cleaned_data["shards"]
        if self.instance.pk and shards < (self.initial.get("shards") or 1):
            raise ValidationError(
                _("Shards can be added but not taken away: threads on them would no longer be found.")
            )
        return shards


@admin.register(Forum)
class ForumAdmin(RenewingAdmin):
    form = ForumForm
    list_display = ["title", "name", "order", "read_access", "post_access", "archived", "shards"]
    list_filter = ["read_access", "archived"]
    search_fields = ["name", "title"]
    filter_horizontal = ["read_groups", "post_groups", "moderator_groups"]
    fieldsets = [
        (None, {"fields": ["name", "title", "description", "order"]}),
        (gettext_lazy("Who may read"), {"fields": ["read_access", "read_groups"]}),
        (gettext_lazy("Who may post"), {"fields": ["post_access", "post_groups", "archived"]}),
        (gettext_lazy("Who moderates"), {"fields": ["moderator_groups"]}),
        (gettext_lazy("Scale"), {"fields": ["shards"]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["name"] if obj else []

    def kept_by(self, obj: Forum) -> str:
        """One Query of each shard."""
        if not threads.list_some(obj.name, obj.shards, 1):
            return ""
        return _("the threads in “%(forum)s”, which nobody could reach any more; archive the forum instead") % {
            "forum": obj.title
        }


class BlockedTextForm(ModelForm):  # type: ignore[type-arg]
    """Keeps what could never be found, or would be found everywhere, out of the list."""

    def clean(self) -> dict[str, Any]:
        sent: dict[str, Any] = super().clean() or self.cleaned_data
        kind, text = sent.get("kind"), str(sent.get("text", ""))
        if kind == BlockedText.Kind.DOMAIN and text and not is_domain(text):
            self.add_error("text", _("Write a domain as in “example.com”, without https:// and without a path."))
        if kind == BlockedText.Kind.WORD and text and not is_word(text):
            self.add_error("text", _("Nothing of this can be seen, so it would be found everywhere or nowhere."))
        return sent


@admin.register(BlockedText)
class BlockedTextAdmin(RenewingAdmin):
    """Every change renews the tag `site`, and with it the list that each process keeps."""

    form = BlockedTextForm
    list_display = ["text", "kind", "answer"]
    list_filter = ["kind", "answer"]
    search_fields = ["text"]
