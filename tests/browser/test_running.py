"""The forum as its owner runs it: defining forums, stopping and starting."""

from playwright.sync_api import expect

from .conftest import Visit
from .site import Site


def test_staff_define_a_forum_and_it_is_on_the_front_page_at_once(visit: Visit) -> None:
    stranger, grace = visit().goes_to("/"), visit("grace")
    expect(stranger.page.get_by_role("link", name="Tea", exact=True)).to_have_count(0)

    grace.goes_to("/admin/forum/forum/add/")
    grace.page.get_by_label("Name:").fill("tea")
    grace.page.get_by_label("Title:").fill("Tea")
    grace.presses("Save")
    expect(grace.page.get_by_text("was added successfully")).to_be_visible()

    stranger.page.reload()
    stranger.follows("Tea")
    expect(stranger.page.get_by_text("No threads here yet.")).to_be_visible()


def test_posts_and_sessions_outlast_stopping_and_starting_the_forum(visit: Visit, server: Site) -> None:
    ada = visit("ada")
    address = ada.starts_thread("trains", "Before the break", "Written before.")
    ada.replies("And answered.")
    expect(ada.post(2)).to_be_visible()

    server.stop()
    server.start()

    ada.goes_to(address).is_signed_in()
    expect(ada.post(1)).to_contain_text("Written before.")
    ada.replies("Written after.")
    expect(ada.post(3)).to_contain_text("Written after.")
    expect(visit().goes_to("/").row("Before the break")).to_contain_text("2 replies")
