"""Takes the pictures of docs/moderating.md anew: `python -m tests.browser.pictures [name …]`.

Starts a forum of its own with the sample community, in which things happen that moderators deal with, and takes
pictures of their pages while they do. With names, only these pictures are kept. It takes two minutes.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, expect, sync_playwright

from forum.sample import SIGN_INS
from tests.processes import ROOT, run_python, said

from .conftest import CHROMIUM, FLAGS, PATIENCE
from .person import Person
from .site import Site

FOLDER = ROOT / "docs" / "images"
PASSWORDS = {name: password for name, password, _ in SIGN_INS}
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 780}
# No picture is higher; what is below is not needed to find one's way.
TALLEST = 1_300
SPAMMER, SPAM = "timepiece_deals", "6000"
SETTINGS = {"APPROVE_FIRST_POSTS": "1", "PUBLIC_MODERATION_LOG": "true", "NEW_MEMBER_LINKS": "2"}


class Studio:
    """A forum, a browser, and the names of the pictures that are wanted (none for all)."""

    def __init__(self, site: Site, browser: Browser, wanted: list[str]) -> None:
        self.site, self.browser, self.wanted = site, browser, wanted

    @contextmanager
    def visit(self, name: str, size: dict[str, int] = WIDE, password: str = "") -> Iterator[Person]:
        context = self.browser.new_context(base_url=self.site.url, viewport=size, color_scheme="light")  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE)
        person = Person(context, name)
        if name in PASSWORDS:
            person.signs_in(password=PASSWORDS[name])
        yield person
        assert not person.troubles, person.troubles
        context.close()

    def take(self, person: Person, name: str, until: str = "") -> None:
        """The window, and what is below it as far as the bottom of the last element that `until` selects."""
        page = person.page
        # The forum's own header stays in sight when the page is scrolled, also in the midst of a picture.
        page.evaluate("scrollTo(0, 0)")
        size = page.viewport_size or WIDE
        height = size["height"]
        if until:
            box = page.locator(until).last.bounding_box()
            assert box is not None, f"{name}: there is no {until}"
            height = min(TALLEST, round(box["y"] + box["height"] + 24))
        if not self.wanted or name in self.wanted:
            clip = {"x": 0, "y": 0, "width": size["width"], "height": height}
            path = FOLDER / f"moderating-{name}.png"
            page.screenshot(path=path, clip=clip, full_page=True, animations="disabled")  # type: ignore[arg-type]
            sys.stdout.write(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1024:.0f} KB\n")


# -- What happens ---------------------------------------------------------------------------------


def spam(site: Site) -> str:
    """A spammer fills the lounge; the member's number."""
    done = run_python("-m", "tests.browser.spammer", SPAMMER, SPAM, "lounge", DATA_DIR=str(site.home))
    assert done.returncode == 0, said(done)
    return done.stdout.split()[0]


def thread_of(person: Person, forum: str, title: str) -> str:
    """The address of a thread in the sample, without its title."""
    person.goes_to(f"/f/{forum}/").page.get_by_role("link", name=title).first.click()
    person.page.wait_for_url("**/f/*/*/*/")
    return person.page.url.rsplit("/", 2)[0].removeprefix(person.page.url.split("/f/")[0]) + "/"


def report(person: Person, number: int, kind: str, words: str) -> None:
    person.post(number).get_by_role("link", name="Report").click()
    person.page.get_by_label(kind).check()
    person.page.get_by_label("In your own words").fill(words)
    person.presses("Send the report")
    expect(person.page.get_by_text("Thank you for your report.")).to_be_visible()


def things_happen(studio: Studio) -> str:
    """Two reports, and a newcomer's first post that waits; the address of the thread that one is about."""
    with studio.visit("robin") as robin:
        water = thread_of(robin, "coffee", "17 °dH")
        report(robin.goes_to(water), 7, "Off topic", "This was about water, and has become a story about a repair.")
        robin.goes_to("/u/" + SPAMMER + "/").page.locator("article.post .post-when a, .post-number").first.click()
        report(robin, 2, "Spam", "The same advertisement is in the lounge a thousand times.")
    with studio.visit("") as stranger:
        stranger.signs_up("hannelore")
        stranger.goes_to("/f/coffee/new/").page.get_by_label("Title").fill("Is a cheap scale good enough?")
        words = "Hello! I have a kitchen scale that shows whole grams. Do I need tenths for pour-over?"
        stranger.page.get_by_label("Your post").fill(words)
        stranger.presses("Start the thread")
    return water


# -- What is shown --------------------------------------------------------------------------------


def queue(studio: Studio) -> None:
    with studio.visit("mika") as mika:
        mika.goes_to("/admin/moderation/queue/").page.get_by_role("button", name="Claim").first.click()
        studio.take(mika.goes_to("/admin/moderation/queue/"), "queue", until=".case")
    with studio.visit("mika", NARROW) as mika:
        studio.take(mika.goes_to("/admin/moderation/queue/?forum=coffee"), "queue-390", until=".case >> nth=0")


def thread(studio: Studio, water: str) -> None:
    with studio.visit("mika") as mika:
        mika.goes_to(water).page.locator(".thread-menu summary", has_text="Moderate").click()
        studio.take(mika, "menu")
    with studio.visit("mika", NARROW) as mika:
        mika.goes_to(f"{water}split/")
        for number in (6, 7, 8):
            mika.page.locator(f'input[value="{number}"]').check()
        studio.take(mika, "split-390", until=".split-post >> nth=6")


def posts(studio: Studio, water: str) -> None:
    ident = water.split("/")[3]
    with studio.visit("mika") as mika:
        mika.goes_to(f"/admin/posts/?thread={ident}")
        for number in (6, 7):
            mika.page.get_by_label(f"Select this post: Post {number} ").check()
        mika.page.get_by_label("Action:").select_option("Hide")
        studio.take(mika, "posts", until="#result_list tbody tr >> nth=4")
        mika.presses("Go").page.get_by_label("Reason").fill("Off topic: please open a thread of your own for this.")
        studio.take(mika, "confirm", until=".submit-row")
        mika.presses("Hide")
        mika.goes_to(f"{water}8/edit/").page.get_by_label("The post", exact=True).fill("1 : 2 it is, thanks to all!")
        mika.page.get_by_label("Why you edit it").fill("Shortened: the rest is in a thread of its own.")
        mika.presses("Save changes").goes_to(f"/admin/posts/{ident}-8/")
        studio.take(mika, "post", until=".section-revisions")
        mika.goes_to(water).page.get_by_role("button", name="Lock thread").click()


def member(studio: Studio, number: str) -> None:
    page = f"/admin/forum/user/{number}/moderation/"
    with studio.visit("mika") as mika:
        mika.goes_to(f"{page}warn/").page.get_by_label("Reason").fill("No advertisements, please.")
        mika.presses("Warn").goes_to(f"{page}note/").page.get_by_label("Reason").fill("Third account of this kind.")
        mika.presses("Add a note").goes_to(page)
        studio.take(mika, "member", until=".module")
    with studio.visit("mika", NARROW) as mika:
        mika.goes_to(f"{page}silence/").page.get_by_label("For how long").select_option("1 week")
        mika.page.get_by_label("Reason").fill("Advertises in every thread.")
        studio.take(mika, "silence-390", until=".acts")


def nuke(studio: Studio, number: str) -> None:
    with studio.visit("mika") as mika:
        mika.goes_to(f"/admin/forum/user/{number}/nuke/").page.get_by_label("Why").fill("Advertises in every thread.")
        mika.page.get_by_label("Suspend the account and hide everything").check()
        mika.presses(f"Hide all that {SPAMMER} wrote").page.get_by_role("button", name="Stop").wait_for()
        studio.take(mika, "job", until=".module")
        expect(mika.page.get_by_role("heading", level=2).first).to_have_text("Done", timeout=120_000)


def operations(studio: Studio) -> None:
    with studio.visit("ada") as ada:
        studio.take(ada.goes_to("/admin/log/?forum=coffee"), "log", until=".paginator")
        studio.take(ada.goes_to("/admin/operations/"), "operations", until="section[aria-labelledby=tables]")


def main() -> None:
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    with TemporaryDirectory(prefix="forum-pictures-") as home, sync_playwright() as playwright:
        site = Site(Path(home), sample=True, **SETTINGS)
        site.start()
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        studio = Studio(site, browser, sys.argv[1:])
        number = spam(site)
        water = things_happen(studio)
        queue(studio)
        thread(studio, water)
        posts(studio, water)
        member(studio, number)
        nuke(studio, number)
        operations(studio)
        browser.close()
        site.stop()


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forum_site.settings")
    django.setup()
    main()
