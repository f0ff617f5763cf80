"""How to moderate, in the administration."""

import re

from django.contrib.staticfiles import finders
from django.test import Client

from forum.models import Forum, User
from tests.helpers import cost, signed_in

from .test_posts import make_moderator, text

PAGE = "/admin/guide/"


def test_every_moderator_finds_it_with_its_pictures(mod: User, aws: Forum) -> None:
    for browser in (signed_in(mod), signed_in(make_moderator("eve", aws))):
        assert PAGE in text(browser.get("/admin/"))
        page = text(browser.get(PAGE))
        assert "Agree and hide" in page and "<h1>How to moderate</h1>" in page
        pictures = re.findall(r'<img loading="lazy" width="(?:1280|390)" height="\d{3,4}" src="/static/([^"]+)"', page)
        assert len(pictures) >= 8 and all(finders.find(picture) for picture in pictures)


def test_its_contents_lead_to_its_parts_and_nothing_leads_nowhere(mod: User) -> None:
    page = text(signed_in(mod).get(PAGE))
    targets = re.findall(r'href="#([^"]+)"', page)
    assert len(targets) > 10 and [target for target in targets if f'id="{target}"' not in page] == []
    assert ".md" not in page


def test_it_costs_nothing_at_dynamodb(mod: User) -> None:
    browser: Client = signed_in(mod)
    browser.get(PAGE)
    with cost() as spent:
        browser.get(PAGE)
    assert spent.dynamodb.calls == []
