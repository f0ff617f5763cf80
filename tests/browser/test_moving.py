"""Splitting and moving on a telephone, without scripts."""

from playwright.sync_api import expect

from .community import STAFF
from .conftest import Visit

PHONE = {"viewport": {"width": 390, "height": 844}, "java_script_enabled": False}
WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def test_a_moderator_splits_posts_off_and_moves_them_on(visit: Visit, wide_thread: str) -> None:
    grace = visit(STAFF, **PHONE)
    page = grace.page
    grace.goes_to(f"{wide_thread}split/")
    assert not page.evaluate(WIDER)
    page.locator('input[value="3"]').check()
    page.get_by_role("button", name="Later posts").click()
    expect(page.get_by_label("Which posts?")).to_have_value("3")
    page.locator('input[value="22"]').check()
    page.get_by_label("Title of a new thread").fill("Split off")
    page.get_by_role("button", name="Split them off").click()
    expect(page.locator("h1")).to_have_text("Split off")
    expect(page.locator("article.post")).to_have_count(2)

    thread = page.url.split("#")[0].removesuffix("split-off/")
    page.goto(f"{thread}merge/")
    assert not page.evaluate(WIDER)
    page.goto(f"{thread}move/")
    assert not page.evaluate(WIDER)
    page.get_by_label("To which forum?").select_option(label="Night trains & other slow ways to travel")
    page.get_by_role("button", name="Move the thread").click()
    expect(page.locator("h1")).to_have_text("Split off")
    assert "/f/trains/" in page.url
    page.goto(thread)
    assert "/f/trains/" in page.url
