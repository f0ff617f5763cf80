"""Moderators at their daily work, in the administration and on the forum's own pages, with scripts and without."""

from collections.abc import Callable
from itertools import count

import pytest
from playwright.sync_api import Locator, expect

from tests.processes import run_python, said

from .community import SECOND, STAFF
from .conftest import Visit
from .person import Person
from .site import Site
from .spammer import HERS, OWN
from .test_looks import flaws

# So many that hiding them takes some seconds longer than the second that the form itself works.
SPAM = 3_000
# For names and titles of which there is one in each test.
NUMBERS = count(1)

Spam = Callable[[str, int], tuple[str, str]]
Visitor = Callable[[str], Person]


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def somebody(request: pytest.FixtureRequest, visit: Visit) -> Visitor:
    """`somebody("ada")` is at a browser that runs scripts, or does not."""
    return lambda name: visit(name, java_script_enabled=request.param)


@pytest.fixture
def spam(server: Site, wide_thread: str) -> Spam:
    """`spam(name, posts)` makes a member of that name, who has posted so much; their number, and ada's thread."""

    def fill(name: str, posts: int) -> tuple[str, str]:
        filled = run_python("-m", "tests.browser.spammer", name, str(posts), "trains", DATA_DIR=str(server.home))
        assert filled.returncode == 0, said(filled)
        member, thread = filled.stdout.split()
        return member, thread

    return fill


def reports(person: Person, number: int, kind: str, words: str) -> None:
    person.post(number).get_by_role("link", name="Report").click()
    person.page.get_by_label(kind).check()
    person.page.get_by_label("In your own words").fill(words)
    person.presses("Send the report")
    expect(person.page.get_by_text("Thank you for your report.")).to_be_visible()


def case(moderator: Person, title: str) -> Locator:
    return moderator.page.get_by_role("article").filter(has_text=title)


def is_told(person: Person, words: str) -> None:
    expect(person.page.locator(".messagelist")).to_contain_text(words)


def test_a_report_is_claimed_and_agreed_with_and_the_reporter_is_told(somebody: Visitor) -> None:
    title = f"Ask nicely {next(NUMBERS)}"
    address = somebody("ada").starts_thread("coffee", title, "Which beans?")
    bob = somebody("bob").goes_to(address)
    bob.replies("You are all fools.")
    cleo = somebody("cleo").goes_to(address)
    reports(cleo, 2, "Offensive", "He calls us names.")

    grace = somebody(STAFF).goes_to("/")
    grace.page.locator("summary").filter(has_text=STAFF).click()
    grace.follows("Reports")
    expect(case(grace, title)).to_contain_text("He calls us names.")
    case(grace, title).get_by_role("button", name="Claim").click()
    is_told(grace, "This case is yours.")
    case(grace, title).get_by_role("button", name="Agree and hide").click()
    expect(case(grace, title).get_by_role("alert")).to_contain_text("Please say why")
    case(grace, title).get_by_label("Reason").fill("Be kind to each other.")
    case(grace, title).get_by_role("button", name="Agree and hide").click()
    is_told(grace, "The post is hidden and the case is closed.")
    expect(case(grace, title)).to_have_count(0)

    cleo.goes_to(address)
    expect(cleo.post(2)).to_contain_text("hidden by a moderator. Reason: Be kind to each other.")
    cleo.goes_to("/notifications/")
    expect(cleo.page.get_by_role("main")).to_contain_text("a moderator agreed, and the post is hidden")


def test_a_second_moderator_sees_who_is_at_a_case_and_takes_it_over(visit: Visit) -> None:
    address = visit("ada").starts_thread("coffee", "Decaf for all", "Or not?")
    reports(visit("cleo").goes_to(address), 1, "Off topic", "Tea is better.")
    grace, heidi = visit(STAFF), visit(SECOND)
    grace.goes_to("/admin/moderation/queue/")
    case(grace, "Decaf for all").get_by_role("button", name="Claim").click()
    heidi.goes_to("/admin/moderation/queue/")
    expect(case(heidi, "Decaf for all")).to_contain_text(f"{STAFF} is at this case.")
    case(heidi, "Decaf for all").get_by_role("button", name="Take it over").click()
    case(heidi, "Decaf for all").get_by_role("button", name="Disagree").click()
    is_told(heidi, "The post stands and the case is closed.")
    case(grace, "Decaf for all").get_by_role("button", name="Ignore").click()
    expect(grace.page.get_by_role("alert")).to_be_visible()


def test_two_posts_are_hidden_at_once_with_one_reason(somebody: Visitor) -> None:
    address = somebody("ada").starts_thread("coffee", "Two too many", "First.")
    bob = somebody("bob").goes_to(address)
    for number in (2, 3, 4):
        bob.replies(f"Number {number}.")
        expect(bob.post(number)).to_be_visible()
    thread = address.split("/")[-3]

    grace = somebody(STAFF).goes_to(f"/admin/threads/{thread}/").follows("Select posts")
    for number in (2, 4):
        grace.page.get_by_label(f"Select this post: Post {number} ").check()
    grace.page.get_by_label("Action:").select_option("Hide")
    grace.presses("Go").sees("Hide 2 posts?")
    expect(grace.page.locator(".concerned li")).to_have_count(2)
    grace.page.get_by_label("Reason").fill("Only numbers.")
    grace.presses("Hide")
    is_told(grace, "2 posts were hidden.")
    bob.goes_to(address)
    expect(bob.page.locator(".post.is-deleted")).to_have_count(2)
    expect(bob.post(4)).to_contain_text("Only numbers.")
    expect(bob.post(3)).to_contain_text("Number 3.")


def test_a_spammer_is_nuked_with_a_stop_on_the_way_and_it_is_undone(somebody: Visitor, spam: Spam) -> None:
    name = f"spam{next(NUMBERS)}"
    member, thread = spam(name, SPAM)
    grace = somebody(STAFF).goes_to(f"/u/{name}/").follows("Moderation").follows("Nuke")
    grace.presses(f"Hide all that {name} wrote")
    expect(grace.page.get_by_text("Please say why.")).to_be_visible()
    grace.page.get_by_label("Why").fill("Sells watches.")
    grace.page.get_by_label("Suspend the account and hide everything").check()
    grace.presses(f"Hide all that {name} wrote")
    is_told(grace, "is suspended, and what they wrote is being hidden.")

    state = grace.page.get_by_role("heading", level=2).first
    grace.presses("Stop")
    is_told(grace, "This job is stopped now.")
    expect(state).to_have_text("Stopped")
    done = hidden_so_far(grace)
    assert 0 < done < SPAM
    grace.presses("Resume")
    expect(state).to_have_text("Done", timeout=60_000)
    assert hidden_so_far(grace) == SPAM
    expect(grace.page.get_by_role("row", name="watches-1.example")).to_be_visible()

    ada = somebody("ada").goes_to("/f/trains/")
    expect(ada.row(OWN.format(name))).to_have_count(0)
    ada.goes_to(f"/p/{thread}/2/")
    expect(ada.post(2)).to_contain_text("hidden by a moderator. Reason: Sells watches.")

    grace.presses("Undo")
    expect(state).to_have_text("Done", timeout=60_000)
    assert hidden_so_far(grace) == SPAM
    ada.goes_to("/f/trains/")
    expect(ada.row(OWN.format(name)).first).to_be_visible()
    ada.goes_to(f"/p/{thread}/2/").sees(HERS)
    expect(ada.post(2)).to_contain_text("Buy one of our watches")
    grace.goes_to(f"/admin/forum/user/{member}/moderation/")
    expect(grace.page.get_by_role("main")).not_to_contain_text("for good: Sells watches.")


def hidden_so_far(moderator: Person) -> int:
    """What the job's page says it has done."""
    words = moderator.page.locator(".job-state > p").first.inner_text()
    return int(words.split()[0].replace(",", ""))


def test_a_member_is_silenced_until_a_day_and_told_so(somebody: Visitor, visit: Visit) -> None:
    loud = visit().signs_up(f"loud{next(NUMBERS)}")
    grace = somebody(STAFF).goes_to(f"/u/{loud.name}/").follows("Moderation").follows("Silence")
    grace.page.get_by_label("For how long").select_option("1 week")
    grace.presses("Silence")
    expect(grace.page.get_by_text("Please say why.")).to_be_visible()
    grace.page.get_by_label("Reason").fill("Shouting.")
    grace.presses("Silence")
    is_told(grace, "is silenced.")
    expect(grace.page.locator(".history li").first).to_contain_text("Shouting.")
    loud.goes_to("/f/coffee/new/")
    expect(loud.page.get_by_role("main")).to_contain_text("Shouting.")
    grace.follows("End the silence").presses("End the silence")
    is_told(grace, "can post again.")


# -- What they look like --------------------------------------------------------------------------

ACTS = ("warn", "silence", "suspend", "trust", "note")


def test_pages_of_wide_posts_and_threads_fit_every_window(visit: Visit, wide_thread: str) -> None:
    thread = wide_thread.split("/")[3]
    grace = visit(STAFF)
    grace.goes_to(f"/admin/posts/{thread}-2/hide/")
    grace.page.get_by_label("Reason").fill("w" * 300)
    grace.presses("Hide")
    for path in (
        f"/admin/posts/?thread={thread}",
        "/admin/posts/?forum=coffee&before=2001-02-03T00:00:00.000000Z~00000000",
        f"/admin/posts/{thread}-1/",
        f"/admin/posts/{thread}-2/",
        f"/admin/posts/{thread}-1/hide/",
        f"/admin/posts/{thread}-1/purge/",
        f"/admin/threads/{thread}/",
        f"/admin/threads/{thread}/rename/",
        f"/admin/threads/{thread}/delete/",
        "/admin/posts/nonsense/",
        "/admin/threads/?q=nonsense",
    ):
        grace.goes_to(path)
        assert flaws(grace.page) == [], path


def test_a_members_pages_fit_every_window(visit: Visit, spam: Spam) -> None:
    member, _ = spam("w" * 60, 3)
    page = f"/admin/forum/user/{member}/"
    grace = visit(STAFF).goes_to(f"{page}moderation/note/")
    grace.page.get_by_label("Reason").fill("w" * 300)
    grace.presses("Add a note")
    for path in (f"{page}moderation/", *(f"{page}moderation/{act}/" for act in ACTS), f"{page}nuke/"):
        grace.goes_to(path)
        assert flaws(grace.page) == [], path
    grace.page.get_by_label("Why").fill("w" * 300)
    grace.page.get_by_label("Suspend the account and hide everything").check()
    grace.presses(f"Hide all that {'w' * 60} wrote")
    expect(grace.page.get_by_role("heading", level=2).first).to_have_text("Done", timeout=20_000)
    assert flaws(grace.page) == []
    for path in ("/admin/jobs/", "/admin/operations/", "/admin/log/"):
        grace.goes_to(path)
        assert flaws(grace.page) == [], path


def test_a_queue_of_wide_posts_fits_every_window(visit: Visit, wide_thread: str) -> None:
    reports(visit("cleo").goes_to(wide_thread), 1, "Something else", "w" * 300)
    grace = visit(STAFF).goes_to("/admin/moderation/queue/")
    expect(case(grace, "Wide things")).to_be_visible()
    assert flaws(grace.page) == []
    case(grace, "Wide things").get_by_role("button", name="Ignore").click()
    is_told(grace, "The case is closed.")
