"""What a check finds: where, what is wrong, whether it still is, and what mends it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b

from forum.tables import raw
from forum.tables.keys import Key

Mend = Callable[[], None]


# Of heads: counted every minute, and no part of what is checked.
_COUNTED = {"Views", "Readers", "ViewsBatch"}


def digest(table: str, item: raw.Raw) -> str:
    """By which an item is known to be the same later."""
    if table == raw.THREADS:
        item = {name: value for name, value in item.items() if name not in _COUNTED}
    return blake2b(raw.canonical(item).encode(), digest_size=8).hexdigest()


def always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Finding:
    """`still` asks, consistently, whether what was read holds yet: what changes while all is read is no finding.
    `mend` writes (Lost where something has changed), None where nothing can; `tags` are of the pages that show it."""

    where: str
    sentence: str
    still: Callable[[], bool] = always
    mend: Mend | None = None
    tags: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.where}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Seen:
    """An item as it was read."""

    table: str
    key: Key
    digest: str

    def item(self) -> raw.Raw | None:
        """As it is now, if it still is as it was read."""
        for found in raw.get_items(self.table, [self.key]):
            return found if digest(self.table, found) == self.digest else None
        return None

    def still(self) -> bool:
        return self.item() is not None


def ranges(numbers: Iterable[int]) -> str:
    """1, 4–6 and the like; only the first ten."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    told = ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in found[:10])
    return told + (" and more" if len(found) > 10 else "")


def text(item: raw.Raw, name: str) -> str | None:
    """A text of an item as it is on the wire."""
    value = item.get(name, {}).get("S")
    return None if value is None else str(value)


def number(item: raw.Raw, name: str) -> int | None:
    value = item.get(name, {}).get("N")
    return None if value is None else int(value)
