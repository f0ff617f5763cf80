"""Writing as members do it: buttons and keys, quotations, drafts, names; on a desk and on a telephone."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import Visit
from .person import Person
from .sights import WIDTHS, flaws, resize

PHONE = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
KEY = "draft:"


def button(person: Person, name: str) -> None:
    person.page.get_by_role("toolbar", name="Formatting").get_by_role("button", name=name, exact=True).click()


def select(person: Person, words: str) -> None:
    person.reply_box.evaluate(
        "(area, words) => { const from = area.value.indexOf(words); area.focus();"
        " area.setSelectionRange(from, from + words.length); }",
        words,
    )


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "telephone"])
def test_buttons_and_keys_format_what_is_selected(options: dict[str, object], visit: Visit) -> None:
    ada = visit("ada", **options)
    ada.starts_thread("coffee", "Formatting", "Try the buttons.")
    ada.writes_reply("plain words")
    select(ada, "words")
    button(ada, "Bold")
    expect(ada.reply_box).to_have_value("plain **words**")
    ada.page.keyboard.press("Control+b")
    expect(ada.reply_box).to_have_value("plain words")
    for key, value in (("i", "plain *words*"), ("e", "plain *`words`*"), ("k", "plain *`[words](https://)`*")):
        ada.page.keyboard.press(f"Control+{key}")
        expect(ada.reply_box).to_have_value(value)
    for _ in range(3):
        ada.page.keyboard.press("Control+z")
    expect(ada.reply_box).to_have_value("plain words")
    ada.writes_reply("one\ntwo")
    ada.reply_box.select_text()
    button(ada, "Numbered list")
    expect(ada.reply_box).to_have_value("1. one\n2. two")
    button(ada, "Numbered list")
    button(ada, "Quote")
    expect(ada.reply_box).to_have_value("> one\n> two")
    assert flaws(ada.page) == []
    ada.presses("Post reply")
    expect(ada.post(2).locator("blockquote")).to_contain_text("one")


def test_the_toolbar_is_one_stop_for_the_tab_key(visit: Visit) -> None:
    ada = visit("ada")
    ada.starts_thread("coffee", "Keys on the bar", "Try the arrows.")
    bold = ada.page.get_by_role("button", name="Bold", exact=True)
    bold.focus()
    ada.page.keyboard.press("ArrowRight")
    expect(ada.page.get_by_role("button", name="Italic", exact=True)).to_be_focused()
    ada.page.keyboard.press("Tab")
    expect(ada.reply_box).to_be_focused()
    ada.page.keyboard.press("Shift+Tab")
    ada.page.keyboard.press("Enter")
    expect(ada.reply_box).to_have_value("*italic text*")


def test_an_emoji_is_picked(visit: Visit) -> None:
    ada = visit("ada", **PHONE)
    ada.starts_thread("coffee", "Faces", "How was it?")
    ada.page.locator("[data-emoji] > summary").click()
    assert flaws(ada.page) == []
    ada.page.get_by_role("button", name="tada", exact=True).click()
    expect(ada.reply_box).to_have_value("🎉")
    expect(ada.page.locator("[data-emoji-list]")).to_be_hidden()


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "telephone"])
def test_emoji_are_offered_after_a_colon(options: dict[str, object], visit: Visit) -> None:
    ada = visit("ada", **options)
    ada.starts_thread("coffee", "Faces by name", "How was it?")
    ada.reply_box.press_sequentially("At 12:30 http://x: fine :he")
    offered = ada.page.get_by_role("listbox", name="Emoji").get_by_role("option")
    expect(offered.first).to_have_text("❤️ heart")
    expect(offered.first).to_have_attribute("aria-selected", "true")
    for width in WIDTHS:
        resize(ada.page, width)
        # Scripts are told of it with the next picture.
        ada.page.wait_for_timeout(100)
        assert flaws(ada.page, (width,)) == []
    ada.page.keyboard.press("ArrowDown")
    ada.page.keyboard.press("Enter")
    expect(ada.reply_box).to_have_value("At 12:30 http://x: fine 😍 ")
    ada.reply_box.press_sequentially(":tad")
    ada.page.keyboard.press("Tab")
    ada.reply_box.press_sequentially(":cof")
    offered.get_by_text("coffee").click()
    expect(ada.reply_box).to_have_value("At 12:30 http://x: fine 😍 🎉 ☕ ")
    for typed in (":d", "a:tada", ":tada:", "::ta"):
        ada.writes_reply("").reply_box.press_sequentially(typed)
        expect(offered).to_have_count(0)
    ada.writes_reply("")


def test_emoji_are_found_by_their_names(visit: Visit) -> None:
    ada = visit("ada")
    ada.starts_thread("coffee", "Faces to be found", "How was it?")
    ada.page.locator("[data-emoji] > summary").click()
    search = ada.page.get_by_role("searchbox", name="Search emoji")
    expect(search).to_be_focused()
    ada.page.keyboard.type("see no")
    buttons = ada.page.get_by_role("group", name="Emoji").get_by_role("button")
    expect(buttons).to_have_count(1)
    assert flaws(ada.page) == []
    ada.page.keyboard.press("Enter")
    expect(ada.reply_box).to_have_value("🙈")
    ada.page.locator("[data-emoji] > summary").click()
    expect(search).to_have_value("")
    expect(buttons).not_to_have_count(1)
    ada.page.keyboard.press("Escape")
    expect(ada.page.locator("[data-emoji] > summary")).to_be_focused()
    ada.writes_reply("")


def test_the_preview_stands_beside_the_text_and_follows_it(visit: Visit) -> None:
    ada = visit("ada", viewport={"width": 1280, "height": 900})
    ada.goes_to("/f/coffee/new/")
    ada.page.get_by_label("Your post").fill("```python\nprint(1)\n```\n:tada: @bob")
    ada.presses("Preview")
    expect(ada.preview.locator(".hl-builtin")).to_have_text("print")
    expect(ada.preview).to_contain_text("🎉")
    text, preview = ada.page.get_by_label("Your post").bounding_box(), ada.preview.bounding_box()
    assert text and preview and preview["x"] >= text["x"] + text["width"]
    assert abs(preview["y"] - text["y"]) < 150
    ada.presses("Preview")
    expect(ada.preview).to_be_hidden()
    ada.page.get_by_label("Your post").fill("")


# -- Quoting --------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "telephone"])
def test_posts_are_quoted_into_the_open_editor(options: dict[str, object], visit: Visit) -> None:
    ada = visit("ada", **options)
    ada.starts_thread("coffee", "Quotations", "A first sentence. And a second one.")
    ada.replies("In between.")
    expect(ada.post(2)).to_be_visible()
    ada.page.evaluate(
        "() => { const text = document.querySelector('#post-1 .prose p').firstChild;"
        " getSelection().setBaseAndExtent(text, 0, text, 17); }"
    )
    ada.post(1).get_by_role("link", name="Quote").click()
    expect(ada.reply_box).to_have_value(re.compile(r"^> @ada wrote in \[#1\].*:\n> A first sentence\.\n\n$"))
    ada.page.evaluate("getSelection().removeAllRanges()")
    ada.post(2).get_by_role("link", name="Quote").click()
    expect(ada.reply_box).to_have_value(re.compile(r"sentence\.\n\n> @ada wrote in \[#2\].*:\n> In between\.\n\n$"))
    ada.reply_box.press_sequentially("Both true.")
    ada.presses("Post reply")
    quotes = ada.post(3).locator("blockquote.quote")
    expect(quotes).to_have_count(2)
    assert flaws(ada.page) == []
    quotes.first.get_by_role("link", name="#1").click()
    ada.is_at("#post-1$")


def test_without_scripts_a_quotation_begins_a_page_of_its_own(visit: Visit) -> None:
    address = visit("ada").starts_thread("coffee", "No scripts", "What I said. " * 80)
    bob = visit("bob", java_script_enabled=False).goes_to(address)
    expect(bob.page.get_by_role("toolbar")).to_have_count(0)
    bob.post(1).get_by_role("link", name="Quote").click()
    bob.presses("Post reply")
    quote = bob.post(2).locator("blockquote.quote")
    expect(quote.locator("summary")).to_contain_text("Show all")
    expect(quote.locator("details > p")).to_be_hidden()
    quote.locator("summary").click()
    expect(quote.locator("details > p")).to_be_visible()


# -- Drafts ---------------------------------------------------------------------------------------


def test_a_text_that_was_left_is_there_again(visit: Visit) -> None:
    ada = visit("ada")
    address = ada.starts_thread("coffee", "Interrupted", "Go on.")
    ada.writes_reply("As I was saying")
    ada.page.on("dialog", lambda dialog: dialog.accept())
    ada.goes_to("/").goes_to(address)
    expect(ada.reply_box).to_have_value("As I was saying")
    ada.presses("Discard draft")
    expect(ada.reply_box).to_have_value("")
    ada.page.reload()
    expect(ada.reply_box).to_have_value("")


def test_what_has_arrived_is_in_its_form_no_longer_where_the_back_button_leads(visit: Visit) -> None:
    ada = visit("ada")
    ada.starts_thread("coffee", "Back and forth", "Go on.")
    ada.page.goto(f"{ada.page.url}?page=1")
    ada.replies("Said once.").is_at("#post-2$")
    ada.page.go_back()
    ada.is_at("page=1$")
    expect(ada.reply_box).to_have_value("")
    ada.replies("Said otherwise.").is_at("#post-3$")
    ada.post(3).get_by_role("link", name="Edit").click()
    ada.page.get_by_label("Your post").fill("Said better.")
    ada.presses("Save changes").is_at("#post-3$")
    ada.page.go_back()
    expect(ada.page.get_by_label("Your post")).not_to_have_value("")


def test_a_draft_is_offered_on_another_device_and_gone_once_it_is_sent(visit: Visit) -> None:
    desk, phone = visit("bob"), visit("bob", **PHONE)
    address = visit("ada").starts_thread("coffee", "Two devices", "Where were you?")
    desk.goes_to(address)
    with desk.page.expect_response("**/drafts/"):
        desk.writes_reply("At the desk, and then")
    phone.goes_to(address)
    phone.reply_box.focus()
    expect(phone.reply_box).to_have_value("At the desk, and then")
    assert flaws(phone.page) == []
    phone.reply_box.press_sequentially(" on the train.")
    phone.presses("Post reply")
    expect(phone.post(2)).to_contain_text("on the train.")
    expect(phone.reply_box).to_have_value("")
    assert phone.page.evaluate(f"Object.keys(localStorage).filter((key) => key.startsWith('{KEY}')).length") == 0
    phone.goes_to("/drafts/")
    expect(phone.page.get_by_role("link", name="Go on writing")).to_have_count(0)


def test_a_draft_does_not_take_the_place_of_other_words(visit: Visit) -> None:
    desk, phone = visit("ada"), visit("ada")
    address = desk.starts_thread("coffee", "Two beginnings", "As it stands.")
    for device in (desk, phone):
        device.goes_to(address).post(1).get_by_role("link", name="Edit").click()
    text = phone.page.get_by_label("Your post")
    with desk.page.expect_response("**/drafts/"):
        desk.page.get_by_label("Your post").fill("As it might stand.")
    text.focus()
    expect(phone.page.get_by_text("You have a draft of this text.")).to_be_visible()
    expect(text).to_have_value("As it stands.")
    phone.presses("Restore it")
    expect(text).to_have_value("As it might stand.")
    phone.presses("Save changes")
    expect(phone.post(1)).to_contain_text("As it might stand.")
    assert phone.page.evaluate(f"Object.keys(localStorage).filter((key) => key.startsWith('{KEY}')).length") == 0


def test_a_text_in_one_tab_does_not_take_the_place_of_that_in_another(visit: Visit) -> None:
    cleo = visit("cleo")
    address = visit("ada").starts_thread("coffee", "Two tabs", "And one writer.")
    other = cleo.context.new_page()
    for page in (cleo.page, other):
        page.goto(address)
    other.get_by_label("Your reply").press_sequentially("In the other tab")
    expect(cleo.page.get_by_text("You have a draft of this text.")).to_be_hidden()
    cleo.reply_box.press_sequentially("In")
    expect(cleo.page.get_by_text("You have a draft of this text.")).to_be_visible()
    cleo.reply_box.press_sequentially(" this tab")
    expect(cleo.reply_box).to_have_value("In this tab")
    other.close()
    cleo.presses("Restore it")
    expect(cleo.reply_box).to_have_value("In the other tab")
    expect(cleo.page.get_by_text("This is your draft.")).to_be_visible()
    cleo.presses("Post reply")
    expect(cleo.post(2)).to_contain_text("In the other tab")
    assert cleo.page.evaluate(f"Object.keys(localStorage).filter((key) => key.startsWith('{KEY}')).length") == 0


def test_drafts_are_listed_and_gone_on_with(visit: Visit) -> None:
    cleo = visit("cleo").goes_to("/f/trains/new/")
    cleo.page.get_by_label("Title").fill("A thread to be")
    with cleo.page.expect_response("**/drafts/"):
        cleo.page.get_by_label("Your post").fill("Not yet finished")
    cleo.page.on("dialog", lambda dialog: dialog.accept())
    without = visit("cleo", java_script_enabled=False).goes_to("/drafts/")
    without.follows("Go on writing").is_at("/f/trains/new/$")
    expect(without.page.get_by_label("Title")).to_have_value("A thread to be")
    without.presses("Start the thread").sees("A thread to be")
    without.goes_to("/drafts/")
    expect(without.page.get_by_text("No drafts.")).to_be_visible()
    assert flaws(without.page) == []


def test_a_draft_brings_tags_and_poll_back(visit: Visit) -> None:
    device = visit("cleo").goes_to("/f/trains/new/")
    page = device.page
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_label("Title").fill("Which carriage?")
    page.get_by_label("Tags").fill("seats, windows")
    page.get_by_text("Add a poll").click()
    page.get_by_label("Question").fill("Where do you sit?")
    with page.expect_response("**/drafts/"):
        page.get_by_label("Options").fill("In front\nAt the end")
    for again in (device, visit("cleo")):
        again.goes_to("/").goes_to("/f/trains/new/")
        expect(again.page.get_by_label("Title")).to_have_value("Which carriage?")
        expect(again.page.get_by_label("Tags")).to_have_value("seats, windows")
        expect(again.page.get_by_label("Question")).to_have_value("Where do you sit?")
        expect(again.page.get_by_label("Options")).to_have_value("In front\nAt the end")
    page.get_by_role("button", name="Discard draft").click()
    expect(page.get_by_label("Tags")).to_have_value("")
    expect(page.get_by_label("Options")).to_have_value("")


# -- Names, and threads like a new one ---------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "telephone"])
def test_names_are_offered_after_an_at(options: dict[str, object], visit: Visit) -> None:
    ada = visit("ada", **options)
    ada.starts_thread("coffee", "Names", "Who?")
    ada.reply_box.press_sequentially("Ask @cl")
    option = ada.page.get_by_role("option", name="cleo")
    expect(option).to_have_attribute("aria-selected", "true")
    assert flaws(ada.page) == []
    ada.page.keyboard.press("Enter")
    expect(ada.reply_box).to_have_value("Ask @cleo ")
    ada.reply_box.press_sequentially("or @bo")
    ada.page.get_by_role("option", name="bob").click()
    expect(ada.reply_box).to_have_value("Ask @cleo or @bob ")
    ada.reply_box.press_sequentially("or @gr")
    expect(ada.page.get_by_role("option", name="grace")).to_be_visible()
    ada.page.keyboard.press("Escape")
    expect(ada.page.get_by_role("listbox", name="Members")).to_be_hidden()
    ada.presses("Post reply")
    ada.post(2).get_by_role("link", name="@cleo").click()
    ada.is_at("/u/cleo/$")


def test_threads_like_a_new_one_are_shown_under_its_title(visit: Visit) -> None:
    ada = visit("ada")
    ada.starts_thread("coffee", "Descaling a kettle with vinegar", "It works.")
    ada.goes_to("/f/coffee/new/")
    ada.page.get_by_label("Title").press_sequentially("Descaling a kettle")
    expect(ada.page.get_by_role("link", name="Descaling a kettle with vinegar")).to_be_visible()
    assert flaws(ada.page) == []
    ada.page.get_by_label("Title").fill("")
