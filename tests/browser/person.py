"""Somebody at a browser, who does what members do; a test says who does what."""

import re
from typing import Self

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Response, expect

from .community import PASSWORD


class Person:
    """A browser of one's own. `troubles` are complaints that a developer would see in its console."""

    def __init__(self, context: BrowserContext, name: str = "") -> None:
        self.context = context
        self.name = name
        self.troubles: list[str] = []
        context.on("console", self._listen)
        context.on("weberror", lambda error: self.troubles.append(f"{error.page.url}: {error.error}"))
        context.on("response", self._look_at)
        self.page: Page = context.new_page()

    def _listen(self, message: ConsoleMessage) -> None:
        # What failed to load is told by `_look_at`, which knows a page from its parts.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.troubles.append(f"{message.page.url if message.page else ''}: {message.text}")

    def _look_at(self, response: Response) -> None:
        # An open page asks after its thread, which may have been removed.
        gone = response.status == 404 and "/live/" in response.url
        if response.status >= 400 and response.request.resource_type != "document" and not gone:
            self.troubles.append(f"{response.url}: {response.status}")

    # -- Going places -----------------------------------------------------------------------------

    def goes_to(self, path: str) -> Self:
        self.page.goto(path)
        return self

    def follows(self, link: str) -> Self:
        self.page.get_by_role("link", name=link, exact=True).first.click()
        return self

    def presses(self, button: str) -> Self:
        self.page.get_by_role("button", name=button, exact=True).click()
        return self

    # -- Accounts ---------------------------------------------------------------------------------

    def signs_up(self, name: str) -> Self:
        self.goes_to("/").follows("Sign up")
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Email").fill(f"{name}@example.org")
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.presses("Sign up")
        self.name = name
        return self.is_signed_in()

    def signs_in(self, name: str = "", password: str = PASSWORD) -> Self:
        """Goes to the sign-in page, unless already there, and fills in the form."""
        self.name = name or self.name
        if "/accounts/login/" not in self.page.url:
            self.goes_to("/accounts/login/")
        self.page.get_by_label("Username or email").fill(self.name)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.presses("Sign in")
        return self.is_signed_in()

    def is_signed_in(self) -> Self:
        expect(self.page.get_by_role("navigation", name="Your account")).to_contain_text(self.name)
        return self

    def is_forgotten_by_the_site(self) -> Self:
        """As when a session has ended while its page stayed open."""
        self.context.clear_cookies(name="sessionid")
        return self

    # -- Writing ----------------------------------------------------------------------------------

    def starts_thread(self, forum: str, title: str, body: str) -> str:
        """Returns the new thread's address."""
        self.goes_to(f"/f/{forum}/").follows("New thread")
        self.page.get_by_label("Title").fill(title)
        self.page.get_by_label("Your post").fill(body)
        self.presses("Start the thread")
        return self.sees(title).page.url

    def writes_reply(self, body: str) -> Self:
        self.page.get_by_label("Your reply").fill(body)
        return self

    def replies(self, body: str) -> Self:
        return self.writes_reply(body).presses("Post reply")

    def edits(self, number: int, body: str, title: str = "") -> Self:
        self.post(number).get_by_role("link", name="Edit").click()
        self.page.get_by_label("Your post").fill(body)
        if title:
            self.page.get_by_label("Title").fill(title)
        return self.presses("Save changes")

    def deletes(self, number: int) -> Self:
        self.post(number).get_by_role("link", name="Delete").click()
        return self.presses("Delete this post")

    # -- What is on the page ----------------------------------------------------------------------

    def post(self, number: int) -> Locator:
        return self.page.locator(f"#post-{number}")

    @property
    def posts(self) -> Locator:
        return self.page.locator("article.post")

    @property
    def reply_box(self) -> Locator:
        return self.page.get_by_label("Your reply")

    @property
    def preview(self) -> Locator:
        return self.page.get_by_role("region", name="Preview")

    def sees(self, heading: str | re.Pattern[str]) -> Self:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)
        return self

    def row(self, title: str) -> Locator:
        """A thread's row in a list of threads."""
        return self.page.locator(".thread-row").filter(has=self.page.get_by_role("link", name=title, exact=True))

    def is_at(self, address: str) -> Self:
        """The address, given as a regular expression, is where this person is now."""
        expect(self.page).to_have_url(re.compile(address))
        return self
