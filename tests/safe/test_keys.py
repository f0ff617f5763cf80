"""What makes a page of its own in the cache, and what does not."""

import gzip
import random
import string
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from urllib.parse import quote

import pytest
from django.test import Client, RequestFactory

from forum import redis as stores
from forum.cache import guests, local
from tests.helpers import signed_in
from tests.safe.community import AUTHOR, HAND, MEMBER, STAFF, Community

SEED = 20261124

pytestmark = pytest.mark.usefixtures("known_for_long")


def kept_pages() -> set[str]:
    """The pages that Redis holds, by their keys."""
    return {key.decode() for key in stores.client().keys("p:*")}


def all_keys() -> set[str]:
    """Whatever both servers hold, but for leases, which live for seconds, and what is counted."""
    keys = {f"{alias} {key.decode()}" for alias in ("default", "sessions") for key in stores.client(alias).keys("*")}
    counted = ("default stats:", "default units:", "default reads:", "default guests:", "sessions pulse:")
    passing = ("default l:", *counted)
    return {key for key in keys if not key.startswith(passing)}


def in_memory() -> tuple[int, int, int]:
    """What this process keeps: pages, bytes of them and of the answers made of them, and tags."""
    return local.pages.count, local.pages.bytes, len(local.states)


# -- What makes a page ----------------------------------------------------------------------------

READABLE = {
    "": ["open"],
    MEMBER: ["open", "lounge"],
    HAND: ["open", "lounge", "crew"],
    STAFF: ["open", "lounge", "crew"],
}
# What browsers say they want to read, and what they get.
LANGUAGES = {
    "": "en",
    "en": "en",
    "de-AT, en;q=0.5": "de",
    "fr-CH, fr;q=0.9, en;q=0.8": "en",
    "zh-CN": "zh-hans",
    "*": "en",
}
THEMES = ["", "light", "dark", "purple"]
ENCODINGS = ["", "gzip", "br, gzip, zstd", "gzip;q=0", "identity", "deflate", "*"]


def urls(community: Community) -> dict[str, str]:
    """Every kind of page that is kept, and the forum it is of ("" for pages that show all a reader may read)."""
    found = {"/": "", f"/u/{AUTHOR}/": "", f"/u/{MEMBER}/": "", f"{community.urls['open']}?page=2": "open"}
    for name, thread in community.urls.items():
        found |= {f"/f/{name}/": name, f"/f/{name}/latest/": name, thread: name}
    return found


def audience(forum: str, reader: str) -> str | None:
    """Who shares the page with this reader; None for a reader who may not have it."""
    if not forum:
        return ",".join(READABLE[reader])
    return "all who may read it" if forum in READABLE[reader] else None


def browsers(community: Community) -> dict[str, Callable[[], Client]]:
    """A browser for each reader; the stranger's is always a new one."""
    signed = {name: signed_in(community.people[name]) for name in READABLE if name}
    return {"": Client, **{name: (lambda client=client: client) for name, client in signed.items()}}


def decoded(answer) -> bytes:  # type: ignore[no-untyped-def]
    encoding = answer.get("Content-Encoding", "")
    assert encoding in ("", "gzip"), f"this test does not know {encoding}"
    return gzip.decompress(answer.content) if encoding else answer.content


def test_pages_differ_by_address_audience_and_language_and_by_nothing_else(community: Community) -> None:
    """In random order, so that each reader, theme, language and encoding is sometimes the one that fills."""
    chance = random.Random(SEED)
    addresses, clients = urls(community), browsers(community)
    requests = [(url, reader) for url in addresses for reader in READABLE] * 12
    chance.shuffle(requests)
    made: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    tags: dict[tuple[str, str], bytes] = {}
    before = kept_pages()
    for url, reader in requests:
        theme, accepted, spoken = chance.choice(THEMES), chance.choice(ENCODINGS), chance.choice([*LANGUAGES])
        client = clients[reader]()
        client.cookies["theme"] = theme
        answer = client.get(url, headers={"accept-language": spoken, "accept-encoding": accepted})
        now = kept_pages()
        shared = audience(addresses[url], reader)
        if shared is None:
            assert answer.status_code in (302, 404) and now == before, (url, reader)
            continue
        page = url, shared, LANGUAGES[spoken]
        assert answer["X-Cache"] == ("hit" if made[page] else "miss"), (url, reader)
        made[page] |= now - before
        before = now
        assert_fits(answer, url, theme, LANGUAGES[spoken], accepted, tags)
    keys = [key for keys in made.values() for key in keys]
    assert all(len(keys) == 1 for keys in made.values()), made
    assert len(set(keys)) == len(made) == len(kept_pages())


def assert_fits(  # type: ignore[no-untyped-def]
    answer, url: str, theme: str, spoken: str, accepted: str, tags: dict[tuple[str, str], bytes]
) -> None:
    """The answer is in this reader's theme, language and encoding, and no two answers share an ETag."""
    assert answer.status_code == 200
    body = decoded(answer)
    shown = f'<html lang="{spoken}"' + (f' data-theme="{theme}">' if theme in ("light", "dark") else ">")
    assert shown.encode() in body, (url, theme)
    varies = {name.strip().lower() for name in answer.get("Vary", "").split(",")}
    assert "cookie" in varies
    if answer.has_header("Content-Encoding"):
        assert "accept-encoding" in varies
        assert accepted in ("gzip", "br, gzip, zstd", "*"), "nobody gets what they did not ask for"
    if answer.has_header("ETag"):
        etag = answer["ETag"]
        compared = body if etag.startswith("W/") else answer.content
        assert tags.setdefault((url, etag), compared) == compared, (url, etag)


# -- What makes none ------------------------------------------------------------------------------

TEMPTING = [
    *["utm_source", "fbclid", "lang", "language", "theme", "format", "sort", "q", "_", "Page", "PAGE", "page[]"],
    *["page%20", "pag%65%00", "next", "user", "callback", "X-Forwarded-Host", "before[]", "audience", "nocache"],
]
HEADERS = [
    *["accept", "accept-language", "user-agent", "referer", "x-forwarded-host", "x-forwarded-for", "x-original-url"],
    *["x-rewrite-url", "x-http-method-override", "cache-control", "pragma", "x-requested-with", "dnt", "origin"],
    *["if-none-match", "if-modified-since", "accept-encoding", "sec-ch-ua", "forwarded", "x-theme"],
]
COOKIES = ["theme", "language", "csrftoken", "sessionid", "messages", "django_language", "_ga"]
TEXT = string.ascii_letters + string.digits + "-_.~ é日\"'<>&=;,:/?#[]{}|\\^%"


def some(chance: random.Random, most: int = 12) -> str:
    return "".join(chance.choices(TEXT, k=chance.randint(0, most)))


def a_query(chance: random.Random) -> str:
    """One to four parameters, as strangers, trackers and attackers send them; none that the site knows."""

    def name() -> str:
        return chance.choice(TEMPTING) if chance.random() < 0.5 else f"x{quote(some(chance), safe='')}"

    pairs = [f"{name()}={quote(some(chance), safe='')}" for _ in range(chance.randint(1, 4))]
    return chance.choice("&&&&;").join(pairs) + chance.choice(["", "", "&", "&&", "&page=1"])


def a_cookie(chance: random.Random) -> str:
    value = "".join(chance.choices(string.ascii_lowercase + string.digits, k=chance.randint(0, 40)))
    return f"{chance.choice([*COOKIES, f'c{value[:5]}'])}={value}"


class TestWhatStrangersSend:
    """Through the application that the web server calls, with whatever stands before Django."""

    COUNT = 10_000

    @pytest.fixture
    def filled(self, community: Community, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Addresses of pages that are in the cache, and in this process's memory."""
        # How many guests are counted is shown on the home page, which then has other bytes.
        monkeypatch.setattr(guests, "MOST", 0)
        addresses = [url for url in urls(community) if "?" not in url and Client().get(url).status_code == 200]
        assert len(addresses) == 6 and all(Client().get(url)["X-Cache"] == "hit" for url in addresses)
        return addresses

    def test_makes_no_entry_anywhere(self, filled: list[str]) -> None:
        chance = random.Random(SEED)
        before = all_keys(), in_memory()
        assert in_memory()[0] == len(filled)
        outcomes: dict[str, int] = defaultdict(int)
        for number in range(self.COUNT + self.COUNT // 10):
            target = chance.choice(filled) + (f"?{a_query(chance)}" if number < self.COUNT else "")
            cookie = a_cookie(chance) if chance.random() < 0.2 else ""
            headers = {chance.choice(HEADERS): quote(some(chance))} if chance.random() < 0.3 else {}
            outcomes[ask(target, cookie, headers)] += 1
        assert (all_keys(), in_memory()) == before
        assert set(outcomes) == {"200 OK hit"}, outcomes

    def test_other_addresses_of_a_page_are_the_same_page(self, filled: list[str]) -> None:
        before = all_keys(), in_memory()
        for url in filled:
            path = url.replace("/open/", "/op%65n/")
            assert ask(f"{path}?", "", {}) == "200 OK hit"
            assert Client().head(url)["X-Cache"] == "hit"
            assert ask(url.rstrip("/") or "/?", "", {}) in ("301 Moved Permanently ", "200 OK hit")
        assert (all_keys(), in_memory()) == before


def ask(target: str, cookie: str, headers: dict[str, str]) -> str:
    """A GET through the front; the status and what became of the cache."""
    from forum_site.wsgi import application

    environ = RequestFactory(headers=headers).get(target, HTTP_COOKIE=cookie).environ
    environ["RAW_URI"] = target
    said: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]], failure: object = None) -> None:
        said.append(f"{status} {dict(headers).get('X-Cache', '')}")

    with closing(application(environ, start_response)) as parts:
        for _ in parts:
            pass
    return said[0]
