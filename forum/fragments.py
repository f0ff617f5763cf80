"""Fragments: parts of a page that stay as they are while the page around them changes.

A thread's page is made anew for every reply, with nineteen posts that it showed before; a list, with all rows but
one. A fragment is made of its values, the language and the time zone alone, and each process keeps it under exactly
these. So nothing has to be invalidated: what is made of other values is another fragment.
"""

import sys
from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock

from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language

# Of LOCAL_PAGES_MB, so much for fragments, which come on top.
SHARE = 8
# What an entry weighs beside its text: the values, which hold that text's source once more, are as much again.
OVERHEAD = 1500


def render(template: str, **values: Hashable) -> SafeString:
    """The template with these values and no others, from memory if it was rendered with equal ones before."""
    if settings.DEBUG or not settings.LOCAL_PAGES_MB:
        return render_to_string(template, values)
    key = (template, *values.items(), get_language(), timezone.get_current_timezone_name())
    found = _kept.get(key)
    if found is None:
        found = render_to_string(template, values)
        _kept.put(key, found, settings.LOCAL_PAGES_MB * 1_000_000 // SHARE)
    return found


class Kept:
    """The fragments of this process; the least recently used goes first."""

    def __init__(self) -> None:
        self._fragments: OrderedDict[Hashable, SafeString] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def get(self, key: Hashable) -> SafeString | None:
        with self._lock:
            found = self._fragments.get(key)
            if found is not None:
                self._fragments.move_to_end(key)
            return found

    def put(self, key: Hashable, fragment: SafeString, bytes_most: int) -> None:
        with self._lock:
            if key not in self._fragments:
                self._fragments[key] = fragment
                self._bytes += _weight(fragment)
            while self._bytes > bytes_most:
                self._bytes -= _weight(self._fragments.popitem(last=False)[1])

    def clear(self) -> None:
        with self._lock:
            self._fragments.clear()
            self._bytes = 0


def _weight(fragment: SafeString) -> int:
    return 2 * sys.getsizeof(fragment) + OVERHEAD


_kept = Kept()


@receiver(setting_changed)
def _forget(**_: object) -> None:
    _kept.clear()
