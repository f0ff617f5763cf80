"""Days and moments in templates, in words and in UTC; `forum.wording` says how."""

from datetime import UTC, datetime

from django import template
from django.utils.dateformat import DateFormat
from django.utils.translation import pgettext

from forum import wording

register = template.Library()
register.filter("minute", wording.minute)


@register.filter
def day(moment: datetime) -> str:
    """25 November 2026"""
    return _formatted(moment, pgettext("date format", "j F Y"))


@register.filter
def second(moment: datetime) -> str:
    """25 November 2026, 14:05:59"""
    return _formatted(moment, pgettext("date format", "j F Y, H:i:s"))


def _formatted(moment: datetime, letters: str) -> str:
    return str(DateFormat(moment.astimezone(UTC)).format(letters))
