"""What pages look like while something is done with them; `test_every_page` looks at each as it is."""

import re
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import expect

from .community import PASSWORD
from .conftest import Visit
from .person import Person
from .sights import WIDTHS, flaws

BACKGROUND = "getComputedStyle(document.documentElement).backgroundColor"


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


def test_a_forum_with_unread_threads_fits_every_window(visit: Visit) -> None:
    visit("ada").starts_thread("coffee", "New to Cleo", "And to everybody else.")
    cleo = visit("cleo").goes_to("/f/coffee/")
    expect(cleo.page.get_by_role("button", name="Mark read")).to_be_visible()
    assert flaws(cleo.page) == []


def test_the_pages_that_turn_two_factor_sign_in_on_fit_every_window(visit: Visit) -> None:
    cleo = visit("cleo").goes_to("/accounts/two-factor/").follows("Turn on").is_at("/accounts/reauthenticate/")
    assert flaws(cleo.page) == []
    cleo.page.get_by_label("Password", exact=True).fill(PASSWORD)
    cleo.presses("Confirm").is_at("/totp/activate/$")
    assert flaws(cleo.page) == []


@pytest.mark.parametrize("page", ["", "?page=2"])
def test_wide_code_tables_and_words_scroll_or_break_inside_their_post(
    page: str, wide_thread: str, visit: Visit
) -> None:
    ada = visit("ada").goes_to(wide_thread + page)
    assert flaws(ada.page) == []
    stranger = visit().goes_to(wide_thread + page)
    assert flaws(stranger.page) == []


@pytest.mark.parametrize(
    "path", ["{thread}", "/f/coffee/latest/", "/leaderboard/", "/settings/profile/", "/accounts/email/"]
)
def test_letters_twice_as_large_fit_a_telephone(path: str, wide_thread: str, visit: Visit) -> None:
    """Which a browser makes by letting the window be half as wide: https://www.w3.org/TR/WCAG22/#resize-text."""
    ada = visit("ada", viewport={"width": 195, "height": 400}).goes_to(path.format(thread=wide_thread))
    assert flaws(ada.page, (195,)) == []


def test_what_stands_beside_a_long_name_lies_on_nothing_else(wide_thread: str, visit: Visit) -> None:
    ada = visit("ada", viewport={"width": 320, "height": 700}).goes_to(wide_thread)
    head = ada.post(1).locator(".post-head")
    head.locator(".author").evaluate("name => { name.textContent = 'W'.repeat(30); }")
    badge, tools = (head.locator(each).bounding_box() for each in (".badge-author", ".post-tools"))
    assert badge and tools and badge["x"] + badge["width"] <= tools["x"]


def test_the_lists_that_show_wide_posts_fit_too(wide_thread: str, visit: Visit) -> None:
    stranger = visit()
    for path in ("/f/coffee/latest/", "/u/ada/"):
        stranger.goes_to(path)
        while stranger.page.get_by_text("A line of code that is wider").count() == 0:
            with stranger.page.expect_navigation():
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


def test_what_goes_wrong_has_its_bullet_at_its_first_line(visit: Visit) -> None:
    stranger = visit(viewport={"width": 320, "height": 700}).goes_to("/accounts/signup/")
    stranger.page.get_by_label("Username").fill("?")
    stranger.page.get_by_label("Email").fill("somebody@example.org")
    stranger.page.get_by_label("Password", exact=True).fill(PASSWORD)
    stranger.presses("Sign up")
    item = stranger.page.get_by_role("alert").get_by_role("listitem").first
    box = item.bounding_box()
    assert box and box["height"] > 60, "it has several lines"
    beside = {"x": box["x"] - 18, "y": box["y"], "width": 16, "height": 27}
    seen = Image.open(BytesIO(stranger.page.screenshot(clip=beside)))  # type: ignore[arg-type]
    assert len(seen.getcolors() or []) > 1


def test_editing_and_deleting_a_wide_post_fits_too(wide_thread: str, visit: Visit) -> None:
    ada = visit("ada")
    for act in ("Edit", "Delete"):
        ada.goes_to(wide_thread).post(1).get_by_role("link", name=act).click()
        ada.is_at(f"/1/{act.lower()}/$")
        assert flaws(ada.page) == [], act


@pytest.mark.parametrize("width", [390, 320])
def test_on_a_telephone_pages_and_reply_are_at_hand_anywhere_in_a_thread(
    width: int, wide_thread: str, visit: Visit
) -> None:
    ada = visit("ada", viewport={"width": width, "height": 700}, has_touch=True, is_mobile=True)
    ada.goes_to(wide_thread).post(10).scroll_into_view_if_needed()
    reply = ada.page.get_by_role("link", name="Reply", exact=True)
    expect(reply).to_be_in_viewport(ratio=1)
    expect(ada.page.get_by_role("link", name="Next page")).to_be_in_viewport(ratio=1)
    expect(ada.reply_box).not_to_be_in_viewport()
    reply.tap()
    expect(ada.reply_box).to_be_focused()
    expect(ada.reply_box).to_be_in_viewport()
    expect(reply).to_be_hidden()
    ada.reply_box.blur()
    ada.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    end, dock = ada.page.get_by_role("contentinfo").bounding_box(), reply.bounding_box()
    assert end and dock and end["y"] + end["height"] <= dock["y"]


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


def test_on_paper_there_are_words_and_nothing_to_click(wide_thread: str, visit: Visit) -> None:
    ada = visit("ada").goes_to(wide_thread)
    ada.page.emulate_media(media="print")
    expect(ada.post(1)).to_contain_text("A line of code that is wider")
    expect(ada.page.get_by_role("button")).to_have_count(0)
    for what in ("navigation", "search", "contentinfo", "textbox"):
        expect(ada.page.get_by_role(what)).to_have_count(0)  # type: ignore[arg-type]
    assert ada.page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"


def test_on_paper_a_dark_page_is_light_and_says_when_and_not_how_long_ago(wide_thread: str, visit: Visit) -> None:
    ada = visit("ada", reduced_motion="reduce").goes_to(wide_thread)
    ada.page.evaluate("document.documentElement.dataset.theme = 'light'")
    author = "getComputedStyle(document.querySelector('.post .author')).color"
    light = ada.page.evaluate(author)
    ada.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert ada.page.evaluate(author) != light
    ada.page.emulate_media(media="print")
    assert ada.page.evaluate(author) == light
    assert ada.page.evaluate(BACKGROUND) == "rgba(0, 0, 0, 0)"
    ada.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert re.fullmatch(r"\d+ \w+ \d{4}, \d\d:\d\d", ada.post(2).locator("time").first.inner_text())
    ada.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert re.search(r"now|ago", ada.post(2).locator("time").first.inner_text())


# -- Times ----------------------------------------------------------------------------------------

AT = "2020-02-03T22:30:00Z"


def shown(person: Person, moment: str) -> tuple[str, str]:
    """How the page words a moment, and in full when pointed at; browsers disagree about a comma after the weekday."""
    html = f'<time class="probe" datetime="{moment}">as it came</time>'
    person.page.evaluate("html => document.querySelector('main').insertAdjacentHTML('beforeend', html)", html)
    person.page.evaluate("document.dispatchEvent(new CustomEvent('posts:shown'))")
    probe = person.page.locator("time.probe").last
    return probe.inner_text(), (probe.get_attribute("title") or "").replace("day, ", "day ")


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def test_times_are_where_the_reader_is(visit: Visit) -> None:
    in_vienna = visit(timezone_id="Europe/Vienna").goes_to("/")
    assert shown(in_vienna, AT) == ("3 Feb 2020", "Monday 3 February 2020 at 23:30")
    in_nepal = visit(timezone_id="Asia/Kathmandu").goes_to("/")
    assert shown(in_nepal, AT) == ("4 Feb 2020", "Tuesday 4 February 2020 at 04:15")


def test_times_near_now_are_told_by_how_long_ago(visit: Visit) -> None:
    stranger = visit().goes_to("/")
    spans = [{"seconds": 5}, {"minutes": 5.5}, {"hours": 3.5}, {"days": 1.5}, {"days": 3.5}]
    words = [shown(stranger, ago(**span))[0] for span in spans]
    assert words == ["just now", "5 min ago", "3 h ago", "yesterday", "3 days ago"]
    assert re.fullmatch(r"\d+ \w+ \d{4}, \d\d:\d\d", shown(stranger, ago(days=-2))[0]), "it is still to come"


def test_times_are_in_the_language_of_the_page(visit: Visit) -> None:
    german = visit(locale="de-DE", timezone_id="Europe/Berlin").goes_to("/")
    assert shown(german, AT) == ("3. Feb. 2020", "Montag, 3. Februar 2020 um 23:30")
    assert [shown(german, ago(days=each))[0] for each in (1.5, 3.5)] == ["gestern", "vor 3 Tagen"]
    chinese = visit(locale="zh-CN", timezone_id="Asia/Shanghai").goes_to("/")
    assert shown(chinese, AT) == ("2020年2月4日", "2020年2月4日星期二 06:30")


def test_a_member_sees_times_in_the_zone_they_chose_wherever_they_are(visit: Visit) -> None:
    cleo = visit("cleo", timezone_id="Europe/Vienna").goes_to("/settings/time-zone/")
    cleo.page.get_by_label("Time zone").select_option("Asia/Kathmandu")
    cleo.presses("Save").goes_to("/f/coffee/")
    assert shown(cleo, AT)[1] == "Tuesday 4 February 2020 at 04:15"
    cleo.goes_to("/settings/time-zone/").page.get_by_label("Time zone").select_option("")
    cleo.presses("Save").goes_to("/f/coffee/")
    assert shown(cleo, AT)[1] == "Monday 3 February 2020 at 23:30"
