"""Who may open and do what: every page of the administration and of moderation, tried by everybody.

A page that is new fails here until the table says for whom it is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLResolver, get_resolver

from forum.actions import moderating, nuking, reporting
from forum.models import BlockedText, Delivery, Forum, Job, User, Webhook
from forum.tables import cases, posts, threads
from forum.tables.moderation import post_subject
from forum.tables.threads import Thread
from tests.helpers import make_forum, make_member, reader, renew, reply, rules, signed_in, start_thread

# -- The table ------------------------------------------------------------------------------------

# Those who try, in the order of the signs below. "elsewhere" moderates another forum and "moderator" these two,
# both through a group and without being staff; "staff" are in the group Moderators, "admin" is a superuser.
WHO = ("nobody", "member", "elsewhere", "moderator", "staff", "admin")
# Those to whom nothing of what is kept from them may be shown, whatever page they open.
STRANGERS = WHO[:3]

# + it is theirs, s they are asked to sign in, - they are refused (403), ? there is no such page for them (404),
# x it is not asked in this way (405, 400). Two columns more where a forum that they may not read answers otherwise.
SIGNS = {200: "+", 302: "+", 409: "+", 422: "+", 403: "-", 404: "?", 400: "x", 405: "x"}

TABLE = """
page                      GET     POST      in a forum for some:  GET     POST

edit_post                 s--+++  s--+++                          ???+++  ???+++
delete_post               s--+++  s--+++                          ???+++  ???+++
hide_post                 s--+++  s--+++                          ???+++  ???+++
show_post                 s--+++  s--+++                          ???+++  ???+++
undelete_post             s--+++  s--+++                          ???+++  ???+++
purge_post                s----+  s----+                          ???--+  ???--+
post_history              ++++++  xxxxxx                          ???+++  xxxxxx
report_post               s+++++  s+++++                          ???+++  ???+++

lock_thread               xxxxxx  s--+++                          xxxxxx  ???+++
pin_thread                xxxxxx  s--+++                          xxxxxx  ???+++
archive_thread            xxxxxx  s--+++                          xxxxxx  ???+++
rename_thread             s--+++  s--+++                          ???+++  ???+++
hide_thread               s--+++  s--+++                          ???+++  ???+++
show_thread               s--+++  s--+++                          ???+++  ???+++
delete_thread             s--+++  s--+++                          ???+++  ???+++
undelete_thread           s--+++  s--+++                          ???+++  ???+++
thread_history            s--+++  xxxxxx                          ???+++  xxxxxx
move_thread               s--+++  s--+++                          ???+++  ???+++
split_thread              s--+++  s--+++                          ???+++  ???+++
merge_thread              s--+++  s--+++                          ???+++  ???+++
job_progress              ???+++  ???xxx

pending                   s+++++  xxxxxx
withdraw                  xxxxxx  s+????
metrics                   -----+  xxxxxx
moderation_log            ++++++  xxxxxx

admin:login               s---++  s---++
admin:logout              ++xxxx  ++++++
admin:index               ss++++  ss++++
admin:password_change     ss++++  ss++++
admin:password_change_*   ss++++  ssxxxx
admin:jsi18n              ss++++  ssxxxx
admin:autocomplete        ss----  ss--xx
admin:view_on_site        ss--??  ss--??
admin:app_list            ss--?+  ss--?+
admin:anything-else       ss????  ss????

admin:guide               ss++++  ssxxxx
admin:queue               ss++++  ss?+++
admin:posts               ss++++  ss++++
admin:posts_detail        ss?+++  ssxxxx
admin:posts_act           ss?+++  ss?+++
admin:threads             ss++++  ss++++
admin:threads_detail      ss?+++  ssxxxx
admin:threads_act         ss?+++  ss?+++
admin:removed             ss++++  ssxxxx
admin:log                 ss++++  ssxxxx
admin:log_export          ss++++  ssxxxx
admin:moderate_member     ss--++  ss--xx
admin:moderate_member_act ss--++  ss--++
admin:standing            ss--++  ss--xx
admin:tags                ss--++  ss--++
clear_profile             s---++  s---++
admin:nuke                ss--++  ss--++
admin:unnuke              ss--xx  ss--++

admin:jobs                ss++++  ssxxxx
admin:job                 ss-+++  ss-+++
admin:operations          ss---+  ss---x
admin:cache               ss---+  ss---+

admin:forum_forum_*       ss---+  ss---+
admin:forum_blockedtext_* ss---+  ss---+
admin:forum_user_*        ss---+  ss---+
admin:auth_user_password_change ss---+  ss---+
admin:auth_group_*        ss---+  ss---+
admin:forum_webhook_*     ss---+  ss---+
admin:forum_delivery_changelist ss---+ ss---+
admin:forum_delivery_change ss---+ ss----
admin:forum_delivery_history ss---+ ss---+
admin:forum_delivery_add  ss----  ss----
admin:forum_delivery_delete ss---+ ss---+
admin:account_emailaddress_* ss---+  ss---+
admin:mfa_authenticator_* ss---+  ss---+
admin:to-change-*         ss--++  ss--++
"""

# Pages of readers and of each member's own things: tests/safe/test_private.py and tests/views try these.
OF_READERS = {
    *("home", "forum", "forum_latest", "thread_by_id", "thread", "post", "member", "theme", "language", "preview"),
    *("leaderboard", "member_threads", "send_image", "image", "avatar", "settings_avatar", "spelt_tag"),
    *(
        "new_thread",
        "reply",
        "settings",
        "settings_username",
        "settings_time_zone",
        "close_account",
        "export",
        "export_download",
    ),
    *("notifications", "mark_read", "ignored", "ignore"),
    *("site_feed", "forum_feed", "thread_feed", "member_feed", "tag_feed", "robots", "sitemap", "sitemap_part"),
    *("tag", "tags", "settings_profile", "search", "search_similar", "mention", "drafts", "discard_draft"),
    *("like_post", "likers", "mark_answer", "vote", "bookmark_post", "bookmarks", "bookmark_note", "remove_bookmark"),
    *("watch_thread", "watch_forum", "watched", "open_note", "notification_settings", "unsubscribe"),
    *("tokens", "revoke_token"),
    *("messages", "new_message", "conversation", "conversation_people", "mute_conversation", "leave_conversation"),
    *("message", "edit_message", "delete_message", "report_message", "message_history", "conversation_live"),
    *("first_unread", "mark_forum_read", "mark_all_read", "live", "forum_live", "thread_live"),
}
# Pages of allauth, and the API, which tests/api tries.
ELSEWHERE = ("accounts/", "api/")
# What is a member's to do about a post.
OF_MEMBERS = {"report_post"}


def table() -> dict[str, list[str]]:
    """The cells of each row by the names of its pages, which may be a pattern."""
    rows = (line.split() for line in TABLE.splitlines()[2:] if line)
    return {name: cells if len(cells) == 4 else cells * 2 for name, *cells in rows}


def routes() -> Iterator[tuple[str, str]]:
    """The name and the pattern of each page of the forum and of the administration."""

    def walk(found: list[Any], before: str) -> Iterator[tuple[str, str]]:
        for each in found:
            route = before + str(each.pattern)
            if isinstance(each, URLResolver):
                yield from walk(each.url_patterns, route)
            elif not route.startswith("admin/"):
                yield each.name, route
            else:
                yield f"admin:{each.name or unnamed(route)}", route

    return ((name, route) for name, route in walk(get_resolver().url_patterns, "") if not route.startswith(ELSEWHERE))


def unnamed(route: str) -> str:
    """Django's two kinds of pages without a name: what lies elsewhere now, and what nothing else catches."""
    model = re.fullmatch(r"admin/(\w+)/(\w+)/<path:object_id>/", route)
    return f"to-change-{model[1]}-{model[2]}" if model else "anything-else" if "(?P<url>" in route else route


def test_every_page_is_in_the_table_and_none_besides() -> None:
    names = {name for name, _ in routes()}
    known = list(table())
    assert [name for name in names - OF_READERS if not any(fnmatchcase(name, row) for row in known)] == []
    assert [row for row in known if not any(fnmatchcase(name, row) for name in names)] == []
    assert names >= OF_READERS


# -- Everybody tries ------------------------------------------------------------------------------


@dataclass
class World:
    """A forum with a thread of three posts, of which one is hidden and one reported, and who is about.

    `kept` are words that strangers may read nowhere, `ids` the keys of what the pages are about.
    """

    forum: Forum
    thread: Thread
    kept: list[str]
    ids: dict[str, Any]

    def url(self, name: str, route: str) -> str:
        """The address of a page about the third post, its author, or whatever else its route names."""
        words = {"name": self.forum.name, "thread_id": self.thread.id, "number": 3, "pk": self.ids["user"]}
        words |= {"ident": self.thread.id, "act": "lock", "nonce": self.ids["withdraw"], "content_type_id": 1}
        if name in ("job_progress", "admin:job", "admin:unnuke"):
            words |= {"pk": self.ids["unnuke" if name == "admin:unnuke" else "job"], "number": self.ids["job"]}
        elif name == "admin:moderate_member_act":
            words["act"] = "warn"
        elif name.startswith("admin:posts"):
            words |= {"ident": f"{self.thread.id}-3", "act": "hide"}
        model = re.match(r"admin/\w+/(\w+)/<", route)
        words["object_id"] = words["id"] = self.ids[model[1]] if model else 1
        route = re.sub(r"\^\(\?P<app_label>[\w|]+\)/\$", "forum/", route).replace("(?P<url>.*)$", "nothing/")
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(words[found[1]]), route)

    def form(self, name: str) -> dict[str, Any]:
        """What does it, for whoever may."""
        stored = posts.get_post_of(self.thread, 3)
        chosen = f"{stored.partition}|{stored.timestamp if name == 'admin:posts' else self.thread.id}"
        case = cases.get_case(post_subject(self.thread.id, 3))
        form = {"reason": "Because of this", "title": "Other words", "body": "Other words", "revision": "1"}
        form |= {"ready": "Spam or advertising", "kind": "Spam", "forum": "tea", "numbers": "3", "sure": "on"}
        if name in ("admin:posts", "admin:threads"):
            act = "hide" if name == "admin:posts" else "lock"
            form |= {"action": act, "_selected_action": chosen, "confirmed": "1"}
        if name == "admin:queue":
            seen = reporting.seen_as(case)
            return {"subject": case.subject, "seen": seen, "forum_of": self.forum.name, "act": "agree"}
        return form | {"confirmed": "1", "act": "stop"}

    def state(self) -> list[Any]:
        """All that somebody might have changed."""
        head = threads.get_thread(self.forum.name, self.thread.id)
        stored = [head, *(posts.get_post_of(head, number) for number in (1, 2, 3))]
        rows = [list(model.objects.order_by("pk").values_list()) for model in (User, Forum, Job, Group, BlockedText)]
        case = cases.get_case(post_subject(self.thread.id, 3))
        return [*(str(item.attribute_values) for item in stored), str(case.attribute_values), rows]


def sign(answer: HttpResponse) -> str:
    asked = answer.status_code == 302 and "/login/" in answer["Location"]
    return "s" if asked else SIGNS.get(answer.status_code, str(answer.status_code))


def read(answer: HttpResponse) -> str:
    """All that somebody is told, streamed or not."""
    return f"{answer.getvalue().decode()} {answer.headers}"


class TestWhoMay:
    @pytest.mark.parametrize("row", table())
    def test_open_and_do(self, row: str, people: dict[str, User], worlds: list[World]) -> None:
        """Whoever is refused has changed nothing; strangers read nothing that is kept from them."""
        pages = [(name, route) for name, route in routes() if fnmatchcase(name, row) and name not in OF_READERS]
        for world, (gets, does) in zip(worlds, (table()[row][:2], table()[row][2:]), strict=True):
            before = transaction.savepoint()
            browsers = {"nobody": Client(), **{name: signed_in(people[name]) for name in WHO[1:]}}
            for name, route in pages:
                got = self.signs(world, name, world.url(name, route), browsers)
                assert got == [gets, does], f"{name} in {world.forum.name}"
            transaction.savepoint_rollback(before)

    def signs(self, world: World, name: str, url: str, browsers: dict[str, Client]) -> list[str]:
        found = ["", ""]
        for who, browser in browsers.items():
            before = world.state()
            for method, fields in enumerate((None, world.form(name))):
                answer = browser.get(url) if fields is None else browser.post(url, fields)
                found[method] += sign(answer)
                told = read(answer)
                assert who == "admin" or "penelope@example.org" not in told, f"{who} reads an address at {url}"
                if who in STRANGERS:
                    assert [words for words in world.kept if words in told] == [], f"{who} at {url}"
                if sign(answer) != "+" or (who in STRANGERS and name not in OF_MEMBERS):
                    assert world.state() == before, f"{who} changed something at {url}"
        return found

    # -- Who is about, and where --

    @pytest.fixture
    def people(self, site: None) -> dict[str, User]:
        people = {name: make_member(name) for name in WHO[1:4]}
        people["staff"] = make_member("staff", is_staff=True)
        people["admin"] = make_member("admin", is_staff=True, is_superuser=True)
        for name in ("elsewhere", "moderator"):
            people[name].groups.add(Group.objects.create(name=f"group of {name}"))
        make_forum("tea").moderator_groups.add(people["elsewhere"].groups.get())
        people |= {name: make_member(name, trust=1) for name in ("penelope", "tattler", "spammer")}
        some = Group.objects.create(name="some")
        some.user_set.add(people["penelope"], people["tattler"])
        return people

    @pytest.fixture
    def worlds(self, people: dict[str, User], settings: Any) -> list[World]:
        """A public forum, and one that is for some."""
        settings.PUBLIC_MODERATION_LOG = True
        worlds = [world_of(people, "open", "public"), world_of(people, "vault", "groups")]
        penelope, member = people["penelope"], people["member"]
        BlockedText.objects.create(text="unheard", answer=BlockedText.Answer.APPROVE)
        renew()
        assert reply(member, worlds[0].thread, "Unheard of.")["Location"] == "/pending/"
        (text,) = cases.list_pending(str(member.pk))
        address = EmailAddress.objects.create(user=penelope, email=penelope.email)
        second = Authenticator.objects.create(user=penelope, type=Authenticator.Type.TOTP, data={})
        nuked = nuking.nuke(reader(people["staff"]), people["spammer"], "Spam", may=True)
        hook = Webhook.objects.create(name="Chat", url="https://chat.example.org/", events=[])
        delivery = Delivery.objects.create(webhook=hook, event="member.joined", key="1", payload={})
        for world in worlds:
            world.ids |= {
                "user": penelope.pk,
                "group": Group.objects.get(name="some").pk,
                "blockedtext": BlockedText.objects.get().pk,
                "emailaddress": address.pk,
                "authenticator": second.pk,
                "withdraw": text[0].item.removeprefix(cases.PENDING),
                "unnuke": nuked.pk,
                "webhook": hook.pk,
                "delivery": delivery.pk,
            }
        return worlds


def world_of(people: dict[str, User], name: str, access: str) -> World:
    forum = make_forum(name, title=f"The {name}", read_access=access)
    forum.moderator_groups.add(people["moderator"].groups.get())
    forum.read_groups.add(Group.objects.get(name="some"))
    renew()
    begun = start_thread(people["penelope"], forum, f"{name} title", f"{name} opening words")
    for words in ("unseemly words", "doubtful words"):
        reply(people["penelope"], begun, f"{name} {words}")
    head = threads.get_thread(name, begun.id)
    moderating.hide_post(reader(people["staff"]), rules(forum), head, posts.get_post_of(head, 2), f"{name} is rude")
    report = {"kind": "Something else", "words": f"{name} worries me"}
    assert signed_in(people["tattler"]).post(f"/f/{name}/{head.id}/3/report/", report).status_code == 302
    state = {"source": name, "target": name, "thread": head.id}
    job = Job.objects.create(
        kind="move thread", title=f"{name} on the move", user_id=str(people["moderator"].pk), state=state
    )
    kept = [f"{name} unseemly", f"{name} worries", f"{name} on the move", "tattler"]
    private = [f"{name} title", f"{name} opening", f"{name} doubtful", f"{name} is rude", f"The {name}"]
    ids = {"forum": forum.pk, "job": job.pk}
    return World(forum, threads.get_thread(name, head.id), kept if access == "public" else kept + private, ids)
