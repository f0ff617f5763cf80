"""Nothing of a private conversation is in anything that another gets, whoever it is and wherever they ask.

Two members write to each other; everybody else opens every address there is, with the conversation's id and the
numbers of its messages in the place of every thread's, asks every search and sends every form. So do moderators and
administrators: they see no more than others.
"""

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse

from forum.permissions import MESSAGES
from forum.search.rebuilding import rebuild
from forum.tables import talks
from forum.tables.keys import FORUM_NAME, THREAD_ID
from tests.helpers import make_member, signed_in, token
from tests.safe.community import AUTHOR, HAND, MEMBER, ROOT, STAFF, Community
from tests.safe.crowd import routes

# In no other text of the site.
TITLE, FIRST, SECOND, ASIDE = "Zephyrine plans", "quixotic marmalade", "velvet harpsichord", "ombudsman zeppelin"
WORDS = (TITLE, "ephyrine", "uixotic", "armalade", "arpsichord", "eppelin")
FRIEND = "larkspurian"
FORUMS = ("open", "lounge", "crew", MESSAGES, MESSAGES.strip("~"), "messages")


@pytest.fixture
def conversation(community: Community) -> str:
    """Its id; the author of the site's threads and a friend have written in it."""
    community.people[FRIEND] = make_member(FRIEND)
    fields = {"to": FRIEND, "title": TITLE, "body": f"Some {FIRST}."}
    author = community.people[AUTHOR]
    answer = signed_in(author).post("/messages/new/", {**fields, "token": token(author)})
    assert answer.status_code == 302, answer.content.decode()
    url = answer["Location"]
    friend = signed_in(community.people[FRIEND])
    for body in (f"And a {SECOND}.", f"An {ASIDE}."):
        sent = {"body": body, "token": token(community.people[FRIEND])}
        assert friend.post(url.partition("?")[0], sent).status_code == 302
    assert FIRST in friend.get(url).content.decode()
    return url.split("/")[2]


def strangers(community: Community) -> dict[str, Client]:
    return {"": Client(), **{name: signed_in(community.people[name]) for name in (MEMBER, HAND, STAFF, ROOT)}}


def addresses(id: str, community: Community) -> list[str]:
    """Every route, with the conversation's id wherever an id is asked, in every forum and in what is none."""
    found = set()
    for name in FORUMS:
        samples: dict[str, Any] = {
            "name": name, "thread_id": id, "talk_id": id, "slug": "zephyrine-plans", "number": 1, "username": AUTHOR,
            "note": "2026-11-24T00:00:00.000000Z~aaaaaaaa", "token": "none", "tag": "open",
            "shard": 0, "key": "none", "uidb36": "1", "nonce": id, "pk": 1, "image_name": f"{'0' * 32}-1x1",
        }  # fmt: skip
        for route, parameters in routes(get_resolver().url_patterns):
            for number in (1, 2):
                values = {each: samples[each] for each in parameters} | (
                    {"number": number} if "number" in parameters else {}
                )
                try:
                    found.add(reverse(route, kwargs=values))
                except NoReverseMatch:
                    # No forum can be called so, and no route takes it.
                    assert name.startswith("~"), route
    found |= {f"/search/?q={word}" for word in ("quixotic", "zephyrine", "harpsichord", f"author:{FRIEND}", "plans")}
    found |= {f"/search/?thread={id}", f"/search/?q=the&thread={id}", f"/search/similar/?title={TITLE}"}
    found |= {
        f"/u/{FRIEND}/",
        f"/feeds/member/{FRIEND}.atom",
        f"/messages/{id}/?quote=1",
        f"/drafts/?path=/messages/{id}/",
    }
    found |= {f"/admin/posts/?thread={id}", f"/admin/moderation/posts/?q={id}", f"/admin/moderation/log/?q={FRIEND}"}
    found |= {f"/admin/moderation/members/{community.people[name].pk}/" for name in (AUTHOR, FRIEND)}
    return sorted(found)


def assert_silent(answer: Any, where: str) -> None:
    assert answer.status_code < 500, where
    said = answer.content.decode(errors="replace") + json.dumps(dict(answer.headers))
    found = [word for word in WORDS if word in said]
    # A title that somebody asks for themselves stands in the form they asked with.
    asked = "zephyrine" in where.lower() or "quixotic" in where or "harpsichord" in where
    assert not found or (asked and set(found) <= {"uixotic", "arpsichord", "ephyrine", TITLE}), f"{where}: {found}"


def test_nobody_else_is_shown_anything_of_it(conversation: str, community: Community) -> None:
    urls = addresses(conversation, community)
    assert len(urls) > 300
    for name, client in strangers(community).items():
        for url in urls:
            answer = client.get(url)
            assert_silent(answer, f"{name or 'a stranger'} at {url}")
            if url.startswith(f"/messages/{conversation}") and not url.endswith("/mute/"):
                assert answer.status_code == (404 if name else 302), (name, url)
            elif conversation in url and not url.startswith(("/drafts", "/admin", "/search")):
                assert answer.status_code in (302, 401, 403, 404, 405), (name, url, answer.status_code)
                assert (
                    conversation not in answer.get("Location", "")
                    or "login" in answer["Location"]
                    or "/p/" in answer["Location"]
                )


def test_no_form_that_another_sends_reaches_it(conversation: str, community: Community) -> None:
    before = talks.get_talk(conversation)
    fields = {"on": "1", "level": "muted", "reason": "x", "body": "Intruding.", "title": "Intruding", "locked": "1",
              "pinned": "1", "archived": "1", "kind": "Spam", "forum": "open", "to": MEMBER, "choice": "0",
              "posts": "1", "target": conversation, "revision": "1", "draft": ""}  # fmt: skip
    for name, client in strangers(community).items():
        own = token(community.people[name]) if name else ""
        for url in addresses(conversation, community):
            if conversation in url and not url.startswith("/admin"):
                answer = client.post(url.partition("?")[0], {**fields, "token": own})
                assert_silent(answer, f"{name or 'a stranger'} sends to {url}")
                assert (
                    "/logout" in url
                    or answer.status_code >= 400
                    or "login" in answer.get("Location", "")
                    or (
                        # The way back of those who had to sign in first.
                        answer.status_code == 302 and conversation not in answer["Location"]
                    )
                ), (name, url, answer.status_code)
    assert talks.get_talk(conversation) == before


def test_it_is_in_no_list_no_feed_no_index_and_no_mail_of_another(conversation: str, community: Community) -> None:
    assert list(rebuild())
    places = ["/", "/f/open/", "/f/open/latest/", "/f/lounge/", f"/u/{AUTHOR}/", f"/u/{FRIEND}/", "/tags/", "/live/"]
    places += [
        "/notifications/",
        "/watched/",
        "/bookmarks/",
        "/drafts/",
        "/messages/",
        "/moderation-log/",
        "/sitemap.xml",
    ]
    places += ["/feeds/site.atom", "/search/?q=marmalade", "/admin/moderation/queue/", "/admin/moderation/posts/"]
    for name, client in strangers(community).items():
        for url in places:
            answer = client.get(url)
            assert conversation not in answer.content.decode(), (name, url)
            said = answer.content.decode().replace("marmalade", "") if "marmalade" in url else answer.content.decode()
            assert not [word for word in WORDS if word in said], (name, url)


def test_of_a_message_that_is_reported_staff_read_that_one_in_the_queue_alone(
    conversation: str, community: Community
) -> None:
    author, queue = signed_in(community.people[AUTHOR]), "/admin/moderation/queue/"
    answer = author.post(f"/messages/{conversation}/2/report/", {"kind": "Spam"})
    assert answer.status_code == 302
    urls = [*addresses(conversation, community), queue, "/admin/log/", f"{queue}?forum={MESSAGES}", "/moderation-log/"]
    for name, client in strangers(community).items():
        for url in urls:
            shown = client.get(url)
            if url.startswith(queue) and name in (STAFF, ROOT):
                said = shown.content.decode()
                assert SECOND in said and not [word for word in (TITLE, FIRST, ASIDE) if word in said], name
            else:
                assert_silent(shown, f"{name or 'a stranger'} at {url}")


def test_what_is_shown_is_never_kept(conversation: str, community: Community) -> None:
    for url in (f"/messages/{conversation}/", "/messages/", "/messages/new/"):
        for _ in range(2):
            answer = signed_in(community.people[FRIEND]).get(url)
            assert answer.status_code == 200 and "X-Cache" not in answer and "no-store" in answer["Cache-Control"]


def test_no_forum_can_be_where_conversations_are() -> None:
    assert not re.fullmatch(FORUM_NAME, MESSAGES) and not re.fullmatch(FORUM_NAME, talks.TALK.strip("#"))
    assert re.fullmatch(THREAD_ID, "0" * 26), (
        "an id is shaped as a thread's, so that every route takes it in these tests"
    )


def test_who_has_left_or_was_added_later_reads_what_is_theirs(conversation: str, community: Community) -> None:
    friend, member = (signed_in(community.people[name]) for name in (FRIEND, MEMBER))
    base = f"/messages/{conversation}/"
    assert friend.post(f"{base}people/", {"to": MEMBER, "token": token(community.people[FRIEND])}).status_code == 302
    shown = member.get(base).content.decode()
    assert TITLE in shown and not [word for word in (FIRST, SECOND, ASIDE) if word in shown]
    for number in (1, 2, 3):
        assert not [
            word for word in (FIRST, SECOND, ASIDE) if word in member.get(f"{base}?quote={number}").content.decode()
        ]
    assert member.get(f"{base}?page=2").status_code == 404
    assert friend.post(f"{base}leave/", {"token": token(community.people[FRIEND])}).status_code == 302
    assert friend.get(base).status_code == 404 and TITLE not in friend.get("/messages/").content.decode()
    assert friend.post(base, {"body": "Again.", "token": token(community.people[FRIEND])}).status_code == 404
