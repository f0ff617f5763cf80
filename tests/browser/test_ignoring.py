"""Two members side by side, of whom one ignores the other; with scripts and without, on a phone."""

import pytest
from playwright.sync_api import expect

from .conftest import Visit
from .test_looks import flaws

NARROW = {"width": 320, "height": 640}


@pytest.mark.parametrize("scripts", [True, False])
def test_a_member_ignores_another_and_changes_their_mind(visit: Visit, scripts: bool) -> None:
    ada, bob = visit("ada"), visit("bob", java_script_enabled=scripts, viewport=NARROW)
    url = ada.starts_thread("coffee", f"Tea is better {scripts}", "All of you are wrong.")
    bob.goes_to(url)
    bob.post(1).get_by_role("link", name="Ignore", exact=True).click()
    bob.sees("Ignore ada?").presses("Ignore").is_at(url)
    line = bob.page.get_by_text("Post by an ignored member")
    expect(line).to_be_visible()
    expect(bob.page.get_by_text("All of you are wrong.")).to_be_hidden()
    assert flaws(bob.page) == []
    line.click()
    expect(bob.page.get_by_text("All of you are wrong.")).to_be_visible()

    bob.goes_to("/f/coffee/")
    expect(bob.row(f"Tea is better {scripts}")).to_be_hidden()
    expect(ada.goes_to("/f/coffee/").row(f"Tea is better {scripts}")).to_be_visible()
    expect(ada.goes_to(url).page.get_by_text("All of you are wrong.")).to_be_visible()

    bob.goes_to("/settings/").page.get_by_role("link", name="See whom you ignore").click()
    bob.page.get_by_role("button", name="Stop ignoring ada").click()
    expect(bob.page.get_by_text("You ignore nobody.")).to_be_visible()
    expect(bob.goes_to("/f/coffee/").row(f"Tea is better {scripts}")).to_be_visible()


def test_new_posts_of_an_ignored_member_arrive_folded(visit: Visit) -> None:
    cleo, bob = visit("cleo"), visit("bob")
    url = bob.starts_thread("coffee", "Which beans?", "The dark ones, I think.")
    cleo.goes_to(url).replies("The light ones.").is_at("#post-2$")
    bob.goes_to(url).post(2).get_by_role("link", name="Ignore", exact=True).click()
    bob.presses("Ignore").is_at(url)
    cleo.replies("And none else.").is_at("#post-3$")
    bob.page.get_by_role("link", name="1 new reply").click()
    expect(bob.page.get_by_text("Post by an ignored member")).to_have_count(2)
    expect(bob.page.get_by_text("And none else.")).to_be_hidden()
    bob.goes_to("/settings/ignored/").presses("Stop ignoring cleo")
