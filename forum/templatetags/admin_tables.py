"""What the administration's lists of things in DynamoDB show of their rows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def shown(value: Any) -> SafeString:
    """A value for people: times in their zone; nothing as a dash."""
    if value is None or value == "":
        return SafeString("-")
    if isinstance(value, bool):
        return SafeString(_("Yes") if value else _("No"))
    if isinstance(value, datetime):
        at = timezone.localtime(value)
        exact, brief = f"{at:%Y-%m-%d %H:%M:%S %Z}", f"{at:%Y-%m-%d %H:%M}"
        return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), exact, brief)
    return SafeString(conditional_escape(value))


@register.simple_tag
def cell(admin: Any, column: Any, row: Any) -> SafeString:
    """A cell of a list, with the row's link in it where the column bears it."""
    value = shown(column.value(row))
    if column.link:
        link = format_html('<a href="{}">{}</a>', admin.url(row), value)
        return format_html('<th data-label="{}" class="field-link {}">{}</th>', column.heading, column.classes, link)
    return format_html('<td data-label="{}" class="{}">{}</td>', column.heading, column.classes, value)


@register.simple_tag
def labelled(headings: Sequence[str], row: Sequence[object]) -> SafeString:
    """The cells of a row of a section's table, each knowing the heading that it stands below."""
    cells = ((heading, shown(value)) for heading, value in zip(headings, row, strict=True))
    return format_html_join("", '<td data-label="{}">{}</td>', cells)


@register.simple_tag
def row_token(admin: Any, row: Any) -> str:
    return str(admin.token(row))


@register.simple_tag
def row_label(admin: Any, row: Any) -> str:
    return str(admin.label(row))


@register.simple_tag
def row_url(admin: Any, row: Any) -> str:
    return str(admin.url(row))


@register.simple_tag
def row_excerpt(admin: Any, row: Any) -> str:
    return str(admin.excerpt(row))


@register.simple_tag
def row_seen(act: Any, row: Any) -> str:
    return str(act.seen(row))
