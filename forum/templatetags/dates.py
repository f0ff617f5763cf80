"""Days and moments in templates, in words; `forum.wording` says how."""

from datetime import UTC, datetime

from django import template
from django.utils.dateformat import DateFormat
from django.utils.translation import pgettext

from forum import wording

register = template.Library()
register.filter("minute", wording.minute)


@register.filter
def day(moment: datetime) -> str:
    """25 November 2026, in UTC"""
    return str(DateFormat(moment.astimezone(UTC)).format(pgettext("date format", "j F Y")))
