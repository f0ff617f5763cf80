"""Every word of every page is marked for translation: walked through in a language of brackets."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import translation

from forum import jobs, outgoing, reasons
from forum.admin.webhooks import stopped_in_words
from forum.models import Job, User
from forum.tables.threads import Thread
from tests.helpers import make_forum, make_member, renew, reply, signed_in, start_thread, token
from tests.pseudo import CLOSE, OPEN, speaking_pseudo, unmarked

pytestmark = pytest.mark.django_db

LANGUAGE = "de"
# What is no page, or ends the walk.
ELSEWHERE = re.compile(r"/(static|feeds|sitemap|accounts/logout|api/openapi)|.*/live/$")
MOST = 150
BODY = "Λόγος.\n\n> α\n\n`βήτα` " + "γάμμα " * 20


@pytest.fixture(autouse=True)
def pseudo() -> Iterator[None]:
    with speaking_pseudo(LANGUAGE):
        yield


@pytest.fixture
def thread(site: None, settings: pytest.FixtureRequest) -> Thread:
    """A little of everything, in Greek, with names of one letter."""
    settings.SITE_NAME, settings.PUBLIC_MODERATION_LOG = "Φ", True
    forum = make_forum("a1", title="Άλφα", description="Ένα.")
    make_forum("a2", title="Βήτα", archived=True)
    one, two, staff = make_member("u-1"), make_member("u-2"), make_member("u-3", is_staff=True)
    poll = {
        "poll_question": "Τι;",
        "poll_options": "Α\nΒ",
        "poll_closes": f"{datetime.now(UTC) + timedelta(days=9):%Y-%m-%d}",
        "poll_shows": "voted",
    }
    fields = {"title": "Ερώτηση", "body": BODY, "tags": "ετικέτα", "token": token(one), **poll}
    address = signed_in(one).post(f"/f/{forum.name}/new/", fields)["Location"]
    start_thread(two, forum, "Δεύτερο", BODY)
    from forum.tables import threads

    thread = threads.get_thread(forum.name, address.split("/")[3])
    for number in range(21):
        reply(two, thread, f"@u-1 {BODY} {number}")
    base = f"/f/a1/{thread.id}"
    signed_in(two).post(f"{base}/1/like/", {"on": "1"})
    signed_in(one).post(f"{base}/2/bookmark/", {"on": "1"})
    signed_in(one).post(f"{base}/3/answer/", {"on": "1"})
    signed_in(two).post(f"{base}/1/vote/", {"choice": "1"})
    signed_in(two).post("/messages/new/", {"to": "u-1", "title": "Γράμμα", "body": BODY, "token": token(two)})
    signed_in(one).post(f"{base}/watch/", {"level": "watching"})
    signed_in(two).post(f"{base}/2/edit/", {"body": "Άλλο.", "revision": "1"})
    signed_in(one).post("/drafts/", {"path": "/f/a1/new/", "heading": "Ν", "text": "Νέο"})
    signed_in(staff).post(f"{base}/4/hide/", {"ready": "Spam or advertising", "reason": "ό,τι"})
    signed_in(staff).post(f"{base}/pin/", {"pinned": "1"})
    renew()
    return thread


def walk(browser: Client, start: list[str], within: str = "") -> dict[str, list[str]]:
    """The pages that links lead to, with the words of each that are not marked."""
    todo, seen, found = list(start), set(start), {}
    while todo and len(seen) < MOST:
        url = todo.pop(0)
        answer = browser.get(url, headers={"accept-language": LANGUAGE})
        if answer.status_code in (301, 302):
            html = f'<a href="{answer["Location"]}">'
        elif not answer["Content-Type"].startswith("text/html"):
            continue
        else:
            html = answer.content.decode()
            assert OPEN in html and answer["Content-Language"] == LANGUAGE, url
            if words := own(html):
                found[url] = words
        for link in re.findall(r'href="(/[^"#]*)', html):
            link = link.replace("&amp;", "&")
            if link not in seen and re.match(within, link) and not ELSEWHERE.match(link):
                seen.add(link)
                todo.append(link)
    assert len(seen) > 20, "links lead to few pages"
    return found


# What is the same in every language, and what allauth has no German for.
NAMES = re.compile(r"English|UTC|Authenticators|a1|example\.org|(forum|author)\b.*")


def own(html: str) -> list[str]:
    return [word for word in unmarked(html) if not NAMES.fullmatch(word)]


@pytest.mark.parametrize("reader", ["", "u-1", "u-3"])
def test_every_page_is_marked_whole(reader: str, thread: Thread) -> None:
    browser = signed_in(User.objects.get(username=reader)) if reader else Client()
    base = f"/f/a1/{thread.id}"
    more = [
        "/search/?q=γάμμα",
        "/search/?q=author:&-forum:x",
        "/no-such-page/",
        f"{base}/9999/edit/",
        f"{base}/x/?page=9",
    ]
    assert walk(browser, ["/", *more, "/moderation-log/", "/bookmarks/", "/drafts/", "/pending/", "/watched/"]) == {}


# Of the administration, its own pages: not Django's lists, of which Django's translations lack a few words, nor the
# page that is full of names of tables and routes.
OWN = r"/admin/(threads|posts|removed|queue|log|jobs|tags|guide|forum/user/\d+/moderation)/"


def test_the_administration_is_marked_whole(thread: Thread) -> None:
    root = make_member("u-9", is_staff=True, is_superuser=True)
    found = walk(
        signed_in(root), [f"/admin/{name}/" for name in ("threads", "queue", "log", "jobs", "tags", "guide")], OWN
    )
    assert {word for words in found.values() for word in words} == set()


def test_answers_to_forms_are_marked_whole(thread: Thread) -> None:
    one, base = signed_in(User.objects.get(username="u-1")), f"/f/a1/{thread.id}"
    forms = [
        ("/f/a1/new/", {"title": "Ν", "body": "", "tags": "!", "token": ""}),
        ("/f/a1/new/", {"title": "Νέο", "body": "\x01", "token": "x"}),
        (f"{base}/reply/", {"body": BODY, "token": "x"}),
        (f"{base}/1/report/", {}),
        (f"{base}/2/report/", {"kind": "Something else"}),
        (f"{base}/1/like/", {"on": "1"}),
        (f"{base}/2/like/", {"on": "x"}),
        (f"{base}/hide/", {}),
    ]
    for url, fields in forms:
        answer = one.post(url, fields, headers={"accept-language": LANGUAGE})
        assert answer.status_code >= 400 and own(answer.content.decode()) == [], url


def test_messages_of_what_is_done_are_marked(thread: Thread) -> None:
    staff = signed_in(User.objects.get(username="u-3"), headers={"accept-language": LANGUAGE})
    page = staff.post(f"/f/a1/{thread.id}/5/delete/", {"ready": "Off topic here"}, follow=True).content.decode()
    assert f"{OPEN}Post #5 is deleted.{CLOSE}" in page and own(page) == []


def test_unmarked_words_are_found() -> None:
    html = f'<html lang="de"><p title="Some">{OPEN}One <b>{OPEN}two{CLOSE}</b>{CLOSE} and <i lang="en">no</i> three</p>'
    assert unmarked(html) == ["Some", "and", "three"]


STORED = [
    (jobs.said, Job(message="Back to 2026-11-23.")),
    (jobs.said, Job(message="1,200 posts so far.")),
    (jobs.said, Job(message="It failed: KeyError.")),
    (jobs.title_of, Job(title="Closed account 7: anonymise posts", state={})),
    (outgoing.in_words, "It leads into a private network."),
    (outgoing.in_words, "It could not be reached: no answer within 5 seconds."),
    (outgoing.in_words, "It could not be reached: [Errno 111] Connection refused."),
    (outgoing.in_words, "one.example leads into a private network."),
    (
        stopped_in_words,
        "Stopped on 26 November 2026: nothing could be delivered since 20 November 2026, 10:00 UTC.",
    ),
    (reasons.shown, "As before."),
]


@pytest.mark.parametrize(("shown", "stored"), STORED)
def test_sentences_that_are_stored_in_english_are_known_again(shown: Callable[[object], str], stored: object) -> None:
    said = shown_in(LANGUAGE, shown, stored)
    assert said.startswith(OPEN) and said.endswith(CLOSE)
    assert shown_in("en", shown, stored) == (stored if isinstance(stored, str) else stored.message or stored.title)


def shown_in(language: str, shown: Callable[[object], str], stored: object) -> str:
    with translation.override(language):
        return shown(stored)
