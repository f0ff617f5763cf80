"""How often somebody may do what: the one table of all limits, for each member and for all at one address.

A member has a bucket for each act, whose size depends on their trust; all members who come from one address share
another, larger one, and those who are not signed in have one for each address. Moderators have no limits. Where an
act has a round trip to Redis anyway its buckets are asked along with that (`invalidating(limits=…)`).

A setting replaces a row: RATE_LIMITS=likes=30/120/240/1500,previews=off (docs/operating.md).
"""

import ipaddress
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext_lazy

from forum.cache import limits
from forum.cache.limits import Bucket, Limit
from forum.errors import Unavailable
from forum.permissions import ForumRules, Reader, moderates

MINUTE, HOUR, DAY = 60, 3600, 86_400
OFF = "off"
# In a setting it stands for all rows that are not named; it can only be off, as for a test of how much a server bears.
ALL = "all"
# From this level of trust on members are regulars.
REGULAR = 3

# Whose limit it is; the act follows with its number: "like 60 posts an hour".
YOU = gettext_noop("You can %(act)s.")
NEW = gettext_noop("New members can %(act)s.")
SIGNED_OUT = gettext_noop("Who is not signed in can %(act)s.")
TOGETHER = gettext_noop("Many people share your address. Together they can %(act)s.")


@dataclass(frozen=True, slots=True)
class Rate:
    """How many acts in `seconds`: of a new member, of others, of a regular, of all members at one address, and of
    those at one address who are not signed in. 0: no limit."""

    seconds: int
    new: int
    member: int
    regular: int
    address: int
    signed_out: int = 0

    def of(self, reader: Reader) -> int:
        return self.new if reader.trust == 0 else self.regular if reader.trust >= REGULAR else self.member


#                        new  others  regular  address  signed out
TABLE = {
    "threads": Rate(HOUR, 5, 20, 40, 100),
    # Replies and threads together; settings of their own say how many of a member.
    "posts": Rate(HOUR, 10, 60, 120, 600),
    "messages": Rate(HOUR, 20, 120, 240, 1_200),
    "edits": Rate(HOUR, 30, 120, 240, 1_200),
    "likes": Rate(HOUR, 60, 300, 600, 3_000),
    "bookmarks": Rate(HOUR, 120, 300, 600, 3_000),
    "watches": Rate(HOUR, 120, 300, 600, 3_000),
    "answers": Rate(HOUR, 30, 120, 240, 1_200),
    "reports": Rate(HOUR, 20, 20, 20, 200),
    "profile": Rate(HOUR, 10, 20, 20, 100),
    # A new picture makes every page stale.
    "avatars": Rate(DAY, 10, 10, 10, 100),
    # Those that have to be decoded, which is what costs. Settings of their own say how many of a member.
    "images": Rate(HOUR, 5, 60, 60, 600),
    # Somebody who pauses every few seconds for an hour stays below.
    "drafts": Rate(HOUR, 900, 900, 900, 18_000),
    # While somebody writes; each letter of a name may ask.
    "names": Rate(MINUTE, 120, 120, 120, 1_200),
    "previews": Rate(MINUTE, 150, 150, 150, 1_500, 10),
    "search": Rate(MINUTE, 60, 60, 60, 600, 30),
    # Whatever a program asks, by a token or a session.
    "api": Rate(MINUTE, 120, 300, 600, 3_000, 60),
    "similar": Rate(MINUTE, 60, 60, 60, 600, 60),
}


# What one does so often; it goes on after "can".
SAYS = {
    "threads": ngettext_lazy("start %(most)s thread an hour", "start %(most)s threads an hour", "most"),
    "posts": ngettext_lazy("post %(most)s time an hour", "post %(most)s times an hour", "most"),
    "messages": ngettext_lazy("send %(most)s message an hour", "send %(most)s messages an hour", "most"),
    "edits": ngettext_lazy("change %(most)s post an hour", "change %(most)s posts an hour", "most"),
    "likes": ngettext_lazy("like %(most)s post an hour", "like %(most)s posts an hour", "most"),
    "bookmarks": ngettext_lazy("bookmark %(most)s post an hour", "bookmark %(most)s posts an hour", "most"),
    "watches": ngettext_lazy("watch or mute %(most)s thread an hour", "watch or mute %(most)s threads an hour", "most"),
    "answers": ngettext_lazy("mark %(most)s answer an hour", "mark %(most)s answers an hour", "most"),
    "reports": ngettext_lazy("report %(most)s post an hour", "report %(most)s posts an hour", "most"),
    "profile": ngettext_lazy(
        "change your profile %(most)s time an hour", "change your profile %(most)s times an hour", "most"
    ),
    "avatars": ngettext_lazy(
        "change your picture %(most)s time a day", "change your picture %(most)s times a day", "most"
    ),
    "images": ngettext_lazy("send %(most)s image an hour", "send %(most)s images an hour", "most"),
    "drafts": ngettext_lazy("save drafts %(most)s time an hour", "save drafts %(most)s times an hour", "most"),
    "names": ngettext_lazy("look up %(most)s name a minute", "look up %(most)s names a minute", "most"),
    "previews": ngettext_lazy(
        "look at a preview %(most)s time a minute", "look at a preview %(most)s times a minute", "most"
    ),
    "search": ngettext_lazy("search %(most)s time a minute", "search %(most)s times a minute", "most"),
    "api": ngettext_lazy("ask %(most)s time a minute", "ask %(most)s times a minute", "most"),
    "similar": ngettext_lazy(
        "look up similar threads %(most)s time a minute", "look up similar threads %(most)s times a minute", "most"
    ),
}


def rate(act: str) -> Rate:
    """The row of an act, as the settings have it."""
    row, replaced = TABLE[act], settings.RATE_LIMITS.get(act, settings.RATE_LIMITS.get(ALL))
    if replaced is not None:
        return replaced_by(row, replaced)
    if act == "posts":
        most = settings.POSTS_PER_HOUR
        return Rate(HOUR, settings.NEW_MEMBER_POSTS_PER_HOUR, most, most * 2, row.address)
    if act == "images":
        most = settings.IMAGES_PER_HOUR
        return Rate(HOUR, settings.NEW_MEMBER_IMAGES_PER_HOUR, most, most, row.address)
    if act == "reports":
        most = settings.REPORTS_PER_HOUR
        return Rate(HOUR, most, most, most, row.address)
    return row


def replaced_by(row: Rate, text: str) -> Rate:
    """The row with the numbers of a setting, in the order of the table: "off", or four to five numbers. ValueError
    where it holds anything else."""
    if text == OFF:
        return Rate(row.seconds, 0, 0, 0, 0)
    numbers = [int(each) for each in text.split("/")]
    if not 4 <= len(numbers) <= 5 or not all(0 <= number <= row.seconds * 1000 for number in numbers):
        raise ValueError(f"{text} is not off, and not four or five numbers with strokes between them")
    return Rate(row.seconds, *numbers)


def buckets(act: str, reader: Reader, what: str, forum: ForumRules | None = None) -> list[Bucket]:
    """From which this act of this reader takes tokens; none where the reader may do it as often as they like.
    `what` names the act: the same act sent again takes no second token."""
    if reader.moderates_all or (forum is not None and moderates(reader, forum)):
        return []
    row, place = rate(act), network(reader.address)
    if not reader.signed_in:
        most, words = row.signed_out, _in_words(act, SIGNED_OUT, row.signed_out)
        return [Limit(act, most, row.seconds, words).of(f"address {place}", what)] if most and place else []
    most = row.of(reader)
    if most <= 0:
        return []
    whom = NEW if reader.trust == 0 and most != row.member else YOU
    found = [Limit(act, most, row.seconds, _in_words(act, whom, most))]
    names = [reader.id]
    if row.address and place:
        words = _in_words(act, TOGETHER, row.address)
        found.append(Limit(f"{act} together", row.address, row.seconds, words))
        names.append(f"address {place}")
    return [limit.of(name, f"{reader.id} {what}") for limit, name in zip(found, names, strict=True)]


def _in_words(act: str, whom: str, most: int) -> str:
    return _(whom) % {"act": SAYS[act] % {"most": most}}


def take(act: str, reader: Reader, what: str, forum: ForumRules | None = None) -> None:
    """Take the tokens; Throttled where one is missing. One round trip; Unavailable while Redis is down."""
    limits.take(*buckets(act, reader, what, forum))


def take_if_counted(act: str, reader: Reader, what: str) -> None:
    """As `take`, for what works without Redis: while it is down nobody is counted."""
    with suppress(Unavailable):
        take(act, reader, what)


def network(address: str) -> str:
    """What counts as one address: of IPv6 the first 64 bits, for a household has all that begin so."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(known, ipaddress.IPv4Address) or known.ipv4_mapped is not None:
        return str(getattr(known, "ipv4_mapped", known))
    return str(ipaddress.ip_network((known, 64), strict=False))
