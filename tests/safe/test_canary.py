"""No page ever holds what belongs to another reader: the canaries.

Four readers, of whom none has ever posted, fetch every address of the site in random order, so that
each is sometimes the one whose request fills the cache. Whatever is theirs alone (name, mail, session,
tokens, theme, kept text, tools) is looked for in every page and header that any other of them gets.
"""

import itertools
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.safe.community import AUTHOR, HAND, MEMBER, STAFF, Community
from tests.safe.crowd import READERS, Crowd
from tests.safe.site import site_on
from tests.safe.visitors import Answer, Direct, Distant

ROUNDS = 2


def test_nobody_gets_what_is_anothers(community: Community) -> None:
    chance = random.Random(20261124)
    crowd = Crowd(Direct, community.urls)
    crowd.explore(chance)
    for _ in range(ROUNDS):
        crowd.drop_all_pages()
        for name in filter(None, READERS):
            crowd.sign_in_again(name)
        for name, url in crowd.visits(chance):
            crowd.visit(name, url)
    crowd.has_seen_everything()


def test_what_a_browser_keeps_of_one_reader_is_not_confirmed_to_another(community: Community) -> None:
    """As when two people share a browser: its stored page of the first must not pass for the second's."""
    crowd = Crowd(Direct, community.urls)
    for url in ("/", "/f/open/", f"/u/{AUTHOR}/", community.urls["open"]):
        for _ in range(2):
            tags = {name: crowd.visit(name, url).get("etag") for name in READERS}
        assert tags[""], url
        for name, other in itertools.product(READERS, READERS):
            if tags[other]:
                answer = crowd.readers[name].gets(url, {"if-none-match": tags[other]})
                assert answer.status == (304 if name == other else 200), (url, name, other)


# -- Forms of pages that came from the cache ------------------------------------------------------


class TestForms:
    @pytest.fixture
    def crowd(self, community: Community) -> Crowd:
        return Crowd(Direct, community.urls)

    def from_the_cache(self, crowd: Crowd, name: str) -> Answer:
        """The open thread's page, which a stranger's visit has filled."""
        crowd.visit("", crowd.threads["open"])
        answer = crowd.visit(name, crowd.threads["open"])
        assert answer.cache == "hit"
        return answer

    def test_work_for_the_reader_who_got_them(self, crowd: Crowd) -> None:
        reply = self.from_the_cache(crowd, MEMBER).form("/reply/")
        lock = self.from_the_cache(crowd, STAFF).form("/lock/")
        assert "#post-23" in crowd.readers[MEMBER].sends(reply, body="From a cached page.").get("location")
        assert crowd.readers[STAFF].sends(lock).status == 302
        assert "This thread is locked" in crowd.readers[""].gets(crowd.threads["open"]).body

    @pytest.mark.parametrize("thief", ["", HAND, STAFF])
    def test_fail_for_all_others(self, thief: str, crowd: Crowd) -> None:
        reply = self.from_the_cache(crowd, MEMBER).form("/reply/")
        assert crowd.readers[thief].sends(reply, body="In another's name.").status == 403
        assert "In another" not in crowd.readers[""].gets(f"{crowd.threads['open']}?page=2").body

    def test_fail_with_the_one_time_token_of_another(self, crowd: Crowd) -> None:
        stolen = self.from_the_cache(crowd, MEMBER).form("/reply/").fields["token"]
        form = self.from_the_cache(crowd, HAND).form("/reply/")
        assert crowd.readers[HAND].sends(form, token=stolen, body="With another's token.").status == 409

    def test_of_moderators_fail_for_members_in_every_way(self, crowd: Crowd) -> None:
        lock = self.from_the_cache(crowd, STAFF).form("/lock/")
        own = self.from_the_cache(crowd, MEMBER).form("/reply/").fields["csrfmiddlewaretoken"]
        assert crowd.readers[MEMBER].sends(lock).status == 403
        assert crowd.readers[MEMBER].sends(lock, csrfmiddlewaretoken=own).status == 403


# -- Over a web server ----------------------------------------------------------------------------


class TestOverAWebServer:
    """As its owner starts it: workers with threads, and whatever answers before Django."""

    @pytest.fixture
    def crowd(self, tmp_path: Path) -> Iterator[Crowd]:
        with site_on(tmp_path) as (server, threads), ExitStack() as leaving:

            def visitor(name: str) -> Distant:
                return leaving.enter_context(Distant(server.url, name))

            yield Crowd(visitor, threads)

    def test_nobody_gets_what_is_anothers(self, crowd: Crowd) -> None:
        """First one after the other, then all at once, each over a connection of their own."""
        chance = random.Random(20261125)
        crowd.explore(chance)
        for name in filter(None, READERS):
            crowd.sign_in_again(name)
        crowd.drop_all_pages()
        for name, url in crowd.visits(chance):
            crowd.visit(name, url)
        crowd.drop_all_pages()
        visits = crowd.visits(chance) * 2

        def tour(name: str) -> None:
            for who, url in visits:
                if who == name:
                    crowd.visit(name, url)

        with ThreadPoolExecutor(len(READERS)) as threads:
            list(threads.map(tour, READERS))
        crowd.has_seen_everything()
