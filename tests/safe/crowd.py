"""Who reads the site in `test_canary`, where they go, and what is looked for in all they get."""

import random
import re
from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any

from django.middleware.csrf import _does_token_match
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.safe.community import AUTHOR, HAND, MEMBER, ROOT, STAFF, mail
from tests.safe.visitors import Answer, Visitor
from tests.test_architecture import INLINE

READERS = ("", MEMBER, HAND, STAFF)
THEMES = {MEMBER: "dark", HAND: "light"}
# Words of the private forums, and who may not read them.
HIDDEN = {"Words in lounge.": ("",), "Words in crew.": ("", MEMBER), "Title in crew": ("", MEMBER)}
THEME = re.compile(r'<html[^>]* data-theme="(\w+)"')
STAFF_ONLY = re.compile(r'action="[^"?]*/lock/"|href="/admin/"|href="[^"?]*/\d+/(?:edit|delete)/"')
CRAWLED = 24


# -- Every address of the site --------------------------------------------------------------------


def routes(patterns: list[Any]) -> Iterator[tuple[str, frozenset[str]]]:
    """Names and parameters of all routes but Django admin's, whose pages are found by their links."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver) and pattern.namespace != "admin":
            yield from routes(pattern.url_patterns)
        elif isinstance(pattern, URLPattern):
            assert pattern.name, f"{pattern} has no name"
            yield pattern.name, frozenset([*pattern.pattern.converters, *pattern.pattern.regex.groupindex])


def addresses(threads: dict[str, str]) -> list[str]:
    """Every route with samples for its parameters, in each of the three forums."""
    found = set()
    for url in threads.values():
        _, _, name, thread_id, slug, _ = url.split("/")
        samples = {
            "name": name, "thread_id": thread_id, "slug": slug, "number": 1, "username": AUTHOR,
            "key": "no-such-key", "uidb36": "1",
        }  # fmt: skip
        for route, parameters in routes(get_resolver().url_patterns):
            assert parameters <= samples.keys(), f"say here what a sample of {parameters} is"
            found.add(reverse(route, kwargs={each: samples[each] for each in parameters}))
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
            for other, secrets in self.secrets.items():
                found = [secret for secret in secrets if other != visitor.name and secret in whole]
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
        assert themes == own or (not themes and not answer.is_kept), where
        if visitor.name != STAFF:
            assert not STAFF_ONLY.search(answer.body), f"{where}: {STAFF_ONLY.search(answer.body)}"
            assert not answer.get("server-timing"), where
        for words, strangers in HIDDEN.items():
            assert visitor.name not in strangers or words not in answer.body, f"{where}: {words}"
        seen = {"name": visitor.name and visitor.name in answer.body, "theme": themes, "forms": answer.forms}
        seen |= {"tools": STAFF_ONLY.search(answer.body), "signed in": "Successfully signed in" in answer.body}
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
        self.urls = addresses(threads)

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
