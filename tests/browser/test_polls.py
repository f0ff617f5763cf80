"""A poll between two members: made, voted in, changed, and seen by a third; on a telephone and without scripts."""

from playwright.sync_api import expect

from .conftest import Visit
from .test_looks import flaws


def test_a_poll_is_made_and_voted_in(visit: Visit) -> None:
    ada = visit("ada").goes_to("/f/coffee/new/")
    form = ada.page
    form.get_by_label("Title").fill("Which beans?")
    form.get_by_label("Your post").fill("For the next order.")
    form.get_by_text("Add a poll").click()
    form.get_by_label("Question").fill("Which beans shall we order for the office?")
    ada.presses("Start the thread")
    expect(form.locator(".error-summary")).to_contain_text("The poll has no options")
    form.get_by_label("Options").fill(
        "Ethiopia, washed and very light\nBrazil\nAVeryLongNameOfABeanThatGoesOnAndOn" + "n" * 40
    )
    form.get_by_label("Show the results").select_option("after voting")
    ada.presses("Start the thread").sees("Which beans?")
    url = form.url

    bob = visit("bob").goes_to(url)
    poll = bob.post(1).locator(".poll")
    expect(poll).to_contain_text("You see the results once you have voted")
    expect(poll.locator(".poll-count")).to_have_count(0)
    poll.get_by_label("Brazil").check()
    assert flaws(bob.page) == []
    poll.get_by_role("button", name="Vote", exact=True).click()
    bob.is_at("#post-1$")
    expect(poll.locator(".poll-count")).to_have_text(["0 (0%)", "1 (100%)", "0 (0%)"])
    expect(poll.get_by_label("Brazil")).to_be_checked()
    assert flaws(bob.page) == []

    # Ada's page is still open: the vote is counted there while she has chosen nothing yet.
    expect(ada.post(1).locator(".poll-facts")).to_contain_text("1 member has voted")
    plain = visit("cleo", java_script_enabled=False).goes_to(url)
    plain.post(1).get_by_label("Ethiopia").check()
    plain.post(1).get_by_role("button", name="Vote", exact=True).click()
    expect(plain.post(1).locator(".poll-count")).to_have_text(["1 (50%)", "1 (50%)", "0 (0%)"])

    stranger = visit().goes_to(url)
    expect(stranger.post(1).locator(".poll-count")).to_have_count(0)
    stranger.post(1).get_by_role("link", name="Sign in to vote").click()
    stranger.is_at("/accounts/login/").signs_in("bob").is_at("#post-1$")
    expect(stranger.post(1).locator(".poll-count").nth(1)).to_have_text("1 (50%)")
    stranger.post(1).get_by_role("button", name="Take my vote back").click()
    expect(stranger.post(1).locator(".poll-count")).to_have_count(0)
