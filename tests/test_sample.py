"""The sample community: exact, repeatable, lazy, and fit to be shown."""

import re
import tracemalloc
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest

from forum.sample import DEFAULTS, FORUMS, SIGN_INS, SamplePost, SampleThread, community
from forum.sample.handwritten import written_threads
from forum.sample.phrases import parse, prose_of
from forum.sample.talk import LONGEST_QUESTION, PAGE

NOW = datetime(2026, 5, 20, 14, 30, tzinfo=UTC)
FORUM_NAMES = [forum.name for forum in FORUMS]


def read(threads: int, posts: int, users: int = 60, seed: int = 1) -> list[tuple[SampleThread, list[SamplePost]]]:
    made = community(threads, posts, users, seed, NOW)
    return [(thread, list(thread.posts)) for thread in made.threads()]


@pytest.fixture(scope="module")
def default() -> list[tuple[SampleThread, list[SamplePost]]]:
    return read(**DEFAULTS)


# -- How many ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("threads", "posts"),
    [
        (0, 0),
        (1, 1),
        (1, 500),
        (2, 2),
        (7, 40),
        (30, 30),
        (31, 200),
        (31, 5000),
        (150, 1500),
        (1000, 1000),
        (900, 9000),
    ],
)
def test_a_community_has_exactly_as_many_threads_and_posts_as_asked_for(threads: int, posts: int) -> None:
    made = read(threads, posts)
    assert len(made) == threads
    assert sum(len(said) for _, said in made) == posts
    assert all(said and len(said) == thread.size for thread, said in made)


@pytest.mark.parametrize("users", [1, 2, 3, 60, 5000])
def test_a_community_has_exactly_as_many_users_as_asked_for_all_with_names_of_their_own(users: int) -> None:
    made = community(40, 400, users, 1, NOW)
    assert len(made.users) == users
    assert len({user.username.casefold() for user in made.users}) == users
    assert len({user.email for user in made.users}) == users
    assert all(re.fullmatch(r"[\w.-]{3,30}", user.username) for user in made.users)
    authors = {post.username_index for thread in made.threads() for post in thread.posts}
    assert authors <= set(range(users))


def test_the_first_users_are_the_sign_ins() -> None:
    users = community(**DEFAULTS).users
    assert [user.username for user in users[:3]] == [username for username, _, _ in SIGN_INS]
    assert all(len(password) >= 10 for _, password, _ in SIGN_INS)


@pytest.mark.parametrize(("threads", "posts", "users"), [(5, 4, 3), (0, 1, 3), (-1, 0, 3), (1, 1, 0)])
def test_impossible_numbers_are_refused(threads: int, posts: int, users: int) -> None:
    with pytest.raises(ValueError):
        community(threads, posts, users, 1)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        community(1, 1, 1, 1, datetime(2026, 5, 20))


def test_sizes_are_skewed_few_threads_are_long_and_many_are_short() -> None:
    sizes = sorted((thread.size for thread in community(3000, 30_000, 200, 1, NOW).threads()), reverse=True)
    assert sizes[0] > 100
    assert sizes[len(sizes) // 2] <= 8
    assert sum(sizes[:300]) > 30_000 / 4


# -- The same again, and only what is asked for ----------------------------------------------------


def test_the_same_numbers_make_the_same_community() -> None:
    assert read(200, 1800, seed=5) == read(200, 1800, seed=5)
    made = community(200, 1800, 60, 5, NOW)
    assert [thread.title for thread in made.threads()] == [thread.title for thread in made.threads()]


def test_another_seed_makes_another_community() -> None:
    assert read(200, 1800, seed=5) != read(200, 1800, seed=6)


def test_a_thread_is_the_same_whether_the_ones_before_it_were_read_or_not() -> None:
    skipping = list(community(**DEFAULTS, now=NOW).threads())
    assert list(skipping[100].posts) == read(**DEFAULTS)[100][1]


def test_a_billion_posts_cost_nothing_until_they_are_read() -> None:
    threads = list(islice(community(100_000_000, 1_000_000_000, 60, 1, NOW).threads(), 50))
    assert len(threads) == 50
    endless = next(community(1, 1_000_000_000, 60, 1, NOW).threads())
    assert len(list(islice(endless.posts, 50))) == 50


def test_memory_stays_flat_however_much_is_read() -> None:
    threads = community(100_000, 1_000_000, 60, 1, NOW).threads()
    for thread in islice(threads, 200):
        list(thread.posts)
    tracemalloc.start()
    try:
        for thread in islice(threads, 1500):
            for _ in thread.posts:
                pass
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 200_000
    assert peak < 1_000_000


# -- Fit to be stored ------------------------------------------------------------------------------


def test_titles_and_bodies_keep_to_the_limits(default: list[tuple[SampleThread, list[SamplePost]]]) -> None:
    for thread, posts in default + read(600, 6000, seed=3):
        assert 3 <= len(thread.title) <= 200
        assert thread.title == thread.title.strip()
        assert thread.forum in FORUM_NAMES
        for post in posts:
            assert 1 <= len(post.body) <= 40_000
            assert post.body == post.body.strip()
            assert "\0" not in post.body


@pytest.mark.parametrize(("threads", "posts"), [(150, 1500), (600, 6000), (1, 20_000)])
def test_times_rise_strictly_within_the_last_year(threads: int, posts: int) -> None:
    for thread, said in read(threads, posts):
        assert thread.created == said[0].created
        assert thread.created > NOW - timedelta(days=366)
        assert said[-1].created < NOW
        assert thread.created.tzinfo is UTC
        assert all(before.created < after.created for before, after in pairwise(said))


def test_nobody_posts_before_joining() -> None:
    made = community(600, 6000, 400, 1, NOW)
    for thread in made.threads():
        for post in thread.posts:
            assert made.users[post.username_index].joined <= post.created


def test_most_is_said_lately_and_by_day() -> None:
    times = [post.created for _, posts in read(600, 6000) for post in posts]
    ages = sorted(NOW - time for time in times)
    assert ages[len(ages) // 2] < timedelta(days=110)
    by_night = sum(1 for time in times if 1 <= time.hour < 6)
    assert by_night < len(times) / 10


# -- Fit to be read --------------------------------------------------------------------------------


def test_nothing_is_said_twice_on_one_page_of_a_thread() -> None:
    for seed in (1, 2):
        for _, posts in read(800, 9000, seed=seed):
            for first in range(0, len(posts), PAGE):
                page = [post.body for post in posts[first : first + PAGE]]
                assert len(set(page)) == len(page)


def test_a_thread_of_thousands_of_posts_says_nothing_twice_on_one_page_either() -> None:
    [(_, posts)] = read(1, 5000)
    for first in range(0, len(posts), PAGE):
        assert len({post.body for post in posts[first : first + PAGE]}) == PAGE


def test_nobody_answers_himself_in_a_generated_thread(default: list[tuple[SampleThread, list[SamplePost]]]) -> None:
    for _, posts in default[len(written_threads()) :]:
        assert all(before.username_index != after.username_index for before, after in pairwise(posts))


def test_no_title_comes_twice_on_a_page_of_a_forum(default: list[tuple[SampleThread, list[SamplePost]]]) -> None:
    for name in FORUM_NAMES:
        by_activity = sorted((posts[-1].created, thread.title) for thread, posts in default if thread.forum == name)
        titles = [title for _, title in reversed(by_activity)]
        for first in range(0, len(titles), 20):
            page = titles[first : first + 20]
            assert len(set(page)) == len(page)


def test_no_slot_is_left_unfilled(default: list[tuple[SampleThread, list[SamplePost]]]) -> None:
    for thread, posts in default[len(written_threads()) :]:
        for text in (thread.title, *(post.body for post in posts)):
            assert not re.search(r"\{[a-z]+\}|  |\.\.(?!\.)| ,", text), text


def test_every_forum_begins_with_hand_written_threads(default: list[tuple[SampleThread, list[SamplePost]]]) -> None:
    written = Counter(thread.forum for thread in written_threads())
    for name in FORUM_NAMES:
        newest_first = sorted(
            ((posts[-1].created, thread.title) for thread, posts in default if thread.forum == name), reverse=True
        )
        titles = {thread.title for thread in written_threads() if thread.forum == name}
        assert written[name] >= 4
        assert {title for _, title in newest_first[: written[name]]} == titles


def test_hand_written_threads_are_told_in_full(default: list[tuple[SampleThread, list[SamplePost]]]) -> None:
    users = community(**DEFAULTS).users
    for written, (thread, posts) in zip(written_threads(), default, strict=False):
        assert thread.title == written.title
        assert len(written.posts) >= 4
        for wrote, post in zip(written.posts, posts, strict=False):
            assert post.body == wrote.body
            assert users[post.username_index].username == wrote.author


def test_whoever_is_mentioned_in_a_hand_written_thread_exists() -> None:
    names = {user.username for user in community(**DEFAULTS).users}
    for thread in written_threads():
        for post in thread.posts:
            prose = re.sub(r"```.*?```|`[^`]*`", "", post.body, flags=re.DOTALL)
            mentioned = set(re.findall(r"(?<![\w.])@(\w+)", prose)) - {"example"}
            assert mentioned <= names


def test_a_thread_is_long_enough_to_show_page_numbers(default: list[tuple[SampleThread, list[SamplePost]]]) -> None:
    assert max(len(posts) for _, posts in default) > 60


def test_the_sample_has_a_forum_for_members_only() -> None:
    assert len(FORUMS) == 6
    assert [forum.name for forum in FORUMS if forum.read_access == "members"] == ["lounge"]
    assert [forum.order for forum in FORUMS] == sorted(forum.order for forum in FORUMS)


# -- What it is made of ----------------------------------------------------------------------------


@pytest.mark.parametrize("forum", FORUM_NAMES)
def test_each_forum_has_enough_to_say_for_its_longest_threads(forum: str) -> None:
    prose = prose_of(forum)
    for topic in prose.open_topics:
        assert len(set(topic.banks["posts"])) >= PAGE
    for topic in prose.questions:
        banks = prose.banks | topic.banks
        assert len(topic.banks["answers"]) >= 3, topic.name
        assert len(topic.banks["asked"]) == len(topic.banks["told"]), topic.name
        assert all(topic.banks[name] for name in ("titles", "problem", "detail", "ask", "solved")), topic.name
        assert len(banks["asides"]) + len(banks["answers"]) >= LONGEST_QUESTION - 4, topic.name


def test_an_unknown_slot_is_found_when_the_sentences_are_read() -> None:
    with pytest.raises(ValueError, match="no words for the slot"):
        parse("# Words\n\n- city: Ghent | Porto\n\n# Asides\n\n- Greetings from {town}!\n")


def test_a_piece_keeps_its_code_and_its_braces() -> None:
    prose = parse('# Asides\n\n- Try this:\n\n  ```python\n  # a comment\n  {"a": 1}\n  ```\n- Another one.\n')
    assert [piece.format_map({}) for piece in prose.banks["asides"]] == [
        'Try this:\n\n```python\n# a comment\n{"a": 1}\n```',
        "Another one.",
    ]


def test_a_question_with_cases_is_two_topics_that_share_the_rest() -> None:
    text = "# Question: milk\n\n## Titles\n\n- 1: Foam\n- 2: Oats\n\n## Answers\n\n- 2: Warm it.\n- Patience.\n"
    first, second = parse(text).questions
    assert first.banks == {"titles": ("Foam",), "answers": ("Patience.",)}
    assert second.banks == {"titles": ("Oats",), "answers": ("Warm it.", "Patience.")}
