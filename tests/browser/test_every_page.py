"""Every page, for whoever may see it: it fits every window, shuts nobody out, and no browser complains."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.urls import Resolver404, resolve
from playwright.sync_api import Browser

from tests.processes import run_python, said

from . import places
from .conftest import PATIENCE
from .person import Person
from .sights import LIGHT, all_flaws, barriers, flaws_of_a_form
from .site import Site

NAMES = {"s": "", "a": "ada", "n": "nova", "m": "mika", "g": "grace"}
# Routes that lead to no page of HTML: acts that are only sent, and what programs read.
NO_PAGES = {
    *(
        "reply",
        "mark_read",
        "theme",
        "language",
        "preview",
        "send_image",
        "image",
        "avatar",
        "discard_draft",
        "spelt_tag",
        "mention",
    ),
    *("watch_thread", "lock_thread", "pin_thread", "archive_thread", "mark_all_read", "mark_forum_read"),
    *("like_post", "bookmark_post", "vote", "mark_answer", "remove_bookmark", "withdraw", "revoke_token"),
    *(
        "live",
        "forum_live",
        "thread_live",
        "conversation_live",
        "search_similar",
        "open_note",
        "mute_conversation",
        "export_download",
    ),
    "metrics",
    *("site_feed", "forum_feed", "thread_feed", "member_feed", "tag_feed", "robots", "sitemap", "sitemap_part"),
    *("admin:log_export", "admin:unnuke", "admin:logout", "admin:autocomplete", "admin:jsi18n", "admin:view_on_site"),
    # One adds deliveries and second factors nowhere.
    *("admin:forum_delivery_add", "mfa_download_recovery_codes"),
}
# Django's own pages of a thing's history and its deletion are the same for things of all kinds.
ALIKE = {"admin:*_history": "admin:forum_forum_history", "admin:*_delete": "admin:forum_forum_delete"}
# Which allauth has for other ways of signing in than this site's: by a code that is mailed, and without a password.
UNUSED = {"account_confirm_login_code", "account_set_password"}
# In the midst of signing in, which has a test of its own.
BETWEEN = {"mfa_authenticate"}


@dataclass
class House:
    """A forum that people live in, and a browser for each of them."""

    site: Site
    browser: Browser
    samples: dict[str, Any]
    cookies: dict[str, str]
    people: dict[str, Person] = field(default_factory=dict)

    def person(self, letter: str) -> Person:
        name = NAMES[letter]
        if name not in self.people:
            context = self.browser.new_context(base_url=self.site.url, color_scheme=LIGHT, reduced_motion="reduce")
            context.set_default_timeout(PATIENCE)
            if name:
                context.add_cookies([{"name": "sessionid", "value": self.cookies[name], "url": self.site.url}])
            self.people[name] = Person(context, name)
        self.people[name].troubles.clear()
        return self.people[name]

    def address(self, place: str) -> str:
        return place.format(**self.samples)


@pytest.fixture(scope="module")
def house(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    site = Site(tmp_path_factory.mktemp("house"), PUBLIC_MODERATION_LOG="true")
    site.start()
    filled = run_python("-m", "tests.browser.lived_in", DATA_DIR=str(site.home), ALLOWED_HOSTS="*")
    assert filled.returncode == 0, said(filled)
    house = House(site, browser, **json.loads(filled.stdout))
    yield house
    for person in house.people.values():
        person.context.close()
    site.stop()


def test_every_route_is_in_the_list(house: House) -> None:
    known = set()
    for _, place in places.rows(places.PLACES):
        try:
            known.add(resolve(house.address(place).partition("?")[0]).view_name)
        except Resolver404:
            assert "/nothing/" in place, f"{place} is not there any more"
    expected = {name for name in places.routes() if not name.startswith("api:")}
    assert known >= set(ALIKE.values())
    alike = {name for name in expected for pattern in ALIKE if fnmatchcase(name, pattern)}
    assert sorted(expected - known - alike - NO_PAGES - UNUSED - BETWEEN) == []
    assert sorted((NO_PAGES | UNUSED) - expected) == []


@pytest.mark.parametrize(("who", "place"), places.rows(places.PLACES))
def test_a_page_is_for_everybody(who: str, place: str, house: House) -> None:
    person = house.person(who).goes_to(house.address(place))
    turn = places.rows(places.PLACES).index((who, place))
    of_nobody = person.page.evaluate(OF_NOBODY) if person.name and not place.startswith("/admin/") else []
    assert all_flaws(person.page, turn) + person.troubles + of_nobody == []


# Forms that text is typed in, and that do not say whose they are: it is lost when the session ends meanwhile.
OF_NOBODY = """() => [...document.querySelectorAll("main form[method=post]")].filter((form) =>
  form.querySelector("textarea, input:is([type=text], [type=url], [type=email]):not([inputmode=numeric])")
  && !form.querySelector("[name=token]")).map((form) => `lost when the session ends: ${form.action}`)"""


@pytest.mark.parametrize(("who", "place"), places.rows(places.WRONG))
def test_a_form_that_comes_back_is_for_everybody(who: str, place: str, house: House) -> None:
    """All is taken out of the form's fields before it is sent."""
    path, _, fields = place.partition(" ")
    person = house.person(who).goes_to(house.address(path))
    with person.page.expect_navigation():
        person.page.evaluate(SEND, dict(parse_qsl(fields)))
    assert person.page.evaluate(WRONG_SHOWN), f"{person.page.url} says nothing of what is wrong"
    assert flaws_of_a_form(person.page) + person.troubles == []


# The form of the page, not that of its head; the last of them is what the page is about.
SEND = """(fields) => {
  const form = [...document.querySelectorAll("main form, #content-main form, #content form")].filter((each) =>
    each.querySelector("input:not([type=hidden]):not([type=submit]), textarea, select")
    && !each.matches("[role=search]")).at(-1);
  for (const field of form.elements) {
    if (["checkbox", "radio"].includes(field.type)) field.checked = false;
    else if (field.type === "select-one") field.selectedIndex = -1;
    else if (!["hidden", "submit", "button", "file"].includes(field.type)) field.value = "";
    if (field.name in fields) field.value = fields[field.name];
  }
  form.noValidate = true;
  const button = form.querySelector("button[type=submit]:not([name]), button:not([type]):not([name])");
  form.requestSubmit(button ?? form.querySelector("[type=submit]"));
}"""
WRONG_SHOWN = "!!document.querySelector('[role=alert], .errorlist, .errornote, .error-summary, [aria-invalid=true]')"


def test_the_second_step_of_signing_in_is_for_everybody(house: House) -> None:
    stranger = house.person("s").goes_to("/accounts/login/")
    stranger.page.get_by_label("Username or email").fill("grace")
    stranger.page.get_by_label("Password", exact=True).fill("correct horse")
    stranger.presses("Sign in").is_at("/two-factor/authenticate/")
    assert all_flaws(stranger.page) + stranger.troubles == []


def test_these_tests_would_find_what_shuts_people_out(house: House) -> None:
    page = house.person("s").goes_to("/").page
    html = '<img src="/static/img/favicon.svg"><p class="faint">Hardly to be read</p><input>'
    page.evaluate("html => document.querySelector('main').insertAdjacentHTML('beforeend', html)", html)
    page.evaluate("document.querySelector('.faint').style.color = document.body.style.backgroundColor = '#777'")
    found = {re.split(": ?", each)[1] for each in barriers(page, 390, LIGHT)}
    assert found >= {"image-alt", "color-contrast", "label"}
