"""A private forum seen from the pages that show it, and the administrator who changes who may."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.test import Client

from forum.models import Forum, User
from tests.helpers import signed_in
from tests.safe.community import AUTHOR, Community

Act = Callable[[], object]


class Office:
    """The administrator's browser, in Django admin."""

    def __init__(self, root: User) -> None:
        self.browser = signed_in(root)

    def changes(self, thing: User | Forum, **changed: Any) -> None:
        """Send the thing's form with all fields as they are but those given."""
        kind = "user" if isinstance(thing, User) else "forum"
        fields = _user_fields(thing) if isinstance(thing, User) else _forum_fields(thing)
        self.sends(f"/admin/forum/{kind}/{thing.pk}/change/", {**fields, **changed})

    def deletes(self, path: str) -> None:
        self.sends(f"/admin/{path}/delete/", {"post": "yes"})

    def sends(self, url: str, fields: dict[str, Any]) -> None:
        # A box that is not ticked is not sent.
        sent = {name: value for name, value in fields.items() if value is not False and value is not None}
        answer = self.browser.post(url, sent)
        assert answer.status_code == 302, answer.content.decode()


def _user_fields(user: User) -> dict[str, Any]:
    now = User.objects.get(pk=user.pk)
    return {
        "username": now.username,
        "email": now.email,
        "is_active": now.is_active,
        "is_staff": now.is_staff,
        "is_superuser": now.is_superuser,
        "groups": list(now.groups.values_list("pk", flat=True)),
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00",
    }


def _forum_fields(forum: Forum) -> dict[str, Any]:
    now = Forum.objects.get(pk=forum.pk)
    fields: dict[str, Any] = {name: getattr(now, name) for name in ("name", "title", "description", "order", "shards")}
    return fields | {
        "read_access": now.read_access,
        "post_access": now.post_access,
        "archived": now.archived,
        "read_groups": list(now.read_groups.values_list("pk", flat=True)),
    }


@dataclass
class Door:
    """A private forum, seen from the pages that show it."""

    community: Community
    forum: str

    @property
    def places(self) -> list[str]:
        thread = self.community.urls[self.forum]
        return ["/", f"/f/{self.forum}/", f"/f/{self.forum}/latest/", thread, f"{thread}?page=1", f"/u/{AUTHOR}/"]

    def opens(self, browser: Client, place: str) -> bool:
        """Whether the page is there and shows anything of the forum."""
        page = browser.get(place).content.decode()
        return f"Title in {self.forum}" in page or f"Words in {self.forum}" in page

    def closes_at_once(self, comes: Callable[[], Client], gain: Act, lose: Act) -> None:
        """At every place: somebody who has just read the page from the cache loses the right, and the page."""
        author = signed_in(self.community.people[AUTHOR])
        for place in self.places:
            gain()
            browser = comes()
            assert self.opens(browser, place), place
            assert browser.get(place)["X-Cache"] == "hit", place
            lose()
            assert not self.opens(browser, place), f"{place} is still open"
            assert self.opens(author, place), f"{place} is for its author as before"
        gain()

    def opens_at_once(self, browser: Client, gain: Act, lose: Act) -> None:
        """The other way round: who gains the right has the page on the next request."""
        for place in self.places:
            lose()
            assert not self.opens(browser, place), place
            gain()
            assert self.opens(browser, place), f"{place} is still closed"
