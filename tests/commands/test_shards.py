"""`manage.py shards`, while members read and post."""

import re
from itertools import count

import pytest
from django.core.management.base import CommandError
from django.test import Client

from forum import directory
from forum.actions import defining
from forum.models import Forum, User
from forum.tables import posts, threads
from forum.tables.keys import MAX_SHARDS, Nonce, thread_shard
from tests.helpers import make_forum, make_member, page_url, reply, signed_in, start_thread, token

TITLE = re.compile(r"Thread (\d\d)<")
OLDER = re.compile(r'rel="next" href="([^"]+)"')
NUMBERS = count(1)


def begin(user: User, forum: Forum, n: int) -> None:
    for _ in range(n):
        start_thread(user, forum, f"Thread {next(NUMBERS):02}")


def walked(client: Client, url: str) -> list[int]:
    """The numbers of the threads on all pages of a list, by its own cursors."""
    found: list[int] = []
    while url:
        page = client.get(url).content.decode()
        found += [int(number) for number in TITLE.findall(page)]
        older = OLDER.search(page)
        url = older[1] if older else ""
    return list(dict.fromkeys(found))


@pytest.fixture(autouse=True)
def from_one() -> None:
    global NUMBERS
    NUMBERS = count(1)


@pytest.fixture
def run(run, django_capture_on_commit_callbacks):
    """As in a database that commits: only then are pages renewed."""

    def committed(*words: str) -> str:
        with django_capture_on_commit_callbacks(execute=True):
            return run(*words)

    return committed


@pytest.fixture
def forum(aws: Forum, ada: User) -> Forum:
    begin(ada, aws, 12)
    return aws


def test_new_threads_are_spread_and_old_ones_stay_where_they_are(run, forum, ada, client):
    before = threads.list_by_activity("aws", 1, 50)
    run("shards", "aws", "8")
    begin(ada, forum, 24)
    found = threads.list_by_activity("aws", 8, 50)
    assert len({thread_shard(thread.id) for thread in found}) > 3
    assert {thread.id for thread in before} == {thread.id for thread in found if not thread_shard(thread.id)} & {
        thread.id for thread in before
    }
    assert all(client.get(page_url(thread)).status_code == 200 for thread in found)
    assert reply(ada, before[0]).status_code == 302


def test_lists_merge_in_order_with_the_same_cursors(run, forum, ada, client):
    assert walked(client, "/f/aws/") == list(range(12, 0, -1))
    run("shards", "aws", "4")
    begin(ada, forum, 30)
    assert walked(client, "/f/aws/") == list(range(42, 0, -1))
    cursor = OLDER.search(client.get("/f/aws/").content.decode())[1]
    run("shards", "aws", "8")
    begin(ada, forum, 3)
    assert walked(client, "/f/aws/") == list(range(45, 0, -1))
    again = TITLE.findall(client.get(cursor).content.decode())
    assert int(again[0]) == 12, "a cursor from before leads on from where it was"


def test_newest_posts_feeds_and_the_administration_see_all_of_them(run, forum, ada, client):
    run("shards", "aws", "4")
    begin(ada, forum, 6)
    assert "Thread 18" in client.get("/f/aws/latest/").content.decode()
    feed = client.get("/feeds/forum/aws.atom").content.decode()
    assert [int(number) for number in re.findall(r"Thread (\d\d)", feed)][:1] == [18]
    admin = signed_in(make_member("root", is_staff=True, is_superuser=True))
    page = admin.get("/admin/threads/?forum=aws").content.decode()
    assert all(f"Thread {number:02}" in page for number in range(1, 19))


def test_pages_that_were_kept_are_not_shown_any_more(run, forum, client):
    assert client.get("/f/aws/")["X-Cache"] == "miss"
    run("shards", "aws", "2")
    assert client.get("/f/aws/")["X-Cache"] == "miss", "they asked one shard"


def test_whoever_posts_by_the_old_number_meanwhile_is_found(run, forum, client):
    run("shards", "aws", "8")
    posts.put_thread("aws", 1, "1", "Thread 99", "By a process that has not heard of it.", Nonce.new())
    run("shards", "aws", "9")
    assert "Thread 99" in client.get("/f/aws/").content.decode()


def test_a_process_that_begins_meanwhile_is_not_ahead_of_the_others(
    forum, ada, client, django_capture_on_commit_callbacks
):
    """It reads the new number before the others hear of it, and acknowledges threads that they would not look for."""
    assert walked(client, "/f/aws/") == list(range(12, 0, -1))
    known = directory.kept()
    with django_capture_on_commit_callbacks(execute=True):
        defining.spread_forum("aws", 8)
        for number in range(13, 25):
            directory.forget()
            begin(ada, forum, 1)
            directory._kept = known
            assert walked(client, "/f/aws/")[0] == number
    assert len({thread_shard(thread.id) for thread in threads.list_by_activity("aws", 8, 50)}) > 3


def test_a_form_that_was_sent_before_and_is_sent_again_makes_no_second_thread(run, forum, ada):
    """Its answer was lost: the browser sends it once more, to a forum that is spread by now."""
    sent = [{"title": f"Thread {n}", "body": "Once only.", "token": token(ada, forum)} for n in range(13, 18)]
    first = [signed_in(ada).post("/f/aws/new/", fields)["Location"] for fields in sent]
    for shards in ("3", "8"):
        run("shards", "aws", shards)
        assert [signed_in(ada).post("/f/aws/new/", fields)["Location"] for fields in sent] == first
    assert len(threads.list_by_activity("aws", 8, 50)) == 17


def test_the_cost_of_a_page_is_told_before_and_after(run, forum):
    said = run("shards", "aws", "8")
    assert said.startswith("aws is spread over 8 shards from now on, and its 1 go on.\n")
    assert "threads by activity, when nothing is kept of it: 1 call and 1 read units before, 8 calls and " in said
    assert Forum.objects.get(name="aws").shards == 8


def test_a_dry_run_changes_nothing(run, forum):
    assert "aws would go from 1 to 8.\n" in run("shards", "aws", "8", "--dry-run")
    assert Forum.objects.get(name="aws").shards == 1


def test_the_same_number_is_no_change(run, forum):
    assert run("shards", "aws", "1").startswith("aws has 1 shard already.")


def test_without_a_forum_all_are_shown(run, forum):
    make_forum("busy", shards=3)
    assert run("shards") == "aws: 1 shard\nbusy: 3 shards\n"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["aws"], "Say how many shards aws is to have; it has 3."),
        (["aws", "2"], "can be added but not taken away"),
        (["aws", "0"], "A forum has 1 to 1,024 shards, not 0."),
        (["aws", str(MAX_SHARDS + 1)], "not 1,025"),
        (["nowhere", "4"], "There is no forum nowhere; there are aws."),
        (["aws", "many"], "invalid int value"),
    ],
)
def test_nonsense_is_one_sentence_and_changes_nothing(run, site, words, reason):
    make_forum("aws", shards=3)
    with pytest.raises(CommandError, match=reason):
        run("shards", *words)
    assert Forum.objects.get(name="aws").shards == 3
