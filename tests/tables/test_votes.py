"""Votes are counted exactly, whoever votes, votes otherwise and takes a vote back at once."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from forum.errors import Conflict
from forum.tables import changes, moving, posts, threads, votes
from forum.tables.keys import Nonce
from forum.tables.members import Item
from forum.tables.moderation import new_record
from forum.tables.polls import Poll, from_text, to_text
from forum.tables.posts import Post
from tests.helpers import cost

pytestmark = pytest.mark.usefixtures("tables")

ADA, BOB, CAROL = "1", "2", "3"
TEA = Poll("Tea or coffee?", ("Tea", "Coffee", "Both"), several=True)


@pytest.fixture
def post() -> Post:
    head = posts.put_thread("aws", 1, ADA, "A thread", "Its first post.", Nonce.new(), poll=TEA)
    return posts.get_post_of(head, 1)


def again(post: Post) -> Post:
    return posts.get_post_of(threads.get_thread(post.forum, post.thread_id), 1)


def vote(post: Post, user_id: str, *chosen: int) -> bool:
    return votes.change_vote(again(post), user_id, chosen)


def counts(post: Post) -> tuple[list[int], int]:
    now = again(post)
    return [int(count) for count in now.poll_votes], int(now.poll_voters)


@pytest.mark.parametrize(
    "poll", [TEA, Poll("„Wohin?“", ("Ä", "🍵"), False, datetime(2026, 12, 1, tzinfo=UTC), "closed")]
)
def test_a_poll_is_read_as_it_was_written(poll: Poll) -> None:
    assert from_text(to_text(poll)) == poll


class TestAVote:
    def test_is_counted_in_one_transaction(self, post: Post) -> None:
        with cost() as spent:
            assert votes.change_vote(post, BOB, [0, 2])
        assert spent.dynamodb.calls == ["GetItem", "TransactWriteItems"]
        assert counts(post) == ([1, 0, 1], 1) and votes.get_vote(BOB, post.first_address) == (0, 2)
        assert votes.get_vote(CAROL, post.first_address) == ()
        assert again(post).text_revision == 1, "whoever edits the text is in nobody's way"

    def test_is_given_otherwise_and_taken_back(self, post: Post) -> None:
        vote(post, BOB, 0, 2)
        vote(post, CAROL, 0)
        assert vote(post, BOB, 1) and counts(post) == ([1, 1, 0], 2)
        assert not vote(post, BOB, 1) and counts(post) == ([1, 1, 0], 2)
        assert vote(post, BOB) and counts(post) == ([1, 0, 0], 1)
        assert not vote(post, BOB) and list(Item.query(BOB)) == []

    def test_in_a_post_that_changed_meanwhile_is_a_conflict(self, post: Post) -> None:
        vote(post, CAROL, 1)
        with pytest.raises(Conflict):
            votes.change_vote(post, BOB, [0])
        assert counts(post) == ([0, 1, 0], 1) and votes.get_vote(BOB, post.first_address) == ()

    def test_in_a_hidden_post_is_a_conflict(self, post: Post) -> None:
        head = threads.get_thread("aws", post.thread_id)
        changes.change_status(head, post, "hidden", new_record("POST#x", "hide", ADA))
        with pytest.raises(Conflict):
            vote(post, BOB, 0)

    def test_is_exact_under_races(self, post: Post) -> None:
        """Two windows of each of eight members, and each votes this way and that."""
        members = [str(number) for number in range(10, 18)]

        def clicks(seat: int) -> None:
            for click in range(4):
                for _ in range(60):
                    with suppress(Conflict):
                        vote(post, members[seat % 8], *([], [0], [1, 2], [2])[(click + seat) % 4])
                        break

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(clicks, range(16)))
        given = [votes.get_vote(user, post.first_address) for user in members]
        assert counts(post) == ([sum(option in each for each in given) for option in range(3)], sum(map(bool, given)))

    def test_is_listed_for_the_member_alone(self, post: Post) -> None:
        vote(post, BOB, 1)
        [item] = Item.query(BOB)
        assert (item.place, votes.chosen_in(item)) == (post.first_address, (1,)) and item.at
        assert not list(Item.query(ADA, Item.item.startswith(votes.VOTE))) and item.listed is None, (
            "no index can be asked who voted"
        )


class TestThePoll:
    def test_goes_with_its_thread(self, post: Post) -> None:
        vote(post, BOB, 1)
        head = threads.get_thread("aws", post.thread_id)
        moving.moving_head(head, "django", new_record("THREAD#x", "move", ADA)).make()
        there = posts.get_post_of(threads.get_thread("django", post.thread_id), 1)
        assert there.poll == TEA and [int(count) for count in there.poll_votes] == [0, 1, 0]
        assert votes.get_vote(BOB, there.first_address) == (1,)

    def test_is_edited_with_the_text_or_taken_away(self, post: Post) -> None:
        head, other = threads.get_thread("aws", post.thread_id), Poll("Milk?", ("Yes", "No"))
        changes.change_post(head, post, 1, new_record("POST#x", "edit", ADA), "Better.", poll=other)
        assert again(post).poll == other and counts(post) == ([0, 0], 0)
        changes.change_post(head, again(post), 2, new_record("POST#x", "edit", ADA), "Best.", poll=False)
        assert again(post).poll is None

    def test_is_gone_for_good_with_its_post(self, post: Post) -> None:
        vote(post, BOB, 1)
        head = threads.get_thread("aws", post.thread_id)
        changes.remove_text(head, again(post), new_record("POST#x", "purge", ADA))
        assert (again(post).poll_text, again(post).poll_votes, again(post).poll_voters) == (None, None, None)
