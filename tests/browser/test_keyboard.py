"""With a keyboard alone: everything is reached, in order, is seen to have the focus, and lets go of it."""

import pytest
from playwright.sync_api import Page, expect

from .conftest import Visit

FOCUS = """() => {
  const element = document.activeElement;
  const box = element.getBoundingClientRect();
  const style = getComputedStyle(element);
  return {
    name: `${element.tagName} ${element.className} ${element.textContent.trim().slice(0, 30)}`,
    kind: `${element.localName} ${element.type || ""}`.trim(),
    marked: (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none",
    seen: box.width > 0 && box.bottom > 0 && box.top < innerHeight,
    end: element === document.body,
  };
}"""
# In the order of the page: what follows comes after, or contains, what was there before.
ORDER = """() => {
  const before = window.lastStop, here = document.activeElement;
  window.lastStop = here;
  return !before || !(here.compareDocumentPosition(before) & Node.DOCUMENT_POSITION_FOLLOWING);
}"""
PAGES = ["/", "/f/coffee/", "/accounts/login/", "/f/coffee/new/", "/search/?q=reply", "/settings/notifications/"]
PAGES += ["/settings/time-zone/", "/messages/new/", "thread"]
KINDS = {"a", "button submit", "button button", "summary", "input text", "input search", "input password"}
KINDS |= {"input checkbox", "input radio", "textarea textarea", "select select-one", "pre"}
_seen: set[str] = set()


def tabs_through(page: Page) -> list[str]:
    """What had the focus and was not seen to, or had it too soon; the focus has left the page in the end."""
    wrong, stops = [], 0
    for _ in range(250):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if focus["end"]:
            break
        stops += 1
        _seen.add(focus["kind"])
        if not (focus["marked"] and focus["seen"] and page.evaluate(ORDER)):
            wrong.append(focus["name"])
    assert 8 <= stops < 250, "something does not let go of the focus"
    return wrong


def test_the_first_tab_skips_to_the_content(visit: Visit) -> None:
    stranger = visit().goes_to("/")
    stranger.page.keyboard.press("Tab")
    skip = stranger.page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    stranger.page.keyboard.press("Enter")
    expect(stranger.page.get_by_role("main")).to_be_focused()


@pytest.mark.parametrize("path", PAGES)
def test_whatever_has_the_focus_is_seen_to_have_it_and_lets_go(path: str, wide_thread: str, visit: Visit) -> None:
    # Scrolling that takes its time would show the focus only later.
    ada = visit("" if "login" in path else "ada", reduced_motion="reduce")
    ada.goes_to(wide_thread if path == "thread" else path)
    assert tabs_through(ada.page) == []


@pytest.mark.parametrize("path", ["/admin/moderation/queue/", "/admin/posts/", "/admin/forum/user/1/moderation/"])
def test_in_the_administration_too(path: str, visit: Visit) -> None:
    assert tabs_through(visit("grace", reduced_motion="reduce").goes_to(path).page) == []


def test_these_pages_had_every_kind_of_control() -> None:
    if not _seen:
        pytest.skip("no page was looked at")
    assert sorted(KINDS - _seen) == []


def test_a_menu_opens_closes_and_gives_the_focus_back(wide_thread: str, visit: Visit) -> None:
    grace = visit("grace").goes_to(wide_thread)
    menus = grace.page.locator("details[data-menu] > summary").filter(visible=True)
    assert menus.count() >= 3
    for number in range(3):
        menu = menus.nth(number)
        menu.focus()
        grace.page.keyboard.press("Enter")
        items = menu.locator("xpath=..").locator(".menu-items").locator("a, button").filter(visible=True)
        expect(items.first).to_be_visible()
        grace.page.keyboard.press("Tab")
        expect(items.first).to_be_focused()
        grace.page.keyboard.press("Escape")
        expect(items).to_have_count(0)
        expect(menu).to_be_focused()


def test_a_menu_closes_when_the_focus_goes_on(wide_thread: str, visit: Visit) -> None:
    ada = visit("ada").goes_to(wide_thread)
    menu = ada.page.get_by_role("navigation", name="Your account").locator("summary")
    menu.focus()
    ada.page.keyboard.press("Enter")
    items = ada.page.get_by_role("navigation", name="Your account").locator(".menu-items")
    expect(items).to_be_visible()
    items.locator("a, button").last.focus()
    ada.page.keyboard.press("Tab")
    expect(items).to_be_hidden()


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


def test_who_wants_little_motion_gets_none(visit: Visit) -> None:
    for path, who in (("/", "ada"), ("/admin/", "grace")):
        page = visit(who, reduced_motion="reduce").goes_to(path).page
        moving = """() => [...document.querySelectorAll("*")].filter((each) => {
          const style = getComputedStyle(each);
          return style.scrollBehavior === "smooth" || style.animationName !== "none"
            || style.transitionDuration.split(", ").some((span) => parseFloat(span) > 0);
        }).map((each) => each.outerHTML.slice(0, 80))"""
        assert page.evaluate(moving) == [], path
