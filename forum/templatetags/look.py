"""What templates draw many times on a page: icons, avatars, names, times, each in one cheap call.

A page of twenty posts draws some hundred of these, and each would be five or six nodes of a template;
as one call they take half the time.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from html import escape
from typing import Protocol

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from forum import wording

register = template.Library()

# Drawn on a 16 by 16 grid with strokes, so that they take the colour and the size of the text beside them.
PATHS = {
    "archive": '<path d="M2 3h12v3H2zM3 6v7h10V6M6.5 9h3"/>',
    "arrow-down": '<path d="M8 3v10M4 9l4 4 4-4"/>',
    "at": '<circle cx="8" cy="8" r="2.5"/><path d="M10.5 5.5v3.2a1.6 1.6 0 0 0 3.2 0V8a5.7 5.7 0 1 0-2.2 4.5"/>',
    "auto": '<circle cx="8" cy="8" r="5.5"/><path d="M8 2.5a5.5 5.5 0 0 1 0 11z" fill="currentColor"/>',
    "bell": '<path d="M4 11V7a4 4 0 0 1 8 0v4l1.2 1.5H2.8zM6.5 14.5h3"/>',
    "check": '<path d="m3 8.5 3.5 3.5L13 4.5"/>',
    "chevron-down": '<path d="m4 6 4 4 4-4"/>',
    "chevron-left": '<path d="m10 4-4 4 4 4"/>',
    "chevron-right": '<path d="m6 4 4 4-4 4"/>',
    "code": '<path d="m5.5 4.5-4 3.5 4 3.5M10.5 4.5l4 3.5-4 3.5"/>',
    "edit": '<path d="m3 13 .7-3L10.5 3.2a1.5 1.5 0 0 1 2.2 2.2L6 12.3z"/>',
    "flag": '<path d="M3.5 14.5v-12M3.5 3h9l-2.2 3 2.2 3h-9"/>',
    "heart": '<path d="M8 13.5 2.9 8.4a3.2 3.2 0 0 1 4.5-4.5l.6.6.6-.6a3.2 3.2 0 0 1 4.5 4.5z"/>',
    "image": '<path d="M2 3h12v10H2zM2.5 12l4-4.5 3 3 1.5-1.5 3 3"/><circle cx="10.5" cy="6" r="1"/>',
    "link": '<path d="M6.8 9.2a2.6 2.6 0 0 0 3.7 0l2.6-2.6a2.6 2.6 0 0 0-3.7-3.7L8.5 3.8M9.2 6.8a2.6 2.6 0 0 0-3.7 0'
    'L2.9 9.4a2.6 2.6 0 0 0 3.7 3.7l.9-.9"/>',
    "list": '<path d="M6 4h8M6 8h8M6 12h8M2.5 4h.1M2.5 8h.1M2.5 12h.1"/>',
    "lock": '<path d="M3.5 7.5h9v6h-9zM5.5 7.5v-2a2.5 2.5 0 0 1 5 0v2"/>',
    "mail": '<path d="M2 3.5h12v9H2zM2.5 4 8 8.5 13.5 4"/>',
    "moon": '<path d="M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z"/>',
    "people": '<circle cx="6" cy="5.5" r="2.5"/><path d="M1.5 13.5c.4-3 2-4.5 4.5-4.5s4.1 1.5 4.5 4.5M10.5 3.2'
    'a2.5 2.5 0 0 1 0 4.6M12 9.5c1.5.6 2.3 2 2.5 4"/>',
    "pin": '<path d="M5.5 2h5M6.5 2v4L4 9h8L9.5 6V2M8 9v5"/>',
    "plus": '<path d="M8 3v10M3 8h10"/>',
    "quote": '<path d="M6.5 4.5C4 5 2.5 6.5 2.5 9.5v2h4v-4h-2M13.5 4.5c-2.5.5-4 2-4 5v2h4v-4h-2"/>',
    "reply": '<path d="M2.5 3.5h11v7.5H7.5L4.5 13.5V11h-2z"/>',
    "search": '<circle cx="7" cy="7" r="4.5"/><path d="m10.5 10.5 3.5 3.5"/>',
    "sun": '<circle cx="8" cy="8" r="3"/><path d="M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1.1 1.1M11.9 11.9 13 13'
    'M13 3l-1.1 1.1M4.1 11.9 3 13"/>',
    "trash": '<path d="M2.5 4.5h11M6 4.5V2.5h4v2M4 4.5l.6 9h6.8l.6-9M6.7 7v4M9.3 7v4"/>',
    "warning": '<path d="M8 2 1.5 13.5h13zM8 6.5V10M8 11.7v.1"/>',
}
ICONS = {
    name: mark_safe(
        '<svg class="icon" viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor"'
        ' stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">'
        f"{path}</svg>"
    )
    for name, path in PATHS.items()
}
ICONS["brand"] = mark_safe(
    '<svg class="brand-mark" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">'
    '<path class="brand-shape" d="M7 4h18a5 5 0 0 1 5 5v10a5 5 0 0 1-5 5H14.5L8 29.5V24H7a5 5 0 0 1-5-5V9'
    'a5 5 0 0 1 5-5z"/>'
    '<path class="brand-lines" d="M9 11.5h14M9 17h8" fill="none" stroke-width="2.6" stroke-linecap="round"/></svg>'
)


@register.simple_tag
def icon(name: str) -> SafeString:
    """The named icon as inline SVG; it says nothing to screen readers, so put words beside it."""
    return ICONS[name]


class Author(Protocol):
    """Of a member: what the tags below need. `url` is "" when the account is closed; `hue` is 0 to 11,
    `picture` an address or ""."""

    @property
    def name(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def initial(self) -> str: ...
    @property
    def hue(self) -> int: ...
    @property
    def picture(self) -> str: ...


@register.simple_tag
def avatar(author: Author, size: str = "m") -> SafeString:
    """The author's picture, or letter on a coloured disc; sizes s, m, l, xl. The name stands beside it, so it is not
    read out."""
    if author.picture:
        return mark_safe(
            f'<img class="avatar avatar-{size}" src="{author.picture}" alt="" width="256" height="256" loading="lazy">'
        )
    return mark_safe(
        f'<span class="avatar avatar-{size} hue-{author.hue}" aria-hidden="true">{escape(author.initial)}</span>'
    )


@register.simple_tag
def member(author: Author) -> SafeString:
    """The author's name, linked to their posts; set apart from the direction of the text around it."""
    name = f"<bdi>{escape(author.name)}</bdi>"
    if not author.url:
        return mark_safe(f'<span class="author is-gone">{name}</span>')
    return mark_safe(f'<a class="author" href="{escape(author.url)}">{name}</a>')


@register.simple_tag
def members(authors: Iterable[Author]) -> SafeString:
    """Their names side by side, linked."""
    return mark_safe(wording.listed(member(author) for author in authors))


@register.simple_tag
def number_link(number: int, url: str) -> SafeString:
    """A post's number as the link that leads to it for ever."""
    label = escape(_("Link to post %(number)s") % {"number": number})
    return mark_safe(f'<a class="post-number" href="{escape(url)}" aria-label="{label}">#{number}</a>')


@register.simple_tag
def when(value: datetime | None) -> SafeString:
    """A `<time>` with the day to read and the full time as its title, in the zone of whom the page is for, or UTC where
    it is for all; times.js makes it relative."""
    if value is None:
        return SafeString("")
    moment, day = timezone.localtime(value), wording.day(value)
    exact = f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return mark_safe(f'<time datetime="{exact}" title="{day}, {moment:%H:%M %Z}">{day}</time>')


@register.filter
def day(value: date) -> str:
    """The day of a moment: 13 Nov 2026."""
    return wording.day(value)


@register.filter
def grouped(value: int) -> str:
    """A count with its thousands apart: 49,999."""
    return wording.number(value)


@register.simple_tag
def public_log() -> str:
    """Where everybody reads what moderators do; "" where the operator does not want that."""
    return reverse("moderation_log") if settings.PUBLIC_MODERATION_LOG else ""


@register.simple_tag
def site_name() -> str:
    """What this forum is called (the SITE_NAME setting)."""
    return str(settings.SITE_NAME)
