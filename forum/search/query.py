"""What somebody typed into the search box, as a Query. Any text is one: nothing here raises.

    dynamodb "hot partition" -redis      words, phrases, and what must not be there
    partit*                              words that begin so
    forum:aws author:ada tag:gsi         where, by whom (also from:), about what
    after:2026-01-31 before:2026-03-01   from this day on, until the day before that one
    in:01KAQ4ZT9N8YV3W2Q6JX5R7D03        within one thread
    is:solved                            in threads that have an answer

What can be typed so can be given apart from the text as well, by the names of FILTERS, as a form and the API do.

Words are folded as `words_of` does, and reach an engine only as letters and digits.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from forum.tables.keys import FORUM_NAME, THREAD_ID

MOST_CHARACTERS = 300
MOST_WORDS = 20
MOST_LETTERS = 60
# Shorter beginnings of words are in every post.
LEAST_BEGINNING = 3

_PART = re.compile(r'(?P<no>-?)(?:(?P<name>[a-z]+):(?=\S))?(?:"(?P<quoted>[^"]*)"?|(?P<bare>[^\s"]+))', re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
# Han, kana and Thai are written without spaces: each character is a word, and a word of several is a phrase.
UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_UNSPACED = re.compile(f"[{UNSPACED}]")
DAY = timedelta(days=1)
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
_DAY = re.compile(r"\d{4}-\d\d?-\d\d?", re.ASCII)
_USERNAME = re.compile(r"@?([\w.@+-]{1,150})")
_TAG = re.compile(r"[\w-]{1,60}")


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand together, folded; with `begins` the last of them may go on."""

    words: tuple[str, ...]
    begins: bool = False

    def __str__(self) -> str:
        text = " ".join(self.words) + ("*" if self.begins else "")
        return f'"{text}"' if len(self.words) > 1 else text


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for. `problems` are sentences about what was typed and could not be understood, which is left out;
    `wrong` the same about filters that were given apart, by their names. `text` is what was typed, but for the filters
    in it that were understood."""

    terms: tuple[Term, ...] = ()
    without: tuple[Term, ...] = ()
    forum: str = ""
    author: str = ""
    tag: str = ""
    thread: str = ""
    after: datetime | None = None
    before: datetime | None = None
    solved: bool = False
    problems: tuple[str, ...] = ()
    wrong: tuple[tuple[str, str], ...] = ()
    text: str = field(default="", compare=False)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to look for: what must not be there alone is no question."""
        return not (self.terms or self.filtered)

    @property
    def filtered(self) -> bool:
        return bool(self.forum or self.author or self.tag or self.thread or self.after or self.before or self.solved)

    @property
    def last_day(self) -> date | None:
        """The last day that is looked at."""
        return (self.before - DAY).date() if self.before is not None and self.before >= FIRST + DAY else None

    @property
    def filters(self) -> dict[str, str]:
        """Its filters apart, by the names of FILTERS: "" for those that are not set."""
        return {
            "forum": self.forum,
            "author": self.author,
            "tag": self.tag,
            "from": self.after.date().isoformat() if self.after else "",
            "to": self.last_day.isoformat() if self.last_day else "",
            "solved": "1" if self.solved else "",
            "thread": self.thread,
        }

    def __str__(self) -> str:
        """As somebody would type it."""
        filters = {"forum": self.forum, "author": self.author, "tag": self.tag, "in": self.thread}
        days = {"after": self.after, "before": self.before}
        return " ".join(
            [
                *map(str, self.terms),
                *(f"-{term}" for term in self.without),
                *(f"{name}:{value}" for name, value in filters.items() if value),
                *(f"{name}:{day:%Y-%m-%d}" for name, day in days.items() if day),
                *(["is:solved"] if self.solved else []),
            ]
        )


@dataclass
class _Parser:
    query: Query = field(default_factory=Query)
    left: list[str] = field(default_factory=list)

    def take(self, part: re.Match[str]) -> None:
        name, text = (part["name"] or "").lower(), part["quoted"] if part["quoted"] is not None else part["bare"]
        known = getattr(self, f"_{name}", None) if name in NAMES else None
        if known is not None and not part["no"] and known(text):
            return
        self.left.append(part[0])
        if known is None:
            self._words(f"{part['name']}:{text}" if name else text, part["no"] == "-", part["quoted"] is not None)
        elif part["no"]:
            self._problem(_("“-%(name)s:” is not something that can be asked for.") % {"name": name})

    def give(self, name: str, value: str) -> None:
        """A filter that was not typed; it counts more than one that was."""
        before = self.query.problems
        if not getattr(self, FILTERS[name])(value):
            self._set(problems=before, wrong=(*self.query.wrong, (name, str(WRONG[name]))))

    def finish(self) -> None:
        """Say where nothing can fit."""
        query = self.query
        if query.after and query.before and query.after >= query.before:
            self._problem(_("The last day is before the first."))

    def _words(self, text: str, no: bool, quoted: bool) -> None:
        begins = not quoted and text.endswith("*") and len(words_of(text)[-1:] or "") == 1
        words = tuple(words_of(text))[:MOST_WORDS]
        if not words:
            return
        begins = begins and len(words[-1]) >= LEAST_BEGINNING
        terms = self.query.without if no else self.query.terms
        if sum(len(term.words) for term in (*self.query.terms, *self.query.without)) + len(words) > MOST_WORDS:
            self._problem(_("Only the first %(most)s words are looked for.") % {"most": MOST_WORDS})
            return
        term = Term(words, begins)
        if term not in terms:
            self._set(**{"without" if no else "terms": (*terms, term)})

    def _set(self, **changes: object) -> bool:
        self.query = replace(self.query, **changes)  # type: ignore[arg-type]
        return True

    def _problem(self, sentence: str) -> bool:
        if sentence not in self.query.problems:
            self._set(problems=(*self.query.problems, sentence))
        return False

    # -- Filters: each says whether it understood the text.

    def _forum(self, text: str) -> bool:
        if re.fullmatch(FORUM_NAME, text.lower()):
            return self._set(forum=text.lower())
        return self._problem(_("A forum is named as in its address: forum:aws."))

    def _author(self, text: str) -> bool:
        if found := _USERNAME.fullmatch(text):
            return self._set(author=found[1])
        return self._problem(_("A member is named as in their posts: author:ada."))

    _from = _author

    def _tag(self, text: str) -> bool:
        if _TAG.fullmatch(text):
            return self._set(tag=text.lower())
        return self._problem(_("A tag is one word, or several with hyphens: tag:single-table."))

    def _in(self, text: str) -> bool:
        if re.fullmatch(THREAD_ID, text.upper()):
            return self._set(thread=text.upper())
        return self._problem(_("A thread is named by the id in its address."))

    def _is(self, text: str) -> bool:
        if text.lower() == "solved":
            return self._set(solved=True)
        return self._problem(_("What can be asked for is “is:solved”."))

    def _ticked(self, text: str) -> bool:
        return text in ("0", "1") and self._set(solved=text == "1")

    def _after(self, text: str) -> bool:
        return self._day("after", text, _day_of(text))

    def _before(self, text: str) -> bool:
        return self._day("before", text, _day_of(text))

    def _until(self, text: str) -> bool:
        """As `_before`, with the day itself."""
        day = _day_of(text)
        return self._day("before", text, day + DAY if day is not None and day < LAST else None)

    def _day(self, name: str, text: str, day: datetime | None) -> bool:
        if day is None:
            return self._problem(_("Days are written like %(name)s:2026-01-31.") % {"name": name})
        return self._set(**{name: day})


NAMES = {"forum", "author", "from", "tag", "in", "is", "after", "before"}
# The filters that are given apart, and how each is read; "to" is the last day, "solved" is 1 or 0.
FILTERS = {
    "forum": "_forum",
    "author": "_author",
    "tag": "_tag",
    "from": "_after",
    "to": "_until",
    "solved": "_ticked",
    "thread": "_in",
}
_DAYS = gettext_lazy("A day is written like 2026-01-31.")
WRONG = {
    "forum": gettext_lazy("A forum is named as in its address."),
    "author": gettext_lazy("A member is named as in their posts."),
    "tag": gettext_lazy("A tag is one word, or several with hyphens."),
    "from": _DAYS,
    "to": _DAYS,
    "solved": gettext_lazy("This is ticked (1) or not (0)."),
    "thread": gettext_lazy("A thread is named by the id in its address."),
}


def parse(text: str, filters: Mapping[str, str] = MappingProxyType({})) -> Query:
    """The query in a text, with these `filters` given apart, by the names of FILTERS; "" is none."""
    parser = _Parser()
    for part in _PART.finditer(text[:MOST_CHARACTERS]):
        parser.take(part)
    if len(text) > MOST_CHARACTERS:
        parser._problem(_("Only the first %(most)s characters are looked at.") % {"most": MOST_CHARACTERS})
    for name in FILTERS:
        if value := filters.get(name, "").strip():
            parser.give(name, value)
    parser.finish()
    return replace(parser.query, text=" ".join(parser.left))


def words_of(text: str) -> list[str]:
    """The words of a text, folded: small letters, wide and narrow forms the same."""
    return [word[:MOST_LETTERS] for word in _WORD.findall(folded(text))]


def folded(text: str) -> str:
    """A text as it is compared. What a letter is without its accents, the engines know."""
    return text.lower() if text.isascii() else spaced(unicodedata.normalize("NFKC", text).lower())


def spaced(text: str) -> str:
    """The text with every character of unspaced scripts standing alone."""
    return text if text.isascii() else _UNSPACED.sub(r" \g<0> ", text)


def _day_of(text: str) -> datetime | None:
    if not _DAY.fullmatch(text):
        return None
    year, month, day = (int(part) for part in text.split("-"))
    try:
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
