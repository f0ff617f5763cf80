"""The page of results and its filters, with scripts and without."""

import pytest
from playwright.sync_api import expect

from .conftest import Visit


@pytest.mark.parametrize("scripts", [True, False])
def test_filters_are_chosen_and_stay_as_they_were_chosen(scripts: bool, visit: Visit) -> None:
    page = visit("", java_script_enabled=scripts).goes_to("/search/?q=forum:coffee").page
    expect(page.get_by_label("Forum", exact=True)).to_have_value("coffee")
    page.get_by_label("Author").fill("ada")
    page.get_by_label("From").fill("2020-01-31")
    page.get_by_label("Order").select_option("newest")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".search-result").first).to_be_visible()
    expect(page.get_by_label("Author")).to_have_value("ada")
    expect(page.get_by_label("From")).to_have_value("2020-01-31")
    assert ("tag=" in page.url) is not scripts, "with scripts the address holds only what is set"
