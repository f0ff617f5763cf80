"""What moderators type and paste to get somewhere: ids, addresses of the site, names, dates."""

import re
from datetime import UTC, date, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from forum.errors import BadRequest, NotFound
from forum.models import User
from forum.tables.keys import FORUM_NAME, THREAD_ID

_POST = re.compile(rf"(?P<thread>{THREAD_ID})[-/#](?P<number>[1-9][0-9]{{0,8}})", re.ASCII)
_THREAD = re.compile(rf"(?P<thread>{THREAD_ID})", re.ASCII)
_PERMALINK = re.compile(rf"/p/(?P<thread>{THREAD_ID})/(?P<number>[1-9][0-9]{{0,8}})/?$", re.ASCII)
_ADDRESS = re.compile(
    rf"/f/(?P<forum>{FORUM_NAME})/(?P<thread>{THREAD_ID})/(?:(?P<number>[1-9][0-9]{{0,8}})/[a-z]+/)?", re.ASCII
)
_ANCHOR = re.compile(r"#post-(?P<number>[1-9][0-9]{0,8})$", re.ASCII)
_PROFILE = re.compile(r"(?:/u/|^@)(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,149})/?$", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# The largest number that databases take for a key.
MOST_ID = 2**63 - 1
# The least suffix there is, so that a day's cursor stands before everything after it.
_LEAST = "00000000"


def post_in(text: str) -> tuple[str, int] | None:
    """The address of a post: 01KAQ…-3, 01KAQ…/3, a permalink, a thread's address with #post-3."""
    path = text.partition("?")[0].partition("#")[0]
    match = _POST.fullmatch(text) or _PERMALINK.search(path)
    if match is None and (match := _ADDRESS.search(text)):
        number = match["number"] or (anchor["number"] if (anchor := _ANCHOR.search(text)) else "")
        return (match["thread"], int(number)) if number else None
    return (match["thread"], int(match["number"])) if match else None


def thread_in(text: str) -> str:
    """The thread of an id or of any address in it; "" where there is none."""
    if match := _THREAD.fullmatch(text) or _ADDRESS.search(text) or _PERMALINK.search(text):
        return match["thread"]
    return ""


def member_in(text: str) -> str:
    """The name in @ada or in the address of a member's page; "" where there is none."""
    match = _PROFILE.search(text.partition("?")[0])
    return match["name"] if match else ""


def day_in(text: str) -> str:
    """The cursor, as in an address, right above the last item of a day where the reader is, as lists show times; ""
    where the text is no date."""
    if not _DATE.fullmatch(text):
        return ""
    try:
        after = date.fromisoformat(text) + timedelta(days=1)
        over = timezone.make_aware(datetime(after.year, after.month, after.day)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadRequest(
            _("There is no such day as %(day)s. Days are written like 2026-11-23.") % {"day": text}
        ) from None
    return f"{over:%Y-%m-%dT%H:%M:%S.%fZ}".zfill(27) + f"~{_LEAST}"


def member_id(text: str) -> str:
    """The id of a member named by name or by id; NotFound. Numbers may be of accounts that are gone."""
    pk: int | None = User.objects.filter(username__iexact=text).values_list("pk", flat=True).first()
    if pk is not None:
        return str(pk)
    if re.fullmatch(r"[1-9][0-9]{0,18}", text, re.ASCII) and int(text) <= MOST_ID:
        return text
    raise NotFound(_("There is no member called “%(name)s”.") % {"name": text[:150]})
