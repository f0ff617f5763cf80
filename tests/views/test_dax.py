"""Pages that are made of what DAX has kept: of the busy thread's second page in another language, and never too old."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client

from forum import checks
from forum.cache import pages, scripts, tags
from forum.cache.intents import invalidate_all, state_key
from forum.models import Forum, User
from forum.redis import client as redis
from forum.tables import base, dax, posts
from forum.tables.threads import Thread
from tests.dax_client import needs_dax
from tests.helpers import page_url, reply, signed_in, start_thread
from tests.views.test_moving import text

pytestmark = pytest.mark.django_db


def seconds_pass(thread: Thread) -> None:
    """So many that all that was written to the thread is known."""
    named = [tags.thread(thread.id), tags.SITE]
    pages.current(*named)
    for tag in named:
        redis().zrem(state_key(tag), "u")


def edit(user: User, thread: Thread, body: str) -> None:
    fields = {"title": thread.title, "body": body, "revision": 1}
    assert signed_in(user).post(f"/f/aws/{thread.id}/1/edit/", fields).status_code == 302


@needs_dax
class TestPages:
    @pytest.fixture
    def thread(self, ada: User, aws: Forum) -> Thread:
        return start_thread(ada, aws)

    @pytest.fixture
    def node(self, thread: Thread, settings: Any) -> Iterator[Any]:
        from bench.hammer.dax import serving

        patient = patch.multiple(dax, CONNECT_SECONDS=5.0, READ_SECONDS=5.0, _window=lambda: 1)
        with serving(settings.DYNAMODB_ENDPOINT_URL) as node, patient:
            settings.DAX_ENDPOINT_URL = node.url
            base.warm_up()
            seconds_pass(thread)
            yield node
        settings.DAX_ENDPOINT_URL = ""
        base.warm_up()

    def test_of_each_language_share_one_read(self, node: Any, thread: Thread, client: Client) -> None:
        for spoken in ("en", "de", "zh-hans"):
            answer = client.get(page_url(thread), headers={"accept-language": spoken})
            assert answer["X-Cache"] == "miss" and "Its first post." in text(answer)
        assert (node.asked, node.kept) == (3, 2)

    def test_show_a_reply_that_it_does_not_know(self, node: Any, thread: Thread, bob: User, client: Client) -> None:
        client.get(page_url(thread))
        reply(bob, thread, "Here I am.")
        answer = client.get(page_url(thread))
        assert "Here I am." in text(answer)
        assert node.kept >= 1
        assert "Here I am." in text(client.get("/u/Bob/"))

    def test_do_without_where_more_was_written_than_can_be_named(
        self, node: Any, thread: Thread, bob: User, client: Client
    ) -> None:
        with patch.object(scripts, "MOST_WRITTEN", 1):
            reply(bob, thread, "One of very many.")
            before = node.asked
            assert "One of very many." in text(client.get(page_url(thread)))
        assert node.asked == before

    def test_do_without_for_a_moment_after_redis_has_forgotten_what_was_written(
        self, node: Any, thread: Thread, ada: User, client: Client
    ) -> None:
        client.get(page_url(thread))
        edit(ada, thread, "As it is now.")
        redis().delete(state_key(tags.thread(thread.id)))
        assert "As it is now." in text(client.get(page_url(thread)))

    def test_do_without_for_a_moment_after_a_write_that_does_not_say_what_it_was(
        self, node: Any, thread: Thread, client: Client
    ) -> None:
        client.get(page_url(thread))
        post = posts.get_post(thread.id, 1)
        post.update([posts.Post.body.set("Loaded anew.")])
        invalidate_all()
        assert "Loaded anew." in text(client.get(page_url(thread)))

    def test_are_made_with_it_again_when_the_moment_is_over(
        self, node: Any, thread: Thread, bob: User, client: Client
    ) -> None:
        invalidate_all()
        client.get(page_url(thread))
        assert node.asked == 0
        seconds_pass(thread)
        reply(bob, thread, "Here I am.")
        client.get(page_url(thread))
        assert node.asked == 1


class TestSettings:
    def test_a_cluster_is_named_by_its_endpoint(self, settings: Any) -> None:
        assert checks.dax_can_be_asked(None) == []
        with patch.object(checks, "find_spec", return_value=True):
            for url in ("dax://name.dax-clusters.us-east-1.amazonaws.com", "daxs://name.example:9111"):
                settings.DAX_ENDPOINT_URL = url
                assert checks.dax_can_be_asked(None) == []
            for url in ("name.dax-clusters.us-east-1.amazonaws.com", "https://name.example", "dax://a b"):
                settings.DAX_ENDPOINT_URL = url
                (wrong,) = checks.dax_can_be_asked(None)
                assert url in wrong.msg

    def test_without_its_client_one_is_told_what_to_install(self, settings: Any) -> None:
        settings.DAX_ENDPOINT_URL = "daxs://name.example"
        with patch.object(checks, "find_spec", return_value=None):
            (missing,) = checks.dax_can_be_asked(None)
        assert "requirements-dax.txt" in missing.msg
