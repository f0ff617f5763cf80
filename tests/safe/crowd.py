"""Who reads the site in `test_canary`, where they go, and what is looked for in all they get."""

import random
import re
from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any

from django.middleware.csrf import _does_token_match
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.safe.community import AUTHOR, HAND, MEMBER, ROOT, STAFF, mail
from tests.safe.visitors import Answer, Form, Visitor
from tests.test_architecture import INLINE

READERS = ("", MEMBER, HAND, STAFF)
THEMES = {MEMBER: "dark", HAND: "light"}
# Words of the private forums, and who may not read them.
HIDDEN = {
    "Words in lounge.": ("",),
    "Words in crew.": ("", MEMBER),
    "Title in crew": ("", MEMBER),
    "Question in crew": ("", MEMBER),
}
# What readers have done with posts of the open thread, which nobody else's page may show as theirs.
DONE = {MEMBER: {("2", "like"), ("3", "bookmark")}, HAND: {("3", "like")}}
# Of the open thread's poll.
VOTED = {MEMBER: "0", HAND: "1"}
CHOSEN = re.compile(r'name="choice" value="(\d)" form="poll-1" checked|title="Your vote"')
PRESSED = re.compile(r'/(\d+)/(like|bookmark|answer)/" name="on" value="0" aria-pressed="true"')
# Who ignores the author of all posts there.
IGNORES = (HAND,)
IGNORED = re.compile(r"ignored-post|is-ignored|You ignore this member|Stop ignoring|<(?:li|article)[^>]* hidden>")
NOTE = "Only {} reads this note."
THEME = re.compile(r'<html[^>]* data-theme="(\w+)"')
STAFF_ONLY = re.compile(
    r'action="[^"?]*/(?:lock|pin|archive)/"|href="/admin/"|href="[^"?]*/\d+/(?:edit|delete|hide|show|undelete|purge)/"'
    r'|href="[^"?]*/[0-9A-Z]{26}/(?:rename|move|split|merge|hide|show|delete|undelete|history)/"'
)
CRAWLED = 24


# -- Every address of the site --------------------------------------------------------------------


def routes(patterns: list[Any], within: str = "") -> Iterator[tuple[str, frozenset[str]]]:
    """Names and parameters of all routes but Django admin's, whose pages are found by their links."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver) and pattern.namespace != "admin":
            yield from routes(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else within)
        elif isinstance(pattern, URLPattern):
            assert pattern.name, f"{pattern} has no name"
            yield within + pattern.name, frozenset([*pattern.pattern.converters, *pattern.pattern.regex.groupindex])


def addresses(threads: dict[str, str]) -> list[str]:
    """Every route with samples for its parameters, in each of the three forums."""
    found = set()
    for url in threads.values():
        _, _, name, thread_id, slug, _ = url.split("/")
        samples = {
            "name": name, "thread_id": thread_id, "slug": slug, "number": 1, "username": AUTHOR,
            "note": "2026-11-24T00:00:00.000000Z~aaaaaaaa", "token": "no-such-token",
            "shard": 0, "key": "no-such-key", "uidb36": "1", "nonce": thread_id, "talk_id": thread_id, "pk": 1,
            "image_name": f"{'0' * 32}-1x1",
        }  # fmt: skip
        for route, parameters in routes(get_resolver().url_patterns):
            assert parameters <= samples.keys(), f"say here what a sample of {parameters} is"
            found.add(reverse(route, kwargs={each: samples[each] for each in parameters}))
    found |= {
        f"/search/?q={q}" for q in ("words", "title", f"author:{AUTHOR}", "forum:crew", "wordz", "after:2020-01-01")
    }
    found |= {"/search/similar/?title=Title+in+crew", f"/search/?thread={threads['crew'].split('/')[3]}"}
    return sorted(found | {f"{threads['open']}?page=2", f"{threads['open']}?page=9", "/no/such/page/", "/admin/"})


# -- What is looked for ---------------------------------------------------------------------------


class Watch:
    """All that belongs to one reader alone, as far as it has been seen; `fits` looks at an answer."""

    def __init__(self) -> None:
        self.secrets: dict[str, set[str]] = {name: {name, mail(name)} - {"", mail("")} for name in READERS}
        self.sights: dict[str, set[str]] = {name: set() for name in READERS}
        self._lock = Lock()

    def learn(self, visitor: Visitor) -> None:
        self.secrets[visitor.name] |= {
            visitor.cookies[name] for name in ("sessionid", "csrftoken") & visitor.cookies.keys()
        }

    def fits(self, visitor: Visitor, answer: Answer) -> None:
        """The answer holds nothing of anybody else's, and no code that the policy would refuse."""
        with self._lock:
            self.learn(visitor)
            where = f"{visitor.name or 'a stranger'} at {answer.url} ({answer.status} {answer.cache})"
            assert answer.status < 500, where
            assert not INLINE.search(answer.body), f"{where}: {INLINE.search(answer.body)}"
            self._tokens(visitor, answer, where)
            whole = "\n".join([answer.body, *(f"{name}: {value}" for name, value in answer.headers)])
            # Who likes a post is for all to see.
            named = set(READERS) if answer.url.partition("?")[0].endswith("/likes/") else set()
            for other, secrets in self.secrets.items():
                found = [secret for secret in secrets - named if other != visitor.name and secret in whole]
                assert not found, f"{where} got {found} of {other or 'a stranger'}"
            self._look(visitor, answer, where)

    def _tokens(self, visitor: Visitor, answer: Answer, where: str) -> None:
        """Every token in a form is this reader's; strangers get none with pages that are kept."""
        for form in answer.forms:
            token = form.fields.get("csrfmiddlewaretoken")
            if token:
                assert _does_token_match(token, visitor.cookies["csrftoken"]), f"{where}: another's CSRF token"
                assert visitor.name or not answer.cache, where
            self.secrets[visitor.name] |= {value for value in (token, form.fields.get("token")) if value}
        if answer.cache and not visitor.name:
            assert not answer.get("set-cookie"), where

    def _look(self, visitor: Visitor, answer: Answer, where: str) -> None:
        themes = THEME.findall(answer.body)
        own = [THEMES[visitor.name]] if visitor.name in THEMES else []
        # Feeds and sitemaps are kept, too, and have no colours.
        is_page = answer.get("content-type").startswith("text/html")
        assert themes == own or (not themes and not (is_page and answer.is_kept)), where
        if visitor.name != STAFF:
            assert not STAFF_ONLY.search(answer.body), f"{where}: {STAFF_ONLY.search(answer.body)}"
            assert not answer.get("server-timing"), where
        ignored = IGNORED.search(answer.body)
        assert not ignored or visitor.name in IGNORES, f"{where}: {ignored}"
        for words, strangers in HIDDEN.items():
            assert visitor.name not in strangers or words not in answer.body, f"{where}: {words}"
        pressed, own = set(PRESSED.findall(answer.body)), DONE.get(visitor.name, set())
        assert pressed <= own and (pressed == own or "/open/" not in where or 'id="post-3"' not in answer.body), where
        chosen = set(CHOSEN.findall(answer.body))
        assert chosen <= {VOTED.get(visitor.name)}, f"{where} got a vote: {chosen}"
        seen = {"name": visitor.name and visitor.name in answer.body, "theme": themes, "forms": answer.forms}
        seen |= {"tools": STAFF_ONLY.search(answer.body), "signed in": "Successfully signed in" in answer.body}
        seen |= {"voted": chosen, "pressed": pressed, "note": NOTE.format(visitor.name) in answer.body}
        seen |= {"ignored": ignored and answer.is_kept}
        seen |= {"kept": f"Kept by {visitor.name}" in answer.body, answer.cache: True}
        self.sights[visitor.name] |= {what for what, there in seen.items() if there}


# -- The readers ----------------------------------------------------------------------------------


class Crowd:
    """The readers, and an administrator who makes all pages stale."""

    def __init__(self, visitor: Callable[[str], Visitor], threads: dict[str, str]) -> None:
        self.threads = threads
        self.watch = Watch()
        self.readers = {name: visitor(name) for name in READERS}
        self.root = visitor(ROOT)
        self.root.signs_in()
        for name, theme in THEMES.items():
            self.readers[name].chooses(theme)
        for name in filter(None, READERS):
            self.readers[name].signs_in()
        for name, done in DONE.items():
            self._react(name, done)
        for name in IGNORES:
            self._ignore(name)
        for name, choice in VOTED.items():
            form = self.readers[name].gets(self.threads["open"]).form("/vote/")
            assert self.readers[name].sends(form, choice=choice).status == 302
        self.urls = addresses(threads)

    def _ignore(self, name: str) -> None:
        """The author, by the way there from their page."""
        reader = self.readers[name]
        way = next(link for link in reader.gets(f"/u/{AUTHOR}/").links if link.endswith("/ignore/"))
        [form] = [form for form in reader.gets(way).forms if "next" in form.fields]
        assert reader.sends(Form(way, "post", form.fields), on="1").status == 302

    def _react(self, name: str, done: set[tuple[str, str]]) -> None:
        """As by the buttons below the posts of the open thread, and with a note of one's own."""
        reader, url = self.readers[name], self.threads["open"]
        [form] = [form for form in reader.gets(url).forms if not form.action]
        base = url.rsplit("/", 2)[0]
        for number, kind in sorted(done):
            assert reader.sends(Form(f"{base}/{number}/{kind}/", "post", form.fields), on="1").status == 302
            if kind == "bookmark":
                note = f"/bookmarks/{base.rpartition('/')[2]}/{number}/"
                assert reader.sends(Form(note, "post", form.fields), note=NOTE.format(name)).status == 302
                self.watch.secrets[name].add(NOTE.format(name))

    def drop_all_pages(self) -> None:
        form = next(form for form in self.root.gets("/admin/cache/").forms if form.action == "/admin/cache/")
        assert self.root.sends(form, drop="everything").status == 302

    def sign_in_again(self, name: str) -> None:
        """The session ends under an open page; the text that is then sent waits until its writer is back."""
        reader = self.readers[name]
        form = reader.gets(self.threads["open"]).form("/reply/")
        reader.forgets("sessionid")
        answer = reader.sends(form, body=f"Kept by {name}")
        assert answer.status == 302 and "/accounts/login/" in answer.get("location")
        self.watch.secrets[name].add(f"Kept by {name}")
        reader.signs_in()

    def visit(self, name: str, url: str) -> Answer:
        answer = self.readers[name].gets(url)
        self.watch.fits(self.readers[name], answer)
        return answer

    def explore(self, chance: random.Random) -> None:
        """Everybody visits every address once, and notes where the pages lead."""
        found: set[str] = set()
        for url in self.urls:
            for name in chance.sample(READERS, len(READERS)):
                found.update(self.visit(name, url).links)
        shared = sorted(url for url in found - {*self.urls} if not any(name in url for name in READERS if name))
        self.urls += chance.sample(shared, min(CRAWLED, len(shared)))

    def visits(self, chance: random.Random) -> list[tuple[str, str]]:
        """Everybody to every address and to their own pages, in random order."""
        all_visits = [(name, url) for name in READERS for url in self.urls]
        all_visits += [(name, f"/u/{name}/") for name in READERS if name]
        chance.shuffle(all_visits)
        return all_visits

    def has_seen_everything(self) -> None:
        """Nothing was missing only because it never was there."""
        sights = self.watch.sights
        for name in filter(None, READERS):
            assert {"name", "forms", "hit", "miss", "signed in", "kept"} <= sights[name], (name, sights[name])
        assert {"hit", "miss"} <= sights[""] and "tools" in sights[STAFF]
        assert all("theme" in sights[name] for name in THEMES)
        assert all("pressed" in sights[name] for name in DONE) and "note" in sights[MEMBER]
        assert all("voted" in sights[name] for name in VOTED)
        assert all("ignored" in sights[name] for name in IGNORES)
