"""Who is here now: a box on the home page, a dot on members' pages. Both go into holes, see `cache.presence`."""

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from django.db import DatabaseError
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forum import wording
from forum.cache import presence
from forum.cache.presence import Stamp
from forum.holes import Hole
from forum.models import User

from .rows import Author, author

if TYPE_CHECKING:
    from .holes import Reading

_DOT = '<span class="online-dot" title="{0}"><span class="visually-hidden">{0}</span></span>'
# What was last made of a stamp and of a generation of the forums and names.
_named: tuple[tuple[Stamp, str], list[tuple[str, Author]]] | None = None


def rests_on(page: Iterable[Hole]) -> Stamp | None:
    """What a filled page rests on; None where it does not say who is here."""
    return presence.stamp() if any(name in ("online", "online_dot") for name, __ in page) else None


def online(reading: "Reading") -> str:
    """How many are here, and who, without whom the reader ignores. One SQL query each half minute, none where nobody
    is here."""
    count, guests = presence.here()[0], presence.guests_here()
    named = _members(reading.directory.generation) if count else []
    members = [each for user_id, each in named if user_id not in reading.reader.ignored]
    if not members and not guests:
        return ""
    more = max(count - len(named), 0) if count > presence.MOST else 0
    context = {"members": members, "more": more, "words": _in_words(len(members) + more, guests)}
    return render_to_string("forum/holes/online.html", context)


def _in_words(members: int, guests: int) -> str:
    if not guests:
        return ngettext("%(number)s member online", "%(number)s members online", members) % _number(members)
    if not members:
        return ngettext("%(number)s guest online", "%(number)s guests online", guests) % _number(guests)
    some = ngettext("%(number)s member", "%(number)s members", members) % _number(members)
    others = ngettext("%(number)s guest", "%(number)s guests", guests) % _number(guests)
    return _("%(members)s and %(guests)s online") % {"members": some, "guests": others}


def _number(number: int) -> dict[str, str]:
    return {"number": wording.number(number)}


def online_dot(reading: "Reading", member_id: str) -> str:
    return _DOT.format(escape(_("Here now"))) if member_id in presence.here()[1] else ""


def _members(generation: str) -> list[tuple[str, Author]]:
    """With their ids, by name; those whose accounts are open and who do not hide."""
    global _named
    key = presence.stamp(), generation
    if _named is None or _named[0] != key:
        found = User.objects.filter(pk__in=presence.here()[1], is_active=True, hides_online=False)
        try:
            rows = list(found.values_list("pk", "username", "avatar"))
        except DatabaseError:
            return []
        rows.sort(key=lambda row: row[1].lower())
        _named = key, [(str(pk), author(str(pk), name, avatar)) for pk, name, avatar in rows]
    return _named[1]


FILLERS = (online, online_dot)
