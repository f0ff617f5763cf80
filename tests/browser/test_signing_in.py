"""Signing in, from where one is and back to there; and a session that ends while somebody writes."""

from playwright.sync_api import expect

from .conftest import Visit
from .person import Person


def signed_out_before(person: Person, address: str) -> Person:
    person.goes_to(address)
    expect(person.page.get_by_role("link", name="Sign in to reply")).to_be_visible()
    return person


def test_signing_in_from_a_threads_reply_link_comes_back_to_its_reply_box(visit: Visit) -> None:
    address = visit("ada").starts_thread("coffee", "Come in", "And reply.")
    bob = signed_out_before(visit(), address)
    bob.follows("Sign in to reply").signs_in("bob")
    bob.is_at("/come-in/#reply$")
    bob.replies("Gladly.")
    expect(bob.post(2)).to_contain_text("Gladly.")


def test_signing_up_from_a_thread_comes_back_to_it(visit: Visit) -> None:
    address = visit("ada").starts_thread("coffee", "Newcomers welcome", "Say hello.")
    olga = signed_out_before(visit(), address)
    olga.follows("Sign in to reply")
    olga.page.get_by_role("main").get_by_role("link", name="Sign up").click()
    olga.page.get_by_label("Username").fill("olga")
    olga.page.get_by_label("Email").fill("olga@example.org")
    olga.page.get_by_label("Password", exact=True).fill("a long enough password")
    olga.presses("Sign up")
    olga.is_at("/newcomers-welcome/")


def test_a_reply_sent_after_the_session_ended_is_there_after_signing_in(visit: Visit) -> None:
    address = visit("ada").starts_thread("coffee", "A long answer", "Take your time.")
    bob = visit()
    bob.signs_in("bob").goes_to(address).writes_reply("An hour's work.").is_forgotten_by_the_site()
    bob.presses("Post reply")
    bob.is_at("/accounts/login/").signs_in()
    bob.is_at("/a-long-answer/#reply$")
    expect(bob.reply_box).to_have_value("An hour's work.")
    bob.presses("Post reply")
    expect(bob.post(2)).to_contain_text("An hour's work.")
    expect(bob.reply_box).to_have_value("")


def test_a_thread_sent_after_the_session_ended_is_there_after_signing_in(visit: Visit) -> None:
    bob = visit()
    bob.signs_in("bob").goes_to("/f/coffee/new/")
    bob.page.get_by_label("Title").fill("A lost thread")
    bob.page.get_by_label("Your post").fill("Found again.")
    bob.is_forgotten_by_the_site().presses("Start the thread")
    bob.is_at("/accounts/login/").signs_in()
    expect(bob.page.get_by_label("Title")).to_have_value("A lost thread")
    bob.presses("Start the thread")
    expect(bob.post(1)).to_contain_text("Found again.")


def test_a_form_that_was_opened_before_signing_out_and_in_again_keeps_its_text(visit: Visit) -> None:
    address = visit("ada").starts_thread("coffee", "Two windows", "Open both.")
    bob = visit()
    bob.signs_in("bob").goes_to(address).writes_reply("Written in the first window.")
    second = bob.context.new_page()
    second.goto("/accounts/logout/")
    second.get_by_role("button", name="Sign out").click()
    expect(second.get_by_role("link", name="Sign in", exact=True)).to_be_visible()
    second.goto("/accounts/login/")
    second.get_by_label("Username or email").fill("bob")
    second.get_by_label("Password", exact=True).fill("a long enough password")
    second.get_by_role("button", name="Sign in").click()
    expect(second.get_by_role("navigation", name="Your account")).to_contain_text("bob")

    bob.presses("Post reply")
    expect(bob.page.get_by_role("textbox", name="Your text")).to_have_value("Written in the first window.")
    bob.presses("Send again")
    expect(bob.post(2)).to_contain_text("Written in the first window.")
