"""Two members write to each other, and a third sees nothing of it; on a telephone and without scripts."""

import pytest
from playwright.sync_api import expect

from .conftest import Visit
from .test_looks import flaws

PHONE = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}


def test_two_members_write_and_a_third_sees_nothing(visit: Visit) -> None:
    ada = visit("ada").goes_to("/u/bob/")
    ada.follows("Message")
    page = ada.page
    expect(page.get_by_label("To", exact=True)).to_have_value("bob")
    page.get_by_label("Title").fill("The surprise for Cleo")
    page.get_by_label("Your message").fill("A grinder, **by hand**?")
    assert flaws(page) == []
    ada.presses("Send").sees("The surprise for Cleo")
    url = page.url

    bob = visit("bob", java_script_enabled=False).goes_to("/notifications/")
    bob.page.get_by_role("link", name="wrote to you: “The surprise for Cleo”").click()
    expect(bob.page.locator("article.post strong")).to_have_text("by hand")
    bob.page.get_by_label("Your message").fill("And a bag of beans.")
    bob.presses("Send").is_at("#message-2$")

    ada.goes_to("/messages/")
    expect(page.locator(".talk").first).to_contain_text("1 new")
    assert flaws(page) == []
    ada.follows("The surprise for Cleo").sees("The surprise for Cleo")
    expect(page.locator("#message-2")).to_contain_text("And a bag of beans.")
    assert flaws(page) == []

    cleo = visit("cleo").goes_to("/messages/")
    expect(cleo.page.get_by_role("main")).not_to_contain_text("surprise")
    for address in (url, "/notifications/", "/search/?q=beans+bag", "/u/ada/", "/"):
        cleo.goes_to(address)
        expect(cleo.page.get_by_role("main")).not_to_contain_text("bag of beans")
    cleo.goes_to(url)
    expect(cleo.page.get_by_role("heading", level=1)).to_have_text("Nothing here")

    ada.goes_to(url).follows("Leave").presses("Leave").is_at("/messages/$")
    bob.goes_to(url)
    expect(bob.page.locator(".talk-event")).to_contain_text("has left the conversation")


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "telephone"])
def test_names_are_offered_to_whom_a_message_goes(options: dict[str, object], visit: Visit) -> None:
    ada = visit("ada", **options).goes_to("/messages/new/")
    page, to = ada.page, ada.page.get_by_label("To", exact=True)
    offered = page.get_by_role("listbox", name="Members").get_by_role("option")
    to.press_sequentially("cl")
    expect(offered).to_have_text(["cleo"])
    assert flaws(page) == []
    page.keyboard.press("Enter")
    expect(to).to_have_value("cleo, ")
    to.press_sequentially("bo")
    page.get_by_role("option", name="bob").click()
    expect(to).to_have_value("cleo, bob, ")
    expect(offered).to_have_count(0)
    page.get_by_label("Title").fill("A message for two")
    page.get_by_label("Your message").fill("And one more?")
    ada.presses("Send").sees("A message for two").follows("Add people")
    page.get_by_label("Who").press_sequentially("gra")
    expect(offered).to_have_text(["grace"])
    assert flaws(page) == []
    page.keyboard.press("Tab")
    expect(page.get_by_label("Who")).to_have_value("grace, ")
    ada.presses("Add").sees("A message for two")
    expect(page.get_by_role("main")).to_contain_text("lets grace take part")


def test_a_name_beside_long_words_stays_on_its_line(visit: Visit) -> None:
    bob = visit("bob", **{**PHONE, "viewport": {"width": 360, "height": 740}}).goes_to("/messages/new/")
    bob.page.get_by_label("To", exact=True).fill("ada")
    bob.page.get_by_label("Title").fill("In German")
    bob.page.get_by_label("Your message").fill("Guten Tag.")
    bob.presses("Send").sees("In German")
    said = bob.page.locator("#message-1")
    german = {".post-when": "vor 32 Min.", "[href*=quote]": "Zitieren", "[href*=edit]": "Bearbeiten"}
    for part, words in {".author": "robin", **german, "[href*=delete]": "Löschen"}.items():
        said.locator(part).evaluate("(part, words) => { part.textContent = words; }", words)
    box = said.locator(".author").bounding_box()
    assert box and box["height"] < 30
    assert flaws(bob.page, (360,)) == []
