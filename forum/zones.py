"""In which time zone a reader sees times: the one that a member has chosen; until one is, UTC.

A page that all readers share holds no zone: it is rendered in UTC (`views.caching`), and the browser shows its times
where the reader is, or in the zone that stands in a hole of the page. Whatever is made for one reader alone (holes,
pages of one's own, the administration, messages of errors) is in their zone from the start.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.utils import timezone


@cache
def names() -> frozenset[str]:
    """All that can be chosen: "Europe/Vienna", and UTC."""
    return frozenset(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")) | {"UTC"}


@cache
def named(name: str) -> tzinfo:
    """The zone of this name; UTC for "", and for a name that this machine does not know any more."""
    return ZoneInfo(name) if name in names() and name != "UTC" else UTC


@contextmanager
def shown_in(name: str) -> Iterator[None]:
    """What is said in here is said to somebody in this zone, as in a mail."""
    with timezone.override(named(name)):
        yield


class Lazy(tzinfo):
    """The zone that `find` tells, which is asked only once somebody needs to know the time."""

    def __init__(self, find: Callable[[], str]) -> None:
        self._find = find
        self._zone: tzinfo | None = None

    @property
    def zone(self) -> tzinfo:
        if self._zone is None:
            self._zone = named(self._find())
        return self._zone

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        return self.zone.utcoffset(moment)

    def dst(self, moment: datetime | None) -> timedelta | None:
        return self.zone.dst(moment)

    def tzname(self, moment: datetime | None) -> str | None:
        return self.zone.tzname(moment)

    def fromutc(self, moment: datetime) -> datetime:
        return self.zone.fromutc(moment.replace(tzinfo=self.zone)).replace(tzinfo=self)

    def __str__(self) -> str:
        return str(self.zone)
