"""Everything works without JavaScript."""

import pytest
from playwright.sync_api import expect

from .conftest import Visit
from .person import Person


@pytest.fixture
def bob(visit: Visit) -> Person:
    return visit("", java_script_enabled=False)


def test_signing_in_posting_previewing_replying_editing_and_deleting(bob: Person) -> None:
    bob.signs_in("bob").goes_to("/f/trains/").follows("New thread")
    bob.page.get_by_label("Title").fill("By hand")
    bob.page.get_by_label("Your post").fill("No *scripts* here.")
    bob.presses("Preview")
    expect(bob.preview.locator("em")).to_have_text("scripts")
    expect(bob.page.get_by_label("Title")).to_have_value("By hand")
    bob.presses("Start the thread")
    expect(bob.post(1).locator("em")).to_have_text("scripts")

    bob.writes_reply("Nor **here**.").presses("Preview")
    expect(bob.preview.locator("strong")).to_have_text("here")
    bob.presses("Post reply").is_at("/by-hand/#post-2$")
    expect(bob.post(2)).to_contain_text("Nor here.")

    bob.edits(2, "Nor there.")
    expect(bob.post(2)).to_contain_text("Nor there.")
    bob.deletes(2)
    expect(bob.post(2)).to_contain_text("was deleted")


def test_signing_up_and_out(bob: Person) -> None:
    bob.signs_up("hana")
    bob.page.locator("summary").first.click()
    bob.follows("Sign out").presses("Sign out")
    expect(bob.page.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()


def test_choosing_colours(bob: Person) -> None:
    bob.goes_to("/f/coffee/").presses("Dark").is_at("/f/coffee/$")
    expect(bob.page.locator("html")).to_have_attribute("data-theme", "dark")
    bob.goes_to("/").presses("Auto")
    expect(bob.page.locator("html")).not_to_have_attribute("data-theme", "dark")


def test_turning_the_pages_of_a_thread(bob: Person, wide_thread: str) -> None:
    bob.goes_to(wide_thread)
    bob.page.get_by_role("navigation", name="Pages", exact=True).get_by_role("link", name="Page 2").click()
    bob.is_at(r"\?page=2$")
    expect(bob.post(25)).to_be_visible()
