"""Polls for programs: what of the results they are shown, and voting."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from forum.cache import limits
from forum.models import Forum, User
from forum.tables.threads import Thread
from tests.api.conftest import Comes, Program
from tests.helpers import make_forum, make_member, renew, signed_in, start_thread
from tests.views.test_polls import TODAY, polled

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nobody_has_asked_yet() -> None:
    limits.forget()


def at(thread: Thread) -> str:
    return f"/forums/{thread.forum}/threads/{thread.id}/posts/1/poll"


def votes(program: Program, thread: Thread) -> list[int | None]:
    return [option["votes"] for option in program.gets(at(thread))["options"]]


def chooses(program: Program, thread: Thread, *options: Any) -> int:
    return program.asks("PUT", f"{at(thread)}/vote", {"options": list(options)}).status_code


def test_is_read_and_voted_in(aws: Forum, ada: User, bob: User, comes: Comes, stranger: Program) -> None:
    thread = polled(ada, aws)
    program = comes(bob)
    assert stranger.gets(f"/forums/aws/threads/{thread.id}/posts/1")["poll"] is True
    assert program.gets(at(thread)) == {
        "question": "Tea or coffee?",
        "options": [{"number": n, "text": t, "votes": 0} for n, t in enumerate(("Tea", "Coffee", "Both"))],
        "voters": 0,
        "several": False,
        "shows": "always",
        "closes": None,
        "closed": False,
        "chosen": [],
    }
    for _ in range(2):
        assert chooses(program, thread, 1) == 200
    assert votes(stranger, thread) == votes(program, thread) == [0, 1, 0]
    assert program.gets(at(thread))["chosen"] == [1] and stranger.gets(at(thread))["chosen"] == []
    assert comes(ada).gets(at(thread))["chosen"] == [], "nobody sees another's"
    answer: Any = program.asks("DELETE", f"{at(thread)}/vote")
    assert answer.json()["voters"] == 0 and votes(stranger, thread) == [0, 0, 0]


def starts(program: Program, **poll: Any) -> Any:
    asked = {"question": "Tea or coffee?", "options": ["Tea", "Coffee"], **poll}
    return program.asks("POST", "/forums/aws/threads", {"title": "A poll", "body": "Please choose.", "poll": asked})


def test_a_thread_can_begin_with_one(aws: Forum, bob: User, comes: Comes, stranger: Program) -> None:
    answer = starts(comes(bob), several=True, shows="voted", closes=str(TODAY))
    assert answer.status_code == 201, answer.json()
    poll = stranger.gets(f"/forums/aws/threads/{answer.json()['id']}/posts/1/poll")
    assert [option["text"] for option in poll["options"]] == ["Tea", "Coffee"]
    assert (poll["question"], poll["several"], poll["shows"]) == ("Tea or coffee?", True, "voted")
    assert poll["closes"][:10] == str(TODAY + timedelta(days=1)) and not poll["closed"]


@pytest.mark.parametrize(
    ("poll", "field"),
    [
        ({"question": " "}, "poll.question"),
        ({"question": "", "options": []}, "poll.question"),
        ({"question": "\u200b", "options": [" "]}, "poll.question"),
        ({"question": "?" * 201}, "poll.question"),
        ({"options": []}, "poll.options"),
        ({"options": ["Tea"]}, "poll.options"),
        ({"options": ["Tea", "tea"]}, "poll.options"),
        ({"options": ["Tea", "Coffee\nBoth"]}, "poll.options.1"),
        ({"options": [str(number) for number in range(11)]}, "poll.options"),
        ({"closes": str(TODAY - timedelta(days=1))}, "poll.closes"),
        ({"closes": "soon"}, "poll.closes"),
        ({"shows": "closed"}, "poll.closes"),
        ({"shows": "never"}, "poll.shows"),
    ],
)
def test_one_that_is_not_right_is_refused_by_the_field(
    poll: dict[str, Any], field: str, aws: Forum, bob: User, comes: Comes
) -> None:
    answer = starts(comes(bob), **poll)
    assert answer.status_code == 422 and list(answer.json()["fields"]) == [field], answer.json()


@pytest.mark.parametrize(
    ("shows", "voter", "other"), [("voted", [1, 0, 0], [None] * 3), ("closed", [None] * 3, [None] * 3)]
)
def test_results_are_shown_when_the_page_shows_them(
    shows: str, voter: list[Any], other: list[Any], aws: Forum, ada: User, bob: User, comes: Comes, stranger: Program
) -> None:
    thread = polled(ada, aws, poll_shows=shows, poll_closes=str(TODAY + timedelta(days=2)))
    program = comes(bob)
    assert chooses(program, thread, 0) == 200
    assert (votes(program, thread), votes(stranger, thread)) == (voter, other)
    assert program.gets(at(thread))["voters"] == 1


def test_all_are_shown_once_it_has_closed(
    aws: Forum, ada: User, bob: User, comes: Comes, stranger: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = polled(ada, aws, poll_shows="closed", poll_closes=str(TODAY + timedelta(days=2)))
    program = comes(bob)
    assert chooses(program, thread, 2) == 200
    from forum.tables import polls

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "datetime":  # type: ignore[override]
            return datetime.now(UTC) + timedelta(days=9)

    monkeypatch.setattr(polls, "datetime", Later)
    assert votes(stranger, thread) == [0, 0, 1] and stranger.gets(at(thread))["closed"] is True
    assert chooses(program, thread, 1) == 409


def test_refuses_what_the_page_refuses(
    aws: Forum, ada: User, bob: User, mod: User, comes: Comes, stranger: Program
) -> None:
    thread, several = polled(ada, aws), polled(ada, aws, poll_several="on")
    program = comes(bob)
    assert chooses(program, thread, 0, 1) == chooses(program, thread, 7) == chooses(program, thread, -1) == 400
    assert chooses(program, thread) == chooses(program, thread, "tea") == 422
    assert chooses(program, several, 2, 0, 2) == 200 and votes(program, several) == [1, 0, 1]
    assert chooses(stranger, thread, 0) == 401 and chooses(comes(bob, "read"), thread, 0) == 403
    plain = start_thread(ada, aws)
    assert stranger.asks("GET", at(plain)).status_code == chooses(program, plain, 0) == 404
    signed_in(mod).post(f"/f/aws/{thread.id}/lock/", {"locked": "1", "reason": ""})
    assert chooses(program, thread, 0) == 409


def test_of_a_private_forum_or_a_hidden_post_is_not_there(
    aws: Forum, ada: User, mod: User, bob: User, comes: Comes, stranger: Program
) -> None:
    vault = make_forum("vault", read_access="groups")
    renew()
    secret, open_one = polled(mod, vault), polled(ada, aws)
    for program in (stranger, comes(bob)):
        assert program.asks("GET", at(secret)).status_code == 404
    assert chooses(comes(bob), secret, 0) == 404
    signed_in(mod).post(f"/f/aws/{open_one.id}/1/hide/", {"kind": "Spam", "reason": "Spam"})
    assert stranger.asks("GET", at(open_one)).status_code == 404
    assert make_member("late") and votes(comes(mod, "read", "moderate"), secret) == [0, 0, 0]
