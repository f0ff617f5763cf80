"""What pages look like: on a telephone, in the dark, with a keyboard; and that no browser complains."""

import pytest
from playwright.sync_api import Page, expect

from .community import PASSWORD
from .conftest import Visit

WIDTHS = (1280, 390, 320)

# What sticks out of the window to the right, unless something between it and the page scrolls.
STICKING_OUT = """() => {
  const width = document.documentElement.clientWidth;
  const scrolled = (element) => {
    for (let parent = element.parentElement; parent !== document.body; parent = parent.parentElement) {
      if (getComputedStyle(parent).overflowX !== "visible") return true;
    }
    return false;
  };
  return [...document.body.querySelectorAll("*")]
    .filter((element) => element.getBoundingClientRect().right > width + 1 && !scrolled(element))
    .map((element) => `${width}: ${element.tagName} ${element.className} ${element.textContent.slice(0, 40)}`);
}"""

BACKGROUND = "getComputedStyle(document.documentElement).backgroundColor"

PUBLIC = [
    "/",
    "/f/coffee/",
    "/f/coffee/latest/",
    "/f/old/",
    "/u/ada/",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/nothing/here/",  # 404
    "/f/coffee/?before=nonsense",  # 400
    "/preview/",  # 405
]
MEMBERS = [
    "/f/coffee/new/",
    "/settings/",
    "/settings/username/",
    "/settings/close/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/two-factor/",
    "/accounts/logout/",
]
ADMIN = [
    "/admin/",
    "/admin/forum/forum/",
    "/admin/forum/forum/add/",
    "/admin/forum/user/",
    "/admin/forum/user/1/change/",
    "/admin/auth/group/add/",
    "/admin/account/emailaddress/",
    "/admin/password_change/",
]


def flaws(page: Page) -> list[str]:
    """What makes the page scroll sideways at one of the widths; and holes that nobody filled."""
    found = ["a hole was not filled"] if "\x01" in page.content() else []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        found += page.evaluate(STICKING_OUT)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found.append(f"{width}: the page scrolls sideways")
    return found


def test_these_tests_would_find_what_sticks_out_and_what_a_browser_complains_about(visit: Visit) -> None:
    stranger = visit().goes_to("/")
    stranger.page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<pre>' + 'w'.repeat(999))")
    assert len(flaws(stranger.page)) >= len(WIDTHS)
    stranger.page.evaluate("setTimeout(() => { throw new Error('a bug') })")
    with stranger.page.expect_console_message(lambda message: "404" in message.text):
        html = '<p style="color: red"><img src="/no.png">'
        stranger.page.evaluate("html => document.body.insertAdjacentHTML('beforeend', html)", html)
    assert [word for word in ("style", "no.png", "a bug") if word not in "".join(stranger.troubles)] == []
    stranger.troubles.clear()


@pytest.mark.parametrize("path", PUBLIC)
def test_a_page_fits_every_window_and_makes_no_browser_complain(path: str, visit: Visit) -> None:
    stranger = visit().goes_to(path)
    expect(stranger.page.get_by_role("main")).to_be_visible()
    assert flaws(stranger.page) == []


@pytest.mark.parametrize("path", MEMBERS)
def test_a_members_page_fits_every_window_and_makes_no_browser_complain(path: str, visit: Visit) -> None:
    cleo = visit("cleo").goes_to(path).is_at(path)
    assert flaws(cleo.page) == []


def test_the_pages_that_turn_two_factor_sign_in_on_fit_every_window(visit: Visit) -> None:
    cleo = visit("cleo").goes_to("/accounts/two-factor/").follows("Turn on").is_at("/accounts/reauthenticate/")
    assert flaws(cleo.page) == []
    cleo.page.get_by_label("Password", exact=True).fill(PASSWORD)
    cleo.presses("Confirm").is_at("/totp/activate/$")
    assert flaws(cleo.page) == []


@pytest.mark.parametrize("path", ADMIN)
def test_a_page_of_the_administration_makes_no_browser_complain(path: str, visit: Visit) -> None:
    grace = visit("grace").goes_to(path).is_at(path)
    expect(grace.page.locator("#content")).to_be_visible()


@pytest.mark.parametrize("page", ["", "?page=2"])
def test_wide_code_tables_and_words_scroll_or_break_inside_their_post(
    page: str, wide_thread: str, visit: Visit
) -> None:
    ada = visit("ada").goes_to(wide_thread + page)
    assert flaws(ada.page) == []
    stranger = visit().goes_to(wide_thread + page)
    assert flaws(stranger.page) == []


def test_the_lists_that_show_wide_posts_fit_too(wide_thread: str, visit: Visit) -> None:
    stranger = visit()
    for path in ("/f/coffee/latest/", "/u/ada/"):
        stranger.goes_to(path)
        while stranger.page.get_by_text("A line of code that is wider").count() == 0:
            stranger.page.get_by_role("link", name="Older posts").click()
        assert flaws(stranger.page) == [], path


def test_what_goes_wrong_fits_every_window_too(wide_thread: str, visit: Visit) -> None:
    bob = visit("bob")
    bob.goes_to(f"{wide_thread}1/edit/").sees("You may not do that")
    assert flaws(bob.page) == []
    bob.goes_to("/f/old/new/").sees("You may not do that")
    assert flaws(bob.page) == []
    bob.goes_to("/f/coffee/new/")
    bob.page.get_by_label("Title").fill("w" * 201)
    bob.page.get_by_label("Your post").fill("w" * 500)
    bob.presses("Start the thread")
    expect(bob.page.get_by_role("alert")).to_contain_text("200 is the most")
    assert flaws(bob.page) == []


def test_editing_and_deleting_a_wide_post_fits_too(wide_thread: str, visit: Visit) -> None:
    ada = visit("ada")
    for act in ("Edit", "Delete"):
        ada.goes_to(wide_thread).post(1).get_by_role("link", name=act).click()
        ada.is_at(f"/1/{act.lower()}/$")
        assert flaws(ada.page) == [], act


def test_on_a_telephone_the_reply_box_is_one_tap_away(wide_thread: str, visit: Visit) -> None:
    ada = visit("ada", viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    ada.goes_to(wide_thread)
    expect(ada.reply_box).not_to_be_in_viewport()
    ada.page.get_by_role("link", name="Reply", exact=True).tap()
    expect(ada.reply_box).to_be_in_viewport()


def test_a_choice_of_colours_survives_going_on_and_coming_back(visit: Visit) -> None:
    stranger = visit(color_scheme="light").goes_to("/")
    light = stranger.page.evaluate(BACKGROUND)
    with stranger.page.expect_response("**/theme/"):
        stranger.presses("Dark")
    dark = stranger.page.evaluate(BACKGROUND)
    assert dark != light
    for path in ("/f/coffee/", "/accounts/login/", "/nothing/here/"):
        stranger.goes_to(path)
        assert stranger.page.evaluate(BACKGROUND) == dark, path
        expect(stranger.page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    with stranger.page.expect_response("**/theme/"):
        stranger.presses("Auto")
    stranger.goes_to("/")
    assert stranger.page.evaluate(BACKGROUND) == light


def test_colours_follow_the_device_until_somebody_chooses(visit: Visit) -> None:
    stranger = visit(color_scheme="dark").goes_to("/")
    dark = stranger.page.evaluate(BACKGROUND)
    stranger.page.emulate_media(color_scheme="light")
    assert stranger.page.evaluate(BACKGROUND) != dark


# -- With a keyboard ------------------------------------------------------------------------------

FOCUS = """() => {
  const element = document.activeElement;
  const box = element.getBoundingClientRect();
  const style = getComputedStyle(element);
  return {
    name: `${element.tagName} ${element.className} ${element.textContent.trim().slice(0, 30)}`,
    marked: (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none",
    seen: box.width > 0 && box.bottom > 0 && box.top < innerHeight,
    end: element === document.body,
  };
}"""


def test_the_first_tab_skips_to_the_content(visit: Visit) -> None:
    stranger = visit().goes_to("/")
    stranger.page.keyboard.press("Tab")
    skip = stranger.page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    stranger.page.keyboard.press("Enter")
    expect(stranger.page.get_by_role("main")).to_be_focused()


@pytest.mark.parametrize("path", ["/", "/f/coffee/", "/accounts/login/", "thread"])
def test_whatever_has_the_focus_is_seen_to_have_it(path: str, wide_thread: str, visit: Visit) -> None:
    # Scrolling that takes its time would show the focus only later.
    ada = visit("" if "login" in path else "ada", reduced_motion="reduce")
    ada.goes_to(f"{wide_thread}?page=2" if path == "thread" else path)
    unseen, stops = [], 0
    for _ in range(150):
        ada.page.keyboard.press("Tab")
        focus = ada.page.evaluate(FOCUS)
        if focus["end"]:
            break
        stops += 1
        if not (focus["marked"] and focus["seen"]):
            unseen.append(focus["name"])
    assert stops >= 8
    assert unseen == []


def test_a_reply_is_written_and_sent_without_a_mouse(visit: Visit) -> None:
    ada = visit("ada")
    ada.starts_thread("coffee", "Keyboards only", "Try it.")
    ada.page.get_by_role("link", name="Reply", exact=True).focus()
    ada.page.keyboard.press("Enter")
    while ada.page.evaluate("document.activeElement.name") != "body":
        ada.page.keyboard.press("Tab")
    ada.page.keyboard.type("It works.")
    ada.page.keyboard.press("Control+Enter")
    expect(ada.post(2)).to_contain_text("It works.")
