"""Likes, bookmarks and answers as they are pressed: at once with scripts, and all the same without."""

import re

import pytest
from playwright.sync_api import Locator, expect

from .conftest import Visit
from .test_looks import flaws

SMALLEST = """() => [...document.querySelectorAll(".act, .act-count:not([hidden])")]
  .map((element) => element.getBoundingClientRect())
  .filter((box) => box.width < 40 || box.height < 40).length"""


@pytest.fixture
def thread(visit: Visit) -> str:
    """Ada asks and answers herself."""
    ada = visit("ada")
    url = ada.starts_thread("coffee", "Which grinder?", "By hand, please.")
    ada.replies("A small one.").is_at("#post-2$")
    return url


def is_kept(button: Locator) -> None:
    """Pressed, and the server has said so."""
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(button).not_to_have_attribute("aria-busy", "true")


def test_a_like_shows_at_once_and_without_a_reload(visit: Visit, thread: str) -> None:
    bob, cleo = visit("bob").goes_to(thread), visit("cleo").goes_to(thread)
    bob.page.evaluate("window.stayed = true")
    like = bob.post(2).get_by_role("button", name="Like post 2")
    expect(like).to_have_attribute("aria-pressed", "false")
    like.click()
    expect(like).to_have_attribute("aria-pressed", "true")
    expect(bob.post(2).locator(".act-number")).to_have_text("1")
    assert bob.page.evaluate("window.stayed")

    # Cleo's page is older than Bob's like, and counts it as soon as she presses.
    cleo.post(2).get_by_role("button", name="Like post 2").click()
    expect(cleo.post(2).locator(".act-number")).to_have_text("2")
    like.click()
    expect(bob.post(2).locator(".act-number")).to_have_text("1")
    expect(like).to_have_attribute("aria-pressed", "false")
    expect(cleo.goes_to(thread).post(2).get_by_role("button", name="Like post 2")).to_have_attribute(
        "aria-pressed", "true"
    )


def test_a_press_after_the_session_has_ended_leads_to_the_sign_in_page(visit: Visit, thread: str) -> None:
    bob = visit("bob").goes_to(thread).is_forgotten_by_the_site()
    bob.post(2).get_by_role("button", name="Like post 2").click()
    bob.is_at("/accounts/login/").signs_in("bob").is_at("#post-2$")
    bob.troubles.clear()


def test_a_press_that_is_refused_says_why(visit: Visit, thread: str) -> None:
    bob = visit("bob").goes_to(thread)
    visit("ada").goes_to(thread).deletes(2)
    bob.post(2).get_by_role("button", name="Like post 2").click()
    bob.sees("This changed in the meantime")
    bob.troubles.clear()


def test_a_press_without_a_connection_says_so_and_leaves_the_page(visit: Visit, thread: str) -> None:
    bob = visit("bob", viewport={"width": 390, "height": 780}).goes_to(thread).writes_reply("In a tunnel")
    like = bob.post(2).get_by_role("button", name="Like post 2")
    bob.context.set_offline(True)
    for press in (like, bob.page.get_by_role("button", name="Preview")):
        press.click()
        notice = bob.page.get_by_role("alert")
        expect(notice).to_have_text("The forum cannot be reached. Are you offline?")
        assert flaws(bob.page) == []
        notice.evaluate("note => note.remove()")
    expect(like).to_have_attribute("aria-pressed", "false")
    expect(bob.reply_box).to_have_value("In a tunnel")
    bob.context.set_offline(False)
    like.click()
    is_kept(like)
    bob.presses("Preview")
    expect(bob.preview).to_contain_text("In a tunnel")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_bookmark_with_a_note_and_an_answer(visit: Visit, thread: str, scripts: bool) -> None:
    ada = visit("", java_script_enabled=scripts).signs_in("ada").goes_to(thread)
    keep = ada.post(2).get_by_role("button", name="Bookmark post 2")
    keep.click()
    is_kept(keep)
    ada.goes_to("/bookmarks/").page.get_by_role("link", name=re.compile("^Add note")).first.click()
    ada.page.get_by_label("Note").fill("Buy this one.")
    ada.presses("Keep the note").is_at("/bookmarks/$")
    expect(ada.page.get_by_role("main")).to_contain_text("Buy this one.")

    ada.goes_to(thread).post(2).get_by_role("button", name="Answer post 2").click()
    ada.is_at("#post-2$")
    expect(ada.post(2).locator(".badge-good")).to_contain_text("Answer")
    expect(ada.page.locator(".thread-facts")).to_contain_text("Solved")
    ada.page.get_by_role("link", name="Solved in post #2").click()
    ada.is_at("#post-2$")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_telephone(visit: Visit, thread: str, scheme: str) -> None:
    ada, bob = visit("ada", color_scheme=scheme), visit("bob", color_scheme=scheme)
    bob.goes_to(thread).post(2).get_by_role("button", name="Like post 2").click()
    expect(bob.post(2).locator(".act-number")).to_have_text("1")
    ada.goes_to(thread).post(2).get_by_role("button", name="Answer post 2").click()
    ada.post(2).get_by_role("button", name="Bookmark post 2").click()
    is_kept(ada.post(2).get_by_role("button", name="Bookmark post 2"))
    likers = thread.rstrip("/").rpartition("/")[0] + "/2/likes/"
    for url in (thread, likers, "/bookmarks/"):
        for person in (ada, bob):
            flawed = flaws(person.goes_to(url).page)
            assert [each for each in flawed if "act" in each or "bookmark" in each or "likers" in each] == [], url
            person.page.set_viewport_size({"width": 390, "height": 844})
            assert person.page.evaluate(SMALLEST) == 0, url
