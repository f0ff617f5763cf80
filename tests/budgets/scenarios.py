"""What is measured: each row of the table, by the name under which it is counted (`forum.charging`).

A scenario prepares what it needs and answers with the act alone. Names that only tell two costs of one page apart
have a comma in them.
"""

from collections.abc import Callable
from typing import Any

from django.test import Client

from tests.budgets.world import WORDS, World, answered

Act = Callable[[], Any]
Scenario = Callable[[World], Act]


def seen(url: str, who: str = "") -> Scenario:
    """A page that nothing is kept of, for who is signed out or this member; `url` may name the world's things."""

    def prepare(world: World) -> Act:
        browser = world.of(getattr(world, who)) if who else Client()
        world.forget()
        address = url.format(w=world)

        def act() -> None:
            answered(browser.get(address), 200, 301, 302)

        return act

    return prepare


def sent(url: str, who: str = "bob", *, before: Scenario | None = None, **fields: str) -> Scenario:
    """A form, sent by somebody who has just looked at the thread; `before` is done first and not measured."""

    def prepare(world: World) -> Act:
        if before is not None:
            before(world)()
        browser = world.of(getattr(world, who))
        told = {name: value.format(w=world, token=world.token(getattr(world, who))) for name, value in fields.items()}

        def act() -> None:
            answered(browser.post(url.format(w=world), told), 200, 204, 302)

        return act

    return prepare


def poll(world: World) -> Act:
    fields = {"title": "Drinks", "body": WORDS, "poll_question": "Tea?", "poll_options": "Yes\nNo"}

    def act() -> None:
        browser = world.of(world.ada)
        url = browser.post(f"/f/{world.forum.name}/new/", {**fields, "token": world.token(world.ada)})["Location"]
        world.poll = url.rsplit("/", 2)[0]

    return act


def talk(world: World) -> Act:
    fields = {"to": "bob", "title": "Plans", "body": WORDS}

    def act() -> None:
        browser = world.of(world.ada)
        world.talk = browser.post("/messages/new/", {**fields, "token": world.token(world.ada)})["Location"]

    return act


REPLY = {"body": WORDS, "token": "{token}"}
LIKE, REASON = {"on": "1"}, {"reason": "Off topic"}

PAGES: dict[str, Scenario] = {
    "home": seen("/"),
    "forum": seen("/f/{w.forum.name}/"),
    "forum_latest": seen("/f/{w.forum.name}/latest/"),
    "thread": seen("{w.url}"),
    "thread, second page": seen("{w.url}?page=2"),
    "thread, first filled for a member": seen("{w.url}", "bob"),
    "thread_by_id": seen("{w.base}/"),
    "post": seen("/p/{w.thread.id}/30/"),
    "first_unread": seen("{w.base}/unread/", "bob"),
    "member": seen("/u/ada/"),
    "member_threads": seen("/u/bob/threads/"),
    "likers": seen("{w.base}/2/likes/"),
    "post_history": seen("{w.base}/2/history/", "mod"),
    "thread_live": seen("{w.base}/live/"),
    "site_feed": seen("/feeds/site.atom"),
    "forum_feed": seen("/feeds/forum/{w.forum.name}.atom"),
    "thread_feed": seen("/feeds/thread/{w.thread.id}.atom"),
    "tags": seen("/tags/"),
    "notifications": seen("/notifications/", "ada"),
    "bookmarks": seen("/bookmarks/", "bob"),
    "watched": seen("/watched/", "bob"),
    "drafts": seen("/drafts/", "bob"),
    "search": seen("/search/?q=usual"),
    "messages": seen("/messages/", "bob"),
}

ACTS: dict[str, Scenario] = {
    "act: reply": sent("{w.base}/reply/", **REPLY),
    "act: new_thread": sent("/f/{w.forum.name}/new/", title="A thread of usual length", **REPLY),
    "act: edit_post": sent("{w.base}/3/edit/", body=WORDS[::-1], revision="1"),
    "act: delete_post": sent("{w.base}/5/delete/", revision="1"),
    "act: like_post": sent("{w.base}/2/like/", "mod", **LIKE),
    "act: like_post, taken back": sent(
        "{w.base}/2/like/", "mod", before=sent("{w.base}/2/like/", "mod", on="1"), on="0"
    ),
    "act: bookmark_post": sent("{w.base}/2/bookmark/", **LIKE),
    "act: mark_answer": sent("{w.base}/3/answer/", "ada", **LIKE),
    "act: report_post": sent("{w.base}/4/report/", kind="Spam"),
    "act: vote": sent("{w.poll}/1/vote/", before=poll, choice="1"),
    "act: watch_thread": sent("{w.base}/watch/", level="watching"),
    "act: mark_all_read": sent("/read/"),
    "act: hide_post": sent("{w.base}/6/hide/", "mod", **REASON),
    "act: drafts": sent("/drafts/", path="{w.base}/reply/", heading="", text=WORDS),
    "act: new_message": sent("/messages/new/", "ada", to="bob", title="Plans", **REPLY),
    "act: conversation": sent("{w.talk}", "bob", before=talk, **REPLY),
    "act: preview": sent("/preview/", body=WORDS),
    # What changes the thread's address, and whether others can reply, comes last.
    "act: lock_thread": sent("{w.base}/lock/", "mod", locked="1"),
    "act: rename_thread": sent("{w.base}/rename/", "mod", title="Another title", **REASON),
}
