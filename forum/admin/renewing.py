"""Admin pages whose rows appear on forum pages: saving and deleting makes those pages stale."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.forms import Form
from django.http import HttpRequest

from forum.actions.defining import change_definitions


class RenewingAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A ModelAdmin that writes through `actions.defining`."""

    def save_model(self, request: HttpRequest, obj: Model, form: Form, change: bool) -> None:
        change_definitions(lambda: super(RenewingAdmin, self).save_model(request, obj, form, change))

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        change_definitions(lambda: super(RenewingAdmin, self).delete_model(request, obj))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        change_definitions(lambda: super(RenewingAdmin, self).delete_queryset(request, queryset))
