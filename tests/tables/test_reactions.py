"""Likes are counted exactly, whoever gives and takes them back at once; bookmarks are listed as they are shown."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count

import pytest

from forum.errors import Busy, Conflict, NotFound
from forum.tables import base, bookmarks, changes, marks, posts, reactions, tallies, threads
from forum.tables.keys import Nonce
from forum.tables.members import Item
from forum.tables.moderation import new_record
from forum.tables.posts import Post
from forum.tables.reactions import BOOKMARK, LIKE, Outcome
from tests.helpers import cost

pytestmark = pytest.mark.usefixtures("tables")

ADA, BOB, CAROL = "1", "2", "3"


@pytest.fixture
def post() -> Post:
    head = posts.put_thread("aws", 1, ADA, "A thread", "Its first post.", Nonce.new())
    return posts.get_post_of(head, 1)


def again(post: Post) -> Post:
    return posts.get_post_of(threads.get_thread("aws", post.thread_id), int(post.number))


def like(post: Post, user_id: str, on: bool = True) -> Outcome:
    return reactions.change_like(again(post), user_id, on)


def likers(post: Post) -> list[str]:
    return reactions.list_likers(post.first_address, 100)


@pytest.mark.parametrize("first", [lambda: tallies.get_tally(ADA), lambda: marks.get_marks(ADA)])
def test_a_process_finds_the_index_whatever_of_the_table_it_asks_for_first(
    first: Callable[[], object], post: Post
) -> None:
    like(post, BOB)
    base.reset_connection()
    first()
    assert likers(post) == [BOB]


class TestALike:
    def test_is_counted_once(self, post: Post) -> None:
        with cost() as spent:
            assert reactions.change_like(post, BOB, True) is Outcome.FIRST
        assert spent.dynamodb.calls == ["TransactWriteItems"]
        assert like(post, BOB) is Outcome.ALREADY
        now = again(post)
        assert (now.like_count, now.revision, now.text_revision) == (1, 2, 1) and likers(post) == [BOB]

    def test_is_taken_back_once_and_given_again(self, post: Post) -> None:
        assert like(post, BOB, False) is Outcome.ALREADY
        like(post, BOB)
        like(post, CAROL)
        assert like(post, BOB, False) is Outcome.DONE
        assert like(post, BOB, False) is Outcome.ALREADY
        assert again(post).like_count == 1 and likers(post) == [CAROL]
        assert like(post, BOB) is Outcome.DONE, "not for the first time"
        assert again(post).like_count == 2 and likers(post) == [BOB, CAROL]
        assert not Item.get(BOB, reactions.key_of(post.first_address, LIKE)).expired

    def test_of_a_post_that_changed_meanwhile_is_a_conflict(self, post: Post) -> None:
        like(post, CAROL)
        with pytest.raises(Conflict):
            reactions.change_like(post, BOB, True)
        assert again(post).like_count == 1 and likers(post) == [CAROL]

    def test_of_a_hidden_post_is_a_conflict(self, post: Post) -> None:
        head = threads.get_thread("aws", post.thread_id)
        changes.change_status(head, post, "hidden", new_record("POST#x", "hide", ADA))
        with pytest.raises(Conflict):
            like(post, BOB)
        assert likers(post) == []

    def test_is_exact_under_races(self, post: Post) -> None:
        members = [str(number) for number in range(10, 18)]

        def clicks(seat: int) -> None:
            """Two windows of each member, and each clicks on and off."""
            for click in range(4):
                for _ in range(40):
                    with suppress(Conflict):
                        like(post, members[seat % 8], on=(click + seat) % 2 == 0)
                        break

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(clicks, range(16)))
        now = again(post)
        mine = [user for user in members if reactions.list_mine(user, post.thread_id, [post.first_address])]
        assert now.like_count == len(mine) and likers(post) == mine
        assert now.text_revision == 1


class TestWhatIDid:
    def test_comes_in_one_query_for_a_whole_page(self, post: Post) -> None:
        reactions.change_like(post, BOB, True)
        bookmarks.put_bookmark(BOB, post)
        posts.put_reply("aws", post.thread_id, ADA, "Words.", Nonce.new(), lambda _: None)
        head = threads.get_thread("aws", post.thread_id)
        bookmarks.put_bookmark(BOB, posts.get_post_of(head, 2))
        addresses = [f"{head.id}/{number}" for number in range(1, 21)]
        with cost() as spent:
            mine = reactions.list_mine(BOB, head.id, addresses)
        assert spent.dynamodb.calls == ["Query"]
        assert mine == {(addresses[0], LIKE), (addresses[0], BOOKMARK), (addresses[1], BOOKMARK)}
        assert reactions.list_mine(BOB, head.id, addresses[1:2]) == {(addresses[1], BOOKMARK)}
        assert reactions.list_mine(ADA, head.id, addresses) == set()

    def test_also_with_posts_that_were_moved_there(self, post: Post) -> None:
        reactions.change_like(post, BOB, True)
        with cost() as spent:
            mine = reactions.list_mine(BOB, "another", [post.first_address, "another/2"])
        assert mine == {(post.first_address, LIKE)} and spent.dynamodb.calls == ["Query", "BatchGetItem"]

    def test_does_not_hold_what_was_taken_back(self, post: Post) -> None:
        like(post, BOB)
        like(post, BOB, False)
        assert reactions.list_mine(BOB, post.thread_id, [post.first_address]) == set()


def test_those_who_like_a_post_are_listed_part_by_part(post: Post) -> None:
    for user_id in "34567":
        like(post, user_id)
    with cost() as spent:
        assert reactions.list_likers(post.first_address, 2) == ["3", "4"]
    assert spent.dynamodb.calls == ["Query"]
    assert reactions.list_likers(post.first_address, 9, after="4") == ["5", "6", "7"]


def oldest() -> str:
    """The cursor before which there is nothing."""
    return bookmarks.list_bookmarks(BOB, 10)[-1].at


class TestBookmarks:
    @pytest.fixture
    def thread(self, post: Post) -> list[Post]:
        for _ in range(4):
            posts.put_reply("aws", post.thread_id, ADA, "Words.", Nonce.new(), lambda _: None)
        head = threads.get_thread("aws", post.thread_id)
        return [posts.get_post_of(head, number) for number in range(1, 6)]

    def numbers(self, limit: int = 10, before: str = "") -> list[int]:
        return [each.number for each in bookmarks.list_bookmarks(BOB, limit, before)]

    def test_are_listed_newest_first_by_an_exact_cursor(self, thread: list[Post]) -> None:
        for number in (3, 1, 5, 2):
            bookmarks.put_bookmark(BOB, thread[number - 1])
        with cost() as spent:
            found = bookmarks.list_bookmarks(BOB, 2)
        assert [each.number for each in found] == [2, 5] and spent.dynamodb.calls == ["Query"]
        assert self.numbers(2, found[-1].at) == [1, 3] and self.numbers(2, oldest()) == []
        assert bookmarks.list_bookmarks(ADA, 10) == []

    def test_of_one_post_is_one(self, thread: list[Post]) -> None:
        bookmarks.put_bookmark(BOB, thread[0])
        bookmarks.change_note(BOB, bookmarks.get_bookmark(BOB, thread[0].first_address), "Read again.")
        bookmarks.put_bookmark(BOB, thread[0])
        [kept] = bookmarks.list_bookmarks(BOB, 10)
        assert kept.note == "Read again." and kept.timestamp == thread[0].timestamp

    def test_go_with_their_notes(self, thread: list[Post]) -> None:
        bookmarks.put_bookmark(BOB, thread[0])
        kept = bookmarks.get_bookmark(BOB, thread[0].first_address)
        bookmarks.remove_bookmark(BOB, kept.address)
        bookmarks.remove_bookmark(BOB, kept.address)
        assert self.numbers() == []
        for late in (
            lambda: bookmarks.get_bookmark(BOB, kept.address),
            lambda: bookmarks.change_note(BOB, kept, "Late."),
        ):
            with pytest.raises(NotFound):
                late()
        assert list(Item.query(BOB)) == []

    def test_agree_with_the_page_under_races(self, thread: list[Post]) -> None:
        clicks = count()

        def click(_: int) -> None:
            # Who is told that it changes too fast has changed nothing.
            with suppress(Busy):
                if next(clicks) % 2:
                    bookmarks.remove_bookmark(BOB, thread[0].first_address)
                else:
                    bookmarks.put_bookmark(BOB, thread[0])

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(click, range(32)))
        mine = reactions.list_mine(BOB, thread[0].thread_id, [thread[0].first_address])
        assert len(mine) == len(self.numbers()) <= 1
