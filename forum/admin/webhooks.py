"""Webhooks in the admin: where what happens is told, and what was told lately."""

import re
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.dateformat import DateFormat
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from forum import wording
from forum.actions import events
from forum.models import Delivery, Webhook
from forum.outgoing import in_words, wrong_with

from .renewing import RenewingAdmin

_STOPPED = re.compile(r"Stopped on (.+): nothing could be delivered since (.+) UTC\.")


def stopped_in_words(said: str) -> str:
    """Why a webhook is stopped, which is stored in English, in the reader's language."""
    found = _STOPPED.fullmatch(said)
    if found is None:
        return said
    day, since = datetime.strptime(found[1], "%d %B %Y"), datetime.strptime(found[2], "%d %B %Y, %H:%M")
    written = DateFormat(day).format(pgettext("date format", "j F Y"))
    words = {"day": written, "moment": wording.minute(since.replace(tzinfo=UTC))}
    return _("Stopped on %(day)s: nothing could be delivered since %(moment)s.") % words


class WebhookForm(ModelForm):  # type: ignore[type-arg]
    events = forms.MultipleChoiceField(
        label=gettext_lazy("Events"), choices=list(Webhook.EVENTS.items()), widget=forms.CheckboxSelectMultiple
    )

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        if complaint := wrong_with(url):
            raise forms.ValidationError(complaint)
        return url


@admin.register(Webhook)
class WebhookAdmin(RenewingAdmin):
    """Every change renews the tag `site`, and with it what each process knows of the webhooks."""

    form = WebhookForm
    list_display = ["name", "url", "private", "active", "standing"]
    list_filter = ["active"]
    filter_horizontal = ["forums"]
    readonly_fields = ["standing", "last_deliveries"]
    fieldsets = [
        (None, {"fields": ["name", "url", "secret", "active", "standing"]}),
        (gettext_lazy("What it is told"), {"fields": ["events", "forums", "private"]}),
        (gettext_lazy("What it was told"), {"fields": ["last_deliveries"]}),
    ]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Whoever switches it on again gives it another chance."""
        if obj.active and "active" in form.changed_data:
            obj.failures, obj.failing_since, obj.stopped = 0, None, ""
        super().save_model(request, obj, form, change)

    @admin.display(description=gettext_lazy("how it does"))
    def standing(self, hook: Webhook) -> str:
        if hook.stopped:
            return stopped_in_words(hook.stopped)
        if hook.failing_since:
            words = ngettext(
                "Failing since %(moment)s, %(count)s time in a row.",
                "Failing since %(moment)s, %(count)s times in a row.",
                hook.failures,
            )
            return words % {"moment": wording.minute(hook.failing_since), "count": hook.failures}
        return _("All is well.") if hook.pk else _("It is new.")

    @admin.display(description=gettext_lazy("deliveries"))
    def last_deliveries(self, hook: Webhook) -> str:
        if not hook.pk:
            return _("None yet.")
        said = _("What was sent lately")
        return format_html('<a href="/admin/forum/delivery/?webhook__id__exact={}">{}</a>', hook.pk, said)


@admin.register(Delivery)
class DeliveryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """To be looked at, and sent again; they go with their webhook, or by themselves."""

    list_display = ["created", "event", "webhook", "status", "attempts", "code", "came_of_it", "due"]
    list_filter = ["status", "event", "webhook"]
    list_select_related = ["webhook"]
    actions = ["send_again"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("answer"))
    def came_of_it(self, delivery: Delivery) -> str:
        """The other side's own words, or ours where it said nothing."""
        return delivery.answer if delivery.code else in_words(delivery.answer)

    @admin.action(description=gettext_lazy("Send again"), permissions=["view"])
    def send_again(self, request: HttpRequest, chosen: QuerySet[Delivery]) -> None:
        sent = events.send_again(list(chosen))
        words = ngettext(
            "%(count)s delivery is sent again within a moment.",
            "%(count)s deliveries are sent again within a moment.",
            sent,
        )
        messages.success(request, words % {"count": sent})
