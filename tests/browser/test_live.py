"""A page that stays open follows what others do, without moving what is being read."""

import re

from playwright.sync_api import expect

from .community import STAFF
from .conftest import Visit
from .person import Person


def news(person: Person, text: str) -> None:
    expect(person.page.locator(".live").get_by_role("link", name=text, exact=True)).to_be_visible()


def test_a_reply_is_announced_and_shown_when_wanted(visit: Visit) -> None:
    ada, bob = visit("ada"), visit("bob")
    url = ada.starts_thread("coffee", "A live thread", "Who is there?")
    ada.page.evaluate("window.stayed = true")
    bob.goes_to(url).replies("I am.")
    news(ada, "1 new reply")
    expect(ada.page).to_have_title("(1) A live thread · ForumPosts")
    expect(ada.posts).to_have_count(1)
    bob.goes_to(url).replies("Still here.")
    news(ada, "2 new replies")
    ada.follows("2 new replies")
    expect(ada.posts).to_have_count(3)
    expect(ada.post(2)).to_contain_text("I am.")
    expect(ada.post(2)).to_be_focused()
    expect(ada.post(3).locator("time").first).to_have_text("just now")
    expect(ada.page).to_have_title("A live thread · ForumPosts")
    expect(ada.page.locator(".thread-facts")).to_contain_text("2 replies")
    expect(ada.page.get_by_role("link", name="Newest")).to_have_attribute("href", re.compile("#post-3$|/3/$"))
    assert ada.page.evaluate("window.stayed")
    expect(ada.page.locator(".live a")).to_have_count(0)


def test_what_was_written_stays_while_news_come(visit: Visit) -> None:
    ada, bob = visit("ada"), visit("bob")
    url = ada.starts_thread("coffee", "Writing meanwhile", "Go on.")
    ada.writes_reply("Half a sentence")
    bob.goes_to(url).replies("I was faster.")
    ada.follows("1 new reply")
    expect(ada.post(2)).to_contain_text("I was faster.")
    expect(ada.reply_box).to_have_value("Half a sentence")
    ada.replies("A whole one.")
    expect(ada.post(3)).to_contain_text("A whole one.")


def test_edits_likes_and_deletions_show_where_they_are(visit: Visit) -> None:
    ada, bob, cleo = visit("ada"), visit("bob"), visit()
    url = ada.starts_thread("coffee", "It changes", "At first.")
    cleo.goes_to(url)
    bob.goes_to(url)
    ada.edits(1, "Later on.")
    expect(cleo.post(1)).to_contain_text("Later on.")
    bob.goes_to(url)
    bob.post(1).get_by_role("button", name="Like post 1").click()
    expect(cleo.post(1).locator(".act-number")).to_have_text("1")
    bob.replies("To be deleted.").deletes(2)
    news(cleo, "1 new reply")
    cleo.follows("1 new reply")
    expect(cleo.post(2)).to_contain_text("was deleted")


def test_a_button_of_a_post_that_came_later_works(visit: Visit) -> None:
    ada, bob = visit("ada"), visit("bob")
    url = ada.starts_thread("coffee", "Press it", "Please.")
    bob.goes_to(url).replies("Here it is.")
    ada.follows("1 new reply")
    like = ada.post(2).get_by_role("button", name="Like post 2")
    like.click()
    expect(like).to_have_attribute("aria-pressed", "true")
    expect(ada.post(2).locator(".act-number")).to_have_text("1")


def test_lists_say_that_there_are_news(visit: Visit) -> None:
    ada, bob, cleo = visit("ada"), visit("bob"), visit()
    url = ada.starts_thread("coffee", "Seen in lists", "Look.")
    cleo.goes_to("/f/coffee/")
    ada.goes_to("/")
    bob.goes_to(url).replies("I looked.")
    news(cleo, "1 thread with news")
    news(ada, "1 thread with news")
    cleo.follows("1 thread with news")
    expect(cleo.row("Seen in lists").locator(".thread-replies .count")).to_have_text("1")


def test_a_notification_counts_at_once(visit: Visit) -> None:
    ada, bob = visit("ada"), visit("bob")
    url = ada.starts_thread("coffee", "Do you hear?", "Hello.")
    badge = ada.page.locator("summary [data-notes]")
    before = ada.page.locator("summary [data-notes] > span").first.text_content()
    bob.goes_to(url).replies("@ada, yes.")
    expect(badge).to_be_visible()
    expect(badge.locator("> span").first).to_have_text(str(int(before or 0) + 1))


def test_a_thread_that_was_removed_says_so(visit: Visit) -> None:
    ada, mod = visit("ada"), visit(STAFF)
    url = ada.starts_thread("coffee", "Soon gone", "Look quickly.")
    mod.goes_to(url.rsplit("/", 2)[0] + "/delete/")
    mod.page.locator("textarea[name=reason]").fill("Off topic.")
    mod.page.get_by_role("button", name="Delete").last.click()
    news(ada, "This page has changed: show it anew")
