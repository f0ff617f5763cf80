"""What a text may not hold, and how many links members post; asked before anything is stored.

Blocked words are found as whole words, whatever their case and accents, in the text as it is typed and as it is
read, so that neither joiners of no width nor Markdown in the middle hide them. Blocked domains are found in
every address that the text would link to, and cover what is below them.

The list is kept in each process under the generation of the tag `site`, which every change of it renews; see
`forum.directory`. Moderators are screened for nothing.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forum import directory, markup, reasons, wording
from forum.errors import Refused
from forum.models import BlockedText
from forum.permissions import ForumRules, Reader, moderates

_TOKEN = re.compile(r"[^\W_]+")
# Thai to Lao, Burmese, Khmer, kana and Han are written without spaces: there a word is any part of a text.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_WEB = re.compile(r"https?:[\\/]*([^\\/?#]*)", re.IGNORECASE)
_MAIL = re.compile(r"mailto:[^?]*@([^?@,]*)", re.IGNORECASE)


def screen(reader: Reader, forum: ForumRules, title: str, body: str) -> str:
    """Why this new post has to wait for approval, "" where it need not; Refused where it may not be posted."""
    if moderates(reader, forum) or (reader.trust and blocklist().empty):
        return ""
    sent = Text.of(title, body)
    found = blocklist().found_in(sent)
    _refuse([text for text, answer in found.items() if answer == BlockedText.Answer.REFUSE])
    _refuse_links(reader, sent.links)
    return reasons.holding(found) if found else ""


def screen_edit(reader: Reader, forum: ForumRules, old: tuple[str, str], new: tuple[str, str]) -> None:
    """Refused where an edit brings into a post (title, body) what it may not hold. An edit cannot wait for
    approval, so words that would let a new post wait are refused as well; what was there already may stay."""
    if moderates(reader, forum) or (reader.trust and blocklist().empty):
        return
    before, after = Text.of(*old), Text.of(*new)
    known = blocklist().found_in(before)
    _refuse([text for text in blocklist().found_in(after) if text not in known])
    if after.links > before.links:
        _refuse_links(reader, after.links)


def _refuse(texts: list[str]) -> None:
    if texts:
        raise Refused(
            _("This forum takes no posts with %(texts)s. Please take it out and send it again.")
            % {"texts": wording.quoted(texts)}
        )


def _refuse_links(reader: Reader, links: int) -> None:
    most = settings.NEW_MEMBER_LINKS
    if reader.trust == 0 and 0 <= most < links:
        if most:
            said = ngettext(
                "New members can put at most %(most)s link into a post, and this one has "
                "%(links)s. Please take some out.",
                "New members can put at most %(most)s links into a post, and this one has "
                "%(links)s. Please take some out.",
                most,
            )
        else:
            said = _("New members can put no links into a post, and this one has %(links)s. Please take some out.")
        raise Refused(said % {"most": most, "links": links})


# -- A text ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """A title and a body, as they are compared: `variants` are the folded text as typed and as read; `hosts`
    are those that it would link to, and `links` is how many links and images to elsewhere it has."""

    variants: tuple[str, str]
    hosts: frozenset[str]
    links: int

    @classmethod
    def of(cls, title: str, body: str) -> "Text":
        read, addresses = markup.read(body)
        hosts = [host for address in addresses if (host := host_of(address))]
        elsewhere = sum(host not in settings.ALLOWED_HOSTS for host in hosts)
        return cls((folded(f"{title}\n{body}"), folded(f"{title}\n{read}")), frozenset(hosts), elsewhere)


def hosts_in(body: str) -> list[str]:
    """The hosts that a text would link to, each once, in their order."""
    return list(dict.fromkeys(host for address in markup.read(body)[1] if (host := host_of(address))))


def folded(text: str) -> str:
    """A text without what can make the same word look different to a machine: case, accents, wide and narrow
    forms, and characters of no width."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return plain if plain.isascii() else "".join(each for each in plain if unicodedata.category(each) not in _UNSEEN)


_UNSEEN = frozenset(("Mn", "Me", "Cf"))


def host_of(address: str) -> str:
    """The host that an address leads to, as browsers would look it up; "" for one within the site."""
    found = _WEB.match(address) or _MAIL.match(address)
    return plain_host(unquote(found[1]).rpartition("@")[2].partition(":")[0]) if found else ""


def plain_host(host: str) -> str:
    """A host's name in small letters and ASCII, without a dot at its end."""
    try:
        name = host.encode("idna").decode()
    except UnicodeError:
        name = unicodedata.normalize("NFKC", host)
    return name.casefold().strip(".")


def is_domain(text: str) -> bool:
    """Whether a text can be blocked as a domain: a host's name of at least two parts."""
    host = plain_host(text.strip().removeprefix("*."))
    return re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+", host) is not None


def is_word(text: str) -> bool:
    """Whether a text can be blocked as a word: something of it is left to look for."""
    return bool(folded(text).strip())


# -- The list -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Blocklist:
    """All blocked texts with their answers: phrases as tokens under the first of them, `parts` of texts, domains."""

    generation: str
    phrases: dict[str, list[tuple[list[str], BlockedText]]] = field(default_factory=dict)
    parts: list[tuple[str, BlockedText]] = field(default_factory=list)
    domains: dict[str, BlockedText] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        return not (self.phrases or self.parts or self.domains)

    def add(self, blocked: BlockedText) -> None:
        if blocked.kind == BlockedText.Kind.DOMAIN:
            self.domains[plain_host(blocked.text.strip().removeprefix("*."))] = blocked
            return
        word = folded(blocked.text).strip()
        tokens = _TOKEN.findall(word)
        if tokens and not _UNSPACED.search(word):
            self.phrases.setdefault(tokens[0], []).append((tokens, blocked))
        elif word:
            self.parts.append((word, blocked))

    def found_in(self, text: Text) -> dict[str, str]:
        """The blocked texts that are in a text, as the list has them, and their answers."""
        found = [*self._domains_of(text.hosts)]
        for variant in text.variants:
            found += self._words_of(variant)
        return {blocked.text: blocked.answer for blocked in found}

    def _words_of(self, text: str) -> Iterator[BlockedText]:
        yield from (blocked for part, blocked in self.parts if part in text)
        tokens = _TOKEN.findall(text) if self.phrases else []
        for place, token in enumerate(tokens):
            for phrase, blocked in self.phrases.get(token, ()):
                if tokens[place : place + len(phrase)] == phrase:
                    yield blocked

    def _domains_of(self, hosts: Iterable[str]) -> Iterator[BlockedText]:
        for host in hosts if self.domains else ():
            labels = host.split(".")
            for start in range(len(labels)):
                if blocked := self.domains.get(".".join(labels[start:])):
                    yield blocked


_kept: Blocklist | None = None


def blocklist() -> Blocklist:
    """The list of now. One SQL query after a change, or while Redis is down."""
    global _kept
    generation = directory.kept().generation
    if _kept is None or not generation or _kept.generation != generation:
        read = Blocklist(generation)
        for blocked in BlockedText.objects.all():
            read.add(blocked)
        _kept = read
    return _kept
