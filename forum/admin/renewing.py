"""Admin pages whose rows appear on forum pages: saving and deleting makes those pages stale."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.forms import Form
from django.http import HttpRequest

from forum.actions.defining import change_definitions


class RenewingAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A ModelAdmin that writes through `actions.defining`, and deletes nothing that DynamoDB's items are about."""

    def kept_by(self, obj: Any) -> str:
        """What there is in DynamoDB that would be lost with it, and what to do instead; "" where there is nothing."""
        return ""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, Any, list[Any]]:
        """As Django's, which deletes nothing while something is `protected`, and says what it is."""
        found, counts, needed, protected = super().get_deleted_objects(objs, request)
        return found, counts, needed, [*protected, *filter(None, map(self.kept_by, objs))]

    def save_model(self, request: HttpRequest, obj: Model, form: Form, change: bool) -> None:
        change_definitions(lambda: super(RenewingAdmin, self).save_model(request, obj, form, change))

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        change_definitions(lambda: super(RenewingAdmin, self).delete_model(request, obj))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        change_definitions(lambda: super(RenewingAdmin, self).delete_queryset(request, queryset))
