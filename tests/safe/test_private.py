"""What somebody may no longer read or do is gone on their very next request, although pages are cached.

Every change is made as a deployment makes it: on the pages of the site and its admin, by a command, or
by code that saves a user. Each is tried at every place that shows a private forum, since the first
request after the change is the one that counts.
"""

import itertools
import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client

from forum.actions.sanctions import mark
from forum.models import User
from forum.tables import members, posts, threads
from tests.helpers import make_member, reply, signed_in
from tests.safe.community import AUTHOR, HAND, MEMBER, PASSWORD, ROOT, STAFF, Community
from tests.safe.doors import Act, Door, Office

pytestmark = pytest.mark.django_db(transaction=True)

NEW_PASSWORD = "battery staple 7"
_numbers = itertools.count(1)


@pytest.fixture
def office(community: Community) -> Office:
    return Office(community.people[ROOT])


def nothing() -> None:
    pass


# -- Groups ---------------------------------------------------------------------------------------


class TestGroups:
    @pytest.fixture
    def door(self, community: Community) -> Door:
        return Door(community, "crew")

    @pytest.fixture(params=["the admin", "remove", "set", "clear", "the group's side", "a user's save"])
    def ways(self, request: pytest.FixtureRequest, community: Community, office: Office) -> tuple[Act, Act]:
        """How the group is gained and lost."""
        hand, group = community.people[HAND], community.group
        by_name: dict[str, tuple[Act, Act]] = {
            "the admin": (lambda: office.changes(hand, groups=[group.pk]), lambda: office.changes(hand, groups=[])),
            "remove": (lambda: hand.groups.add(group), lambda: hand.groups.remove(group)),
            "set": (lambda: hand.groups.set([group]), lambda: hand.groups.set([])),
            "clear": (lambda: hand.groups.add(group), hand.groups.clear),
            "the group's side": (lambda: group.user_set.add(hand), lambda: group.user_set.remove(hand)),
            "a user's save": (lambda: hand.groups.add(group), lambda: (hand.groups.remove(group), hand.save())),
        }
        return by_name[request.param]

    def test_who_leaves_is_outside_at_once(self, door: Door, ways: tuple[Act, Act]) -> None:
        browser = signed_in(door.community.people[HAND])
        door.closes_at_once(lambda: browser, *ways)

    def test_who_joins_is_inside_at_once(self, door: Door, ways: tuple[Act, Act]) -> None:
        door.opens_at_once(signed_in(door.community.people[HAND]), *ways)

    def test_a_group_that_is_deleted_lets_nobody_in(self, door: Door, office: Office) -> None:
        """Its author, too, was in by the group alone."""
        hand = door.community.people[HAND]
        browser, crew = signed_in(hand), door.community.forums["crew"]
        for place in door.places:
            group = Group.objects.create(name="for a while")
            hand.groups.set([group])
            office.changes(crew, read_groups=[door.community.group.pk, group.pk])
            assert door.opens(browser, place), place
            office.deletes(f"auth/group/{group.pk}")
            assert not door.opens(browser, place), place

    def test_a_forum_that_is_given_to_another_group(self, door: Door, office: Office) -> None:
        crew, own = door.community.forums["crew"], Group.objects.create(name="authors")
        door.community.people[AUTHOR].groups.add(own)
        browser = signed_in(door.community.people[HAND])
        both = [door.community.group.pk, own.pk]
        door.closes_at_once(
            lambda: browser,
            lambda: office.changes(crew, read_groups=both),
            lambda: office.changes(crew, read_groups=[own.pk]),
        )


# -- Accounts -------------------------------------------------------------------------------------


class TestAccounts:
    @pytest.fixture
    def door(self, community: Community) -> Door:
        return Door(community, "lounge")

    @pytest.mark.parametrize("way", ["the admin", "save"])
    def test_staff_that_are_no_longer_staff(self, way: str, community: Community, office: Office) -> None:
        warden = community.people[STAFF]
        browser = signed_in(warden)
        Door(community, "crew").closes_at_once(lambda: browser, *switch(way, office, warden, "is_staff"))

    @pytest.mark.parametrize("way", ["the admin", "save"])
    def test_tools_of_staff_go_with_the_office(self, way: str, community: Community, office: Office) -> None:
        warden, thread = community.people[STAFF], community.urls["open"]
        browser = signed_in(warden)
        browser.get(thread)
        assert b"/lock/" in browser.get(thread).content and b"/1/edit/" in browser.get(thread).content
        _, lose = switch(way, office, warden, "is_staff")
        lose()
        page = browser.get(thread)
        assert b"/lock/" not in page.content and b"/1/edit/" not in page.content
        assert b"/admin/" not in page.content and not page.has_header("Server-Timing")

    @pytest.mark.parametrize("way", ["the admin", "save"])
    def test_who_is_banned_is_out(self, way: str, door: Door, office: Office) -> None:
        member = door.community.people[MEMBER]
        browser = signed_in(member)
        door.closes_at_once(lambda: browser, *switch(way, office, member, "is_active"))

    def test_who_is_suspended_is_out(self, door: Door, office: Office) -> None:
        """For good: the sessions do not come back with the end of the suspension."""
        browser, newest = newcomers()

        def suspend() -> None:
            form = {"reason": "Too many adverts.", "lasts": "7"}
            office.sends(f"/admin/forum/user/{newest().pk}/moderation/suspend/", form)

        door.closes_at_once(browser, nothing, suspend)

    def test_sessions_of_the_suspended_stay_ended(self, door: Door, office: Office) -> None:
        browser, newest = newcomers()
        visitor, moderation = browser(), f"/admin/forum/user/{newest().pk}/moderation"
        assert all(door.opens(visitor, place) for place in door.places)
        office.sends(f"{moderation}/suspend/", {"reason": "Too many adverts.", "lasts": "good"})
        stands = mark(User.objects.get(pk=newest().pk), "suspended")
        office.sends(f"{moderation}/unsuspend/", {"reason": "A mistake.", "seen": stands})
        assert not any(door.opens(visitor, place) for place in door.places)
        assert door.opens(signed_in(User.objects.get(pk=newest().pk)), "/")

    def test_who_may_no_longer_moderate_members_has_no_way_to_it(self, community: Community) -> None:
        warden, tools = community.people[STAFF], f"/admin/forum/user/{community.people[AUTHOR].pk}/moderation/"
        browser = signed_in(warden)
        for _ in range(2):
            assert tools in browser.get(f"/u/{AUTHOR}/").content.decode()
        warden.groups.clear()
        assert tools not in browser.get(f"/u/{AUTHOR}/").content.decode() and browser.get(tools).status_code == 403

    def test_whose_account_is_deleted_in_the_admin_is_out(self, door: Door, office: Office) -> None:
        browser, newest = newcomers()
        door.closes_at_once(browser, nothing, lambda: office.deletes(f"forum/user/{newest().pk}"))

    def test_a_new_name_from_the_admin_shows_at_once(self, door: Door, office: Office) -> None:
        member = door.community.people[MEMBER]
        browser = signed_in(member)
        for number, place in enumerate(door.places):
            browser.get(place)
            office.changes(member, username=f"renamed{number}")
            page = browser.get(place).content.decode()
            assert f"/u/renamed{number}/" in page and MEMBER not in page, place

    def test_whose_account_is_closed_on_another_device_is_out(self, door: Door) -> None:
        browser, newest = newcomers()
        door.closes_at_once(
            browser, nothing, lambda: elsewhere(newest(), "/settings/close/", password=PASSWORD, posts="keep")
        )

    def test_a_password_changed_on_another_device_ends_this_session(self, door: Door) -> None:
        browser, newest = newcomers()
        passwords = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
        door.closes_at_once(browser, nothing, lambda: elsewhere(newest(), "/accounts/password/change/", **passwords))

    def test_a_password_changed_in_the_admin_ends_all_sessions(self, door: Door, office: Office) -> None:
        browser, newest = newcomers()
        form = {"usable_password": "true", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
        door.closes_at_once(browser, nothing, lambda: office.sends(f"/admin/forum/user/{newest().pk}/password/", form))

    def test_a_password_changed_by_the_command_ends_all_sessions(self, door: Door) -> None:
        browser, newest = newcomers()
        with patch("getpass.getpass", return_value=NEW_PASSWORD), patch("sys.stdout"):
            door.closes_at_once(browser, nothing, lambda: call_command("changepassword", newest().username))


def switch(way: str, office: Office, user: User, flag: str) -> tuple[Act, Act]:
    """How a member's flag is set and taken away."""

    def save(value: bool) -> None:
        fresh = User.objects.get(pk=user.pk)
        setattr(fresh, flag, value)
        fresh.save()

    change = save if way == "save" else lambda value: office.changes(user, **{flag: value})
    return lambda: change(True), lambda: change(False)


def newcomers() -> tuple[Callable[[], Client], Callable[[], User]]:
    """A new member's browser with each call, and who the newest member is."""
    made: list[User] = []

    def browser() -> Client:
        made.append(make_member(f"newcomer{next(_numbers)}"))
        return signed_in(made[-1])

    return browser, lambda: made[-1]


def elsewhere(user: User, url: str, **fields: str) -> None:
    """The member sends a form from a second device."""
    answer = signed_in(user).post(url, fields)
    assert answer.status_code == 302, answer.content.decode()


# -- Notes ----------------------------------------------------------------------------------------


class TestNotes:
    """Of a private thread nobody is told who may not read it any more: its title may have changed since."""

    TITLE = "A title of today"

    @pytest.fixture
    def crew(self, community: Community) -> str:
        """The address of a thread where somebody has replied who has left the forum since."""
        hand, thread = community.people[HAND], community.threads["crew"]
        assert reply(hand, thread, "My two pence.").status_code == 302
        community.group.user_set.remove(hand)
        rename = {"title": self.TITLE, "reason": "A better one"}
        url = f"/f/crew/{thread.id}"
        assert signed_in(community.people[ROOT]).post(f"{url}/rename/", rename).status_code == 302
        return url

    @pytest.mark.parametrize("act", ["like", "answer", "hide", "delete"])
    def test_that_are_new_are_not_told(self, act: str, crew: str, community: Community) -> None:
        who = community.people[AUTHOR if act in ("like", "answer") else ROOT]
        form = {"on": "1", "reason": "Too loud.", "confirmed": "1"}
        assert signed_in(who).post(f"{crew}/2/{act}/", form).status_code == 302
        self.nothing_is_told(community)

    def test_of_reports_neither(self, crew: str, community: Community, settings: Any) -> None:
        settings.REPORTS_TO_HIDE = 1
        report = {"kind": "Spam"}
        assert signed_in(community.people[AUTHOR]).post(f"{crew}/2/report/", report).status_code == 302
        head = threads.get_thread("crew", community.threads["crew"].id)
        assert posts.get_post_of(head, 2).deleted, "the report has hidden it"
        self.nothing_is_told(community)

    def nothing_is_told(self, community: Community) -> None:
        hand = community.people[HAND]
        assert members.list_notes(str(hand.pk), 9).notes == [] and members.get_inbox(str(hand.pk)).unread == 0
        community.group.user_set.add(hand)
        assert self.TITLE not in signed_in(hand).get("/notifications/").content.decode()

    def test_of_before_are_shown_without_the_title(self, community: Community) -> None:
        hand, thread = community.people[HAND], community.threads["crew"]
        assert reply(hand, thread, "My two pence.").status_code == 302
        signed_in(community.people[AUTHOR]).post(f"/f/crew/{thread.id}/2/like/", {"on": "1"})
        form = {"reason": "Too loud.", "confirmed": "1"}
        assert signed_in(community.people[ROOT]).post(f"/f/crew/{thread.id}/2/hide/", form).status_code == 302
        browser = signed_in(hand)
        assert browser.get("/notifications/").content.decode().count("Title in crew") == 2
        community.group.user_set.remove(hand)
        assert b"Title in crew" not in browser.get("/notifications/").content


# -- Sessions -------------------------------------------------------------------------------------


class TestSessions:
    @pytest.fixture
    def door(self, community: Community) -> Door:
        return Door(community, "lounge")

    @pytest.fixture
    def member(self, community: Community) -> User:
        return community.people[MEMBER]

    def test_a_cookie_opens_nothing_after_signing_out(self, door: Door, member: User) -> None:
        """Not even a copy that somebody made of it before."""
        copies: list[Client] = []

        def comes() -> Client:
            copy = Client()
            browser = signed_in(member)
            copy.cookies["sessionid"] = browser.cookies["sessionid"].value
            copies[:] = [browser, copy]
            return copy

        door.closes_at_once(comes, nothing, lambda: copies[0].post("/accounts/logout/"))

    def test_signing_out_leaves_the_other_device_signed_in(self, door: Door, member: User) -> None:
        here, there = signed_in(member), signed_in(member)
        for place in door.places:
            assert door.opens(there, place)
        here.post("/accounts/logout/")
        assert all(door.opens(there, place) for place in door.places)

    def test_the_browser_that_signs_out_is_a_stranger(self, door: Door, member: User) -> None:
        browser = Client()
        sign_in, sign_out = {"login": MEMBER, "password": PASSWORD}, "/accounts/logout/"
        door.closes_at_once(
            lambda: browser, lambda: browser.post("/accounts/login/", sign_in), lambda: browser.post(sign_out)
        )

    def test_a_session_ends_when_its_time_is_over(self, door: Door, member: User) -> None:
        browsers = [signed_in(member) for _ in door.places]
        for browser, place in zip(browsers, door.places, strict=True):
            assert door.opens(browser, place)
            session = browser.session
            session.set_expiry(1)
            session.save()
            assert door.opens(browser, place)
        time.sleep(1.1)
        for browser, place in zip(browsers, door.places, strict=True):
            assert not door.opens(browser, place), place

    def test_a_session_that_an_operator_removes_is_over(self, door: Door, member: User) -> None:
        browsers: list[Client] = []

        def comes() -> Client:
            browsers.append(signed_in(member))
            return browsers[-1]

        door.closes_at_once(comes, nothing, lambda: browsers[-1].session.delete())


# -- Forums ---------------------------------------------------------------------------------------


class TestForums:
    def test_a_forum_made_for_members_closes_to_strangers(self, community: Community, office: Office) -> None:
        opened = community.forums["open"]
        Door(community, "open").closes_at_once(
            Client,
            lambda: office.changes(opened, read_access="public"),
            lambda: office.changes(opened, read_access="members"),
        )

    def test_a_forum_made_for_a_group_closes_to_members(self, community: Community, office: Office) -> None:
        lounge, browser = community.forums["lounge"], signed_in(community.people[MEMBER])
        Door(community, "lounge").closes_at_once(
            lambda: browser,
            lambda: office.changes(lounge, read_access="members"),
            lambda: office.changes(lounge, read_access="groups", read_groups=[community.group.pk]),
        )

    def test_a_forum_made_public_opens_to_strangers(self, community: Community, office: Office) -> None:
        lounge = community.forums["lounge"]
        Door(community, "lounge").opens_at_once(
            Client(),
            lambda: office.changes(lounge, read_access="public"),
            lambda: office.changes(lounge, read_access="members"),
        )

    @pytest.mark.parametrize("name", ["open", "crew"])
    def test_an_archive_is_read_only_at_once(self, name: str, community: Community, office: Office) -> None:
        forum, thread = community.forums[name], community.urls[name]
        author = signed_in(community.people[AUTHOR])
        for url in (thread, f"/f/{name}/"):
            author.get(url)
            assert author.get(url)["X-Cache"] == "hit"
        token = author.get(thread).content.decode().split('name="token" value="')[1].split('"')[0]
        office.changes(forum, archived=True)
        page = author.get(thread).content.decode()
        assert "This forum is archived" in page and "/reply/" not in page and "/edit/" not in page
        assert f"/f/{name}/new/" not in author.get(f"/f/{name}/").content.decode()
        forms = {
            "reply/": {"body": "Late.", "token": token},
            "1/edit/": {"body": "Late.", "revision": 1},
            "1/delete/": {},
        }
        base = thread.rsplit("/", 2)[0]
        assert {author.post(f"{base}/{form}", sent).status_code for form, sent in forms.items()} == {403}
        office.changes(forum, archived=False)
        assert b"/reply/" in author.get(thread).content
