"""Two members side by side: what is unread, what they are told, what they find, and what each shows of themselves."""

import re
from io import BytesIO

from PIL import Image
from playwright.sync_api import expect

from .conftest import Visit
from .test_looks import flaws

PHONE = {"width": 390, "height": 780}


def test_each_sees_what_is_unread_to_them(visit: Visit) -> None:
    ada, bob = visit("ada"), visit("bob", viewport=PHONE)
    url = ada.starts_thread("coffee", "Counting beans", "One bean.")
    expect(bob.goes_to("/f/coffee/").row("Counting beans").locator(".unread-badge, .unread-dot")).to_have_count(1)
    bob.goes_to(url)
    expect(bob.goes_to("/f/coffee/").row("Counting beans").locator(".unread-badge, .unread-dot")).to_have_count(0)
    ada.goes_to(url).replies("Two beans.").is_at("#post-2$")
    ada.replies("Three beans.").is_at("#post-3$")
    badge = bob.goes_to("/f/coffee/").row("Counting beans").locator(".unread-badge")
    expect(badge).to_contain_text("2 new")
    expect(ada.goes_to("/f/coffee/").row("Counting beans").locator(".unread-badge")).to_have_count(0)
    badge.click()
    bob.is_at("#post-2$")
    line = bob.page.locator(".unread-line")
    expect(line).to_have_text("New since your last visit")
    head, said = bob.page.get_by_role("banner").bounding_box(), line.bounding_box()
    assert head and said and head["height"] <= said["y"], "it does not lie under what stays at the top"
    assert flaws(bob.page) == []
    expect(bob.goes_to("/f/coffee/").row("Counting beans").locator(".unread-badge")).to_have_count(0)


def test_what_was_read_is_marked_no_longer_where_the_back_button_leads(visit: Visit) -> None:
    ada, bob = visit("ada"), visit("bob")
    for title in ("Read at once", "Read tomorrow"):
        ada.starts_thread("coffee", title, "News.")
    bob.goes_to("/").row("Read at once").get_by_role("link", name="Read at once", exact=True).click()
    bob.sees("Read at once").page.go_back()
    dots = bob.page.locator(".unread-dot + a")
    for title, marks in (("Read at once", 0), ("Read tomorrow", 1)):
        expect(bob.row(title).locator(".unread-badge")).to_have_count(marks)
        expect(dots.filter(has_text=title)).to_have_count(marks)


def test_a_quotation_with_a_mention_is_one_notification(visit: Visit) -> None:
    bob, ada = visit("bob"), visit("ada")
    url = bob.starts_thread("coffee", "Who grinds?", "I do, by hand.")
    bob.goes_to("/notifications/")
    if bob.page.get_by_role("button", name="Mark all as read").count():
        bob.presses("Mark all as read")
    ada.goes_to(url).post(1).get_by_role("link", name="Quote").click()
    ada.reply_box.press("Control+End")
    ada.reply_box.press_sequentially("So do I, @bob ")
    ada.presses("Post reply").is_at("#post-2$")
    bob.goes_to("/")
    expect(bob.page.locator("summary [data-notes]")).to_contain_text("1")
    unread = bob.goes_to("/notifications/").page.locator(".note.is-unread")
    expect(unread).to_have_count(1)
    expect(unread).to_contain_text("Who grinds?")
    assert flaws(bob.page) == []
    unread.get_by_role("link", name=re.compile("Who grinds")).click()
    bob.is_at("#post-2$")
    expect(bob.page.locator("summary [data-notes]")).to_be_hidden()


def test_what_one_writes_the_other_finds_by_words_and_by_tag(visit: Visit) -> None:
    ada, bob = visit("ada"), visit("bob", viewport=PHONE)
    ada.goes_to("/f/coffee/new/").page.get_by_label("Title").fill("Percolators of Patagonia")
    ada.page.get_by_label("Tags").fill("percolators, far away")
    ada.page.get_by_label("Your post").fill("They whistle antarctically.")
    ada.presses("Start the thread").sees("Percolators of Patagonia")
    bob.goes_to("/search/")
    box = bob.page.get_by_role("main").get_by_role("searchbox")
    box.fill("antarctically")
    box.press("Enter")
    found = bob.page.locator(".search-result")
    expect(found).to_have_count(1)
    expect(found.locator("mark").first).to_have_text("antarctically")
    assert flaws(bob.page) == []
    found.get_by_role("link", name=re.compile("Percolators of Patagonia")).first.click()
    bob.sees("Percolators of Patagonia").follows("percolators").is_at("/tag/percolators/$")
    expect(bob.row("Percolators of Patagonia")).to_be_visible()
    assert flaws(bob.page) == []


def test_what_one_says_of_oneself_the_other_reads(visit: Visit) -> None:
    cleo, bob = visit("cleo"), visit("bob", viewport=PHONE)
    cleo.goes_to("/settings/profile/").page.get_by_label("Pronouns").fill("she/her")
    cleo.page.get_by_label("Where you are").fill("Patagonia")
    cleo.presses("Save")
    content = BytesIO()
    Image.new("RGB", (64, 64), "teal").save(content, "PNG")
    cleo.goes_to("/settings/profile/").page.locator("#avatar").set_input_files(
        {"name": "me.png", "mimeType": "image/png", "buffer": content.getvalue()}
    )
    cleo.presses("Use this picture")
    # Whether cleo counts as here now depends on how long this took.
    bob.goes_to("/u/cleo/").sees(re.compile("^cleo"))
    main = bob.page.get_by_role("main")
    expect(main).to_contain_text("she/her")
    expect(main).to_contain_text("Patagonia")
    expect(main.locator("img.avatar, .avatar img").first).to_have_js_property("naturalWidth", 256)
    assert flaws(bob.page) == []


def test_an_open_conversation_follows_what_the_other_does(visit: Visit) -> None:
    ada, bob = visit("ada"), visit("bob", viewport=PHONE)
    ada.goes_to("/messages/new/").page.get_by_label("To", exact=True).fill("bob")
    ada.page.get_by_label("Title").fill("Live and private")
    ada.page.get_by_label("Your message").fill("Are you there?")
    ada.presses("Send").sees("Live and private")
    bob.goes_to(ada.page.url).page.get_by_label("Your message").fill("I am, **here**.")
    bob.presses("Send").is_at("#message-2$")
    ada.follows("1 new message")
    said = ada.page.locator("#message-2")
    expect(said.locator("strong")).to_have_text("here")
    expect(said).to_be_focused()
    # What is in use does not change under its reader's hands.
    ada.page.get_by_role("heading", level=1).click()
    bob.page.locator("#message-2").get_by_role("link", name="Edit message 2").click()
    bob.sees("Edit message #2")
    assert flaws(bob.page) == []
    bob.page.get_by_label("Your message").fill("I was, there.")
    bob.presses("Save changes").is_at("#message-2$")
    expect(said).to_contain_text("I was, there.")
    said.locator(".post-edited").click()
    ada.sees("History of message #2")
    expect(ada.page.locator(".diff del")).to_contain_text("here")
    assert flaws(ada.page) == []

    ada.page.go_back()
    bob.page.locator("#message-2").get_by_role("link", name="Delete message 2").click()
    bob.presses("Delete this message").is_at("#message-2$")
    expect(ada.page.locator("#message-2")).to_contain_text("deleted by its author")


def test_a_reported_message_is_read_by_staff_and_hidden_from_both(visit: Visit) -> None:
    ada, bob, grace = visit("ada"), visit("bob", viewport=PHONE, java_script_enabled=False), visit("grace")
    ada.goes_to("/messages/new/").page.get_by_label("To", exact=True).fill("bob")
    ada.page.get_by_label("Title").fill("An offer")
    ada.page.get_by_label("Your message").fill("Cheap watches, only today.")
    ada.presses("Send").sees("An offer")
    bob.goes_to(ada.page.url).page.locator("#message-1").get_by_role("link", name="Report message 1").click()
    bob.sees("Report message #1")
    bob.page.get_by_label("Spam").check()
    bob.presses("Send the report").sees("An offer")
    case = grace.goes_to("/admin/moderation/queue/").page.locator(".case").filter(has_text="Cheap watches, only today.")
    expect(case).not_to_contain_text("An offer")
    case.get_by_label("Reason").fill("Spam it is.")
    case.get_by_role("button", name="Agree and hide").click()
    expect(grace.page.get_by_text("The message is hidden and the case is closed.")).to_be_visible()
    expect(ada.page.locator("#message-1")).to_contain_text("hidden by a moderator. The reason: Spam it is.")
    bob.goes_to(ada.page.url)
    expect(bob.page.get_by_role("main")).not_to_contain_text("Cheap watches")
    head = bob.page.locator("#message-1 .post-head").bounding_box()
    assert head and head["width"] > 200, "what is said instead leaves the head its room"
    assert flaws(bob.page) == []


def test_several_posts_are_quoted_without_scripts(visit: Visit) -> None:
    ada, bob = visit("ada"), visit("bob", java_script_enabled=False, viewport=PHONE)
    url = ada.starts_thread("coffee", "Quote them all", "The first word.")
    ada.replies("The second word.").is_at("#post-2$")
    bob.goes_to(url).post(1).get_by_role("link", name="Quote").click()
    bob.page.get_by_text("Quote other posts as well").click()
    assert flaws(bob.page) == []
    bob.page.get_by_label("The second word.").check()
    bob.presses("Quote what is ticked")
    expect(bob.reply_box).to_have_value(re.compile("The first word.*The second word", re.DOTALL))
    bob.presses("Post reply").is_at("#post-3$")
    expect(bob.post(3).locator("blockquote.quote")).to_have_count(2)
