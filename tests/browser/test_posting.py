"""Signing up, writing and changing what was written, as people do it."""

import pytest
from playwright.sync_api import expect

from .conftest import Visit


def test_a_newcomer_signs_up_starts_a_thread_and_finds_it_listed(visit: Visit) -> None:
    nell = visit()
    nell.signs_up("nell")
    nell.starts_thread("coffee", "Why is my espresso sour?", "It tastes of *lemons*.")
    expect(nell.post(1).locator("em")).to_have_text("lemons")

    nell.goes_to("/")
    expect(nell.row("Why is my espresso sour?")).to_contain_text("nell")
    nell.goes_to("/f/coffee/")
    expect(nell.page.locator(".thread-row").first).to_contain_text("Why is my espresso sour?")
    nell.goes_to("/f/coffee/latest/")
    expect(nell.page.locator(".feed-post").first).to_contain_text("It tastes of lemons.")
    nell.goes_to("/u/nell/")
    expect(nell.page.locator(".feed-post")).to_have_count(1)


def test_a_member_previews_a_reply_and_sees_it_change_while_writing(visit: Visit) -> None:
    ada = visit("ada")
    ada.starts_thread("coffee", "Water for coffee", "Is ours too hard?")
    ada.writes_reply("Try **bottled** water.")
    expect(ada.preview).to_be_hidden()
    ada.presses("Preview")
    expect(ada.preview.locator("strong")).to_have_text("bottled")

    ada.reply_box.press_sequentially(" Or ~~boil~~ filter it.")
    expect(ada.preview.locator("del")).to_have_text("boil")
    ada.presses("Post reply")
    expect(ada.post(2)).to_contain_text("Try bottled water. Or boil filter it.")
    ada.is_at("#post-2$")
    expect(ada.reply_box).to_have_value("")


def test_a_reply_by_one_is_on_the_others_page_at_the_next_load(visit: Visit) -> None:
    ada, bob, stranger = visit("ada"), visit("bob"), visit()
    address = ada.starts_thread("trains", "Vienna to Rome", "Which berth is quiet?")
    for person in (bob, stranger):
        expect(person.goes_to(address).posts).to_have_count(1)
        expect(person.goes_to("/").row("Vienna to Rome")).to_contain_text("0 replies")

    bob.goes_to(address).replies("The one in the middle of the carriage.")
    ada.page.reload()
    expect(ada.post(2)).to_contain_text("The one in the middle of the carriage.")
    expect(stranger.goes_to(address).post(2)).to_contain_text("bob")
    expect(stranger.goes_to("/").row("Vienna to Rome")).to_contain_text("1 reply")
    expect(stranger.goes_to("/f/trains/").row("Vienna to Rome")).to_contain_text("bob")

    ada.replies("Thank you!")
    expect(bob.goes_to("/f/trains/latest/").page.locator(".feed-post").first).to_contain_text("Thank you!")


def test_an_author_edits_post_and_title_and_everybody_sees_the_new_ones(visit: Visit) -> None:
    ada, bob = visit("ada"), visit("bob")
    address = ada.starts_thread("coffee", "Grindres compared", "Flat or conical?")
    bob.goes_to(address)
    expect(bob.post(1).get_by_role("link", name="Edit")).to_have_count(0)

    ada.edits(1, "Flat, conical or ghost burrs?", title="Grinders compared")
    ada.is_at("/grinders-compared/#post-1$")
    expect(ada.post(1)).to_contain_text("edited")
    bob.page.reload()
    bob.sees("Grinders compared")
    expect(bob.post(1)).to_contain_text("Flat, conical or ghost burrs?")
    expect(bob.goes_to("/f/coffee/").row("Grinders compared")).to_be_visible()


def test_two_windows_edit_one_post_and_neither_text_is_lost(visit: Visit) -> None:
    ada, ada_elsewhere = visit("ada"), visit("ada")
    address = ada.starts_thread("coffee", "Recipes", "Sixty grams a litre.")
    for window in (ada, ada_elsewhere):
        window.goes_to(address).post(1).get_by_role("link", name="Edit").click()
    ada.page.get_by_label("Your post").fill("Sixty-five grams a litre.")
    ada.presses("Save changes")
    expect(ada.post(1)).to_contain_text("Sixty-five")

    ada_elsewhere.page.get_by_label("Your post").fill("Fifty-five grams a litre.")
    ada_elsewhere.presses("Save changes")
    expect(ada_elsewhere.page.get_by_label("The text that is there now")).to_have_value("Sixty-five grams a litre.")
    expect(ada_elsewhere.page.get_by_role("textbox", name="Your text")).to_have_value("Fifty-five grams a litre.")
    ada_elsewhere.presses("Save my text")
    expect(ada_elsewhere.post(1)).to_contain_text("Fifty-five")


def test_a_deleted_post_leaves_its_number_and_its_place(visit: Visit) -> None:
    ada = visit("ada")
    address = ada.starts_thread("coffee", "A slip of the tongue", "First.")
    ada.replies("I did not mean this.")
    expect(ada.post(2)).to_be_visible()
    ada.replies("Third.")
    ada.deletes(2)
    expect(ada.goes_to(address).post(2)).to_contain_text("was deleted")
    expect(ada.post(2)).not_to_contain_text("I did not mean this.")
    expect(ada.post(3)).to_contain_text("Third.")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_double_click_makes_one_post(scripts: bool, visit: Visit) -> None:
    ada = visit("ada", java_script_enabled=scripts)
    address = ada.starts_thread("coffee", f"Impatience {scripts}", "Click.")
    ada.writes_reply("Only once.")
    ada.page.get_by_role("button", name="Post reply").dblclick()
    expect(ada.post(2)).to_contain_text("Only once.")
    expect(ada.goes_to(address).posts).to_have_count(2)


def test_leaving_a_page_with_an_unsent_text_asks_first(visit: Visit) -> None:
    ada = visit("ada")
    ada.starts_thread("coffee", "Distractions", "Now where was I?")
    ada.writes_reply("A long train of thought")
    asked = []
    ada.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    with ada.page.expect_event("dialog"):
        ada.page.get_by_role("link", name="Coffee", exact=True).first.click(no_wait_after=True)
    assert asked == ["beforeunload"]
    expect(ada.reply_box).to_have_value("A long train of thought")


def test_staff_lock_a_thread_and_nobody_can_reply(visit: Visit) -> None:
    grace, bob = visit("grace"), visit("bob")
    address = bob.starts_thread("coffee", "An endless quarrel", "Arabica!")
    bob.writes_reply("Robusta!")
    grace.goes_to(address).presses("Lock thread")
    expect(grace.page.get_by_text("This thread is locked.")).to_be_visible()

    bob.presses("Post reply")
    bob.sees("This changed in the meantime")
    expect(bob.page.get_by_role("textbox", name="Your text")).to_have_value("Robusta!")
    grace.presses("Unlock thread")
    expect(grace.reply_box).to_be_visible()
    bob.presses("Send again")
    expect(bob.post(2)).to_contain_text("Robusta!")
