"""What is counted of members: after every act the same as counting everything anew."""

import re
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from forum import redis as stores
from forum.actions import flushing, tallying
from forum.cache import visits
from forum.models import Forum, User
from forum.pulse import store as pulse
from forum.pulse.now import get_now
from forum.tables import tallies, threads, totals
from forum.tables.tallies import Tally
from forum.tables.threads import Thread
from tests.dying import jobs_go_on
from tests.helpers import make_forum, make_member, page_url, renew, reply, signed_in, start_thread

Act = Callable[..., Any]


def numbers(user: User) -> dict[str, int]:
    tally = tallies.get_tally(str(user.pk))
    return {name: int(getattr(tally, name)) for name in tallies.NAMES}


def rankings() -> dict[str, dict[str, float]]:
    """What Redis has of boards, points and what is trending, but for members who are gone."""
    redis = stores.client(pulse.ALIAS)
    here = {str(pk) for pk in User.objects.filter(is_active=True).values_list("pk", flat=True)}
    found: dict[str, dict[str, float]] = {}
    for key in sorted(redis.keys("pulse:*")):
        name, kind = key.decode().removeprefix("pulse:{pulse}:"), redis.type(key)
        if kind == b"zset":
            scores = {member.decode(): round(score, 6) for member, score in redis.zrange(key, 0, -1, withscores=True)}
            found[name] = scores if name == "trending" else {who: n for who, n in scores.items() if who in here}
        elif kind == b"hash" and name not in ("totals", "unsaved", "batch"):
            found[name] = {field.decode(): int(n) for field, n in redis.hgetall(key).items() if int(n)}
    return {name: numbers for name, numbers in found.items() if numbers}


def of_forums() -> list[dict[str, tuple[int, ...]]]:
    """Posts and threads of each forum, as the home page tells them and as they are stored."""
    names = sorted(Forum.objects.values_list("name", flat=True))
    stored = totals.get_totals(names)
    return [dict(get_now(names).totals), {name: tuple(stored[name].numbers.values()) for name in names}]


@pytest.fixture(autouse=True)
def right_in_the_end(site: None) -> Iterator[None]:
    """Whatever a test did, what was counted with each act is what there is."""
    yield
    counted = tallying.Stats()
    for _, changes in tallying.everything():
        counted.add(changes)
    for user in User.objects.filter(is_active=True):
        assert numbers(user) == counted.counts[str(user.pk)], user.username
    flushing.save()
    as_it_went, shown, stored = rankings(), *of_forums()
    for _ in tallying.rebuild("pulse"):
        pass
    assert [shown, stored] == of_forums() and shown == stored
    assert as_it_went == rankings()


@pytest.fixture
def root(site: None) -> User:
    return make_member("root", is_staff=True, is_superuser=True)


def do(user: User, thread: Thread, act: str, number: int = 0, **fields: str) -> None:
    place = f"{number}/" if number else ""
    fields = {"reason": "Because of this", "sure": "on", **fields}
    answer = signed_in(user).post(f"/f/{thread.forum}/{thread.id}/{place}{act}/", fields)
    assert answer.status_code == 302, answer.content.decode()
    jobs_go_on()


def test_threads_replies_likes_and_answers_are_counted(ada: User, bob: User, aws: Forum) -> None:
    thread = start_thread(ada, aws)
    reply(bob, thread)
    reply(bob, thread)
    do(ada, thread, "like", 2, on="1")
    do(ada, thread, "answer", 2, on="1")
    assert numbers(ada) == {"posts": 1, "threads": 1, "likes": 0, "solved": 0}
    assert numbers(bob) == {"posts": 2, "threads": 0, "likes": 1, "solved": 1}
    do(ada, thread, "like", 2, on="0")
    do(ada, thread, "answer", 3, on="1")
    assert numbers(bob) == {"posts": 2, "threads": 0, "likes": 0, "solved": 1}
    do(ada, thread, "answer", 3, on="0")
    assert numbers(bob)["solved"] == 0


def test_the_answer_of_another_takes_its_place(ada: User, bob: User, mod: User, aws: Forum) -> None:
    thread = start_thread(ada, aws)
    reply(bob, thread)
    reply(mod, thread)
    do(ada, thread, "answer", 2, on="1")
    do(ada, thread, "answer", 3, on="1")
    assert [numbers(user)["solved"] for user in (bob, mod)] == [0, 1]


@pytest.mark.parametrize(("away", "back"), [("hide", "show"), ("delete", "undelete")])
@pytest.mark.parametrize("number", [1, 2])
def test_what_goes_and_comes_back(
    away: str, back: str, number: int, ada: User, bob: User, mod: User, aws: Forum
) -> None:
    thread = start_thread(ada, aws)
    reply(bob, thread)
    do(ada, thread, "answer", 2, on="1")
    do(mod, thread, away, number)
    if number == 1:
        assert (numbers(ada)["posts"], numbers(ada)["threads"]) == (0, 0)
    else:
        assert (numbers(bob)["posts"], numbers(bob)["solved"]) == (0, 0)
    do(mod, thread, back, number)
    assert (numbers(ada)["posts"], numbers(ada)["threads"], numbers(bob)["posts"]) == (1, 1, 1)


def test_a_whole_thread_that_goes_and_comes_back(ada: User, mod: User, aws: Forum) -> None:
    thread = start_thread(ada, aws)
    do(mod, thread, "hide")
    assert numbers(ada)["threads"] == 0 and numbers(ada)["posts"] == 1, "its posts are as they were"
    do(mod, thread, "show")
    assert numbers(ada)["threads"] == 1


def test_what_is_deleted_for_good(ada: User, bob: User, root: User, aws: Forum) -> None:
    thread = start_thread(ada, aws)
    reply(bob, thread)
    do(root, thread, "purge", 2)
    do(root, thread, "purge", 1)
    assert numbers(ada)["threads"] == numbers(ada)["posts"] == numbers(bob)["posts"] == 0


def test_a_thread_that_moves(ada: User, bob: User, mod: User, aws: Forum) -> None:
    thread = start_thread(ada, aws)
    reply(bob, thread)
    make_forum("tea")
    do(mod, thread, "move", forum="tea")
    assert threads.get_thread("tea", thread.id).title == "A thread"
    assert numbers(ada)["threads"] == 1 and numbers(bob)["posts"] == 1


def test_posts_that_are_split_off_and_merged_back(ada: User, bob: User, mod: User, aws: Forum) -> None:
    thread = start_thread(ada, aws)
    for _ in range(3):
        reply(bob, thread)
    do(ada, thread, "answer", 3, on="1")
    do(mod, thread, "split", numbers="3,4", title="A thread of its own")
    assert numbers(bob) == {"posts": 3, "threads": 1, "likes": 0, "solved": 0}
    other = next(t for t in threads.list_by_activity("aws", 1, 9) if t.id != thread.id)
    do(mod, other, "merge", into=page_url(thread))
    assert numbers(bob)["threads"] == 0 and numbers(bob)["posts"] == 3


def test_all_that_a_spammer_wrote(bob: User, ada: User, root: User, aws: Forum) -> None:
    thread = start_thread(ada, aws)
    for _ in range(25):
        reply(bob, thread)
    start_thread(bob, aws, "Buy this")
    signed_in(root).post(f"/admin/forum/user/{bob.pk}/nuke/", {"reason": "Spam", "sure": "on"})
    jobs_go_on()
    assert numbers(bob)["posts"] == numbers(bob)["threads"] == 0 and numbers(ada)["posts"] == 1


def test_who_leaves_takes_the_numbers_along(ada: User, bob: User, aws: Forum) -> None:
    thread = start_thread(ada, aws)
    reply(bob, thread)
    signed_in(bob).post("/settings/close/", {"password": "correct horse", "posts": "delete"})
    jobs_go_on()
    assert not list(Tally.query(str(bob.pk)))


def test_old_data_is_counted_anew(ada: User, bob: User, aws: Forum) -> None:
    thread = start_thread(ada, aws)
    reply(bob, thread)
    right = numbers(ada), numbers(bob)
    tallies.put_tallies([Tally(str(ada.pk), posts=99, likes=5), Tally(str(bob.pk))])
    call_command("rebuild", "stats", stdout=(said := StringIO()), stderr=StringIO())
    assert (numbers(ada), numbers(bob)) == right
    assert "Counted 3 threads and posts" in said.getvalue()


# -- The pages ------------------------------------------------------------------------------------


def page(url: str, user: User | None = None) -> str:
    answer = (signed_in(user) if user else Client()).get(url)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_a_members_page_shows_them_at_once(ada: User, bob: User, aws: Forum) -> None:
    thread = start_thread(ada, aws)
    assert "<dt>Likes received</dt><dd>0</dd>" in page("/u/ada/")
    do(bob, thread, "like", 1, on="1")
    text = page("/u/ada/")
    for name, number in (("Posts", 1), ("Threads", 1), ("Likes received", 1), ("Answers", 0)):
        assert f"<dt>{name}</dt><dd>{number}</dd>" in text


def test_it_says_when_the_member_was_last_here(ada: User, aws: Forum) -> None:
    assert "Last here" not in page("/u/ada/")
    signed_in(ada).get("/")
    visits.flush()
    renew()
    assert "<dt>Days here, about</dt><dd>1</dd>" in page("/u/ada/") and "Last here" in page("/u/ada/")
    User.objects.filter(pk=ada.pk).update(hides_online=True)
    renew()
    assert "Last here" not in page("/u/ada/") and "Days here" not in page("/u/ada/")


class TestThreadsOfAMember:
    def test_lists_what_they_started_and_the_reader_may_read(self, ada: User, bob: User, mod: User, aws: Forum) -> None:
        crew = make_forum("crew", read_access="groups")
        start_thread(ada, aws, "In the open")
        other = start_thread(bob, aws, "Of somebody else")
        reply(ada, other)
        start_thread(mod, crew, "For the crew")
        assert "In the open" in page("/u/ada/threads/") and "Of somebody else" not in page("/u/ada/threads/")
        assert "For the crew" not in page("/u/mod/threads/")
        assert "For the crew" in page("/u/mod/threads/", mod)

    def test_goes_on_page_by_page(self, ada: User, aws: Forum, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("forum.views.members.THREADS_PER_PAGE", 2)
        for number in range(5):
            start_thread(ada, aws, f"Thread number {number}")
        url, seen = "/u/ada/threads/", []
        for _ in range(3):
            text = page(url)
            seen += [number for number in range(5) if f"Thread number {number}" in text]
            older = re.search(r"/u/ada/threads/\?before=\w{26}", text)
            url = older[0] if older else ""
        assert url == ""
        assert sorted(seen) == [0, 1, 2, 3, 4]

    def test_a_thread_that_moved_is_listed_once_and_a_hidden_one_not(self, ada: User, mod: User, aws: Forum) -> None:
        thread = start_thread(ada, aws, "It moves")
        make_forum("tea")
        do(mod, thread, "move", forum="tea")
        assert page("/u/ada/threads/").count(">It moves<") == 1
        do(mod, threads.get_thread("tea", thread.id), "hide")
        assert "It moves" not in page("/u/ada/threads/")

    @pytest.mark.parametrize("before", ["x", "0" * 27, "../../x"])
    def test_a_cursor_that_was_made_up(self, before: str, ada: User) -> None:
        assert Client().get(f"/u/ada/threads/?before={before}").status_code == 400

    def test_of_nobody(self, site: None) -> None:
        assert Client().get("/u/nobody/threads/").status_code == 404
